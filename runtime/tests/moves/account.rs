//! What the account of memory says of blocks that move and have copies.

use crate::{builder, counted};
use sprat::{AnyAccess, Home, Mode, Result};

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

/// Who reads a copy reads in its own region, also if it gives the block back before its end. Among the children of one who writes
/// the block together with others nobody reads copies, though they are still there if that one writes nothing itself.
#[test]
fn copies_are_in_the_account_for_those_who_read_them() -> Result<()> {
    let rt = builder(2).memory_report(true).build()?;
    let block = rt.block::<u8>(1000)?;
    rt.migrate(block, Home::Region(0))?;
    rt.replicate(block)?;
    rt.finish(|s| {
        let codelet = s.codelet("ends").on_xe(1);
        codelet.spawn(block.read(), |_, _| ());
        let codelet = s.codelet("releases").on_xe(1).at_ready();
        codelet.spawn(block.read().raw(), |s, x| {
            // SAFETY: not used below.
            unsafe { s.release(x) }
        });
        Ok(())
    })?;
    rt.finish(|s| {
        let together = AnyAccess::weak(block, Mode::SharedWrite);
        s.codelet("parent").spawn(together, move |s, _| {
            let codelet = s.codelet("beside writers").on_xe(1);
            codelet.spawn(block.read(), |_, _| ());
            let codelet = s.codelet("releases beside writers").on_xe(1).at_ready();
            codelet.spawn(block.read().raw(), |s, x| {
                // SAFETY: not used below.
                unsafe { s.release(x) }
            });
        });
        Ok(())
    })?;
    assert_eq!(rt.replicas_of(block)?, [1]);
    let report = rt.memory_report()?;
    for (codelet, home) in [
        ("ends", 1),
        ("releases", 1),
        ("beside writers", 0),
        ("releases beside writers", 0),
    ] {
        let mut lines = report.touched.iter().filter(|one| one.codelet == codelet);
        let line = lines.next().expect(codelet);
        assert_eq!((line.region, line.home), (1, Some(home)), "{report}");
    }
    Ok(())
}
