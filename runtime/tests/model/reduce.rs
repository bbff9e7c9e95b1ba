//! Reductions: the same bits at any number of engines, whoever comes first; lanes and their memory.

use sprat::{Block, CeMode, Error, ErrorKind, Max, Min, Product, ReduceOp, Runtime, Sum};
use std::sync::atomic::{AtomicU64, Ordering};

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

fn all() -> Vec<Runtime> {
    let modes = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];
    let on = |mode| [1, 2, 3, 8].map(|xes| runtime(xes, mode));
    modes.into_iter().flat_map(on).collect()
}

fn dawdle(turns: u64) {
    (0..turns).for_each(|_| std::thread::yield_now());
}

/// A float of many sizes, so that each order of adding has bits of its own.
fn term(n: u64) -> f64 {
    let x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    x as f64 / 7.0 * 2f64.powi((n % 8) as i32 - 60)
}

/// What the documentation says: member k adds to lane k % 16, lanes are put together by pairs.
fn documented(start: f64, terms: impl Iterator<Item = f64>) -> f64 {
    let mut lanes: Vec<f64> = Vec::new();
    for (k, term) in terms.enumerate() {
        match lanes.get_mut(k % 16) {
            Some(lane) => *lane += term,
            None => lanes.push(0.0 + term),
        }
    }
    let mut width = 1;
    while width < lanes.len() {
        for at in (0..lanes.len() - width).step_by(2 * width) {
            lanes[at] += lanes[at + width];
        }
        width *= 2;
    }
    start + lanes[0]
}

#[test]
fn the_same_bits_on_every_runtime() {
    for members in [1u64, 2, 5, 16, 17, 40, 100] {
        let meant = documented(0.1, (0..members).map(term));
        let in_order = (0..members).map(term).fold(0.1, |sum, x| sum + x);
        // Else this test shows nothing.
        assert!(members < 40 || meant.to_bits() != in_order.to_bits());
        for rt in all() {
            let a = rt.block::<f64>(3).unwrap();
            rt.finish(|s| {
                s.spawn(a.write(), |_, a| a.fill(0.1));
                for n in 0..members {
                    s.spawn(a.reduce(Sum), move |_, a| {
                        dawdle(n * 7 % 5);
                        a[2] += term(n);
                    });
                }
                Ok(())
            })
            .unwrap();
            let found = rt.read(a, |a| a.to_vec()).unwrap();
            assert_eq!(
                found[2].to_bits(),
                meant.to_bits(),
                "{members} members on {rt:?}"
            );
            assert_eq!(found[..2], [0.1, 0.1]);
        }
    }
}

