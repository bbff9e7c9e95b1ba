//! Timers: never early, and at last.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, ErrorKind, Runtime, Scope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];

fn of_mode(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

/// Whoever hangs fails instead.
fn within<R: Send + 'static>(limit: Duration, work: impl FnOnce() -> R + Send + 'static) -> R {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(work()));
    told.recv_timeout(limit).expect("it comes at last")
}

const LONG: Duration = Duration::from_secs(120);

#[test]
fn a_timer_is_never_early_and_comes_at_last_in_each_mode() {
    for mode in MODES {
        for xes in [1, 3] {
            within(LONG, move || {
                let rt = of_mode(xes, mode);
                let late = AtomicU64::new(0);
                let late = &late;
                for ms in [0, 1, 7, 40] {
                    let time = Duration::from_millis(ms);
                    let begin = Instant::now();
                    rt.finish(|s| {
                        for event in [rt.after(time), s.after(time), rt.at(begin + time)] {
                            s.codelet("timed").after(&event).spawn((), move |_, ()| {
                                assert!(begin.elapsed() >= time);
                                late.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                        Ok(())
                    })
                    .unwrap();
                }
                assert_eq!(late.load(Ordering::Relaxed), 12);
            });
        }
    }
}

#[test]
fn timers_in_any_order_all_come_and_none_early() {
    within(LONG, || {
        let rt = of_mode(2, CeMode::Shared);
        let came = AtomicU64::new(0);
        let came = &came;
        let begin = Instant::now();
        rt.finish(|s| {
            for n in 0..500 {
                let time = Duration::from_micros(n * 7919 % 100_000);
                let event = s.at(begin + time);
                s.codelet("timed").after(&event).spawn((), move |_, ()| {
                    assert!(begin.elapsed() >= time);
                    came.fetch_add(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(came.load(Ordering::Relaxed), 500);
    });
}

#[test]
fn a_timer_fires_though_nobody_is_in_a_scope_and_whoever_comes_later_need_not_wait() {
    within(LONG, || {
        let rt = of_mode(2, CeMode::Shared);
        let event = rt.after(Duration::from_millis(5));
        std::thread::sleep(Duration::from_millis(50));
        for _ in 0..3 {
            rt.finish(|s| {
                s.codelet("timed").after(&event).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
        }
    });
}

/// Control engines may stall: then others fire the timers.
#[test]
fn timers_come_though_control_engines_are_silent() {
    for mode in MODES {
        for xes in [1, 2] {
            within(LONG, move || {
                let rt = of_mode(xes, mode);
                rt.pause_control(true);
                for round in 0..10 {
                    let begin = Instant::now();
                    let time = Duration::from_millis(round);
                    rt.finish(|s| {
                        let event = s.after(time);
                        s.codelet("timed").after(&event).spawn((), move |s, ()| {
                            let event = s.after(time);
                            s.codelet("again").after(&event).spawn((), |_, ()| ());
                        });
                        Ok(())
                    })
                    .unwrap();
                    assert!(begin.elapsed() >= 2 * time);
                }
                rt.pause_control(false);
            });
        }
    }
}

/// A host for which no seat is free sleeps outside, and its timers come all the same.
#[test]
fn hosts_outside_of_all_seats_have_timers_too() {
    for paused in [false, true] {
        within(LONG, move || {
            let rt = of_mode(1, CeMode::Shared);
            rt.pause_control(paused);
            let hosts: Vec<_> = (0..4)
                .map(|host| {
                    let rt = rt.clone();
                    std::thread::spawn(move || {
                        rt.finish(|s| {
                            let event = s.after(Duration::from_millis(20 + host));
                            s.codelet("timed").after(&event).spawn((), |_, ()| ());
                            Ok(())
                        })
                    })
                })
                .collect();
            for host in hosts {
                host.join().unwrap().unwrap();
            }
        });
    }
}

/// A chain of codelets on one engine that ends when `came` is not 0.
fn link<'s>(s: &Scope<'s>, xe: usize, came: &'s AtomicU64) {
    s.codelet("link").on_xe(xe).spawn((), move |s, ()| {
        if came.load(Ordering::Relaxed) == 0 {
            link(s, xe, came);
        }
    });
}

/// No engine idles until the timer has come, the one that is also the control engine neither.
#[test]
fn timers_come_though_all_engines_are_busy() {
    for _ in 0..8 {
        within(LONG, || {
            let rt = of_mode(2, CeMode::Elastic);
            let came = AtomicU64::new(0);
            let came = &came;
            rt.finish(|s| {
                let event = s.after(Duration::from_millis(10));
                s.codelet("timed").after(&event).spawn((), |_, ()| {
                    came.store(1, Ordering::Relaxed);
                });
                link(s, 0, came);
                link(s, 1, came);
                Ok(())
            })
            .unwrap();
        });
    }
}

#[test]
fn a_scope_whose_last_timer_came_in_vain_is_stuck() {
    for mode in MODES {
        within(LONG, move || {
            let rt = of_mode(2, mode);
            let begin = Instant::now();
            let mut kept = None;
            let error = rt
                .finish(|s| {
                    let (never, trigger) = s.event("never");
                    kept = Some(trigger);
                    let timer = s.after(Duration::from_millis(100));
                    let both = s.codelet("both").after(&never).after(&timer);
                    both.spawn((), |_, ()| ());
                    Ok(())
                })
                .unwrap_err();
            assert!(begin.elapsed() >= Duration::from_millis(100), "it had hope");
            assert_eq!(error.kind(), ErrorKind::Stuck);
            let text = error.to_string();
            assert!(
                text.contains("`never`") && !text.contains("event `timer`"),
                "{text}"
            );
        });
    }
}

#[test]
fn very_long_timers_and_dropped_ones_hold_up_nothing() {
    within(LONG, || {
        let rt = of_mode(2, CeMode::Shared);
        let far = rt.after(Duration::MAX);
        let events: Vec<_> = (0..10_000).map(|_| rt.after(LONG * 10)).collect();
        drop(events);
        for _ in 0..10_000 {
            drop(rt.after(LONG * 10));
        }
        let soon = rt.after(Duration::from_millis(3));
        rt.finish(|s| {
            s.codelet("timed").after(&soon).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        drop(rt);
        drop(far);
    });
}
