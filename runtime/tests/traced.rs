//! What stands in a trace, read as the file is: what is recorded of what happened, and what is left when a program dies.

use sprat::trace::{Chunk, Decided, Did, Event, File, Moved, Reason};
use sprat::{
    CeMode, Error, ErrorKind, Home, Lent, Mode, OpenBody, OpenHints, Opening, Policy, Priority,
    Runtime, Scope, Topology,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(120), "not: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A file of its own for each test.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sprat-traced-{name}-{}", std::process::id()))
}

/// What was read.
#[derive(Default)]
struct Read {
    /// The events of each stream.
    events: Vec<(u32, Event)>,
    kinds: Vec<String>,
    moves: Vec<Moved>,
    decided: Vec<Decided>,
    flaws: usize,
    ended: bool,
}

impl Read {
    fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let mut read = Read::default();
        for chunk in File::open(&bytes).unwrap().chunks() {
            match chunk {
                Ok(Chunk::Kinds(kinds)) => {
                    for kind in kinds {
                        let at = usize::from(kind.number);
                        read.kinds
                            .resize(read.kinds.len().max(at + 1), String::new());
                        read.kinds[at] = kind.name;
                    }
                }
                Ok(Chunk::Events { stream, events }) => {
                    read.events.extend(events.map(|event| (stream, event)));
                }
                Ok(Chunk::Moves(moves)) => read.moves.extend(moves),
                Ok(Chunk::Decided(decided)) => read.decided.extend(decided),
                Ok(Chunk::End) => read.ended = true,
                Ok(_) => (),
                Err(_) => read.flaws += 1,
            }
        }
        read
    }

    /// What is noted of runs of codelets with this name: where each lay, and how it ended.
    fn runs(&self, name: &str) -> Vec<(u32, u8, u8)> {
        let run = |(stream, event): &(u32, Event)| match *event {
            Event::Run {
                kind, via, ended, ..
            } if self.kinds[usize::from(kind)] == name => Some((*stream, via, ended)),
            _ => None,
        };
        self.events.iter().filter_map(run).collect()
    }
}

