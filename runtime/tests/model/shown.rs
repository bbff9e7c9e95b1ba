//! What a runtime shows of itself while it works.

use sprat::page::{Doing, Page, Place, Watched};
use sprat::{CeMode, Runtime};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sprat-shown-{name}-{}", std::process::id()))
}

fn shown(name: &str, mode: CeMode) -> (Runtime, Watched, PathBuf) {
    let path = file(name);
    let builder = Runtime::builder().ignore_environment();
    let builder = builder.xes(2).oversubscribe(true).ce(mode).pin(false);
    let rt = builder.top(Place::File(path.clone())).build().unwrap();
    let watched = Watched::open(&path).unwrap();
    (rt, watched, path)
}

/// Lets bodies go that wait for this, also when a check before it fails: else the test would hang and not tell.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Looks until the page is like this.
#[track_caller]
fn until(watched: &Watched, is_it: impl Fn(&Page) -> bool) -> Page {
    let begin = Instant::now();
    let mut last = None;
    while begin.elapsed() < Duration::from_secs(20) {
        if let Ok(page) = watched.read() {
            if is_it(&page) {
                return page;
            }
            last = Some(page);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it does not come: {last:#?}");
}

/// Also an elastic control engine, which runs the body itself and can look after nothing meanwhile.
#[test]
fn a_body_that_does_not_end_is_named_with_its_place_and_how_long() {
    for mode in [CeMode::Shared, CeMode::Elastic] {
        let (rt, watched, path) = shown("hang", mode);
        let ends = AtomicBool::new(false);
        std::thread::scope(|threads| {
            let _ends = Ends(&ends);
            threads.spawn(|| {
                rt.finish(|s| {
                    for _ in 0..2 {
                        s.codelet("spin").spawn((), |_, ()| {
                            while !ends.load(Ordering::Relaxed) {
                                std::thread::yield_now();
                            }
                        });
                    }
                    Ok(())
                })
                .unwrap();
            });
            let hangs = |page: &Page| {
                (page.engines.iter()).all(|xe| xe.doing == Doing::Runs && xe.for_ns > 200_000_000)
            };
            let page = until(&watched, hangs);
            assert!(watched.is_alive());
            assert_eq!(page.open_scopes, 1);
            for xe in &page.engines {
                assert_eq!((&*xe.name, xe.begun), ("spin", 1), "{page:#?}");
                assert!(xe.spawned_at.contains("shown.rs:"), "{page:#?}");
            }
        });
        let page = until(&watched, |page| page.open_scopes == 0);
        assert!(page.engines.iter().all(|xe| xe.name.is_empty()));
        drop(rt);
        assert!(!path.exists() && !watched.is_alive());
    }
}

#[test]
fn who_waits_is_named_while_nothing_moves() {
    let (rt, watched, _) = shown("waits", CeMode::Shared);
    let block = rt.block::<u64>(8).unwrap();
    rt.name(block, "grid").unwrap();
    let (answer, trigger) = rt.event("an answer");
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                let first = s.codelet("take").after(&answer);
                first.spawn(block.write(), |_, block| block.fill(1));
                s.codelet("show").spawn(block.read(), |_, block| {
                    assert_eq!(block[7], 1);
                });
                Ok(())
            })
            .unwrap();
        });
        let page = until(&watched, |page| page.still.is_some());
        let still = page.still.unwrap();
        let told: Vec<_> = (still.waiting.iter())
            .map(|one| (&*one.name, one.waits_for.join(", ")))
            .collect();
        let expected = [
            ("take", "event `an answer`, to come from outside"),
            ("show", "block grid (0), to read it"),
        ];
        assert_eq!(told, expected.map(|(name, what)| (name, what.to_owned())));
        assert_eq!(still.count, 2);
        trigger.satisfy();
    });
    let page = until(&watched, |page| page.open_scopes == 0);
    assert!(page.still.is_none());
    assert_eq!(page.engines.iter().map(|xe| xe.counts.ran).sum::<u64>(), 2);
}

