//! The temperatures as data blocks: two sets of them, swapped after each sweep.

use std::time::{Duration, Instant};

use sprat::{Block, Read, Result, Runtime, Scope, Write};

use super::kernel;
use super::tiling::{Extent, Place, Tiling};
use crate::frame::Side;
use crate::png_file::Picture;

/// So many codelets are spawned before the host waits for their end: enough to keep engines busy for long, few enough
/// that a run of any length needs little memory.
const WINDOW: usize = 1 << 14;

/// The second set's cells begin so far into their blocks. Blocks begin on pages; if both sets' cells did, each cell would
/// be written at the offset in a page at which the next ones are read, and processors that compare only those 12 bits
/// at first make the read wait for the write. Measured: less than half the speed.
const LEAD: usize = 192;

/// One set of blocks.
#[derive(Debug)]
struct Set {
    blocks: Vec<Block<f64>>,
    /// Where the cells begin in each block.
    lead: usize,
}

/// The field.
#[derive(Debug)]
pub struct Field<'r> {
    runtime: &'r Runtime,
    tiling: Tiling,
    now: Set,
    next: Set,
}

impl Set {
    fn new(runtime: &Runtime, tiling: &Tiling, lead: usize) -> Result<Set> {
        let blocks = runtime.blocks(tiling.count(), lead + tiling.block_cells())?;
        Ok(Set { blocks, lead })
    }

    fn side(&self) -> Side<'_> {
        Side {
            blocks: &self.blocks,
            lead: self.lead,
        }
    }
}

impl<'r> Field<'r> {
    /// Makes the blocks and fills them from a picture, each by the engine it belongs to: the first to touch memory
    /// decides which region it comes from.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, tiling: Tiling, picture: &Picture) -> Result<Field<'r>> {
        let field = Field {
            runtime,
            tiling,
            now: Set::new(runtime, &tiling, 0)?,
            next: Set::new(runtime, &tiling, LEAD)?,
        };
        runtime.finish(|s| {
            for (place, &tile) in tiling.places().zip(&field.now.blocks) {
                let fill = move |_: &Scope<'_>, cells: &mut [f64]| {
                    fill(&place, cells, tiling.grid, picture)
                };
                s.codelet("fill").near(tile).spawn(tile.write(), fill);
            }
            Ok(())
        })?;
        Ok(field)
    }

    /// Sweeps, and gives the time it took. `swept` hears how many sweeps have ended.
    ///
    /// # Errors
    /// The runtime's.
    pub fn sweep(&mut self, sweeps: usize, mut swept: impl FnMut(usize)) -> Result<Duration> {
        let window = (WINDOW / self.tiling.count()).max(1);
        let mut time = Duration::ZERO;
        let mut done = 0;
        while done < sweeps {
            let these = window.min(sweeps - done);
            let begin = Instant::now();
            self.runtime.finish(|s| {
                for _ in 0..these {
                    spawn_sweep(s, &self.tiling, &self.now, &self.next);
                    std::mem::swap(&mut self.now, &mut self.next);
                }
                Ok(())
            })?;
            time += begin.elapsed();
            done += these;
            swept(done);
        }
        Ok(time)
    }

    /// Copies one set of blocks to the other, by the same engines, and gives the time of each round. The field keeps its
    /// values: both sets have them afterwards.
    ///
    /// # Errors
    /// The runtime's.
    pub fn copies(&mut self, rounds: usize) -> Result<Vec<Duration>> {
        let round = |(from, to): (&Set, &Set)| from.side().copy_to(self.runtime, to.side());
        // To and fro, as sweeps go. Each round ends before the next begins: copies of a tile that follow each other
        // would find it in the cache, and memory is what is measured.
        let ways = [(&self.now, &self.next), (&self.next, &self.now)];
        let ways = ways.into_iter().cycle();
        ways.take(rounds).map(round).collect()
    }

    /// Sweeps with one engine and one codelet for each row of tiles, again and again from the same field, and gives the
    /// time of each sweep: the same kernel on the same blocks, without tasks worth the name.
    ///
    /// # Errors
    /// The runtime's.
    pub fn serial_sweeps(&self, sweeps: usize) -> Result<Vec<Duration>> {
        let sweep = |_| {
            let begin = Instant::now();
            self.runtime.finish(|s| {
                for row in 0..self.tiling.tiles.height {
                    spawn_serial_row(s, &self.tiling, row, &self.now, &self.next);
                }
                Ok(())
            })?;
            Ok(begin.elapsed())
        };
        (0..sweeps).map(sweep).collect()
    }

    /// Shows each tile's cells to `look`, one after the other.
    ///
    /// # Errors
    /// The runtime's.
    pub fn each_tile(&self, mut look: impl FnMut(&Place, &[f64]) + Send) -> Result<()> {
        for (place, &tile) in self.tiling.places().zip(&self.now.blocks) {
            self.runtime
                .read(tile, |cells| look(&place, &cells[self.now.lead..]))?;
        }
        Ok(())
    }

    /// The field as one grid.
    ///
    /// # Errors
    /// The runtime's.
    pub fn grid(&self) -> Result<Vec<f64>> {
        let width = self.tiling.grid.width;
        let mut grid = vec![0.0; width * self.tiling.grid.height];
        self.each_tile(|place, cells| {
            for (y, row) in cells
                .chunks_exact(place.stride)
                .take(place.extent.height)
                .enumerate()
            {
                let at = (place.y + y) * width + place.x;
                grid[at..][..place.extent.width].copy_from_slice(&row[..place.extent.width]);
            }
        })?;
        Ok(grid)
    }

    /// The field as a picture of that size: the mean of all cells that fall on a pixel.
    ///
    /// # Errors
    /// The runtime's.
    pub fn picture(&self, size: Extent) -> Result<Vec<f32>> {
        let grid = self.tiling.grid;
        let mut sums = vec![(0.0, 0u32); size.width * size.height];
        self.each_tile(|place, cells| {
            for (y, row) in cells
                .chunks_exact(place.stride)
                .take(place.extent.height)
                .enumerate()
            {
                let line = (place.y + y) * size.height / grid.height * size.width;
                for (x, cell) in row[..place.extent.width].iter().enumerate() {
                    let (sum, count) = &mut sums[line + (place.x + x) * size.width / grid.width];
                    *sum += cell;
                    *count += 1;
                }
            }
        })?;
        Ok(sums
            .into_iter()
            .map(|(sum, count)| (sum / f64::from(count)) as f32)
            .collect())
    }
}

