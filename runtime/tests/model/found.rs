//! Bugs that were found by reading and by the oracle, each as small as it gets, so that they stay mended.

use super::runtime;
use sprat::{Block, ErrorKind, Event};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Fails instead of hanging (the thread that hangs is left behind).
fn within(seconds: u64, test: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match ended.recv_timeout(Duration::from_secs(seconds)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

fn wait_for(flag: &AtomicBool) {
    while !flag.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    // What set the flag ends a little later.
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn a_runtime_works_on_after_the_body_of_finish_panicked() {
    within(120, || {
        let rt = runtime(1);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = rt.finish(|_| -> sprat::Result<()> { panic!("the body's") });
        }));
        assert!(panic.is_err());
        rt.finish(|s| {
            s.spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn the_end_of_a_failed_codelet_stays_failed_when_its_scope_has_ended() {
    within(120, || {
        let rt = runtime(2);
        let ended = AtomicBool::new(false);
        let ended = &ended;
        let error = rt
            .finish(|s| {
                let mut end: Option<Event> = None;
                let scope = s.scope(|s| {
                    let failed = s.spawn((), |_, ()| -> sprat::Result<()> {
                        Err(sprat::Error::msg("no"))
                    });
                    end = Some(failed.event());
                });
                s.codelet("mark").after(&scope).spawn((), move |_, ()| {
                    ended.store(true, Ordering::Release);
                });
                wait_for(ended);
                // The same program without the waiting skips this one.
                s.codelet("after")
                    .after(&end.unwrap())
                    .spawn((), |_, ()| ());
                Ok(())
            })
            .unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
    });
}

#[test]
fn a_child_without_a_value_can_be_returned_after_its_end() {
    within(120, || {
        let rt = runtime(2);
        let ended = AtomicBool::new(false);
        let ended = &ended;
        rt.finish(|s| {
            s.spawn((), move |s, ()| {
                let child = s.spawn((), move |_, ()| ended.store(true, Ordering::Release));
                wait_for(ended);
                child.value()
            });
            // Keeps the host busy, so that the parent runs on the other engine or here; somebody is free for the child.
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_block_destroyed_by_its_maker_leaves_the_makers_list() {
    within(120, || {
        let rt = runtime(1);
        rt.finish(|s| {
            s.codelet("maker").spawn((), |s, ()| {
                let x: Block<u64> = s.block(1)?;
                let gone = s.destroy(x);
                s.codelet("next maker")
                    .after(&gone.event())
                    .spawn((), |s, ()| {
                        let y: Block<u64> = s.block(1)?;
                        s.spawn(y.write(), |_, y| y[0] = 1);
                        Ok(())
                    });
                Ok(())
            });
            Ok(())
        })
        .unwrap();
    });
}

#[test]
fn a_child_that_destroys_its_parents_block_harms_nobody() {
    within(120, || {
        let rt = runtime(1);
        let b = rt.block::<u64>(1).unwrap();
        let error = rt
            .finish(|s| {
                s.codelet("parent").spawn(b.read_write(), move |s, _| {
                    s.destroy(b);
                });
                s.codelet("next").spawn(b.read_write(), |_, b| b[0] = 3);
                Ok(())
            })
            .unwrap_err();
        // Either the child is refused, or the next one is: nobody waits for ever, nobody sees recycled memory.
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    });
}

#[test]
fn what_a_refused_codelet_was_to_write_is_poisoned() {
    let rt = runtime(1);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let error = rt
        .finish(|s| {
            s.spawn((a.write(), b.read(), b.write()), |_, _| ());
            s.codelet("reader").spawn(a.read(), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
}

/// What the calling thread has used of processors: what others use of them meanwhile does not count.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes there.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn many_accesses_are_checked_in_time_that_grows_as_they_do() {
    const FEW: usize = 4_000;
    const TIMES: usize = 5;
    let rt = runtime(1);
    let blocks = rt.blocks::<u64>(TIMES * FEW, 1).unwrap();
    let least = |count: usize| {
        let run = |_| {
            rt.finish(|s| {
                let list: Vec<_> = blocks[..count].iter().map(|b| b.read()).collect();
                let begin = processor_time();
                s.spawn(list, move |_, all| assert_eq!(all.len(), count));
                Ok(processor_time() - begin)
            })
            .unwrap()
        };
        (0..5).map(run).min().unwrap()
    };
    let (few, many) = (least(FEW), least(TIMES * FEW));
    // Looking at each for each other one would take 25 times as long.
    assert!(
        many < few * 14,
        "{few:?}, and for {TIMES} times as many {many:?}"
    );
}

#[test]
fn the_failure_named_is_right_after_very_many_failures() {
    let rt = runtime(1);
    let _ = rt.finish(|s| {
        for _ in 0..70_000 {
            s.codelet("old").spawn((), |_, ()| -> sprat::Result<()> {
                Err(sprat::Error::msg("old"))
            });
        }
        Ok(())
    });
    let error = rt
        .finish(|s| {
            s.codelet("new").spawn((), |_, ()| -> sprat::Result<()> {
                Err(sprat::Error::msg("new"))
            });
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.failure().unwrap().codelet, "new");
}

#[test]
fn hosts_that_are_stuck_together_are_both_told() {
    for xes in [1, 2] {
        within(120, move || {
            let rt = runtime(xes);
            let stuck = || {
                for _ in 0..50 {
                    let error = rt
                        .finish(|s| {
                            let (event, trigger) = s.event("own");
                            s.codelet("waits for itself")
                                .after(&event)
                                .spawn_once((), move |s, ()| s.satisfy(trigger));
                            Ok(())
                        })
                        .unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
                }
            };
            std::thread::scope(|threads| {
                threads.spawn(stuck);
                threads.spawn(stuck);
            });
        });
    }
}

#[test]
fn a_circle_through_the_at_ready_door_is_told() {
    for hosts in [1, 2] {
        within(120, move || {
            let rt = runtime(1);
            let stuck = || {
                for _ in 0..20 {
                    let b = rt.block::<u64>(1).unwrap();
                    let error = rt
                        .finish(|s| {
                            let (event, trigger) = s.event("late");
                            let door = (s.codelet("door").after(&event).at_ready())
                                .spawn(b.read_write(), |_, _| ());
                            let next = s.codelet("next").after(&door.event()).spawn((), |_, ()| ());
                            s.codelet("holder")
                                .after(&next.event())
                                .spawn(b.read_write(), |_, _| ());
                            s.satisfy(trigger);
                            Ok(())
                        })
                        .unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
                    assert_eq!(error.stuck().len(), 3, "{error}");
                }
            };
            std::thread::scope(|threads| {
                for _ in 0..hosts {
                    threads.spawn(stuck);
                }
            });
        });
    }
}

#[test]
fn a_refused_codelet_that_waits_for_another_thread_is_hope_for_those_behind_it() {
    within(120, || {
        let rt = runtime(1);
        let b = rt.block::<u64>(1).unwrap();
        let (event, trigger) = rt.event("outside");
        std::thread::scope(|threads| {
            threads.spawn(|| {
                std::thread::sleep(Duration::from_millis(200));
                trigger.satisfy();
            });
            let error = rt
                .finish(|s| {
                    s.codelet("refused")
                        .after(&event)
                        .on_xe(99)
                        .spawn(b.read_write(), |_, _| ());
                    s.codelet("behind it").spawn(b.read(), |_, _| ());
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
            assert_eq!(error.failure().unwrap().skipped, 1, "{error}");
        });
    });
}

#[test]
fn a_codelet_that_names_a_block_whose_destruction_waits_and_an_event_is_refused() {
    let rt = runtime(1);
    let b = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            let first = s.spawn(b.write(), |_, _| ());
            s.destroy(b);
            s.codelet("late")
                .after(&first.event())
                .spawn(b.read(), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.failure().unwrap().codelet, "late", "{error}");
}

#[test]
fn a_block_that_is_gone_at_the_at_ready_door_is_one_failure() {
    let rt = runtime(1);
    let b = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            let first = s.spawn(b.write(), |_, _| ());
            s.destroy(b);
            s.codelet("late")
                .after(&first.event())
                .at_ready()
                .spawn(b.read(), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 0), "{error}");
}
