//! Random programs among moves at random moments mean what they say.
//!
//! Checked itself: it fails if a move leaves the contents behind, if copies outlive a write, or a part of it, and if a reader
//! fulfils a wish to move.

use crate::builder;
use sprat::{Home, Result, Sum};
use std::sync::atomic::{AtomicBool, Ordering};

/// A small generator of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// Random accesses of all kinds with moves and copies between them, while another thread wishes moves and copies at any
/// moment: all blocks hold what the program says.
#[test]
fn random_programs_mean_the_same_with_moves_at_random_moments() -> Result<()> {
    const BLOCKS: usize = 5;
    const LEN: usize = 300;
    let rt = builder(3).xes(3).oversubscribe(true).build()?;
    let done = AtomicBool::new(false);
    let result = std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut seed = 1;
            while !done.load(Ordering::Relaxed) {
                rt.shuffle_homes(seed);
                seed += 1;
                std::thread::yield_now();
            }
        });
        let result = (0..40).try_for_each(|seed| {
            let mut numbers = Numbers(seed);
            let mut blocks = rt.blocks::<u64>(BLOCKS, LEN)?;
            let mut expected = vec![vec![0u64; LEN]; BLOCKS];
            rt.finish(|s| {
                for step in 0..150u64 {
                    let (a, b) = (numbers.below(BLOCKS), numbers.below(BLOCKS - 1));
                    let b = (a + 1 + b) % BLOCKS;
                    let (to, from) = (blocks[a], blocks[b]);
                    let xe = numbers.below(3);
                    match numbers.below(10) {
                        0 => {
                            s.codelet("write")
                                .on_xe(xe)
                                .spawn(to.write(), move |_, x| x.fill(step));
                            expected[a].fill(step);
                        }
                        1 | 2 => {
                            s.codelet("mix").on_xe(xe).spawn(
                                (to.read_write(), from.read()),
                                |_, (to, from)| {
                                    let pairs = to.iter_mut().zip(from);
                                    pairs.for_each(|(to, from)| {
                                        *to = to.wrapping_mul(31) + from % 1000
                                    });
                                },
                            );
                            let from = expected[b].clone();
                            let pairs = expected[a].iter_mut().zip(&from);
                            pairs.for_each(|(to, from)| *to = to.wrapping_mul(31) + from % 1000);
                        }
                        3 => {
                            let before = expected[a].clone();
                            for xe in 0..3 {
                                let before = before.clone();
                                s.codelet("read").on_xe(xe).spawn(to.read(), move |_, x| {
                                    assert!(x == before, "step {step}");
                                });
                            }
                        }
                        4 => {
                            s.codelet("turn").on_xe(xe).spawn(to.commute(), |_, x| {
                                x.iter_mut().for_each(|x| *x = x.wrapping_add(7));
                            });
                            expected[a].iter_mut().for_each(|x| *x = x.wrapping_add(7));
                        }
                        5 => {
                            for xe in 0..3 {
                                s.codelet("sum")
                                    .on_xe(xe)
                                    .spawn(to.reduce(Sum), |_, x| x[0] += 1);
                            }
                            expected[a][0] = expected[a][0].wrapping_add(3);
                        }
                        6 => {
                            let at = numbers.below(LEN);
                            for part in [to.part(..at), to.part(at..)] {
                                s.codelet("part")
                                    .on_xe(xe)
                                    .spawn(part.read_write(), |_, x| {
                                        x.iter_mut().for_each(|x| *x ^= 5);
                                    });
                            }
                            expected[a].iter_mut().for_each(|x| *x ^= 5);
                        }
                        7 => {
                            s.migrate(to, Home::Region(xe));
                        }
                        8 => {
                            s.replicate(to);
                        }
                        _ => {
                            s.destroy(to);
                            blocks[a] = s.block_at(Home::Region(xe), LEN)?;
                            expected[a].fill(0);
                        }
                    }
                }
                Ok(())
            })?;
            for (block, expected) in blocks.iter().zip(&expected) {
                rt.read(*block, |x| assert!(x == expected, "seed {seed}"))?;
                rt.destroy(*block)?;
            }
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        result
    });
    let counts = rt.move_counts();
    assert!(counts.moved > 50 && counts.copied > 50, "{counts:?}");
    assert_eq!((counts.refused, counts.replica_bytes), (0, 0));
    result
}
