//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::square::{Sum, Task};
use crate::frame::{Rows, median};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// What was asked for.
    pub task: Task,
    /// The result.
    pub sum: &'a Sum,
    /// What each round took.
    pub rounds: Vec<Duration>,
    /// What plain recursion took, before each round.
    pub serial: Vec<Duration>,
    /// Calls of the function a second by one engine that looks at squares, before each round.
    pub calls: Vec<f64>,
    /// Whether the result was compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let (sum, xes) = (self.sum, self.runtime.xes());
        let (time, serial) = (median(&self.rounds), median(&self.serial));
        let rate = |time: Duration| sum.calls as f64 / time.as_secs_f64();
        let mut calls = self.calls.clone();
        calls.sort_by(f64::total_cmp);
        let one = calls[calls.len() / 2];
        let bound = one * xes as f64;
        let levels = || sum.leaves.iter().map(|leaf| leaf.level);
        let mut rows = Rows::new();
        rows.row("integral", format!("{:.15}", sum.integral));
        if let Some(exact) = self.task.function.integral() {
            rows.row("", format!("off by {:.1e}", (sum.integral - exact).abs()));
        }
        let enough = match sum.error <= self.task.tolerance {
            true => "",
            false => ": more than asked for; ask for a higher --deepest",
        };
        rows.row(
            "error",
            format!("about {:.1e}, as the rules see it{enough}", sum.error),
        )
        .row(
            "mesh",
            format!(
                "{} squares, cut {} to {} times",
                sum.leaves.len(),
                levels().min().unwrap_or(0),
                levels().max().unwrap_or(0)
            ),
        )
        .row("calls", format!("{} of the function", sum.calls))
        .engines(self.runtime)
        .row(
            "time",
            format!(
                "{:.4} s (median of {})",
                time.as_secs_f64(),
                self.rounds.len()
            ),
        )
        .row("rate", format!("{:.2} million calls/s", rate(time) / 1e6))
        .row(
            "one engine's looks",
            format!(
                "{:.2} million calls/s (median of {})",
                one / 1e6,
                calls.len()
            ),
        )
        .row(
            "share of bound",
            format!(
                "{:.1} % of {xes} times that, {:.2} million calls/s",
                100.0 * rate(time) / bound,
                bound / 1e6
            ),
        )
        .row(
            "plain recursion",
            format!(
                "{:.4} s, {:.2} million calls/s (one thread; median of {})",
                serial.as_secs_f64(),
                rate(serial) / 1e6,
                self.serial.len()
            ),
        )
        .row(
            "speed-up",
            format!("{:.2}", serial.as_secs_f64() / time.as_secs_f64()),
        );
        if self.verified {
            rows.row(
                "verified",
                "sum and mesh are those of plain recursion, bit for bit",
            );
        }
        rows
    }
}
