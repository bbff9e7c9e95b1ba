//! Blocks of recorded graphs move between two replays.

use crate::{assert_counted, counted, refused, runtime};
use sprat::{ErrorKind, Home, Result};
use std::time::Duration;

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
