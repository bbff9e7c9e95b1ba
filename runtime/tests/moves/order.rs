//! Moves are accesses: what holds before, between and after them.

use crate::{assert_counted, builder, counted, refused, runtime};
use sprat::{Block, Error, ErrorKind, Home, Result};
use std::sync::atomic::{AtomicU32, Ordering};

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
