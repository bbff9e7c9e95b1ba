//! What a waiting codelet costs in memory (design, section 6): at most 256 bytes with a capture of 24 bytes and three
//! accesses, everything counted: its record, its places in the blocks' queues, what the allocators round up.

#![cfg(target_os = "linux")]

use sprat::{Result, Runtime};
use std::fs;

/// The pages of this process that are in memory, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    // SAFETY: reads a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages * usize::try_from(page).unwrap()
}

#[test]
fn a_waiting_codelet_takes_at_most_256_bytes() -> Result<()> {
    const CODELETS: usize = 300_000;
    let rt = Runtime::builder().xes(1).build()?;
    let blocks = rt.blocks::<u8>(1024, 64)?;
    let (gate, trigger) = rt.event("gate");
    let mut bytes = 0;
    rt.finish(|s| {
        let at = |i: usize| blocks[i % blocks.len()];
        // They hold all blocks until the gate opens.
        for i in 0..blocks.len() {
            s.codelet("gate")
                .after(&gate)
                .spawn(at(i).write(), |_, _| ());
        }
        let before = resident();
        for i in 0..CODELETS {
            let captured = [i as u64; 3];
            let access = (at(i).read(), at(i + 1).read(), at(i + 2).read_write());
            s.spawn(access, move |_, _| {
                std::hint::black_box(captured);
            });
        }
        bytes = resident().saturating_sub(before) / CODELETS;
        s.satisfy(trigger);
        Ok(())
    })?;
    assert!((150..=256).contains(&bytes), "{bytes} bytes a codelet");
    Ok(())
}
