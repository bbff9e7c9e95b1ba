//! A host thread that spawns faster than engines run is held back; codelets never are.

use sprat::{ErrorKind, Runtime};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;

fn runtime(xes: usize, live: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).live_codelets(live);
    let builder = builder.oversubscribe(true).pin(false).ignore_environment();
    builder.build().expect("the runtime starts")
}

/// What may live beyond the mark: the spawns between two looks, and the free records of engines and strangers for the
/// sizes that these tests use (empty codelets and roots share one).
fn slack(xes: usize) -> usize {
    256 + 2 * 128 * (xes + 2)
}

fn flood(rt: &Runtime, count: usize, bound: usize) {
    let (ran, mut most) = (AtomicUsize::new(0), 0);
    rt.finish(|s| {
        for at in 0..count {
            s.spawn((), |_, ()| {
                ran.fetch_add(1, Relaxed);
            });
            if at % 512 == 0 {
                most = most.max(rt.live_codelets());
            }
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(ran.load(Relaxed), count);
    let allowed = bound + slack(rt.xes());
    assert!(most <= allowed, "{most} codelets lived, {allowed} may");
    // Records of one size, 128 bytes, carved from whole chunks of 2 MiB.
    let bytes = (allowed * 128).next_multiple_of(2 << 20) + (2 << 20);
    assert!(rt.codelet_bytes() <= bytes, "{} bytes", rt.codelet_bytes());
}

#[test]
fn memory_is_bounded_under_millions_of_codelets() {
    for xes in [1, 2, 3] {
        flood(&runtime(xes, 10_000), 400_000, 10_000);
    }
}

#[test]
#[ignore = "takes minutes"]
fn memory_is_bounded_under_a_hundred_million_codelets() {
    flood(&runtime(2, 10_000), 100_000_000, 10_000);
}

#[test]
fn by_default_memory_is_bounded_too() {
    let rt = Runtime::builder().xes(2).oversubscribe(true);
    let rt = rt.ignore_environment().build().unwrap();
    flood(&rt, 600_000, 2 << 16);
}

#[test]
fn without_a_bound_that_is_near_nobody_is_held_back() {
    // The check of the checks above: the same flood, which one engine that spawns cannot run meanwhile.
    let rt = runtime(1, 10_000_000);
    rt.finish(|s| {
        (0..200_000).for_each(|_| {
            s.spawn((), |_, ()| ());
        });
        assert!(rt.live_codelets() >= 200_000);
        Ok(())
    })
    .unwrap();
    assert!(rt.codelet_bytes() > 200_000 * 128);
}

#[test]
fn codelets_are_never_held_back() {
    let rt = runtime(1, 1000);
    let most = AtomicUsize::new(0);
    rt.finish(|s| {
        s.spawn((), |s, ()| {
            for _ in 0..50_000 {
                s.spawn((), |_, ()| ());
            }
            most.store(rt.live_codelets(), Relaxed);
        });
        Ok(())
    })
    .unwrap();
    assert!(most.load(Relaxed) >= 50_000);
}

#[test]
fn bodies_of_scopes_inside_the_hosts_are_held_back_too() {
    for xes in [1, 2] {
        let rt = runtime(xes, 1000);
        rt.finish(|s| {
            for _ in 0..20_000 {
                // Fewer spawns in each than there are between two looks.
                s.scope(|s| {
                    for _ in 0..9 {
                        s.spawn((), |_, ()| ());
                    }
                });
                // A record of another size for the scope.
                let allowed = 1000 + 2 * slack(xes);
                assert!(rt.live_codelets() <= allowed, "{}", rt.live_codelets());
            }
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn the_host_helps_and_one_body_runs_on_top_of_its_own_at_a_time() {
    thread_local!(static DEPTH: Cell<usize> = const { Cell::new(0) });
    let rt = runtime(1, 100);
    let host = std::thread::current().id();
    let (ran, deepest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    rt.finish(|s| {
        for _ in 0..1000 {
            s.spawn((), |s, ()| {
                assert_eq!(std::thread::current().id(), host);
                DEPTH.set(DEPTH.get() + 1);
                deepest.fetch_max(DEPTH.get(), Relaxed);
                // More than the bound, from a codelet: it does not run others on top of itself.
                for _ in 0..200 {
                    s.spawn((), |_, ()| {
                        deepest.fetch_max(DEPTH.get() + 1, Relaxed);
                    });
                }
                ran.fetch_add(1, Relaxed);
                DEPTH.set(DEPTH.get() - 1);
            });
        }
        assert!(
            ran.load(Relaxed) > 500,
            "{} ran meanwhile",
            ran.load(Relaxed)
        );
        Ok(())
    })
    .unwrap();
    assert_eq!((ran.load(Relaxed), deepest.load(Relaxed)), (1000, 1));
}

#[test]
fn what_the_host_helps_with_may_not_wait() {
    let rt = runtime(1, 10);
    let refused = AtomicUsize::new(0);
    rt.finish(|s| {
        for _ in 0..2000 {
            s.spawn((), |_, ()| {
                let error = rt.finish(|_| Ok(())).unwrap_err();
                refused.fetch_add(usize::from(error.kind() == ErrorKind::OnEngine), Relaxed);
            });
        }
        assert!(refused.load(Relaxed) > 0);
        Ok(())
    })
    .unwrap();
    assert_eq!(refused.load(Relaxed), 2000);
}

#[test]
fn a_host_is_let_go_when_all_wait_for_what_it_does_next() {
    for xes in [1, 2, 3] {
        let rt = runtime(xes, 1000);
        let ran = AtomicUsize::new(0);
        rt.finish(|s| {
            let (event, trigger) = s.event("go");
            for _ in 0..20_000 {
                s.codelet("waits").after(&event).spawn((), |_, ()| {
                    ran.fetch_add(1, Relaxed);
                });
            }
            assert!(rt.live_codelets() >= 20_000);
            s.satisfy(trigger);
            Ok(())
        })
        .unwrap();
        assert_eq!(ran.load(Relaxed), 20_000);
    }
}

#[test]
fn a_host_sleeps_while_an_engine_works_through_a_chain() {
    for xes in [1, 2] {
        let rt = runtime(xes, 500);
        let sum = rt.block::<u64>(1).unwrap();
        let mut most = 0;
        rt.finish(|s| {
            for at in 0..50_000 {
                s.spawn(sum.read_write(), move |_, sum| {
                    sum[0] = (sum[0] * 3 + at) % 1_000_003
                });
                most = most.max(rt.live_codelets());
            }
            Ok(())
        })
        .unwrap();
        // One more size of record.
        assert!(most <= 500 + 2 * slack(xes), "{most}");
        let expected = (0..50_000).fold(0, |sum: u64, at| (sum * 3 + at) % 1_000_003);
        assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), expected);
    }
}

#[test]
fn a_host_without_a_seat_sleeps_until_there_are_fewer() {
    let rt = runtime(1, 1000);
    let (event, trigger) = rt.event("the other host is done");
    let (sits, seated) = mpsc::channel();
    std::thread::scope(|threads| {
        let rt = &rt;
        let event = &event;
        threads.spawn(move || {
            rt.finish(|s| {
                s.codelet("keeps the seat")
                    .after(event)
                    .spawn((), |_, ()| ());
                // There is one seat: it runs after this body.
                s.spawn_once((), move |_, ()| sits.send(()).unwrap());
                Ok(())
            })
        });
        seated.recv().unwrap();
        flood(rt, 100_000, 1000);
        trigger.satisfy();
    });
}

#[test]
fn a_host_without_a_seat_is_let_go_when_the_seat_is_a_bodys() {
    // The other host's body waits for this host's: nobody could run a codelet meanwhile.
    let rt = runtime(1, 100);
    let (sits, seated) = mpsc::channel();
    let (done, wait) = mpsc::channel();
    std::thread::scope(|threads| {
        let rt = &rt;
        threads.spawn(move || {
            rt.finish(|_| {
                sits.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            })
        });
        seated.recv().unwrap();
        let ran = AtomicUsize::new(0);
        rt.finish(|s| {
            for _ in 0..5000 {
                s.spawn((), |_, ()| {
                    ran.fetch_add(1, Relaxed);
                });
            }
            done.send(()).unwrap();
            Ok(())
        })
        .unwrap();
        assert_eq!(ran.load(Relaxed), 5000);
    });
}

#[test]
fn hosts_side_by_side_are_held_back_by_all_that_live() {
    let rt = runtime(2, 1000);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            let rt = &rt;
            // One without a seat spawns on, if slowly, while bodies that do not go on have both seats.
            threads.spawn(move || flood(rt, 200_000, 20_000));
        }
    });
}

#[test]
fn a_scope_that_was_held_back_is_still_found_stuck() {
    for xes in [1, 2] {
        let rt = runtime(xes, 100);
        let error = rt
            .finish(|s| {
                let (event, trigger) = s.event("never");
                for _ in 0..3000 {
                    s.codelet("waits").after(&event).spawn((), |_, ()| ());
                }
                // Kept by one of those who wait for it.
                s.codelet("holds")
                    .after(&event)
                    .spawn_once((), move |s, ()| s.satisfy(trigger));
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stuck);
        assert_eq!(error.stuck().len(), 3001);
    }
}

#[test]
fn a_bound_of_nothing_is_refused() {
    let error = Runtime::builder().live_codelets(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("live_codelets"));
}
