//! The command line.

use std::path::PathBuf;

use clap::{Parser, value_parser};
use sprat::{Error, Result};

use super::board::{BITS, Board, Sides};
use super::rle::{self, Pattern};
use super::rule::Rule;
use crate::frame::{EngineOptions, Lines, check_memory};

/// The gun that ships with Sprat. In the program, so that it is found from any folder.
const GUN: &[u8] = include_bytes!("../../data/gosper-gun.rle");
/// More blocks than this cannot be recorded.
const MOST_BLOCKS: usize = 65_535;
/// More tiles than this are refused: each is a codelet in each step, and none would have work worth one.
const MOST_TILES: usize = 1 << 20;

/// Runs a cellular automaton such as Conway's Life, on a board of bits in tiles that are data blocks.
///
/// The pattern comes from an RLE file and stands in the middle of the board. What the engines could do at most is
/// measured in the same run: the rate of one of them on a tile whose blocks stay in its cache, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "life", version)]
pub struct Args {
    /// The pattern, an RLE file, plain or gzip; `-` is standard input [default: a glider gun that ships with Sprat]
    #[arg(value_name = "RLE")]
    pub pattern: Option<PathBuf>,

    /// A random board instead, half of its cells alive
    #[arg(long, value_name = "SEED", conflicts_with = "pattern")]
    pub soup: Option<u64>,

    /// The rule, such as B36/S23 [default: that of the pattern, else B3/S23]
    #[arg(long, value_name = "RULE")]
    pub rule: Option<Rule>,

    /// How many steps
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = value_parser!(u32).range(1..))]
    pub steps: u32,

    /// The board, in cells; its width is rounded up to a multiple of 64
    #[arg(long, value_name = "N|WxH", default_value = "1024")]
    pub size: Sides,

    /// A tile, in cells; its width is rounded up to a multiple of 64, and one larger than the board becomes the board
    #[arg(long, value_name = "N|WxH", default_value = "1024x256")]
    pub tile: Sides,

    /// Let what leaves the board on one side come back on the other; otherwise all outside is dead for ever
    #[arg(long)]
    pub torus: bool,

    /// Where a film goes, a GIF
    #[arg(long, value_name = "GIF")]
    pub film: Option<PathBuf>,

    /// A frame of the film is taken every so many steps
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u32).range(1..))]
    pub every: u32,

    /// Where the last board goes, an RLE file
    #[arg(long, value_name = "RLE")]
    pub output: Option<PathBuf>,

    /// Spawn the codelets of each step anew, instead of recording two steps and replaying them (as with --film)
    #[arg(long)]
    pub dynamic: bool,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the last board with the one of a plain loop; a difference is an error, and no board is written
    #[arg(long)]
    pub verify: bool,
}

impl Args {
    /// The pattern; an empty one if a soup was asked for.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn pattern(&self) -> Result<Pattern> {
        match (&self.pattern, self.soup) {
            (Some(path), _) => rle::parse(Lines::open(path)?),
            (None, None) => rle::parse(Lines::from_reader("the gun", GUN)?),
            (None, Some(_)) => Ok(Pattern {
                width: 1,
                height: 1,
                rule: None,
                alive: Vec::new(),
            }),
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        match (&self.pattern, self.soup) {
            (Some(path), _) => path.display().to_string(),
            (None, None) => "the gun that ships with Sprat".to_owned(),
            (None, Some(seed)) => format!("a soup from seed {seed}"),
        }
    }

    /// The board and its tiles.
    ///
    /// # Errors
    /// If the pattern does not fit, there is no memory, or there would be too many tiles.
    pub fn board(&self, pattern: &Pattern) -> Result<Board> {
        let board = Board::new(self.size, self.tile, self.torus);
        let sides = board.sides();
        if pattern.width > sides.width || pattern.height > sides.height {
            return Err(Error::msg(format!(
                "a pattern of {} x {} does not fit on a board of {sides}; ask for a larger --size",
                pattern.width, pattern.height
            )));
        }
        let cells = sides.width as u128 * sides.height as u128;
        // Two sets of bits; one more to write; the reference has two bytes a cell.
        let bytes = match self.verify {
            true => 3 * cells / 8 + 2 * cells,
            false => 3 * cells / 8,
        };
        check_memory(bytes, &format!("a board of {sides}"), "a smaller --size")?;
        if 2 * board.count() > MOST_BLOCKS && !self.dynamic && self.film.is_none() {
            return Err(Error::msg(format!(
                "a board of {sides} in tiles of {} x {} makes {} tiles, and {} are the most that can be recorded; ask for a larger --tile, or for --dynamic",
                board.tile_words * BITS,
                board.tile_rows,
                board.count(),
                MOST_BLOCKS / 2
            )));
        }
        if board.count() > MOST_TILES {
            return Err(Error::msg(format!(
                "a board of {sides} in tiles of {} x {} makes {} tiles, and {MOST_TILES} are the most; ask for a larger --tile",
                board.tile_words * BITS,
                board.tile_rows,
                board.count()
            )));
        }
        Ok(board)
    }

    /// Which cells live at first, as words, row by row.
    pub fn begin(&self, board: &Board, pattern: &Pattern) -> Vec<u64> {
        use rand_pcg::rand_core::{Rng as _, SeedableRng as _};
        let mut words = vec![0; board.words * board.rows];
        if let Some(seed) = self.soup {
            let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
            words.fill_with(|| random.next_u64());
            return words;
        }
        let sides = board.sides();
        let left = (sides.width - pattern.width) / 2;
        let above = (sides.height - pattern.height) / 2;
        for &(x, y) in &pattern.alive {
            let x = left + x;
            words[(above + y) * board.words + x / BITS] |= 1 << (x % BITS);
        }
        words
    }
}
