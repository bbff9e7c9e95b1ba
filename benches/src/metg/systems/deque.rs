//! Counters, and queues by hand.

use super::counters::Counters;
use super::{Runner, Setup};
use crate::Result;
use crate::deque::Deque;
use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use std::time::Duration;

struct ByHand {
    deque: Deque,
    counters: Option<Counters>,
}

pub(super) fn start(setup: &Setup) -> Result<Box<dyn Runner>> {
    Ok(Box::new(ByHand {
        deque: Deque::new(setup.cpus.clone()),
        counters: None,
    }))
}

impl Runner for ByHand {
    fn prepare(&mut self, lattice: &Lattice) -> Result<()> {
        self.counters = Some(Counters::new(lattice));
        Ok(())
    }

    fn run(&mut self, case: &Case) -> Result<Duration> {
        let counters = self.counters.as_ref().expect("prepared before it is run");
        self.deque.run(
            case.lattice.tasks(),
            |hand| {
                let sources = counters.sources.iter();
                sources.for_each(|&task| hand.push(task.into()));
            },
            |hand, task| {
                let next = counters.settle(case, task as u32, |ready| hand.push(ready.into()));
                next.map(u64::from)
            },
        )
    }
}
