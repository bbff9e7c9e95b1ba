//! Suspended runtimes: nothing runs, nothing is lost, and misuse is told.

use sprat::{Block, CeMode, ErrorKind, Result, Runtime, Scope};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];

fn runtime(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

/// Suspends again and again while something counts codelets: it stands still meanwhile, and goes on afterwards, until `ended`.
fn stands_still(rt: &Runtime, count: &AtomicU64, ended: &AtomicBool, times: usize) {
    for at in 0..times {
        rt.suspend().unwrap();
        let (before, counts) = (count.load(Ordering::Relaxed), rt.xe_counts());
        thread::sleep(Duration::from_micros(200 * (at as u64 % 5)));
        assert_eq!(before, count.load(Ordering::Relaxed), "a codelet ran");
        let ran: Vec<_> = counts.iter().map(|xe| xe.ran).collect();
        let now: Vec<_> = rt.xe_counts().iter().map(|xe| xe.ran).collect();
        assert_eq!(ran, now);
        rt.resume().unwrap();
        let begin = Instant::now();
        while count.load(Ordering::Relaxed) == before && !ended.load(Ordering::Relaxed) {
            assert!(begin.elapsed() < Duration::from_secs(20), "nothing goes on");
            thread::yield_now();
        }
    }
}

/// Chains of codelets whose order matters, with children, for a few milliseconds.
fn program(rt: &Runtime, blocks: &[Block<u64>], count: &AtomicU64) -> Result<Vec<u64>> {
    rt.finish(|s| {
        for round in 0..30 {
            for pair in blocks.windows(2) {
                let access = (pair[0].read(), pair[1].read_write());
                s.spawn(access, move |s, (a, b)| {
                    b[0] = b[0].wrapping_mul(31).wrapping_add(a[0] ^ round);
                    s.spawn((), move |_, ()| _ = count.fetch_add(1, Ordering::Relaxed));
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
        }
        Ok(())
    })?;
    blocks.iter().map(|b| rt.read(*b, |b| b[0])).collect()
}

#[test]
fn a_scope_across_suspensions_gives_what_it_gives_without() {
    for mode in MODES {
        for xes in [1, 3] {
            let rt = &runtime(xes, mode);
            let (count, ended) = (&AtomicU64::new(0), &AtomicBool::new(false));
            let fresh = || rt.blocks::<u64>(8, 1).unwrap();
            let without = program(rt, &fresh(), count).unwrap();
            thread::scope(|threads| {
                let host = || {
                    let given: Vec<_> = (0..10).map(|_| program(rt, &fresh(), count)).collect();
                    ended.store(true, Ordering::Relaxed);
                    given
                };
                let hosts = [threads.spawn(host), threads.spawn(host)];
                stands_still(rt, count, ended, 12);
                for host in hosts {
                    for given in host.join().unwrap() {
                        assert_eq!(given.unwrap(), without, "{mode}, {xes} XEs");
                    }
                }
            });
        }
    }
}

#[test]
fn a_replay_stops_between_two_codelets() {
    for mode in MODES {
        // One codelet, whose lane nobody looks at between its rounds; and many, in long rounds.
        for (xes, codelets, rounds) in [(1, 1, 100_000), (2, 1, 100_000), (3, 400, 300)] {
            let rt = &runtime(xes, mode);
            let (count, ended) = (&AtomicU64::new(0), &AtomicBool::new(false));
            let blocks = rt.blocks::<u64>(codelets + 1, 1).unwrap();
            let graph = rt
                .record(|s| {
                    for pair in blocks.windows(2) {
                        let access = (pair[0].read(), pair[1].read_write());
                        s.spawn(access, move |_, (a, b)| {
                            b[0] = b[0].wrapping_add(a[0].wrapping_add(1));
                            count.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                    Ok(())
                })
                .unwrap();
            thread::scope(|threads| {
                let host = threads.spawn(|| {
                    let done = rt.replay(&graph, rounds);
                    ended.store(true, Ordering::Relaxed);
                    done
                });
                stands_still(rt, count, ended, 12);
                host.join().unwrap().unwrap();
            });
            assert_eq!(count.load(Ordering::Relaxed), (codelets * rounds) as u64);
            assert_eq!(rt.read(blocks[1], |b| b[0]).unwrap(), rounds as u64);
        }
    }
}

#[test]
fn a_suspended_replay_can_be_cancelled() {
    let rt = &runtime(2, CeMode::Shared);
    let count = &AtomicU64::new(0);
    let blocks = rt.blocks::<u64>(2, 1).unwrap();
    let graph = rt
        .record(|s| {
            for block in &blocks {
                s.spawn(block.read_write(), move |_, b| {
                    b[0] += 1;
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
        .unwrap();
    thread::scope(|threads| {
        let host = threads.spawn(|| rt.replay(&graph, 1 << 31));
        while count.load(Ordering::Relaxed) < 100 {
            thread::yield_now();
        }
        rt.suspend().unwrap();
        assert!(graph.canceller().cancel("enough"));
        thread::sleep(Duration::from_millis(2));
        assert!(!host.is_finished());
        rt.resume().unwrap();
        let error = host.join().unwrap().unwrap_err();
        let rounds = error.cancellation().unwrap().rounds.unwrap() as u64;
        for block in &blocks {
            assert_eq!(rt.read(*block, |b| b[0]).unwrap(), rounds);
        }
    });
}

#[test]
fn bodies_of_scopes_go_on_and_their_codelets_wait() {
    for mode in MODES {
        let rt = &runtime(2, mode);
        let (tell, told) = mpsc::channel::<()>();
        let (say, said) = mpsc::channel();
        let (ran, late) = (&AtomicBool::new(false), &AtomicBool::new(false));
        thread::scope(|threads| {
            let host = threads.spawn(move || {
                rt.finish(|s| {
                    // The body is open when the runtime is suspended.
                    say.send(()).unwrap();
                    told.recv().unwrap();
                    s.spawn((), |_, ()| ran.store(true, Ordering::Relaxed));
                    say.send(()).unwrap();
                    Ok(())
                })
            });
            said.recv().unwrap();
            rt.suspend().unwrap();
            // One that is opened while it is suspended, and a timer that fires.
            let soon = rt.after(Duration::from_millis(1));
            let other = threads.spawn(move || {
                rt.finish(|s| {
                    let body = |_: &sprat::Scope<'_>, ()| late.store(true, Ordering::Relaxed);
                    s.codelet("late").after(&soon).spawn((), body);
                    Ok(())
                })?;
                Ok::<_, sprat::Error>(late.load(Ordering::Relaxed))
            });
            tell.send(()).unwrap();
            said.recv().unwrap();
            thread::sleep(Duration::from_millis(5));
            assert!(!ran.load(Ordering::Relaxed) && !host.is_finished() && !other.is_finished());
            rt.resume().unwrap();
            host.join().unwrap().unwrap();
            assert!(ran.load(Ordering::Relaxed) && other.join().unwrap().unwrap());
        });
    }
}

#[test]
fn calls_come_in_pairs_on_any_threads() {
    let rt = &runtime(2, CeMode::Shared);
    let count = &AtomicU64::new(0);
    let run = || {
        rt.finish(|s| {
            s.spawn((), |_, ()| _ = count.fetch_add(1, Ordering::Relaxed));
            Ok(())
        })
    };
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for _ in 0..50 {
                    rt.suspend().unwrap();
                    rt.suspend().unwrap();
                    rt.resume().unwrap();
                    let before = count.load(Ordering::Relaxed);
                    thread::yield_now();
                    assert_eq!(before, count.load(Ordering::Relaxed));
                    rt.resume().unwrap();
                }
            });
        }
        let hosts = [(); 2].map(|()| threads.spawn(|| (0..50).try_for_each(|_| run())));
        for host in hosts {
            host.join().unwrap().unwrap();
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 100);
    // One thread suspends, another one resumes.
    rt.suspend().unwrap();
    thread::scope(|threads| threads.spawn(|| rt.resume().unwrap()).join().unwrap());
    run().unwrap();
}

#[test]
fn misuse_is_told() {
    let rt = &runtime(2, CeMode::Shared);
    let kind = |result: Result<()>, says: &str| {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        error.kind()
    };
    assert_eq!(
        kind(rt.resume(), "without a `suspend`"),
        ErrorKind::Suspended
    );
    rt.suspend().unwrap();
    let waits = rt.finish(|_| Ok(()));
    assert_eq!(kind(waits, "resume first"), ErrorKind::Suspended);
    let block = rt.block::<u64>(1).unwrap();
    assert_eq!(
        kind(rt.read(block, |_| ()), "resume first"),
        ErrorKind::Suspended
    );
    rt.resume().unwrap();
    assert_eq!(kind(rt.resume(), "taken back once"), ErrorKind::Suspended);
    rt.finish(|s| {
        assert_eq!(kind(rt.suspend(), "no codelet"), ErrorKind::OnEngine);
        s.spawn((), |_, ()| {
            assert_eq!(kind(rt.suspend(), "no codelet"), ErrorKind::OnEngine);
        });
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_last_handle_of_a_suspended_runtime_may_go() {
    for mode in MODES {
        let rt = runtime(2, mode);
        rt.finish(|s| {
            (0..100).for_each(|_| _ = s.spawn((), |_, ()| ()));
            Ok(())
        })
        .unwrap();
        rt.suspend().unwrap();
        rt.suspend().unwrap();
        drop(rt);
    }
}

/// Lets hosts end, also if the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn engines_beyond_the_cap_run_nothing() {
    for mode in MODES {
        for domains in [1, 3] {
            let machine = format!("package:1 region:1 cache:{domains} core:{}", 3 / domains);
            let rt = &Runtime::builder()
                .topology(sprat::Topology::synthetic(&machine).unwrap())
                .xes(3)
                .ce(mode)
                .pin(false)
                .ignore_environment()
                .build()
                .unwrap();
            let (count, ended) = (&AtomicU64::new(0), &AtomicBool::new(false));
            let fresh = || rt.blocks::<u64>(8, 1).unwrap();
            let without = program(rt, &fresh(), count).unwrap();
            thread::scope(|threads| {
                let host = || {
                    while !ended.load(Ordering::Relaxed) {
                        assert_eq!(program(rt, &fresh(), count).unwrap(), without);
                    }
                };
                let hosts = [threads.spawn(host), threads.spawn(host)];
                let ends = Ends(ended);
                for cap in [1, 2, 1, 3, 2] {
                    rt.set_xes(cap).unwrap();
                    assert_eq!(rt.open_xes(), cap);
                    let beyond = || rt.xe_counts()[cap..].iter().map(|xe| xe.ran).sum::<u64>();
                    let waits = |most: u64| {
                        let (before, begin) = (count.load(Ordering::Relaxed), Instant::now());
                        while count.load(Ordering::Relaxed) < before + most {
                            assert!(begin.elapsed() < Duration::from_secs(20), "it hangs");
                            thread::yield_now();
                        }
                    };
                    waits(50);
                    let before = beyond();
                    waits(1000);
                    // Engines that the system had stopped meanwhile end what they were about.
                    let more = beyond() - before;
                    let most = 4 * (3 - cap) as u64;
                    assert!(
                        more <= most,
                        "{mode}, {domains} domains, a cap of {cap}: {more}"
                    );
                }
                drop(ends);
                for host in hosts {
                    host.join().unwrap();
                }
            });
        }
    }
}

#[test]
fn what_only_one_engine_may_run_runs_under_every_cap() {
    for mode in MODES {
        let machine = sprat::Topology::synthetic("package:1 region:3 core:1").unwrap();
        let rt = &Runtime::builder()
            .topology(machine)
            .ce(mode)
            .pin(false)
            .ignore_environment()
            .build()
            .unwrap();
        for cap in [3, 1, 2, 1, 3] {
            rt.set_xes(cap).unwrap();
            let before = rt.xe_counts();
            rt.finish(|s| {
                for xe in 0..3 {
                    for level in [sprat::Priority::High, sprat::Priority::Normal] {
                        let one = s.codelet("pinned").on_xe(xe).priority(level);
                        one.spawn((), |s, ()| _ = s.spawn((), |_, ()| ()));
                        let one = s.codelet("regional").on_region(xe).priority(level);
                        one.spawn((), |_, ()| ());
                    }
                }
                Ok(())
            })
            .unwrap();
            let ran = rt.xe_counts();
            for xe in 0..3 {
                let ran = ran[xe].ran - before[xe].ran;
                // Children of those beyond the cap run below it. (Some are begun before the cap is known.)
                assert!(ran >= 4, "{mode}, a cap of {cap}: engine {xe} ran {ran}");
            }
        }
    }
}

#[test]
fn a_replay_goes_on_under_every_cap() {
    for mode in MODES {
        let rt = &runtime(3, mode);
        // Rounds with engines that wait for each other take long where processors are few.
        for (pinned, rounds) in [(false, 5000), (true, 50)] {
            let (count, ended) = (&AtomicU64::new(0), &AtomicBool::new(false));
            let blocks = rt.blocks::<u64>(7, 1).unwrap();
            let graph = rt
                .record(|s| {
                    for (at, pair) in blocks.windows(2).enumerate() {
                        let mut one = s.codelet("step");
                        if pinned && at % 2 == 0 {
                            one = one.on_xe(at / 2);
                        }
                        one.spawn((pair[0].read(), pair[1].read_write()), |_, (a, b)| {
                            b[0] = b[0].wrapping_mul(31).wrapping_add(a[0] + 1);
                            count.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                    Ok(())
                })
                .unwrap();
            thread::scope(|threads| {
                let host = threads.spawn(|| {
                    let done = (0..4).try_for_each(|_| rt.replay(&graph, rounds));
                    ended.store(true, Ordering::Relaxed);
                    done
                });
                for cap in (1..=3).cycle() {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    rt.set_xes(cap).unwrap();
                    if cap == 2 {
                        stands_still(rt, count, ended, 1);
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                host.join().unwrap().unwrap();
            });
            rt.set_xes(3).unwrap();
            assert_eq!(count.load(Ordering::Relaxed), 24 * rounds as u64);
        }
    }
}

#[test]
fn a_cap_that_makes_no_sense_is_refused() {
    let rt = runtime(2, CeMode::Shared);
    for wrong in [0, 3, usize::MAX] {
        let error = rt.set_xes(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("from 1 to 2 can"), "{error}");
    }
    assert_eq!(rt.open_xes(), 2);
}

/// Counts two thousand times, each in a codelet.
fn many<'s>(s: &Scope<'s>, count: &'s AtomicU64) {
    for _ in 0..2_000 {
        s.spawn((), |_, ()| _ = count.fetch_add(1, Ordering::Relaxed));
    }
}

/// Codelets of old programs wait in their bodies, and run others meanwhile.
#[test]
fn who_helps_stops_too() {
    for mode in MODES {
        let rt = &runtime(2, mode);
        let (count, ended) = (&AtomicU64::new(0), &AtomicBool::new(false));
        thread::scope(|threads| {
            let host = threads.spawn(|| {
                let done = rt.finish(|s| {
                    // In a body, in a codelet, and while there is nothing to run.
                    many(s, count);
                    s.help_until(&|| count.load(Ordering::Relaxed) == 2_000);
                    s.spawn((), move |s, ()| {
                        many(s, count);
                        s.help_until(&|| count.load(Ordering::Relaxed) == 4_000);
                        s.spawn((), move |_, ()| {
                            thread::sleep(Duration::from_millis(20));
                            count.fetch_add(1, Ordering::Relaxed);
                        });
                        s.help_until(&|| count.load(Ordering::Relaxed) == 4_001);
                    });
                    Ok(())
                });
                ended.store(true, Ordering::Relaxed);
                done
            });
            while !ended.load(Ordering::Relaxed) {
                rt.suspend().unwrap();
                let before = count.load(Ordering::Relaxed);
                thread::sleep(Duration::from_micros(300));
                assert_eq!(before, count.load(Ordering::Relaxed), "a codelet ran");
                rt.resume().unwrap();
                thread::sleep(Duration::from_micros(50));
            }
            host.join().unwrap().unwrap();
        });
        assert_eq!(count.load(Ordering::Relaxed), 4_001);
    }
}

#[test]
fn one_resume_too_many_in_a_codelet_is_told_at_once() {
    let rt = &runtime(2, CeMode::Shared);
    let begun = &AtomicBool::new(false);
    thread::scope(|threads| {
        let host = threads.spawn(move || {
            rt.finish(|s| {
                s.spawn((), move |_, ()| {
                    begun.store(true, Ordering::Relaxed);
                    // Time for the other thread, which waits for this codelet.
                    thread::sleep(Duration::from_millis(20));
                    let error = rt.resume().unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Suspended);
                });
                Ok(())
            })
        });
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        rt.suspend().unwrap();
        rt.resume().unwrap();
        host.join().unwrap().unwrap();
    });
}
