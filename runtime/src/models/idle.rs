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
        self.search(seat);
    }

    /// The same for one that counts as searching.
    fn search(&self, seat: usize) {
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

/// One seat is open, and sleeps; the engine of the other one searches when a producer counts on it.
#[test]
fn a_searcher_that_is_shut_hands_the_wake_up_on() {
    explore(|| {
        let world = World::new(2);
        world.idle.shut(|seat| seat == 1);
        world.idle.announce(0, false);
        world.idle.begin_search();
        let open = {
            let world = world.clone();
            spawn(move || {
                world.beds[0].adopt();
                world.beds[0].wait();
                world.search(0);
            })
        };
        let shut = {
            let world = world.clone();
            spawn(move || {
                let wake = |seat: usize| world.beds[seat].wake();
                let more = || world.has_work();
                assert!(world.idle.lie_down_shut(1, || false, more, wake));
            })
        };
        world.push(0, 1);
        world.notify();
        open.join().unwrap();
        shut.join().unwrap();
        assert_eq!((world.idle.searching(), world.idle.asleep()), (0, 1));
    });
}

/// A seat that sleeps is opened while a producer looks for a sleeper.
#[test]
fn a_seat_that_is_opened_meanwhile_sees_the_work() {
    explore(|| {
        let world = World::new(2);
        world.idle.shut(|seat| seat == 1);
        world.idle.announce(1, false);
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.beds[1].adopt();
                world.beds[1].wait();
                world.search(1);
            })
        };
        let opener = {
            let world = world.clone();
            spawn(move || {
                world.idle.shut(|_| false);
                if world.idle.notify_seat(1) {
                    world.beds[1].wake();
                }
            })
        };
        world.push(0, 1);
        world.notify();
        opener.join().unwrap();
        engine.join().unwrap();
        world.rests();
    });
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
