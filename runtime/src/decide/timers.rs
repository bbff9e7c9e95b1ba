//! Timers: a heap of deadlines. Time is a number of nanoseconds since some beginning; who calls knows the clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What shall fire at which time. `T` names what fires.
#[derive(Debug)]
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Timer<T>>>,
    /// Timers made so far: those of one deadline fire in the order in which they were made.
    made: u64,
    /// How many there may be before those that nobody waits for are looked for.
    sweep_at: usize,
}

#[derive(Debug)]
struct Timer<T> {
    deadline: u64,
    number: u64,
    what: T,
}

impl<T> Timer<T> {
    fn key(&self) -> (u64, u64) {
        (self.deadline, self.number)
    }
}

impl<T> PartialEq for Timer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl<T> Eq for Timer<T> {}
impl<T> PartialOrd for Timer<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Timer<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The least number of timers at which a sweep is worth while.
const FEW: usize = 64;

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Timers {
            heap: BinaryHeap::new(),
            made: 0,
            sweep_at: FEW,
        }
    }
}

impl<T> Timers<T> {
    /// Adds one. Those that `wanted` says no to are dropped, looked for when their number has doubled since the last
    /// time: so the timers that nobody waits for are never more than the others, or a few.
    pub fn add(&mut self, deadline: u64, what: T, wanted: impl FnMut(&T) -> bool) {
        if self.heap.len() >= self.sweep_at {
            let mut wanted = wanted;
            self.heap.retain(|timer| wanted(&timer.0.what));
            self.sweep_at = (self.heap.len() * 2).max(FEW);
        }
        let number = self.made;
        self.made += 1;
        self.heap.push(Reverse(Timer {
            deadline,
            number,
            what,
        }));
    }

    /// The first deadline.
    pub fn next(&self) -> Option<u64> {
        self.heap.peek().map(|timer| timer.0.deadline)
    }

    /// Takes out one whose deadline has come, the first first.
    pub fn fire(&mut self, now: u64) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|timer| timer.0.what)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

/// How long, in nanoseconds, somebody may sleep who would sleep for `nap` (`None`: until woken), if he is to be there
/// at `deadline`. Never longer than an hour, which a clock can be trusted for.
pub fn sleep_ns(nap: Option<u64>, deadline: Option<u64>, now: u64) -> Option<u64> {
    const HOUR: u64 = 3_600_000_000_000;
    let until = deadline.map(|deadline| deadline.saturating_sub(now).min(HOUR));
    match (nap, until) {
        (Some(nap), Some(until)) => Some(nap.min(until)),
        (nap, until) => nap.or(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_fire_by_deadline_then_by_age_and_never_early() {
        let mut timers = Timers::default();
        for (deadline, name) in [(30, 'c'), (10, 'a'), (30, 'd'), (20, 'b')] {
            timers.add(deadline, name, |_| true);
        }
        assert_eq!(timers.next(), Some(10));
        assert_eq!(timers.fire(9), None);
        assert_eq!(timers.fire(10), Some('a'));
        assert_eq!(timers.fire(19), None);
        let rest: String = std::iter::from_fn(|| timers.fire(u64::MAX)).collect();
        assert_eq!((rest.as_str(), timers.next()), ("bcd", None));
    }

    #[test]
    fn timers_that_nobody_wants_do_not_pile_up() {
        let mut timers = Timers::default();
        for number in 0..10_000 {
            timers.add(number, number, |n| n % 100 == 0);
            let wanted = number as usize / 100 + 1;
            assert!(
                timers.len() <= FEW.max(2 * wanted) + FEW,
                "{}",
                timers.len()
            );
        }
        let fired: Vec<u64> = std::iter::from_fn(|| timers.fire(9_900)).collect();
        let wanted = fired.iter().filter(|&n| n % 100 == 0).count();
        assert_eq!(wanted, 100);
    }

    #[test]
    fn a_sleep_ends_at_the_first_of_nap_and_deadline() {
        assert_eq!(sleep_ns(None, None, 5), None);
        assert_eq!(sleep_ns(Some(7), None, 5), Some(7));
        assert_eq!(sleep_ns(Some(7), Some(6), 5), Some(1));
        assert_eq!(sleep_ns(Some(7), Some(60), 5), Some(7));
        assert_eq!(sleep_ns(None, Some(60), 5), Some(55));
        assert_eq!(sleep_ns(None, Some(3), 5), Some(0));
        assert_eq!(sleep_ns(None, Some(u64::MAX), 0), Some(3_600_000_000_000));
    }
}
