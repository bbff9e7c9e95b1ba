//! Blocks that move between nodes and have copies there, page by page.

use crate::homes::fill;
use crate::kernel::{assert_on, nodes_of};
use crate::machine::{allowed, several, skip};
use sprat::{Block, Home, Policy, Result, Runtime, Topology};

/// The regions whose memory may be used.
fn usable(topology: &Topology) -> Vec<usize> {
    let all = 0..topology.regions.len();
    all.filter(|at| allowed(topology.regions[*at].os_id))
        .collect()
}

/// A block with 0, 1, 2, and so on.
fn counted(rt: &Runtime, home: Home, len: usize) -> Result<Block<u64>> {
    let block = rt.block_at(home, len)?;
    rt.write(block, |x| x.iter_mut().zip(0..).for_each(|(x, at)| *x = at))?;
    Ok(block)
}

/// All pages of the block are on the node of this region, and it holds what it held.
#[track_caller]
fn assert_is(rt: &Runtime, block: Block<u64>, region: usize) -> Result<()> {
    let node = rt.topology().regions[region].os_id;
    assert_eq!(rt.region_of(block)?, Some(region));
    rt.read(block, |x| {
        assert_on(x, node);
        assert!(x.iter().zip(0..).all(|(x, at)| *x == at));
    })
}

#[test]
fn a_block_moves_there_and_back_with_its_contents() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let regions = usable(&topology);
    // Pages that others have, too; huge pages, perhaps; a mapping of its own.
    for len in [1 << 10, 1 << 17, 5 << 18, 3 << 19] {
        let block = counted(&rt, Home::Region(regions[0]), len)?;
        // Memory that is new there, and recycled.
        for _ in 0..2 {
            for &region in regions.iter().chain(&regions[..1]) {
                rt.migrate(block, Home::Region(region))?;
                assert_is(&rt, block, region)?;
            }
        }
        rt.destroy(block)?;
    }
    assert_eq!(rt.move_counts().refused, 0);
    Ok(())
}

#[test]
fn a_group_moves_and_an_interleaved_block_comes_together() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let regions = usable(&topology);
    let blocks: Vec<_> = (0..20)
        .map(|_| counted(&rt, Home::FirstTouch, 1 << 12))
        .collect::<Result<_>>()?;
    let spread = counted(&rt, Home::Interleaved, 1 << 15)?;
    for &region in regions.iter().rev() {
        rt.migrate_group(&blocks, Home::Region(region))?;
        for &block in &blocks {
            assert_is(&rt, block, region)?;
        }
        rt.migrate(spread, Home::near(blocks[0]))?;
        assert_is(&rt, spread, region)?;
        rt.migrate(spread, Home::Interleaved)?;
        let nodes = rt.read(spread, nodes_of)?;
        let here = |region: &usize| Some(topology.regions[*region].os_id);
        assert!(regions.iter().all(|region| nodes.contains(&here(region))));
    }
    Ok(())
}

#[test]
fn copies_are_on_the_nodes_of_their_readers() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let regions = usable(&topology);
    let block = counted(&rt, Home::Region(regions[0]), 1 << 17)?;
    for _ in 0..2 {
        rt.replicate(block)?;
        rt.finish(|s| {
            for (xe, plan) in rt.plan().xes.iter().enumerate() {
                let own = topology.nearest_regions(plan.region).into_iter();
                let own = own.map(|region| topology.regions[region].os_id);
                let node = own.into_iter().find(|node| allowed(*node)).unwrap();
                s.codelet("look")
                    .on_xe(xe)
                    .spawn(block.read(), move |_, x| {
                        assert_on(x, node);
                        assert!(x.iter().zip(0..).all(|(x, at)| *x == at));
                    });
            }
            Ok(())
        })?;
        // The next write drops them, and moving finds none.
        rt.write(block, |x| x[0] = 0)?;
        assert!(rt.replicas_of(block)?.is_empty());
        assert_is(&rt, block, regions[0])?;
    }
    Ok(())
}

