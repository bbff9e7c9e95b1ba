//! Blocks whose home was chosen.

use crate::kernel::{assert_on, nodes_of};
use crate::machine::{allowed, said, several, skip};
use sprat::{Block, Home, Result, Runtime, Scope, Topology};
use std::sync::Mutex;

/// 1 MiB.
const LEN: usize = 1 << 17;

/// The node where a block of a region is to be while all regions have room.
fn node_of(topology: &Topology, region: usize) -> u32 {
    let order = topology.nearest_regions(region).into_iter();
    let mut nodes = order.map(|region| topology.regions[region].os_id);
    nodes.find(|node| allowed(*node)).unwrap()
}

/// The node of an engine.
fn node_of_xe(rt: &Runtime, xe: usize) -> u32 {
    node_of(rt.topology(), rt.plan().xes[xe].region)
}

/// Writes a block on an engine, and gives the nodes of its pages.
fn write_on(rt: &Runtime, xe: usize, block: Block<u64>) -> Result<Vec<Option<u32>>> {
    let mut nodes = Vec::new();
    let place = &mut nodes;
    rt.finish(|s| {
        s.codelet("write")
            .on_xe(xe)
            .spawn(block.write(), |_, x| x.fill(7));
        let look = move |_: &Scope<'_>, x: &[u64]| *place = nodes_of(x);
        s.codelet("look").spawn_once(block.read(), look);
        Ok(())
    })?;
    Ok(nodes)
}

/// Writes a block on an engine, and fails unless it is on this node.
#[track_caller]
fn assert_written_to(rt: &Runtime, xe: usize, block: Block<u64>, node: u32) -> Result<()> {
    let found = write_on(rt, xe, block)?;
    assert!(
        found.iter().all(|at| *at == Some(node)),
        "not {node}: {found:?}"
    );
    let topology = rt.topology();
    assert_eq!(rt.region_of(block)?, topology.region_of_os_id(node));
    Ok(())
}

#[test]
fn a_block_of_a_region_is_there_whoever_writes_it() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    for region in 0..topology.regions.len() {
        for xe in [0, rt.xes() - 1] {
            // New, then recycled by the other engine.
            for _ in 0..2 {
                let block = rt.block_at(Home::Region(region), LEN)?;
                assert_written_to(&rt, xe, block, node_of(&topology, region))?;
                rt.destroy(block)?;
            }
        }
    }
    // Whoever does not ask gets none of that.
    for xe in 0..rt.xes() {
        assert_written_to(&rt, xe, rt.block(LEN)?, node_of_xe(&rt, xe))?;
    }
    Ok(())
}

#[test]
fn small_blocks_have_homes_too() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    for region in 0..topology.regions.len() {
        let node = node_of(&topology, region);
        for block in rt.blocks_at::<u64>(Home::Region(region), 40, 5)? {
            assert_written_to(&rt, 0, block, node)?;
        }
    }
    Ok(())
}

#[test]
fn a_block_near_another_is_where_that_is() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let (rt, last) = (Runtime::new()?, topology.regions.len() - 1);
    let node = node_of(&topology, last);

    // One that has its memory.
    let first = rt.block_at(Home::Region(last), LEN)?;
    assert_written_to(&rt, 0, first, node)?;
    assert_written_to(&rt, 0, rt.block_at(Home::near(first), LEN)?, node)?;

    // One that has none yet, and one near that.
    let wished = rt.block_at::<u64>(Home::Region(last), LEN)?;
    let near = rt.block_at(Home::near(wished), LEN)?;
    assert_written_to(&rt, 0, rt.block_at(Home::near(near), LEN)?, node)?;
    assert_written_to(&rt, 0, near, node)?;

    // One without a wish and without memory: where its engine is.
    let shares = rt.blocks::<u64>(rt.xes(), LEN)?;
    let end = rt.xes() - 1;
    let near = rt.block_at(Home::near(shares[end]), LEN)?;
    assert_written_to(&rt, 0, near, node_of_xe(&rt, end))
}

/// The nearest, where all are equally fast or nobody says how fast they are; and the guest's fast one where it has one.
#[test]
fn the_fastest_region_has_the_most_bandwidth() -> Result<()> {
    if several().is_none() {
        return Ok(());
    }
    let rt = Runtime::new()?;
    for xe in 0..rt.xes() {
        let own = node_of_xe(&rt, xe);
        let fastest = match said("SPRAT_TEST_FASTEST") {
            Some(node) => node.parse().unwrap(),
            None => own,
        };
        assert_written_to(&rt, xe, rt.block_at(Home::Fastest, LEN)?, fastest)?;
    }
    Ok(())
}

#[test]
fn an_interleaved_block_is_everywhere() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let nodes: Vec<u32> = topology.regions.iter().map(|region| region.os_id).collect();
    let nodes: Vec<u32> = nodes.into_iter().filter(|node| allowed(*node)).collect();
    for round in 0..2 {
        let block = rt.block_at(Home::Interleaved, 4 * LEN)?;
        let found = write_on(&rt, round % rt.xes(), block)?;
        for node in &nodes {
            let there = found.iter().filter(|at| **at == Some(*node)).count();
            // Equal shares, or those of the system's weights.
            assert!(
                there >= found.len() / nodes.len() / 4,
                "{there} on {node}: {found:?}"
            );
        }
        assert!(found.iter().flatten().all(|node| nodes.contains(node)));
        let region = rt.region_of(block)?;
        assert_eq!(region.is_none(), nodes.len() > 1, "{region:?}");
        rt.destroy(block)?;
    }
    Ok(())
}

