//! The command line.

use std::path::PathBuf;

use clap::{Parser, value_parser};
use sprat::{Error, Result};

use super::cut::Cut;
use super::fasta::{self, Sequence};
use super::random;
use super::scoring::{Alphabet, Pairs, Scoring};
use crate::frame::{EngineOptions, check_memory};

/// Longer sequences are refused: rows, columns and scores are numbers of 32 bits.
const MOST_LETTERS: usize = 1 << 30;

/// Finds the best local alignment of two sequences: Smith-Waterman with affine gaps, tile by tile.
///
/// Only the borders of tiles are kept, as data blocks; the tiles form a wavefront. The alignment is found by going back
/// through the tiles that it crosses, computing each again. What the engines could do at most is measured in the same
/// run: the rate of one of them on a tile whose blocks stay in its cache, times their number.
#[derive(Parser, Clone, Debug)]
#[command(name = "wavefront", version)]
pub struct Args {
    /// Two FASTA files, plain or gzip, of which the first sequence counts; `-` is standard input [default: --random 20000]
    #[arg(value_name = "FASTA", num_args = 2)]
    pub files: Vec<PathBuf>,

    /// Make two random sequences of about so many letters, of which most of the second is a changed copy of the first
    #[arg(long, value_name = "N", conflicts_with = "files", value_parser = value_parser!(u32).range(1..=1 << 30))]
    pub random: Option<u32>,

    /// Other random sequences
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// What the letters are
    #[arg(long, value_name = "KIND", default_value = "dna")]
    pub alphabet: Alphabet,

    /// What two equal bases score
    #[arg(long = "match", value_name = "N", default_value_t = 2)]
    pub equal: i32,

    /// What two other bases score
    #[arg(long = "mismatch", value_name = "N", default_value_t = -3, allow_negative_numbers = true)]
    pub unequal: i32,

    /// What a gap costs, whatever its length [default: 5 for bases, 11 for amino acids]
    #[arg(long, value_name = "N")]
    pub gap_open: Option<i32>,

    /// What each letter of a gap costs [default: 2 for bases, 1 for amino acids]
    #[arg(long, value_name = "N")]
    pub gap_extend: Option<i32>,

    /// Rows and columns of a tile
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = value_parser!(u32).range(1..=1 << 16))]
    pub tile: u32,

    /// Where the alignment goes, as text [default: its first lines are printed]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Which engines.
    #[command(flatten)]
    pub engines: EngineOptions,

    /// Compare the best cell with the one of a plain loop; a difference is an error
    #[arg(long)]
    pub verify: bool,
}

impl Args {
    /// The sequences.
    ///
    /// # Errors
    /// What is wrong with a file; if a sequence is too long.
    pub fn sequences(&self) -> Result<[Sequence; 2]> {
        let sequences = match &self.files[..] {
            [first, second] => [
                fasta::read(first, self.alphabet)?,
                fasta::read(second, self.alphabet)?,
            ],
            _ => {
                let length = self.random.unwrap_or(20_000) as usize;
                random::pair(self.alphabet, length, self.seed)
            }
        };
        for sequence in &sequences {
            if sequence.codes.len() > MOST_LETTERS {
                return Err(Error::msg(format!(
                    "`{}` has {} letters, and {MOST_LETTERS} are the most",
                    sequence.name,
                    sequence.codes.len()
                )));
            }
        }
        Ok(sequences)
    }

    /// What letters and gaps are worth.
    ///
    /// # Errors
    /// If the numbers make no sense, or could add up to more than a number holds.
    pub fn scoring(&self, sequences: &[Sequence; 2]) -> Result<Scoring> {
        let (equal, unequal) = (self.equal, self.unequal);
        let (pairs, open, extend) = match self.alphabet {
            Alphabet::Dna => (Pairs::Same { equal, unequal }, 5, 2),
            Alphabet::Protein => (Pairs::Blosum62, 11, 1),
        };
        let scoring = Scoring::new(
            pairs,
            self.gap_open.unwrap_or(open),
            self.gap_extend.unwrap_or(extend),
        )?;
        let shorter = sequences.iter().map(|s| s.codes.len()).min().unwrap_or(0);
        if shorter as i64 * i64::from(scoring.most()) > 1 << 30 {
            return Err(Error::msg(format!(
                "{shorter} letters that score {} each could make more than {}, the most that is counted; ask for a smaller --match",
                scoring.most(),
                1 << 30
            )));
        }
        Ok(scoring)
    }

    /// The matrix and its tiles.
    ///
    /// # Errors
    /// If there is no memory for the borders of all tiles.
    pub fn cut(&self, sequences: &[Sequence; 2]) -> Result<Cut> {
        let [rows, columns] = [0, 1].map(|i| sequences[i].codes.len());
        let cut = Cut::new(rows, columns, self.tile as usize);
        check_memory(
            cut.border_bytes(),
            &format!(
                "a matrix of {rows} x {columns} in tiles of {tile} x {tile}",
                tile = cut.tile
            ),
            "a larger --tile",
        )?;
        Ok(cut)
    }
}
