//! What a run found out, as a table.

use std::time::Duration;

use comfy_table::{Cell, ContentArrangement, Table, presets};
use sprat::Runtime;

use super::memory::bytes;
use super::tiling::Tiling;

/// Bytes that a cell costs: read once, written once. The line that a processor reads before it writes to it
/// (write-allocate) is not counted, neither here nor for the copy.
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
    /// Rounds of copying, before and between.
    pub copies: Vec<Duration>,
    /// Sweeps by one engine alone.
    pub serial: Vec<Duration>,
    /// Whether the result was compared with the reference.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn table(&self) -> Table {
        let tiling = &self.tiling;
        let cells = tiling.grid.cells() as f64;
        let rate = cells * self.sweeps as f64 / self.time.as_secs_f64();
        let of_median = |times: &[Duration]| cells / median(times).as_secs_f64();
        let (copy, serial) = (of_median(&self.copies), of_median(&self.serial));
        let block = tiling.block_cells() as u128 * size_of::<f64>() as u128;
        let sets = 2 * block * tiling.count() as u128;
        let plan = self.runtime.plan();
        let xes = self.runtime.xes();
        let mut rows: Vec<(&str, String)> = vec![
            (
                "grid",
                format!(
                    "{} cells of f64, {} in two sets of blocks",
                    tiling.grid,
                    bytes(sets)
                ),
            ),
            (
                "tiles",
                format!(
                    "{}, each of {} ({})",
                    tiling.tiles,
                    tiling.tile,
                    bytes(block)
                ),
            ),
            ("sweeps", self.sweeps.to_string()),
            ("execution engines", xes.to_string()),
            ("control engines", plan.mode.to_string()),
            ("", plan.reason.clone()),
            ("time", format!("{:.3} s", self.time.as_secs_f64())),
            ("cells", format!("{:.3} G/s", rate / 1e9)),
            (
                "memory",
                format!(
                    "{} (8 B read and 8 B written a cell; write-allocate not counted)",
                    gb(rate)
                ),
            ),
            (
                "copy",
                format!(
                    "{} (the same blocks, {xes} engine(s); median of {}, {})",
                    gb(copy),
                    self.copies.len(),
                    range(&self.copies, cells)
                ),
            ),
            ("share of copy", format!("{:.1} %", 100.0 * rate / copy)),
            (
                "one engine alone",
                format!(
                    "{:.3} Gcells/s (same kernel; median of {})",
                    serial / 1e9,
                    self.serial.len()
                ),
            ),
            ("speed-up", format!("{:.2}", rate / serial)),
        ];
        if self.verified {
            rows.push((
                "verified",
                "equal to the serial reference, bit for bit".to_owned(),
            ));
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        for (name, value) in rows {
            table.add_row([Cell::new(name), Cell::new(value)]);
        }
        table
    }
}

fn gb(cells_per_second: f64) -> String {
    format!("{:.2} GB/s", cells_per_second * CELL_BYTES / 1e9)
}

/// The slowest and the fastest of some rounds.
fn range(times: &[Duration], cells: f64) -> String {
    let rate =
        |time: Option<&Duration>| time.map_or(0.0, |t| cells * CELL_BYTES / 1e9 / t.as_secs_f64());
    format!(
        "{:.2} to {:.2}",
        rate(times.iter().max()),
        rate(times.iter().min())
    )
}

/// The one in the middle; an absurdly long time for none, so that no rate comes of it.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
}
