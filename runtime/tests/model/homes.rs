//! Homes of blocks, as far as any machine shows them. Where pages really are is looked at in `numa.rs`.

use sprat::{ErrorKind, Home, Result, Runtime, Topology};

/// Two regions with two engines each, on paper.
fn on_paper() -> Topology {
    Topology::synthetic("region:2 core:2").unwrap()
}

fn runtime(topology: Topology) -> Result<Runtime> {
    Runtime::builder()
        .topology(topology)
        .ignore_environment()
        .build()
}

#[test]
fn a_region_that_is_not_there_or_has_no_memory_is_refused() -> Result<()> {
    let mut topology = on_paper();
    topology.regions[1].bytes = 0;
    let rt = runtime(topology)?;
    let error = rt.block_at::<u8>(Home::Region(1), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .to_string()
            .starts_with("memory region 1 has no memory"),
        "{error}"
    );
    for region in [2, 65_536, usize::MAX] {
        let error = rt.blocks_at::<u8>(Home::Region(region), 3, 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = format!("there is no memory region {region}; the machine has 2");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    // In a codelet it is that codelet's failure.
    let outcome = rt.finish(|s| {
        s.codelet("make")
            .spawn((), |s, ()| s.block_at::<u8>(Home::Region(7), 1).map(|_| ()));
        Ok(())
    });
    let error = outcome.unwrap_err();
    assert!(
        error
            .failure()
            .unwrap()
            .cause
            .contains("no memory region 7"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_neighbour_that_is_gone_or_elsewhere_is_refused() -> Result<()> {
    let (rt, other) = (runtime(on_paper())?, runtime(on_paper())?);
    let gone = rt.block::<u8>(1)?;
    rt.destroy(gone)?;
    let error = rt.block_at::<u8>(Home::near(gone), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale);
    let error = rt
        .block_at::<u8>(Home::near(other.block::<u8>(1)?), 1)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Foreign);
    let error = rt.region_of(gone).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale);
    Ok(())
}

/// The neighbour goes after the block was made, and before its memory is taken.
#[test]
fn a_neighbour_that_goes_harms_nobody() -> Result<()> {
    let rt = runtime(on_paper())?;
    for _ in 0..100 {
        let neighbour = rt.block::<u64>(100)?;
        let block = rt.block_at::<u64>(Home::near(neighbour), 100)?;
        rt.destroy(neighbour)?;
        // It takes the neighbour's slot, and would be near itself.
        let again = rt.block_at::<u64>(Home::near(block), 100)?;
        rt.write(again, |x| x.fill(1))?;
        assert_eq!(rt.read(block, |x| x[99])?, 0);
        rt.destroy(block)?;
        rt.destroy(again)?;
    }
    Ok(())
}

#[test]
fn a_topology_on_paper_and_a_single_region_are_said_to_be_so() -> Result<()> {
    let rt = runtime(on_paper())?;
    let notes = rt.memory_notes();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("the topology is not this machine's"),
        "{notes:?}"
    );
    let rt = runtime(Topology::synthetic("core:2").unwrap())?;
    let notes = rt.memory_notes();
    assert_eq!(
        notes,
        ["there is one memory region, and all blocks are in it"]
    );
    Ok(())
}

#[test]
fn blocks_of_a_region_belong_to_its_engines() -> Result<()> {
    let rt = runtime(on_paper())?;
    for region in [0, 1] {
        let blocks = rt.blocks_at::<u64>(Home::Region(region), 8, 1000)?;
        let homes = [Home::near(blocks[0]), Home::near(blocks[7])];
        let near = homes.map(|home| rt.block_at::<u64>(home, 10).unwrap());
        // A recorded codelet has the engine that its block belongs to.
        let graph = rt.record(|s| {
            for block in blocks.iter().chain(&near) {
                s.codelet("fill")
                    .near(*block)
                    .spawn(block.write(), |_, x| x.fill(1));
            }
            Ok(())
        })?;
        let owners: Vec<_> = graph
            .inspect()
            .codelets
            .iter()
            .map(|one| one.owner)
            .collect();
        let first = 2 * region;
        let shares = [[first; 4], [first + 1; 4]].concat();
        assert_eq!(owners, [&shares[..], &[first, first + 1]].concat());
        rt.replay(&graph, 2)?;
    }
    Ok(())
}

/// Memory of all homes is zero at first, can be used, and is recycled.
#[test]
fn all_homes_work_anywhere() -> Result<()> {
    for rt in [
        Runtime::new()?,
        runtime(on_paper())?,
        Runtime::builder().check(5).build()?,
    ] {
        let first = rt.block::<u64>(10)?;
        for round in 0..6 {
            for home in [
                Home::FirstTouch,
                Home::Region(0),
                Home::Interleaved,
                Home::Fastest,
                Home::near(first),
            ] {
                for len in [1, 1000, 400_000] {
                    let block = rt.block_at::<u64>(home, len)?;
                    assert_eq!(rt.region_of(block)?, None);
                    rt.write(block, |x| {
                        assert!(x.iter().all(|x| *x == 0), "{home:?}, round {round}");
                        x.fill(round);
                    })?;
                    assert_eq!(rt.read(block, |x| x[len - 1])?, round);
                    assert!(rt.region_of(block)?.is_some(), "{home:?}");
                    rt.destroy(block)?;
                }
            }
        }
        assert!(rt.memory().iter().all(|pool| pool.overflows == 0));
    }
    Ok(())
}
