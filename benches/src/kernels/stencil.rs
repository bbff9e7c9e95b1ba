//! Heat in two dimensions: plain sweeps over bands of rows.
//!
//! The grid is cut into bands of whole rows, of about half an L2 cache each; a sweep reads one set of bands and writes
//! another. A band's sweep reads the last row of the band above it and the first of the one below it. Cells on the rim
//! keep their heat.

use super::{Measured, check};
use crate::regions;
use crate::system::{Entrant, System};
use crate::{Error, Result};
use sprat::{Block, Runtime};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Bytes of a band, about.
const BAND: usize = 256 << 10;
/// Sweeps in a run.
const SWEEPS: usize = 20;
/// What a cell takes from each of its neighbours.
const ALPHA: f64 = 0.2;

/// How the grid is cut.
#[derive(Clone, Copy)]
struct Grid {
    side: usize,
    /// Rows of a band; the last one may have fewer.
    rows: usize,
}

impl Grid {
    fn new(side: usize) -> Self {
        let rows = (BAND / (side * size_of::<f64>())).clamp(1, side);
        Grid { side, rows }
    }

    fn bands(self) -> usize {
        self.side.div_ceil(self.rows)
    }

    /// The heat at the start: a hot disc, colder rings, nothing that repeats.
    fn start(self, band: usize) -> Vec<f64> {
        let first = band * self.rows;
        let rows = first..(first + self.rows).min(self.side);
        let cell = |row: usize, column: usize| {
            let half = self.side as f64 / 2.0;
            let (x, y) = (column as f64 - half, row as f64 - half);
            100.0 / (1.0 + (x * x + y * y) / (half + 1.0))
        };
        rows.flat_map(|row| (0..self.side).map(move |column| cell(row, column)))
            .collect()
    }
}

/// One sweep of a band: `above` and `below` are the bands around it, or none at the rim.
fn sweep(side: usize, above: Option<&[f64]>, here: &[f64], below: Option<&[f64]>, out: &mut [f64]) {
    let rows = here.len() / side;
    let row = |at: usize| &here[at * side..(at + 1) * side];
    let last = above.map(|band| &band[band.len() - side..]);
    let first = below.map(|band| &band[..side]);
    for at in 0..rows {
        let north = if at > 0 { Some(row(at - 1)) } else { last };
        let south = if at + 1 < rows {
            Some(row(at + 1))
        } else {
            first
        };
        let out = &mut out[at * side..(at + 1) * side];
        match (north, south) {
            (Some(north), Some(south)) => sweep_row(north, row(at), south, out),
            // The rim.
            _ => out.copy_from_slice(row(at)),
        }
    }
}

fn sweep_row(north: &[f64], here: &[f64], south: &[f64], out: &mut [f64]) {
    let cells = here.len();
    let (north, south, out) = (&north[..cells], &south[..cells], &mut out[..cells]);
    out[0] = here[0];
    for at in 1..cells - 1 {
        let around = (north[at] + south[at]) + (here[at - 1] + here[at + 1]);
        out[at] = here[at] + ALPHA * (around - 4.0 * here[at]);
    }
    out[cells - 1] = here[cells - 1];
}

pub(super) fn heat(entrant: &Entrant, size: usize) -> Measured {
    let grid = Grid::new(size.max(3));
    let (time, found) = match &entrant.system {
        System::Sprat(rt) => on_sprat(rt, grid)?,
        System::Rayon(pool) => in_rows(grid, |rows, body| Ok(regions::rows_on(pool, rows, body)))?,
        System::Regions(system) => in_rows(grid, |rows, body| system.rows(rows, body))?,
        System::Serial => in_rows(grid, |rows, body| {
            let begin = Instant::now();
            rows.iter().cloned().flatten().for_each(body);
            Ok(begin.elapsed())
        })?,
        System::Replay(_) | System::Deque(_) | System::Tasks(_) => return Ok(None),
    };
    check("the checksum of the grid", found, expected(grid)?)?;
    Ok(Some(
        (grid.side * grid.side * SWEEPS) as f64 / time.as_secs_f64() / 1e9,
    ))
}

/// Depends on each bit of each cell, and on where it is.
fn checksum(sum: u64, cells: &[f64]) -> u64 {
    cells.iter().fold(sum, |sum, cell| {
        (sum ^ cell.to_bits())
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23)
    })
}

/// The checksum of the serial sweep's result, computed once for each size.
fn expected(grid: Grid) -> Result<u64> {
    static KNOWN: Mutex<Option<HashMap<usize, u64>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(&sum) = known.get(&grid.side) {
        return Ok(sum);
    }
    // Whole, in one band: another way than the one that is checked.
    let whole = Grid {
        rows: grid.side,
        ..grid
    };
    let mut now = whole.start(0);
    let mut next = now.clone();
    for _ in 0..SWEEPS {
        sweep(grid.side, None, &now, None, &mut next);
        std::mem::swap(&mut now, &mut next);
    }
    let sum = checksum(0, &now);
    known.insert(grid.side, sum);
    Ok(sum)
}

