//! Standing still: who finds that nothing moves is alone until it has looked.

use super::{Table, Thing};
use crate::idle::{Idle, Parker};
use crate::lone::Lone;
use crate::queue::Inbox;
use crate::shared::{still, wait_for_inspection};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::model::{explore, spawn};
use crate::sync::{Arc, Mutex, lock};

/// Two domains of one engine each.
struct World {
    idles: [Idle; 2],
    beds: [Parker; 2],
    queue: Inbox,
    /// The first engine's.
    lone: Lone,
    /// Bodies of hosts that sit in no seat.
    outside: AtomicUsize,
    links: Table,
    /// What codelets work on, and the inspector looks at.
    program: Thing,
    inspected: AtomicBool,
    inspector: Mutex<()>,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            idles: [Idle::new(1), Idle::new(1)],
            beds: [Parker::new(), Parker::new()],
            queue: Inbox::new(),
            lone: Lone::new(),
            outside: AtomicUsize::new(0),
            links: Table::new(),
            program: Thing::new(),
            inspected: AtomicBool::new(false),
            inspector: Mutex::new(()),
        })
    }

    /// What the program looked like when it stood still.
    fn inspect(&self) -> Option<u32> {
        let _inspector = lock(&self.inspector);
        self.inspected.store(true, Ordering::Relaxed);
        let quiet = || self.queue.is_empty() && self.lone.is_empty();
        let seen = still(self.idles.iter(), &self.outside, quiet).then(|| self.program.get());
        self.inspected.store(false, Ordering::Release);
        seen
    }

    fn run(&self) {
        self.program.add(1);
    }
}

/// The second engine is awake: it posts a codelet for the first, which sleeps, and goes to sleep itself.
#[test]
fn an_engine_that_is_woken_meanwhile_is_noticed() {
    explore(|| {
        let world = World::new();
        world.idles[0].announce(0, false);
        let sleeper = {
            let world = world.clone();
            spawn(move || {
                world.beds[0].adopt();
                world.beds[0].wait();
                assert_ne!(world.queue.take(&world.links), 0);
                world.run();
                world.idles[0].announce(0, true);
            })
        };
        let awake = {
            let world = world.clone();
            spawn(move || {
                world.queue.push(1, &world.links);
                if world.idles[0].notify_seat(0) {
                    world.beds[0].wake();
                }
                world.idles[1].announce(0, false);
            })
        };
        assert_ne!(world.inspect(), Some(0), "there was a codelet to run");
        sleeper.join().unwrap();
        awake.join().unwrap();
    });
}

/// An engine takes its announcement back, since it has seen a codelet, and takes that from the queue.
#[test]
fn an_engine_that_does_not_sleep_after_all_is_noticed() {
    explore(|| {
        let world = World::new();
        world.idles[1].announce(0, false);
        world.queue.push(1, &world.links);
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.idles[0].begin_search();
                assert!(!world.idles[0].lie_down(0, || !world.queue.is_empty()));
                assert_ne!(world.queue.take(&world.links), 0);
                world.run();
                world.idles[0].announce(0, true);
            })
        };
        assert_ne!(world.inspect(), Some(0), "there was a codelet to run");
        engine.join().unwrap();
    });
}

/// A host whose scope has ended leaves a lone codelet of another scope in its seat, and sees it when it looks back.
#[test]
fn what_a_host_leaves_behind_is_noticed() {
    explore(|| {
        let world = World::new();
        world.idles[1].announce(0, false);
        let host = {
            let world = world.clone();
            spawn(move || {
                assert!(world.lone.put(1));
                world.idles[0].announce(0, false);
                if world.idles[0].retract(0) {
                    world.idles[0].begin_search();
                    assert_eq!(world.lone.take(), Some(1));
                    world.run();
                    world.idles[0].announce(0, true);
                }
            })
        };
        assert_ne!(world.inspect(), Some(0), "there was a codelet to run");
        host.join().unwrap();
    });
}

/// A host for which no seat is free posts something to an engine that is about to sleep, and its body ends.
#[test]
fn what_a_host_outside_has_posted_is_noticed() {
    explore(|| {
        let world = World::new();
        world.idles[1].announce(0, false);
        world.outside.fetch_add(1, Ordering::SeqCst);
        let host = {
            let world = world.clone();
            spawn(move || {
                world.queue.push(1, &world.links);
                if world.idles[0].notify_seat(0) {
                    world.beds[0].wake();
                }
                world.outside.fetch_sub(1, Ordering::SeqCst);
            })
        };
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.beds[0].adopt();
                world.idles[0].begin_search();
                if world.idles[0].lie_down(0, || !world.queue.is_empty()) {
                    world.beds[0].wait();
                }
                assert_ne!(world.queue.take(&world.links), 0);
                world.run();
                world.idles[0].announce(0, true);
            })
        };
        assert_ne!(world.inspect(), Some(0), "there was a codelet to run");
        host.join().unwrap();
        engine.join().unwrap();
    });
}

/// A host sits down while all sleep, and spawns.
#[test]
fn a_host_that_enters_meanwhile_waits() {
    explore(|| {
        let world = World::new();
        (0..2).for_each(|domain| world.idles[domain].announce(0, false));
        let host = {
            let world = world.clone();
            spawn(move || {
                assert!(world.idles[0].claim(0));
                wait_for_inspection(&world.inspected, &world.inspector);
                world.run();
                world.idles[0].announce(0, false);
            })
        };
        world.inspect();
        host.join().unwrap();
    });
}

/// A host for which no seat is free spawns.
#[test]
fn a_host_outside_of_all_seats_waits_too() {
    explore(|| {
        let world = World::new();
        (0..2).for_each(|domain| world.idles[domain].announce(0, false));
        let host = {
            let world = world.clone();
            spawn(move || {
                world.outside.fetch_add(1, Ordering::SeqCst);
                wait_for_inspection(&world.inspected, &world.inspector);
                world.run();
                world.outside.fetch_sub(1, Ordering::SeqCst);
            })
        };
        world.inspect();
        host.join().unwrap();
    });
}
