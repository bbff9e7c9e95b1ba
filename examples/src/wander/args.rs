//! The command line.

use clap::{Parser, value_parser};
use sprat::Result;

use super::course::Course;
use crate::frame::{EngineOptions, check_memory};

/// Smooths a plate under a hot spot that wanders over it in a circle; the rest of the plate sleeps.
///
/// The plate is cut into tiles, each a data block. In each step those under the spot are dealt out to all memory regions
/// alike. Counts what went between regions: under `--policy locality` tiles move to where they are worked on.
#[derive(Parser, Clone, Debug)]
#[command(name = "wander", version)]
pub struct Args {
    /// How many tiles the plate is long and wide
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = value_parser!(u16).range(4..=1024))]
    pub tiles: u16,

    /// How many cells a tile is long and wide
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u16).range(1..=4096))]
    pub cells: u16,

    /// How many steps
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = value_parser!(u32).range(1..=10_000_000))]
    pub steps: u32,

    /// How many times around
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub turns: u32,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare all cells with those of a plain loop, bit for bit; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

impl Args {
    /// The spot's course.
    ///
    /// # Errors
    /// If there is no memory for the plate.
    pub fn course(&self) -> Result<Course> {
        let (tiles, cells) = (usize::from(self.tiles), usize::from(self.cells));
        let count = (tiles * cells) as u128;
        let bytes = count * count * 8 * if self.verify { 2 } else { 1 };
        check_memory(
            bytes,
            &format!("a plate of {count} x {count} cells"),
            "fewer --tiles or --cells",
        )?;
        Ok(Course {
            tiles,
            cells,
            steps: self.steps as usize,
            turns: self.turns as usize,
        })
    }
}
