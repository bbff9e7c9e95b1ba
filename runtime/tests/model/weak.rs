//! Weak accesses: places that a codelet takes for its children only.

use super::runtime;
use sprat::{Block, Error, ErrorKind, Runtime, Scope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Without weak accesses this program is stuck: the parent's body satisfies what the writer before it waits for.
#[test]
fn the_body_does_not_wait_and_the_children_do() {
    for xes in [1, 3] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(1).unwrap();
        rt.finish(|s| {
            let (event, trigger) = s.event("body");
            s.codelet("writer")
                .after(&event)
                .spawn(a.write(), |_, a| a[0] = 5);
            s.spawn_once(a.read_write().weak(), move |s, ()| {
                s.spawn(a.read_write(), |_, a| a[0] *= 2);
                s.satisfy(trigger);
                s.spawn(a.read(), |_, a| assert_eq!(a[0], 10));
                s.spawn(a.read_write(), |_, a| a[0] += 1);
            });
            s.spawn(a.read(), |_, a| assert_eq!(a[0], 11));
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 11);
    }
}

#[test]
fn weak_places_nest_and_keep_the_order() {
    for xes in [1, 2, 8] {
        let rt = runtime(xes);
        let a = rt.block::<u64>(1).unwrap();
        fn add(s: &Scope<'_>, a: Block<u64>, n: u64, depth: u32) {
            if depth == 0 {
                s.spawn(a.read_write(), move |_, a| a[0] = a[0].wrapping_mul(31) + n);
                return;
            }
            s.spawn(a.read_write().weak(), move |s, ()| {
                (0..3).for_each(|k| add(s, a, 3 * n + k, depth - 1));
            });
        }
        rt.finish(|s| {
            (0..3).for_each(|n| add(s, a, n, 4));
            Ok(())
        })
        .unwrap();
        let meant = (0..243).fold(0u64, |x, n| x.wrapping_mul(31) + n);
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), meant);
    }
}

/// Ends that wait for their places do not nest on the stack.
#[test]
fn very_many_in_a_row_end_one_after_the_other() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        let (event, trigger) = s.event("first");
        s.codelet("first")
            .after(&event)
            .spawn(a.write(), |_, a| a[0] = 1);
        (0..100_000).for_each(|_| {
            s.spawn(a.read_write().weak(), |_, ()| ());
        });
        s.spawn(a.read(), |_, a| assert_eq!(a[0], 1));
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
}

#[test]
fn poison_goes_past_the_body_to_the_children() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let ran = AtomicU64::new(0);
    let ran = &ran;
    let error = rt
        .finish(|s| {
            s.spawn(a.write(), |_, _| Err::<(), _>(Error::msg("no")));
            s.spawn(a.read_write().weak(), move |s, ()| {
                ran.fetch_add(1, Ordering::Relaxed);
                s.spawn(a.read(), |_, _| unreachable!());
                s.spawn(a.write(), |_, a| a[0] = 3);
                s.spawn(a.read(), move |_, _| {
                    ran.fetch_add(10, Ordering::Relaxed);
                });
            });
            s.spawn(a.read(), move |_, a| {
                assert_eq!(a[0], 3);
                ran.fetch_add(100, Ordering::Relaxed);
            });
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
    assert_eq!(ran.load(Ordering::Relaxed), 111);
}

#[test]
fn a_body_that_fails_poisons_after_its_children() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let ran = AtomicU64::new(0);
    let ran = &ran;
    let error = rt
        .finish(|s| {
            s.spawn((a.read_write().weak(), b.read().weak()), move |s, _| {
                s.spawn((a.read_write(), b.read()), move |_, _| {
                    ran.fetch_add(1, Ordering::Relaxed);
                });
                Err::<(), _>(Error::msg("late"))
            });
            s.spawn(a.read(), |_, _| unreachable!());
            s.spawn(b.read(), move |_, _| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 1), "{error}");
    assert_eq!(ran.load(Ordering::Relaxed), 2);
    assert_eq!(rt.read(a, |_| ()).unwrap_err().kind(), ErrorKind::Failed);
}

#[test]
fn children_have_no_more_right_than_the_weak_access_says() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            s.spawn(a.read().weak(), move |s, ()| {
                s.spawn(a.read(), |_, _| ());
                s.spawn(a.write(), |_, _| unreachable!());
            });
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("for reading only"), "{error}");
}

