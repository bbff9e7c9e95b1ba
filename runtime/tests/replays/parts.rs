//! Parts and tiles of blocks in recorded graphs, by hand. Random ones: `replay_oracle.rs`.

use sprat::{Block, Error, ErrorKind, Graph, Runtime};
use std::collections::BTreeSet;

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// Which codelet waits for which in the same round.
fn waits(graph: &Graph<'_>) -> BTreeSet<(usize, usize)> {
    let inside = graph.inspect();
    let here = inside.dependences.iter().filter(|one| !one.from_last_round);
    here.map(|one| (one.before, one.after)).collect()
}

/// The elements of a block that are not poisoned.
fn look(rt: &Runtime, block: Block<u64>, len: usize) -> Vec<Option<u64>> {
    let mut seen = vec![None; len];
    _ = rt.finish(|s| {
        for (at, seen) in seen.iter_mut().enumerate() {
            let word = block.part(at..at + 1).read();
            s.spawn_once(word, move |_, word| *seen = Some(word[0]));
        }
        Ok(())
    });
    seen
}

#[test]
fn the_whole_and_its_parts_are_ordered_and_parts_are_apart() {
    let rt = runtime(2);
    let a = rt.block::<u64>(24).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(a.part(..12).write(), |_, a| a.fill(1));
            s.spawn(a.part(12..).write(), |_, a| a.fill(2));
            // Columns 1 and 2 of a matrix of 6 rows and 4 columns: both of them.
            s.spawn(a.tile(0..6, 1..3, 4).read_write(), |_, mut tile| {
                assert_eq!((tile.rows(), tile.columns()), (6, 2));
                tile.iter_mut().flatten().for_each(|word| *word += 10);
            });
            // The other columns are nobody's but the writers'.
            s.spawn(a.tile(0..3, 0..1, 4).read_write(), |_, mut tile| {
                tile.fill(7)
            });
            s.spawn(a.read(), |_, a| {
                assert_eq!(a[..4], [7, 11, 11, 1]);
                assert_eq!(a[20..], [2, 12, 12, 2]);
            });
            Ok(())
        })
        .unwrap();
    let expected = [(0, 2), (1, 2), (0, 3), (2, 4), (3, 4), (0, 4), (1, 4)];
    assert_eq!(waits(&graph), BTreeSet::from(expected));
    let inside = graph.inspect();
    assert_eq!(inside.blocks.len(), 1);
    assert_eq!(inside.blocks[0].readers, [4]);
    assert_eq!(inside.blocks[0].writers, [0, 1, 2, 3]);
    rt.replay(&graph, 100).unwrap();
}

#[test]
fn rounds_of_parts_overlap_and_each_waits_for_its_own() {
    let rt = runtime(3);
    let a = rt.block::<u64>(3 * 64).unwrap();
    let parts = 0..3usize;
    let graph = rt
        .record(|s| {
            for i in parts.clone() {
                let part = a.part(i * 64..(i + 1) * 64);
                s.codelet("add")
                    .on_xe(i)
                    .spawn(part.read_write(), |_, a| a.iter_mut().for_each(|a| *a += 1));
            }
            Ok(())
        })
        .unwrap();
    assert!(graph.inspect().dependences.is_empty());
    rt.replay(&graph, 1000).unwrap();
    rt.read(a, |a| assert!(a.iter().all(|a| *a == 1000)))
        .unwrap();
}

#[test]
fn a_failure_poisons_its_part_alone_and_a_write_heals_what_it_covers() {
    let rt = runtime(2);
    let a = rt.block::<u64>(12).unwrap();
    let fails = std::sync::atomic::AtomicBool::new(true);
    let graph = rt
        .record(|s| {
            s.codelet("all").spawn(a.write(), |_, a| a.fill(1));
            s.codelet("fails").spawn(a.part(2..8).read_write(), |_, a| {
                match fails.load(std::sync::atomic::Ordering::Relaxed) {
                    true => Err(Error::msg("on purpose")),
                    false => {
                        a.fill(2);
                        Ok(())
                    }
                }
            });
            s.codelet("heals")
                .spawn(a.part(4..6).write(), |_, a| a.fill(3));
            s.codelet("reads healed")
                .spawn(a.part(4..6).read_write(), |_, a| a[0] += 1);
            s.codelet("reads both")
                .spawn(a.part(5..7).read_write(), |_, _| ());
            Ok(())
        })
        .unwrap();
    let error = rt.replay(&graph, 3).unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (3, 3));
    let (good, bad) = (Some(1), None);
    let expected = [
        good,
        good,
        bad,
        bad,
        Some(4),
        bad,
        bad,
        bad,
        good,
        good,
        good,
        good,
    ];
    assert_eq!(look(&rt, a, 12), expected);
    // All of it is written first, so the next replay need not care.
    fails.store(false, std::sync::atomic::Ordering::Relaxed);
    rt.replay(&graph, 1).unwrap();
    assert_eq!(look(&rt, a, 12)[..8], [1, 1, 2, 2, 4, 3, 2, 2].map(Some));
}