/// A runtime of so many engines with a trace, for a while; then what that has.
fn traced(name: &str, xes: usize, program: impl FnOnce(&Runtime)) -> Read {
    let path = file(name);
    let builder = Runtime::builder().ignore_environment().ce(CeMode::Shared);
    let builder = builder.xes(xes).oversubscribe(true).pin(false);
    let rt = builder.trace(&path).build().unwrap();
    program(&rt);
    drop(rt);
    let read = Read::of(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(read.ended && read.flaws == 0);
    read
}

#[test]
fn where_a_codelet_lay_before_it_ran() {
    let read = traced("via", 1, |rt| {
        let block = rt.block::<u64>(1).unwrap();
        rt.finish(|s| {
            s.codelet("alone").spawn((), |_, ()| ());
            s.codelet("first").spawn(block.write(), |_, x| x[0] = 1);
            s.codelet("second")
                .spawn(block.read(), |_, x| assert_eq!(x[0], 1));
            s.codelet("bound").on_xe(0).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        rt.finish(|s| {
            s.codelet("urgent")
                .priority(Priority::High)
                .spawn((), |_, ()| ());
            s.codelet("late")
                .priority(Priority::Low)
                .spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
    });
    // By the places in `trace::VIA`.
    assert_eq!(read.runs("alone"), [(0, 1, 0)]);
    assert_eq!(read.runs("second"), [(0, 0, 0)]);
    assert_eq!(read.runs("bound"), [(0, 2, 0)]);
    assert_eq!(read.runs("urgent"), [(0, 7, 0)]);
    assert_eq!(read.runs("late"), [(0, 8, 0)]);
}

#[test]
fn what_failed_and_who_is_to_blame() {
    let read = traced("blame", 1, |rt| {
        let block = rt.block::<u64>(1).unwrap();
        let ended = rt.finish(|s| {
            let fails = |_: &sprat::Scope<'_>, _: &mut [u64]| Err::<(), _>(Error::msg("no"));
            s.codelet("fails").spawn(block.write(), fails);
            s.codelet("skipped").spawn(block.read(), |_, _| ());
            s.codelet("panics").spawn((), |_, ()| panic!("on purpose"));
            Ok(())
        });
        assert!(ended.is_err());
    });
    assert_eq!(read.runs("fails")[0].2, 1);
    assert_eq!(read.runs("panics")[0].2, 2);
    assert_eq!(read.runs("skipped"), []);
    let skips: Vec<_> = (read.events.iter())
        .filter_map(|(_, event)| match *event {
            Event::Skip {
                kind,
                cancelled,
                blame,
                ..
            } => Some((
                &*read.kinds[usize::from(kind)],
                cancelled,
                &*read.kinds[usize::from(blame)],
            )),
            _ => None,
        })
        .collect();
    assert_eq!(skips, [("skipped", false, "fails")]);
}

/// Lengths of queues: while many codelets lie in one they are noted, and that it is empty in the end.
#[test]
fn how_long_queues_were() {
    let read = traced("queues", 1, |rt| {
        rt.finish(|s| {
            for _ in 0..2000 {
                s.spawn((), |_, ()| {
                    let begin = Instant::now();
                    while begin.elapsed() < Duration::from_micros(2) {}
                });
            }
            Ok(())
        })
        .unwrap();
    });
    let lengths: Vec<u32> = (read.events.iter())
        .filter_map(|(_, event)| match *event {
            Event::Queued { own, .. } => Some(own),
            _ => None,
        })
        .collect();
    assert!(lengths.len() > 10, "{lengths:?}");
    assert!(lengths.iter().all(|own| *own < 2000), "{lengths:?}");
    let longest = *lengths.iter().max().unwrap();
    assert!(longest > 500, "{lengths:?}");
    // The host puts them in, and they are taken out: it gets no longer.
    assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
    assert!(lengths.last().unwrap() < &longest);
}

/// Who takes from another engine is told how far that one's region is.
#[test]
fn who_was_robbed_and_how_far_away() {
    let path = file("steals");
    // Thefts are inside of a domain, and that is inside of a region: what this machine says of itself is told, not what is usual.
    let mut topology = Topology::synthetic("core:2").unwrap();
    topology.regions[0].distances = vec![13];
    let rt = Runtime::builder()
        .topology(topology)
        .ignore_environment()
        .ce(CeMode::Shared)
        .trace(&path)
        .build()
        .unwrap();
    let (host, others) = (std::thread::current().id(), &AtomicUsize::new(0));
    rt.finish(|s| {
        for _ in 0..400 {
            s.spawn((), move |_, ()| {
                // Those that the host has it keeps until the other engine has taken some.
                if std::thread::current().id() == host {
                    until("somebody comes", || others.load(Ordering::Relaxed) > 0);
                } else {
                    others.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Ok(())
    })
    .unwrap();
    drop(rt);
    let read = Read::of(&path);
    std::fs::remove_file(&path).unwrap();
    let steals: Vec<_> = (read.events.iter())
        .filter_map(|(stream, event)| match *event {
            Event::Steal {
                victim, distance, ..
            } => Some((*stream, victim, distance)),
            _ => None,
        })
        .collect();
    assert!(!steals.is_empty());
    for (thief, victim, distance) in steals {
        assert_eq!((thief + u32::from(victim), distance), (1, 13));
    }
    // The thief ran some that lay in another one's queue.
    let stolen = read
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Run { via: 6, .. }));
    assert!(stolen.count() > 0);
}

/// A control engine that finds all asleep looks whether a scope is stuck, and says what it saw.
#[test]
fn what_control_engines_saw_and_decided() {
    let read = traced("decided", 2, |rt| {
        let (event, trigger) = rt.event("from outside");
        std::thread::scope(|threads| {
            threads.spawn(move || {
                let looks = || rt.ce_counts().iter().map(|ce| ce.stuck_checks).sum::<u64>();
                until("it was looked a dozen times", || looks() >= 12);
                trigger.satisfy();
            });
            rt.finish(|s| {
                s.codelet("late").after(&event).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
        });
    });
    let looks: Vec<_> = (read.decided.iter())
        .filter(|one| one.did == [Did::CheckStuck])
        .collect();
    assert!(!looks.is_empty(), "{:?}", read.decided);
    for look in &looks {
        let Reason::Queues {
            open_scopes,
            domains,
        } = &look.seen
        else {
            panic!("{look:?}")
        };
        assert_eq!(*open_scopes, 1);
        assert!(
            domains
                .iter()
                .all(|one| one.engines == 2 && one.asleep == 2)
        );
    }
    // The same look again and again stands there once, not for each of the dozen naps.
    let of = |one: &Decided| (one.stood_in, one.seen.clone(), one.did.clone());
    let same = |pair: &[Decided]| of(&pair[0]) == of(&pair[1]);
    assert!(!read.decided.windows(2).any(same), "{:?}", read.decided);
}

/// The policy `locality` moves a block that is used from elsewhere, and the trace has why; and how long the copying took.
#[test]
fn why_a_block_moved() {
    let path = file("locality");
    let rt = Runtime::builder()
        .topology(Topology::synthetic("region:2 core:1").unwrap())
        .ignore_environment()
        .ce(CeMode::Shared)
        .policy(Policy::Locality)
        .trace(&path)
        .build()
        .unwrap();
    let block = rt.block_at::<u64>(Home::Region(0), 1 << 15).unwrap();
    rt.write(block, |x| x.fill(1)).unwrap();
    rt.migrate(block, Home::Region(0)).unwrap();
    // The host may have written it from the other region.
    let before = rt.move_counts().moved;
    let begin = Instant::now();
    while rt.move_counts().moved == before && begin.elapsed() < Duration::from_secs(20) {
        rt.finish(|s| {
            let step = s.codelet("step").on_xe(1);
            step.spawn(block.read_write(), |_, x| {
                x.iter_mut().for_each(|x| *x += 1)
            });
            Ok(())
        })
        .unwrap();
    }
    drop(rt);
    let read = Read::of(&path);
    std::fs::remove_file(&path).unwrap();
    let why = read
        .decided
        .iter()
        .find(|one| one.did == [Did::Move { to: 1 }]);
    let Some(Decided {
        seen: Reason::Accesses { bytes, regions, .. },
        ..
    }) = why
    else {
        panic!("{:?}", read.decided)
    };
    assert_eq!(*bytes, 8 << 15);
    let used = regions
        .iter()
        .find(|one| (one.region, one.home) == (1, 0))
        .unwrap();
    assert!(used.read >= *bytes && used.read == used.written, "{used:?}");
    let moved = read.moves.iter().rfind(|one| one.to == 1).unwrap();
    assert_eq!((moved.from, moved.bytes), (0, *bytes));
    assert!(moved.took > 0 && moved.took < moved.time);
}

/// While nothing runs the rest is written too, and not only when the runtime ends.
#[test]
fn what_was_noted_is_written_soon_after_the_scope() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let path = file(&format!("soon-{mode}"));
        let builder = Runtime::builder().ignore_environment().ce(mode).xes(2);
        let builder = builder.oversubscribe(true).pin(false);
        let rt = builder.trace(&path).build().unwrap();
        for round in 1..4 {
            rt.finish(|s| {
                s.codelet("one").spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
            let told = format!("it is written, {mode}");
            until(&told, || Read::of(&path).runs("one").len() >= round);
        }
        drop(rt);
        std::fs::remove_file(&path).unwrap();
    }
}

/// The child's part of the test below: it dies in the middle of a body.
const DIES: &str = "SPRAT_TEST_DIES";

#[test]
fn a_program_that_dies_leaves_what_it_did() {
    if let Some(path) = std::env::var_os(DIES) {
        let builder = Runtime::builder().ignore_environment().xes(2);
        let builder = builder.oversubscribe(true).pin(false);
        let rt = builder.trace(&path).build().unwrap();
        let begin = Instant::now();
        let written = || std::fs::metadata(&path).map_or(0, |file| file.len());
        let head = written();
        rt.finish(|s| {
            // A fact of the file, not a time: who else runs on the machine decides how soon it comes.
            while written() < head + 4096 && begin.elapsed() < Duration::from_secs(60) {
                s.codelet("step").spawn((), |_, ()| ());
                std::thread::sleep(Duration::from_millis(1));
            }
            s.codelet("dies").spawn((), |_, ()| std::process::abort());
            Ok(())
        })
        .unwrap();
        unreachable!("it has died");
    }
    let path = file("dies");
    let died = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_program_that_dies_leaves_what_it_did"])
        .env(DIES, &path)
        .output()
        .unwrap();
    assert!(!died.status.success());
    let read = Read::of(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(!read.ended);
    // What is in the file is whole: no more than a hundred bytes are a codelet's.
    let steps = read.runs("step").len();
    assert!(steps >= 40, "{steps}");
    assert_eq!(read.runs("dies"), []);
}

/// Those who wait in one block's list are run one after the other for one lock: the trace tells of each as of any other.
#[test]
fn who_waited_for_its_turn_became_ready_by_the_one_before() {
    const ALL: usize = 100;
    let read = traced("turns", 1, |rt| {
        let block = rt.block::<u64>(1).unwrap();
        rt.finish(|s| {
            for _ in 0..ALL {
                s.codelet("turn").spawn(block.commute(), |_, x| x[0] += 1);
            }
            Ok(())
        })
        .unwrap();
    });
    let run = |(_, event): &(u32, Event)| match *event {
        Event::Run {
            codelet,
            generation,
            via,
            start,
            ..
        } => Some(((codelet, generation), via, start)),
        _ => None,
    };
    let mut runs: Vec<_> = read.events.iter().filter_map(run).collect();
    runs.sort_by_key(|&(_, _, start)| start);
    assert_eq!(runs.len(), ALL);
    for two in runs.windows(2) {
        let [(before, ..), (after, via, start)] = [two[0], two[1]];
        let ready = |(_, event): &(u32, Event)| match *event {
            Event::Ready {
                time,
                codelet,
                generation,
                cause,
                cause_generation,
                ..
            } if (codelet, generation) == after => Some((time, (cause, cause_generation))),
            _ => None,
        };
        let readies: Vec<_> = read.events.iter().filter_map(ready).collect();
        assert!(
            matches!(readies[..], [(time, cause)] if time <= start && cause == before),
            "{readies:?} of one that began at {start}, behind {before:?}"
        );
        // Where an engine looks around in between, it lay in that one's queue.
        assert!(via < 2, "it ran next");
    }
}

struct Nothing;

impl OpenBody for Nothing {
    fn run(&mut self, _: &Scope<'static>, _: &[Lent]) {}
}

/// Codelets that are refused give their records back, when 65,536 others have failed after them, and open ones that take these are called
/// what they are.
#[test]
fn an_open_codelet_behind_a_refused_one_has_its_own_name() {
    const COUNT: usize = 1000;
    let read = traced("opened", 1, |rt| {
        let poisoned = rt.block::<u8>(8).unwrap();
        let blocks = [(); 4].map(|()| (rt.block::<u8>(8).unwrap(), Mode::Read));
        let failed = rt.finish(|s| {
            for _ in 0..(1 << 16) + COUNT {
                let refused = s.codelet("refused");
                refused.spawn((poisoned.write(), poisoned.write()), |_, _| ());
            }
            Ok(())
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Failed);
        rt.finish(|s| {
            for slots in (0..COUNT as u32).map(|at| at % 5) {
                let opening = Opening {
                    scope: s.key(),
                    name: "opened",
                    slots,
                    hints: OpenHints::default(),
                };
                // SAFETY: of this scope, whose body runs; it borrows nothing.
                let open = unsafe {
                    s.open(opening, |body, _| {
                        body.write(Nothing);
                    })
                }?;
                let accesses = &blocks[..slots as usize];
                // SAFETY: nobody else knows of it.
                let last = accesses.is_empty() || unsafe { s.arrive(open, slots) };
                assert!(last);
                // SAFETY: we were told that it is the last.
                unsafe { s.launch(open, accesses) };
            }
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(read.runs("refused").len(), 0);
    assert_eq!(read.runs("opened").len(), COUNT);
}
