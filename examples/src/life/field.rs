//! The cells as data blocks: two sets of them, swapped after each step.

use std::time::{Duration, Instant};

use sprat::{Block, Read, Result, Runtime, Scope, Scratch, Write, scratch};

use super::board::{BITS, Board};
use super::film::Film;
use super::kernel::{self, Gates};
use super::rule::Rule;

/// So many codelets are spawned before the host waits for their end: enough to keep engines busy for long, few enough
/// that a run of any length needs little memory.
const WINDOW: usize = 1 << 14;

type Accesses = (Write<u64>, Read<u64>, [Read<u64>; 8], Scratch<u64>);

/// What a tile's codelet is given beside its blocks.
#[derive(Clone, Copy, Debug)]
struct Tile {
    gates: Gates,
    stride: usize,
    words: usize,
    rows: usize,
    left_words: usize,
    above_rows: usize,
}

sprat::codelet! {
    /// One step of a tile.
    static STEP: Codelet<Tile, Accesses> = |_s, tile, (out, here, around, scratch)| {
        let from = kernel::Tile {
            here,
            around,
            stride: tile.stride,
            words: tile.words,
            rows: tile.rows,
            left_words: tile.left_words,
            above_rows: tile.above_rows,
        };
        kernel::step(&tile.gates, &from, out, scratch);
    }, also for Avx2, Avx512f, Neon;
}

/// The field.
#[derive(Debug)]
pub struct Field<'r> {
    runtime: &'r Runtime,
    board: Board,
    gates: Gates,
    now: Vec<Block<u64>>,
    next: Vec<Block<u64>>,
    /// What tiles at the edge read from outside: zeros, never written.
    outside: Block<u64>,
}

impl<'r> Field<'r> {
    /// Makes the blocks and fills them. `alive` tells of a cell by column and row.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(
        runtime: &'r Runtime,
        board: Board,
        rule: Rule,
        alive: impl Fn(usize, usize) -> bool + Sync,
    ) -> Result<Field<'r>> {
        let blocks = || runtime.blocks(board.count(), board.block_words());
        let field = Field {
            runtime,
            board,
            gates: Gates::new(rule),
            now: blocks()?,
            next: blocks()?,
            outside: runtime.block(board.block_words())?,
        };
        let alive = &alive;
        runtime.finish(|s| {
            for (place, &tile) in board.places().zip(&field.now) {
                s.codelet("fill")
                    .near(tile)
                    .spawn(tile.write(), move |_, words| {
                        words.fill(0);
                        for row in 0..place.rows {
                            let words = &mut words[row * board.tile_words..][..place.words];
                            for (at, word) in words.iter_mut().enumerate() {
                                for bit in 0..BITS {
                                    let column = (place.word + at) * BITS + bit;
                                    *word |= u64::from(alive(column, place.row + row)) << bit;
                                }
                            }
                        }
                    });
            }
            Ok(())
        })?;
        Ok(field)
    }

    /// Steps, and gives the time it took, recording included. `stepped` hears how many steps have ended. A film takes what it is
    /// to show.
    ///
    /// Two steps are recorded and replayed, since after two of them the cells are where they were; with `dynamic` or a film,
    /// and where a single step is left, codelets are spawned anew.
    ///
    /// # Errors
    /// The runtime's; if the film cannot be written.
    pub fn steps(
        &mut self,
        steps: usize,
        dynamic: bool,
        film: Option<&Film<'_>>,
        mut stepped: impl FnMut(usize),
    ) -> Result<Duration> {
        let window = (WINDOW / self.board.count()).max(2);
        let begin = Instant::now();
        let mut done = 0;
        if !dynamic && film.is_none() {
            let graph = self.runtime.record(|s| {
                self.spawn_step(s, [&self.now, &self.next]);
                self.spawn_step(s, [&self.next, &self.now]);
                Ok(())
            })?;
            while steps - done >= 2 {
                let rounds = window.min(steps - done) / 2;
                self.runtime.replay(&graph, rounds)?;
                done += 2 * rounds;
                stepped(done);
            }
        }
        while done < steps {
            let these = window.min(steps - done);
            self.runtime.finish(|s| {
                for step in done..done + these {
                    if let Some(film) = film {
                        film.see(s, step, &self.board, &self.now);
                    }
                    self.spawn_step(s, [&self.now, &self.next]);
                    std::mem::swap(&mut self.now, &mut self.next);
                }
                Ok(())
            })?;
            done += these;
            stepped(done);
        }
        Ok(begin.elapsed())
    }

    /// Steps with one engine alone, again and again from the same cells, and gives the time of each.
    ///
    /// # Errors
    /// The runtime's.
    pub fn alone(&self, steps: usize) -> Result<Vec<Duration>> {
        self.times(steps, || 0..self.board.count())
    }

    /// One engine alone steps the first tile, whose blocks stay in its cache: so many times, each the mean of a few in a
    /// row.
    ///
    /// # Errors
    /// The runtime's.
    pub fn tile_times(&self, rounds: usize) -> Result<Vec<Duration>> {
        const FEW: u32 = 32;
        let times = self.times(rounds, || (0..FEW).map(|_| 0))?;
        Ok(times.into_iter().map(|time| time / FEW).collect())
    }

    fn times<I>(&self, rounds: usize, tiles: impl Fn() -> I) -> Result<Vec<Duration>>
    where
        I: Iterator<Item = usize>,
    {
        let time = |_| {
            let begin = Instant::now();
            self.runtime.finish(|s| {
                tiles().for_each(|index| self.spawn(s, index, [&self.now, &self.next], Some(0)));
                Ok(())
            })?;
            Ok(begin.elapsed())
        };
        (0..rounds).map(time).collect()
    }

    /// A codelet for each tile, from one set to the other.
    fn spawn_step(&self, s: &Scope<'_>, sets: [&[Block<u64>]; 2]) {
        (0..self.board.count()).for_each(|index| self.spawn(s, index, sets, None));
    }

    /// One codelet for a tile. Its accesses say all that there is to say about order.
    fn spawn(
        &self,
        s: &Scope<'_>,
        index: usize,
        [now, next]: [&[Block<u64>]; 2],
        xe: Option<usize>,
    ) {
        let board = &self.board;
        let (place, around) = (board.place(index), board.around(index));
        // The tile above and the one to the left say how large those are that wrap around.
        let size = |at: Option<usize>| {
            at.map_or((1, 1), |at| (board.place(at).words, board.place(at).rows))
        };
        let tile = Tile {
            gates: self.gates,
            stride: board.tile_words,
            words: place.words,
            rows: place.rows,
            left_words: size(around[3]).0,
            above_rows: size(around[1]).1,
        };
        let out = next[index];
        let access = (
            out.write(),
            now[index].read(),
            around.map(|at| at.map_or(self.outside, |at| now[at]).read()),
            scratch(kernel::scratch_words(place.words)),
        );
        let options = s.codelet("step");
        let options = match xe {
            Some(xe) => options.on_xe(xe),
            None => options.near(out),
        };
        options.call(&STEP, tile, access);
    }

    /// All cells, row by row, as words.
    ///
    /// # Errors
    /// The runtime's.
    pub fn words(&self) -> Result<Vec<u64>> {
        let board = &self.board;
        let mut all = vec![0; board.words * board.rows];
        for (place, &tile) in board.places().zip(&self.now) {
            self.runtime.read(tile, |words| {
                for row in 0..place.rows {
                    let to = (place.row + row) * board.words + place.word;
                    let from = row * board.tile_words;
                    all[to..to + place.words].copy_from_slice(&words[from..from + place.words]);
                }
            })?;
        }
        Ok(all)
    }
}
