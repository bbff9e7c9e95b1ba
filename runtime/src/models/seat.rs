//! Seats: hosts and the seat's own thread follow each other, and never two of them use the seat's state.

use super::Table;
use crate::idle::Idle;
use crate::seat::Seat;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::model::{explore, spawn};
use crate::sync::thread::JoinHandle;
use crossbeam_deque::Worker;

struct World {
    idle: Idle,
    seat: Seat<u32>,
    links: Table,
    /// What a host in the seat waits for.
    ended: AtomicBool,
}

impl World {
    fn new() -> Arc<Self> {
        let world = World {
            idle: Idle::new(1),
            seat: Seat::new(0, Worker::new_lifo().stealer(), (0, 0, 0), 0),
            links: Table::new(),
            ended: AtomicBool::new(false),
        };
        // Seats are born asleep.
        world.idle.announce(0, false);
        Arc::new(world)
    }

    /// The occupant does something.
    fn use_state(&self) {
        // SAFETY: whether the caller is the occupant is what loom checks.
        let state = unsafe { self.seat.state() };
        // SAFETY: as above.
        unsafe { *state += 1 };
    }

    fn has_work(&self) -> bool {
        !self.seat.inbox.is_empty()
    }

    /// Work is posted to the seat.
    fn post(&self, id: u32) {
        self.seat.inbox.push(id, &self.links);
        self.wake();
    }

    fn wake(&self) {
        if self.idle.notify_seat(0) {
            self.seat.occupancy.wake();
        }
    }

    /// The seat's own thread: sleeps from the start, and runs what is posted until it has run codelet 1.
    fn own_thread(&self) {
        let bed = self.seat.occupancy.bed(false);
        bed.adopt();
        bed.wait();
        loop {
            self.use_state();
            if self.seat.inbox.take(&self.links) != 0 {
                self.idle.end_search();
                return;
            }
            if self.idle.lie_down(0, || self.has_work()) {
                bed.wait();
            }
        }
    }

    /// A host enters a scope without codelets, if the seat is free.
    fn host(&self) {
        if self.seat.occupancy.sit_down(&self.idle, 0) {
            self.use_state();
            (self.seat.occupancy).stand_up(&self.idle, 0, || self.has_work());
        }
    }

    /// The scope of the host that sits in the seat ends: as `Root::end` by `Shared::notify_host`.
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        if self.seat.occupancy.has_host() {
            self.wake();
        }
    }
}

/// A host whose scope ends elsewhere: it may sleep in the seat meanwhile. Gives the thread that ends the scope, if it got the seat.
fn waiting_host(world: &Arc<World>) -> Option<JoinHandle<()>> {
    // Acquire in the real scope's end; here nothing but the end itself is handed over.
    let ended = || world.ended.load(Ordering::Acquire);
    let occupancy = &world.seat.occupancy;
    if !occupancy.sit_down(&world.idle, 0) {
        return None;
    }
    let ender = {
        let world = world.clone();
        spawn(move || world.end())
    };
    while !ended() {
        world.use_state();
        world.idle.begin_search();
        if world.idle.lie_down(0, ended) {
            occupancy.bed(true).wait();
        }
        world.idle.end_search();
    }
    world.use_state();
    occupancy.stand_up(&world.idle, 0, || world.has_work());
    Some(ender)
}

/// Runs such a host, and waits until all of it has ended. From another thread: loom cannot join in one that may be unparked late.
fn let_wait(host: JoinHandle<Option<JoinHandle<()>>>) {
    if let Some(ender) = host.join().unwrap() {
        ender.join().unwrap();
    }
}

#[test]
fn work_posted_to_a_seat_where_a_host_comes_and_goes_is_run() {
    explore(|| {
        let world = World::new();
        let own = {
            let world = world.clone();
            spawn(move || world.own_thread())
        };
        let host = {
            let world = world.clone();
            spawn(move || world.host())
        };
        world.post(1);
        own.join().unwrap();
        host.join().unwrap();
        assert_eq!(world.idle.searching(), 0);
    });
}

#[test]
fn two_hosts_do_not_sit_in_one_seat() {
    explore(|| {
        let world = World::new();
        let other = {
            let world = world.clone();
            spawn(move || waiting_host(&world))
        };
        let host = {
            let world = world.clone();
            spawn(move || world.host())
        };
        let_wait(other);
        host.join().unwrap();
    });
}

/// A host in the seat sleeps when its scope ends, or does not sleep any more; it is not left asleep.
#[test]
fn a_host_that_sleeps_in_a_seat_is_woken_at_the_end() {
    explore(|| {
        let world = World::new();
        let_wait(spawn(move || waiting_host(&world)));
    });
}
