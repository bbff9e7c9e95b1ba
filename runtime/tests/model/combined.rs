//! Features of different kinds at once: levels, parts, cancellation, repeating, throttling, adopted memory, files, timers,
//! and events that outlive their runtime. Each rule is tested alone elsewhere; here they meet.
//!
//! Every test runs beside a watchdog, which ends the process with a message when it takes too long.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{
    Block, CeMode, Error, ErrorKind, Grain, Max, Priority, Runtime, Scope, Sum, Trigger, scratch,
};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];
const LEVELS: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

/// Ends the process when a test hangs.
fn watched(name: &str, test: impl FnOnce()) {
    let (done, wait) = mpsc::channel::<()>();
    let name = name.to_owned();
    let dog = std::thread::spawn(move || {
        if let Err(mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(Duration::from_secs(120)) {
            // Not `eprintln`, which the harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "{name}: hangs");
            std::process::abort();
        }
    });
    test();
    drop(done);
    dog.join().unwrap();
}

fn of(xes: usize, mode: CeMode, live: Option<usize>) -> Runtime {
    let builder = Runtime::builder().xes(xes).ce(mode).pin(false);
    let builder = builder.oversubscribe(true).ignore_environment();
    match live {
        Some(live) => builder.live_codelets(live),
        None => builder,
    }
    .build()
    .unwrap()
}

/// Runs a test on 1, 2, 3 and 8 engines in every mode.
fn everywhere(name: &str, live: Option<usize>, test: impl Fn(&Runtime)) {
    for mode in MODES {
        for xes in [1, 2, 3, 8] {
            watched(&format!("{name}, {mode}, {xes} XEs"), || {
                test(&of(xes, mode, live));
            });
        }
    }
}

/// Counts how many of it live.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Sets a flag when it is dropped.
struct Sets(Arc<AtomicBool>);

impl Drop for Sets {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// A host that is held back sleeps while the only other engine is in a long body, and the control engine is silent: nobody
/// but the host can look at the deadline.
#[test]
fn a_host_that_is_held_back_and_sleeps_honours_its_deadline() {
    for mode in [CeMode::Shared, CeMode::Dedicated] {
        watched(&format!("deadline, {mode}"), || {
            let rt = of(2, mode, Some(8));
            rt.pause_control(true);
            let (never, trigger) = rt.event("never");
            let cut = Arc::new(AtomicBool::new(false));
            let sets = Sets(cut.clone());
            let (began, late) = (AtomicBool::new(false), AtomicBool::new(false));
            let (began, late) = (&began, &late);
            let error = rt
                .finish_within(Duration::from_millis(50), |s| {
                    s.codelet("cut").after(&never).spawn_once((), move |_, ()| {
                        drop(sets);
                    });
                    let cut = cut.clone();
                    s.spawn((), move |_, ()| {
                        began.store(true, SeqCst);
                        let since = Instant::now();
                        while !cut.load(SeqCst) && !late.load(SeqCst) {
                            late.store(since.elapsed() > Duration::from_secs(5), SeqCst);
                            std::thread::sleep(Duration::from_millis(1));
                        }
                    });
                    wait_until("nobody runs it", || began.load(SeqCst));
                    // Marks are looked at a few hundred spawns after the start.
                    for _ in 0..1000 {
                        s.codelet("waits").after(&never).spawn((), |_, ()| ());
                    }
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert!(!late.load(SeqCst), "the deadline was not looked at");
            drop(trigger);
        });
    }
}

/// The same while it helps.
#[test]
fn a_host_that_is_held_back_and_helps_honours_its_deadline() {
    for paused in [false, true] {
        for mode in MODES {
            for xes in [1, 2] {
                watched(&format!("helps, {mode}, {xes} XEs, {paused}"), || {
                    let rt = of(xes, mode, Some(8));
                    rt.pause_control(paused);
                    let ran = AtomicUsize::new(0);
                    let error = rt
                        .finish_within(Duration::from_millis(30), |s| {
                            for _ in 0..5000 {
                                s.spawn((), |_, ()| {
                                    ran.fetch_add(1, SeqCst);
                                    std::thread::sleep(Duration::from_millis(1));
                                });
                            }
                            Ok(())
                        })
                        .unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Cancelled);
                    let left = error.cancellation().unwrap();
                    assert_eq!(left.ran as usize, ran.load(SeqCst));
                    assert_eq!(left.ran + left.not_started, 5000);
                    // Without the deadline all run.
                    assert!(left.ran < 1000, "{mode}, {xes} XEs, {paused}: {left:?}");
                });
            }
        }
    }
}

#[test]
fn levels_parts_and_throttling_give_the_sequential_result() {
    everywhere("levels, parts, throttling", Some(16), |rt| {
        let a = rt.block::<u64>(64).unwrap();
        rt.write(a, |a| a.fill(1)).unwrap();
        let mut meant = [1u64; 64];
        rt.finish(|s| {
            for n in 0..600u64 {
                let at = (n as usize * 7) % 56;
                let level = LEVELS[n as usize % 3];
                let options = s.codelet("part").priority(level);
                if n % 17 == 0 {
                    options.spawn(a.read_write(), move |_, a| {
                        a.iter_mut().for_each(|x| *x = x.wrapping_mul(3) + n);
                    });
                    meant.iter_mut().for_each(|x| *x = x.wrapping_mul(3) + n);
                } else {
                    options.spawn(a.part(at..at + 8).read_write(), move |_, a| {
                        a.iter_mut().for_each(|x| *x = x.wrapping_mul(5) + n);
                    });
                    meant[at..at + 8]
                        .iter_mut()
                        .for_each(|x| *x = x.wrapping_mul(5) + n);
                }
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, <[u64]>::to_vec).unwrap(), meant);
    });
}

#[test]
fn levels_parts_and_cancellation_lose_no_captures() {
    everywhere("levels, parts, cancellation", None, |rt| {
        let a = rt.block::<u64>(64).unwrap();
        let live = Arc::new(AtomicUsize::new(0));
        let (ran, children) = (AtomicU64::new(0), AtomicU64::new(0));
        let (ran, children) = (&ran, &children);
        let error = rt
            .finish(|s| {
                let canceller = s.canceller();
                let (event, trigger) = s.event("go");
                for n in 0..200usize {
                    let keep = Counted::new(&live);
                    let canceller = canceller.clone();
                    let options = s.codelet("part").priority(LEVELS[n % 3]);
                    let options = match n % 5 {
                        0 => options.after(&event),
                        _ => options,
                    };
                    let at = n * 7 % 56;
                    options.spawn(a.part(at..at + 8).read_write(), move |s, part| {
                        let _keep = &keep;
                        part[0] += 1;
                        ran.fetch_add(1, SeqCst);
                        if n == 100 {
                            canceller.cancel("enough");
                        }
                        children.fetch_add(1, SeqCst);
                        s.codelet("child").priority(Priority::High).spawn(
                            a.part(at + 1..at + 3).read_write(),
                            move |_, part| {
                                part[1] += 1;
                                ran.fetch_add(1, SeqCst);
                            },
                        );
                    });
                }
                s.satisfy(trigger);
                Ok(())
            })
            .unwrap_err();
        let left = error.cancellation().unwrap();
        assert_eq!(left.ran, ran.load(SeqCst));
        assert_eq!(
            left.ran + left.not_started + left.skipped,
            200 + children.load(SeqCst)
        );
        assert_eq!(live.load(SeqCst), 0);
        rt.finish(|s| {
            s.spawn(a.write(), |_, a| a.fill(0));
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 0);
    });
}

#[test]
fn repeatable_codelets_find_their_parts_again() {
    everywhere("repeatable parts", None, |rt| {
        let (a, sum, turns) = (
            rt.block::<u64>(32).unwrap(),
            rt.block::<u64>(1).unwrap(),
            rt.block::<u64>(1).unwrap(),
        );
        let tries = AtomicU64::new(0);
        let tries = &tries;
        rt.finish(|s| {
            s.spawn(
                (a.write(), sum.write(), turns.write()),
                |_, (a, sum, turns)| {
                    a.fill(5);
                    (sum[0], turns[0]) = (0, 0);
                },
            );
            for n in 0..8usize {
                let accesses = (
                    scratch::<u64>(3),
                    a.part(4 * n..4 * n + 2).read_write(),
                    (sum.reduce(Sum), turns.commute()),
                    a.part(4 * n + 2..4 * n + 4).read_write(),
                );
                s.codelet("shaky")
                    .priority(LEVELS[n % 3])
                    .repeatable(3)
                    .spawn(accesses, move |_, (mine, left, (sum, turns), right)| {
                        mine.fill(9);
                        assert_eq!((left[0], left[1], right[0], right[1]), (5, 5, 5, 5));
                        left.fill(n as u64);
                        right.fill(100 + n as u64);
                        sum[0] += 1;
                        turns[0] += 1;
                        match tries.fetch_add(1, SeqCst) % 3 {
                            2 => Ok(()),
                            1 => panic!("not now"),
                            _ => Err(Error::msg("not now")),
                        }
                    });
            }
            Ok(())
        })
        .unwrap_or_else(|error| {
            // With others in between one may fail four times.
            assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
        });
        let again = tries.load(SeqCst);
        assert!(again >= 24 || rt.xes() > 1);
        if let (Ok(sum), Ok(turns)) = (rt.read(sum, |x| x[0]), rt.read(turns, |x| x[0])) {
            assert_eq!((sum, turns), (8, 8));
        }
    });
}

#[test]
fn high_ones_that_commute_at_ready_take_turns() {
    everywhere("high, commute, at ready", Some(32), |rt| {
        let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
        rt.write(a, |a| a[0] = 0).unwrap();
        rt.write(b, |b| b[0] = 0).unwrap();
        let (event, trigger) = rt.event("go");
        let mut trigger = Some(trigger);
        rt.finish(|s| {
            for n in 0..300usize {
                let level = LEVELS[n % 3];
                let go = match n % 2 {
                    0 => s.codelet("both").priority(level).at_ready().after(&event),
                    _ => s.codelet("both").priority(level),
                };
                match n % 3 {
                    0 => drop(go.spawn((a.commute(), b.commute()), |_, (a, b)| {
                        a[0] += 1;
                        b[0] += 1;
                    })),
                    1 => drop(go.spawn(a.commute(), |_, a| a[0] += 1)),
                    _ => drop(go.spawn((b.commute(), a.read()), |_, (b, _)| b[0] += 1)),
                }
                if n == 250 {
                    trigger.take().into_iter().for_each(Trigger::satisfy);
                }
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 200);
        assert_eq!(rt.read(b, |b| b[0]).unwrap(), 200);
    });
}

#[test]
fn adopted_slices_survive_cancellation_and_a_panic_of_the_body() {
    everywhere("adopted", None, |rt| {
        let mut mine = vec![1u64; 4096];
        let live = Arc::new(AtomicUsize::new(0));
        let panic = catch_unwind(AssertUnwindSafe(|| {
            rt.finish(|s| {
                let canceller = s.canceller();
                let u = s.adopt(&mut mine)?;
                for n in 0..64usize {
                    let (keep, canceller) = (Counted::new(&live), canceller.clone());
                    s.spawn(u.part(64 * n..64 * n + 64).read_write(), move |s, part| {
                        let _keep = &keep;
                        if n == 20 {
                            canceller.cancel("enough");
                        }
                        std::thread::sleep(Duration::from_micros(100));
                        part.fill(2);
                        s.for_each(u.part(64 * n..64 * n + 32).read_write(), 8, |_, x| {
                            x.fill(3)
                        });
                    });
                }
                if rt.xes() > 0 {
                    panic!("the body");
                }
                Ok(())
            })
        }));
        assert!(panic.is_err());
        assert_eq!(live.load(SeqCst), 0);
        let before = mine.clone();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(before, mine);
        for chunk in mine.chunks(64) {
            let first = chunk[32];
            assert!(first == 1 || first == 2);
            assert!(chunk[32..].iter().all(|&x| x == first));
        }
    });
}

#[test]
fn groups_pins_and_levels_all_run_once() {
    everywhere("groups, pins, levels", Some(64), |rt| {
        let ran: Vec<AtomicUsize> = (0..900).map(|_| AtomicUsize::new(0)).collect();
        let ran = &ran;
        let xes = rt.xes();
        rt.finish(|s| {
            let group = s.group();
            for n in 0..300usize {
                let options = s.codelet("one").priority(LEVELS[n % 3]);
                let options = match n % 4 {
                    0 => options.with(group),
                    1 => options.on_xe(n % xes),
                    2 => options.with(group).on_xe(n % xes),
                    _ => options.on_region(0),
                };
                options.spawn((), move |s, ()| {
                    ran[n].fetch_add(1, SeqCst);
                    for k in 1..3 {
                        let child = s.codelet("child").priority(LEVELS[(n + k) % 3]);
                        let child = match k {
                            1 => child.on_xe((n + 1) % xes),
                            _ => child.with(group),
                        };
                        child.spawn((), move |_, ()| {
                            ran[300 * k + n].fetch_add(1, SeqCst);
                        });
                    }
                });
            }
            Ok(())
        })
        .unwrap();
        assert!(ran.iter().all(|count| count.load(SeqCst) == 1));
    });
}

#[test]
fn weak_parents_with_children_in_parts_and_a_failure() {
    everywhere("weak, parts", None, |rt| {
        let a = rt.block::<u64>(40).unwrap();
        rt.write(a, |a| a.fill(1)).unwrap();
        let (event, trigger) = rt.event("go");
        let skipped = AtomicU64::new(0);
        let skipped = &skipped;
        let error = rt
            .finish(|s| {
                s.codelet("first")
                    .after(&event)
                    .spawn(a.part(0..10).read_write(), |_, a| {
                        a.fill(2);
                        Err::<(), _>(Error::msg("no"))
                    });
                s.codelet("weak").priority(Priority::High).spawn(
                    a.read_write().weak(),
                    move |s, ()| {
                        s.spawn(a.part(5..15).read_write(), move |_, _| {
                            skipped.fetch_add(1, SeqCst);
                        });
                        s.spawn(a.part(20..30).read_write(), |_, a| a.fill(7));
                        s.spawn(a.part(0..10).write(), |_, a| a.fill(8));
                        s.spawn(a.part(0..10).read_write(), |_, a| a[0] += 1);
                    },
                );
                trigger.satisfy();
                s.spawn(a.part(20..30).read(), |_, a| assert_eq!(a[0], 7));
                s.spawn(a.part(0..10).read(), |_, a| {
                    assert_eq!((a[0], a[1]), (9, 8))
                });
                s.spawn(a.part(10..15).write(), |_, a| a.fill(4));
                s.spawn(a.read(), |_, a| {
                    assert_eq!((a[0], a[12], a[25], a[39]), (9, 4, 7, 1))
                });
                Ok(())
            })
            .unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
        assert_eq!(skipped.load(SeqCst), 0);
        assert_eq!(rt.read(a, |a| a[12]).unwrap(), 4);
    });
}

#[test]
fn reductions_that_are_cancelled_and_destroyed_leave_no_memory() {
    everywhere("reduce, cancel, destroy", None, |rt| {
        let in_use = || {
            rt.memory()
                .iter()
                .map(|pool| pool.in_use_bytes)
                .sum::<usize>()
        };
        let round = |n: usize| {
            let a = rt.block::<f64>(2_000).unwrap();
            let result = rt.finish(|s| {
                let canceller = s.canceller();
                for k in 0..20usize {
                    let canceller = canceller.clone();
                    s.codelet("adds")
                        .priority(LEVELS[k % 3])
                        .spawn(a.reduce(Max), move |s, x| {
                            x[0] = x[0].max(k as f64);
                            if k == n % 45 {
                                canceller.cancel("enough");
                            }
                            s.spawn((), move |_, ()| ());
                        });
                }
                s.spawn(a.read_write(), move |s, x| {
                    x[1] = -1.0;
                    for k in 0..20usize {
                        let canceller = canceller.clone();
                        s.spawn(a.reduce(Sum), move |_, x| {
                            x[1] += k as f64;
                            if 20 + k == n % 45 {
                                canceller.cancel("enough");
                            }
                        });
                    }
                });
                if n.is_multiple_of(2) {
                    s.destroy(a);
                }
                Ok(())
            });
            if n % 45 < 40 {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
            } else {
                result.unwrap();
            }
            if !n.is_multiple_of(2) {
                rt.destroy(a).unwrap();
            }
        };
        (0..45).for_each(round);
        let before = in_use();
        (0..45).for_each(round);
        let after = in_use();
        // What engines keep to themselves goes up and down.
        assert!(after <= before + rt.xes() * (2 << 20), "{before} {after}");
    });
}

#[test]
fn timers_throttling_and_stuck_codelets() {
    for paused in [false, true] {
        everywhere(
            &format!("timers, throttling, stuck, {paused}"),
            Some(16),
            |rt| {
                rt.pause_control(paused);
                let timed = AtomicUsize::new(0);
                let error = rt
                    .finish(|s| {
                        let (event, trigger) = s.event("never");
                        let soon = s.after(Duration::from_millis(5));
                        for n in 0..200 {
                            let options = s.codelet("waits").priority(LEVELS[n % 3]);
                            if n % 2 == 0 {
                                options.after(&soon).spawn((), |_, ()| {
                                    timed.fetch_add(1, SeqCst);
                                });
                            } else {
                                options.after(&event).spawn((), |_, ()| ());
                            }
                        }
                        // Kept by one of those who wait for it.
                        s.codelet("holds")
                            .after(&event)
                            .spawn_once((), move |s, ()| s.satisfy(trigger));
                        Ok(())
                    })
                    .unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Stuck);
                assert_eq!(error.stuck().len(), 101);
                assert_eq!(timed.load(SeqCst), 100);
            },
        );
    }
}

#[test]
fn handles_of_events_outlive_their_runtime() {
    watched("events of a runtime that is gone", || {
        for xes in [1, 2] {
            let rt = of(xes, CeMode::Shared, None);
            let (event, trigger) = rt.event("event");
            let (latched, latch) = rt.latch("latch", 2);
            let (shared, shared_trigger) = rt.shared_event("shared");
            let (channel, sender) = rt.channel("channel", None);
            let next = channel.next().unwrap();
            let timer = rt.after(Duration::from_millis(5));
            let far = rt.after(Duration::from_secs(3600));
            let group = rt.group();
            let canceller = Mutex::new(None);
            let block = rt.block::<u64>(1).unwrap();
            rt.finish(|s| {
                *canceller.lock().unwrap() = Some(s.canceller());
                Ok(())
            })
            .unwrap();
            drop(rt);
            let canceller = canceller.into_inner().unwrap().unwrap();
            assert!(!canceller.cancel("late"));
            trigger.satisfy();
            latch.down().unwrap();
            let other = of(2, CeMode::Shared, None);
            latch.down().unwrap();
            assert!(latch.down().is_err());
            assert!(shared_trigger.satisfy());
            assert!(!shared_trigger.satisfy());
            sender.satisfy().unwrap();
            let _more = channel.next().unwrap();
            for foreign in [&event, &latched, &shared, &next, &timer, &far] {
                let error = other
                    .finish(|s| {
                        s.codelet("foreign").after(foreign).spawn((), |_, ()| ());
                        Ok(())
                    })
                    .unwrap_err();
                assert!(error.to_string().contains("another runtime"), "{error}");
            }
            let error = other.finish(|s| {
                s.codelet("foreign").with(group).spawn((), |_, ()| ());
                Ok(())
            });
            assert!(error.unwrap_err().to_string().contains("another runtime"));
            assert!(other.read(block, |_| ()).is_err());
            drop((sender, channel, latch));
            other
                .finish(|s| {
                    s.spawn((), |_, ()| ());
                    Ok(())
                })
                .unwrap();
        }
    });
}

#[test]
fn scratch_repeating_and_parts_in_the_checking_mode() {
    watched("the checking mode", || {
        for seed in 0..40 {
            let rt = Runtime::builder()
                .check(seed)
                .pin(false)
                .ignore_environment()
                .build()
                .unwrap();
            let (a, sum) = (rt.block::<u64>(32).unwrap(), rt.block::<u64>(1).unwrap());
            rt.write(a, |a| a.fill(0)).unwrap();
            rt.write(sum, |a| a.fill(0)).unwrap();
            let shaky = AtomicU64::new(seed);
            let shaky = &shaky;
            rt.finish(|s| {
                for n in 0..16usize {
                    let accesses = (
                        scratch::<u64>(10),
                        a.part(2 * n..2 * n + 2).read_write(),
                        scratch::<u8>(1),
                        sum.reduce(Sum),
                    );
                    let options = s.codelet("shaky").priority(LEVELS[n % 3]);
                    options
                        .repeatable(1000)
                        .spawn(accesses, move |_, (mine, part, tiny, sum)| {
                            mine.fill(n as u64);
                            tiny[0] = 1;
                            part[0] += 1;
                            part[1] += u64::from(tiny[0]) + mine[9];
                            sum[0] += 1;
                            match shaky.fetch_add(1, SeqCst) % 3 {
                                0 => Err(Error::msg("not now")),
                                _ => Ok(()),
                            }
                        });
                }
                s.for_each(a.part(..).read(), Grain::Auto, |_, _| ());
                Ok(())
            })
            .unwrap();
            assert_eq!(rt.read(sum, |x| x[0]).unwrap(), 16);
            rt.read(a, |a| {
                for (n, pair) in a.chunks(2).enumerate() {
                    assert_eq!(pair, [1, 1 + n as u64]);
                }
            })
            .unwrap();
        }
    });
}

#[test]
fn several_hosts_with_everything() {
    everywhere("several hosts", Some(24), |rt| {
        let a = rt.block::<u64>(32).unwrap();
        rt.write(a, |a| a.fill(0)).unwrap();
        let added = AtomicU64::new(0);
        let added = &added;
        std::thread::scope(|threads| {
            for host in 0..4usize {
                threads.spawn(move || {
                    for round in 0..6usize {
                        one_program(rt, a, host, round, added);
                    }
                });
            }
        });
        assert_eq!(
            rt.read(a, |a| a.iter().sum::<u64>()).unwrap(),
            added.load(SeqCst)
        );
    });
}

/// One host's programs, each with memory of its own.
fn one_program(rt: &Runtime, shared: Block<u64>, host: usize, round: usize, added: &AtomicU64) {
    let private = rt.block::<u64>(32).unwrap();
    rt.write(private, |x| x.fill(0)).unwrap();
    // Poison would spread to the other hosts.
    let (limit, a, added) = match (host + round) % 3 {
        0 => (Duration::from_millis(1), private, None),
        _ => (Duration::from_secs(100), shared, Some(added)),
    };
    let live = Arc::new(AtomicUsize::new(0));
    let mut own = vec![0u64; 64];
    let result = rt.finish_within(limit, |s| {
        let own = s.adopt(&mut own)?;
        spawn_all(s, rt.xes(), (a, own), host + round, &live, added);
        Ok(())
    });
    if let Err(error) = result {
        let cut = added.is_none() && error.kind() == ErrorKind::Cancelled;
        assert!(cut, "{error}");
    } else {
        assert_eq!((own[0], own[1]), (15, 15));
    }
    rt.destroy(private).unwrap();
    assert_eq!(live.load(SeqCst), 0);
}

/// Adds ones to parts of a block, with much else around it.
fn spawn_all<'s>(
    s: &Scope<'s>,
    xes: usize,
    (a, own): (Block<u64>, Block<u64>),
    salt: usize,
    live: &Arc<AtomicUsize>,
    added: Option<&'s AtomicU64>,
) {
    let soon = s.after(Duration::from_micros(300));
    let group = s.group();
    for n in 0..60usize {
        let at = (n * 5 + salt) % 24;
        let keep = Counted::new(live);
        let options = s.codelet("adds").priority(LEVELS[(n + salt) % 3]);
        let options = match n % 7 {
            0 => options.after(&soon),
            1 => options.with(group),
            2 => options.on_xe(n % xes),
            _ => options,
        };
        let add = move |part: &mut [u64]| {
            part.iter_mut().for_each(|x| *x += 1);
            if let Some(added) = added {
                added.fetch_add(part.len() as u64, SeqCst);
            }
        };
        let part = a.part(at..at + 8).read_write();
        match n % 4 {
            0 => drop(options.spawn(part, move |_, part| {
                let _keep = &keep;
                add(part);
            })),
            1 => drop(options.spawn((part, own.commute()), move |s, (view, own)| {
                let _keep = &keep;
                own[0] += 1;
                add(view);
                s.for_each(part, 2, move |_, view| add(view));
            })),
            2 => drop(options.at_ready().spawn(own.read_write(), move |_, own| {
                let _keep = &keep;
                own[1] += 1;
            })),
            _ => drop(options.spawn(own.read_write().weak(), move |s, ()| {
                let _keep = &keep;
                s.spawn(own.part(n..n + 1).read_write(), |_, own| own[0] = 1);
            })),
        }
    }
}

/// A low loop's chunks, and those of a low sum, wait for what is normal and becomes ready meanwhile.
#[test]
fn chunks_of_a_loop_have_its_level() {
    watched("chunks and levels", || {
        for sums in [false, true] {
            let rt = of(1, CeMode::Shared, None);
            let log = Mutex::new(Vec::new());
            let note = |what: &'static str| log.lock().unwrap().push(what);
            let (begun, begins) = rt.shared_event("begun");
            let chunk = |_, _| {
                begins.satisfy();
                note("chunk");
            };
            rt.finish(|s| {
                for _ in 0..5 {
                    s.codelet("normal")
                        .after(&begun)
                        .spawn((), |_, ()| note("normal"));
                }
                let low = s.codelet("low").priority(Priority::Low);
                if sums {
                    low.map_reduce(0..64, 1, chunk, |(), ()| ());
                } else {
                    low.for_each(0..64, 1, chunk);
                }
                Ok(())
            })
            .unwrap();
            let log = log.into_inner().unwrap();
            assert_eq!(log.len(), 69);
            // Chunks of a sum come in small groups, and what is low has its share, too.
            let normal = log.iter().rposition(|&what| what == "normal");
            assert!(normal < Some(20), "{log:?}");
        }
    });
}

/// What was captured is dropped where a codelet is cut off, skipped or refused; and such a drop may do anything.
#[test]
fn drops_of_captures_use_the_runtime() {
    everywhere("drops", Some(16), |rt| {
        let (a, b) = (rt.block::<u64>(8).unwrap(), rt.block::<u64>(8).unwrap());
        rt.write(a, |a| a.fill(0)).unwrap();
        let (skipped, told) = (AtomicU64::new(0), AtomicU64::new(0));
        let (skipped, told) = (&skipped, &told);
        struct Last(Option<(Trigger, sprat::Latch, sprat::Canceller, mpsc::Sender<()>)>);
        impl Drop for Last {
            fn drop(&mut self) {
                let (trigger, latch, canceller, sender) = self.0.take().unwrap();
                latch.down().unwrap();
                trigger.satisfy();
                canceller.cancel("by a drop");
                sender.send(()).unwrap();
            }
        }
        let (sender, receiver) = mpsc::channel();
        let error = rt
            .finish(|s| {
                let canceller = s.canceller();
                let (first, second) = (s.event("first"), rt.event("second"));
                let (latched, latch) = rt.latch("latched", 3);
                let last = |trigger| {
                    Last(Some((
                        trigger,
                        latch.clone(),
                        canceller.clone(),
                        sender.clone(),
                    )))
                };
                // Skipped, since it reads what failed.
                s.spawn(a.part(0..4).write(), |_, _| Err::<(), _>(Error::msg("no")));
                let keep = last(first.1);
                s.spawn(a.read(), move |_, _| {
                    let _keep = &keep;
                    skipped.fetch_add(1, SeqCst);
                });
                // Refused at once: two accesses that contradict each other.
                let keep = last(second.1);
                s.spawn((b.write(), b.read()), move |_, _| {
                    let _keep = &keep;
                });
                for event in [&first.0, &second.0, &latched] {
                    for level in LEVELS {
                        s.codelet("told")
                            .priority(level)
                            .after(event)
                            .spawn((), move |_, ()| {
                                told.fetch_add(1, SeqCst);
                            });
                    }
                }
                latch.down().unwrap();
                Ok(())
            })
            .unwrap_err();
        let left = error.cancellation().unwrap();
        assert_eq!(receiver.try_iter().count(), 2);
        assert_eq!(skipped.load(SeqCst), 0);
        // All but the refused one are cut off, unless the first two had their turn before.
        let begun = left.failed + left.skipped;
        assert!((1..=3).contains(&begun), "{left:?}");
        assert_eq!(begun + left.not_started, 12, "{left:?}");
    });
}

/// Files, streams that never come, timers, levels and parts under one deadline.
#[cfg(unix)]
#[test]
fn files_end_at_a_deadline_with_everything_else() {
    let path = std::env::temp_dir().join(format!("sprat-combined-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    everywhere("files", Some(16), |rt| {
        for paused in [false, true] {
            rt.pause_control(paused);
            let a = rt.block::<u8>(64).unwrap();
            let live = Arc::new(AtomicUsize::new(0));
            let error = rt
                .finish_within(Duration::from_millis(20), |s| {
                    let far = s.after(Duration::from_secs(3600));
                    let read = s.codelet("read").priority(Priority::High);
                    read.read_file_into(a, &path, 0)?;
                    s.codelet("late").after(&far).write_file(a, &path)?;
                    for n in 0..50usize {
                        let keep = Counted::new(&live);
                        let options = s.codelet("part").priority(LEVELS[n % 3]);
                        options.spawn(a.part(n..n + 8).read_write(), move |_, _| {
                            let _keep = &keep;
                        });
                    }
                    s.destroy(a);
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
            assert_eq!(live.load(SeqCst), 0);
            assert!(rt.read(a, |_| ()).is_err());
        }
    });
    std::fs::remove_file(&path).unwrap();
}

/// A body that has given a block back is not run again; until then it is, and finds its block as it was.
#[test]
fn repeatable_ones_that_release_and_commute() {
    everywhere("repeatable, release", None, |rt| {
        let (a, b) = (rt.block::<u64>(4).unwrap(), rt.block::<u64>(4).unwrap());
        rt.write(a, |a| a.fill(0)).unwrap();
        rt.write(b, |b| b.fill(0)).unwrap();
        let tries = AtomicU64::new(0);
        let tries = &tries;
        let result = rt.finish(|s| {
            for n in 0..30usize {
                let options = s.codelet("adds").priority(LEVELS[n % 3]).at_ready();
                options
                    .repeatable(5)
                    .spawn((a.commute(), b.commute()), move |s, (a, b)| {
                        a[0] += 1;
                        b[0] += 1;
                        if tries.fetch_add(1, SeqCst).is_multiple_of(2) {
                            return Err(Error::msg("not now"));
                        }
                        // SAFETY: it is not used afterwards.
                        unsafe { s.release::<u64>(a) }?;
                        match n {
                            29 => Err(Error::msg("too late")),
                            _ => Ok(()),
                        }
                    });
            }
            Ok(())
        });
        let failure = result.unwrap_err();
        assert_eq!(failure.failure().unwrap().failed, 1);
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 30);
        assert!(rt.read(b, |_| ()).is_err());
    });
}

/// A codelet that cancels its children leaves everybody else alone: loops, sums, weak places and reductions among them.
#[test]
fn a_codelet_cancels_its_children_of_all_kinds() {
    everywhere("children", Some(32), |rt| {
        let (a, b) = (rt.block::<u64>(64).unwrap(), rt.block::<u64>(1).unwrap());
        rt.write(a, |a| a.fill(1)).unwrap();
        rt.write(b, |b| b.fill(0)).unwrap();
        let live = Arc::new(AtomicUsize::new(0));
        let (never, trigger) = rt.event("never");
        let never = &never;
        let ran = AtomicU64::new(0);
        let ran = &ran;
        rt.finish(|s| {
            for n in 0..4usize {
                let live = live.clone();
                let part = a.part(16 * n..16 * n + 16).read_write();
                let level = LEVELS[n % 3];
                let parent = s.codelet("parent").priority(level);
                parent.spawn((part, b.reduce(Sum)), move |s, (_, b)| {
                    b[0] += 1;
                    if n % 2 == 0 {
                        s.cancel("no children");
                    }
                    let keep = Counted::new(&live);
                    let child = s.codelet("child").priority(LEVELS[(n + 1) % 3]);
                    child.for_each(part, 2, move |_, x| {
                        let _keep = &keep;
                        x.iter_mut().for_each(|x| *x += 1);
                        ran.fetch_add(x.len() as u64, SeqCst);
                    });
                    let keep = Counted::new(&live);
                    s.map_reduce(part, 2, move |_, x| x.len() + (&keep, 0).1, |x, y| x + y);
                    if n % 2 == 0 {
                        let keep = Counted::new(&live);
                        s.codelet("never").after(never).spawn(part, move |_, _| {
                            let _keep = &keep;
                        });
                    }
                });
            }
            // What was cancelled is poisoned, and healed here.
            s.spawn([a.part(0..16).write(), a.part(32..48).write()], |_, all| {
                all.into_iter().for_each(|x| x.fill(5));
            });
            s.spawn(a.read(), |_, a| {
                let meant = |at: usize| [5, 2][at / 16 % 2];
                assert!(a.iter().enumerate().all(|(at, &x)| x == meant(at)), "{a:?}");
            });
            Ok(())
        })
        .unwrap();
        drop(trigger);
        assert_eq!(ran.load(SeqCst), 32);
        assert_eq!(live.load(SeqCst), 0);
        assert_eq!(rt.read(b, |b| b[0]).unwrap(), 4);
    });
}

/// When the last access to a file has ended, or the last timer fired, and made nobody ready, its scope is found stuck, though the control engine is
/// silent.
#[cfg(unix)]
#[test]
fn a_scope_is_stuck_when_its_last_file_has_been_read() {
    everywhere("files, stuck", None, |rt| {
        for paused in [false, true] {
            rt.pause_control(paused);
            let a = rt.block::<u8>(8).unwrap();
            let error = rt
                .finish(|s| {
                    let soon = s.after(Duration::from_millis(5));
                    let (event, trigger) = s.event("never");
                    let read = s.codelet("read").after(&soon);
                    read.read_file_into(a, "/dev/zero", 0)?;
                    s.codelet("holds")
                        .after(&event)
                        .spawn_once((), move |s, ()| s.satisfy(trigger));
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
            // The same with a timer as the last hope.
            let error = rt
                .finish(|s| {
                    let soon = s.after(Duration::from_millis(5));
                    let (event, trigger) = s.event("never");
                    let both = s.codelet("holds").after(&event).after(&soon);
                    both.spawn_once((), move |s, ()| s.satisfy(trigger));
                    Ok(())
                })
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
        }
    });
}
