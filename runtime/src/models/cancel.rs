//! A cancelled scope's waiters are taken out of an event's list while it fires and others register: each is told once, and
//! those of other scopes wait on or hear what came.

use super::{Table, Thing};
use crate::event::{OneShot, Registered};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::model::{explore, spawn};

struct World {
    event: OneShot,
    links: Table,
    /// What the firer wrote before it fired.
    result: Thing,
    /// What each waiter wrote before it registered.
    waiters: [Thing; 4],
    /// How often each was told.
    told: [AtomicU32; 4],
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            event: OneShot::new(),
            links: Table::new(),
            result: Thing::new(),
            waiters: std::array::from_fn(|_| Thing::new()),
            told: std::array::from_fn(|_| AtomicU32::new(0)),
        })
    }

    fn tell(&self, node: u32) {
        assert_eq!(self.waiters[node as usize].get(), 1);
        self.told[node as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn register(&self, node: u32) {
        self.waiters[node as usize].add(1);
        match self.event.register(0, node, &self.links) {
            Registered::Waiting => (),
            Registered::Fired => {
                assert_eq!(self.result.get(), 1);
                self.tell(node);
            }
            other => panic!("{other:?}"),
        }
    }

    fn fire(&self) {
        self.result.add(1);
        let told = self.links.walk(self.event.fire(false));
        told.into_iter().for_each(|node| self.tell(node));
    }

    /// Takes out the odd ones.
    fn cut_out(&self) {
        let odd = |node: u32| {
            assert_eq!(self.waiters[node as usize].get(), 1);
            node % 2 == 1
        };
        self.event.cut_out(0, &self.links, odd, |node, registered| {
            if registered == Registered::Fired {
                assert_eq!(self.result.get(), 1);
            } else {
                assert_eq!((registered, node % 2), (Registered::Waiting, 1));
            }
            self.tell(node);
        });
    }

    fn told(&self) -> [u32; 3] {
        [1, 2, 3].map(|node| self.told[node].load(Ordering::Relaxed))
    }
}

#[test]
fn waiters_are_taken_out_while_it_fires() {
    explore(|| {
        let world = World::new();
        (1..4).for_each(|node| world.register(node));
        let sweeper = {
            let world = world.clone();
            spawn(move || world.cut_out())
        };
        world.fire();
        sweeper.join().unwrap();
        assert_eq!(world.told(), [1; 3]);
    });
}

#[test]
fn waiters_are_taken_out_while_others_register() {
    explore(|| {
        let world = World::new();
        world.register(1);
        let registrant = {
            let world = world.clone();
            spawn(move || {
                world.register(3);
                world.register(2);
            })
        };
        world.cut_out();
        registrant.join().unwrap();
        // The first is out; the third perhaps, if not it is in the list still, as is the second; a second sweep and the end find them.
        assert_eq!(world.told()[..2], [1, 0]);
        world.cut_out();
        assert_eq!(world.told(), [1, 0, 1]);
        world.fire();
        assert_eq!(world.told(), [1; 3]);
    });
}

#[test]
fn two_sweep_at_once() {
    explore(|| {
        let world = World::new();
        (1..4).for_each(|node| world.register(node));
        let other = {
            let world = world.clone();
            spawn(move || world.cut_out())
        };
        world.cut_out();
        other.join().unwrap();
        assert_eq!(world.told(), [1, 0, 1]);
        world.fire();
        assert_eq!(world.told(), [1; 3]);
    });
}
