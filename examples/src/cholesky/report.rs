//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::steps::Tiles;
use crate::frame::{Rows, bytes, median};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The tiles.
    pub tiles: Tiles,
    /// What each round took.
    pub rounds: Vec<Duration>,
    /// What the plain loop took.
    pub serial: Duration,
    /// Flops a second of one engine that multiplies tiles, before and after each round.
    pub gemm: Vec<f64>,
    /// The norm of A - L Lᵀ, as a share of A's.
    pub residual: f64,
    /// Whether the result was compared with the plain loop's.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let tiles = &self.tiles;
        let xes = self.runtime.xes();
        let time = median(&self.rounds);
        let rate = tiles.flops() / time.as_secs_f64();
        let mut gemm = self.gemm.clone();
        gemm.sort_by(f64::total_cmp);
        let middle = gemm[gemm.len() / 2];
        let (slowest, fastest) = (gemm[0] / 1e9, gemm[gemm.len() - 1] / 1e9);
        let bound = middle * xes as f64;
        let tile = (tiles.tile * tiles.tile * size_of::<f64>()) as u128;
        let ends = (self.rounds.iter().min(), self.rounds.iter().max());
        let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
        let mut rows = Rows::new();
        rows.row("matrix", format!("{n} x {n} of f64", n = tiles.size))
            .row(
                "tiles",
                format!(
                    "{}, each of {n} x {n} ({})",
                    tiles.count(),
                    bytes(tile),
                    n = tiles.tile
                ),
            )
            .row("codelets", tiles.step_count().to_string())
            .engines(self.runtime)
            .row(
                "time",
                format!(
                    "{:.4} s (median of {}, {:.4} to {:.4})",
                    time.as_secs_f64(),
                    self.rounds.len(),
                    seconds(ends.0),
                    seconds(ends.1)
                ),
            )
            .row("rate", format!("{:.2} GF/s", rate / 1e9))
            .row(
                "one engine's dgemm",
                format!(
                    "{:.2} GF/s on such a tile (median of {}, {slowest:.2} to {fastest:.2})",
                    middle / 1e9,
                    gemm.len()
                ),
            )
            .row(
                "share of bound",
                format!(
                    "{:.1} % of {xes} times that, {:.2} GF/s",
                    100.0 * rate / bound,
                    bound / 1e9
                ),
            )
            .row(
                "a plain loop",
                format!(
                    "{:.4} s, {:.2} GF/s (one thread, the same kernels)",
                    self.serial.as_secs_f64(),
                    tiles.flops() / self.serial.as_secs_f64() / 1e9
                ),
            )
            .row(
                "speed-up",
                format!("{:.2}", self.serial.as_secs_f64() / time.as_secs_f64()),
            )
            .row(
                "residual",
                format!("{:.2e} (|A - L Lᵀ| / |A|, Frobenius)", self.residual),
            );
        if self.verified {
            rows.row("verified", "equal to the plain loop's result, bit for bit");
        }
        rows
    }
}
