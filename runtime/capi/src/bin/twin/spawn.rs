//! The twin of `programs/c/spawn.c`: empty codelets, spawned from one thread, by the Rust interface.

use crate::number;
use sprat::{Block, Result, Runtime, Scope};
use std::hint::black_box;
use std::time::Instant;

fn body(s: &Scope<'_>, codelets: usize, accesses: usize, blocks: &[Block<f64>]) {
    for i in 0..codelets {
        let params = [i as f64, 1.0, 2.0];
        let codelet = s.codelet("empty");
        match accesses {
            0 => {
                codelet.spawn((), move |_, ()| _ = black_box(&params));
            }
            1 => {
                let access = blocks[i % 64].read_write();
                codelet.spawn(access, move |_, _| _ = black_box(&params));
            }
            _ => {
                let access = (blocks[(i + 1) % 64].read(), blocks[i % 64].read_write());
                codelet.spawn(access, move |_, _| _ = black_box(&params));
            }
        }
    }
}

pub(crate) fn run() -> Result<()> {
    let (codelets, repeats) = (number(1, 1_000_000)?, number(2, 9)?);
    let only = number(3, usize::MAX)?;
    if codelets == 0 || repeats == 0 {
        return Err(sprat::Error::msg("CODELETS and REPEATS are at least 1"));
    }
    let rt = Runtime::new()?;
    let blocks = rt.blocks::<f64>(64, 1)?;
    for accesses in (0..=2).filter(|&at| only == usize::MAX || only == at) {
        let mut times = Vec::new();
        for _ in 0..=repeats {
            let begin = Instant::now();
            rt.finish(|s| {
                body(s, codelets, accesses, &blocks);
                Ok(())
            })?;
            times.push(begin.elapsed().as_secs_f64() * 1e9 / codelets as f64);
        }
        // The first one warms up.
        times.remove(0);
        times.sort_by(f64::total_cmp);
        println!(
            "time: {:.1} ns a codelet with {accesses} accesses (median of {repeats}, {:.1} to {:.1})",
            times[repeats / 2],
            times[0],
            times[repeats - 1]
        );
    }
    Ok(())
}
