//! Counters, and queues by hand.

use super::{Runner, Setup};
use crate::Result;
use crate::counters::Counters;
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
        self.counters = Some(Counters::new(&lattice.dag));
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
                case.run(task as usize);
                let post = |ready: u32| hand.push(ready.into());
                let next = counters.settle(&case.lattice.dag, task as u32, post);
                next.map(u64::from)
            },
        )
    }
}
