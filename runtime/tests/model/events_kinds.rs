//! Latches, shared triggers and channels: events that several satisfy, and lines of them.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, Error, ErrorKind, Runtime};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn runtime(xes: usize) -> Runtime {
    of_mode(xes, CeMode::Shared)
}

fn of_mode(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn a_latch_comes_when_all_have_counted_down() {
    let rt = runtime(3);
    let (done, seen) = (AtomicU64::new(0), AtomicU64::new(0));
    let (done, seen) = (&done, &seen);
    rt.finish(|s| {
        let (all, latch) = s.latch("all", 100);
        for _ in 0..100 {
            let latch = latch.clone();
            s.spawn((), move |_, ()| {
                done.fetch_add(1, Ordering::Relaxed);
                latch.down()
            });
        }
        s.codelet("after all").after(&all).spawn((), |_, ()| {
            seen.store(done.load(Ordering::Relaxed), Ordering::Relaxed);
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 100);
}

#[test]
fn a_latch_that_goes_up_again_waits_for_that_too() {
    let rt = runtime(2);
    let (event, latch) = rt.latch("more", 0);
    let came = AtomicU64::new(0);
    let came = &came;
    let counter = latch.clone();
    rt.finish(|s| {
        s.codelet("then").after(&event).spawn((), |_, ()| {
            came.fetch_add(1, Ordering::Relaxed);
        });
        s.spawn_once((), move |_, ()| {
            counter.up()?;
            counter.up()?;
            counter.down()?;
            assert_eq!((counter.count(), came.load(Ordering::Relaxed)), (1, 0));
            counter.down()
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(came.load(Ordering::Relaxed), 1);
    assert_eq!(latch.count(), 0);
}

#[track_caller]
fn misused(result: Result<(), Error>, words: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Event);
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn misuse_of_a_latch_is_told_with_its_name_and_place() {
    let rt = runtime(1);
    let (_event, latch) = rt.latch("counter", 0);
    misused(
        latch.down(),
        &["latch `counter`", "events_kinds.rs:", "below zero"],
    );
    latch.up().unwrap();
    latch.down().unwrap();
    misused(latch.down(), &["`counter`", "gone"]);
    misused(latch.up(), &["`counter`", "gone"]);
    assert_eq!(latch.count(), 0);
}

#[test]
fn the_last_handle_of_a_latch_poisons_its_event_and_no_other_does() {
    let rt = runtime(2);
    let error = rt
        .finish(|s| {
            let (event, latch) = s.latch("half done", 2);
            let other = latch.clone();
            s.spawn_once((), move |_, ()| latch.down());
            s.spawn_once((), move |_, ()| drop(other));
            s.codelet("never")
                .after(&event)
                .spawn((), |_, ()| panic!("must not run"));
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(
        (failure.codelet.as_str(), failure.skipped),
        ("half done", 1)
    );
    assert!(
        failure.cause.contains("last handle of the latch"),
        "{error}"
    );
    // One that has fired is dropped without a word.
    let (event, latch) = rt.latch("done", 1);
    latch.down().unwrap();
    drop(latch);
    rt.finish(|s| {
        s.codelet("then").after(&event).spawn((), |_, ()| ());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_live_latch_outside_keeps_a_scope_waiting_and_one_of_the_scope_does_not() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let rt = of_mode(2, mode);
        let (event, latch) = rt.latch("outside", 2);
        let counter = std::thread::spawn(move || {
            for _ in 0..2 {
                std::thread::sleep(Duration::from_millis(30));
                latch.down().unwrap();
            }
        });
        rt.finish(|s| {
            s.codelet("then").after(&event).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        counter.join().unwrap();
        let mut kept = None;
        let error = rt
            .finish(|s| {
                let (event, latch) = s.latch("inside", 1);
                kept = Some(latch);
                s.codelet("then").after(&event).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
        assert!(error.to_string().contains("event `inside`"), "{error}");
        // It counts on, though nobody waits any more.
        kept.unwrap().down().unwrap();
    }
}

/// What nobody can satisfy is found when the last hope has come, though it made nobody ready.
#[test]
fn a_scope_is_stuck_as_soon_as_its_last_hope_has_come_in_vain() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let rt = of_mode(2, mode);
        let (hope, trigger) = rt.event("hope");
        let outside = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            trigger.satisfy();
        });
        let mut kept = None;
        let error = rt
            .finish(|s| {
                let (never, trigger) = s.event("never");
                kept = Some(trigger);
                let both = s.codelet("both").after(&hope).after(&never);
                both.spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("`never`") && !text.contains("`hope`"),
            "{text}"
        );
        outside.join().unwrap();
    }
}

#[test]
fn the_first_of_many_satisfies_a_shared_event() {
    let rt = runtime(4);
    let (firsts, came) = (AtomicU64::new(0), AtomicU64::new(0));
    let (firsts, came) = (&firsts, &came);
    for _ in 0..50 {
        rt.finish(|s| {
            let (found, first) = s.shared_event("found");
            s.codelet("then").after(&found).spawn((), |_, ()| {
                came.fetch_add(1, Ordering::Relaxed);
            });
            for _ in 0..20 {
                let first = first.clone();
                s.spawn((), move |_, ()| {
                    firsts.fetch_add(u64::from(first.satisfy()), Ordering::Relaxed);
                });
            }
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(firsts.load(Ordering::Relaxed), 50);
    assert_eq!(came.load(Ordering::Relaxed), 50);
    let (event, first) = rt.shared_event("nobody");
    drop(first.clone());
    drop(first);
    let error = rt.finish(|s| {
        s.codelet("never")
            .after(&event)
            .spawn((), |_, ()| panic!("must not run"));
        Ok(())
    });
    let error = error.unwrap_err();
    assert!(
        error.to_string().contains("shared trigger was dropped"),
        "{error}"
    );
}

#[test]
fn a_channel_pairs_the_ith_event_with_the_ith_satisfaction_from_either_side() {
    let rt = runtime(3);
    let (line, trigger) = rt.channel("line", None);
    let order = Mutex::new(Vec::new());
    let order = &order;
    // Half of them come before they are waited for.
    for _ in 0..10 {
        trigger.satisfy().unwrap();
    }
    let device = std::thread::spawn(move || {
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(2));
            trigger.satisfy().unwrap();
        }
    });
    let chain = rt.block::<u32>(1).unwrap();
    rt.finish(|s| {
        for step in 0..20 {
            let event = line.next()?;
            let codelet = s.codelet("step").after(&event);
            codelet.spawn(chain.read_write(), move |_, count| {
                count[0] += 1;
                order.lock().unwrap().push(step);
            });
        }
        Ok(())
    })
    .unwrap();
    device.join().unwrap();
    assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(rt.read(chain, |count| count[0]).unwrap(), 20);
}

#[test]
fn each_event_of_a_channel_comes_with_its_own_satisfaction() {
    let rt = runtime(2);
    let (line, trigger) = rt.channel("line", None);
    let came = AtomicU64::new(0);
    let came = &came;
    let trigger = &trigger;
    let line = &line;
    rt.finish(|s| {
        let (first, second) = (line.next()?, line.next()?);
        s.codelet("second").after(&second).spawn((), |_, ()| {
            assert_eq!(came.fetch_add(10, Ordering::Relaxed), 1);
        });
        s.codelet("first").after(&first).spawn((), move |_, ()| {
            assert_eq!(came.fetch_add(1, Ordering::Relaxed), 0);
            trigger.satisfy()
        });
        trigger.satisfy()
    })
    .unwrap();
    assert_eq!(came.load(Ordering::Relaxed), 11);
}

#[test]
fn a_channel_keeps_its_bound_on_both_sides() {
    let rt = runtime(1);
    let (line, trigger) = rt.channel("narrow", NonZeroUsize::new(2));
    trigger.satisfy().unwrap();
    trigger.satisfy().unwrap();
    misused(
        trigger.satisfy(),
        &["channel `narrow`", "events_kinds.rs:", "bound"],
    );
    for _ in 0..4 {
        line.next().unwrap();
    }
    misused(line.next().map(drop), &["`narrow`", "bound"]);
    trigger.satisfy().unwrap();
    line.next().unwrap();
}

#[test]
fn the_end_of_a_channel_poisons_what_is_and_will_be_waited_for_in_vain() {
    let rt = runtime(2);
    let (line, trigger) = rt.channel("short", None);
    let first = line.next().unwrap();
    let second = line.next().unwrap();
    trigger.satisfy().unwrap();
    drop(trigger);
    let third = line.next().unwrap();
    let ran = AtomicU64::new(0);
    let ran = &ran;
    let error = rt
        .finish(|s| {
            for event in [first, second, third] {
                s.codelet("step").after(&event).spawn((), |_, ()| {
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
        .unwrap_err();
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    let failure = error.failure().unwrap();
    assert_eq!((failure.codelet.as_str(), failure.skipped), ("short", 2));
    assert!(failure.cause.contains("trigger was dropped"), "{error}");
}

#[test]
fn handles_may_outlive_the_runtime() {
    let rt = runtime(1);
    let (event, latch) = rt.latch("late", 1);
    let (line, trigger) = rt.channel("late", None);
    let (_, shared) = rt.shared_event("late");
    let timer = rt.after(Duration::from_secs(1000));
    drop(rt);
    latch.down().unwrap();
    let next = line.next().unwrap();
    trigger.satisfy().unwrap();
    drop(trigger);
    assert!(shared.satisfy());
    let other = runtime(1);
    for event in [&event, &next, &timer] {
        let error = other.finish(|s| {
            s.codelet("then").after(event).spawn((), |_, ()| ());
            Ok(())
        });
        assert!(error.unwrap_err().to_string().contains("another runtime"));
    }
}
