//! The queues of the levels that are not normal, beside each queue that is: an engine's own, a domain's, a region's.
//!
//! Most programs name no level. So the usual queues are what they would be without levels, and these here are looked at
//! only when `used` says so. It is set before the first codelet of a level is published, hence before anything can be
//! found here, and never taken back. What the parking protocol needs holds for these queues as for the others: see
//! `docs/design/priorities.md`.

use crate::affinity::Priority;
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crossbeam_deque::{Injector, Stealer, Worker};
use std::collections::VecDeque;

/// One of something for each level that is not normal.
#[derive(Debug, Default)]
pub(crate) struct Tiers<Q> {
    pub(crate) high: Q,
    pub(crate) low: Q,
}

impl<Q> Tiers<Q> {
    pub(crate) fn of(&self, level: Priority) -> Option<&Q> {
        match level {
            Priority::High => Some(&self.high),
            Priority::Normal => None,
            Priority::Low => Some(&self.low),
        }
    }

    pub(crate) fn both(&self) -> [&Q; 2] {
        [&self.high, &self.low]
    }
}

/// What others may take from an engine.
pub(crate) type LevelStealers = Tiers<Stealer<u32>>;

/// An engine's own part. Only the occupant of its seat touches it.
#[derive(Default)]
pub(crate) struct LocalLevels {
    /// The engine's queues; `None` outside of all seats.
    pub(crate) queues: Option<Tiers<Worker<u32>>>,
    /// Taken from what was posted to this engine and no other.
    pub(crate) pinned: Tiers<VecDeque<u32>>,
    /// Codelets started from queues since levels are in use.
    pub(crate) turn: u32,
    /// What `Levels::raised` was when the queues were sorted last, and how many codelets had been started then.
    pub(crate) sorted: (u32, Option<u64>),
}

impl LocalLevels {
    pub(crate) fn new(seated: bool) -> Self {
        let queues = || Tiers {
            high: Worker::new_lifo(),
            low: Worker::new_lifo(),
        };
        LocalLevels {
            queues: seated.then(queues),
            ..Self::default()
        }
    }

    /// For others to take from.
    pub(crate) fn stealers(&self) -> LevelStealers {
        let queues = self.queues.as_ref().expect("a seat has queues");
        Tiers {
            high: queues.high.stealer(),
            low: queues.low.stealer(),
        }
    }

    /// Takes out what only this engine may run.
    pub(crate) fn take_pinned(&mut self) -> impl Iterator<Item = u32> + use<> {
        let pinned = std::mem::take(&mut self.pinned);
        pinned.high.into_iter().chain(pinned.low)
    }
}

/// See the module.
pub(crate) struct Levels {
    used: AtomicBool,
    /// How often codelets that may lie in a queue were given a higher level.
    pub(crate) raised: AtomicU32,
    pub(crate) seats: Box<[LevelStealers]>,
    pub(crate) domains: Box<[Tiers<Injector<u32>>]>,
    pub(crate) regions: Box<[Tiers<Injector<u32>>]>,
}

impl Levels {
    pub(crate) fn new(seats: Box<[LevelStealers]>, domains: usize, regions: usize) -> Self {
        let injectors = |count| (0..count).map(|_| Tiers::default()).collect();
        Levels {
            used: AtomicBool::new(false),
            raised: AtomicU32::new(0),
            seats,
            domains: injectors(domains),
            regions: injectors(regions),
        }
    }

    /// Whether there ever was a codelet of a level that is not normal.
    #[inline]
    pub(crate) fn used(&self) -> bool {
        // Relaxed: who can find something in these queues has synchronised with who put it there, or is told (P2, P3).
        self.used.load(Ordering::Relaxed)
    }

    /// The part of S3 (`docs/design/parking.md`) that is about these queues: what `look` finds in them, if they are used.
    #[inline]
    pub(crate) fn any(&self, look: impl FnOnce() -> bool) -> bool {
        self.used() && !mutant!("levels_not_looked_at") && look()
    }

    /// There will be such a codelet. Before it is published.
    #[inline]
    pub(crate) fn begin(&self) {
        if !self.used() {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Codelets were given a higher level: those that lie in an engine's queues are found when it sorts them.
    pub(crate) fn raise(&self) {
        // Release pairs with the Acquire in `sort`: who sees the count sees the levels.
        self.raised.fetch_add(1, Ordering::Release);
    }

    /// Whether all these queues are empty. Exact where `still` makes it so.
    pub(crate) fn are_empty(&self) -> bool {
        let injectors = self.domains.iter().chain(&*self.regions);
        self.seats
            .iter()
            .all(|seat| seat.high.is_empty() && seat.low.is_empty())
            && injectors.flat_map(Tiers::both).all(Injector::is_empty)
    }
}
