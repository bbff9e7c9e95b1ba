//! What the quick ways of the runtime must not lose, under threads that come in between.

use super::runtime;
use sprat::{ErrorKind, Priority, Runtime, Sum};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

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

/// A block goes while others spawn plain codelets that name it.
#[test]
fn a_block_that_goes_between_looking_and_entering() {
    for xes in [1, 2] {
        within(120, move || {
            let rt = runtime(xes);
            let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
            for round in 0..400 {
                rt.finish(|s| {
                    s.spawn_once((a.write(), b.write()), |_, (a, b)| (a[0], b[0]) = (0, 0));
                    Ok(())
                })
                .unwrap();
                let gone = rt.block::<u64>(1).unwrap();
                let ran = AtomicU64::new(0);
                let guards = Arc::new(());
                std::thread::scope(|threads| {
                    let (rt, ran, guards) = (&rt, &ran, &guards);
                    threads.spawn(move || {
                        for _ in 0..round % 50 {
                            std::hint::spin_loop();
                        }
                        rt.destroy(gone).unwrap();
                    });
                    let out = rt.finish(|s| {
                        for n in 0..12u64 {
                            let guard = guards.clone();
                            if n % 2 == 0 {
                                s.spawn_once(
                                    (a.read_write(), gone.read_write(), b.read_write()),
                                    move |_, (a, _, b)| {
                                        (a[0], b[0]) = (a[0] + 1, b[0] + 1);
                                        ran.fetch_add(1, Ordering::Relaxed);
                                        drop(guard);
                                    },
                                );
                            } else {
                                s.spawn_once(
                                    (b.read_write(), gone.read(), a.commute()),
                                    move |_, (b, _, a)| {
                                        (a[0], b[0]) = (a[0] + 1, b[0] + 1);
                                        ran.fetch_add(1, Ordering::Relaxed);
                                        drop(guard);
                                    },
                                );
                            }
                        }
                        Ok(())
                    });
                    match out {
                        Ok(()) => {
                            assert_eq!(ran.load(Ordering::Relaxed), 12);
                            assert_eq!(rt.read(a, |a| a[0]).unwrap(), 12);
                            assert_eq!(rt.read(b, |b| b[0]).unwrap(), 12);
                        }
                        Err(error) => {
                            assert!(error.to_string().contains("destroyed before"), "{error}");
                            assert!(ran.load(Ordering::Relaxed) < 12);
                            assert_eq!(rt.read(a, |a| a[0]).unwrap_err().kind(), ErrorKind::Failed);
                            assert_eq!(rt.read(b, |b| b[0]).unwrap_err().kind(), ErrorKind::Failed);
                        }
                    }
                });
                assert_eq!(Arc::strong_count(&guards), 1);
            }
        });
    }
}

fn chain(s: &sprat::Scope<'_>, left: u64, count: Arc<AtomicU64>, levels: bool) {
    let level = match (levels, left % 3) {
        (false, _) | (_, 0) => Priority::Normal,
        (_, 1) => Priority::High,
        _ => Priority::Low,
    };
    let body = move |s: &sprat::Scope<'_>, ()| {
        count.fetch_add(1, Ordering::Relaxed);
        if left.is_multiple_of(10) {
            let more = count.clone();
            s.spawn_once((), move |_, ()| {
                more.fetch_add(1, Ordering::Relaxed);
            });
        }
        if left > 0 {
            chain(s, left - 1, count.clone(), levels);
        }
    };
    s.codelet("chain").priority(level).spawn_once((), body);
}

/// Hosts come and go while lone codelets lie about, and levels come into use.
#[test]
fn lone_codelets_are_not_left() {
    for (xes, live, check) in [
        (1, 0, false),
        (2, 0, false),
        (3, 0, false),
        (2, 64, false),
        (2, 0, true),
    ] {
        within(90, move || {
            for levels in [false, true] {
                let mut builder = Runtime::builder()
                    .xes(xes)
                    .oversubscribe(true)
                    .pin(false)
                    .ignore_environment();
                if live > 0 {
                    builder = builder.live_codelets(live);
                }
                if check {
                    builder = builder.check(5);
                }
                let rt = builder.build().unwrap();
                std::thread::scope(|threads| {
                    for host in 0..4u64 {
                        let rt = &rt;
                        threads.spawn(move || {
                            for round in 0..40u64 {
                                let count = Arc::new(AtomicU64::new(0));
                                let many = 1 + (host + round) % 5;
                                rt.finish(|s| {
                                    for _ in 0..many {
                                        chain(
                                            s,
                                            60,
                                            count.clone(),
                                            levels && round > 10 && host % 2 == 0,
                                        );
                                        if round % 13 == 0 {
                                            std::thread::sleep(Duration::from_millis(1));
                                        }
                                    }
                                    Ok(())
                                })
                                .unwrap();
                                assert_eq!(count.load(Ordering::Relaxed), many * 68);
                            }
                        });
                    }
                });
            }
        });
    }
}

/// A lone codelet behind a body that takes long is taken by another engine.
#[test]
fn a_lone_codelet_behind_a_long_body() {
    for levels in [false, true] {
        within(120, move || {
            let rt = runtime(2);
            for round in 0..60 {
                if round % 3 == 0 {
                    std::thread::sleep(Duration::from_millis(3));
                }
                rt.finish(|s| {
                    if levels && round == 20 {
                        s.codelet("high")
                            .priority(Priority::High)
                            .spawn_once((), |_, ()| ());
                    }
                    s.spawn_once((), move |s, ()| {
                        let came = Arc::new(AtomicBool::new(false));
                        let tells = came.clone();
                        let begin = Instant::now();
                        s.spawn_once((), move |_, ()| tells.store(true, Ordering::Release));
                        while !came.load(Ordering::Acquire) {
                            std::hint::spin_loop();
                            if begin.elapsed() > Duration::from_secs(20) {
                                panic!("nobody comes");
                            }
                        }
                    });
                    Ok(())
                })
                .unwrap();
            }
        });
    }
}

