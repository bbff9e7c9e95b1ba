//! The plate as data blocks, and a step as codelets.

use sprat::{Block, Result, Runtime, Scope};

use super::course::Course;
use super::tile;

/// The blocks of a plate.
#[derive(Debug)]
pub struct Plate<'r> {
    runtime: &'r Runtime,
    course: Course,
    /// Cells, tile by tile.
    tiles: Vec<Block<f64>>,
    /// What neighbours see of each tile: of even steps and of odd ones, so that those of a step do not wait for each other.
    rims: [Vec<Block<f64>>; 2],
    /// Regions with engines.
    regions: Vec<usize>,
}

impl<'r> Plate<'r> {
    /// A plate whose tiles are where the engines are that they belong to, in contiguous shares.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(runtime: &'r Runtime, course: Course) -> Result<Self> {
        let (count, cells) = (course.tiles * course.tiles, course.cells);
        let tiles = runtime.blocks::<f64>(count, cells * cells)?;
        let rims = [
            runtime.blocks::<f64>(count, 4 * cells)?,
            runtime.blocks::<f64>(count, 4 * cells)?,
        ];
        for (number, block) in tiles.iter().enumerate() {
            runtime.name(*block, &format!("tile {number}"))?;
        }
        let engines = runtime.plan().xes.iter();
        let mut regions: Vec<usize> = engines.map(|xe| xe.region).collect();
        regions.sort_unstable();
        regions.dedup();
        runtime.finish(|s| {
            for number in 0..count {
                let rims = [rims[0][number], rims[1][number]].map(|rim| rim.write());
                s.codelet("start").near(tiles[number]).spawn(
                    (tiles[number].write(), rims),
                    move |_, (cells_of, rims)| {
                        tile::start(cells, number, cells_of);
                        for rim in rims {
                            tile::rim(cells, cells_of, rim);
                        }
                    },
                );
            }
            Ok(())
        })?;
        Ok(Plate {
            runtime,
            course,
            tiles,
            rims,
            regions,
        })
    }

    /// Runs all steps; tells `done` how many were spawned.
    ///
    /// # Errors
    /// If a codelet fails.
    pub fn run(&self, mut done: impl FnMut(usize)) -> Result<()> {
        self.runtime.finish(|s| {
            for step in 0..self.course.steps {
                self.step(s, step);
                done(step + 1);
            }
            Ok(())
        })
    }

    /// Spawns the codelets of a step. A tile is worked on in the same region as long as it is hot.
    fn step(&self, s: &Scope<'_>, step: usize) {
        let cells = self.course.cells;
        let (now, next) = (&self.rims[step % 2], &self.rims[(step + 1) % 2]);
        for number in self.course.hot(step) {
            let around = self.course.around(number).map(|tile| now[tile].read());
            let region = self.regions[number % self.regions.len()];
            s.codelet("smooth").on_region(region).spawn(
                (
                    self.tiles[number].read_write(),
                    next[number].write(),
                    around,
                ),
                move |_, (cells_of, rim, around)| {
                    tile::smooth(cells, cells_of, around);
                    tile::rim(cells, cells_of, rim);
                },
            );
        }
    }

    /// All cells, tile by tile.
    ///
    /// # Errors
    /// If a codelet had failed.
    pub fn cells(&self) -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for &tile in &self.tiles {
            self.runtime
                .read(tile, |cells| all.extend_from_slice(cells))?;
        }
        Ok(all)
    }
}
