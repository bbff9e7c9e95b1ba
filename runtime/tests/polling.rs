//! Events that come when a polled function says so.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, Error, ErrorKind, Runtime};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
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
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(work()));
    told.recv_timeout(limit).expect("it comes at last")
}

const LONG: Duration = Duration::from_secs(120);

/// All modes, with one engine and with three.
fn everywhere(work: impl Fn(Runtime) + Send + Copy + 'static) {
    for mode in MODES {
        for xes in [1, 3] {
            within(LONG, move || work(of_mode(xes, mode)));
        }
    }
}

fn load(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::SeqCst)
}

/// A function that counts its calls, and says yes at the last of so many.
fn at_call(last: usize) -> (Arc<AtomicUsize>, impl FnMut() -> sprat::Result<bool> + Send) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let function = move || Ok(count.fetch_add(1, Ordering::SeqCst) + 1 == last);
    (calls, function)
}

#[test]
fn it_comes_when_the_function_says_so_which_is_then_gone_and_called_no_more() {
    everywhere(|rt| {
        let (calls, function) = at_call(20);
        let ran = AtomicUsize::new(0);
        let (ran_here, calls_here) = (&ran, calls.clone());
        rt.finish(|s| {
            let come = s.poll_event("twentieth call", function);
            for _ in 0..3 {
                let calls = calls_here.clone();
                s.codelet("after it").after(&come).spawn((), move |_, ()| {
                    assert_eq!(load(&calls), 20);
                    ran_here.fetch_add(1, Ordering::SeqCst);
                });
            }
            Ok(())
        })
        .unwrap();
        drop(calls_here);
        assert_eq!(load(&ran), 3);
        // Others are asked, and it is not.
        let (_, function) = at_call(5);
        let come = rt.poll_event("fifth call", function);
        rt.finish(|s| {
            s.codelet("after it").after(&come).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        assert_eq!((load(&calls), Arc::strong_count(&calls)), (20, 1));
    });
}

#[test]
fn what_the_function_owns_is_gone_when_those_run_that_wait() {
    everywhere(|rt| {
        let thing = Arc::new(());
        let owned = thing.clone();
        rt.finish(|s| {
            let come = s.poll_event("at once", move || Ok(Arc::strong_count(&owned) > 0));
            s.codelet("look").after(&come).spawn((), move |_, ()| {
                assert_eq!(Arc::strong_count(&thing), 1);
            });
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn errors_and_panics_poison_it_and_the_scope_tells_why() {
    everywhere(|rt| {
        let fails = |panics: bool| {
            let error = rt
                .finish(|s| {
                    let never = s.poll_event("request 7", move || {
                        assert!(!panics, "the function is broken");
                        Err(Error::msg("the other rank is gone"))
                    });
                    s.codelet("unpack")
                        .after(&never)
                        .spawn((), |_, ()| panic!("it ran"));
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.failure().unwrap().kind, ErrorKind::Event, "{error}");
            error.to_string()
        };
        let said = fails(false);
        assert!(said.contains("event `request 7`"), "{said}");
        assert!(said.contains("polling.rs"), "{said}");
        assert!(said.contains("the other rank is gone"), "{said}");
        let said = fails(true);
        assert!(said.contains("panicked: the function is broken"), "{said}");
    });
}

/// Control engines may stall: then others ask.
#[test]
fn it_comes_though_control_engines_are_silent() {
    everywhere(|rt| {
        rt.pause_control(true);
        for round in 1..5 {
            rt.finish(|s| {
                let (_, function) = at_call(round * 5);
                let come = s.poll_event("one", function);
                s.codelet("outer").after(&come).spawn((), move |s, ()| {
                    let (_, function) = at_call(round);
                    let come = s.poll_event("another", function);
                    s.codelet("inner").after(&come).spawn((), |_, ()| ());
                });
                Ok(())
            })
            .unwrap();
        }
        rt.pause_control(false);
    });
}

/// The engine waits in a body until the function was called: a control engine's thread must do it.
#[test]
fn functions_are_asked_while_all_engines_work() {
    for mode in [CeMode::Shared, CeMode::Dedicated] {
        within(LONG, move || {
            let rt = of_mode(1, mode);
            let (calls, function) = at_call(3);
            let come = rt.poll_event("third call", function);
            rt.finish(|s| {
                s.spawn((), move |_, ()| {
                    while load(&calls) < 3 {
                        std::thread::yield_now();
                    }
                });
                s.codelet("after it").after(&come).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap();
        });
    }
}

/// Waiting long costs few calls, and what comes then is noticed.
#[test]
fn the_pace_slows_down_while_nothing_comes() {
    within(LONG, || {
        let rt = of_mode(2, CeMode::Shared);
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        let begin = Instant::now();
        let wait = Duration::from_millis(100);
        // Where nobody runs for long there are few: so it comes after ten at the earliest.
        let come = rt.poll_event("a tenth of a second", move || {
            let calls = count.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(begin.elapsed() >= wait && calls >= 10)
        });
        rt.finish(|s| {
            s.codelet("after it").after(&come).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        let waited = begin.elapsed();
        assert!(waited >= wait);
        // One a millisecond, and about seventy until it is so slow.
        let most = 200 + waited.as_millis() as usize;
        assert!(load(&calls) < most, "{} calls", load(&calls));
    });
}

#[test]
fn a_thousand_from_codelets_all_come_and_one_function_runs_at_a_time() {
    everywhere(|rt| {
        let (came, inside) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(false)));
        let came_here = &came;
        rt.finish(|s| {
            for n in 0..100 {
                let inside = inside.clone();
                s.spawn((), move |s, ()| {
                    for m in 0..10 {
                        let inside = inside.clone();
                        let mut left = (n * 7 + m * 3) % 11;
                        let come = s.poll_event("one of many", move || {
                            assert!(!inside.swap(true, Ordering::SeqCst));
                            left -= 1;
                            inside.store(false, Ordering::SeqCst);
                            Ok(left <= 0)
                        });
                        s.codelet("after it").after(&come).spawn((), move |_, ()| {
                            came_here.fetch_add(1, Ordering::SeqCst);
                        });
                    }
                });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(load(&came), 1000);
    });
}

#[test]
fn a_scope_waits_for_it_but_is_stuck_when_it_has_come_and_nothing_else_can() {
    everywhere(|rt| {
        let mut kept = None;
        let error = rt
            .finish(|s| {
                let (_, function) = at_call(10);
                let come = s.poll_event("tenth call", function);
                let (never, trigger) = s.event("never");
                kept = Some(trigger);
                s.codelet("both")
                    .after(&come)
                    .after(&never)
                    .spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stuck);
        let said = error.to_string();
        assert!(
            said.contains("never") && !said.contains("tenth call"),
            "{said}"
        );
    });
}

#[test]
fn a_cancelled_scope_ends_without_it_and_the_function_is_asked_on() {
    everywhere(|rt| {
        let (calls, function) = at_call(usize::MAX);
        let come = rt.poll_event("never", function);
        let error = rt
            .finish_within(Duration::from_millis(5), |s| {
                s.codelet("after it").after(&come).spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        let so_far = load(&calls);
        while load(&calls) == so_far {
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_runtime_that_ends_drops_functions_and_calls_them_no_more() {
    everywhere(|rt| {
        let (calls, function) = at_call(usize::MAX);
        let come = rt.poll_event("never", function);
        while load(&calls) < 3 {
            std::thread::yield_now();
        }
        let added = Arc::new(());
        let owned = added.clone();
        let last = rt.poll_event("never asked, perhaps", move || {
            Ok(Arc::strong_count(&owned) == 0)
        });
        drop(rt);
        let so_far = load(&calls);
        assert_eq!(
            (Arc::strong_count(&calls), Arc::strong_count(&added)),
            (1, 1)
        );
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(load(&calls), so_far);
        drop((come, last));
    });
}

/// A function that waits for a scope could wait for itself.
#[test]
fn a_function_that_waits_is_refused() {
    everywhere(|rt| {
        let (tell, told) = mpsc::channel();
        let own = rt.clone();
        let come = rt.poll_event("waits", move || {
            tell.send(own.finish(|_| Ok(())).unwrap_err().kind())
                .unwrap();
            Ok(true)
        });
        rt.finish(|s| {
            s.codelet("after it").after(&come).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        assert_eq!(told.recv().unwrap(), ErrorKind::OnEngine);
    });
}

/// The last handle goes with a function, on one of the runtime's own threads, which cannot wait for itself.
#[test]
fn a_function_may_drop_the_last_handle() {
    everywhere(|rt| {
        let (tell, told) = mpsc::channel::<()>();
        let mut own = Some(rt.clone());
        let go = Arc::new(AtomicBool::new(false));
        let gone = go.clone();
        let come = rt.poll_event("drops the runtime", move || {
            let going = gone.load(Ordering::SeqCst);
            if going {
                drop(own.take());
                tell.send(()).unwrap();
            }
            Ok(going)
        });
        drop((rt, come));
        go.store(true, Ordering::SeqCst);
        assert!(told.recv().is_ok(), "the drop has ended well");
        // The function has gone when nobody can tell any more.
        assert!(told.recv().is_err());
    });
}
