//! Blocks that move and have copies, on machines on paper: what they hold, in which order, and what is refused. Where pages
//! really are is looked at in `numa.rs`.
//!
//! Checked itself: the last test fails if a move leaves the contents behind, if copies outlive a write, or a part of it, and if
//! a reader fulfils a wish to move.

use sprat::{Block, Error, ErrorKind, Home, Policy, Result, Runtime, Sum, Topology};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

fn builder(regions: usize) -> sprat::Builder {
    Runtime::builder()
        .topology(Topology::synthetic(&format!("region:{regions} core:1")).unwrap())
        .ce(sprat::CeMode::Shared)
        .ignore_environment()
}

fn runtime(regions: usize) -> Result<Runtime> {
    builder(regions).build()
}

/// A block with 0, 1, 2, and so on, in this region: on paper memory is where the first writer is.
fn counted(rt: &Runtime, home: Home, len: usize) -> Result<Block<u64>> {
    let block = rt.block_at(home, len)?;
    rt.write(block, |x| {
        x.iter_mut().zip(0..).for_each(|(x, at)| *x = at);
    })?;
    rt.migrate(block, home)?;
    Ok(block)
}

fn assert_counted(rt: &Runtime, block: Block<u64>) -> Result<()> {
    rt.read(block, |x| {
        assert!(x.iter().zip(0..).all(|(x, at)| *x == at))
    })
}

#[test]
fn there_and_back_with_contents_intact() -> Result<()> {
    let rt = runtime(3)?;
    let neighbour = counted(&rt, Home::Region(2), 1)?;
    // Cut from a slab, whole pages, and a mapping of its own.
    for len in [1, 700, 1 << 14, 3 << 20] {
        let block = counted(&rt, Home::Region(0), len)?;
        let before = rt.move_counts();
        for region in [2, 1, 0, 0] {
            rt.migrate(block, Home::Region(region))?;
            assert_eq!(rt.region_of(block)?, Some(region));
            assert_counted(&rt, block)?;
        }
        rt.migrate(block, Home::near(neighbour))?;
        assert_eq!(rt.region_of(block)?, Some(2));
        assert_counted(&rt, block)?;
        let counts = rt.move_counts();
        assert_eq!((counts.moved - before.moved, counts.refused), (4, 0));
        let bytes = counts.moved_bytes - before.moved_bytes;
        assert_eq!(bytes, 4 * 8 * len as u64);
        rt.destroy(block)?;
    }
    // What moved away was given back.
    let in_use: usize = rt.memory().iter().map(|pool| pool.in_use_bytes).sum();
    assert!(in_use < 8 << 20, "{in_use}");
    Ok(())
}

#[test]
fn a_move_is_an_access_like_any_other() -> Result<()> {
    let rt = runtime(2)?;
    let block = counted(&rt, Home::Region(0), 100)?;
    rt.write(block, |x| x.fill(0))?;
    let homes: Vec<AtomicU32> = (0..20).map(|_| AtomicU32::new(9)).collect();
    rt.finish(|s| {
        for (step, home) in homes.iter().enumerate() {
            let look = &rt;
            s.codelet("add")
                .near(block)
                .spawn(block.read_write(), move |_, x| {
                    x.iter_mut().for_each(|x| *x = *x * 3 + 1);
                    let region = look.region_of(block).unwrap().unwrap();
                    home.store(region as u32, Ordering::Relaxed);
                });
            s.migrate(block, Home::Region((step + 1) % 2));
        }
        Ok(())
    })?;
    for (step, home) in homes.iter().enumerate() {
        assert_eq!(home.load(Ordering::Relaxed) as usize, step % 2);
    }
    let expected = (0..20).fold(0u64, |x, _| x * 3 + 1);
    rt.read(block, |x| assert!(x.iter().all(|x| *x == expected)))?;
    assert!(rt.move_counts().moved >= 20);
    Ok(())
}