/// Who waits behind a failure is skipped, who waits behind what heals it runs; many side by side, plain or not.
#[test]
fn poison_goes_with_each_grant() {
    for xes in [1, 2] {
        within(120, move || {
            let rt = runtime(xes);
            for round in 0..60u64 {
                let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
                let (bad, good) = (AtomicU64::new(0), AtomicU64::new(0));
                let (event, trigger) = rt.event("go");
                let guards = Arc::new(());
                let error = rt
                    .finish(|s| {
                        s.codelet("holds").after(&event).spawn_once(
                            (a.write(), b.write()),
                            |_, (a, b)| {
                                (a[0], b[0]) = (1, 1);
                            },
                        );
                        let (bad, good) = (&bad, &good);
                        s.spawn_once(a.read_write(), |_, _| -> sprat::Result<()> {
                            Err(sprat::Error::msg("no"))
                        });
                        // One alone, told by another way than many side by side.
                        s.spawn((a.read_write(), b.read()), move |_, _| {
                            bad.fetch_add(1, Ordering::Relaxed);
                        });
                        for n in 0..25u64 {
                            let guard = guards.clone();
                            if n % 5 == 4 {
                                s.codelet("weak").spawn_once(
                                    (a.read().weak(), b.read()),
                                    move |s, _| {
                                        s.spawn_once(a.read(), move |_, _| {
                                            bad.fetch_add(1, Ordering::Relaxed);
                                            drop(guard);
                                        });
                                    },
                                );
                            } else {
                                s.spawn_once((b.read(), a.read()), move |_, _| {
                                    bad.fetch_add(1, Ordering::Relaxed);
                                    drop(guard);
                                });
                            }
                        }
                        s.spawn_once((a.write(), b.read()), |_, (a, b)| a[0] = b[0]);
                        for _ in 0..25u64 {
                            s.spawn_once((b.read(), a.read()), move |_, (b, a)| {
                                assert_eq!(a, b);
                                good.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                        for _ in 0..round % 7 {
                            s.spawn_once(a.reduce(Sum), |_, a| a[0] += 1);
                        }
                        for _ in 0..25u64 {
                            s.spawn_once((b.read(), a.read()), move |_, (b, a)| {
                                assert_eq!(a[0], b[0] + round % 7);
                                good.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                        trigger.satisfy();
                        Ok(())
                    })
                    .unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Failed);
                assert_eq!(bad.load(Ordering::Relaxed), 0);
                assert_eq!(good.load(Ordering::Relaxed), 50);
                assert_eq!(Arc::strong_count(&guards), 1);
                rt.destroy(a).unwrap();
                rt.destroy(b).unwrap();
            }
        });
    }
}

/// A scope that waits for what never comes is found, though lone codelets of other scopes lie about meanwhile.
#[test]
fn a_stuck_scope_beside_busy_ones() {
    for xes in [1, 2] {
        within(120, move || {
            let rt = runtime(xes);
            let a = rt.block::<u64>(1).unwrap();
            std::thread::scope(|threads| {
                for host in 0..2 {
                    let rt = &rt;
                    threads.spawn(move || {
                        for _ in 0..10 {
                            if host == 0 {
                                let count = Arc::new(AtomicU64::new(0));
                                rt.finish(|s| {
                                    chain(s, 50, count.clone(), false);
                                    Ok(())
                                })
                                .unwrap();
                                continue;
                            }
                            let error = rt
                                .finish(|s| {
                                    let (event, trigger) = s.event("never");
                                    s.codelet("holds")
                                        .after(&event)
                                        .spawn_once(a.write(), |_, _| ());
                                    s.spawn_once(a.read(), move |s, _| s.satisfy(trigger));
                                    Ok(())
                                })
                                .unwrap_err();
                            assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
                        }
                    });
                }
            });
            rt.finish(|s| {
                s.spawn_once(a.write(), |_, a| a[0] = 3);
                Ok(())
            })
            .unwrap();
            assert_eq!(rt.read(a, |a| a[0]).unwrap(), 3);
        });
    }
}

/// Cancelled while plain codelets wait in queues: all captures go, and the blocks are as good as new after a write.
#[test]
fn a_cancelled_scope_of_plain_codelets() {
    for xes in [1, 2] {
        within(120, move || {
            let rt = runtime(xes);
            let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
            for round in 0..50u64 {
                let guards = Arc::new(());
                let out = rt.finish(|s| {
                    let canceller = s.canceller();
                    for n in 0..100u64 {
                        let (guard, canceller) = (guards.clone(), canceller.clone());
                        s.spawn_once((a.read_write(), b.read()), move |s, (a_here, _)| {
                            a_here[0] += 1;
                            if n == round {
                                canceller.cancel("enough");
                            }
                            let guard = guard.clone();
                            s.spawn_once(a.read_write(), move |_, a| {
                                a[0] += 1;
                                drop(guard);
                            });
                        });
                    }
                    Ok(())
                });
                assert_eq!(out.unwrap_err().kind(), ErrorKind::Cancelled);
                assert_eq!(Arc::strong_count(&guards), 1);
                rt.finish(|s| {
                    s.spawn_once((a.write(), b.write()), |_, (a, b)| (a[0], b[0]) = (7, 7));
                    s.spawn_once((a.read(), b.read()), |_, (a, b)| assert_eq!(a, b));
                    Ok(())
                })
                .unwrap();
            }
        });
    }
}
