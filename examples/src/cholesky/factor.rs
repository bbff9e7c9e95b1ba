//! The factorisation as codelets: one for each operation on tiles, ordered by what they read and change.

use std::time::{Duration, Instant};

use sprat::{Block, Priority, Result, Runtime, Scope, Sum};

use super::kernel;
use super::matrix::Matrix;
use super::steps::{Step, Tiles};

/// A matrix in blocks: the tiles on and below the diagonal.
#[derive(Debug)]
pub struct Factor<'r> {
    runtime: &'r Runtime,
    tiles: Tiles,
    matrix: Matrix,
    blocks: Vec<Block<f64>>,
}

impl<'r> Factor<'r> {
    /// Makes the blocks, without contents.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, tiles: Tiles, matrix: Matrix) -> Result<Factor<'r>> {
        let block = |(i, j)| runtime.block(tiles.side(i) * tiles.side(j));
        Ok(Factor {
            runtime,
            tiles,
            matrix,
            blocks: tiles.places().map(block).collect::<Result<_>>()?,
        })
    }

    /// Tile (i, j).
    fn at(&self, i: usize, j: usize) -> Block<f64> {
        self.blocks[self.tiles.index(i, j)]
    }

    /// Fills the blocks with the matrix.
    ///
    /// # Errors
    /// The runtime's.
    pub fn fill(&self) -> Result<()> {
        let (tiles, matrix) = (self.tiles, self.matrix);
        self.runtime.finish(|s| {
            for ((i, j), &block) in tiles.places().zip(&self.blocks) {
                s.codelet("fill")
                    .near(block)
                    .spawn(block.write(), move |_, cells| {
                        matrix.fill(&tiles, i, j, cells)
                    });
            }
            Ok(())
        })
    }

    /// Factors in place, and gives the time it took.
    ///
    /// # Errors
    /// If the matrix is not positive definite; the runtime's.
    pub fn factor(&self) -> Result<Duration> {
        let begin = Instant::now();
        self.runtime.finish(|s| {
            self.tiles.steps().for_each(|step| self.spawn(s, step));
            Ok(())
        })?;
        Ok(begin.elapsed())
    }

    /// One operation. What the next column waits for goes first: the tile on the diagonal, and those below it.
    fn spawn(&self, s: &Scope<'_>, step: Step) {
        let side = |i| self.tiles.side(i);
        match step {
            Step::Potrf { k } => {
                let rows = side(k);
                s.codelet("potrf")
                    .priority(Priority::High)
                    .spawn(self.at(k, k).read_write(), move |_, a| {
                        kernel::potrf(a, rows)
                    });
            }
            Step::Trsm { k, i } => {
                let rows = side(i);
                let access = (self.at(k, k).read(), self.at(i, k).read_write());
                s.codelet("trsm")
                    .priority(Priority::High)
                    .spawn(access, move |_, (l, a)| kernel::trsm(l, a, rows));
            }
            Step::Syrk { k, i } => {
                let rows = side(i);
                let access = (self.at(i, k).read(), self.at(i, i).read_write());
                s.codelet("syrk")
                    .spawn(access, move |_, (a, c)| kernel::syrk(a, c, rows));
            }
            Step::Gemm { k, i, j } => {
                let (rows, columns) = (side(i), side(j));
                let read = [self.at(i, k).read(), self.at(j, k).read()];
                let access = (read, self.at(i, j).read_write());
                s.codelet("gemm").spawn(access, move |_, ([a, b], c)| {
                    kernel::gemm(a, b, c, rows, columns)
                });
            }
        }
    }

    /// How far the factor is from one: the norm of A - L Lᵀ, as a share of the norm of A (both Frobenius).
    ///
    /// # Errors
    /// The runtime's.
    pub fn residual(&self) -> Result<f64> {
        let (tiles, matrix) = (self.tiles, self.matrix);
        let squares = self.runtime.block::<f64>(2)?;
        self.runtime.finish(|s| {
            s.spawn(squares.write(), |_, squares| squares.fill(0.0));
            for (i, j) in tiles.places() {
                // Row i of L times row j of L, as far as both reach.
                let row = |i| (0..=j).map(|k| self.at(i, k).read()).collect::<Vec<_>>();
                let access = (row(i), row(j), squares.reduce(Sum));
                s.codelet("residual")
                    .spawn(access, move |_, (a, b, squares)| {
                        let mut rest = vec![0.0; tiles.side(i) * tiles.side(j)];
                        matrix.fill(&tiles, i, j, &mut rest);
                        // What is beside the diagonal stands for its mirror image, too.
                        let times = if i == j { 1.0 } else { 2.0 };
                        squares[1] += times * square(&rest);
                        for (a, b) in a.iter().zip(&b) {
                            kernel::gemm(a, b, &mut rest, tiles.side(i), tiles.side(j));
                        }
                        squares[0] += times * square(&rest);
                    });
            }
            Ok(())
        })?;
        let residual = self.runtime.read(squares, |s| (s[0] / s[1]).sqrt())?;
        self.runtime.destroy(squares)?;
        Ok(residual)
    }

    /// The first tile that is not, bit for bit, what `expected` holds, in the list's order.
    ///
    /// # Errors
    /// The runtime's.
    pub fn differs(&self, expected: &[Vec<f64>]) -> Result<Option<(usize, usize)>> {
        for ((place, &block), expected) in self.tiles.places().zip(&self.blocks).zip(expected) {
            let same = |cells: &[f64]| {
                let mut pairs = cells.iter().zip(expected);
                pairs.all(|(a, b)| a.to_bits() == b.to_bits())
            };
            if !self.runtime.read(block, same)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Gives the blocks back.
    ///
    /// # Errors
    /// The runtime's.
    pub fn destroy(self) -> Result<()> {
        self.runtime.finish(|s| {
            for &block in &self.blocks {
                s.destroy(block);
            }
            Ok(())
        })
    }
}

fn square(cells: &[f64]) -> f64 {
    cells.iter().map(|x| x * x).sum()
}

/// Flops a second of one engine alone that multiplies tiles which stay in its cache: `rounds` times over, for about
/// that long each. The engine times it, so that nothing of the runtime is in it.
///
/// # Errors
/// The runtime's.
pub fn gemm_rates(
    runtime: &Runtime,
    tile: usize,
    rounds: usize,
    each: Duration,
) -> Result<Vec<f64>> {
    let tiles = runtime.blocks::<f64>(3, tile * tile)?;
    let mut rates = Vec::new();
    runtime.finish(|s| {
        let access = tiles.iter().map(|t| t.write()).collect::<Vec<_>>();
        s.codelet("rate")
            .on_xe(0)
            .spawn_once(access, |_, mut views| {
                for view in &mut views {
                    view.fill(1e-3);
                }
                let [a, b, c] = &mut views[..] else { return };
                kernel::gemm(a, b, c, tile, tile);
                for _ in 0..rounds {
                    let (begin, mut times) = (Instant::now(), 0);
                    while begin.elapsed() < each {
                        kernel::gemm(a, b, c, tile, tile);
                        times += 1;
                    }
                    let flops = 2.0 * (tile as f64).powi(3) * f64::from(times);
                    rates.push(flops / begin.elapsed().as_secs_f64());
                }
            });
        Ok(())
    })?;
    for tile in tiles {
        runtime.destroy(tile)?;
    }
    Ok(rates)
}
