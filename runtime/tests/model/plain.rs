//! Codelets with few plain accesses go a way of their own through the runtime: what can come in between on it.

use super::runtime;
use sprat::{Block, ErrorKind, Runtime, Sum, scratch};

/// Blocks in slots that others had before, so that their generations are not the first: so many that engines cannot keep
/// all of those slots to themselves.
fn used_again(rt: &Runtime, count: usize) -> Vec<Block<u64>> {
    for block in rt.blocks::<u64>(500, 1).unwrap() {
        rt.destroy(block).unwrap();
    }
    rt.blocks::<u64>(100, 1).unwrap().split_off(100 - count)
}

/// The block goes between the looking and the entering: its destroyer stands in its queue, and has not run.
#[test]
fn who_finds_a_block_closed_takes_its_place_in_the_others() {
    let rt = runtime(1);
    let blocks = used_again(&rt, 3);
    let (a, gone, b) = (blocks[0], blocks[1], blocks[2]);
    let error = rt
        .finish(|s| {
            s.spawn((a.write(), gone.write(), b.write()), |_, (a, gone, b)| {
                (a[0], gone[0], b[0]) = (1, 1, 1);
            });
            s.destroy(gone);
            s.codelet("late")
                .spawn((b.read(), gone.read(), a.read_write()), |_, (_, _, a)| {
                    a[0] = 2;
                });
            s.codelet("reader").spawn(a.read(), |_, _| ());
            s.spawn(b.read_write(), |_, b| b[0] += 1);
            Ok(())
        })
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("late") && text.contains("was destroyed before"),
        "{text}"
    );
    // What it was to write is poisoned, and nothing else is.
    assert_eq!(rt.read(b, |b| b[0]).unwrap(), 2);
    assert_eq!(rt.read(a, |a| a[0]).unwrap_err().kind(), ErrorKind::Failed);
    rt.finish(|s| {
        s.spawn(a.write(), |_, a| a[0] = 3);
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 3);
}

/// The first who waits behind a reduction has to see to it that it is put together.
#[test]
fn one_behind_a_reduction_gets_its_sum() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let blocks = used_again(&rt, 2);
        let (sum, other) = (blocks[0], blocks[1]);
        for round in 1..=100 {
            rt.finish(|s| {
                s.spawn((sum.write(), other.write()), |_, (sum, other)| {
                    (sum[0], other[0]) = (0, 0)
                });
                for _ in 0..round {
                    s.spawn(sum.reduce(Sum), |_, sum| sum[0] += 1);
                }
                s.spawn((sum.read(), other.read_write()), |_, (sum, other)| {
                    other[0] = sum[0]
                });
                Ok(())
            })
            .unwrap();
            assert_eq!(rt.read(other, |other| other[0]).unwrap(), round);
            // All members have ended before the reader comes.
            rt.finish(|s| {
                s.spawn(sum.reduce(Sum), |_, sum| sum[0] += 1);
                Ok(())
            })
            .unwrap();
            rt.finish(|s| {
                s.spawn((other.write(), sum.read()), |_, (other, sum)| {
                    other[0] = sum[0]
                });
                Ok(())
            })
            .unwrap();
            assert_eq!(rt.read(other, |other| other[0]).unwrap(), round + 1);
        }
    }
}

/// Many who may hold a block side by side, with one who may not behind them, again and again.
#[test]
fn readers_go_together_and_the_writer_comes_after_all_of_them() {
    for (xes, readers) in [(1, 40), (2, 1), (2, 8), (2, 9), (2, 10), (2, 40)] {
        let rt = runtime(xes);
        let block = rt.block::<u64>(1).unwrap();
        let seen = rt.blocks::<u64>(readers, 1).unwrap();
        rt.finish(|s| {
            for _ in 0..50 {
                s.spawn(block.read_write(), |_, block| block[0] += 1);
                for seen in &seen {
                    s.spawn((block.read(), seen.read_write()), |_, (block, seen)| {
                        seen[0] += block[0]
                    });
                }
            }
            Ok(())
        })
        .unwrap();
        for seen in seen {
            assert_eq!(rt.read(seen, |seen| seen[0]).unwrap(), 50 * 51 / 2);
        }
    }
}

