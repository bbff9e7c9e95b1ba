//! A scope that passes its deadline is cancelled: while it waits, while it works, in every mode of the control engines, and
//! while those are silent.
//!
//! Checked itself: these tests fail if control engines or busy engines do not look at deadlines, if hosts that sleep do not while the control
//! engine is silent, or if bodies that ask do not.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, ErrorKind, Runtime};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn runtimes() -> Vec<(String, Runtime)> {
    let mut all = Vec::new();
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        for (xes, paused) in [(1, false), (1, true), (2, false), (2, true)] {
            let rt = Runtime::builder()
                .xes(xes)
                .ce(mode)
                .oversubscribe(true)
                .ignore_environment()
                .build()
                .unwrap();
            rt.pause_control(paused);
            all.push((format!("{mode}, {xes} XEs, paused: {paused}"), rt));
        }
    }
    all
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

const SOON: Duration = Duration::from_millis(20);
/// Generous: machines that run tests are busy.
const LATE: Duration = Duration::from_secs(60);
/// So often is tried what a machine that has other things to do may spoil.
const TRIES: u32 = 30;

#[test]
fn a_scope_that_waits_ends_at_its_deadline() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let (event, _trigger) = rt.event("never");
            let waits = |_| {
                let begin = Instant::now();
                let error = rt
                    .finish_within(SOON, |s| {
                        s.spawn((), |_, ()| ());
                        s.codelet("waits").after(&event).spawn((), |_, ()| ());
                        Ok(())
                    })
                    .unwrap_err();
                let took = begin.elapsed();
                assert!(took >= SOON && took < LATE, "{name}: {took:?}");
                assert_eq!(error.kind(), ErrorKind::Cancelled, "{name}");
                let left = error.cancellation().unwrap();
                assert!(left.by_deadline);
                assert_eq!(left.reason, "its deadline of 20ms has passed");
                assert_eq!(left.ran + left.not_started, 2, "{name}");
                left.ran == 1
            };
            // Where nobody gets a processor in time the first one does not begin either.
            assert!((0..TRIES).any(waits), "{name}: the first one never ran");
        });
    }
}

#[test]
fn control_engines_look_at_deadlines_while_nobody_else_does() {
    for (name, rt) in runtimes() {
        if name.ends_with("true") {
            continue;
        }
        within(120, move || {
            // All others sleep since before the deadline was set, and the host is in its body.
            std::thread::sleep(Duration::from_millis(20));
            let looked = |tries: u32| {
                let mut looked = false;
                let error = rt
                    .finish_within(SOON, |s| {
                        let canceller = s.canceller();
                        std::thread::sleep(SOON * (3 + tries));
                        looked = !canceller.cancel("somebody was to do it before");
                        Ok(())
                    })
                    .unwrap_err();
                let by_deadline = error.cancellation().unwrap().by_deadline;
                assert_eq!(by_deadline, looked, "{name}");
                looked
            };
            assert!((0..TRIES).any(looked), "{name}: nobody looked");
        });
    }
}

#[test]
fn a_scope_that_works_ends_at_its_deadline() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let blocks = rt.blocks::<u32>(2, 1).unwrap();
            let begin = Instant::now();
            // All engines are busy, with short bodies, and nobody asks for anything.
            let error = rt
                .finish_within(SOON, |s| {
                    for _ in 0..2000 {
                        for &block in &blocks {
                            s.spawn(block.read_write(), |_, _| {
                                let begin = Instant::now();
                                while begin.elapsed() < Duration::from_millis(1) {}
                            });
                        }
                    }
                    Ok(())
                })
                .unwrap_err();
            assert!(begin.elapsed() < LATE, "{name}: {:?}", begin.elapsed());
            let left = error.cancellation().unwrap();
            assert!(left.by_deadline && left.not_started > 0, "{name}: {error}");
        });
    }
}

#[test]
fn long_bodies_learn_of_it() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let begin = Instant::now();
            let error = rt
                .finish_within(SOON, |s| {
                    for _ in 0..4 {
                        s.spawn((), |s, ()| {
                            while !s.is_cancelled() {
                                std::hint::spin_loop();
                            }
                        });
                    }
                    Ok(())
                })
                .unwrap_err();
            assert!(begin.elapsed() < LATE, "{name}: {:?}", begin.elapsed());
            let left = error.cancellation().unwrap();
            assert_eq!(left.ran + left.not_started, 4, "{name}");
            assert!(left.ran <= rt.xes() as u64);
        });
    }
}

#[test]
fn a_scope_that_ends_in_time_has_no_deadline_any_more() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let limit = Duration::from_millis(50);
            let (mut in_time, mut last) = (0, Instant::now());
            while in_time < 50 {
                let begin = Instant::now();
                let value = rt.finish_within(limit, |s| {
                    s.spawn((), |_, ()| ());
                    Ok(7)
                });
                last = Instant::now() + limit;
                match value {
                    Ok(value) => {
                        assert_eq!(value, 7, "{name}");
                        in_time += 1;
                    }
                    // The machine did something else meanwhile.
                    Err(error) => assert!(begin.elapsed() >= limit, "{name}: {error}"),
                }
            }
            // Far beyond what a clock can say.
            rt.finish_within(Duration::MAX, |s| {
                s.spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
            // The next scope outlives those deadlines, and has none.
            rt.finish(|s| {
                let (event, trigger) = rt.event("later");
                std::thread::spawn(move || {
                    let past = last + Duration::from_millis(20);
                    std::thread::sleep(past.saturating_duration_since(Instant::now()));
                    trigger.satisfy();
                });
                s.codelet("waits").after(&event).spawn((), |s, ()| {
                    assert!(!s.is_cancelled());
                });
                Ok(())
            })
            .unwrap();
        });
    }
}

#[test]
fn a_limit_of_zero_starts_nothing() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let error = rt
                .finish_within(Duration::ZERO, |s| {
                    assert!(s.is_cancelled());
                    for _ in 0..10 {
                        s.spawn((), |_, ()| unreachable!());
                    }
                    Ok(())
                })
                .unwrap_err();
            let left = error.cancellation().unwrap();
            assert_eq!((left.ran, left.not_started), (0, 10), "{name}");
        });
    }
}

#[test]
fn several_hosts_have_deadlines_of_their_own() {
    for (name, rt) in runtimes() {
        within(120, move || {
            let took = Mutex::new(Vec::new());
            let (event, _trigger) = rt.event("never");
            std::thread::scope(|threads| {
                for limit in [60, 30, 10, 90] {
                    let (rt, took, event) = (&rt, &took, &event);
                    threads.spawn(move || {
                        let begin = Instant::now();
                        let limit = Duration::from_millis(limit);
                        let error = rt
                            .finish_within(limit, |s| {
                                s.codelet("waits").after(event).spawn((), |_, ()| ());
                                Ok(())
                            })
                            .unwrap_err();
                        assert!(error.cancellation().unwrap().by_deadline);
                        took.lock().unwrap().push((limit, begin.elapsed()));
                    });
                }
            });
            for (limit, took) in took.into_inner().unwrap() {
                assert!(took >= limit && took < LATE, "{name}: {limit:?} {took:?}");
            }
        });
    }
}
