//! The twin of `programs/c/jacobi.c`: sweeps of Jacobi's method over rows in blocks, recorded once and replayed; the same
//! bits as a serial loop.

use crate::{number, tell_time};
use sprat::{Block, Error, Result, Runtime, Scope};
use std::time::Instant;

/// One row from it and its neighbours; the plate's edges stay.
fn row(above: &[f64], here: &[f64], below: &[f64], out: &mut [f64]) {
    let size = out.len();
    let (above, here, below) = (&above[..size], &here[..size], &below[..size]);
    out[0] = here[0];
    out[size - 1] = here[size - 1];
    for j in 1..size - 1 {
        out[j] = 0.25 * (above[j] + here[j - 1] + here[j + 1] + below[j]);
    }
}

/// A strip of rows, from itself and the last row of the one above and the first of the one below, as far as there are any.
fn sweep(size: usize, here: &[f64], out: &mut [f64], above: Option<&[f64]>, below: Option<&[f64]>) {
    let rows = here.len() / size;
    let at = |i: usize| &here[i * size..(i + 1) * size];
    let above = above.map(|strip| &strip[strip.len() - size..]);
    let below = below.map(|strip| &strip[..size]);
    for (i, out) in out.chunks_exact_mut(size).enumerate() {
        let up = if i > 0 { Some(at(i - 1)) } else { above };
        let down = if i + 1 < rows { Some(at(i + 1)) } else { below };
        match (up, down) {
            (Some(up), Some(down)) => row(up, at(i), down, out),
            _ => out.copy_from_slice(at(i)),
        }
    }
}

fn spawn_sweep(s: &Scope<'_>, size: usize, from: &[Block<f64>], to: &[Block<f64>]) {
    let last = from.len() - 1;
    for b in 0..=last {
        let (top, bottom) = (b == 0, b == last);
        let mut beside = Vec::with_capacity(2);
        if !top {
            beside.push(from[b - 1].read());
        }
        if !bottom {
            beside.push(from[b + 1].read());
        }
        s.codelet("sweep").near(to[b]).spawn(
            (from[b].read(), to[b].write(), beside),
            move |_, (here, out, beside)| {
                let above = if top { None } else { Some(beside[0]) };
                let below = if bottom { None } else { beside.last().copied() };
                sweep(size, here, out, above, below);
            },
        );
    }
}

pub(crate) fn run() -> Result<()> {
    let (size, sweeps, blocks) = (number(1, 512)?, number(2, 100)?, number(3, 16)?);
    if blocks < 2 || size < 2 * blocks || size % blocks != 0 || sweeps % 2 != 0 || sweeps < 4 {
        return Err(Error::msg(
            "SIZE is a multiple of BLOCKS (from 2 on), at least twice as large; SWEEPS is even, and at least 4",
        ));
    }
    let cells = size * size;
    let start = |i: usize| if i < size { 100.0 } else { (i * 7 % 13) as f64 };
    let mut plain: Vec<f64> = (0..cells).map(start).collect();

    let rt = Runtime::new()?;
    let strip = cells / blocks;
    let now = rt.blocks::<f64>(blocks, strip)?;
    let next = rt.blocks::<f64>(blocks, strip)?;
    for (block, cells) in now.iter().zip(plain.chunks_exact(strip)) {
        rt.write(*block, |place| place.copy_from_slice(cells))?;
    }
    let graph = rt.record(|s| {
        spawn_sweep(s, size, &now, &next);
        spawn_sweep(s, size, &next, &now);
        Ok(())
    })?;
    // The first round touches the memory of what it writes.
    rt.replay(&graph, 1)?;
    let begin = Instant::now();
    rt.replay(&graph, sweeps / 2 - 1)?;
    let replayed = begin.elapsed();

    let begin = Instant::now();
    let mut other = vec![0.0; cells];
    for _ in 0..sweeps {
        sweep(size, &plain, &mut other, None, None);
        std::mem::swap(&mut plain, &mut other);
    }
    let serial = begin.elapsed();
    for (block, expected) in now.iter().zip(plain.chunks_exact(strip)) {
        if !rt.read(*block, |found| found == expected)? {
            return Err(Error::msg("the result DIFFERS from that of a serial loop"));
        }
    }
    println!(
        "jacobi: {size} x {size} cells, {sweeps} sweeps, all but the first 2 in {:.3} s (serial all in {:.3} s): the same bits as a serial loop",
        replayed.as_secs_f64(),
        serial.as_secs_f64()
    );
    tell_time(replayed, (sweeps - 2) * blocks);
    Ok(())
}
