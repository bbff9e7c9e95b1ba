//! The temperatures as data blocks: two sets of them, swapped after each sweep.

use sprat::{Block, Result, Runtime, Scope};

use super::tiling::{Extent, Place, Tiling};
use crate::frame::{CopyTimes, Side};
use crate::png_file::Picture;

/// The second set's cells begin so far into their blocks. Blocks begin on pages; if both sets' cells did, each cell would
/// be written at the offset in a page at which the next ones are read, and processors that compare only those 12 bits
/// at first make the read wait for the write. Measured: less than half the speed.
const LEAD: usize = 192;

/// One set of blocks.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) blocks: Vec<Block<f64>>,
    /// Where the cells begin in each block.
    pub(super) lead: usize,
}

/// The field.
#[derive(Debug)]
pub struct Field<'r> {
    pub(super) runtime: &'r Runtime,
    pub(super) tiling: Tiling,
    /// The temperatures.
    pub(super) now: Set,
    /// What the next sweep writes; its rim has the grid's values too.
    pub(super) next: Set,
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
    /// Makes the blocks and fills both sets from a picture, each block by the engine it belongs to: the first to touch memory
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
            for set in [&field.now, &field.next] {
                for (place, &tile) in tiling.places().zip(&set.blocks) {
                    let lead = set.lead;
                    let fill = move |_: &Scope<'_>, cells: &mut [f64]| {
                        fill(&place, &mut cells[lead..], tiling.grid, picture)
                    };
                    s.codelet("fill").near(tile).spawn(tile.write(), fill);
                }
            }
            Ok(())
        })?;
        Ok(field)
    }

    /// Copies one set of blocks to the other, by the same engines, so many times with each kind of stores. The field keeps its
    /// values: both sets have them afterwards.
    ///
    /// # Errors
    /// The runtime's.
    pub fn copies(&self, rounds: usize, times: &mut CopyTimes) -> Result<()> {
        // To and fro, as sweeps go. Each round ends before the next begins: copies of a tile that follow each other
        // would find it in the cache, and memory is what is measured.
        let ways = [(&self.now, &self.next), (&self.next, &self.now)];
        for (from, to) in ways.into_iter().cycle().take(rounds) {
            times.round(|stores| from.side().copy_to(self.runtime, to.side(), stores))?;
        }
        Ok(())
    }

    /// Gives the blocks back.
    ///
    /// # Errors
    /// The runtime's.
    pub fn destroy(self) -> Result<()> {
        let blocks = self.now.blocks.into_iter().chain(self.next.blocks);
        blocks
            .into_iter()
            .try_for_each(|block| self.runtime.destroy(block))
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

/// A tile of the picture, which is stretched over the grid.
pub fn fill(place: &Place, cells: &mut [f64], grid: Extent, picture: &Picture) {
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