/// The picture, stretched over the grid.
fn fill(place: &Place, cells: &mut [f64], grid: Extent, picture: &Picture) {
    let middle = |at: usize, n: usize| (at as f32 + 0.5) / n as f32;
    for (y, row) in cells
        .chunks_exact_mut(place.stride)
        .take(place.extent.height)
        .enumerate()
    {
        let v = middle(place.y + y, grid.height);
        for (x, cell) in row[..place.extent.width].iter_mut().enumerate() {
            *cell = f64::from(picture.at(middle(place.x + x, grid.width), v));
        }
    }
}

/// What a tile of the next sweep reads: itself and the four around it. Where the grid ends it names itself once more,
/// so that all codelets have one shape; the kernel does not look at it then.
fn reads(place: &Place, index: usize, now: &Set) -> ([Read<f64>; 4], Read<f64>) {
    let around = place
        .neighbours
        .map(|n| now.blocks[n.unwrap_or(index)].read());
    (around, now.blocks[index].read())
}

/// One codelet for each tile. Their accesses say all that there is to say about order.
fn spawn_sweep(s: &Scope<'_>, tiling: &Tiling, now: &Set, next: &Set) {
    let (read, write) = (now.lead, next.lead);
    for (index, place) in tiling.places().enumerate() {
        let out = next.blocks[index];
        let (around, here) = reads(&place, index, now);
        s.codelet("sweep").near(out).spawn(
            (out.write(), here, around),
            move |_, (out, here, around)| {
                kernel::tile(
                    &place,
                    &mut out[write..],
                    &here[read..],
                    around.map(|b| &b[read..]),
                );
            },
        );
    }
}

/// One codelet for a row of tiles, on one engine: lists of accesses, whose length is known only now.
fn spawn_serial_row(s: &Scope<'_>, tiling: &Tiling, row: usize, now: &Set, next: &Set) {
    let (read, write) = (now.lead, next.lead);
    let columns = tiling.tiles.width;
    let first = row * columns;
    let places: Vec<Place> = (first..first + columns)
        .map(|index| tiling.place(index))
        .collect();
    let here: Vec<_> = (places.iter().enumerate())
        .map(|(column, place)| reads(place, first + column, now))
        .collect();
    let (around, here): (Vec<_>, Vec<_>) = here.into_iter().unzip();
    let out: Vec<Write<f64>> = next.blocks[first..first + columns]
        .iter()
        .map(|b| b.write())
        .collect();
    s.codelet("serial row")
        .on_xe(0)
        .spawn((out, here, around), move |_, (out, here, around)| {
            for (((place, out), here), around) in places.iter().zip(out).zip(here).zip(around) {
                kernel::tile(
                    place,
                    &mut out[write..],
                    &here[read..],
                    around.map(|b| &b[read..]),
                );
            }
        });
}
