//! What the policy `locality` moves by itself, and that others move nothing.

use crate::{assert_counted, builder, counted};
use sprat::{Block, Home, Policy, Result, Runtime};

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

#[test]
fn under_the_policy_locality_a_group_goes_where_its_data_is() -> Result<()> {
    let rt = builder(3).policy(Policy::Locality).build()?;
    let block = counted(&rt, Home::Region(2), 1 << 12)?;
    let group = rt.group();
    let ran = |xe: usize| rt.xe_counts()[xe].ran;
    let run_one = || {
        rt.finish(|s| {
            let member = s.codelet("member").with(group);
            member.spawn(block.read_write(), |_, x| x[0] = 0);
            Ok(())
        })
    };
    // It begins where nothing of its data is.
    rt.finish(|s| {
        s.codelet("first").on_xe(0).spawn((), move |s, ()| {
            s.codelet("member").with(group).spawn((), |_, ()| ());
        });
        Ok(())
    })?;
    for _ in 0..20_000 {
        run_one()?;
        if rt.move_counts().regrouped > 0 {
            break;
        }
    }
    assert_eq!(rt.move_counts().regrouped, 1);
    // Its next members run there, and the block stays.
    let before = ran(2);
    for _ in 0..500 {
        run_one()?;
    }
    assert!(ran(2) >= before + 450, "{} of 500", ran(2) - before);
    assert_eq!(rt.region_of(block)?, Some(2));
    assert_counted(&rt, block)
}
