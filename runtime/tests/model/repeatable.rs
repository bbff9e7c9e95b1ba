//! A repeatable codelet runs again when it fails, on what it found the first time.
//!
//! Checked itself: fails if contents are not put back, if copies are not given back, if one run too many or too few is made,
//! or if a body with children runs again.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Error, ErrorKind, Runtime, Sum, scratch};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

fn repeated(rt: &Runtime) -> u64 {
    rt.xe_counts().iter().map(|counts| counts.repeated).sum()
}

fn ran(rt: &Runtime) -> u64 {
    rt.xe_counts().iter().map(|counts| counts.ran).sum()
}

#[test]
fn each_run_finds_what_the_first_one_found() {
    let rt = runtime(2);
    // Small and large, with blocks in between that need no copy.
    let blocks = rt.blocks::<u64>(3, 5).unwrap();
    let large = rt.block::<u64>(100_000).unwrap();
    for panics in [false, true] {
        let (before, tries) = (repeated(&rt), AtomicU32::new(0));
        let tries = &tries;
        let value = AtomicU32::new(0);
        rt.finish(|s| {
            for (n, &block) in blocks.iter().enumerate() {
                s.spawn(block.write(), move |_, data| data.fill(10 + n as u64));
            }
            s.spawn(large.write(), |_, data| data.fill(1));
            let access = (
                blocks[0].read_write(),
                vec![blocks[1].read()],
                blocks[2].write(),
                large.read_write(),
            );
            let shaky = s.codelet("shaky").near(blocks[0]).repeatable(3).spawn(
                access,
                move |_, (first, read, written, large)| {
                    assert_eq!(first, [10; 5]);
                    assert_eq!(*read[0], [11; 5]);
                    assert!(large.iter().all(|&x| x == 1));
                    first.fill(99);
                    written.fill(98);
                    large.iter_mut().for_each(|x| *x += 1);
                    match tries.fetch_add(1, Ordering::Relaxed) {
                        3 => Ok(7u32),
                        _ if panics => panic!("not this time"),
                        _ => Err(Error::msg("not this time")),
                    }
                },
            );
            s.spawn(shaky.read(), |_, seven| {
                value.store(*seven, Ordering::Relaxed)
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(tries.load(Ordering::Relaxed), 4);
        assert_eq!(value.load(Ordering::Relaxed), 7);
        assert_eq!(repeated(&rt) - before, 3);
        assert_eq!(rt.read(blocks[0], |data| data[4]).unwrap(), 99);
        assert_eq!(rt.read(blocks[2], |data| data[4]).unwrap(), 98);
        assert!(rt.read(large, |data| data.iter().all(|&x| x == 2)).unwrap());
    }
}

#[test]
fn if_no_run_ends_well_the_last_one_is_told() {
    let rt = runtime(1);
    let block = rt.block::<u64>(1).unwrap();
    for times in [0, 1, 5] {
        let (tries, begun) = (AtomicU32::new(0), ran(&rt));
        let error = rt
            .finish(|s| {
                s.spawn(block.write(), |_, data| data[0] = 1);
                s.codelet("hopeless")
                    .repeatable(times)
                    .spawn(block.read_write(), |_, data| {
                        assert_eq!(data[0], 1);
                        data[0] = 2;
                        let n = tries.fetch_add(1, Ordering::Relaxed);
                        Err::<(), _>(Error::msg(format!("try {n}")))
                    });
                s.codelet("reads")
                    .spawn(block.read(), |_, _| unreachable!());
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed);
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 1));
        let said = match times {
            0 => "try 0".to_owned(),
            _ => format!("try {times} (in the last of {} runs)", times + 1),
        };
        assert_eq!(failure.cause, said);
        assert_eq!(tries.load(Ordering::Relaxed), times + 1);
        // It counts as one codelet, however often it ran.
        assert_eq!(ran(&rt) - begun, 2);
        assert_eq!(
            rt.read(block, |_| ()).unwrap_err().failure().unwrap().cause,
            said
        );
    }
}

#[test]
fn a_body_that_has_spawned_is_not_run_again() {
    let rt = runtime(2);
    let block = rt.block::<u64>(1).unwrap();
    let (tries, children) = (AtomicU32::new(0), AtomicU32::new(0));
    let error = rt
        .finish(|s| {
            let (tries, children) = (&tries, &children);
            s.codelet("parent")
                .repeatable(9)
                .spawn(block.read_write(), move |s, _| {
                    let n = tries.fetch_add(1, Ordering::Relaxed);
                    if n == 1 {
                        s.spawn(block.read_write(), move |_, _| {
                            children.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                    Err::<(), _>(Error::msg("no"))
                });
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.failure().unwrap().cause, "no (in the last of 2 runs)");
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    // The child is skipped: it was to read what its parent failed to write.
    assert_eq!(children.load(Ordering::Relaxed), 0);
    let scopes = AtomicU32::new(0);
    rt.finish(|s| {
        s.codelet("scope").repeatable(9).spawn((), |s, ()| {
            scopes.fetch_add(1, Ordering::Relaxed);
            s.scope(|_| ());
            Err::<(), _>(Error::msg("no"))
        });
        Ok(())
    })
    .unwrap_err();
    assert_eq!(scopes.load(Ordering::Relaxed), 1);
}

#[test]
fn a_cancelled_one_is_not_run_again() {
    let rt = runtime(1);
    let tries = AtomicU32::new(0);
    let error = rt
        .finish(|s| {
            let (canceller, tries) = (s.canceller(), &tries);
            s.codelet("gives up").repeatable(9).spawn((), move |_, ()| {
                if tries.fetch_add(1, Ordering::Relaxed) == 2 {
                    canceller.cancel("it is hopeless");
                }
                Err::<(), _>(Error::msg("no"))
            });
            Ok(())
        })
        .unwrap_err();
    let left = error.cancellation().unwrap();
    assert_eq!((left.ran, left.failed), (1, 1));
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

/// Counts drops.
struct Drops(Arc<AtomicUsize>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn captures_and_copies_go_once() {
    let rt = runtime(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let block = rt.block::<u64>(50_000).unwrap();
    let bytes = |rt: &Runtime| {
        rt.memory()
            .iter()
            .map(|pool| pool.in_use_bytes)
            .sum::<usize>()
    };
    rt.write(block, |data| data.fill(3)).unwrap();
    let before = bytes(&rt);
    const ROUNDS: usize = 100;
    for round in 0..ROUNDS {
        let keep = Drops(drops.clone());
        // Captures larger than a record, at times.
        let large = [round as u8; 700];
        let result = rt.finish(|s| {
            s.codelet("fails")
                .repeatable(2)
                .spawn(block.read_write(), move |_, data| {
                    let (_keep, sum) = (&keep, large.iter().map(|&x| u32::from(x)).sum::<u32>());
                    assert_eq!(sum, 700 * round as u32);
                    assert!(data.iter().all(|&x| x == 3));
                    data.fill(0);
                    match round % 2 {
                        0 => Err(Error::msg("no")),
                        _ => panic!("no"),
                    }
                    .map(|()| Drops(Arc::default()))
                });
            Ok(())
        });
        assert_eq!(result.unwrap_err().failure().unwrap().failed, 1);
        rt.finish(|s| {
            s.spawn(block.write(), |_, data| data.fill(3));
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(drops.load(Ordering::Relaxed), ROUNDS);
    // 100 copies of 400,000 bytes; each engine keeps one or two to itself.
    assert!(bytes(&rt) < before + (4 << 20), "{} {before}", bytes(&rt));
    // Skipped, it does not run at all.
    let keep = Drops(drops.clone());
    rt.finish(|s| {
        s.spawn(block.write(), |_, _| Err::<(), _>(Error::msg("no")));
        s.codelet("skipped")
            .repeatable(2)
            .spawn(block.read_write(), move |_, _| {
                let _keep = &keep;
                unreachable!();
            });
        Ok(())
    })
    .unwrap_err();
    assert_eq!(drops.load(Ordering::Relaxed), ROUNDS + 1);
}

#[test]
fn turns_reductions_and_scratch_are_as_they_were_too() {
    for xes in [1, 3] {
        let rt = runtime(xes);
        let (turns, sum) = (rt.block::<u64>(2).unwrap(), rt.block::<u64>(2).unwrap());
        let shared = rt.block::<u64>(1).unwrap();
        let before = repeated(&rt);
        rt.finish(|s| {
            s.spawn((turns.write(), sum.write()), |_, (turns, sum)| {
                turns.fill(5);
                sum.fill(7);
            });
            let places = AtomicU32::new(0);
            s.codelet("weak").repeatable(2).spawn(
                (shared.write().weak(), turns.read_write()),
                move |_, (_, turns)| {
                    assert_eq!(*turns, [5, 5]);
                    turns[0] = 0;
                    match places.fetch_add(1, Ordering::Relaxed) {
                        0 | 1 => Err(Error::msg("not this time")),
                        _ => {
                            turns[0] = 5;
                            Ok(())
                        }
                    }
                },
            );
            for _ in 0..50 {
                let tries = AtomicU32::new(0);
                let access = (turns.commute(), scratch::<u64>(3), sum.reduce(Sum));
                s.codelet("shaky")
                    .repeatable(2)
                    .spawn(access, move |_, (turns, scratch, sum)| {
                        scratch.fill(9);
                        turns[0] += 1;
                        sum[1] += 3;
                        match tries.fetch_add(1, Ordering::Relaxed) {
                            0 => Err(Error::msg("not this time")),
                            1 => panic!("not this time"),
                            _ => Ok(()),
                        }
                    });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(turns, <[u64]>::to_vec).unwrap(), [55, 5]);
        assert_eq!(rt.read(sum, <[u64]>::to_vec).unwrap(), [7, 157]);
        assert_eq!(repeated(&rt) - before, 102);
    }
}

#[test]
fn a_body_that_has_released_a_block_is_not_run_again() {
    let rt = runtime(2);
    let block = rt.block::<u64>(1).unwrap();
    let other = rt.block::<u64>(1).unwrap();
    for releases in [true, false] {
        let tries = AtomicU32::new(0);
        let tries = &tries;
        rt.finish(|s| {
            s.codelet("releases").at_ready().repeatable(3).spawn(
                (block.write().raw(), other.write().raw()),
                move |s, (view, _)| {
                    tries.fetch_add(1, Ordering::Relaxed);
                    if releases {
                        // SAFETY: a bare pointer, which is not used any more.
                        unsafe { s.release(view) }?;
                    }
                    Err::<(), _>(Error::msg("no"))
                },
            );
            Ok(())
        })
        .unwrap_err();
        let meant = if releases { 1 } else { 4 };
        assert_eq!(tries.load(Ordering::Relaxed), meant);
    }
}
