//! The place for an engine's lone codelet: the one that it made ready when it had nothing queued.
//!
//! Mostly the engine itself runs it as soon as the body ends. From here it takes it back by one exchange; through its
//! queue that would be a fence and an exchange. Others may take it, too.
//!
//! | state | who may change it |
//! |---|---|
//! | 0 | the occupant of the seat, who puts a codelet here |
//! | a codelet | anybody, who takes it: from then on it is theirs |
//!
//! Model: `models/lone.rs`.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::plain::AtomicBool;

/// See the module.
#[derive(Debug)]
pub(crate) struct Lone {
    id: AtomicU32,
    /// Sleepers are to be told of what is put here. A hint of those who look here, in the line that they look at.
    told: AtomicBool,
}

impl Lone {
    pub(crate) fn new() -> Self {
        Lone {
            id: AtomicU32::new(0),
            told: AtomicBool::new(false),
        }
    }

    /// Puts a codelet here; false if there is one. By the occupant of the seat.
    #[inline]
    pub(crate) fn put(&self, id: u32) -> bool {
        // Relaxed: only the occupant makes it anything but 0, and it sees its own stores.
        if self.id.load(Ordering::Relaxed) != 0 {
            return false;
        }
        // Release pairs with the Acquire in `take`: who takes the codelet sees it.
        let order = if mutant!("lone_put_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        if cfg!(sprat_loom) {
            // Loom does not know that a store which a swap has not seen comes after it (see docs/design/proofs.md).
            self.id.swap(id, order);
        } else {
            self.id.store(id, order);
        }
        true
    }

    /// Takes what is here, if anything.
    #[inline]
    pub(crate) fn take(&self) -> Option<u32> {
        if self.is_empty() {
            return None;
        }
        if mutant!("lone_take_blind") {
            let id = self.id.load(Ordering::Acquire);
            self.id.store(0, Ordering::Relaxed);
            return (id != 0).then_some(id);
        }
        // Acquire pairs with the Release in `put`.
        let order = if mutant!("lone_take_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let id = self.id.swap(0, order);
        (id != 0).then_some(id)
    }

    /// Whether sleepers are to be told of what is put here: the owner's codelets take so long that it is worth a wake-up.
    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        self.told.load(Ordering::Relaxed)
    }

    /// By who looked how long the owner's codelets take.
    #[inline]
    pub(crate) fn tell(&self, told: bool) {
        if self.is_told() != told {
            self.told.store(told, Ordering::Relaxed);
        }
    }

    /// Whether it looks empty now.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.id.load(Ordering::Relaxed) == 0
    }
}
