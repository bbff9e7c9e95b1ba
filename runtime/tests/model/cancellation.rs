//! A cancelled scope ends with what has begun, says what was left, and leaves no codelet, capture or block behind.
//!
//! Checked itself: these tests fail if codelets are not cut off at their start, if waiters for events from outside are not
//! swept (at once, or later by the control engine), if nested scopes are taken for the whole, or if counts are lost.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, ErrorKind, Runtime, Sum};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

/// Fails instead of hanging.
fn within(seconds: u64, test: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match wait.recv_timeout(Duration::from_secs(seconds)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => thread.join().unwrap(),
    }
}

/// Counts drops.
struct Drops(Arc<AtomicUsize>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_has_not_started_does_not_and_is_counted() {
    within(120, || {
        let rt = runtime(2);
        let (before, after) = (rt.block::<u32>(4).unwrap(), rt.block::<u32>(4).unwrap());
        let (runs, drops) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let error = rt
            .finish(|s| {
                let canceller = s.canceller();
                s.spawn(before.write(), |_, data| data.fill(7));
                s.spawn(before.read_write(), move |_, _| {
                    assert!(canceller.cancel("enough"));
                    assert!(!canceller.cancel("again"));
                });
                for _ in 0..100 {
                    let (drops, runs) = (Drops(drops.clone()), &runs);
                    s.spawn((before.read(), after.write()), move |_, _| {
                        let _keep = &drops;
                        runs.fetch_add(1, Ordering::Relaxed);
                    });
                }
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let left = error.cancellation().unwrap();
        assert_eq!(
            (left.ran, left.not_started, left.failed, left.skipped),
            (2, 100, 0, 0)
        );
        assert_eq!((left.reason.as_str(), left.by_deadline), ("enough", false));
        assert!(error.failure().is_none());
        assert_eq!(
            error.to_string(),
            "the scope was cancelled: enough; 2 codelets ran, 100 were not started"
        );
        assert_eq!(runs.load(Ordering::Relaxed), 0);
        assert_eq!(drops.load(Ordering::Relaxed), 100);
        assert_eq!(rt.xe_counts().iter().map(|c| c.cancelled).sum::<u64>(), 100);
        assert_eq!(rt.xe_counts().iter().map(|c| c.skipped).sum::<u64>(), 0);
        // What was written before stays good; what was not written says why.
        assert_eq!(rt.read(before, |data| data[3]).unwrap(), 7);
        let poisoned = rt.read(after, |_| ()).unwrap_err();
        assert_eq!(poisoned.failure().unwrap().cause, "cancelled: enough");
        assert!(
            poisoned
                .failure()
                .unwrap()
                .spawned_at
                .file()
                .ends_with("cancellation.rs")
        );
        // A full write heals; the runtime goes on.
        rt.write(before, |data| data.fill(1)).unwrap();
        rt.finish(|s| {
            s.spawn(after.write(), |_, data| data.fill(9));
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(after, |data| data[0]).unwrap(), 9);
    });
}

#[test]
fn who_waits_for_an_event_from_outside_is_let_go() {
    for (mode, paused) in [
        (CeMode::Shared, false),
        (CeMode::Shared, true),
        (CeMode::Elastic, false),
        (CeMode::Dedicated, false),
    ] {
        within(120, move || {
            let rt = Runtime::builder()
                .xes(2)
                .ce(mode)
                .oversubscribe(true)
                .ignore_environment()
                .build()
                .unwrap();
            rt.pause_control(paused);
            let (event, trigger) = rt.event("outside");
            let block = rt.block::<u32>(1).unwrap();
            let (send, receive) = mpsc::channel::<sprat::Canceller>();
            let other = std::thread::spawn(move || {
                let canceller = receive.recv().unwrap();
                std::thread::sleep(Duration::from_millis(20));
                assert!(canceller.cancel("the user went away"));
                std::thread::sleep(Duration::from_millis(20));
                assert!(!canceller.cancel("too late"));
            });
            let other_ran = AtomicBool::new(false);
            let (ran, rt2) = (&other_ran, rt.clone());
            let waits_too = event.clone();
            // Somebody else who waits for the same event goes on waiting, and gets it.
            let (waits, ready) = mpsc::channel();
            std::thread::scope(|threads| {
                threads.spawn(move || {
                    rt2.finish(|s| {
                        s.codelet("other").after(&waits_too).spawn((), |_, ()| {
                            ran.store(true, Ordering::Relaxed);
                        });
                        waits.send(()).unwrap();
                        Ok(())
                    })
                    .unwrap();
                });
                ready.recv().unwrap();
                let error = rt
                    .finish(|s| {
                        send.send(s.canceller()).unwrap();
                        s.codelet("waits")
                            .after(&event)
                            .spawn(block.write(), |_, _| ());
                        for _ in 0..10 {
                            s.codelet("behind").spawn(block.read_write(), |_, _| ());
                        }
                        Ok(())
                    })
                    .unwrap_err();
                let left = error.cancellation().unwrap();
                assert_eq!((left.ran, left.not_started), (0, 11), "{mode} {paused}");
                other.join().unwrap();
                assert!(!other_ran.load(Ordering::Relaxed));
                trigger.satisfy();
            });
            assert!(other_ran.load(Ordering::Relaxed));
        });
    }
}

#[test]
fn what_is_spawned_after_the_cancellation_starts_nothing() {
    within(120, || {
        let rt = runtime(2);
        let (event, _trigger) = rt.event("never");
        let error = rt
            .finish(|s| {
                assert!(!s.is_cancelled());
                assert!(s.cancel("before it began"));
                assert!(s.is_cancelled());
                for n in 0..1000 {
                    s.spawn((), |_, ()| unreachable!());
                    if n % 100 == 0 {
                        s.codelet("waits")
                            .after(&event)
                            .spawn((), |_, ()| unreachable!());
                    }
                }
                let inner = s.scope(|s| {
                    assert!(s.is_cancelled());
                    s.spawn((), |_, ()| unreachable!());
                });
                s.codelet("then")
                    .after(&inner)
                    .spawn((), |_, ()| unreachable!());
                Ok(())
            })
            .unwrap_err();
        let left = error.cancellation().unwrap();
        assert_eq!((left.ran, left.not_started), (0, 1012));
    });
}

#[test]
fn bodies_that_run_are_left_to_end_and_can_ask() {
    within(120, || {
        let rt = runtime(2);
        let block = rt.block::<u64>(1).unwrap();
        let error = rt
            .finish(|s| {
                let canceller = s.canceller();
                let begun = Arc::new(AtomicBool::new(false));
                let seen = begun.clone();
                s.spawn(block.write(), move |s, data| {
                    assert!(!s.is_cancelled());
                    begun.store(true, Ordering::Release);
                    while !s.is_cancelled() {
                        std::thread::yield_now();
                    }
                    // Its children do not start, it itself ends well.
                    s.spawn((), |_, ()| unreachable!());
                    data[0] = 5;
                });
                std::thread::spawn(move || {
                    while !seen.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                    canceller.cancel("stop");
                });
                Ok(())
            })
            .unwrap_err();
        let left = error.cancellation().unwrap();
        assert_eq!((left.ran, left.not_started), (1, 1));
        assert_eq!(rt.read(block, |data| data[0]).unwrap(), 5);
    });
}

#[test]
fn a_scope_inside_is_cancelled_alone() {
    within(120, || {
        let rt = runtime(2);
        let (inside, outside) = (rt.block::<u32>(1).unwrap(), rt.block::<u32>(1).unwrap());
        let (event, _trigger) = rt.event("never");
        let runs = AtomicUsize::new(0);
        rt.finish(|s| {
            let runs = &runs;
            let mut canceller = None;
            let end = s.scope(|s| {
                canceller = Some(s.canceller());
                s.codelet("waits")
                    .after(&event)
                    .spawn(inside.write(), |_, _| unreachable!());
                s.scope(|s| {
                    s.spawn(inside.read_write(), |_, _| unreachable!());
                });
            });
            s.codelet("after")
                .after(&end)
                .spawn(outside.write(), |s, data| {
                    assert!(!s.is_cancelled());
                    data[0] = 3;
                    runs.fetch_add(1, Ordering::Relaxed);
                });
            let canceller = canceller.unwrap();
            s.spawn((), move |s, ()| {
                // In a body: its children.
                assert!(s.cancel("no children"));
                s.spawn((), |_, ()| unreachable!());
                assert!(canceller.cancel("found elsewhere"));
                runs.fetch_add(1, Ordering::Relaxed);
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 2);
        assert_eq!(rt.read(outside, |data| data[0]).unwrap(), 3);
        let poisoned = rt.read(inside, |_| ()).unwrap_err();
        assert_eq!(
            poisoned.failure().unwrap().cause,
            "cancelled: found elsewhere"
        );
    });
}

#[test]
fn a_canceller_outlives_its_scope_and_its_runtime() {
    within(120, || {
        let rt = runtime(1);
        let mut kept = Vec::new();
        rt.finish(|s| {
            kept.push(s.canceller());
            s.scope(|s| kept.push(s.canceller()));
            Ok(())
        })
        .unwrap();
        assert!(kept.iter().all(|canceller| !canceller.cancel("late")));
        // The same records are used again, and nobody takes them for the old ones.
        for _ in 0..10 {
            rt.finish(|s| {
                s.canceller();
                s.scope(|s| {
                    assert!(kept.iter().all(|canceller| !canceller.cancel("late")));
                    s.spawn((), |_, ()| ());
                });
                Ok(())
            })
            .unwrap();
        }
        drop(rt);
        assert!(kept.iter().all(|canceller| !canceller.cancel("later")));
    });
}

#[test]
fn failures_before_the_cancellation_are_told_too() {
    within(120, || {
        let rt = runtime(1);
        let block = rt.block::<u32>(1).unwrap();
        let error = rt
            .finish(|s| {
                let canceller = s.canceller();
                let bad = s.codelet("bad").spawn(block.write(), |_, _| {
                    Err::<(), _>(sprat::Error::msg("no luck"))
                });
                s.codelet("skipped").spawn(block.read(), |_, _| ());
                s.codelet("skipped")
                    .after(&bad.event())
                    .spawn((), |_, ()| ());
                s.spawn(block.write(), move |_, _| {
                    canceller.cancel("and so");
                });
                s.spawn(block.read(), |_, _| unreachable!());
                Err::<(), _>(sprat::Error::msg("the body said this"))
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let left = error.cancellation().unwrap();
        assert_eq!((left.ran, left.failed), (2, 1));
        assert_eq!(left.skipped + left.not_started, 3);
        assert_eq!(error.failure().unwrap().codelet, "bad");
        let said = error.into_std();
        assert_eq!(said.source().unwrap().to_string(), "the body said this");
    });
}

#[test]
fn other_scopes_of_the_runtime_go_on() {
    within(120, || {
        let rt = runtime(2);
        let stop = Arc::new(AtomicBool::new(false));
        let other = {
            let (rt, stop) = (rt.clone(), stop.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let block = rt.block::<u32>(1).unwrap();
                    rt.finish(|s| {
                        s.spawn(block.write(), |_, data| data[0] = 0);
                        for _ in 0..50 {
                            s.spawn(block.read_write(), |_, data| data[0] += 1);
                        }
                        Ok(())
                    })
                    .unwrap();
                    assert_eq!(rt.read(block, |data| data[0]).unwrap(), 50);
                }
            })
        };
        for _ in 0..200 {
            let error = rt
                .finish(|s| {
                    s.cancel("each time");
                    s.spawn((), |_, ()| unreachable!());
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.cancellation().unwrap().not_started, 1);
        }
        stop.store(true, Ordering::Relaxed);
        other.join().unwrap();
    });
}

#[test]
fn turns_reductions_and_weak_places_are_given_back() {
    within(120, || {
        let rt = runtime(3);
        for round in 0..50 {
            let (turns, sum) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
            let part = rt.block::<u64>(1).unwrap();
            let (event, _trigger) = rt.event("never");
            let error = rt
                .finish(|s| {
                    let canceller = s.canceller();
                    let both = || (turns.commute(), sum.reduce(Sum));
                    for n in 0..20 {
                        let canceller = canceller.clone();
                        s.spawn(both(), move |_, (turns, sum)| {
                            turns[0] += 1;
                            sum[0] += 1;
                            if n == round % 20 {
                                canceller.cancel("some ran, some did not");
                            }
                        });
                    }
                    s.codelet("waits")
                        .after(&event)
                        .spawn(both(), |_, _| unreachable!());
                    let weak = s.codelet("weak").after(&event);
                    weak.spawn(part.read_write().weak(), |_, _| unreachable!());
                    for _ in 0..5 {
                        s.spawn(
                            (turns.read(), sum.read(), part.read_write()),
                            |_, _| unreachable!(),
                        );
                    }
                    Ok(())
                })
                .unwrap_err();
            let left = error.cancellation().unwrap();
            assert_eq!(left.ran + left.not_started, 27);
            assert!((1..=20).contains(&left.ran), "{error}");
            for block in [turns, sum, part] {
                let poisoned = rt.read(block, |_| ()).unwrap_err();
                let cause = &poisoned.failure().unwrap().cause;
                assert_eq!(cause, "cancelled: some ran, some did not");
                rt.finish(|s| {
                    s.spawn(block.write(), |_, data| data[0] = 4);
                    Ok(())
                })
                .unwrap();
                assert_eq!(rt.read(block, |data| data[0]).unwrap(), 4);
            }
        }
    });
}

#[test]
fn who_waits_for_timers_and_latches_is_let_go() {
    within(120, || {
        let rt = runtime(2);
        let timer = rt.after(Duration::from_secs(3600));
        let (latched, _latch) = rt.latch("latch", 3);
        let (shared, _trigger) = rt.shared_event("shared");
        for _ in 0..20 {
            let error = rt
                .finish(|s| {
                    let canceller = s.canceller();
                    for event in [&timer, &latched, &shared] {
                        s.codelet("waits")
                            .after(event)
                            .spawn((), |_, ()| unreachable!());
                    }
                    s.codelet("waits for all")
                        .after(&timer)
                        .after(&latched)
                        .after(&shared)
                        .spawn((), |_, ()| unreachable!());
                    s.spawn((), move |_, ()| {
                        canceller.cancel("no more");
                    });
                    Ok(())
                })
                .unwrap_err();
            let left = error.cancellation().unwrap();
            assert_eq!((left.ran, left.not_started), (1, 4));
        }
    });
}
