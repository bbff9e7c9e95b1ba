//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::board::{BITS, Board};
use super::rule::Rule;
use crate::frame::{Rows, bytes, median, spread};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The board.
    pub board: Board,
    /// The rule.
    pub rule: Rule,
    /// Steps done.
    pub steps: usize,
    /// Whether they were recorded and replayed.
    pub replayed: bool,
    /// What they took.
    pub time: Duration,
    /// What one engine took for a tile in its cache, before and after.
    pub tiles: Vec<Duration>,
    /// Steps by one engine alone.
    pub alone: Vec<Duration>,
    /// Living cells before and after.
    pub alive: [u64; 2],
    /// Whether the last board was compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let (board, xes) = (&self.board, self.runtime.xes());
        let rate = board.cells() * self.steps as f64 / self.time.as_secs_f64();
        let place = board.place(0);
        let tile_cells = (place.words * BITS * place.rows) as f64;
        let tile_rate = tile_cells / median(&self.tiles).as_secs_f64();
        let alone = board.cells() / median(&self.alone).as_secs_f64();
        let bound = tile_rate * xes as f64;
        let edge = match board.torus {
            true => "a torus",
            false => "dead outside",
        };
        let how = match self.replayed {
            true => "recorded, and replayed",
            false => "spawned anew each time",
        };
        let mut rows = Rows::new();
        rows.row("board", format!("{} cells, {edge}", board.sides()))
            .row("rule", self.rule.to_string())
            .row(
                "tiles",
                format!(
                    "{} x {}, each of {} x {} cells ({})",
                    board.across(),
                    board.down(),
                    board.tile_words * BITS,
                    board.tile_rows,
                    bytes(board.block_words() as u128 * 8)
                ),
            )
            .row("steps", format!("{}, {how}", self.steps))
            .row(
                "alive",
                format!("{}, then {}", self.alive[0], self.alive[1]),
            )
            .engines(self.runtime)
            .row("time", format!("{:.4} s", self.time.as_secs_f64()))
            .row("rate", format!("{:.2} Gcells/s", rate / 1e9))
            .row(
                "one engine's tile",
                format!(
                    "{:.2} Gcells/s (in its cache; median of {}, {})",
                    tile_rate / 1e9,
                    self.tiles.len(),
                    spread(&self.tiles, tile_cells / 1e9)
                ),
            )
            .row(
                "share of bound",
                format!(
                    "{:.1} % of {xes} times that, {:.2} Gcells/s",
                    100.0 * rate / bound,
                    bound / 1e9
                ),
            )
            .row(
                "one engine alone",
                format!(
                    "{:.2} Gcells/s (median of {} steps)",
                    alone / 1e9,
                    self.alone.len()
                ),
            )
            .row("speed-up", format!("{:.2}", rate / alone));
        if self.verified {
            rows.row("verified", "the last board is the plain loop's");
        }
        rows
    }
}
