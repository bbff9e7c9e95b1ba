//! Systems that run tasks of any kind: each task of the pattern is one.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::tasks::{Info, Tasks};
use std::time::Duration;

struct Made(Box<dyn Tasks>);

/// Starts one.
pub(super) fn start(setup: &Setup, info: &Info) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Made((info.start)(&setup.cpus)?)))
}

impl Runner for Made {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        self.0.prepare(&lattice.dag)
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.0.run(&|task| case.run(task))
    }
}
