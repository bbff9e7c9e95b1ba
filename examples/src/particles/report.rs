//! What a run found out, as a table.

use std::time::Duration;

use sprat::Runtime;

use super::space::Space;
use super::world::{Sums, Way};
use crate::frame::{Rows, bytes, median, spread};

/// Everything that is told.
#[derive(Debug)]
pub struct Report<'a> {
    /// The runtime.
    pub runtime: &'a Runtime,
    /// The box.
    pub space: Space,
    /// How many particles.
    pub particles: usize,
    /// Bytes of a column's blocks.
    pub column_bytes: usize,
    /// Steps by one engine alone, the first ones, and what they took.
    pub alone: (usize, Duration),
    /// The other steps.
    pub steps: (usize, Duration),
    /// How these were made.
    pub way: Way,
    /// Particles of a column, and what their forces took, before and after the steps.
    pub forces: (usize, Vec<Duration>),
    /// What is conserved, before and after.
    pub sums: [Sums; 2],
    /// Whether places and velocities were compared.
    pub verified: bool,
}

impl Report<'_> {
    /// The table.
    pub fn rows(&self) -> Rows {
        let (count, xes) = (self.particles as f64, self.runtime.xes());
        let rate = |(steps, time): (usize, Duration)| count * steps as f64 / time.as_secs_f64();
        let (alone, all) = (rate(self.alone), rate(self.steps));
        let (few, times) = &self.forces;
        let forces = *few as f64 / median(times).as_secs_f64();
        let bound = forces * xes as f64;
        let energy = self.sums.map(|s| (s.kinetic + s.potential) / count);
        let temperature = self.sums.map(|s| 2.0 * s.kinetic / (3.0 * count));
        let momentum = self.sums[1]
            .momentum
            .iter()
            .fold(0f64, |most, p| most.max(p.abs()));
        let cells = self.space.cells;
        let mut rows = Rows::new();
        rows.row(
            "particles",
            format!("{} in a box of side {:.3}", self.particles, self.space.side),
        )
        .row(
            "cells",
            format!(
                "{cells} x {cells} columns of {cells}, {} a column",
                bytes(self.column_bytes as u128)
            ),
        )
        .row(
            "steps",
            format!(
                "{}, {}; {} before by one engine alone",
                self.steps.0,
                match self.way {
                    Way::Replayed => "recorded, and replayed",
                    Way::Dynamic | Way::Alone => "spawned anew each time",
                },
                self.alone.0
            ),
        )
        .row(
            "energy",
            format!(
                "{:.6} a particle, then {:.6}: a drift of {:.1e}",
                energy[0],
                energy[1],
                ((energy[1] - energy[0]) / energy[0]).abs()
            ),
        )
        .row(
            "temperature",
            format!("{:.4}, then {:.4}", temperature[0], temperature[1]),
        )
        .row(
            "momentum",
            format!(
                "{:.1e} a particle at most, and should be none",
                momentum / count
            ),
        )
        .engines(self.runtime)
        .row("time", format!("{:.4} s", self.steps.1.as_secs_f64()))
        .row("rate", format!("{:.3} million particle steps/s", all / 1e6))
        .row(
            "one engine's forces",
            format!(
                "{:.3} million/s (a column in its cache; median of {}, {})",
                forces / 1e6,
                times.len(),
                spread(times, *few as f64 / 1e6)
            ),
        )
        .row(
            "share of bound",
            format!(
                "{:.1} % of {xes} times that, {:.3} million/s",
                100.0 * all / bound,
                bound / 1e6
            ),
        )
        .row(
            "one engine alone",
            format!("{:.3} million particle steps/s", alone / 1e6),
        )
        .row("speed-up", format!("{:.2}", all / alone));
        if self.verified {
            rows.row(
                "verified",
                "all places and velocities are the plain loop's, bit for bit",
            );
        }
        rows
    }
}
