//! The command line.

use clap::{Parser, value_parser};
use sprat::{Error, Result};

use super::matrix::Matrix;
use super::steps::Tiles;
use crate::frame::{EngineOptions, check_memory};

/// More operations than this are refused: each is a codelet, and none would have work worth one.
const MOST_STEPS: u128 = 1 << 24;

/// Factors a symmetric positive definite matrix A into L Lᵀ, tile by tile: Cholesky, right-looking.
///
/// The matrix is made from a seed, and filled anew for each round. The residual says how far L Lᵀ is from A. What the
/// engines could do at most is measured in the same run: the rate at which one of them multiplies tiles that stay in
/// its cache, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "cholesky", version)]
pub struct Args {
    /// Rows of the matrix, and columns
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = value_parser!(u32).range(1..))]
    pub size: u32,

    /// Rows of a tile, and columns; a tile larger than the matrix becomes the matrix
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = value_parser!(u32).range(1..))]
    pub tile: u32,

    /// How many times it is factored; the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=10_000))]
    pub rounds: u32,

    /// Another seed, another matrix
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare each tile with the one of a plain loop, bit for bit; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

impl Args {
    /// The matrix and its tiles.
    ///
    /// # Errors
    /// If there would be more codelets than make sense, or if there is no memory for the matrix and a copy of it.
    pub fn problem(&self) -> Result<(Tiles, Matrix)> {
        let size = self.size as usize;
        let tiles = Tiles::new(size, self.tile as usize);
        let steps = tiles.step_count();
        if steps > MOST_STEPS {
            return Err(Error::msg(format!(
                "a matrix of {size} x {size} in tiles of {tile} x {tile} takes {steps} codelets, and {MOST_STEPS} are the most; ask for a larger --tile",
                tile = tiles.tile
            )));
        }
        let tile = (tiles.tile * tiles.tile * size_of::<f64>()) as u128;
        let across = tiles.across() as u128;
        check_memory(
            // The plain loop has a copy.
            2 * across * (across + 1) / 2 * tile,
            &format!("a matrix of {size} x {size}"),
            "a smaller --size",
        )?;
        let seed = self.seed;
        Ok((tiles, Matrix { size, seed }))
    }
}
