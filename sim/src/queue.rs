//! The engines' queues as the runtime's borrowed ones behave (`crossbeam-deque`): facts about a data structure, not
//! decisions.

use crate::engine::Domain;
use crate::simulation::Simulation;
use sprat::decide::theft::HAUL;
use std::collections::VecDeque;

/// An engine's own queue: its owner pops the newest, thieves take the oldest.
#[derive(Default)]
pub(crate) struct Deque {
    codelets: VecDeque<u32>,
}

impl Deque {
    pub(crate) fn push(&mut self, id: u32) {
        self.codelets.push_back(id);
    }

    pub(crate) fn pop(&mut self) -> Option<u32> {
        self.codelets.pop_back()
    }

    pub(crate) fn steal(&mut self) -> Option<u32> {
        self.codelets.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.codelets.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.codelets.is_empty()
    }

    /// Takes so many, oldest first.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u32> {
        self.codelets.drain(..count).collect()
    }
}

impl Simulation<'_> {
    /// Puts a codelet in an engine's own queue, as its newest.
    pub(crate) fn push(&mut self, xe: usize, id: u32) {
        let engine = &mut self.engines[xe];
        engine.own.push(id);
        self.domains[engine.domain].queued += 1;
    }

    /// Takes the newest from an engine's own queue.
    pub(crate) fn pop(&mut self, xe: usize) -> Option<u32> {
        let engine = &mut self.engines[xe];
        let id = engine.own.pop()?;
        self.domains[engine.domain].queued -= 1;
        Some(id)
    }

    /// Takes the oldest from it.
    pub(crate) fn take_oldest(&mut self, xe: usize) -> Option<u32> {
        let engine = &mut self.engines[xe];
        let id = engine.own.steal()?;
        self.domains[engine.domain].queued -= 1;
        Some(id)
    }

    /// Takes so many from it, oldest first.
    pub(crate) fn take_some(&mut self, xe: usize, count: usize) -> Vec<u32> {
        let engine = &mut self.engines[xe];
        self.domains[engine.domain].queued -= count;
        engine.own.take(count)
    }

    /// Whether a domain's counts are what lies in its queues.
    pub(crate) fn counts_right(&self, domain: &Domain) -> bool {
        let engines = &self.engines[domain.xes.clone()];
        let queued: usize = engines.iter().map(|engine| engine.own.len()).sum();
        let posted: usize = engines.iter().map(|engine| engine.inbox.len()).sum();
        (queued, posted) == (domain.queued, domain.posted)
    }
}

/// Draws from a queue that everybody feeds: the oldest to run, and of up to half of it (at most a haul) the others for
/// the drawer's queue, which gives the newest first: reversed.
pub(crate) fn draw_half(from: &mut VecDeque<u32>) -> (Option<u32>, Vec<u32>) {
    let count = from.len().div_ceil(2).min(HAUL);
    let mut taken = from.drain(..count);
    let first = taken.next();
    (first, taken.rev().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expectations are what `crossbeam-deque` 0.8 does.
    #[test]
    fn thieves_take_the_oldest_and_owners_the_newest() {
        let mut queue = Deque::default();
        (1..=7).for_each(|id| queue.push(id));
        assert_eq!(queue.take(4), [1, 2, 3, 4]);
        assert_eq!(
            (queue.pop(), queue.steal(), queue.len()),
            (Some(7), Some(5), 1)
        );
        assert_eq!((queue.take(1), queue.pop()), (vec![6], None));
    }

    #[test]
    fn the_oldest_drawn_come_out_first() {
        let mut shared: VecDeque<u32> = (1..=8).collect();
        assert_eq!(draw_half(&mut shared), (Some(1), vec![4, 3, 2]));
        assert_eq!(shared, [5, 6, 7, 8]);
    }
}
