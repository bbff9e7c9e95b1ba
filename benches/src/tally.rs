//! Counting executions so cheaply that the count does not show in the figures.

use crossbeam_utils::CachePadded;
use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// More threads than this never count at the same time here.
const LANES: usize = 1024;
const NONE: usize = usize::MAX;

/// Lanes that belong to no thread: given back by threads that ended, and never given out so far (from `.1` on).
static FREE: Mutex<(Vec<usize>, usize)> = Mutex::new((Vec::new(), 0));

thread_local! {
    /// This thread's lane. Without a destructor, so that reading it is one load.
    static LANE: Cell<usize> = const { Cell::new(NONE) };
    /// Gives the lane back when the thread ends.
    static LEASE: RefCell<Option<Lease>> = const { RefCell::new(None) };
}

struct Lease(usize);

impl Drop for Lease {
    fn drop(&mut self) {
        FREE.lock().unwrap().0.push(self.0);
    }
}

#[cold]
fn take_lane() -> usize {
    let mut free = FREE.lock().unwrap();
    let lane = free.0.pop().unwrap_or_else(|| {
        free.1 += 1;
        free.1 - 1
    });
    assert!(lane < LANES, "more than {LANES} threads count at once");
    LEASE.with(|lease| *lease.borrow_mut() = Some(Lease(lane)));
    LANE.set(lane);
    lane
}

/// A sum that all threads add to, each in a cache line of its own: a plain load and store, since no two living threads
/// share a lane. An atomic addition to one shared counter would cost as much as the codelet that it counts.
#[derive(Debug)]
pub struct Tally {
    lanes: Box<[CachePadded<AtomicU64>]>,
}

impl Tally {
    /// Zero.
    #[expect(
        clippy::new_without_default,
        reason = "nobody asks for a default tally"
    )]
    pub fn new() -> Self {
        Tally {
            lanes: (0..LANES).map(|_| CachePadded::default()).collect(),
        }
    }

    /// Zero again.
    pub fn reset(&mut self) {
        for lane in &mut self.lanes {
            *lane.get_mut() = 0;
        }
    }

    /// Adds, wrapping around.
    #[inline]
    pub fn add(&self, amount: u64) {
        let mut lane = LANE.get();
        if lane == NONE {
            lane = take_lane();
        }
        let sum = &self.lanes[lane];
        sum.store(
            sum.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// The sum. Exact when the threads that added have been waited for.
    pub fn total(&self) -> u64 {
        let lanes = self.lanes.iter().map(|lane| lane.load(Ordering::Relaxed));
        lanes.fold(0, u64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn a_reset_forgets_all() {
        let mut tally = Tally::new();
        tally.add(3);
        tally.reset();
        assert_eq!(tally.total(), 0);
        tally.add(2);
        assert_eq!(tally.total(), 2);
    }

    #[test]
    fn threads_that_come_and_go_add_up() {
        let tally = Tally::new();
        for _ in 0..50 {
            std::thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| (0..100).for_each(|_| tally.add(1)));
                }
            });
        }
        assert_eq!(tally.total(), 50 * 4 * 100);
    }
}
