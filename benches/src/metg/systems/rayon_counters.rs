//! Counters, and a spawn for each task that became ready beside the one that is run next.

use super::{Runner, Setup};
use crate::Result;
use crate::counters::Counters;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use crate::regions;
use rayon::{Scope, ThreadPool};
use std::time::{Duration, Instant};

struct Spawns {
    pool: ThreadPool,
    counters: Option<Counters>,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(Spawns {
        pool: regions::pool(&setup.cpus)?,
        counters: None,
    }))
}

impl Runner for Spawns {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        self.counters = Some(Counters::new(&lattice.dag));
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        let counters = self.counters.as_ref().expect("prepared before it is run");
        // On a thread of the pool, so that the time to wake it up does not count.
        Ok(self.pool.install(|| {
            let begin = Instant::now();
            rayon::scope(|s| {
                for &task in &counters.sources {
                    s.spawn(move |s| run(s, counters, case, task));
                }
            });
            begin.elapsed()
        }))
    }
}

fn run<'s>(s: &Scope<'s>, counters: &'s Counters, case: &'s Case, mut task: u32) {
    let post = |ready| s.spawn(move |s| run(s, counters, case, ready));
    loop {
        case.run(task as usize);
        match counters.settle(&case.lattice.dag, task, post) {
            Some(next) => task = next,
            None => break,
        }
    }
}
