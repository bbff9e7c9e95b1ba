//! Blocks whose home nobody chose: they are where the engine is that touches them first.

use crate::kernel::assert_on;
use crate::machine::several;
use sprat::{Block, Result, Runtime, Topology};
use std::collections::HashSet;

const LEN: usize = 1 << 17;

/// The kernel's node of an engine.
fn node_of(rt: &Runtime, topology: &Topology, xe: usize) -> u32 {
    topology.regions[rt.plan().xes[xe].region].os_id
}

/// Writes all of a block on an engine, and looks where it is, then and on the next engine.
fn write_on(rt: &Runtime, block: Block<u64>, xe: usize, node: u32) -> Result<()> {
    let next = (xe + 1) % rt.xes();
    rt.finish(|s| {
        s.codelet("write")
            .on_xe(xe)
            .spawn(block.write(), move |_, x| {
                x.fill(7);
                assert_on(x, node);
            });
        s.codelet("look")
            .on_xe(next)
            .spawn(block.read(), move |_, x| assert_on(x, node));
        Ok(())
    })
}

#[test]
fn a_new_block_is_where_its_first_writer_is() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    assert!(rt.xes() > 1);
    for xe in 0..rt.xes() {
        write_on(&rt, rt.block(LEN)?, xe, node_of(&rt, &topology, xe))?;
    }
    Ok(())
}

/// Memory that was used elsewhere is not handed out as if it were new.
#[test]
fn recycled_memory_is_where_the_first_writer_is_too() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let mut seen = HashSet::new();
    let mut blocks = 0;
    for round in 0..4 {
        for xe in [0, rt.xes() - 1, rt.xes() / 2] {
            let block = rt.block(LEN)?;
            write_on(&rt, block, xe, node_of(&rt, &topology, xe))?;
            seen.insert(rt.read(block, |x| x.as_ptr().addr())?);
            blocks += 1;
            // Destroyed on another engine: the memory goes back to its region all the same.
            let other = (xe + round) % rt.xes();
            rt.finish(|s| {
                s.codelet("last")
                    .on_xe(other)
                    .spawn(block.read(), |_, _| ());
                s.destroy(block);
                Ok(())
            })?;
        }
    }
    assert!(seen.len() < blocks, "nothing was recycled");
    Ok(())
}