#[test]
fn a_group_moves_and_belongs_to_the_engines_there() -> Result<()> {
    let rt = builder(2).xes(2).build()?;
    let blocks: Vec<_> = (0..10)
        .map(|_| counted(&rt, Home::Region(0), 1000))
        .collect::<Result<_>>()?;
    rt.migrate_group(&blocks, Home::Region(1))?;
    let graph = rt.record(|s| {
        for &block in &blocks {
            s.codelet("near")
                .near(block)
                .spawn(block.read_write(), |_, _| ());
        }
        Ok(())
    })?;
    assert_eq!(graph.owners(), [1; 10]);
    for &block in &blocks {
        assert_eq!(rt.region_of(block)?, Some(1));
        assert_counted(&rt, block)?;
    }
    let none: &[Block<u64>] = &[];
    rt.migrate_group(none, Home::Region(1))
}

/// The kind and the words of what a call refuses.
#[track_caller]
fn refused<R: std::fmt::Debug>(result: Result<R>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    let (found, text) = match error.failure() {
        Some(failure) => (failure.kind, failure.cause.clone()),
        None => (error.kind(), error.to_string()),
    };
    assert_eq!(found, kind, "{error}");
    assert!(text.contains(words), "{text}");
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_lost() -> Result<()> {
    let mut topology = Topology::synthetic("region:3 core:1").unwrap();
    topology.regions[2].bytes = 0;
    let rt = builder(3).topology(topology).replica_bytes(4096).build()?;
    let block = counted(&rt, Home::Region(0), 100)?;
    for (home, words) in [
        (
            Home::Region(3),
            "there is no memory region 3; the machine has 3",
        ),
        (Home::Region(usize::MAX), "there is no memory region"),
        (Home::Region(2), "memory region 2 has no memory"),
        (Home::FirstTouch, "where it is touched first"),
    ] {
        refused(rt.migrate(block, home), ErrorKind::Config, words);
        let in_scope = rt.finish(|s| {
            s.migrate(block, home);
            Ok(())
        });
        refused(in_scope, ErrorKind::Config, words);
        assert_counted(&rt, block)?;
    }
    // Near one that is gone, or is itself gone; and others' blocks.
    let gone = rt.block::<u64>(1)?;
    rt.destroy(gone)?;
    refused(
        rt.migrate(block, Home::near(gone)),
        ErrorKind::Stale,
        "destroyed",
    );
    refused(
        rt.migrate(gone, Home::Region(0)),
        ErrorKind::Stale,
        "destroyed",
    );
    refused(rt.replicate(gone), ErrorKind::Stale, "destroyed");
    let other = runtime(2)?;
    let foreign = other.block::<u64>(1)?;
    refused(
        rt.migrate(foreign, Home::Region(0)),
        ErrorKind::Foreign,
        "another runtime",
    );
    refused(rt.replicate(foreign), ErrorKind::Foreign, "another runtime");
    // The others of a group move in a scope.
    let group = rt.finish(|s| {
        s.migrate_group(&[block, gone, foreign], Home::Region(1));
        Ok(())
    });
    assert_eq!(group.unwrap_err().failure().unwrap().failed, 2);
    assert_eq!(rt.region_of(block)?, Some(1));
    // A budget smaller than the block.
    let large = counted(&rt, Home::Region(0), 513)?;
    let words =
        "has 4104 bytes, and all copies together may take 4096; raise `Builder::replica_bytes`";
    refused(rt.replicate(large), ErrorKind::Config, words);
    let in_scope = rt.finish(|s| {
        s.replicate(large);
        Ok(())
    });
    refused(in_scope, ErrorKind::Config, words);
    assert_counted(&rt, large)?;
    assert_counted(&rt, block)
}

#[test]
fn adopted_memory_stays() -> Result<()> {
    let rt = runtime(2)?;
    for copies in [false, true] {
        let mut mine = vec![5u64; 1000];
        let outcome = rt.finish(|s| {
            let block = s.adopt(&mut mine)?;
            rt.shuffle_homes(1);
            match copies {
                true => s.replicate(block),
                false => s.migrate(block, Home::Region(1)),
            };
            s.spawn(block.read_write(), |_, x| x.fill(6));
            Ok(())
        });
        refused(outcome, ErrorKind::Config, "adopted memory");
        assert_eq!(mine, [6; 1000]);
    }
    Ok(())
}

#[test]
fn a_block_that_is_being_destroyed_does_not_move() -> Result<()> {
    let rt = runtime(2)?;
    let (block, other) = (
        counted(&rt, Home::Region(0), 100)?,
        counted(&rt, Home::Region(0), 9)?,
    );
    let outcome = rt.finish(|s| {
        s.spawn(block.read(), |_, x| assert_eq!(x[99], 99));
        s.destroy(block);
        s.migrate_group(&[other, block], Home::Region(1));
        Ok(())
    });
    refused(outcome, ErrorKind::Stale, "destroyed");
    assert_eq!(rt.region_of(other)?, Some(1));
    assert_counted(&rt, other)
}

#[test]
fn children_move_what_their_parent_may_write() -> Result<()> {
    let rt = runtime(2)?;
    let block = counted(&rt, Home::Region(0), 100)?;
    let outcome = rt.finish(|s| {
        s.spawn(block.read(), move |s, _| {
            s.migrate(block, Home::Region(1));
        });
        Ok(())
    });
    refused(outcome, ErrorKind::Undeclared, "reading only");
    assert_eq!(rt.region_of(block)?, Some(0));
    rt.finish(|s| {
        s.spawn(block.read_write(), move |s, x| {
            x[0] = 7;
            s.migrate(block, Home::Region(1));
            s.spawn(block.read_write(), |_, x| x[0] -= 7);
        });
        Ok(())
    })?;
    assert_eq!(rt.region_of(block)?, Some(1));
    assert_counted(&rt, block)
}

#[test]
fn parts_move_with_their_block() -> Result<()> {
    let rt = runtime(2)?;
    let block = counted(&rt, Home::Region(0), 1000)?;
    rt.finish(|s| {
        for round in 0..6 {
            for half in [block.part(..500), block.part(500..)] {
                s.spawn(half.read_write(), |_, x| x.iter_mut().for_each(|x| *x += 1));
            }
            match round % 2 {
                0 => s.migrate(block, Home::Region(1)),
                _ => s.replicate(block),
            };
            s.spawn(block.part(..10).read(), |_, x| assert_eq!(x[0] + 9, x[9]));
        }
        s.spawn(block.read_write(), |_, x| {
            x.iter_mut().for_each(|x| *x -= 6)
        });
        Ok(())
    })?;
    assert_eq!(rt.region_of(block)?, Some(1));
    assert_counted(&rt, block)
}

#[test]
fn a_graph_finds_its_blocks_where_they_are() -> Result<()> {
    let rt = runtime(2)?;
    let (a, b) = (
        counted(&rt, Home::Region(0), 500)?,
        counted(&rt, Home::Region(0), 500)?,
    );
    let graph = rt.record(|s| {
        s.spawn((a.read(), b.read_write()), |_, (a, b)| {
            b.iter_mut().zip(a).for_each(|(b, a)| *b += a);
        });
        for half in [b.part(..250), b.part(250..)] {
            s.spawn(half.read_write(), |_, x| x.iter_mut().for_each(|x| *x ^= 1));
        }
        Ok(())
    })?;
    let mut expected: Vec<u64> = (0..500).collect();
    for round in 0..6 {
        rt.replay(&graph, 3)?;
        for _ in 0..3 {
            for (at, x) in expected.iter_mut().enumerate() {
                *x = (*x + at as u64) ^ 1;
            }
        }
        match round % 3 {
            0 => rt.migrate(b, Home::Region((round + 1) % 2))?,
            1 => rt.replicate(a)?,
            _ => rt.shuffle_homes(round as u64),
        }
    }
    rt.read(b, |b| assert_eq!(b, expected))?;
    assert_counted(&rt, a)?;
    let recorded = rt.record(|s| {
        s.migrate(a, Home::Region(1));
        Ok(())
    });
    refused(recorded, ErrorKind::Graph, "move them between two replays");
    Ok(())
}

#[test]
fn a_block_that_a_graph_is_to_write_moves_with_its_contents() -> Result<()> {
    let rt = runtime(2)?;
    let block = counted(&rt, Home::Region(0), 500)?;
    let graph = rt.record(|s| {
        s.spawn(block.write(), |_, x| x.fill(1));
        Ok(())
    })?;
    let before = rt.move_counts().moved;
    for seed in 0..20 {
        rt.shuffle_homes(seed);
        // It has the block, and runs no round.
        let stopped = rt.replay_within(Duration::ZERO, &graph, 5);
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
        assert_counted(&rt, block)?;
    }
    assert!(rt.move_counts().moved > before);
    Ok(())
}

/// Waits for another codelet's word.
fn wait_for(word: &AtomicBool) {
    while !word.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
}

#[test]
fn no_copies_are_made_while_others_write_the_block_together() -> Result<()> {
    let rt = builder(3).xes(3).oversubscribe(true).build()?;
    let look = &rt;
    for by_wish in [false, true] {
        let block = counted(&rt, Home::Region(0), 1000)?;
        let (writes, copied) = (AtomicBool::new(false), AtomicBool::new(false));
        let (writes, copied) = (&writes, &copied);
        // SAFETY: of those who write it together only "neighbour" writes, and nobody reads what it writes meanwhile.
        let together = || unsafe { block.shared_write() };
        rt.finish(|s| {
            s.codelet("neighbour")
                .on_xe(1)
                .spawn(together(), move |_, x| {
                    writes.store(true, Ordering::Release);
                    wait_for(copied);
                    // SAFETY: in the block.
                    unsafe { (*x)[5] = 99 };
                });
            s.codelet("parent").on_xe(0).spawn(together(), move |s, _| {
                wait_for(writes);
                let mut last = match by_wish {
                    false => s.replicate(block).event(),
                    true => s.spawn((), |_, ()| ()).event(),
                };
                for seed in 0..20 {
                    // Once more among the children of one who reads.
                    let child = s.codelet("reader").on_xe(2).after(&last);
                    let child = child.spawn(block.read(), move |s, x| {
                        assert_eq!(x[7], 7);
                        match by_wish {
                            false => _ = s.replicate(block),
                            true => look.shuffle_homes(seed),
                        }
                    });
                    last = child.event();
                }
                let told = s.codelet("tell").after(&last);
                told.spawn((), move |_, ()| copied.store(true, Ordering::Release));
            });
            Ok(())
        })?;
        assert!(rt.replicas_of(block)?.is_empty());
        rt.finish(|s| {
            for xe in 0..3 {
                let codelet = s.codelet("later").on_xe(xe);
                codelet.spawn(block.read(), |_, x| assert_eq!(x[5], 99));
            }
            Ok(())
        })?;
    }
    assert!(rt.move_counts().refused > 0);
    Ok(())
}

#[test]
fn nothing_is_no_view_of_a_block_that_has_copies() -> Result<()> {
    let rt = runtime(2)?;
    let block = counted(&rt, Home::Region(0), 100)?;
    rt.replicate(block)?;
    assert_eq!(rt.replicas_of(block)?, [1]);
    let said = std::sync::Mutex::new(None);
    rt.finish(|s| {
        let said = &said;
        let codelet = s.codelet("releases").at_ready();
        codelet.spawn_once(block.read().raw(), move |s, view| {
            let nothing = std::ptr::slice_from_raw_parts_mut(std::ptr::null_mut::<u64>(), 100);
            // SAFETY: there is nothing to use.
            let null = unsafe { s.release(nothing) };
            // SAFETY: not used below.
            let view = unsafe { s.release(view) };
            *said.lock().unwrap() = Some((null, view));
        });
        Ok(())
    })?;
    let (null, view) = said.into_inner().unwrap().expect("it ran");
    refused(
        null,
        ErrorKind::Access,
        "no block of this codelet starts at",
    );
    view
}

#[test]
fn copies_are_there_until_the_next_write() -> Result<()> {
    let rt = runtime(4)?;
    let block = counted(&rt, Home::Region(1), 1000)?;
    let starts: Vec<_> = (0..4).map(|_| std::sync::Mutex::new(0)).collect();
    rt.replicate(block)?;
    assert_eq!(rt.replicas_of(block)?, [0, 2, 3]);
    assert_eq!(rt.region_of(block)?, Some(1));
    // Each engine reads what is in its own region.
    rt.finish(|s| {
        for (xe, start) in starts.iter().enumerate() {
            s.codelet("look")
                .on_xe(xe)
                .spawn(block.read(), move |_, x| {
                    assert!(x.iter().zip(0..).all(|(x, at)| *x == at));
                    *start.lock().unwrap() = x.as_ptr().addr();
                });
        }
        Ok(())
    })?;
    let mut found: Vec<usize> = starts.iter().map(|one| *one.lock().unwrap()).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 4);
    let counts = rt.move_counts();
    assert_eq!((counts.copied, counts.copied_bytes), (3, 24_000));
    assert!(counts.replica_bytes >= 24_000);
    // Who changes a part drops them as well.
    rt.replicate(block)?;
    assert_eq!(rt.move_counts().copied, 3);
    rt.finish(|s| {
        s.spawn(block.part(..1).write(), |_, x| x[0] = 0);
        Ok(())
    })?;
    assert_eq!(
        (rt.replicas_of(block)?, rt.move_counts().replica_bytes),
        (vec![], 0)
    );
    // In order: before the write they have the old contents, after it the new ones.
    rt.finish(|s| {
        s.replicate(block);
        for xe in 0..4 {
            s.codelet("old")
                .on_xe(xe)
                .spawn(block.read(), |_, x| assert_eq!(x[1], 1));
        }
        s.codelet("change")
            .on_xe(2)
            .spawn(block.read_write(), |_, x| x[1] = 8);
        for xe in 0..4 {
            s.codelet("new")
                .on_xe(xe)
                .spawn(block.read(), |_, x| assert_eq!(x[1], 8));
        }
        s.replicate(block);
        Ok(())
    })?;
    assert_eq!(rt.replicas_of(block)?.len(), 3);
    rt.destroy(block)?;
    assert_eq!(rt.move_counts().replica_bytes, 0);
    Ok(())
}

