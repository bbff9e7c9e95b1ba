//! Codelets that read few values and nothing else go a way of their own through the runtime: what can come in between on it.

use super::runtime;
use sprat::{ErrorKind, Priority, Result, Scope, Value};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

fn number(s: &Scope<'_>, n: u64) -> Value<u64> {
    s.spawn((), move |_, ()| Ok(n)).value()
}

/// More than few are read the general way; so are those beside which there is something else.
#[test]
fn any_number_of_values_is_read_in_order() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let block = rt.block::<u64>(1).unwrap();
        let sum = &AtomicU64::new(0);
        let add = move |n: u64| {
            sum.fetch_add(n, Ordering::Relaxed);
        };
        for _ in 0..200 {
            sum.store(0, Ordering::Relaxed);
            rt.finish(|s| {
                s.spawn((), move |s, ()| {
                    let v: Vec<_> = (1..=9).map(|n| number(s, n)).collect();
                    s.spawn(v[0].read(), move |_, a| add(*a));
                    s.spawn((v[0].read(), v[1].read()), move |_, (a, b)| {
                        add(10 * (a + 2 * b))
                    });
                    s.spawn([v[0].read(), v[1].read(), v[2].read()], move |_, v| {
                        add(1000 * (v[0] + 2 * v[1] + 3 * v[2]))
                    });
                    for count in 4..=9 {
                        let all: Vec<_> = v[..count].iter().map(|v| v.read()).collect();
                        s.spawn(all, move |_, v| {
                            add((1..).zip(v).map(|(n, v)| 100_000 * n * v).sum())
                        });
                    }
                    // As many as are few, with captures of all sizes, up to those for which a record has no room.
                    for count in 1..=7 {
                        let all: Vec<_> = v[..count].iter().map(|v| v.read()).collect();
                        let (few, more, many) = ([1u64; 3], [1u64; 9], [1u64; 15]);
                        let check = move |captured: &[u64], v: &[&u64]| {
                            assert!(captured.iter().all(|&one| one == 1));
                            assert!((1..=count as u64).eq(v.iter().map(|&&v| v)));
                        };
                        s.spawn(all.clone(), move |_, v| check(&few, &v));
                        s.spawn(all.clone(), move |_, v| check(&more, &v));
                        s.spawn(all, move |_, v| check(&many, &v));
                    }
                    // One of them twice.
                    s.spawn((v[4].read(), v[4].read()), move |_, (a, b)| {
                        assert!(std::ptr::eq(a, b));
                        add(10_000_000_000 * (a + b))
                    });
                });
                s.spawn(block.write(), |_, block| block[0] = 7);
                let value = number(s, 3);
                s.spawn((value.read(), block.read()), move |_, (v, block)| {
                    add(1_000_000_000_000 * (v + block[0]))
                });
                Ok(())
            })
            .unwrap();
            let expected = 1 + 10 * 5 + 1000 * 14 + 100_000 * (30 + 55 + 91 + 140 + 204 + 285);
            let expected = expected + 10_000_000_000 * 10 + 1_000_000_000_000 * 10;
            assert_eq!(sum.load(Ordering::Relaxed), expected);
        }
    }
}

/// Large values lie in boxes; those that have to be dropped are, once, after their readers.
#[test]
fn large_values_and_those_that_drop() {
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    struct Counted(Vec<u64>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.clear();
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    for xes in [1, 2] {
        let rt = runtime(xes);
        let sums = &Mutex::new(Vec::new());
        for round in 0..100u64 {
            DROPPED.store(0, Ordering::Relaxed);
            rt.finish(|s| {
                let large = s.spawn((), move |_, ()| Ok([round; 200]));
                let counted = s.spawn((), move |_, ()| Ok(Counted(vec![round; 3])));
                let both = s.spawn((large.read(), counted.read()), |_, (large, counted)| {
                    Ok([large.iter().sum::<u64>() + counted.0.iter().sum::<u64>(); 100])
                });
                s.spawn(both.read(), |_, both| {
                    sums.lock().unwrap().push(both[0] + both[99])
                });
                Ok(())
            })
            .unwrap();
            assert_eq!(sums.lock().unwrap().pop(), Some(2 * 203 * round));
            assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
        }
    }
}

/// Failed before its readers are spawned, or after: they and theirs are skipped, and what they captured is dropped.
#[test]
fn readers_of_what_failed_are_skipped() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        for _ in 0..200 {
            let captured = &std::sync::Arc::new(());
            let error = rt
                .finish(|s| {
                    s.spawn((), move |s, ()| {
                        let good = number(s, 1);
                        let bad = s
                            .codelet("bad")
                            .spawn((), |_, ()| -> Result<u64> { Err(sprat::Error::msg("no")) });
                        let kept = captured.clone();
                        let sum = s.spawn((good.read(), bad.read()), move |_, (a, b)| {
                            let _ = &kept;
                            Ok(a + b)
                        });
                        s.spawn(sum.read(), |_, _| panic!("it runs"));
                        s.spawn(good.read(), |_, good| assert_eq!(*good, 1));
                        let (good, bad, kept) = (good.read(), bad.read(), captured.clone());
                        s.codelet("later").after(&sum.event()).spawn((), |_, ()| ());
                        // It declares them, so its children may name them, when both are long there.
                        s.spawn((good, bad), move |_, _| drop(kept.clone()));
                    });
                    Ok(())
                })
                .unwrap_err();
            let failure = error.failure().unwrap();
            assert_eq!((failure.failed, failure.skipped), (1, 4), "{error}");
            assert_eq!(failure.codelet, "bad");
            assert_eq!(std::sync::Arc::strong_count(captured), 1);
        }
    }
}

