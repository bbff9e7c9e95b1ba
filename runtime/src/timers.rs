//! Events that fire when their time has come. Which ones is decided in [`crate::decide::timers`]; control engines fire
//! them ([`crate::time_keeper`]).

use crate::decide::timers as decide;
use crate::event::EventRef;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard, lock};
use std::time::{Duration, Instant};

/// Whether somebody may still learn of an event. Nobody can begin to once only the heap and the list for cancelled scopes
/// know it: a codelet that joins its waiters holds it.
fn is_wanted(event: &EventRef) -> bool {
    event.is_shared(2) || event.one_shot.waiters() != 0
}

/// See the module.
pub(crate) struct Timers {
    /// Time is counted from here, in nanoseconds.
    begin: Instant,
    /// The first deadline, or [`NONE`]. Written while the times are locked; who only looks may see an older one.
    next: AtomicU64,
    times: Mutex<Times>,
}

struct Times {
    heap: decide::Timers<EventRef>,
    /// When polled functions are to be asked; [`NONE`] if there are none.
    look: u64,
}

/// No deadline.
pub(crate) const NONE: u64 = u64::MAX;

impl Timers {
    pub(crate) fn new() -> Self {
        Timers {
            begin: Instant::now(),
            next: AtomicU64::new(NONE),
            times: Mutex::new(Times {
                heap: decide::Timers::default(),
                look: NONE,
            }),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }

    /// The first deadline, as far as the caller knows.
    #[inline]
    fn next(&self) -> Option<u64> {
        // Relaxed: who adds the first one wakes the control engine afterwards, by its bed, which orders this.
        Some(self.next.load(Ordering::Relaxed)).filter(|&next| next != NONE)
    }

    /// Whether one should have fired by now, `grace_ns` nanoseconds ago or more.
    #[inline]
    pub(crate) fn is_late(&self, grace_ns: u64) -> bool {
        self.next()
            .is_some_and(|next| next.saturating_add(grace_ns) <= self.now())
    }

    /// How long somebody may sleep who would sleep for `nap` (`None`: until woken) and is to be there `grace_ns`
    /// nanoseconds after the first deadline.
    #[inline]
    pub(crate) fn sleep(&self, nap: Option<Duration>, grace_ns: u64) -> Option<Duration> {
        let Some(next) = self.next() else {
            return nap;
        };
        let nap = nap.map(|nap| nap.as_nanos() as u64);
        let deadline = Some(next.saturating_add(grace_ns));
        decide::sleep_ns(nap, deadline, self.now()).map(Duration::from_nanos)
    }

    /// Adds an event for this time; true if it is the first one now, so that who sleeps until the first must hear of it.
    pub(crate) fn add(&self, time: Instant, event: EventRef) -> bool {
        let since = time.saturating_duration_since(self.begin).as_nanos();
        let deadline = u64::try_from(since).unwrap_or(NONE).min(NONE - 1);
        let mut times = lock(&self.times);
        let before = times.heap.next();
        times.heap.add(deadline, event, is_wanted);
        self.publish(&times);
        before.is_none_or(|before| deadline < before)
    }

    /// Polled functions are to be asked at this time.
    pub(crate) fn look_at(&self, time: u64) {
        let mut times = lock(&self.times);
        times.look = time;
        self.publish(&times);
    }

    fn publish(&self, times: &Times) {
        let next = times.heap.next().unwrap_or(NONE).min(times.look);
        self.next.store(next, Ordering::Relaxed);
    }

    /// The events whose time has come, the first first. Nobody else fires any while this lives.
    pub(crate) fn due(&self) -> Due<'_> {
        Due {
            times: lock(&self.times),
            timers: self,
            now: self.now(),
        }
    }
}

/// See [`Timers::due`].
pub(crate) struct Due<'a> {
    times: MutexGuard<'a, Times>,
    timers: &'a Timers,
    now: u64,
}

impl Iterator for Due<'_> {
    type Item = EventRef;

    fn next(&mut self) -> Option<EventRef> {
        self.times.heap.fire(self.now)
    }
}

impl Drop for Due<'_> {
    fn drop(&mut self) {
        self.timers.publish(&self.times);
    }
}
