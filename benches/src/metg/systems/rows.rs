//! Systems that run row after row, in a parallel region each.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::regions::{Info, Regions};
use std::ops::Range;
use std::time::Duration;

struct Rows {
    regions: Box<dyn Regions>,
    rows: Vec<Range<usize>>,
}

/// Starts a system that has parallel regions.
pub(super) fn start(setup: &Setup, info: &Info) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Rows {
        regions: (info.start)(&setup.cpus)?,
        rows: Vec::new(),
    }))
}

impl Runner for Rows {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        self.rows = (0..lattice.steps).map(|step| lattice.row(step)).collect();
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.regions.rows(&self.rows, &|task| case.run(task))
    }
}
