//! Timers: a control engine that goes to sleep while a first deadline is added does not miss it.

use crate::event::EventCell;
use crate::id::RuntimeId;
use crate::shared::Control;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::sync::model::{explore_within, spawn};
use crate::time_keeper::tell;
use crate::timers::{Alarm, Timers};
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
        world.control.bed.adopt();
        // Somebody has asked for something else.
        world.control.ask();
        let adder = {
            let world = world.clone();
            spawn(move || {
                let alarm = Arc::new(Alarm {
                    cell: EventCell::new("timer", true),
                    runtime: RuntimeId(1),
                });
                let time = Instant::now() + Duration::from_secs(1000);
                assert!(world.timers.add(time, alarm));
                tell(&world.control);
            })
        };
        // Stands in for the control engine.
        let other = {
            let world = world.clone();
            spawn(move || world.control.answer(|| ()))
        };
        // The control engine: it sleeps for ever only if nobody wakes it.
        while !world.timers.is_pending() {
            if world.control.requested.load(Ordering::Relaxed) {
                world.control.answer(|| ());
            } else {
                world.control.bed.wait();
            }
        }
        adder.join().unwrap();
        other.join().unwrap();
    });
}