/// Makes blocks of 4 MiB until three of them were not in region `full`, and gives those that are. Each is where it says it
/// is, to the last page, and those that are not in the full region are in the nearest.
pub fn fill(
    rt: &Runtime,
    full: usize,
    make: impl Fn() -> Result<Block<u64>>,
    xe: impl Fn(usize) -> usize,
) -> Result<Vec<Block<u64>>> {
    let topology = rt.topology();
    let next = topology.nearest_regions(full)[1];
    let (mut inside, mut outside) = (Vec::new(), 0);
    while outside < 3 {
        let block = make()?;
        let found = write_on(rt, xe(inside.len()), block)?;
        let region = rt.region_of(block)?.unwrap();
        let node = topology.regions[region].os_id;
        let wrong = found.iter().filter(|at| **at != Some(node)).count();
        assert_eq!(
            wrong,
            0,
            "pages of block {} of region {region}",
            inside.len()
        );
        if region == full {
            inside.push(block);
        } else {
            assert_eq!(region, next);
            outside += 1;
        }
        assert!(inside.len() < 1 << 20, "it is never full");
    }
    Ok(inside)
}

#[test]
fn a_full_region_falls_back_to_the_nearest_and_counts_it() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let full = topology.regions.len() - 1;
    if !allowed(topology.regions[full].os_id) {
        skip("it may not be used");
        return Ok(());
    }
    let home = || rt.block_at(Home::Region(full), 4 * LEN);
    let mut inside = fill(&rt, full, home, |block| block % rt.xes())?;
    assert!(inside.len() >= 8, "only {} blocks fit", inside.len());
    let overflows = rt.memory()[full].overflows;
    assert_eq!(overflows, 3);

    // First touch there falls back as well, and is counted as well.
    if let Some(xe) = (0..rt.xes()).find(|xe| rt.plan().xes[*xe].region == full) {
        inside.extend(fill(&rt, full, || rt.block(4 * LEN), |_| xe)?);
        assert_eq!(rt.memory()[full].overflows, overflows + 3);
    }

    // When something is given back there is room again.
    for block in inside.drain(..2) {
        rt.destroy(block)?;
    }
    let block = rt.block_at(Home::Region(full), 4 * LEN)?;
    assert_written_to(&rt, 0, block, topology.regions[full].os_id)
}

/// Where one region has the most bandwidth, and it is full, the next fastest one has it: of equally fast ones the nearest.
#[test]
fn the_fastest_region_falls_back_to_the_next_fastest() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let Some(fastest) = said("SPRAT_TEST_FASTEST") else {
        skip("none is the fastest");
        return Ok(());
    };
    let node: u32 = fastest.parse().unwrap();
    let rt = Runtime::new()?;
    let full = topology
        .regions
        .iter()
        .position(|one| one.os_id == node)
        .unwrap();
    let next = topology.nearest_regions(full)[1];
    let xe = (0..rt.xes())
        .find(|xe| rt.plan().xes[*xe].region == next)
        .unwrap();
    let inside = fill(&rt, full, || rt.block_at(Home::Fastest, 4 * LEN), |_| xe)?;
    assert!(inside.len() >= 8, "only {} blocks fit", inside.len());
    assert_eq!(rt.memory()[full].overflows, 3);
    Ok(())
}

#[test]
fn parts_and_reductions_take_the_memory_of_a_home() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    for region in 0..topology.regions.len() {
        let node = node_of(&topology, region);
        let home = Home::Region(region);
        let (part, sum) = (
            rt.block_at::<u64>(home, LEN)?,
            rt.block_at::<u64>(home, LEN)?,
        );
        rt.finish(|s| {
            for half in [part.part(..LEN / 2), part.part(LEN / 2..)] {
                s.spawn(half.write(), |_, x| x.fill(3));
            }
            for _ in 0..4 {
                s.spawn(sum.reduce(sprat::Sum), |_, x| {
                    x.iter_mut().for_each(|x| *x += 1)
                });
            }
            s.spawn((part.read(), sum.read()), move |_, (part, sum)| {
                assert_on(part, node);
                assert_on(sum, node);
                assert!(part.iter().all(|x| *x == 3) && sum.iter().all(|x| *x == 4));
            });
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn codelets_make_blocks_with_homes() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let made = Mutex::new(Vec::new());
    rt.finish(|s| {
        for region in 0..topology.regions.len() {
            let made = &made;
            s.codelet("make").spawn((), move |s, ()| {
                let block = s.block_at::<u64>(Home::Region(region), LEN)?;
                s.spawn(block.write(), |_, x| x.fill(1));
                made.lock().unwrap().push((region, block));
                Ok(())
            });
        }
        Ok(())
    })?;
    for (region, block) in made.into_inner().unwrap() {
        rt.read(block, |x| assert_on(x, node_of(&topology, region)))?;
    }
    Ok(())
}
