//! Engines and hosts: who runs what where, what is left when things go wrong, and that nothing is left running.

use sprat::{Block, CeMode, Error, ErrorKind, Result, Runtime, Topology, topology};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];

fn runtime(xes: usize) -> Runtime {
    of_mode(xes, CeMode::Shared)
}

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

/// Panics of codelets that belong to the tests are not printed.
fn be_quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<&str>();
            if !text.is_some_and(|text| text.starts_with("on purpose")) {
                usual(info);
            }
        }));
    });
}

/// Adds one to each block `rounds` times, in an order that matters.
fn work(rt: &Runtime, blocks: &[Block<u64>], rounds: u64) -> Result<()> {
    rt.finish(|s| {
        for round in 0..rounds {
            for pair in blocks.windows(2) {
                s.spawn((pair[0].read(), pair[1].read_write()), move |_, (a, b)| {
                    b[0] = b[0].wrapping_mul(31).wrapping_add(a[0] ^ round);
                });
            }
        }
        Ok(())
    })
}

fn worked(blocks: usize, rounds: u64) -> Vec<u64> {
    let mut words = vec![0u64; blocks];
    for round in 0..rounds {
        for at in 1..blocks {
            words[at] = words[at]
                .wrapping_mul(31)
                .wrapping_add(words[at - 1] ^ round);
        }
    }
    words
}

fn contents(rt: &Runtime, blocks: &[Block<u64>]) -> Vec<u64> {
    blocks
        .iter()
        .map(|b| rt.read(*b, |b| b[0]).unwrap())
        .collect()
}

#[test]
fn several_runtimes_live_side_by_side() {
    let all: Vec<Runtime> = MODES.iter().map(|mode| of_mode(2, *mode)).collect();
    let blocks: Vec<_> = all.iter().map(|rt| rt.blocks(8, 1).unwrap()).collect();
    for _ in 0..5 {
        for (rt, blocks) in all.iter().zip(&blocks) {
            work(rt, blocks, 4).unwrap();
        }
    }
    let expected = contents(&all[0], &blocks[0]);
    for (rt, blocks) in all.iter().zip(&blocks) {
        assert_eq!(contents(rt, blocks), expected);
    }
    // One works for another: a codelet may wait for a runtime that is not its own.
    let (first, second) = (&all[0], &all[1]);
    let theirs = &blocks[1];
    first
        .finish(|s| {
            s.spawn((), move |_, ()| work(second, theirs, 3));
            Ok(())
        })
        .unwrap();
}

#[test]
fn many_hosts_share_few_engines() {
    for mode in MODES {
        for (hosts, xes) in [(2, 2), (4, 2), (2, 1), (4, 1), (3, 8)] {
            let rt = &of_mode(xes, mode);
            let common = rt.block::<u64>(1).unwrap();
            std::thread::scope(|threads| {
                for _ in 0..hosts {
                    threads.spawn(move || {
                        let own: Vec<Block<u64>> = rt.blocks(6, 1).unwrap();
                        for _ in 0..20 {
                            work(rt, &own, 2).unwrap();
                            rt.write(common, |c| c[0] += 1).unwrap();
                        }
                        let other = runtime(1);
                        let same: Vec<Block<u64>> = other.blocks(6, 1).unwrap();
                        (0..20).for_each(|_| work(&other, &same, 2).unwrap());
                        assert_eq!(contents(rt, &own), contents(&other, &same));
                    });
                }
            });
            let count = rt.read(common, |c| c[0]).unwrap();
            assert_eq!(count, 20 * hosts, "{hosts} hosts on {xes} XEs, {mode}");
        }
    }
}

#[test]
fn scopes_nest_deeply() {
    let rt = runtime(2);
    let log = &Mutex::new(Vec::new());
    fn nest<'s>(s: &sprat::Scope<'s>, depth: u32, log: &'s Mutex<Vec<u32>>) {
        if depth > 200 {
            return;
        }
        let inside = s.scope(|s| nest(s, depth + 1, log));
        s.codelet("after the inside")
            .after(&inside)
            .spawn((), move |_, ()| log.lock().unwrap().push(depth));
    }
    rt.finish(|s| {
        nest(s, 0, log);
        Ok(())
    })
    .unwrap();
    let expected: Vec<u32> = (0..=200).rev().collect();
    assert_eq!(*log.lock().unwrap(), expected);
}

