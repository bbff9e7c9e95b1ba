//! Whether anything may lie in the rings: who empties them sleeps for good when nothing does, and who opens a scope after that asks it.
//! Model: `models/trace.rs`.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// See the module.
pub(crate) struct Settled(AtomicBool);

impl Settled {
    pub(crate) fn new() -> Self {
        Settled(AtomicBool::new(true))
    }

    /// A scope was opened: whether it must be told to who empties rings.
    pub(crate) fn opens(&self) -> bool {
        // AcqRel pairs with the swap in `settles`: if that comes later it sees the scope.
        let order = match mutant!("trace_opens_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::AcqRel,
        };
        self.0.swap(false, order)
    }

    /// Before rings are emptied: whether no scope of so many is `open`, so that nothing comes behind what is emptied now. Who opens one after
    /// that is told by [`opens`](Settled::opens).
    pub(crate) fn settles(&self, open: &AtomicUsize) -> bool {
        // Acquire pairs with the `fetch_sub`s of `host.rs`: what a scope that has ended noted, its host's last events among it, lies in the
        // rings before they are emptied for good.
        let order = match mutant!("trace_open_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::Acquire,
        };
        let is_open = || open.load(order) > 0;
        if is_open() {
            self.unsettle();
            return false;
        }
        // AcqRel pairs with the swap in `opens`: of the two swaps one is first.
        let order = match mutant!("trace_settles_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::AcqRel,
        };
        self.0.swap(true, order);
        if !mutant!("trace_settles_blindly") && is_open() {
            self.unsettle();
            return false;
        }
        true
    }

    /// Rings were not emptied after all.
    pub(crate) fn unsettle(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether nothing lies there, and who opens a scope will tell.
    pub(crate) fn is_settled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
