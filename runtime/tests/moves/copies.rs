//! Copies for reading: where they are, how long, and who uses none.

use crate::{assert_counted, builder, counted, refused, runtime};
use sprat::{ErrorKind, Home, Result};
use std::sync::atomic::{AtomicBool, Ordering};

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
