//! Parking: no wake-up is lost, and nobody counts as searching who does not search.

use super::{Table, Thing};
use crate::idle::{Idle, Parker};
use crate::queue::Inbox;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::model::{explore, explore_within, spawn};
use crate::sync::{Arc, spin_hint};

struct World {
    idle: Idle,
    beds: [Parker; 2],
    /// Queues from which every engine takes.
    queues: [Inbox; 2],
    links: Table,
    carried: [Thing; 3],
}

impl World {
    fn new(seats: usize) -> Arc<Self> {
        Arc::new(World {
            idle: Idle::new(seats),
            beds: [Parker::new(), Parker::new()],
            queues: [Inbox::new(), Inbox::new()],
            links: Table::new(),
            carried: std::array::from_fn(|_| Thing::new()),
        })
    }

    fn has_work(&self) -> bool {
        self.queues.iter().any(|queue| !queue.is_empty())
    }

    fn take(&self) -> u32 {
        let taken = self.queues.iter().map(|queue| queue.take(&self.links));
        taken.into_iter().find(|&id| id != 0).unwrap_or(0)
    }

    /// P1: makes work visible.
    fn push(&self, queue: usize, id: u32) {
        self.carried[id as usize].add(1);
        self.queues[queue].push(id, &self.links);
    }

    /// P2, P3.
    fn notify(&self) {
        if let Some(seat) = self.idle.notify() {
            self.beds[seat].wake();
        }
    }

    /// Searches and parks until it has run one codelet, as `Engine::search` does.
    fn engine(&self, seat: usize) {
        self.beds[seat].adopt();
        self.idle.begin_search();
        loop {
            let id = self.take();
            if id != 0 {
                if self.idle.end_search() && self.has_work() {
                    self.notify();
                }
                self.carried[id as usize].add(1);
                return;
            }
            if self.idle.lie_down(seat, || self.has_work()) {
                self.beds[seat].wait();
            }
        }
    }

    fn rests(&self) {
        assert_eq!(self.idle.searching(), 0, "nobody searches");
        assert_eq!(self.idle.asleep(), 0, "nobody sleeps");
    }
}

#[test]
fn a_producer_wakes_the_sleeper() {
    explore(|| {
        let world = World::new(1);
        let engine = {
            let world = world.clone();
            spawn(move || world.engine(0))
        };
        world.push(0, 1);
        world.notify();
        engine.join().unwrap();
        world.rests();
    });
}

#[test]
fn a_poster_wakes_its_seat() {
    explore(|| {
        let world = World::new(1);
        let engine = {
            let world = world.clone();
            spawn(move || world.engine(0))
        };
        world.push(0, 1);
        if world.idle.notify_seat(0) {
            world.beds[0].wake();
        }
        engine.join().unwrap();
        world.rests();
    });
}

/// Each engine runs one codelet and goes home, so both must be woken, though the producer may count on one of them who
/// searches while it produces the second.
#[test]
fn two_codelets_wake_two_sleepers() {
    explore_within(2, || {
        let world = World::new(2);
        let engines = [0, 1].map(|seat| {
            let world = world.clone();
            spawn(move || world.engine(seat))
        });
        for queue in 0..2 {
            world.push(queue, queue as u32 + 1);
            world.notify();
        }
        for thread in engines {
            thread.join().unwrap();
        }
        world.rests();
    });
}

/// A waker's `unpark` may come late, when its sleeper is up again and sleeps for another reason.
#[test]
fn a_bed_ends_one_sleep_for_each_wake_up() {
    explore(|| {
        let world = Arc::new((Parker::new(), Thing::new(), AtomicBool::new(false)));
        let sleeper = {
            let world = world.clone();
            spawn(move || {
                let (bed, seen, again) = &*world;
                bed.adopt();
                bed.wait();
                assert_eq!(seen.get(), 1);
                again.store(true, Ordering::Release);
                bed.wait();
                assert_eq!(seen.get(), 2);
            })
        };
        let second = {
            let world = world.clone();
            spawn(move || {
                let (bed, seen, again) = &*world;
                while !again.load(Ordering::Acquire) {
                    spin_hint();
                }
                seen.add(1);
                bed.wake();
            })
        };
        world.1.add(1);
        world.0.wake();
        sleeper.join().unwrap();
        second.join().unwrap();
    });
}
