//! The end of a host's scope: the host sees all that was done, sleeps through nothing, and may leave at once.

use super::Thing;
use crate::idle::{Idle, Parker};
use crate::root::Root;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

struct World {
    root: Root,
    result: Thing,
    idle: Idle,
    /// The bed of the seat that the host sits in.
    bed: Parker,
}

// SAFETY: shared by the address in the root's record, as in the runtime; loom checks its cell.
unsafe impl Sync for World {}
// SAFETY: as above.
unsafe impl Send for World {}

impl World {
    fn new(seat: Option<u16>) -> Arc<Self> {
        Arc::new(World {
            root: Root::new(seat),
            result: Thing::new(),
            idle: Idle::new(1),
            bed: Parker::new(),
        })
    }

    /// The last codelet ends, as in `Root::end`.
    fn end(&self) {
        self.result.add(1);
        // SAFETY: the root is there, and this is the only call.
        let place = unsafe { Root::tell(&raw const self.root) };
        match place.seat {
            Some(_) if self.idle.notify_seat(0) => self.bed.wake(),
            Some(_) => (),
            None => place.bed.wake(),
        }
    }

    /// The host leaves: its stack frame goes.
    fn leave(&self) {
        assert_eq!(self.result.get(), 1);
        self.root.vanish();
    }
}

#[test]
fn a_host_outside_of_all_seats() {
    explore(|| {
        let world = World::new(None);
        world.root.bed().adopt();
        let ender = {
            let world = world.clone();
            spawn(move || world.end())
        };
        while !world.root.has_ended() {
            world.root.bed().wait();
        }
        world.leave();
        ender.join().unwrap();
    });
}

#[test]
fn a_host_in_a_seat() {
    explore(|| {
        let world = World::new(Some(0));
        world.bed.adopt();
        let ender = {
            let world = world.clone();
            spawn(move || world.end())
        };
        let ended = || world.root.has_ended();
        while !ended() {
            world.idle.begin_search();
            if world.idle.lie_down(0, ended) {
                world.bed.wait();
            }
            world.idle.end_search();
        }
        world.leave();
        ender.join().unwrap();
        // The end may have found the seat asleep for nobody: who searches then is who sits there next.
        assert_eq!(world.idle.asleep(), 0);
    });
}
