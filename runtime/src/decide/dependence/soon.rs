//! The short way to enter for what is most common: a spawner that is ahead of its codelets finds others waiting.

use super::{AccessQueue, Entered, Mode, Place, Ticket};
use crate::mutants::mutant;

impl<T: Copy + Default + PartialEq, M> AccessQueue<T, M> {
    /// As [`AccessQueue::enter`], with short work of those who wait behind others where nothing is special.
    #[inline(always)]
    pub fn enter_soon(&mut self, who: T, mode: Mode) -> Entered {
        debug_assert!(!self.closed);
        let overtakes = mutant!("dependence_readers_overtake");
        if self.waiting.is_empty() || self.special.is_some() || overtakes {
            return self.enter_otherwise(who, mode);
        }
        let place = Place::Whole;
        self.waiting.push_back(Ticket { who, mode, place });
        Entered::Queued
    }

    #[inline(never)]
    fn enter_otherwise(&mut self, who: T, mode: Mode) -> Entered {
        self.enter(who, mode)
    }
}
