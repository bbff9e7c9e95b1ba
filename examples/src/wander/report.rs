//! What a run found out, as a table.

use std::time::Duration;

use sprat::{Error, Policy, Result, Runtime};

use super::course::Course;
use crate::frame::{Rows, bytes};

/// What went where.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Bytes that codelets touched in their own region.
    pub local: u64,
    /// Bytes that they touched in another one.
    pub remote: u64,
    /// Bytes of blocks that moved, and of copies.
    pub moved: u64,
}

impl Traffic {
    /// So far.
    ///
    /// # Errors
    /// If the runtime keeps no account.
    pub fn of(runtime: &Runtime) -> Result<Self> {
        let (report, counts) = (runtime.memory_report()?, runtime.move_counts());
        Ok(Traffic {
            local: report.local_bytes,
            remote: report.remote_bytes,
            moved: counts.moved_bytes + counts.copied_bytes,
        })
    }

    /// Since then.
    pub fn since(self, before: Traffic) -> Self {
        Traffic {
            local: self.local - before.local,
            remote: self.remote - before.remote,
            moved: self.moved - before.moved,
        }
    }
}

/// Compares the cells, bit for bit.
///
/// # Errors
/// Names the first cell that differs.
pub fn verify(got: &[f64], expected: &[f64]) -> Result<()> {
    let mut pairs = got.iter().zip(expected);
    let wrong = pairs.position(|(got, expected)| got.to_bits() != expected.to_bits());
    match wrong {
        None if got.len() == expected.len() => Ok(()),
        wrong => Err(Error::msg(format!(
            "of {} cells the {}th is wrong. This is a fault of the program or the runtime: please report it with the command line",
            got.len(),
            wrong.unwrap_or(got.len())
        ))),
    }
}

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The plate, and the spot's course.
    pub course: Course,
    /// What the runtime aimed at.
    pub policy: Policy,
    /// Of the steps.
    pub traffic: Traffic,
    /// What the steps took.
    pub time: Duration,
    /// The sum of all cells.
    pub sum: f64,
    /// Whether all cells were compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let Course {
            tiles,
            cells,
            steps,
            turns,
        } = self.course;
        let Traffic {
            local,
            remote,
            moved,
        } = self.traffic;
        let share = 100.0 * remote as f64 / (local + remote).max(1) as f64;
        let regions = self.runtime.topology().regions.len();
        let mut rows = Rows::new();
        rows.row(
            "plate",
            format!(
                "{tiles} x {tiles} tiles of {}",
                bytes((cells * cells * 8) as u128)
            ),
        )
        .row("steps", format!("{steps}, {turns} time(s) around"))
        .row("policy", self.policy.to_string())
        .row("memory regions", regions.to_string())
        .engines(self.runtime)
        .row("local", bytes(local.into()))
        .row(
            "remote",
            format!("{}, {share:.1} % of all", bytes(remote.into())),
        )
        .row("moved", bytes(moved.into()))
        .row("time", format!("{:.4} s", self.time.as_secs_f64()))
        .row("sum", format!("{:.9}", self.sum));
        if self.verified {
            rows.row("verified", "all cells are the plain loop's, bit for bit");
        }
        rows
    }
}
