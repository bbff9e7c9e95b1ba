//! What a thread remembers of things that lie under locks, so that it need not take the lock to look at them again. Model: `models.rs`.

use crate::mutants::mutant;
use crate::sync::{AtomicU32, Ordering};

/// How often any of the things changed or went.
pub(crate) struct Changes(AtomicU32);

impl Changes {
    #[cfg(not(sprat_loom))]
    pub(crate) const fn new() -> Self {
        Changes(AtomicU32::new(0))
    }

    /// The same: loom's atomics are made while a model runs.
    #[cfg(sprat_loom)]
    pub(crate) fn new() -> Self {
        Changes(AtomicU32::new(0))
    }

    /// One has changed. Under its lock.
    pub(crate) fn count(&self) {
        if !mutant!("memo_change_uncounted") {
            // Relaxed: whoever looks a thing up does it under the same lock.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were. Under a thing's lock it covers all changes of that thing.
    #[inline]
    pub(crate) fn now(&self) -> u32 {
        // Relaxed: whoever changes a thing that others use has told them, and by that of the count; or they do both at once, and may
        // see either.
        self.0.load(Ordering::Relaxed)
    }
}

/// A thing as it was when there had been so many changes.
#[derive(Clone, Copy)]
pub(crate) struct Seen<T> {
    /// Its name; 0 if none was seen.
    pub(crate) name: u64,
    /// How many changes there had been, read under its lock.
    pub(crate) changes: u32,
    /// What was seen.
    pub(crate) what: T,
}

impl<T> Seen<T> {
    /// Whether it is of this name, and still true.
    #[inline]
    pub(crate) fn is(&self, name: u64, changes: &Changes) -> bool {
        let same = self.name == name && name != 0;
        same && (self.changes == changes.now() || mutant!("memo_never_forgets"))
    }
}
