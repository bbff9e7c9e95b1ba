//! Codelets that commute: one at a time in a block, in any order; all of several blocks or none; failures stay with those
//! who come after.

use sprat::{Block, Error, ErrorKind, Priority, Runtime};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

fn dawdle(turns: u64) {
    (0..turns).for_each(|_| std::thread::yield_now());
}

#[test]
fn one_at_a_time_and_all_before_what_comes_after() {
    for xes in [1, 2, 4] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(2).unwrap();
        let inside = AtomicBool::new(false);
        rt.finish(|s| {
            s.spawn(a.write(), |_, a| a.fill(100));
            for n in 0..500u64 {
                let inside = &inside;
                s.spawn(a.commute(), move |_, a| {
                    assert!(!inside.swap(true, Ordering::Relaxed), "two at a time");
                    let before = a[0];
                    dawdle(n % 3);
                    a[0] = before + n;
                    a[1] += 1;
                    inside.store(false, Ordering::Relaxed);
                });
            }
            s.spawn(a.read(), |_, a| assert_eq!(a, [100 + 499 * 250, 600]));
            s.spawn(a.commute(), |_, a| a[0] = 7);
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 7);
    }
}

#[test]
fn whoever_is_ready_first_goes_first() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let (event, trigger) = rt.event("later");
    let order = AtomicU64::new(0);
    let order = &order;
    rt.finish(|s| {
        s.codelet("waits")
            .after(&event)
            .spawn(a.commute(), |_, a| a[0] = a[0] * 10 + 1);
        s.spawn_once(a.commute(), move |s, a| {
            a[0] = a[0] * 10 + 2;
            order.store(2, Ordering::Relaxed);
            s.satisfy(trigger);
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 21);
}

/// Each codelet commutes on some of the blocks: nobody sees another in one of its blocks, and nobody is forgotten.
#[test]
fn all_of_several_blocks_or_none() {
    for xes in [1, 2, 3, 8] {
        let rt = runtime(xes);
        let blocks = rt.blocks::<u64>(4, 1).unwrap();
        let users: [AtomicUsize; 4] = Default::default();
        let mut expected = [0u64; 4];
        let mut random = 12345u64;
        rt.finish(|s| {
            for n in 0..2000u64 {
                random = random
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let subset: Vec<usize> = (0..4).filter(|b| (random >> 33) >> b & 1 == 1).collect();
                // Not in the order of their numbers.
                let order: Vec<usize> = match n % 2 {
                    0 => subset.clone(),
                    _ => subset.iter().rev().copied().collect(),
                };
                subset.iter().for_each(|&b| expected[b] += n);
                let accesses: Vec<_> = order.iter().map(|&b| blocks[b].commute()).collect();
                let users = &users;
                s.spawn(accesses, move |_, views| {
                    for &b in &order {
                        assert_eq!(users[b].fetch_add(1, Ordering::Relaxed), 0);
                    }
                    dawdle(n % 4 / 3);
                    views.into_iter().for_each(|view| view[0] += n);
                    for &b in &order {
                        users[b].fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
            Ok(())
        })
        .unwrap();
        let found: Vec<u64> = blocks
            .iter()
            .map(|b| rt.read(*b, |b| b[0]).unwrap())
            .collect();
        assert_eq!(found, expected, "{xes} engines");
    }
}

/// The turn is the codelet's until its descendants have ended, and they may use the block as they like.
#[test]
fn children_are_in_the_block_with_their_parent_alone() {
    let rt = runtime(4);
    let a = rt.block::<u64>(2).unwrap();
    rt.finish(|s| {
        for _ in 0..100 {
            s.spawn(a.commute(), move |s, a_view| {
                a_view[1] = a_view[0];
                s.spawn(a.read_write(), |_, a| a[1] += 1);
                s.spawn(a.commute(), |_, a| a[1] += 1);
                s.spawn(a.read(), |_, _| dawdle(2));
                s.spawn(a.read_write(), |_, a| a[0] = a[1]);
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 200);
}

#[test]
fn a_failure_poisons_what_comes_after_the_neighbours() {
    for xes in [1, 3] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(1).unwrap();
        let ran = AtomicU64::new(0);
        let ran = &ran;
        let error = rt
            .finish(|s| {
                for n in 0..20 {
                    s.spawn(a.commute(), move |_, _| {
                        ran.fetch_add(1, Ordering::Relaxed);
                        match n {
                            3 => Err(Error::msg("the third")),
                            _ => Ok(()),
                        }
                    });
                }
                s.spawn(a.read(), |_, _| unreachable!());
                for _ in 0..5 {
                    s.spawn(a.commute(), |_, _| unreachable!());
                }
                Ok(())
            })
            .unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 6), "{error}");
        assert_eq!(ran.load(Ordering::Relaxed), 20);
        rt.finish(|s| {
            s.spawn(a.write(), |_, a| a[0] = 1);
            s.spawn(a.commute(), |_, a| a[0] += 1);
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 2);
    }
}

/// Those who are skipped in the end pass on what they were woken for.
#[test]
fn who_waits_for_its_turn_in_a_stuck_scope_is_named() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let error = rt
        .finish(|s| {
            let (begun, begins) = s.event("begun");
            s.codelet("holds")
                .spawn_once((a.commute(), b.commute()), move |s, _| {
                    let (never, trigger) = s.event("never");
                    s.codelet("child")
                        .after(&never)
                        .spawn_once((), move |_, ()| drop(trigger));
                    s.satisfy(begins);
                });
            s.codelet("one").after(&begun).spawn(a.commute(), |_, _| ());
            let both = (a.commute(), b.commute());
            s.codelet("both").after(&begun).spawn(both, |_, _| ());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
    let of = |name: &str| {
        let found = error.stuck().iter().find(|w| w.codelet == name);
        found
            .unwrap_or_else(|| panic!("{name} is not named: {error}"))
            .waits_for
            .join("; ")
    };
    assert!(of("one").contains("in turn, in any order"), "{error}");
    assert!(of("both").contains("in turn, in any order"), "{error}");
    // Runtime and blocks are in order after that.
    rt.finish(|s| {
        s.spawn((a.write(), b.write()), |_, (a, b)| (a[0], b[0]) = (1, 2));
        s.spawn((a.commute(), b.commute()), |_, (a, b)| a[0] += b[0]);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 3);
}

#[test]
fn through_the_at_ready_door_and_with_other_accesses() {
    let rt = runtime(3);
    let (a, b) = (
        rt.block::<u64>(1).unwrap(),
        rt.blocks::<u64>(50, 1).unwrap(),
    );
    let sum = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        for (n, &b) in b.iter().enumerate() {
            let written = s.spawn(b.write(), move |_, b| b[0] = n as u64);
            s.codelet("adds")
                .at_ready()
                .after(&written.event())
                .spawn((b.read(), sum.commute()), |_, (b, sum)| sum[0] += b[0]);
        }
        Ok(())
    })
    .unwrap();
    rt.finish(|s| {
        s.spawn((sum.commute(), a.write()), |_, (sum, a)| a[0] = sum[0]);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 49 * 25);
}

/// The engine that is in the block goes on with who waits for it: hot state stays where it is.
#[test]
fn the_next_one_runs_where_the_block_is() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let here = || std::thread::current().id();
    let changes = AtomicU64::new(0);
    let (waiting, last) = (AtomicUsize::new(0), std::sync::Mutex::new(None));
    let (waiting, last, changes) = (&waiting, &last, &changes);
    const WAITERS: usize = 50;
    rt.finish(|s| {
        s.codelet("first").spawn(a.commute(), move |_, _| {
            let before = last.lock().unwrap().replace(here());
            assert!(before.is_none(), "it has the turn from its spawn on");
            // All others wait in the block's list meanwhile.
            let begin = Instant::now();
            while waiting.load(Ordering::Relaxed) == 0 && begin.elapsed() < Duration::from_secs(10)
            {
                dawdle(1);
            }
        });
        for _ in 0..WAITERS {
            s.spawn(a.commute(), move |_, _| {
                let before = last.lock().unwrap().replace(here());
                changes.fetch_add(u64::from(before != Some(here())), Ordering::Relaxed);
            });
        }
        waiting.store(1, Ordering::Relaxed);
        Ok(())
    })
    .unwrap();
    let changes = changes.load(Ordering::Relaxed);
    assert!(
        changes < WAITERS as u64 / 2,
        "{changes} changes of engine among {WAITERS}"
    );
}

/// A body that spawns them and goes on for long keeps none of them for itself.
#[test]
fn others_run_them_while_the_body_that_spawned_them_goes_on() {
    let rt = runtime(2);
    let ran = &AtomicUsize::new(0);
    rt.finish(|s| {
        s.spawn((), move |s, ()| {
            let a = s.block::<u64>(1).unwrap();
            s.spawn((), |_, ()| ());
            for _ in 0..20 {
                s.spawn(a.commute(), move |_, _| {
                    _ = ran.fetch_add(1, Ordering::Relaxed)
                });
            }
            let begin = Instant::now();
            while ran.load(Ordering::Relaxed) < 20 && begin.elapsed() < Duration::from_secs(10) {
                dawdle(1);
            }
            assert_eq!(ran.load(Ordering::Relaxed), 20, "nobody took them");
        });
        Ok(())
    })
    .unwrap();
}

/// Those spawned before wait in the block's list already, from where none is sorted by level.
#[test]
fn a_high_one_goes_before_those_that_wait() {
    let rt = runtime(1);
    let a = rt.block::<u64>(1).unwrap();
    let order = std::sync::Mutex::new(Vec::new());
    let order = &order;
    rt.finish(|s| {
        let note = move |what: &'static str| order.lock().unwrap().push(what);
        for _ in 0..10 {
            s.spawn(a.commute(), move |_, _| note("normal"));
        }
        let high = s.codelet("high").priority(Priority::High);
        high.spawn(a.commute(), move |_, _| note("high"));
        Ok(())
    })
    .unwrap();
    let order = order.lock().unwrap();
    let at = order.iter().position(|&what| what == "high");
    assert!(
        at.is_some_and(|at| at <= 1),
        "{order:?}: only who had its turn already may go before"
    );
    assert_eq!(order.len(), 11);
}

#[test]
fn weak_accesses_beside_are_refused() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let error = rt
        .finish(|s| {
            s.spawn((a.commute(), b.read().weak()), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot have weak accesses"),
        "{error}"
    );
}

#[test]
fn a_block_is_named_once() {
    let rt = runtime(2);
    let a: Block<u64> = rt.block(1).unwrap();
    let error = rt
        .finish(|s| {
            s.spawn((a.commute(), a.commute()), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("declared twice"), "{error}");
}