/// Whether a group ends does not depend on whether its members have left when the next one comes.
#[test]
fn a_group_goes_on_until_another_access_comes() {
    let meant = documented(0.0, (0..40).map(term));
    let rt = runtime(2, CeMode::Shared);
    let a = rt.block::<f64>(1).unwrap();
    for n in 0..40 {
        rt.finish(|s| {
            s.spawn(a.reduce(Sum), move |_, a| a[0] += term(n));
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(rt.read(a, |a| a[0]).unwrap().to_bits(), meant.to_bits());
    // From here on it is another group.
    rt.finish(|s| {
        s.spawn(a.reduce(Sum), |_, a| a[0] += 1.0);
        s.spawn(a.reduce(Max), |_, a| a[0] = 1e300);
        s.spawn(a.reduce(Sum), |_, a| a[0] += 1e300);
        s.spawn(a.reduce(Min), |_, a| a[0] = a[0].min(5.0));
        s.spawn(a.reduce(Product), |_, a| a[0] *= 3.0);
        s.spawn(a.read(), |_, a| assert_eq!(a[0], 15.0));
        Ok(())
    })
    .unwrap();
}

/// Addition of whole numbers, which counts what is going on.
#[derive(Clone, Copy)]
struct Counted;

static COMBINED: AtomicU64 = AtomicU64::new(0);

impl ReduceOp<u64> for Counted {
    fn identity(&self) -> u64 {
        0
    }
    fn combine(&self, into: &mut [u64], from: &[u64]) {
        COMBINED.fetch_add(1, Ordering::Relaxed);
        Sum.combine(into, from);
    }
}

#[test]
fn a_full_write_and_a_destruction_need_no_result() {
    let rt = runtime(2, CeMode::Shared);
    let before = rt.memory()[0].in_use_bytes;
    let a = rt.block::<u64>(100_000).unwrap();
    rt.finish(|s| {
        (0..20).for_each(|n| {
            s.spawn(a.reduce(Counted), move |_, a| a[0] += n);
        });
        s.spawn(a.write(), |_, a| a.fill(1));
        (0..20).for_each(|n| {
            s.spawn(a.reduce(Counted), move |_, a| a[0] += n);
        });
        s.destroy(a);
        Ok(())
    })
    .unwrap();
    assert_eq!(COMBINED.load(Ordering::Relaxed), 0);
    let kept = rt.memory()[0].in_use_bytes - before;
    // What engines keep of such pieces is two each, and the records.
    assert!(
        kept < 16 * 800_000,
        "{kept} bytes are kept of {} in lanes",
        40 * 800_000
    );
}

#[test]
fn lanes_are_private_and_their_members_run_one_at_a_time() {
    let rt = runtime(8, CeMode::Shared);
    let a = rt.block::<u64>(2).unwrap();
    let lanes: [AtomicU64; 16] = Default::default();
    let lanes = &lanes;
    rt.finish(|s| {
        for n in 0..200u64 {
            s.spawn(a.reduce(Sum), move |_, a| {
                let lane = &lanes[(n % 16) as usize];
                // So many of the lane have been here before, in this order.
                assert_eq!(lane.load(Ordering::Relaxed), n / 16);
                assert_eq!(a[0], n / 16);
                dawdle(n % 3);
                lane.store(n / 16 + 1, Ordering::Relaxed);
                a[0] += 1;
            });
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 200);
}

#[test]
fn a_failure_poisons_what_comes_after_the_group() {
    let rt = runtime(3, CeMode::Shared);
    let a = rt.block::<u64>(1).unwrap();
    let ran = AtomicU64::new(0);
    let ran = &ran;
    let error = rt
        .finish(|s| {
            for n in 0..40 {
                s.spawn(a.reduce(Sum), move |_, _| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    match n {
                        5 => Err(Error::msg("the fifth")),
                        _ => Ok(()),
                    }
                });
            }
            s.spawn(a.reduce(Max), |_, _| unreachable!());
            s.spawn(a.read(), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 2), "{error}");
    assert_eq!(ran.load(Ordering::Relaxed), 40);
    rt.finish(|s| {
        s.spawn(a.write(), |_, a| a[0] = 1);
        s.spawn(a.reduce(Sum), |_, a| a[0] += 1);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 2);
}

/// Children add up in their parent's place; its end brings all together.
#[test]
fn children_reduce_inside_their_parent() {
    let meant = documented(1.0, (0..30).map(term)).to_bits();
    for rt in all() {
        let a = rt.block::<f64>(1).unwrap();
        rt.finish(|s| {
            s.spawn(a.read_write(), move |s, a_view| {
                a_view[0] = 1.0;
                for n in 0..30 {
                    s.spawn(a.reduce(Sum), move |_, a| a[0] += term(n));
                }
            });
            s.spawn(a.read(), move |_, a| assert_eq!(a[0].to_bits(), meant));
            s.spawn(a.commute(), move |s, a_view| {
                a_view[0] = 1.0;
                for n in 0..30 {
                    s.spawn(a.reduce(Sum), move |_, a| a[0] += term(n));
                }
                s.spawn(a.read(), move |_, a| assert_eq!(a[0].to_bits(), meant));
            });
            Ok(())
        })
        .unwrap();
    }
}

#[derive(Clone, Copy)]
struct Panics;

impl ReduceOp<u64> for Panics {
    fn identity(&self) -> u64 {
        0
    }
    fn combine(&self, _: &mut [u64], _: &[u64]) {
        panic!("it does not add up");
    }
}

#[derive(Clone, Copy)]
struct NoIdentity;

impl ReduceOp<u64> for NoIdentity {
    fn identity(&self) -> u64 {
        panic!("who am I?");
    }
    fn combine(&self, _: &mut [u64], _: &[u64]) {}
}

#[test]
fn an_operator_that_panics_poisons_the_block() {
    let rt = runtime(2, CeMode::Shared);
    let a = rt.block::<u64>(1).unwrap();
    rt.finish(|s| {
        s.spawn(a.reduce(Panics), |_, a| a[0] = 1);
        s.spawn(a.reduce(Panics), |_, a| a[0] = 1);
        Ok(())
    })
    .unwrap();
    let error = rt.read(a, |_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("it does not add up"), "{error}");
    rt.finish(|s| {
        s.spawn(a.write(), |_, a| a[0] = 1);
        Ok(())
    })
    .unwrap();
    let error = rt
        .finish(|s| {
            s.spawn(a.reduce(NoIdentity), |_, _| unreachable!());
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("who am I?"), "{error}");
}

#[test]
fn children_of_a_member_cannot_name_the_block() {
    let rt = runtime(2, CeMode::Shared);
    let a: Block<u64> = rt.block(1).unwrap();
    let error = rt
        .finish(|s| {
            s.spawn(a.reduce(Sum), move |s, _| {
                s.spawn(a.reduce(Sum), |_, _| unreachable!());
            });
            Ok(())
        })
        .unwrap_err();
    assert!(error.to_string().contains("a lane of its own"), "{error}");
}

#[test]
fn a_stuck_member_is_named_with_its_mode() {
    let rt = runtime(2, CeMode::Shared);
    let a: Block<u64> = rt.block(1).unwrap();
    let error = rt
        .finish(|s| {
            let (never, trigger) = s.event("never");
            let first = s.codelet("first").after(&never);
            first.spawn_once(a.reduce(Sum), move |_, _| drop(trigger));
            (0..15).for_each(|_| {
                s.spawn(a.reduce(Sum), |_, a| a[0] += 1);
            });
            s.codelet("of the same lane")
                .spawn(a.reduce(Sum), |_, a| a[0] += 1);
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stuck);
    let named = error
        .stuck()
        .iter()
        .find(|w| w.codelet == "of the same lane");
    let waits = named.unwrap().waits_for.join("; ");
    assert!(waits.contains("to add to it in a reduction"), "{waits}");
}

/// What is put together late, by who reads it: in a scope of its own, after a write or as the first in the block, alone or
/// beside another access.
#[test]
fn a_later_scope_finds_the_sums_of_an_earlier_one() {
    for xes in [1, 2] {
        let builder = Runtime::builder().xes(xes).oversubscribe(true).pin(false);
        let rt = builder.ignore_environment().build().unwrap();
        for (writes, beside) in [(false, false), (false, true), (true, false), (true, true)] {
            let (sums, other) = (rt.block::<f64>(2).unwrap(), rt.block::<f64>(1).unwrap());
            rt.finish(|s| {
                if writes {
                    s.spawn(sums.write(), |_, sums| sums.fill(1.0));
                }
                for _ in 0..40 {
                    match beside {
                        true => {
                            let access = (sums.reduce(Sum), other.read_write());
                            s.spawn(access, |_, (sums, other)| {
                                sums[0] += 1.0;
                                other[0] += 1.0;
                            })
                        }
                        false => s.spawn(sums.reduce(Sum), |_, sums| sums[0] += 1.0),
                    };
                }
                Ok(())
            })
            .unwrap();
            let start = f64::from(u8::from(writes));
            assert_eq!(
                rt.read(sums, <[f64]>::to_vec).unwrap(),
                [40.0 + start, start]
            );
        }
    }
}

#[test]
fn bytes_that_do_not_fit_the_elements_are_refused() {
    use sprat::{AnyAccess, Lent};
    let rt = runtime(2, CeMode::Shared);
    let mut memory = [0_u64; 9];
    let start = memory.as_mut_ptr().cast::<u8>();
    // SAFETY: 71 bytes of that, which nobody else uses.
    let bytes = unsafe { std::slice::from_raw_parts_mut(start.wrapping_add(1), 71) };
    let (crooked, ragged) = (&mut bytes[..64], rt.block::<u8>(13).unwrap());
    let fails = |reduced: sprat::Result<()>, says: &str| {
        let error = reduced.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    };
    let sum = |block| AnyAccess::reduce::<u64, _>(block, Sum).unwrap();
    let crooked = rt.finish(|s| {
        let block = s.adopt(crooked)?;
        for _ in 0..40 {
            s.spawn(sum(block), |_, _: Lent| panic!("it does not run"));
        }
        // Elements of one byte fit anywhere.
        s.spawn(AnyAccess::reduce::<u8, _>(block, Sum).unwrap(), |_, _| ());
        Ok(())
    });
    fails(crooked, "is not aligned to 8 bytes");
    let unfit = "has 13 bytes, which are no elements of 8";
    let spawn = |s: &sprat::Scope<'_>| {
        s.spawn(sum(ragged), |_, _: Lent| panic!("it does not run"));
        Ok(())
    };
    fails(rt.finish(spawn), unfit);
    fails(rt.record(spawn).map(drop), unfit);
}
