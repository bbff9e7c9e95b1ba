//! Timers: a control engine that goes to sleep while a first deadline is added does not miss it.

use crate::event::EventRef;
use crate::id::RuntimeId;
use crate::shared::Control;
use crate::sync::atomic::Ordering;
use crate::sync::model::{explore_within, spawn};
use crate::sync::{Arc, spin_hint};
use crate::time_keeper::tell;
use crate::timers::Timers;
use std::time::{Duration, Instant};

struct World {
    control: Control,
    timers: Timers,
}

#[test]
fn a_deadline_is_seen_before_the_sleep_though_another_answers() {
    explore_within(2, || {
        let world = Arc::new(World {
            control: Control::new(),
            timers: Timers::new(),
        });
        // Somebody has asked for something else.
        world.control.ask();
        // It sleeps for ever only if nobody wakes it.
        let control_engine = {
            let world = world.clone();
            spawn(move || {
                world.control.bed.adopt();
                while !world.timers.is_pending() {
                    if world.control.requested.load(Ordering::Relaxed) {
                        if !world.control.answer(|| ()) {
                            spin_hint();
                        }
                    } else {
                        world.control.bed.wait();
                    }
                }
            })
        };
        // Stands in for it.
        let other = {
            let world = world.clone();
            spawn(move || world.control.answer(|| ()))
        };
        let event = EventRef::new(RuntimeId(1), "timer", true);
        let time = Instant::now() + Duration::from_secs(1000);
        assert!(world.timers.add(time, event));
        tell(&world.control);
        other.join().unwrap();
        control_engine.join().unwrap();
    });
}
