//! The twin of `programs/c/spawn.c`: empty codelets, spawned from one thread, by the Rust interface.

use sprat::{Block, Result, Runtime, Scope};
use std::hint::black_box;
use std::time::Instant;

fn number(at: usize, otherwise: usize) -> usize {
    let said = std::env::args().nth(at).and_then(|text| text.parse().ok());
    said.unwrap_or(otherwise)
}

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

fn main() -> Result<()> {
    let (codelets, repeats) = (number(1, 1_000_000), number(2, 9));
    let rt = Runtime::new()?;
    let blocks = rt.blocks::<f64>(64, 1)?;
    let only = std::env::args().nth(3).map(|_| number(3, 0));
    for accesses in (0..=2).filter(|at| only.is_none_or(|only| only == *at)) {
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
            "Rust {accesses} accesses: {:6.1} ns a codelet (median of {repeats}, {:.1} to {:.1})",
            times[repeats / 2],
            times[0],
            times[repeats - 1]
        );
    }
    Ok(())
}