#[test]
fn copies_stay_within_their_budget() -> Result<()> {
    // Chunks of 8 KiB, as they are handed out.
    let rt = builder(3).replica_bytes(20_000).build()?;
    let blocks = [
        counted(&rt, Home::Region(0), 1024)?,
        counted(&rt, Home::Region(0), 1024)?,
    ];
    for block in blocks {
        rt.replicate(block)?;
    }
    assert_eq!(rt.replicas_of(blocks[0])?, [1, 2]);
    assert!(rt.replicas_of(blocks[1])?.is_empty());
    let counts = rt.move_counts();
    assert_eq!((counts.copied, counts.refused), (2, 2));
    assert!(counts.replica_bytes <= 20_000);
    rt.write(blocks[0], |x| x[0] = 0)?;
    rt.replicate(blocks[1])?;
    assert_eq!(rt.replicas_of(blocks[1])?, [1, 2]);
    assert_counted(&rt, blocks[0])?;
    assert_counted(&rt, blocks[1])
}

#[test]
fn poison_stays_and_none_comes_from_moves() -> Result<()> {
    let rt = runtime(2)?;
    let (bad, good) = (
        counted(&rt, Home::Region(0), 10)?,
        counted(&rt, Home::Region(0), 10)?,
    );
    let fails = rt.finish(|s| {
        s.spawn(bad.write(), |_, _| Err::<(), _>(Error::msg("no")));
        s.migrate(bad, Home::Region(1));
        s.replicate(bad);
        Ok(())
    });
    let failure = fails.unwrap_err();
    assert_eq!(failure.failure().unwrap().skipped, 2);
    assert_eq!(rt.region_of(bad)?, Some(0));
    assert!(rt.read(bad, |_| ()).is_err() && rt.migrate(bad, Home::Region(1)).is_err());
    assert!(rt.read(bad, |_| ()).is_err());
    // Of a block of which a part is poisoned, the other part is good still.
    let half = counted(&rt, Home::Region(0), 10)?;
    let fails = rt.finish(|s| {
        s.spawn(half.part(..5).write(), |_, _| {
            Err::<(), _>(Error::msg("no"))
        });
        s.migrate(half, Home::Region(1));
        Ok(())
    });
    assert_eq!(fails.unwrap_err().failure().unwrap().skipped, 1);
    let part = |part: sprat::Part<u64>| {
        rt.finish(|s| {
            s.spawn(part.read(), |_, x| assert_eq!(x[4] % 5, 4));
            Ok(())
        })
    };
    assert!(part(half.part(..5)).is_err());
    part(half.part(5..))?;
    // A scope that is cancelled skips its moves, and the blocks are as they were.
    let cancelled = rt.finish(|s| {
        s.cancel("enough");
        s.migrate(good, Home::Region(1));
        Ok(())
    });
    assert_eq!(cancelled.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_counted(&rt, good)
}

#[test]
fn moves_are_not_in_the_account_of_memory() -> Result<()> {
    let rt = builder(2).memory_report(true).build()?;
    let block = counted(&rt, Home::Region(0), 1000)?;
    rt.migrate(block, Home::Region(1))?;
    rt.replicate(block)?;
    rt.finish(|s| {
        for xe in [0, 1] {
            s.codelet("sum")
                .on_xe(xe)
                .spawn(block.read(), |_, x| assert_eq!(x[7], 7));
        }
        Ok(())
    })?;
    let report = rt.memory_report()?;
    let names: Vec<_> = report.touched.iter().map(|one| one.codelet).collect();
    assert!(
        !names.contains(&"migrate") && !names.contains(&"replicate"),
        "{names:?}"
    );
    // The engine of region 0 reads its copy.
    let sums = report.touched.iter().filter(|one| one.codelet == "sum");
    assert!(
        sums.clone().all(|one| one.home == Some(one.region)),
        "{report}"
    );
    Ok(())
}

#[test]
fn in_the_checking_mode_blocks_stay() -> Result<()> {
    let rt = builder(2).check(3).build()?;
    let block = counted(&rt, Home::Region(0), 100)?;
    let before = rt.region_of(block)?;
    rt.migrate(block, Home::Region(1))?;
    rt.replicate(block)?;
    rt.shuffle_homes(1);
    assert_eq!(
        (rt.region_of(block)?, rt.replicas_of(block)?),
        (before, vec![])
    );
    assert_eq!(rt.move_counts().moved, 0);
    assert_counted(&rt, block)
}

/// Uses blocks from one region until all of them are there, or at most so often; whether they are.
fn use_until_there(rt: &Runtime, blocks: &[Block<u64>], region: usize) -> Result<bool> {
    for _ in 0..20_000 {
        rt.finish(|s| {
            for block in blocks {
                s.codelet("use")
                    .on_region(region)
                    .spawn(block.read_write(), |_, x| x[0] += 1);
            }
            Ok(())
        })?;
        let mut regions = blocks.iter().map(|block| rt.region_of(*block));
        if regions.try_fold(true, |all, at| at.map(|at| all && at == Some(region)))? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn under_the_policy_locality_blocks_go_to_who_uses_them() -> Result<()> {
    let rt = builder(3).policy(Policy::Locality).build()?;
    assert!(rt.memory_report().is_err(), "nobody asked for an account");
    let blocks: Vec<_> = (0..6)
        .map(|_| counted(&rt, Home::Region(0), 1 << 12))
        .collect::<Result<_>>()?;
    for region in [2, 1, 0] {
        assert!(
            use_until_there(&rt, &blocks, region)?,
            "{:?}",
            rt.move_counts()
        );
    }
    let counts = rt.move_counts();
    assert!(counts.moved >= 18 && counts.moved < 40, "{counts:?}");
    for block in blocks {
        rt.read(block, |x| {
            assert!(x[1..].iter().zip(1..).all(|(x, at)| *x == at))
        })?;
    }
    Ok(())
}

#[test]
fn under_the_policy_locality_what_all_read_has_copies() -> Result<()> {
    let rt = builder(3).policy(Policy::Locality).build()?;
    let table = counted(&rt, Home::Region(0), 1 << 12)?;
    for _ in 0..20_000 {
        rt.finish(|s| {
            for xe in 0..3 {
                s.codelet("look")
                    .on_xe(xe)
                    .spawn(table.read(), |_, x| assert_eq!(x[5], 5));
            }
            Ok(())
        })?;
        if rt.replicas_of(table)?.len() == 2 {
            break;
        }
    }
    assert_eq!(rt.replicas_of(table)?, [1, 2]);
    rt.write(table, |x| x[5] = 6)?;
    assert!(rt.replicas_of(table)?.is_empty());
    assert_eq!(rt.read(table, |x| x[5])?, 6);
    Ok(())
}

/// Codelets that say nothing, one after the other so that no queue is in the way, and the regions where they ran.
fn regions_of(rt: &Runtime, blocks: &[Block<u64>]) -> Result<Vec<usize>> {
    let ran = std::sync::Mutex::new(Vec::new());
    rt.finish(|s| {
        let mut before = None;
        for &block in blocks {
            let mut options = s.codelet("use");
            if let Some(before) = &before {
                options = options.after(before);
            }
            let ran = &ran;
            let spawned = options.spawn(block.read(), move |_, _| {
                let name = std::thread::current().name().unwrap_or_default().to_owned();
                ran.lock().unwrap().push(name);
            });
            before = Some(spawned.event());
        }
        Ok(())
    })?;
    // The host sits in a seat, and may run some of them.
    let ran = ran.into_inner().unwrap();
    let xe = |name: &String| name.strip_prefix("sprat-xe")?.parse().ok();
    Ok(ran.iter().filter_map(xe).collect())
}

#[test]
fn under_the_policy_locality_codelets_go_to_their_data() -> Result<()> {
    for (policy, least) in [(Policy::Locality, 30), (Policy::Performance, 0)] {
        let rt = builder(4).policy(policy).build()?;
        let blocks: Vec<_> = (0..80)
            .map(|at| counted(&rt, Home::Region(at % 4), 1 << 15))
            .collect::<Result<_>>()?;
        let ran = regions_of(&rt, &blocks)?;
        let others = ran.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(others >= least, "{policy}: {ran:?}");
    }
    Ok(())
}

#[test]
fn what_the_runtime_does_not_aim_at_is_refused() {
    let outcome = builder(2).policy(Policy::Energy).build();
    refused(
        outcome,
        ErrorKind::Config,
        "the policy `energy` is the simulator's",
    );
}

#[test]
fn the_policy_performance_moves_nothing() -> Result<()> {
    let rt = builder(2).policy(Policy::Performance).build()?;
    let block = counted(&rt, Home::Region(0), 1 << 12)?;
    let before = rt.move_counts();
    for _ in 0..200 {
        rt.finish(|s| {
            s.codelet("use")
                .on_region(1)
                .spawn(block.read_write(), |_, x| x[0] += 1);
            Ok(())
        })?;
    }
    assert_eq!((rt.region_of(block)?, rt.move_counts()), (Some(0), before));
    Ok(())
}

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