#[test]
fn a_host_gets_its_affinity_back() {
    be_quiet();
    let before = topology::affinity().unwrap();
    let rt = Runtime::builder().ignore_environment().build().unwrap();
    for _ in 0..3 {
        rt.finish(|s| {
            s.spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
        assert_eq!(topology::affinity().unwrap(), before);
        let _ = rt.finish(|_| -> Result<()> { Err(Error::msg("no")) });
        assert_eq!(topology::affinity().unwrap(), before);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _ = rt.finish(|_| -> Result<()> { panic!("on purpose: the body") });
        }));
        assert!(panic.is_err());
        assert_eq!(topology::affinity().unwrap(), before);
    }
}

/// A scope of one runtime in the body of one of another: who sat down last goes back first, however late each was bound.
#[test]
fn a_host_in_two_seats_gets_its_affinity_back() {
    be_quiet();
    let before = topology::affinity().unwrap();
    let build = || Runtime::builder().ignore_environment();
    let (outer, inner) = (build().build().unwrap(), build().xes(1).build().unwrap());
    // Begun on each processor: on one of them the inner runtime's only seat is another one's.
    for cpu in before.iter().flat_map(|cpu| [cpu; 3]) {
        topology::set_affinity(&[cpu].into_iter().collect()).unwrap();
        topology::set_affinity(&before).unwrap();
        outer
            .finish(|first| {
                inner.finish(|second| {
                    std::thread::sleep(Duration::from_millis(1));
                    for _ in 0..40_000 {
                        first.spawn((), |_, ()| ());
                        second.spawn((), |_, ()| ());
                    }
                    Ok(())
                })
            })
            .unwrap();
        assert_eq!(topology::affinity().unwrap(), before);
    }
}

#[test]
fn a_host_that_stays_for_long_is_bound_to_its_processor() {
    be_quiet();
    let before = topology::affinity().unwrap();
    let rt = Runtime::builder()
        .xes(1)
        .ignore_environment()
        .build()
        .unwrap();
    let (seen, host) = (&Mutex::new(Vec::new()), std::thread::current().id());
    rt.finish(|s| {
        for _ in 0..3 {
            s.spawn((), move |_, ()| {
                let begin = Instant::now();
                let here = (std::thread::current().id(), topology::affinity().unwrap());
                seen.lock().unwrap().push(here);
                // In one run of codelets: between two of them, too, it is looked whether it is time.
                while begin.elapsed() < Duration::from_millis(1) {
                    std::hint::spin_loop();
                }
            });
        }
        Ok(())
    })
    .unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|(thread, _)| *thread == host));
    assert!(seen[1..].iter().all(|(_, cpus)| cpus.len() == 1));
    assert_eq!(topology::affinity().unwrap(), before);
}

#[test]
fn panics_of_codelets_are_counted_and_the_runtime_works_on() {
    be_quiet();
    for mode in MODES {
        let rt = of_mode(3, mode);
        let blocks: Vec<Block<u64>> = rt.blocks(8, 1).unwrap();
        for round in 1..=5 {
            let error = rt
                .finish(|s| {
                    for _ in 0..100 {
                        s.codelet("panics").spawn((), |_, ()| panic!("on purpose"));
                    }
                    Ok(())
                })
                .unwrap_err();
            let failure = error.failure().unwrap();
            assert_eq!((failure.failed, failure.panicked), (100, true));
            assert!(error.to_string().contains("`panics`") && failure.cause == "on purpose");
            work(&rt, &blocks, 1).unwrap();
            assert_eq!(
                rt.xe_counts().iter().map(|c| c.ran).sum::<u64>(),
                round * 107
            );
        }
    }
}

