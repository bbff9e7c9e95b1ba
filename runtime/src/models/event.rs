//! The one-shot: who registers is told, or finds it fired; stale handles join no list.

use super::{Table, Thing};
use crate::event::{OneShot, Refs, Registered};
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

struct World {
    event: OneShot,
    links: Table,
    /// What the firer wrote before it fired.
    result: Thing,
    /// What each waiter wrote before it registered.
    waiters: [Thing; 3],
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            event: OneShot::new(),
            links: Table::new(),
            result: Thing::new(),
            waiters: std::array::from_fn(|_| Thing::new()),
        })
    }

    fn register(&self, generation: u32, node: u32) -> Registered {
        self.waiters[node as usize].add(1);
        let registered = self.event.register(generation, node, &self.links);
        if registered != Registered::Waiting {
            assert_eq!(self.result.get(), 1);
        }
        registered
    }

    /// The waiters in a list; each has been seen as it was when it registered.
    fn told(&self, head: u32) -> Vec<u32> {
        let told = self.links.walk(head);
        for &node in &told {
            assert_eq!(self.waiters[node as usize].get(), 1);
        }
        told
    }
}

#[test]
fn two_register_while_it_fires() {
    explore(|| {
        let world = World::new();
        let registrants = [1, 2].map(|node| {
            let world = world.clone();
            spawn(move || world.register(0, node) == Registered::Waiting)
        });
        world.result.add(1);
        let mut told = world.told(world.event.fire(false));
        let waited = registrants.map(|thread| thread.join().unwrap());
        told.sort();
        let expected: Vec<u32> = (1..3).filter(|&n| waited[n as usize - 1]).collect();
        assert_eq!(told, expected);
    });
}

#[test]
fn a_poisoned_one_says_so() {
    explore(|| {
        let world = World::new();
        let registrant = {
            let world = world.clone();
            spawn(move || world.register(0, 1))
        };
        world.result.add(1);
        let told = world.told(world.event.fire(true));
        match registrant.join().unwrap() {
            Registered::Waiting => assert_eq!(told, [1]),
            found => assert_eq!((found, told), (Registered::Poisoned, vec![])),
        }
    });
}

#[test]
fn a_stale_handle_joins_no_list() {
    explore(|| {
        let world = World::new();
        let late = {
            let world = world.clone();
            spawn(move || world.register(0, 1))
        };
        world.result.add(1);
        let (first, more) = world.event.fire_and_recycle();
        assert!(more);
        let first = world.told(first);
        // The next tenant of the record, with a waiter of its own.
        assert_eq!(world.event.generation(), 1);
        let own = world.event.register(1, 2, &world.links);
        assert_eq!(own, Registered::Waiting);
        let second = world.links.walk(world.event.fire(false));
        match late.join().unwrap() {
            Registered::Waiting => assert_eq!(first, [1]),
            found => assert_eq!((found, first), (Registered::Stale, vec![])),
        }
        assert_eq!(second, [2]);
    });
}

#[test]
fn who_finds_the_generation_over_sees_the_end() {
    explore(|| {
        let world = World::new();
        let late = {
            let world = world.clone();
            spawn(move || world.register(0, 1))
        };
        world.result.add(1);
        let told = world.told(world.event.fire(false));
        assert!(world.event.recycle());
        let waits = late.join().unwrap() == Registered::Waiting;
        assert_eq!(told.len(), usize::from(waits));
    });
}

/// A generation of which nobody has a handle ends without a step that looks for waiters: who has an older one never joins.
#[test]
fn a_generation_that_nobody_knows_ends_without_waiters() {
    explore(|| {
        let world = World::new();
        let late = [1, 2].map(|node| {
            let world = world.clone();
            spawn(move || world.register(0, node))
        });
        world.result.add(1);
        let (first, more) = world.event.fire_and_recycle();
        assert!(more);
        let mut told = world.told(first);
        assert!(world.event.recycle());
        let found = late.map(|late| late.join().unwrap());
        assert!(
            found
                .iter()
                .all(|found| matches!(found, Registered::Waiting | Registered::Stale))
        );
        told.sort();
        let waited = |&node: &u32| found[node as usize - 1] == Registered::Waiting;
        assert!(told.into_iter().eq((1..3).filter(waited)));
        assert_eq!((world.event.generation(), world.event.waiters()), (2, 0));
    });
}

/// The last to let go does so after all others have done with the thing; that it is the last, it may see or find out.
#[test]
fn the_last_reference_goes_after_the_others() {
    explore(|| {
        let shared = Arc::new((Refs::new(), Thing::new()));
        let let_go = |shared: &(Refs, Thing)| {
            assert_eq!(shared.1.get(), 0);
            if shared.0.let_go() {
                // Stands for the end of the thing: loom fails if somebody may still look at it.
                shared.1.add(1);
            }
        };
        shared.0.add();
        shared.0.add();
        let others = [(), ()].map(|()| {
            let shared = shared.clone();
            spawn(move || let_go(&shared))
        });
        let_go(&shared);
        for thread in others {
            thread.join().unwrap();
        }
        assert_eq!(shared.1.get(), 1);
    });
}
