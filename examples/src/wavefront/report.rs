//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::alignment::{Alignment, Counts};
use super::cut::Cut;
use super::fasta::Sequence;
use crate::frame::{Rows, bytes, median, spread};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The tiles.
    pub cut: Cut,
    /// The sequences.
    pub sequences: &'a [Sequence; 2],
    /// What each round took.
    pub rounds: Vec<Duration>,
    /// What one engine alone took for all tiles.
    pub alone: Duration,
    /// What one engine took for a tile in its cache, before and after each round.
    pub tiles: Vec<Duration>,
    /// The alignment, unless no two letters match.
    pub alignment: Option<(&'a Alignment, Counts)>,
    /// What going back took, and how many tiles it crossed.
    pub trace: (Duration, usize),
    /// Whether the best cell was compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let (cut, xes) = (&self.cut, self.runtime.xes());
        let time = median(&self.rounds);
        let rate = cut.cells() / time.as_secs_f64();
        let tile_cells = (cut.height(0) * cut.width(0)) as f64;
        let tile_rate = tile_cells / median(&self.tiles).as_secs_f64();
        let bound = tile_rate * xes as f64;
        let alone = self.alone.as_secs_f64();
        let mut rows = Rows::new();
        for sequence in self.sequences {
            let others = match sequence.others {
                0 => String::new(),
                n => format!(" (the file has {n} more, which are not looked at)"),
            };
            rows.row(
                "sequence",
                format!(
                    "{}, {} letters{others}",
                    sequence.name,
                    sequence.codes.len()
                ),
            );
        }
        rows.row(
            "tiles",
            format!(
                "{} x {}, each of {n} x {n}; {} of borders",
                cut.down(),
                cut.across(),
                bytes(cut.border_bytes()),
                n = cut.tile
            ),
        );
        match &self.alignment {
            None => {
                rows.row("alignment", "none: no two letters match");
            }
            Some((alignment, counts)) => {
                let [from, to] = [0, 1].map(|i| (alignment.begin[i] + 1, alignment.end[i]));
                let columns = alignment.columns.len();
                rows.row("score", alignment.score.to_string());
                rows.row(
                    "alignment",
                    format!(
                        "letters {} to {} beside {} to {}",
                        from.0, from.1, to.0, to.1
                    ),
                );
                rows.row(
                    "",
                    format!(
                        "{columns} columns, {:.1} % the same, {} gap(s)",
                        100.0 * counts.equal as f64 / columns as f64,
                        counts.gaps
                    ),
                );
                rows.row(
                    "found in",
                    format!(
                        "{:.3} s, by {} tile(s) once more",
                        self.trace.0.as_secs_f64(),
                        self.trace.1
                    ),
                );
            }
        }
        rows.engines(self.runtime);
        rows.row(
            "time",
            format!(
                "{:.4} s (median of {})",
                time.as_secs_f64(),
                self.rounds.len()
            ),
        );
        rows.row(
            "rate",
            format!(
                "{:.3} GCUPS, cells a second ({})",
                rate / 1e9,
                spread(&self.rounds, cut.cells() / 1e9)
            ),
        );
        rows.row(
            "one engine's tile",
            format!(
                "{:.3} GCUPS (in its cache; median of {}, {})",
                tile_rate / 1e9,
                self.tiles.len(),
                spread(&self.tiles, tile_cells / 1e9)
            ),
        );
        rows.row(
            "share of bound",
            format!(
                "{:.1} % of {xes} times that, {:.3} GCUPS",
                100.0 * rate / bound,
                bound / 1e9
            ),
        );
        rows.row(
            "one engine alone",
            format!("{:.3} GCUPS, {alone:.4} s", cut.cells() / alone / 1e9),
        );
        rows.row("speed-up", format!("{:.2}", alone / time.as_secs_f64()));
        if self.verified {
            rows.row("verified", "the best cell is the plain loop's");
        }
        rows
    }
}