#[test]
fn a_panic_of_the_body_comes_after_all_has_ended() {
    be_quiet();
    for mode in MODES {
        // With and without a seat for the host.
        for hosts in [1, 2] {
            let rt = &of_mode(1, mode);
            let gate = &std::sync::Barrier::new(hosts);
            std::thread::scope(|threads| {
                for _ in 0..hosts {
                    threads.spawn(move || {
                        let ended = &AtomicU64::new(0);
                        let panic = catch_unwind(AssertUnwindSafe(|| {
                            rt.finish(|s| -> Result<()> {
                                gate.wait();
                                for _ in 0..50 {
                                    s.spawn((), |s, ()| {
                                        s.spawn((), |_, ()| {
                                            ended.fetch_add(1, Ordering::Relaxed);
                                        });
                                    });
                                }
                                panic!("on purpose: the body of finish")
                            })
                        }));
                        let text = panic.unwrap_err().downcast::<&str>().unwrap();
                        assert!(text.contains("the body of finish"));
                        assert_eq!(ended.load(Ordering::Relaxed), 50);
                        // The thread may come in again.
                        rt.finish(|_| Ok(())).unwrap();
                    });
                }
            });
        }
    }
}

/// What each of this process's threads has used of processors, in nanoseconds, with its name.
fn used() -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of_task = |task: std::io::Result<std::fs::DirEntry>| {
        let read = |name| std::fs::read_to_string(task.as_ref().ok()?.path().join(name)).ok();
        let used = read("schedstat")?.split(' ').next()?.parse().ok()?;
        Some((read("comm")?.trim().to_owned(), used))
    };
    tasks.filter_map(of_task).collect()
}

/// Not a test by itself: what a child process does for the one below, where no other test runs beside it.
#[test]
#[ignore = "run by `idle_means_parked`"]
fn idle_child() {
    if std::env::var_os("SPRAT_TEST_CHILD").is_none() {
        return;
    }
    // All idle side by side, and all together use less than one may.
    let all = MODES
        .iter()
        .flat_map(|mode| [1, 2, 8].map(|xes| of_mode(xes, *mode)));
    let all: Vec<Runtime> = all.collect();
    for rt in &all {
        let blocks: Vec<Block<u64>> = rt.blocks(8, 1).unwrap();
        work(rt, &blocks, 10).unwrap();
    }
    // Where others take the processors, engines may not even have come to lie down: so there are some windows.
    let quiet = (0..20).any(|_| {
        let sum = |used: &[(String, u64)]| used.iter().map(|one| one.1).sum::<u64>();
        let before = used();
        std::thread::sleep(Duration::from_millis(300));
        let after = used();
        let idle = sum(&after) - sum(&before);
        println!("child: {idle} ns in 300 ms");
        if idle >= 5_000_000 {
            println!("before: {before:?}\nafter: {after:?}");
        }
        idle < 5_000_000
    });
    assert!(quiet, "they are never idle");
}

#[test]
fn idle_means_parked() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "idle_child", "--ignored", "--nocapture"]);
    let out = command.env("SPRAT_TEST_CHILD", "1").output().unwrap();
    let text =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    println!("{text}");
    assert!(out.status.success() && text.contains("child: "), "{text}");
}

#[test]
fn results_complete_while_control_engines_are_paused() {
    std::thread::scope(|threads| {
        for mode in MODES {
            for xes in [1, 2, 3] {
                threads.spawn(move || {
                    let rt = of_mode(xes, mode);
                    let blocks: Vec<Block<u64>> = rt.blocks(8, 1).unwrap();
                    rt.pause_control(true);
                    let begin = Instant::now();
                    let mut rounds = 0;
                    while begin.elapsed() < Duration::from_secs(1) || rounds < 3 {
                        let (event, trigger) = rt.event("outside");
                        let late = blocks[0];
                        std::thread::scope(|threads| {
                            threads.spawn(|| {
                                std::thread::sleep(Duration::from_millis(1));
                                trigger.satisfy();
                            });
                            rt.finish(|s| {
                                s.codelet("late")
                                    .after(&event)
                                    .spawn(late.read(), |_, b| assert_eq!(b[0], 0));
                                Ok(())
                            })
                        })
                        .unwrap();
                        work(&rt, &blocks, 1).unwrap();
                        rounds += 1;
                    }
                    rt.pause_control(false);
                    let mut words = vec![0u64; 8];
                    for _ in 0..rounds {
                        for at in 1..8 {
                            words[at] = words[at].wrapping_mul(31).wrapping_add(words[at - 1]);
                        }
                    }
                    assert_eq!(contents(&rt, &blocks), words, "{xes} XEs, {mode}");
                });
            }
        }
    });
}

