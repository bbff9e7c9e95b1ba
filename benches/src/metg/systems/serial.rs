//! No system: what one core does alone.

use super::{Runner, Setup};
use crate::Result;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::team::Team;
use std::time::Duration;

struct Serial(Team);

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Serial(Team::new(setup.cpus[..1].to_vec()))))
}

impl Runner for Serial {
    fn prepare(&mut self, _: &Lattice) -> Result<()> {
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        self.0
            .run(|_| case.lattice.all().for_each(|task| case.run(task)))
    }
}