#[test]
fn a_block_does_not_move_to_a_full_region() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let full = topology.regions.len() - 1;
    if !allowed(topology.regions[full].os_id) {
        skip("it may not be used");
        return Ok(());
    }
    let next = topology.nearest_regions(full)[1];
    let block = counted(&rt, Home::Region(next), 1 << 19)?;
    let home = || rt.block_at(Home::Region(full), 1 << 19);
    let inside = fill(&rt, full, home, |block| block % rt.xes())?;
    rt.migrate(block, Home::Region(full))?;
    assert_eq!((rt.move_counts().moved, rt.move_counts().refused), (0, 1));
    assert_is(&rt, block, next)?;
    // When there is room it does.
    for block in inside.into_iter().take(2) {
        rt.destroy(block)?;
    }
    rt.migrate(block, Home::Region(full))?;
    assert_is(&rt, block, full)
}

#[test]
fn a_block_does_not_move_to_a_node_that_is_denied() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let regions = usable(&topology);
    let block = counted(&rt, Home::Region(regions[0]), 1 << 15)?;
    let mut refused = 0;
    for region in 0..topology.regions.len() {
        if !regions.contains(&region) {
            rt.migrate(block, Home::Region(region))?;
            refused += 1;
        }
    }
    assert_eq!(
        (rt.move_counts().moved, rt.move_counts().refused),
        (0, refused)
    );
    assert_is(&rt, block, regions[0])
}

#[test]
fn under_the_policy_locality_pages_go_to_who_uses_them() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::builder().policy(Policy::Locality).build()?;
    let regions = usable(&topology);
    let users: Vec<usize> = regions
        .iter()
        .copied()
        .filter(|region| rt.plan().xes.iter().any(|xe| xe.region == *region))
        .collect();
    let block = counted(&rt, Home::Region(users[0]), 1 << 14)?;
    for &region in users.iter().rev() {
        for _ in 0..20_000 {
            rt.finish(|s| {
                s.codelet("use")
                    .on_region(region)
                    .spawn(block.read_write(), |_, x| x[0] = 0);
                Ok(())
            })?;
            if rt.region_of(block)? == Some(region) {
                break;
            }
        }
        assert_is(&rt, block, region)?;
    }
    Ok(())
}

/// Where the block's memory starts.
fn start(rt: &Runtime, block: Block<u64>) -> Result<usize> {
    rt.read(block, |x| x.as_ptr().addr())
}

#[test]
fn whole_huge_pages_go_under_their_address() -> Result<()> {
    let Some(topology) = several() else {
        return Ok(());
    };
    let rt = Runtime::new()?;
    let regions = usable(&topology);
    let &[from, to, ..] = regions.as_slice() else {
        skip("one region may be used");
        return Ok(());
    };
    // Both ways are tried by turns where there is no used memory of that length, four times each.
    let (mut blocks, mut stayed) = (Vec::new(), 0);
    for _ in 0..8 {
        let block = counted(&rt, Home::Region(from), 1 << 20)?;
        let before = start(&rt, block)?;
        rt.migrate(block, Home::Region(to))?;
        assert_is(&rt, block, to)?;
        stayed += u64::from(start(&rt, block)? == before);
        blocks.push(block);
    }
    let counts = rt.move_counts();
    assert_eq!((counts.moved, counts.refused), (8, 0));
    assert_eq!((counts.by_pages, stayed), (4, 4));
    // What came under its address is that region's when it is used again, and its new pages are there, too.
    for block in blocks {
        rt.destroy(block)?;
    }
    for _ in 0..10 {
        let block = counted(&rt, Home::Region(to), 1 << 20)?;
        assert_is(&rt, block, to)?;
    }
    // To used memory they are copied.
    let block = counted(&rt, Home::Region(to), 1 << 20)?;
    let used = counted(&rt, Home::Region(from), 1 << 20)?;
    rt.destroy(used)?;
    rt.migrate(block, Home::Region(from))?;
    assert_is(&rt, block, from)?;
    assert_eq!(rt.move_counts().by_pages, 4);
    Ok(())
}
