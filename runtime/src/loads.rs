//! What control engines tell of the memory regions: a table that engines read without asking. Hints, by which nothing is ordered.

use crate::decide::plan::Plan;
use crate::decide::scores::Load;
use crate::sync::atomic::{AtomicU64, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct Loads {
    /// Another number each time that something has changed.
    told: AtomicU64,
    /// Of each region how many codelets wait there, and how many engines work.
    regions: Box<[(AtomicU64, AtomicU64)]>,
}

impl Loads {
    /// Nothing waits, and all engines work.
    pub(crate) fn new(plan: &Plan) -> Self {
        let engines = |region: usize| plan.xes.iter().filter(|xe| xe.region == region).count();
        let region = |region| (AtomicU64::new(0), AtomicU64::new(engines(region) as u64));
        Loads {
            told: AtomicU64::new(0),
            regions: (0..plan.regions).map(region).collect(),
        }
    }

    /// Another number each time that something has changed.
    pub(crate) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Of one region.
    pub(crate) fn of(&self, region: u16) -> Load {
        let (waiting, engines) = &self.regions[usize::from(region)];
        Load {
            waiting: waiting.load(Ordering::Relaxed),
            engines: engines.load(Ordering::Relaxed),
        }
    }

    /// By a control engine, for all regions.
    pub(crate) fn tell(&self, loads: &[Load]) {
        let mut changed = false;
        // Mostly nothing has, and the lines stay with all that read them.
        let mut put = |word: &AtomicU64, new| {
            if word.load(Ordering::Relaxed) != new {
                word.store(new, Ordering::Relaxed);
                changed = true;
            }
        };
        for ((waiting, engines), load) in self.regions.iter().zip(loads) {
            put(waiting, load.waiting);
            put(engines, load.engines);
        }
        if changed {
            self.told.fetch_add(1, Ordering::Relaxed);
        }
    }
}
