//! What will happen, in the order of virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events by time; of those at one time, the one that was entered first. So a simulation is deterministic.
pub(crate) struct Calendar<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    entered: u64,
}

struct Entry<E> {
    at_ns: u64,
    number: u64,
    event: E,
}

impl<E> Entry<E> {
    fn key(&self) -> (u64, u64) {
        (self.at_ns, self.number)
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<E> Calendar<E> {
    pub(crate) fn new() -> Self {
        Calendar {
            heap: BinaryHeap::new(),
            entered: 0,
        }
    }

    /// Enters an event.
    pub(crate) fn enter(&mut self, at_ns: u64, event: E) {
        let number = self.entered;
        self.entered += 1;
        self.heap.push(Reverse(Entry {
            at_ns,
            number,
            event,
        }));
    }

    /// The next event and its time.
    pub(crate) fn next(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse(e)| (e.at_ns, e.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_then_by_entrance() {
        let mut calendar = Calendar::new();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (1, 'b')] {
            calendar.enter(at, event);
        }
        let order: String = std::iter::from_fn(|| calendar.next())
            .map(|e| e.1)
            .collect();
        assert_eq!(order, "abcd");
    }
}