/// Somebody holds it up: that is not the same as that nothing moves.
#[test]
fn a_suspended_program_shows_that_and_who_may_work() {
    let (rt, watched, _) = shown("suspended", CeMode::Shared);
    until(&watched, |page| (page.suspended, page.open_xes) == (0, 2));
    let (answer, trigger) = rt.event("an answer");
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                s.codelet("take").after(&answer).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
        });
        until(&watched, |page| page.still.is_some());
        rt.suspend().unwrap();
        rt.set_xes(1).unwrap();
        let held = until(&watched, |page| (page.suspended, page.open_xes) == (1, 1));
        assert!(held.still.is_none(), "{held:#?}");
        rt.resume().unwrap();
        until(&watched, |page| page.suspended == 0 && page.still.is_some());
        trigger.satisfy();
    });
}

/// A file that is read moves, also if nothing else does.
#[cfg(unix)]
#[test]
fn who_waits_for_a_file_is_not_still() {
    let (rt, watched, _) = shown("file", CeMode::Shared);
    let pipe = file("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let block = rt.block::<u8>(8).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                s.read_file_into(block, &pipe, 0)?;
                s.codelet("use").spawn(block.read(), |_, _| ());
                Ok(())
            })
            .unwrap();
        });
        let sleeps = |page: &Page| {
            let asleep = (page.engines.iter()).all(|xe| xe.doing == Doing::Sleeps);
            asleep && page.open_scopes == 1
        };
        let first = until(&watched, sleeps);
        // A page is no picture of one moment, so a host that was just sitting down may have been overlooked.
        let later = |page: &Page| page.number > first.number + 2 && sleeps(page);
        let later = until(&watched, later);
        // Whoever reads is let go before anything is checked.
        std::fs::write(&pipe, [1; 8]).unwrap();
        assert!(later.still.is_none(), "{later:#?}");
    });
    std::fs::remove_file(&pipe).unwrap();
}

#[test]
fn a_replay_shows_its_round_and_the_step_that_runs() {
    let (rt, watched, _) = shown("replay", CeMode::Shared);
    let block = rt.block::<u64>(1000).unwrap();
    rt.write(block, |block| block.fill(0)).unwrap();
    let goes_on = AtomicBool::new(false);
    let graph = rt
        .record(|s| {
            s.codelet("step").spawn(block.read_write(), |_, block| {
                block[0] += 1;
                while block[0] == 3 && !goes_on.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
            });
            Ok(())
        })
        .unwrap();
    std::thread::scope(|threads| {
        let _ends = Ends(&goes_on);
        threads.spawn(|| rt.replay(&graph, 7).unwrap());
        let page = until(&watched, |page| {
            (page.replays.first()).is_some_and(|replay| replay.round == 3)
                && page.regions[0].blocks == 1
        });
        let replay = &page.replays[0];
        assert_eq!((replay.rounds, replay.codelets), (7, 1));
        assert!(replay.called_at.contains("shown.rs:"));
        let steps = page.engines.iter().filter(|xe| xe.name == "step");
        assert!(
            steps.count() == 1 && page.regions[0].block_bytes == 8000,
            "{page:#?}"
        );
    });
    until(&watched, |page| {
        page.replays.is_empty() && page.open_scopes == 0
    });
}

#[test]
fn a_file_is_shown_in_by_one_runtime_only() {
    let (rt, _watched, path) = shown("one", CeMode::Shared);
    let again = Runtime::builder()
        .ignore_environment()
        .xes(1)
        .top(Place::File(path.clone()));
    let message = again.build().unwrap_err().to_string();
    assert!(
        message.contains("another runtime shows itself there") && message.contains("%p"),
        "{message}"
    );
    drop(rt);
    let nowhere = Place::File(path.join("below"));
    let refused = Runtime::builder().ignore_environment().xes(1).top(nowhere);
    let message = refused.build().unwrap_err().to_string();
    assert!(message.contains("SPRAT_TOP"), "{message}");
}
