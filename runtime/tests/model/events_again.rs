//! Events' cells are used again: no handle and no trigger of an old event touches a later one.

use super::runtime;
use sprat::{Event, Trigger};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

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

/// Handles of events whose cells could be used again, and triggers that go by all ways.
#[test]
fn events_are_not_mistaken_for_later_ones() {
    for xes in [1, 2, 3] {
        within(120, move || {
            let rt = runtime(xes);
            let (send, receive) = mpsc::channel::<(Trigger, bool)>();
            let outside = std::thread::spawn(move || {
                for (trigger, satisfy) in receive {
                    if satisfy {
                        trigger.satisfy();
                    } else {
                        drop(trigger);
                    }
                }
            });
            // Kept: the event, and whether it came well.
            let old: Mutex<Vec<(Event, bool)>> = Mutex::new(Vec::new());
            let (ran, expect) = (AtomicU64::new(0), AtomicU64::new(0));
            for round in 0..40u64 {
                let out = rt.finish(|s| {
                    for n in 0..60u64 {
                        let (old, ran, expect) = (&old, &ran, &expect);
                        let send = send.clone();
                        let rt = rt.clone();
                        s.spawn_once((), move |s, ()| {
                            let way = (round * 7 + n * 13 + n / 5) % 6;
                            let (event, trigger) = match way {
                                4 | 5 => rt.event("outer"),
                                _ => s.event("inner"),
                            };
                            let done = Arc::new(AtomicBool::new(false));
                            let well = way != 1 && way != 5;
                            for _ in 0..(n % 3) {
                                let done = done.clone();
                                if well {
                                    expect.fetch_add(1, Ordering::Relaxed);
                                }
                                s.codelet("waits")
                                    .after(&event)
                                    .spawn_once((), move |_, ()| {
                                        assert!(done.load(Ordering::Relaxed), "too early");
                                        ran.fetch_add(1, Ordering::Relaxed);
                                    });
                            }
                            if n % 4 == 0 {
                                old.lock().unwrap().push((event.clone(), well));
                            }
                            let late = n % 7 == 0;
                            let held = late.then(|| event.clone());
                            drop(event);
                            done.store(true, Ordering::Relaxed);
                            match way {
                                0 | 2 => s.satisfy(trigger),
                                1 => drop(trigger),
                                3 => {
                                    s.spawn_once((), move |s, ()| s.satisfy(trigger));
                                }
                                4 => send.send((trigger, true)).unwrap(),
                                _ => send.send((trigger, false)).unwrap(),
                            }
                            // New ones, which may get its cell.
                            for _ in 0..3 {
                                let (event, trigger) = s.event("next");
                                let done = Arc::new(AtomicBool::new(false));
                                expect.fetch_add(1, Ordering::Relaxed);
                                let seen = done.clone();
                                s.codelet("next")
                                    .after(&event)
                                    .spawn_once((), move |_, ()| {
                                        assert!(seen.load(Ordering::Relaxed), "too early");
                                        ran.fetch_add(1, Ordering::Relaxed);
                                    });
                                if let Some(held) = &held {
                                    if well {
                                        expect.fetch_add(1, Ordering::Relaxed);
                                    }
                                    s.codelet("old").after(held).spawn_once((), move |_, ()| {
                                        ran.fetch_add(1, Ordering::Relaxed);
                                    });
                                }
                                s.spawn_once((), move |s, ()| {
                                    done.store(true, Ordering::Relaxed);
                                    s.satisfy(trigger);
                                });
                            }
                        });
                    }
                    Ok(())
                });
                // Those that wait for an unsatisfied one are skipped, which is an error.
                drop(out);
                // All that were kept have fired by now, as they did.
                let old = std::mem::take(&mut *old.lock().unwrap());
                for (event, well) in old {
                    let came = AtomicBool::new(false);
                    let out = rt.finish(|s| {
                        s.codelet("late").after(&event).spawn_once((), |_, ()| {
                            came.store(true, Ordering::Relaxed);
                        });
                        Ok(())
                    });
                    assert_eq!(out.is_ok(), well);
                    assert_eq!(came.load(Ordering::Relaxed), well);
                }
                assert_eq!(
                    ran.load(Ordering::Relaxed),
                    expect.load(Ordering::Relaxed),
                    "round {round}"
                );
            }
            drop(send);
            outside.join().unwrap();
        });
    }
}

/// Triggers that outlive their runtime, or are satisfied by codelets of another one.
#[test]
fn events_of_other_runtimes_are_not_kept_as_ones_own() {
    within(120, || {
        let rt = runtime(2);
        for _ in 0..20 {
            let other = runtime(1);
            let from_scope = Mutex::new(None);
            other
                .finish(|s| {
                    *from_scope.lock().unwrap() = Some(s.event("gone"));
                    Ok(())
                })
                .unwrap();
            let (gone, trigger) = from_scope.into_inner().unwrap().unwrap();
            let (waited, wakes) = other.event("waited for");
            let ran = AtomicU64::new(0);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    let ran = &ran;
                    other.finish(|s| {
                        s.codelet("waits").after(&waited).spawn((), move |_, ()| {
                            ran.fetch_add(1, Ordering::Relaxed);
                        });
                        Ok(())
                    })
                });
                rt.finish(|s| {
                    s.spawn_once((), move |s, ()| s.satisfy(wakes));
                    Ok(())
                })
                .unwrap();
            });
            assert_eq!(ran.load(Ordering::Relaxed), 1);
            drop((other, waited));
            let error = rt
                .finish(|s| {
                    s.spawn_once((), move |s, ()| {
                        s.satisfy(trigger);
                        let (own, trigger) = s.event("own");
                        s.codelet("own").after(&own).spawn((), |_, ()| ());
                        s.satisfy(trigger);
                    });
                    s.codelet("foreign").after(&gone).spawn((), |_, ()| ());
                    Ok(())
                })
                .unwrap_err();
            assert!(error.to_string().contains("another runtime"), "{error}");
        }
    });
}
