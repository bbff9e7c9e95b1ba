//! What was measured of one system on one pattern.

use super::pattern::Pattern;
use super::sweep::{Point, metg};
use super::systems::System;
use crate::kernels::median;

/// The sweeps of one system in one cell of the table.
pub struct Curve {
    /// The system.
    pub system: &'static System,
    /// The pattern.
    pub pattern: Pattern,
    /// So many workers.
    pub workers: usize,
    /// Tasks in a row.
    pub width: usize,
    /// Each sweep, from the longest task to the shortest.
    pub sweeps: Vec<Vec<Point>>,
    /// Millions of empty tasks a second, of each repetition.
    pub empty: Vec<f64>,
}

/// The least, the middle and the greatest.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of these, which must not be empty.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Spread {
            min: values[0],
            median: median(&values),
            max: values[values.len() - 1],
        }
    }
}

impl Curve {
    /// Who, where.
    pub fn name(&self) -> String {
        let (system, pattern) = (self.system.name, self.pattern.name());
        format!("{system} {pattern} {}@{}", self.width, self.workers)
    }

    /// METG in microseconds over the sweeps; `None` if one of them never reaches this efficiency.
    pub fn metg(&self, efficiency: f64) -> Option<Spread> {
        let sweeps = self.sweeps.iter();
        let found = sweeps.map(|sweep| metg(sweep.iter().copied(), efficiency));
        found.collect::<Option<Vec<f64>>>().map(Spread::of)
    }

    /// The curve in the middle of the sweeps: for each length the medians of those that measured it.
    pub fn middle(&self) -> Vec<(f64, f64)> {
        let mut lengths: Vec<u32> = self
            .sweeps
            .concat()
            .iter()
            .map(|point| point.iterations)
            .collect();
        lengths.sort_unstable();
        lengths.dedup();
        let middle = |&iterations: &u32| {
            let all = self.sweeps.concat();
            let these = all.iter().filter(|point| point.iterations == iterations);
            let task_us = Spread::of(these.clone().map(|point| point.task_us).collect());
            let efficiency = Spread::of(these.map(|point| point.efficiency).collect());
            (task_us.median, efficiency.median)
        };
        lengths.iter().map(middle).collect()
    }
}
