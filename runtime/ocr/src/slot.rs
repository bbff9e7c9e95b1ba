//! A slot of an EDT: what came on it, and its state. Model: `models.rs`.
//!
//! | word | written by | read by |
//! |---|---|---|
//! | the state | the EDT's creator, before its name is known; who connects it or fills it unconnected, by compare-and-swap; then its event alone, which fills it once | the same |
//! | the GUID | who filled it, before its arrival | who fills the last slot, after all arrivals, and the EDT |
//!
//! That its event alone fills a connected slot, and once, is because one dependence is added to a slot (the compare-and-swap), it makes
//! one waiter, in one event, and each kind of event tells a waiter once: when it is satisfied, or at once if it was.

use crate::code::{Answer, EPERM};
use crate::guid::Guid;
use crate::mutants::mutant;
use crate::sync::{AtomicU64, Ordering};

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub(crate) guid: &'a AtomicU64,
    pub(crate) state: &'a AtomicU64,
}

/// How many words it takes.
pub(crate) const WORDS: usize = 2;

/// Nothing is connected to it.
pub(crate) const FREE: u64 = 0;
/// An event will fill it.
const CONNECTED: u64 = 1;
/// It is filled.
const FILLED: u64 = 2;
const STATE: u64 = 3;
/// Where the mode begins.
const MODE: u32 = 8;
/// Where the place among what is lent begins; one more than that.
const LENT: u32 = 32;

/// What a slot that is not filled waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// That somebody adds a dependence.
    Dependence,
    /// Its event.
    Event,
}

impl Slot<'_> {
    /// Changes a slot to which nothing was connected.
    #[inline]
    fn take(self, to: u64) -> Answer {
        // Relaxed: nothing is handed on.
        match (self.state).compare_exchange(FREE, to, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => Err(EPERM),
        }
    }

    /// For the mutants: as [`Slot::take`], in two steps.
    fn take_slowly(self, to: u64) -> Answer {
        if self.state.load(Ordering::Relaxed) != FREE {
            return Err(EPERM);
        }
        self.state.store(to, Ordering::Relaxed);
        Ok(())
    }

    /// The state of a new EDT's slot which an event will fill, in this mode.
    #[inline]
    pub(crate) fn connected(mode: u32) -> u64 {
        CONNECTED | u64::from(mode) << MODE
    }

    /// An event will fill the slot, in this mode.
    #[inline]
    pub(crate) fn connect(self, mode: u32) -> Answer {
        let to = Self::connected(mode);
        match mutant!("slot_connected_in_two_steps") {
            true => self.take_slowly(to),
            false => self.take(to),
        }
    }

    /// The event that was to fill the slot will not be: it was none.
    pub(crate) fn disconnect(self) {
        // Relaxed: nothing is handed on; nobody else changes a slot that is connected.
        self.state.store(FREE, Ordering::Relaxed);
    }

    /// Fills the slot with what came: by its event, or with a mode if nothing was connected. Follow with an arrival.
    #[inline]
    pub(crate) fn fill(self, what: Guid, mode: Option<u32>) -> Answer {
        // Relaxed: the arrival hands on.
        match mode {
            Some(mode) => {
                let to = FILLED | u64::from(mode) << MODE;
                match mutant!("slot_filled_in_two_steps") {
                    true => self.take_slowly(to)?,
                    false => self.take(to)?,
                }
            }
            None => {
                let now = self.state.load(Ordering::Relaxed);
                if now & STATE != CONNECTED {
                    return Err(EPERM);
                }
                // Nobody else does: see the module.
                self.state.store(now & !STATE | FILLED, Ordering::Relaxed);
            }
        }
        self.guid.store(what.0, Ordering::Relaxed);
        Ok(())
    }

    /// What came on a slot that is filled, and the mode. By who filled the last, or the EDT.
    #[inline]
    pub(crate) fn filled(self) -> (Guid, u32) {
        let state = self.state.load(Ordering::Relaxed);
        let guid = Guid(self.guid.load(Ordering::Relaxed));
        (guid, (state >> MODE) as u32 & 0xff)
    }

    /// Notes which of what is lent is this slot's.
    #[inline]
    pub(crate) fn set_lent(self, place: usize) {
        let now = self.state.load(Ordering::Relaxed);
        (self.state).store(now | (place as u64 + 1) << LENT, Ordering::Relaxed);
    }

    /// Which of what is lent is this slot's, if any.
    #[inline]
    pub(crate) fn lent(self) -> Option<usize> {
        let state = self.state.load(Ordering::Relaxed);
        ((state >> LENT) as usize).checked_sub(1)
    }

    /// What was lent for this slot was given back.
    pub(crate) fn forget_lent(self) {
        let now = self.state.load(Ordering::Relaxed);
        (self.state).store(now & ((1 << LENT) - 1), Ordering::Relaxed);
    }

    /// What it waits for, unless it is filled.
    pub(crate) fn waits_for(self) -> Option<WaitsFor> {
        match self.state.load(Ordering::Relaxed) & STATE {
            FREE => Some(WaitsFor::Dependence),
            CONNECTED => Some(WaitsFor::Event),
            _ => None,
        }
    }
}