#[test]
fn codelets_run_where_they_must() {
    for mode in MODES {
        let rt = of_mode(4, mode);
        let host = std::thread::current().id();
        // Which engines ran on which thread: an engine's own, or the host in its seat.
        let strays = &Mutex::new(Vec::new());
        let by_host = &Mutex::new(std::collections::BTreeSet::new());
        for _ in 0..20 {
            by_host.lock().unwrap().clear();
            rt.finish(|s| {
                for turn in 0..40 {
                    let xe = turn % 4;
                    s.codelet("somewhere").on_xe(xe).spawn((), move |s, ()| {
                        let check = move || {
                            let here = std::thread::current();
                            let name = here.name().unwrap_or("").to_owned();
                            if here.id() == host {
                                by_host.lock().unwrap().insert(xe);
                            } else if name != format!("sprat-xe{xe}") {
                                strays.lock().unwrap().push((xe, name));
                            }
                        };
                        check();
                        s.codelet("child").on_xe(xe).spawn((), move |_, ()| check());
                    });
                    s.codelet("region").on_region(0).spawn((), move |_, ()| {
                        let here = std::thread::current();
                        let engine = here.name().is_some_and(|n| n.starts_with("sprat-xe"));
                        if !engine && here.id() != host {
                            strays
                                .lock()
                                .unwrap()
                                .push((99, format!("{:?}", here.name())));
                        }
                    });
                }
                Ok(())
            })
            .unwrap();
            // The host sits in one seat while it is in.
            assert!(by_host.lock().unwrap().len() <= 1);
        }
        assert_eq!(*strays.lock().unwrap(), [], "{mode}");
    }
}

