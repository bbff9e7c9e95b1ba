//! Deadlines: which is the next, which have passed, and how long who watches them may sleep. Times are nanoseconds since
//! the runtime's start.

use std::collections::BTreeMap;

/// No deadline.
pub const NEVER: u64 = u64::MAX;

/// The deadlines of open scopes, each with what is known of its scope.
#[derive(Clone, Debug)]
pub struct Deadlines<T> {
    /// Two scopes may have the same time: numbered in the order of their coming.
    open: BTreeMap<(u64, u64), T>,
    came: u64,
}

/// The name of a deadline that was added, to take it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadlineId(u64, u64);

impl<T> Default for Deadlines<T> {
    fn default() -> Self {
        Deadlines {
            open: BTreeMap::new(),
            came: 0,
        }
    }
}

impl<T> Deadlines<T> {
    /// A scope must have ended at this time.
    pub fn add(&mut self, at_ns: u64, scope: T) -> DeadlineId {
        self.came += 1;
        self.open.insert((at_ns, self.came), scope);
        DeadlineId(at_ns, self.came)
    }

    /// A scope has ended; nothing happens if its deadline has passed.
    pub fn remove(&mut self, id: DeadlineId) {
        self.open.remove(&(id.0, id.1));
    }

    /// The earliest, or [`NEVER`].
    pub fn earliest(&self) -> u64 {
        self.open.keys().next().map_or(NEVER, |&(at, _)| at)
    }

    /// Takes out those that have passed, earliest first.
    pub fn passed(&mut self, now_ns: u64) -> Vec<T> {
        let later = self.open.split_off(&(now_ns.saturating_add(1), 0));
        std::mem::replace(&mut self.open, later)
            .into_values()
            .collect()
    }
}

/// How long to sleep, of a nap of `nap_ns`, so as not to sleep through the earliest deadline.
pub fn nap_until(nap_ns: u64, now_ns: u64, earliest_ns: u64) -> u64 {
    nap_ns.min(earliest_ns.saturating_sub(now_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_each_once() {
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.earliest(), NEVER);
        deadlines.add(30, 'c');
        deadlines.add(10, 'a');
        deadlines.add(20, 'b');
        deadlines.add(20, 'B');
        assert_eq!(deadlines.earliest(), 10);
        assert_eq!(deadlines.passed(9), []);
        assert_eq!(deadlines.passed(20), ['a', 'b', 'B']);
        assert_eq!(deadlines.passed(29), []);
        assert_eq!(deadlines.earliest(), 30);
        assert_eq!(deadlines.passed(u64::MAX), ['c']);
    }

    #[test]
    fn a_scope_that_has_ended_has_no_deadline() {
        let mut deadlines = Deadlines::default();
        let first = deadlines.add(10, 1);
        let second = deadlines.add(10, 2);
        deadlines.remove(first);
        assert_eq!(deadlines.passed(10), [2]);
        deadlines.remove(second);
        assert_eq!(deadlines.earliest(), NEVER);
    }

    #[test]
    fn naps_end_at_the_deadline() {
        assert_eq!(nap_until(100, 50, NEVER), 100);
        assert_eq!(nap_until(100, 50, 70), 20);
        assert_eq!(nap_until(100, 50, 500), 100);
        assert_eq!(nap_until(100, 50, 40), 0);
    }
}