#[test]
fn a_poisoned_tile_is_left_as_a_tile() {
    let rt = runtime(2);
    let a = rt.block::<u64>(12).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(a.tile(0..2, 1..3, 4).read_write(), |_, _| {
                Err::<(), _>(Error::msg("on purpose"))
            });
            Ok(())
        })
        .unwrap();
    rt.replay(&graph, 2).unwrap_err();
    let bad = [1, 2, 5, 6];
    let expected: Vec<_> = (0..12)
        .map(|at| (!bad.contains(&at)).then_some(0))
        .collect();
    assert_eq!(look(&rt, a, 12), expected);
}

#[test]
fn a_block_that_is_written_in_parts_before_it_is_read_is_healed() {
    let rt = runtime(2);
    let a = rt.block::<u64>(12).unwrap();
    let b = rt.block::<u64>(12).unwrap();
    let poison = || {
        rt.finish(|s| {
            s.spawn((a.write(), b.write()), |_, _| {
                Err::<(), _>(Error::msg("bad"))
            });
            Ok(())
        })
        .unwrap_err()
    };
    poison();
    let tiles = |halves: &'static [usize]| {
        rt.record(move |s| {
            for &half in halves {
                let columns = 2 * half..2 * half + 2;
                s.spawn(a.tile(0..3, columns, 4).write(), |_, mut tile| tile.fill(5));
            }
            // By now it has been written.
            s.spawn(a.tile(0..3, 1..2, 4).read_write(), |_, mut tile| {
                tile.fill(6)
            });
            Ok(())
        })
        .unwrap()
    };
    rt.replay(&tiles(&[0, 1]), 2).unwrap();
    assert_eq!(look(&rt, a, 12)[..4], [5, 6, 5, 5].map(Some));
    // One half remains as it was: the graph does not heal it, and is skipped.
    poison();
    let error = rt.replay(&tiles(&[0]), 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert_eq!(look(&rt, a, 12), [None; 12]);
}

#[test]
fn parts_are_checked_when_they_are_recorded() {
    let rt = runtime(1);
    let a = rt.block::<u64>(12).unwrap();
    rt.name(a, "u").unwrap();
    let outside = rt.record(|s| {
        s.codelet("reads").spawn(a.part(3..13).read(), |_, _| ());
        Ok(())
    });
    let error = outside.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Access);
    for text in ["`reads`", "block u (", "12 elements", "[3..13]"] {
        assert!(error.to_string().contains(text), "{error}");
    }
    let clash = rt.record(|s| {
        let both = (a.part(..4).write(), a.tile(0..2, 0..2, 3).read());
        s.codelet("both").spawn(both, |_, _| ());
        Ok(())
    });
    let error = clash.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Access);
    assert!(error.to_string().contains("which overlap"), "{error}");
}

#[test]
fn a_block_that_was_made_anew_is_another_one() {
    let rt = runtime(2);
    let a = rt.block::<u64>(4096).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(a.part(1..2).read_write(), |_, a| a[0] += 1);
            Ok(())
        })
        .unwrap();
    rt.replay(&graph, 5).unwrap();
    // Its memory is where it was, and elements around are untouched.
    rt.read(a, |a| assert_eq!(a[..3], [0, 5, 0])).unwrap();
    rt.destroy(a).unwrap();
    let error = rt.replay(&graph, 1).unwrap_err();
    assert!(error.to_string().contains("destroyed"), "{error}");
}