#[test]
fn very_many_codelets_can_be_ready() {
    let count = if cfg!(debug_assertions) {
        300_000
    } else {
        10_000_000
    };
    let rt = runtime(2);
    let ran = &AtomicU64::new(0);
    let begin = Instant::now();
    rt.finish(|s| {
        let (event, trigger) = s.event("go");
        // They wait for one event, so all are there before the first runs, and all become ready at once.
        for _ in 0..count {
            s.codelet("one of many").after(&event).spawn((), |_, ()| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
        }
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
    println!("{count} in {:.1?}", begin.elapsed());
    assert_eq!(ran.load(Ordering::Relaxed), count);
}

#[test]
fn work_goes_from_domain_to_domain() {
    let topology = Topology::synthetic("package:2 core:2").unwrap();
    for mode in MODES {
        let rt = Runtime::builder()
            .topology(topology.clone())
            .xes(4)
            .ce(mode)
            .oversubscribe(true)
            .ignore_environment()
            .build()
            .unwrap();
        assert_eq!(rt.plan().domains.len(), 2);
        let mut brokered = 0;
        let begin = Instant::now();
        while brokered == 0 && begin.elapsed() < Duration::from_secs(10) {
            let sum = &AtomicU64::new(0);
            rt.finish(|s| {
                for n in 0..400 {
                    s.spawn((), move |_, ()| {
                        let spin = Instant::now();
                        while spin.elapsed() < Duration::from_micros(50) {
                            std::hint::spin_loop();
                        }
                        sum.fetch_add(n, Ordering::Relaxed);
                    });
                }
                Ok(())
            })
            .unwrap();
            assert_eq!(sum.load(Ordering::Relaxed), 400 * 399 / 2);
            brokered = rt.ce_counts().iter().map(|c| c.brokered).sum();
        }
        assert!(brokered > 0, "nothing was brokered, {mode}");
        // Both domains' engines, and blocks that belong to each of them.
        let blocks: Vec<Block<u64>> = rt.blocks(16, 1).unwrap();
        work(&rt, &blocks, 20).unwrap();
        assert_eq!(contents(&rt, &blocks), worked(16, 20), "{mode}");
        rt.finish(|s| {
            for (at, block) in blocks.iter().enumerate() {
                let codelet = s.codelet("there").near(*block).on_region(at % 2);
                codelet.spawn(block.write(), move |_, b| b[0] = at as u64);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(
            contents(&rt, &blocks),
            (0..16).collect::<Vec<u64>>(),
            "{mode}"
        );
    }
}

#[test]
fn runtimes_start_and_stop_many_times() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    for turn in 0..200 {
        let rt = of_mode(1 + turn % 3, MODES[turn % 3]);
        if turn % 2 == 0 {
            let block = rt.block::<u64>(1).unwrap();
            rt.write(block, |b| b[0] = 1).unwrap();
        }
    }
    // Other tests run beside this one; 200 leaked runtimes would show all the same.
    assert!(
        threads() < before + 200,
        "{before} threads before, {} after",
        threads()
    );
}

#[test]
fn handles_are_dropped_anywhere() {
    // On an engine of its own: not the last one, since `finish` borrows one.
    let rt = runtime(2);
    let clone = rt.clone();
    rt.finish(|s| {
        s.spawn_once((), move |_, ()| drop(clone));
        Ok(())
    })
    .unwrap();
    // As a value, dropped at the scope's end.
    let clone = rt.clone();
    rt.finish(|s| {
        s.spawn_once((), move |_, ()| Ok(clone));
        Ok(())
    })
    .unwrap();
    // The last one, on an engine of another runtime.
    let other = runtime(2);
    other
        .finish(|s| {
            s.spawn_once((), move |_, ()| {
                let block = rt.block::<u64>(1)?;
                rt.write(block, |b| b[0] = 1)?;
                drop(rt);
                Ok(())
            });
            Ok(())
        })
        .unwrap();
    // The last one, while another thread still has a trigger: satisfying it later is harmless.
    let rt = runtime(2);
    let (event, trigger) = rt.event("outlives the runtime");
    drop(rt);
    trigger.satisfy();
    drop(event);
}

/// Things that are alive.
static ALIVE: AtomicI64 = AtomicI64::new(0);

struct Thing<T>(#[allow(dead_code, reason = "only its size matters")] T);

impl<T> Thing<T> {
    fn new(content: T) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Thing(content)
    }
}

impl<T> Drop for Thing<T> {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Larger than what is kept beside a record, and aligned more.
#[repr(align(64))]
struct Large([u64; 100]);

impl Large {
    fn new() -> Self {
        Large([7; 100])
    }
}

/// All ways in which captures and values end, with things of many sizes. One test, since they share a count.
#[test]
fn all_is_dropped_once() {
    be_quiet();
    fn check(rt: &Runtime, what: &str) {
        // Captured by codelets that run, fail, panic, are skipped, refused, or stuck.
        let b = rt.block::<u64>(1).unwrap();
        let result = rt.finish(|s| {
            let (small, zero, large) = (Thing::new(1u8), Thing::new(()), Thing::new(Large::new()));
            s.spawn((), move |_, ()| {
                let (_, _) = (&small, &zero);
                assert_eq!(large.0.0[99], 7);
            });
            let large = Thing::new(Large::new());
            let failed = s.spawn_once(b.write(), move |_, _| -> Result<()> {
                drop(large);
                Err(Error::msg("no"))
            });
            let thing = Thing::new(1u32);
            s.spawn((), move |_, ()| {
                let _ = &thing;
                panic!("on purpose");
            });
            let (one, two) = (Thing::new(1u64), Thing::new(Large::new()));
            s.spawn(b.read(), move |_, _| {
                let (_, _) = (&one, &two);
            });
            let thing = Thing::new(Large::new());
            s.codelet("skipped by an end")
                .after(&failed.event())
                .spawn((), move |_, ()| {
                    let _ = &thing;
                });
            let thing = Thing::new(Large::new());
            s.codelet("refused").on_xe(1000).spawn((), move |_, ()| {
                let _ = &thing;
            });
            let thing = Thing::new([0u64; 3]);
            s.spawn((b.read(), b.write()), move |_, _| {
                let _ = &thing;
            });
            let many = vec![b.read(); 70_000];
            let thing = Thing::new([0u64; 3]);
            s.spawn(many, move |_, _| {
                let _ = &thing;
            });
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Failed);
        assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "captures, {what}");
        let result = rt.finish(|s| {
            let (event, trigger) = s.event("own");
            let thing = Thing::new(Large::new());
            s.codelet("stuck")
                .after(&event)
                .spawn_once((), move |s, ()| {
                    let _ = &thing;
                    s.satisfy(trigger);
                });
            let thing = Thing::new(3);
            s.codelet("stuck too")
                .after(&event)
                .spawn((), move |_, ()| {
                    let _ = &thing;
                });
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Stuck);
        assert_eq!(
            ALIVE.load(Ordering::Relaxed),
            0,
            "captures of the stuck, {what}"
        );
        // Values that are read, forwarded, forgotten; of no size, large, aligned.
        rt.finish(|s| {
            let zero = s.spawn((), |_, ()| Ok(Thing::new(())));
            let large = s.spawn((), |_, ()| Ok(Thing::new(Large::new())));
            let string = s.spawn((), |_, ()| Ok(Thing::new("text".to_owned())));
            s.spawn(
                (zero.read(), large.read(), string.read()),
                |_, (_, large, string)| {
                    assert_eq!((large.0.0[99], string.0.as_str()), (7, "text"));
                },
            );
            let forwarded = s.spawn((), |s, ()| {
                let inner = s.spawn((), |s, ()| {
                    s.spawn((), |_, ()| Ok(Thing::new(Large::new()))).value()
                });
                s.spawn(inner.read(), |_, large| assert_eq!(large.0.0[0], 7));
                inner.value()
            });
            s.spawn(forwarded.read(), |_, large| assert_eq!(large.0.0[99], 7));
            s.spawn((), |s, ()| s.spawn((), |_, ()| Ok(Thing::new(()))).value());
            s.scope(|s| {
                s.spawn((), |_, ()| Ok(Thing::new([1u16; 5])));
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "values, {what}");
        // A body of finish that panics, with all of this still to come.
        let panic = catch_unwind(AssertUnwindSafe(|| {
            rt.finish(|s| -> Result<()> {
                let thing = Thing::new(Large::new());
                s.spawn((), move |_, ()| {
                    let _ = &thing;
                    Ok(Thing::new(1u8))
                });
                panic!("on purpose");
            })
        }));
        assert!(panic.is_err());
        assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "after a panic, {what}");
        rt.destroy(b).unwrap();
    }
    for mode in MODES {
        for xes in [1, 2, 3] {
            let rt = of_mode(xes, mode);
            for _ in 0..5 {
                check(&rt, &format!("{xes} XEs, {mode}"));
            }
        }
    }
}

/// Panics when it is dropped, which must not take an engine along.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("on purpose: dropped");
        }
    }
}

#[test]
fn drops_that_panic_harm_nobody() {
    be_quiet();
    let rt = runtime(2);
    for _ in 0..20 {
        let result = rt.finish(|s| {
            let bomb = Bomb;
            // Dropped with the captures, after the body.
            s.spawn_once((), move |_, ()| {
                let _kept = &bomb;
            });
            let bomb = Bomb;
            s.codelet("refused").on_xe(1000).spawn((), move |_, ()| {
                let _ = &bomb;
            });
            // Dropped as a value.
            s.spawn((), |_, ()| Ok(Bomb));
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Failed);
        rt.finish(|s| {
            s.spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn a_panic_whose_payload_panics_when_dropped_harms_nobody() {
    be_quiet();
    #[derive(Debug)]
    struct Fault(#[allow(dead_code, reason = "for its drop")] Bomb);
    impl std::fmt::Display for Fault {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a fault")
        }
    }
    impl std::error::Error for Fault {}
    let rt = runtime(1);
    for kind in 0..2 {
        let result = rt.finish(|s| {
            s.spawn((), move |_, ()| -> Result<()> {
                match kind {
                    0 => std::panic::panic_any(Bomb),
                    _ => Err(Fault(Bomb))?,
                }
                Ok(())
            });
            Ok(())
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Failed);
        rt.finish(|_| Ok(())).unwrap();
    }
}