/// Sweep after sweep, the bands of each in parallel. Locks are never waited for: a sweep's readers share, and each band
/// has one writer.
fn in_rows(
    grid: Grid,
    run: impl FnOnce(&[std::ops::Range<usize>], regions::Body) -> Result<Duration>,
) -> Result<(Duration, u64)> {
    let bands = grid.bands();
    let set = || -> Vec<RwLock<Vec<f64>>> {
        let bands = (0..bands).map(|band| RwLock::new(grid.start(band)));
        bands.collect()
    };
    let sets = [set(), set()];
    let rows: Vec<_> = (0..SWEEPS)
        .map(|sweep| sweep * bands..(sweep + 1) * bands)
        .collect();
    let body = |item: usize| {
        let (at, band) = (item / bands, item % bands);
        let (now, next) = (&sets[at % 2], &sets[(at + 1) % 2]);
        let read = |band: usize| now[band].read().unwrap();
        let above = (band > 0).then(|| read(band - 1));
        let below = (band + 1 < bands).then(|| read(band + 1));
        let above = above.as_ref().map(|band| band.as_slice());
        let below = below.as_ref().map(|band| band.as_slice());
        sweep(
            grid.side,
            above,
            &read(band),
            below,
            &mut next[band].write().unwrap(),
        );
    };
    let time = run(&rows, &body)?;
    let last = sets[SWEEPS % 2].iter();
    let sum = last.fold(0, |sum, band| checksum(sum, &band.read().unwrap()));
    Ok((time, sum))
}

/// What a user would write: two sets of blocks, a codelet for each band and sweep.
fn on_sprat(rt: &Runtime, grid: Grid) -> Result<(Duration, u64)> {
    let side = grid.side;
    let set = || -> Result<Vec<Block<f64>>> {
        let bands = (0..grid.bands()).map(|band| rt.block(grid.start(band).len()));
        bands.collect()
    };
    let (mut now, mut next) = (set()?, set()?);
    rt.finish(|s| {
        for (band, (&a, &b)) in now.iter().zip(&next).enumerate() {
            s.spawn((a.write(), b.write()), move |_, (a, b)| {
                let start = grid.start(band);
                a.copy_from_slice(&start);
                b.copy_from_slice(&start);
            });
        }
        Ok(())
    })?;
    let begin = Instant::now();
    rt.finish(|s| {
        for _ in 0..SWEEPS {
            for band in 0..now.len() {
                let (here, out) = (now[band].read(), next[band].write());
                let near = s.codelet("sweep").near(next[band]);
                match (band > 0, band + 1 < now.len()) {
                    (true, true) => near.spawn(
                        (now[band - 1].read(), here, now[band + 1].read(), out),
                        move |_, (above, here, below, out)| {
                            sweep(side, Some(above), here, Some(below), out);
                        },
                    ),
                    (true, false) => near.spawn(
                        (now[band - 1].read(), here, out),
                        move |_, (above, here, out)| sweep(side, Some(above), here, None, out),
                    ),
                    (false, true) => near.spawn(
                        (here, now[band + 1].read(), out),
                        move |_, (here, below, out)| sweep(side, None, here, Some(below), out),
                    ),
                    (false, false) => near.spawn((here, out), move |_, (here, out)| {
                        sweep(side, None, here, None, out);
                    }),
                };
            }
            std::mem::swap(&mut now, &mut next);
        }
        Ok(())
    })?;
    let time = begin.elapsed();
    let mut sum = 0;
    for &band in &now {
        sum = rt.read(band, |cells| checksum(sum, cells))?;
    }
    for block in now.into_iter().chain(next) {
        rt.destroy(block)?;
    }
    if sum == 0 {
        return Err(Error::msg("wrong result: the grid is empty"));
    }
    Ok((time, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_give_what_the_whole_gives() {
        for (side, rows) in [(3, 1), (7, 2), (16, 16), (33, 5)] {
            let grid = Grid { side, rows };
            let (_, found) = in_rows(grid, |rows, body| {
                rows.iter().cloned().flatten().for_each(body);
                Ok(Duration::ZERO)
            })
            .unwrap();
            assert_eq!(found, expected(grid).unwrap(), "{side} {rows}");
        }
    }

    #[test]
    fn heat_flows_from_hot_to_cold_and_the_rim_keeps_its_own() {
        let (side, mut next) = (3, vec![0.0; 9]);
        let now = [0.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0, 0.0, 7.0];
        sweep(side, None, &now, None, &mut next);
        let mut expected = now;
        expected[4] = 100.0 - 4.0 * ALPHA * 100.0;
        assert_eq!(next, expected);
    }

    #[test]
    fn the_checksum_sees_one_bit_and_its_place() {
        let sum = checksum(0, &[1.0, 2.0]);
        assert_ne!(sum, checksum(0, &[2.0, 1.0]));
        assert_ne!(
            sum,
            checksum(0, &[1.0, f64::from_bits(2.0_f64.to_bits() ^ 1)])
        );
    }
}
