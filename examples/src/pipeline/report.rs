//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::chunks::Chunks;
use crate::frame::{Rows, bytes};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The chunks.
    pub chunks: Chunks,
    /// The level.
    pub level: u32,
    /// Slots for chunks, and bytes of all.
    pub slots: (usize, u64),
    /// Bytes that were written, and the time.
    pub written: (u64, Duration),
    /// Bytes that the plain loop compressed, and the time.
    pub plain: (u64, Duration),
    /// Bytes a second of one engine that compresses, before and after.
    pub one: Vec<f64>,
    /// Whether the result was decompressed and compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let (chunks, xes) = (&self.chunks, self.runtime.xes());
        let (written, time) = self.written;
        let rate = chunks.bytes as f64 / time.as_secs_f64();
        let plain = self.plain.0 as f64 / self.plain.1.as_secs_f64();
        let mut one = self.one.clone();
        one.sort_by(f64::total_cmp);
        let middle = one[one.len() / 2];
        let bound = middle * xes as f64;
        let mut rows = Rows::new();
        rows.row(
            "file",
            format!(
                "{}, {} chunk(s) of {}",
                bytes(chunks.bytes.into()),
                chunks.count(),
                bytes(chunks.chunk as u128)
            ),
        )
        .row(
            "result",
            format!(
                "{}, {:.1} % of it (gzip, level {})",
                bytes(written.into()),
                100.0 * written as f64 / chunks.bytes as f64,
                self.level
            ),
        )
        .row(
            "memory",
            format!("{} in {} slot(s)", bytes(self.slots.1.into()), self.slots.0),
        )
        .engines(self.runtime)
        .row("time", format!("{:.4} s", time.as_secs_f64()))
        .row("rate", format!("{:.1} MB/s read", rate / 1e6))
        .row(
            "one engine's chunk",
            format!(
                "{:.1} MB/s (in its cache; median of {}, {:.1} to {:.1})",
                middle / 1e6,
                one.len(),
                one[0] / 1e6,
                one[one.len() - 1] / 1e6
            ),
        )
        .row(
            "share of bound",
            format!(
                "{:.1} % of {xes} times that, {:.1} MB/s",
                100.0 * rate / bound,
                bound / 1e6
            ),
        )
        .row(
            "a plain loop",
            format!(
                "{:.1} MB/s (one thread; the first {})",
                plain / 1e6,
                bytes(self.plain.0.into())
            ),
        )
        .row("speed-up", format!("{:.2}", rate / plain));
        if self.verified {
            rows.row("verified", "decompressed, it is the file, byte for byte");
        }
        rows
    }
}
