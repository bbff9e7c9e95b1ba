//! What cannot move says so, and stays.

use crate::{assert_counted, builder, counted, refused, runtime};
use sprat::{ErrorKind, Home, Policy, Result, Topology};

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
fn locality_cannot_be_chosen_or_left_while_the_runtime_runs() -> Result<()> {
    let says = "cannot change from `performance` to `locality`";
    let rt = builder(2).build()?;
    refused(rt.set_policy(Policy::Locality), ErrorKind::Config, says);
    rt.set_policy(Policy::EnergyDelay)?;
    let rt = builder(2).policy(Policy::Locality).build()?;
    rt.set_policy(Policy::Locality)?;
    let says = "cannot change from `locality` to `energy`";
    refused(rt.set_policy(Policy::Energy), ErrorKind::Config, says);
    assert_eq!(rt.policy(), Policy::Locality);
    Ok(())
}
