//! Requests to a control engine: one runs the routine at a time, and no request is left behind.

use super::Thing;
use crate::control::Control;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::model::{explore, spawn};

struct World {
    control: Control,
    /// What the routine alone uses.
    mind: Thing,
    /// What askers wrote before they asked.
    asked: [AtomicU32; 2],
    answered: [AtomicU32; 2],
    /// The same, for one who asks when nobody else does.
    alone: Thing,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            control: Control::new(),
            mind: Thing::new(),
            asked: Default::default(),
            answered: Default::default(),
            alone: Thing::new(),
        })
    }

    fn answer(&self) -> bool {
        self.control.answer(|| {
            self.mind.add(1);
            for (asked, answered) in self.asked.iter().zip(&self.answered) {
                answered.fetch_max(asked.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        })
    }

    fn ask(&self, me: usize) {
        self.asked[me].store(1, Ordering::Relaxed);
        self.control.ask();
    }
}

/// Two threads ask, and each answers if nobody does: as the control engine's thread and an engine that stands in.
#[test]
fn a_request_made_while_the_routine_runs_is_answered() {
    explore(|| {
        let world = World::new();
        let other = {
            let world = world.clone();
            spawn(move || {
                world.ask(1);
                world.answer();
            })
        };
        world.ask(0);
        world.answer();
        other.join().unwrap();
        let answered = world.answered.each_ref().map(|a| a.load(Ordering::Relaxed));
        assert_eq!(answered, [1, 1]);
    });
}

/// The routine sees what led to the request, though the thread that runs it was not woken for it.
#[test]
fn the_routine_sees_what_led_to_the_request() {
    explore(|| {
        let world = World::new();
        let asker = {
            let world = world.clone();
            spawn(move || {
                world.alone.add(1);
                world.control.ask();
            })
        };
        if world.control.requested.load(Ordering::Relaxed) {
            world.control.answer(|| assert_eq!(world.alone.get(), 1));
        }
        asker.join().unwrap();
    });
}
