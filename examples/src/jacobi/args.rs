//! The command line.

use std::path::PathBuf;

use clap::Parser;
use sprat::{Error, Result};

use super::tiling::{Extent, Sides, Tiling};
use crate::frame::EngineOptions;
use crate::png_file::Picture;

/// The longer side of the grid unless set: two such grids are larger than the caches of today's processors.
const SIDE: usize = 3840;
/// The sides of a tile unless set: 450 KiB a block, so that a codelet's two large blocks stay within an L2 cache; and no
/// power of two, so that rows do not fall on the same places of the caches.
const TILE: usize = 240;
/// More tiles than this are refused: each is a codelet in each sweep, and none would have work worth one.
const MOST_TILES: u128 = 1 << 20;

/// Spreads heat over a picture: a 5-point Jacobi stencil over tiles that are data blocks.
///
/// The picture's brightness is the temperature at the start; the rim of the grid keeps its own. The result is a picture
/// in the colours of heat. Everything is measured in the same run: the copy bandwidth of the same engines on the same
/// blocks, and one engine alone.
#[derive(Parser, Clone, Debug)]
#[command(name = "jacobi", version)]
pub struct Args {
    /// The picture to start from, a PNG [default: one that ships with Sprat]
    #[arg(long, value_name = "PNG")]
    pub input: Option<PathBuf>,

    /// Where the result goes, a PNG; an older file is replaced once the new one is complete
    #[arg(long, value_name = "PNG", default_value = "jacobi.png")]
    pub output: PathBuf,

    /// The grid, in cells: its longer side, in the shape of the picture, or WxH [default: 3840]
    #[arg(long, value_name = "N|WxH")]
    pub size: Option<Sides>,

    /// A tile, in cells: its side, or WxH; one larger than the grid becomes the grid [default: 240]
    #[arg(long, value_name = "N|WxH")]
    pub tile: Option<Sides>,

    /// How many sweeps
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = parse_sweeps)]
    pub sweeps: usize,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the result with a serial reference, bit for bit; a difference is an error, and nothing is written
    #[arg(long)]
    pub verify: bool,
}

impl Args {
    /// The grid and its tiles for a picture.
    ///
    /// # Errors
    /// If there would be too many tiles.
    pub fn tiling(&self, picture: &Picture) -> Result<Tiling> {
        let grid = match self.size.unwrap_or(Sides::One(SIDE)) {
            Sides::Both(extent) => extent,
            Sides::One(longer) => {
                let (width, height) = (picture.width as u128, picture.height as u128);
                let scale = |side: u128| {
                    let cells = side * longer as u128 / width.max(height);
                    usize::try_from(cells).unwrap_or(longer).max(1)
                };
                Extent {
                    width: scale(width),
                    height: scale(height),
                }
            }
        };
        let tile = match self.tile.unwrap_or(Sides::One(TILE)) {
            Sides::Both(extent) => extent,
            Sides::One(side) => Extent {
                width: side,
                height: side,
            },
        };
        Ok(Tiling::new(grid, tile))
    }

    /// Refuses a grid in more tiles than make sense.
    ///
    /// # Errors
    /// Says how many there would be, and what to do.
    pub fn check_tiles(&self, tiling: &Tiling) -> Result<()> {
        let count = tiling.tiles.cells();
        if count > MOST_TILES {
            return Err(Error::msg(format!(
                "a grid of {} in tiles of {} makes {count} tiles, and {MOST_TILES} are the most; ask for a larger --tile",
                tiling.grid, tiling.tile
            )));
        }
        Ok(())
    }
}

fn parse_sweeps(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("zero sweeps change nothing; ask for at least 1".to_owned()),
        Ok(sweeps) => Ok(sweeps),
        Err(error) => Err(format!("{error}; give a whole number from 1 on")),
    }
}