/// Up to four accesses are few, and none of these shapes means something else than the others.
#[test]
fn all_shapes_of_accesses_mean_the_same() {
    let rt = runtime(2);
    for count in 1..=6 {
        let blocks = rt.blocks::<u64>(count, 1).unwrap();
        rt.finish(|s| {
            for block in &blocks {
                s.spawn(block.write(), |_, block| block[0] = 1);
            }
            for _ in 0..20 {
                let all: Vec<_> = blocks.iter().map(|block| block.read_write()).collect();
                s.spawn(all, |s, all| {
                    let _ = s;
                    all.into_iter().for_each(|block| block[0] += 1);
                });
                let turns: Vec<_> = blocks.iter().map(|block| block.commute()).collect();
                s.spawn((scratch::<u64>(1), turns), |_, (_, all)| {
                    all.into_iter().for_each(|block| block[0] += 1);
                });
                let turns: Vec<_> = blocks.iter().map(|block| block.commute()).collect();
                s.spawn(turns, |_, all| {
                    all.into_iter().for_each(|block| block[0] += 1)
                });
                s.spawn(([blocks[0].read(); 2], ()), |_, ([a, b], ())| {
                    assert_eq!(a, b)
                });
            }
            Ok(())
        })
        .unwrap();
        for block in blocks {
            assert_eq!(rt.read(block, |block| block[0]).unwrap(), 61);
        }
    }
}

/// Children use their parent's queues, whether or not the parent is plain, and blocks of its own.
#[test]
fn children_of_plain_codelets() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let blocks = used_again(&rt, 2);
        let (a, b) = (blocks[0], blocks[1]);
        rt.finish(|s| {
            s.spawn((a.write(), b.write()), |_, (a, b)| (a[0], b[0]) = (0, 0));
            for _ in 0..50 {
                s.spawn(
                    (a.read_write(), b.read_write()),
                    move |s, (a_here, b_here)| {
                        (a_here[0], b_here[0]) = (a_here[0] + 1, b_here[0] + 1);
                        let own = s.block::<u64>(1).unwrap();
                        s.spawn((a.read(), own.write()), |_, (a, own)| own[0] = a[0]);
                        s.spawn((own.read(), b.read_write()), |_, (own, b)| b[0] += own[0]);
                        s.spawn(a.commute(), |_, a| a[0] += 1);
                        s.destroy(own);
                    },
                );
                s.spawn((a.read(), b.read()), |_, (a, b)| assert!(a[0] <= b[0]));
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(a, |a| a[0]).unwrap(), 100);
        // Fifty of its own, and 1, 3, 5, .. 99.
        assert_eq!(rt.read(b, |b| b[0]).unwrap(), 50 + 2500);
    }
}

/// More are let in at once than are told in one go: readers of one block after readers of another, and of both.
#[test]
fn many_wait_behind_one_who_gives_several_blocks_back() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let blocks = used_again(&rt, 4);
        for readers in 0..40 {
            let seen = &std::sync::atomic::AtomicU64::new(0);
            rt.finish(|s| {
                let all = (
                    blocks[0].write(),
                    blocks[1].read_write(),
                    blocks[2].write(),
                    blocks[3].write(),
                );
                s.spawn(all, move |_, (a, b, c, d)| {
                    (a[0], b[0], c[0], d[0]) = (1, 1, 1, 1);
                });
                for _ in 0..readers {
                    for block in &blocks {
                        s.spawn(block.read(), |_, x| {
                            seen.fetch_add(x[0], std::sync::atomic::Ordering::Relaxed);
                        });
                    }
                    s.spawn((blocks[0].read(), blocks[3].read()), |_, (a, d)| {
                        seen.fetch_add(a[0] + d[0], std::sync::atomic::Ordering::Relaxed);
                    });
                }
                s.spawn((blocks[0].write(), blocks[3].write()), |_, (a, d)| {
                    (a[0], d[0]) = (0, 0);
                });
                Ok(())
            })
            .unwrap();
            assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 6 * readers);
        }
    }
}
