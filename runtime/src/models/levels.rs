//! Levels: a codelet of the first level ever named wakes a sleeper, though queues of levels are looked at only when they
//! are used.

use super::{Table, Thing};
use crate::idle::{Idle, Parker};
use crate::levels::Levels;
use crate::queue::Inbox;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

/// One engine, and who spawns. An inbox stands for the queue of the high level, since the deque is not modelled.
struct World {
    levels: Levels,
    idle: Idle,
    bed: Parker,
    high: Inbox,
    links: Table,
    carried: Thing,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            levels: Levels::new(Box::default(), 0, 0),
            idle: Idle::new(1),
            bed: Parker::new(),
            high: Inbox::new(),
            links: Table::new(),
            carried: Thing::new(),
        })
    }

    fn has_work(&self) -> bool {
        self.levels.any(|| !self.high.is_empty())
    }

    /// As `Engine::search` does, until it has run the codelet.
    fn engine(&self) {
        self.bed.adopt();
        self.idle.begin_search();
        loop {
            if self.levels.used() && self.high.take(&self.links) != 0 {
                if self.idle.end_search() && self.has_work() {
                    panic!("there is no second one");
                }
                return self.carried.add(1);
            }
            if self.idle.lie_down(0, || self.has_work()) {
                self.bed.wait();
            }
        }
    }

    fn spawns(&self) {
        self.levels.begin();
        self.carried.add(1);
        // P1 to P3.
        self.high.push(1, &self.links);
        if self.idle.notify().is_some() {
            self.bed.wake();
        }
    }
}

#[test]
fn the_first_codelet_of_a_level_wakes_a_sleeper() {
    explore(|| {
        let world = World::new();
        let engine = {
            let world = world.clone();
            spawn(move || world.engine())
        };
        world.spawns();
        engine.join().unwrap();
        assert_eq!((world.idle.searching(), world.idle.asleep()), (0, 0));
        assert_eq!(world.carried.get(), 2);
    });
}

/// Who made it high is not who makes it ready: a third thread, which knows of the level only through what it was handed.
#[test]
fn who_makes_it_ready_need_not_have_named_the_level() {
    explore(|| {
        let world = World::new();
        let handed = Arc::new((Inbox::new(), Table::new()));
        let engine = {
            let world = world.clone();
            spawn(move || world.engine())
        };
        let other = {
            let (world, handed) = (world.clone(), handed.clone());
            spawn(move || {
                while handed.0.take(&handed.1) == 0 {
                    crate::sync::spin_hint();
                }
                world.carried.add(1);
                world.high.push(1, &world.links);
                if world.idle.notify().is_some() {
                    world.bed.wake();
                }
            })
        };
        world.levels.begin();
        handed.0.push(1, &handed.1);
        engine.join().unwrap();
        other.join().unwrap();
        assert_eq!((world.idle.searching(), world.idle.asleep()), (0, 0));
    });
}
