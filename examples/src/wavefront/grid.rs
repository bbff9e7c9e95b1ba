//! The matrix of scores as codelets: one for each tile, ordered by the borders that it reads and writes.

use std::time::{Duration, Instant};

use sprat::{Block, Read, Result, Runtime, Scope, Scratch, Write, scratch};

use super::cut::Cut;
use super::kernel::{self, Best, Borders};
use super::scoring::{NEVER, Scoring};

/// What a tile reads and writes: letters of both sequences, borders from above and the left, borders to below and the right.
type Accesses = (
    [Read<u8>; 2],
    [Read<i32>; 2],
    Write<i32>,
    Write<i32>,
    Scratch<i32>,
);

sprat::codelet! {
    /// A tile.
    static TILE: Codelet<Tile, Accesses> = |_s, tile, ([first, second], [north, west], south, east, memory)| {
        let borders = Borders { north, west, south, east };
        kernel::tile(&tile.scoring, (first, second), tile.at, borders, memory);
    }, also for Avx2, Avx512f, Neon;
}

/// What a tile's codelet is given beside its blocks.
#[derive(Clone, Copy, Debug)]
struct Tile {
    scoring: Scoring,
    at: (usize, usize),
}

/// The matrix, of which the borders of tiles are kept.
#[derive(Debug)]
pub struct Grid<'r> {
    runtime: &'r Runtime,
    cut: Cut,
    scoring: Scoring,
    /// The first sequence's letters, for each row of tiles.
    first: Vec<Block<u8>>,
    /// The second one's, for each column of tiles.
    second: Vec<Block<u8>>,
    /// What comes from above into the first row of tiles, for each column; nothing comes in.
    norths: Vec<Block<i32>>,
    /// What comes from the left into the first column of tiles, for each row.
    wests: Vec<Block<i32>>,
    /// Below each tile, row by row.
    souths: Vec<Block<i32>>,
    /// To the right of each tile, row by row.
    easts: Vec<Block<i32>>,
}

impl<'r> Grid<'r> {
    /// Makes the blocks, and fills those with letters.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(
        runtime: &'r Runtime,
        cut: Cut,
        scoring: Scoring,
        sequences: [&[u8]; 2],
    ) -> Result<Grid<'r>> {
        let letters = |sequence: &[u8]| -> Result<Vec<Block<u8>>> {
            let fill = |letters: &[u8]| {
                let block = runtime.block(letters.len())?;
                runtime.write(block, |b| b.copy_from_slice(letters))?;
                Ok(block)
            };
            sequence.chunks(cut.tile).map(fill).collect()
        };
        // `before` numbers, then scores of zero, then gaps that nobody has begun.
        let edge = |before: &[i32], length: usize| -> Result<Block<i32>> {
            let block = runtime.block(before.len() + 2 * length)?;
            runtime.write(block, |b| {
                b[..before.len()].copy_from_slice(before);
                b[before.len() + length..].fill(NEVER);
            })?;
            Ok(block)
        };
        let (down, across) = (cut.down(), cut.across());
        let none = [Best::NONE.score, Best::NONE.row, Best::NONE.column];
        let mut grid = Grid {
            runtime,
            cut,
            scoring,
            first: letters(sequences[0])?,
            second: letters(sequences[1])?,
            norths: (0..across)
                .map(|j| edge(&[0], cut.width(j)))
                .collect::<Result<_>>()?,
            wests: (0..down)
                .map(|i| edge(&none, cut.height(i)))
                .collect::<Result<_>>()?,
            souths: Vec::new(),
            easts: Vec::new(),
        };
        for i in 0..down {
            for j in 0..across {
                grid.souths.push(runtime.block(Cut::south(cut.width(j)))?);
                grid.easts.push(runtime.block(Cut::east(cut.height(i)))?);
            }
        }
        Ok(grid)
    }

    /// How the matrix is cut.
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// What letters and gaps are worth.
    pub fn scoring(&self) -> &Scoring {
        &self.scoring
    }

    /// The blocks that tile (i, j) reads: the letters, and the borders above and to the left.
    pub(super) fn reads(&self, i: usize, j: usize) -> ([Read<u8>; 2], [Read<i32>; 2]) {
        let across = self.cut.across();
        let north = match i {
            0 => self.norths[j],
            _ => self.souths[(i - 1) * across + j],
        };
        let west = match j {
            0 => self.wests[i],
            _ => self.easts[i * across + j - 1],
        };
        (
            [self.first[i].read(), self.second[j].read()],
            [north.read(), west.read()],
        )
    }

    /// The runtime.
    pub(super) fn runtime(&self) -> &'r Runtime {
        self.runtime
    }

    /// Computes all tiles, and gives the time it took. `row_done` hears of each row of tiles. With `alone`, one engine
    /// does it all, row by row.
    ///
    /// # Errors
    /// The runtime's.
    pub fn compute(&self, alone: bool, row_done: impl Fn() + Sync) -> Result<Duration> {
        let begin = Instant::now();
        self.runtime.finish(|s| {
            for i in 0..self.cut.down() {
                for j in 0..self.cut.across() {
                    self.spawn(s, i, j, alone);
                }
                let end = self.easts[(i + 1) * self.cut.across() - 1];
                s.codelet("row").spawn(end.read(), |_, _| row_done());
            }
            Ok(())
        })?;
        Ok(begin.elapsed())
    }

    fn spawn(&self, s: &Scope<'_>, i: usize, j: usize, alone: bool) {
        let at = i * self.cut.across() + j;
        let (letters, from) = self.reads(i, j);
        let (south, east) = (self.souths[at], self.easts[at]);
        let tile = Tile {
            scoring: self.scoring,
            at: (i * self.cut.tile, j * self.cut.tile),
        };
        let options = s.codelet("tile");
        let options = match alone {
            true => options.on_xe(0),
            false => options.near(east),
        };
        let memory = scratch(kernel::memory(self.cut.height(i), self.cut.width(j)));
        let access = (letters, from, south.write(), east.write(), memory);
        options.call(&TILE, tile, access);
    }

    /// The best cell of all, once all tiles are computed.
    ///
    /// # Errors
    /// The runtime's.
    pub fn best(&self) -> Result<Best> {
        let rows = self.easts.chunks(self.cut.across());
        let mut ends = rows.filter_map(|row| row.last());
        ends.try_fold(Best::NONE, |best, &end| {
            Ok(best.or(self.runtime.read(end, Best::of)?))
        })
    }

    /// What one engine alone takes for the first tile, whose blocks stay in its cache: so many times, each the mean of a
    /// few in a row.
    ///
    /// # Errors
    /// The runtime's.
    pub fn tile_times(&self, rounds: usize) -> Result<Vec<Duration>> {
        const FEW: u32 = 8;
        let time = |_| {
            let begin = Instant::now();
            self.runtime.finish(|s| {
                (0..FEW).for_each(|_| self.spawn(s, 0, 0, true));
                Ok(())
            })?;
            Ok(begin.elapsed() / FEW)
        };
        (0..rounds).map(time).collect()
    }
}
