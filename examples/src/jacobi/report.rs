//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::sweeps::Way;
use super::tiling::Tiling;
use crate::frame::{CopyTimes, Rows, bytes, median, spread};

/// Bytes that a cell costs in a plain sweep: read once, written once, by a streaming store. The line that a processor reads
/// before a plain store to it (write-allocate) is not counted, neither here nor for the copy.
const CELL_BYTES: f64 = 2.0 * size_of::<f64>() as f64;

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The grid.
    pub tiling: Tiling,
    /// Sweeps done.
    pub sweeps: usize,
    /// What they took.
    pub time: Duration,
    /// How they were done.
    pub way: Way,
    /// Rounds of copying, before and between.
    pub copies: CopyTimes,
    /// Sweeps by one engine alone.
    pub serial: Vec<Duration>,
    /// Whether the result was compared with the reference.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let tiling = &self.tiling;
        let cells = tiling.grid.cells() as f64;
        let rate = cells * self.sweeps as f64 / self.time.as_secs_f64();
        let of_median = |times: &[Duration]| cells / median(times).as_secs_f64();
        let (copies, stores) = self.copies.best();
        let (copy, serial) = (of_median(copies), of_median(&self.serial));
        let block = tiling.block_cells() as u128 * size_of::<f64>() as u128;
        let sets = bytes(2 * block * tiling.count() as u128);
        let (tiles, tile, block) = (tiling.tiles, tiling.tile, bytes(block));
        let mut rows = Rows::new();
        rows.row(
            "grid",
            format!("{} cells of f64, {sets} in two sets of blocks", tiling.grid),
        );
        rows.row("tiles", format!("{tiles}, each of {tile} ({block})"));
        let recorded = match self.way.dynamic {
            true => "spawned anew each time",
            false => "recorded, and replayed",
        };
        let sweeps = self.sweeps;
        rows.row(
            "sweeps",
            match self.way.time_tile {
                None => format!("{sweeps}, {recorded}"),
                Some(turn) => format!("{sweeps}, {turn} of a tile in turn, {recorded}"),
            },
        );
        rows.engines(self.runtime);
        rows.row("time", format!("{:.3} s", self.time.as_secs_f64()));
        rows.row("cells", format!("{:.3} G/s", rate / 1e9));
        if self.way.time_tile.is_none() {
            rows.row(
                "memory",
                format!("{} (8 B read and 8 B written a cell)", gb(rate)),
            );
        }
        rows.row(
            "copy",
            format!(
                "{} (the same blocks, {} engine(s), {stores}; median of {}, {})",
                gb(copy),
                self.runtime.xes(),
                copies.len(),
                spread(copies, cells * CELL_BYTES / 1e9)
            ),
        );
        match self.way.time_tile {
            None => rows.row("share of copy", format!("{:.1} %", 100.0 * rate / copy)),
            Some(_) => rows.row(
                "beside copying",
                format!(
                    "{:.2} sweeps in the time of a copy, which bounds plain sweeps to 1",
                    rate / copy
                ),
            ),
        };
        rows.row(
            "one engine alone",
            format!(
                "{:.3} Gcells/s (plain sweeps; median of {})",
                serial / 1e9,
                self.serial.len()
            ),
        );
        rows.row("speed-up", format!("{:.2}", rate / serial));
        if self.verified {
            rows.row("verified", "equal to the serial reference, bit for bit");
        }
        rows
    }
}

fn gb(cells_per_second: f64) -> String {
    format!("{:.2} GB/s", cells_per_second * CELL_BYTES / 1e9)
}