/// One value has come, and one has failed, before their readers are spawned: the host waits until another engine has done so.
#[test]
fn values_that_came_or_failed_before_their_readers_were_spawned() {
    let rt = runtime(2);
    let begun = &AtomicU64::new(0);
    let seen = &AtomicU64::new(0);
    let error = rt
        .finish(|s| {
            let good = s.spawn((), |_, ()| {
                begun.fetch_add(1, Ordering::Release);
                Ok(3u64)
            });
            let bad = s.codelet("bad").spawn((), |_, ()| -> Result<u64> {
                begun.fetch_add(1, Ordering::Release);
                Err(sprat::Error::msg("no"))
            });
            while begun.load(Ordering::Acquire) < 2 {
                std::thread::yield_now();
            }
            // They end a little later.
            std::thread::sleep(std::time::Duration::from_millis(20));
            s.spawn((good.read(), good.read()), |_, (a, b)| {
                seen.fetch_add(a + b, Ordering::Relaxed);
            });
            s.spawn((good.read(), bad.read()), |_, _| panic!("it runs"));
            let late = s.spawn((), |_, ()| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                Ok(4u64)
            });
            s.spawn((bad.read(), late.read()), |_, _| panic!("it runs"));
            s.spawn((good.read(), late.read()), |_, (a, b)| {
                seen.fetch_add(a * b, Ordering::Relaxed);
            });
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 2), "{error}");
    assert_eq!(seen.load(Ordering::Relaxed), 6 + 12);
}

/// A value that was there before anybody asked; one of an outer scope, and one that the parent declared, are not of children
/// of this scope, and read the general way.
#[test]
fn values_that_are_there_and_values_from_further_out() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let seen = &AtomicU64::new(0);
        for _ in 0..100 {
            seen.store(0, Ordering::Relaxed);
            rt.finish(|s| {
                s.spawn((), move |s, ()| {
                    let a = number(s, 5);
                    s.scope(|s| {
                        let b = number(s, 6);
                        s.spawn((a.read(), b.read()), move |_, (a, b)| {
                            seen.fetch_add(a * b, Ordering::Relaxed);
                        });
                    });
                    s.spawn(a.read(), move |s, _| {
                        s.spawn(a.read(), move |s, five| {
                            // There for sure.
                            s.spawn(a.read(), move |_, again| {
                                seen.fetch_add(100 * again, Ordering::Relaxed);
                            });
                            seen.fetch_add(1000 * five, Ordering::Relaxed);
                        });
                    });
                    let high = s.codelet("high").priority(Priority::High);
                    high.spawn(a.read(), move |_, a| {
                        seen.fetch_add(10_000 * a, Ordering::Relaxed);
                    });
                });
                Ok(())
            })
            .unwrap();
            assert_eq!(seen.load(Ordering::Relaxed), 30 + 500 + 5000 + 50_000);
        }
    }
}

/// Named where it may not be: the same errors as for everybody.
#[test]
fn what_is_wrong_with_a_value_is_told() {
    let (rt, other) = (runtime(1), runtime(1));
    let foreign = Mutex::new(None);
    other
        .finish(|s| {
            *foreign.lock().unwrap() = Some(number(s, 1));
            Ok(())
        })
        .unwrap();
    let foreign = foreign.into_inner().unwrap().unwrap();
    let kind = |body: &dyn Fn(&Scope<'_>)| {
        let ended = rt.finish(|s| {
            body(s);
            Ok(())
        });
        ended.unwrap_err().failure().unwrap().kind
    };
    let unheard = |s: &Scope<'_>, value: Value<u64>| {
        s.spawn(value.read(), |_, _| panic!("it runs"));
    };
    assert_eq!(kind(&|s| unheard(s, foreign)), ErrorKind::Foreign);
    let old = Mutex::new(None);
    rt.finish(|s| {
        *old.lock().unwrap() = Some(number(s, 1));
        Ok(())
    })
    .unwrap();
    let old = old.into_inner().unwrap().unwrap();
    assert_eq!(kind(&|s| unheard(s, old)), ErrorKind::Stale);
    let nephew = kind(&|s| {
        let value = number(s, 1);
        s.spawn((), move |s, ()| {
            s.spawn(value.read(), |_, _| panic!("it runs"));
        });
    });
    assert_eq!(nephew, ErrorKind::Undeclared);
}
