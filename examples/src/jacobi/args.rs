//! The command line.

use std::path::PathBuf;

use clap::Parser;
use sprat::{Error, Result};

use super::sweeps::Way;
use super::tiling::{Extent, Sides, Tiling};
use super::time_tiles;
use crate::frame::EngineOptions;
use crate::png_file::Picture;

/// The longer side of the grid unless set: two such grids are larger than the caches of today's processors.
const SIDE: usize = 3840;
/// A tile has whole rows unless set, since a processor reads ahead along them; so many bytes of them, about, so that the rows
/// around it, which it reads too, are few beside its own.
const TILE: usize = 1 << 20;
/// But the rows of a grid make so many tiles at least, if there are as many, so that there is something to share out.
const LEAST_TILES: usize = 16;
/// More sweeps of a tile in turn are refused: no cache has room for the rows that they use.
const MOST_IN_TIME: u64 = 4096;
/// More blocks than this cannot be recorded.
const MOST_BLOCKS: u128 = 65_535;
/// More tiles than this are refused: each is a codelet in each sweep, and none would have work worth one.
const MOST_TILES: u128 = 1 << 20;

/// Spreads heat over a picture: a 5-point Jacobi stencil over tiles that are data blocks.
///
/// The picture's brightness is the temperature at the start; the rim of the grid keeps its own. The result is a picture
/// in the colours of heat. Sweeps are recorded as a graph and replayed. Everything is measured in the same run: the copy
/// bandwidth of the same engines on the same blocks, and one engine alone.
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

    /// A tile, in cells: its side, or WxH; one larger than the grid becomes the grid [default: whole rows, of about 1 MiB]
    #[arg(long, value_name = "N|WxH")]
    pub tile: Option<Sides>,

    /// Sweep each tile so many times in turn while it is in a cache, so that memory is passed through once for all of them;
    /// tiles are whole rows then, by default twice as many as sweeps
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST_IN_TIME))]
    pub time_tile: Option<u64>,

    /// Spawn the codelets of each sweep anew, instead of recording two steps and replaying them
    #[arg(long)]
    pub dynamic: bool,

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
        let way = self.way();
        let tile = match (self.tile, way.time_tile) {
            (Some(Sides::Both(extent)), _) => extent,
            (Some(Sides::One(side)), None) => Extent {
                width: side,
                height: side,
            },
            (rows, sweeps) => Extent {
                width: grid.width,
                height: match (rows, sweeps) {
                    (Some(Sides::One(rows)), _) => rows,
                    (_, Some(sweeps)) => time_tiles::rows(sweeps),
                    _ => (TILE / size_of::<f64>() / grid.width)
                        .min(grid.height / LEAST_TILES)
                        .max(1),
                },
            },
        };
        Ok(Tiling::new(grid, tile))
    }

    /// How the field is swept. A tile is not swept more often in turn than there are sweeps.
    pub fn way(&self) -> Way {
        Way {
            time_tile: self.time_tile.map(|n| self.sweeps.min(n as usize)),
            dynamic: self.dynamic,
        }
    }

    /// Refuses a grid in more tiles than make sense, or in tiles that cannot be swept so often in turn.
    ///
    /// # Errors
    /// Says what is wrong, and what to do.
    pub fn check_tiles(&self, tiling: &Tiling) -> Result<()> {
        let count = tiling.tiles.cells();
        let cut = format!(
            "a grid of {} in tiles of {} makes {count} tiles",
            tiling.grid, tiling.tile
        );
        if count > MOST_TILES {
            return Err(Error::msg(format!(
                "{cut}, and {MOST_TILES} are the most; ask for a larger --tile"
            )));
        }
        if 2 * count > MOST_BLOCKS && !self.dynamic {
            return Err(Error::msg(format!(
                "{cut}, and {} are the most that can be recorded; ask for a larger --tile, or for --dynamic",
                MOST_BLOCKS / 2
            )));
        }
        match self.way().time_tile {
            Some(_) if tiling.tiles.width > 1 => Err(Error::msg(format!(
                "with --time-tile tiles are whole rows, and {} of --tile are not; ask for --tile {}x{}, or leave it out",
                tiling.tile, tiling.grid.width, tiling.tile.height
            ))),
            Some(sweeps) if tiling.tiles.height > 1 && tiling.tile.height <= sweeps => {
                Err(Error::msg(format!(
                    "tiles of {} rows cannot be swept {sweeps} times in turn, since each sweep needs a row more around; ask for at least {} rows by --tile, or for a smaller --time-tile",
                    tiling.tile.height,
                    sweeps + 1
                )))
            }
            _ => Ok(()),
        }
    }
}

fn parse_sweeps(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("zero sweeps change nothing; ask for at least 1".to_owned()),
        Ok(sweeps) => Ok(sweeps),
        Err(error) => Err(format!("{error}; give a whole number from 1 on")),
    }
}