#[test]
fn a_block_is_named_once_beside_a_weak_access() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            s.spawn((a.read(), a.read().weak()), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("declared twice"), "{error}");
}

#[test]
fn through_the_at_ready_door_and_in_a_destroyed_block() {
    let rt = runtime(2);
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    rt.destroy(b).unwrap();
    rt.finish(|s| {
        let first = s.spawn(a.write(), |_, a| a[0] = 1);
        s.codelet("weak").at_ready().after(&first.event()).spawn(
            a.read_write().weak(),
            move |s, ()| {
                s.spawn(a.read_write(), |_, a| a[0] += 1);
            },
        );
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 2);
    let error = rt
        .finish(|s| {
            s.spawn(
                (a.read_write().weak(), b.read().weak()),
                |_, _| unreachable!(),
            );
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("was destroyed"), "{error}");
}

/// A scope whose children wait for a place behind somebody in another scope is not stuck.
#[test]
fn who_waits_behind_another_scope_is_not_stuck() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let (event, trigger) = rt.event("outside");
    let (spawned, begin) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        let rt = &rt;
        threads.spawn(move || {
            rt.finish(|s| {
                s.codelet("first")
                    .after(&event)
                    .spawn(a.write(), |_, a| a[0] = 1);
                spawned.send(()).unwrap();
                Ok(())
            })
            .unwrap();
        });
        begin.recv().unwrap();
        threads.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            trigger.satisfy();
        });
        rt.finish(|s| {
            s.spawn(a.read_write().weak(), move |s, ()| {
                s.spawn(a.read_write(), |_, a| a[0] += 1);
            });
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 2);
}

/// Codelets with so many blocks, whose children each name one; how long it takes.
fn with_children(rt: &Runtime, many: usize) -> Duration {
    let blocks: &[Block<u64>] = &rt.blocks(many, 1).unwrap();
    // All blocks, in another order than they were declared in.
    let in_any_order = || (0..many).map(|at| blocks[at * 7919 % many]);
    let add_in_children = move |s: &Scope<'_>| {
        for block in in_any_order() {
            s.spawn(block.read_write(), |_, x| x[0] += 1);
        }
    };
    let begin = Instant::now();
    rt.finish(|s| {
        let weak: Vec<_> = blocks.iter().map(|x| x.read_write().weak()).collect();
        s.spawn(weak, move |s, _| add_in_children(s));
        let held: Vec<_> = blocks.iter().map(|x| x.read_write()).collect();
        s.spawn(held, move |s, _| add_in_children(s));
        // Its places come one by one, when the writers before it have ended.
        for block in in_any_order() {
            s.spawn(block.read_write(), |_, x| x[0] *= 3);
        }
        let weak: Vec<_> = blocks.iter().map(|x| x.read_write().weak()).collect();
        s.spawn(weak, move |s, _| add_in_children(s));
        Ok(())
    })
    .unwrap();
    let took = begin.elapsed();
    for &block in blocks {
        assert_eq!(rt.read(block, |x| x[0]).unwrap(), 7);
        rt.destroy(block).unwrap();
    }
    took
}

/// Time grows as the blocks do, and not as their square: by walks through all entries for each place that comes, or for each child that
/// names a block, it would.
#[test]
fn children_of_a_codelet_with_very_many_blocks_find_theirs_soon() {
    const FEW: usize = 1_000;
    const TIMES: u32 = 20;
    let rt = runtime(2);
    // Both are held up by what else the machine does, one more than the other now and then.
    let mut seen = Vec::new();
    let grows_alike = |_| {
        let (few, many) = (
            with_children(&rt, FEW),
            with_children(&rt, FEW * TIMES as usize),
        );
        seen.push((few, many));
        many < few * 4 * TIMES
    };
    assert!(
        (0..10).any(grows_alike),
        "for {FEW}, and {TIMES} times as many: {seen:?}"
    );
}
