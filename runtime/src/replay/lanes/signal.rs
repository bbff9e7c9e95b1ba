//! A signal of a lane: how far the lane is, at least. See `decide/graph/signals.rs` for which there are.

use crate::decide::graph::reached;
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// See the module.
pub(super) struct Signal {
    pub(super) reached: AtomicU64,
    /// Somebody sleeps until the lane has reached this, or more.
    wanted_from: AtomicU64,
}

/// What a cache line holds; memory of blocks comes in whole ones.
pub(super) const LINE: usize = 64;

/// How many bytes of data leave room for a signal in their line. Those of the models are larger than a line.
pub(super) const ROOM: usize = LINE.saturating_sub(size_of::<Signal>());

/// Nobody sleeps.
const NOBODY: u64 = u64::MAX;

/// Whether a signal finds room in the line of so many bytes.
pub(crate) fn has_room(bytes: usize) -> bool {
    bytes <= ROOM
}

impl Signal {
    /// Of a lane before the first step of this round.
    pub(super) fn before(round: u32) -> Self {
        Signal {
            reached: AtomicU64::new(reached(round, 0)),
            wanted_from: AtomicU64::new(NOBODY),
        }
    }

    /// Sets it before this round. The caller has the graph alone.
    pub(super) fn begin(&self, round: u32) {
        self.reached.store(reached(round, 0), Ordering::Relaxed);
        self.wanted_from.store(NOBODY, Ordering::Relaxed);
    }

    /// Half of R3: the lane has reached this. `passed` is called if somebody sleeps until then.
    #[inline]
    pub(super) fn publish(&self, reached: u64, passed: impl Fn()) {
        // Release pairs with the Acquire in `look`.
        let order = if mutant!("replay_publish_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.reached.store(reached, order);
        if reached >= self.wanted_from.load(Ordering::Relaxed) {
            self.wanted_from.store(NOBODY, Ordering::Relaxed);
            passed();
        }
    }

    /// W1: see [`Lanes::watch`](super::Lanes::watch).
    pub(super) fn watch(&self, needed: u64) -> bool {
        self.wanted_from.fetch_min(needed, Ordering::Relaxed);
        // The one who publishes has no fence, so this one makes a missed wake-up rare, and the sleeper's time limit makes it
        // harmless.
        fence(Ordering::SeqCst);
        self.reached.load(Ordering::Relaxed) < needed
    }
}
