//! Codelets that commute: one at a time in a block, in any order; all of several blocks or none; failures stay with those
//! who come after.

use super::runtime;
use sprat::{Block, Error, ErrorKind, Priority};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

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

/// Waits as long as it takes, but not for ever: then what is waited for does not come.
fn wait_for(flag: &AtomicBool, what: &str) {
    let begin = Instant::now();
    while !flag.load(Ordering::Acquire) {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what}");
        dawdle(1);
    }
}

/// One that waits for the end of a codelet is not held up by those that have their turns right after it.
#[test]
fn who_waits_for_the_end_of_one_need_not_wait_for_those_behind_it() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let (spawned, told) = (AtomicBool::new(false), AtomicBool::new(false));
    let (spawned, told) = (&spawned, &told);
    rt.finish(|s| {
        for n in 0..10 {
            let one = s.spawn(a.commute(), move |_, a| {
                wait_for(spawned, "the first one runs while others are spawned");
                match n {
                    6 => wait_for(told, "what waits for the sixth waits for the seventh, too"),
                    _ => a[0] += 1,
                }
            });
            if n == 5 {
                let waits = s.codelet("waits").after(&one.event());
                waits.spawn((), |_, ()| told.store(true, Ordering::Release));
            }
        }
        spawned.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 9);
}

/// The same with two that wait for an event that a body satisfies: its engine keeps the second one to run next.
#[test]
fn who_is_made_ready_in_a_turn_need_not_wait_for_those_behind_it() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let (spawned, told) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (spawned, told) = (&spawned, &told);
    let both = &AtomicBool::new(false);
    rt.finish(|s| {
        let (event, trigger) = s.event("the sixth runs");
        for _ in 0..2 {
            let waits = s.codelet("waits").after(&event);
            waits.spawn((), |_, ()| {
                if told.fetch_add(1, Ordering::Relaxed) == 1 {
                    both.store(true, Ordering::Release);
                }
            });
        }
        let mut trigger = Some(trigger);
        for n in 0..10 {
            let mine = if n == 5 { trigger.take() } else { None };
            s.spawn_once(a.commute(), move |s, a| {
                wait_for(spawned, "the first one runs while others are spawned");
                mine.into_iter().for_each(|trigger| s.satisfy(trigger));
                match n {
                    6 => wait_for(both, "what the sixth made ready waits for the seventh"),
                    _ => a[0] += 1,
                }
            });
        }
        spawned.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 9);
}

/// In one list: some have children in the block, some fail or panic, some make blocks, some return what others read.
#[test]
fn those_in_one_list_need_not_be_alike() {
    const ALL: u64 = 300;
    for xes in [1, 2, 3] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(2).unwrap();
        let (spawned, inside, read) = (
            AtomicBool::new(xes == 1),
            AtomicBool::new(false),
            AtomicU64::new(0),
        );
        let (spawned, inside, read) = (&spawned, &inside, &read);
        let error = rt
            .finish(|s| {
                for n in 0..ALL {
                    let value = s.spawn(a.commute(), move |s, view| {
                        wait_for(spawned, "the first one runs while others are spawned");
                        assert!(!inside.swap(true, Ordering::Relaxed), "two at a time");
                        view[0] += 1;
                        inside.store(false, Ordering::Relaxed);
                        match n % 10 {
                            2 => {
                                s.spawn(a.read_write(), move |_, a| {
                                    assert!(!inside.swap(true, Ordering::Relaxed), "two");
                                    a[1] += 1;
                                    dawdle(1);
                                    inside.store(false, Ordering::Relaxed);
                                });
                            }
                            4 => {
                                let own = s.block::<u64>(1)?;
                                s.spawn(own.write(), |_, own| own[0] = 1);
                            }
                            5 => {
                                s.block::<u64>(1)?;
                            }
                            6 => return Err(Error::msg("the sixth of ten")),
                            8 if n == 8 => panic!("the eighth"),
                            _ => (),
                        }
                        Ok(n)
                    });
                    if n % 10 == 9 {
                        let value = value.value();
                        s.spawn(value.read(), move |_, n| {
                            read.fetch_add(*n, Ordering::Relaxed);
                        });
                    }
                }
                spawned.store(true, Ordering::Release);
                Ok(())
            })
            .unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!(
            (failure.failed, failure.skipped),
            (ALL / 10 + 1, 0),
            "{error}"
        );
        let nines: u64 = (0..ALL).filter(|n| n % 10 == 9).sum();
        assert_eq!(read.load(Ordering::Relaxed), nines);
        rt.finish(|s| {
            s.spawn(a.read(), |_, _| unreachable!("it is poisoned"));
            Ok(())
        })
        .unwrap_err();
    }
}

/// Two scopes at a time: each ends when its own codelets have.
#[test]
fn scopes_share_a_list() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    const EACH: u64 = 3000;
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                for round in 0..3 {
                    let ran = AtomicU64::new(0);
                    let count = &ran;
                    rt.finish(|s| {
                        for _ in 0..EACH {
                            s.spawn(a.commute(), move |_, a| {
                                a[0] += 1;
                                count.fetch_add(1, Ordering::Relaxed);
                            });
                        }
                        Ok(())
                    })
                    .unwrap();
                    assert_eq!(ran.load(Ordering::Relaxed), EACH, "round {round}");
                }
            });
        }
    });
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 6 * EACH);
}
