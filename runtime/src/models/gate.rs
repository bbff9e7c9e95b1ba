//! The gate: between its shutting and its opening no codelet runs, whatever the seats were about then, and what is done meanwhile
//! is ordered with all codelets.

use super::{Table, Thing};
use crate::gate::Gate;
use crate::idle::{Idle, Parker};
use crate::seat::Seat;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::sync::model::{explore, spawn};
use crate::sync::thread::JoinHandle;
use crossbeam_deque::Worker;

struct World {
    gate: Gate,
    idle: Idle,
    seat: Seat<()>,
    links: Table,
    /// What codelets work on, and who has shut the gate.
    program: Thing,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            gate: Gate::new(1),
            idle: Idle::new(1),
            seat: Seat::new((), Worker::new_lifo().stealer(), (0, 0, 0), 0),
            links: Table::new(),
            program: Thing::new(),
        })
    }

    /// A codelet that is ready.
    fn run(&self) {
        if self.gate.is_shut() {
            self.gate.wait(0, Parker::wait);
        }
        self.program.add(1);
    }

    /// The engine was at rest.
    fn go_on(&self) {
        if self.gate.is_shut_after_rest() {
            self.gate.wait(0, Parker::wait);
        }
    }

    /// The engine goes to sleep.
    fn rest(&self) {
        self.idle.announce(0, false);
        self.gate.tell();
    }

    fn suspend(&self) {
        self.gate.shut(
            || (),
            |_| self.idle.is_asleep(0) || self.seat.in_body.load(Ordering::Relaxed),
        );
        self.program.add(1);
        self.gate.open(|| ());
    }

    /// In a thread of its own: who joins others must not be one who is woken late.
    fn suspender(world: &Arc<Self>, times: usize) -> JoinHandle<()> {
        let world = world.clone();
        spawn(move || (0..times).for_each(|_| world.suspend()))
    }
}

#[test]
fn an_engine_at_work_stops_and_goes_on() {
    explore(|| {
        let world = World::new();
        let engine = {
            let world = world.clone();
            spawn(move || {
                (0..2).for_each(|_| world.run());
                world.rest();
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.program.get(), 3);
    });
}

#[test]
fn an_engine_that_has_not_left_yet_is_waited_for() {
    explore(|| {
        let world = World::new();
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.run();
                world.rest();
            })
        };
        let suspender = World::suspender(&world, 2);
        suspender.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.program.get(), 3);
    });
}

#[test]
fn an_engine_that_is_woken_meanwhile_stops_before_its_codelet() {
    explore(|| {
        let world = World::new();
        world.idle.announce(0, false);
        let engine = {
            let world = world.clone();
            spawn(move || {
                let bed = world.seat.occupancy.bed(false);
                bed.adopt();
                bed.wait();
                world.go_on();
                assert_ne!(world.seat.inbox.take(&world.links), 0);
                world.run();
                world.rest();
            })
        };
        let producer = {
            let world = world.clone();
            spawn(move || {
                world.seat.inbox.push(1, &world.links);
                if world.idle.notify_seat(0) {
                    world.seat.occupancy.wake();
                }
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        producer.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.program.get(), 2);
    });
}

#[test]
fn a_hosts_body_is_not_waited_for_and_its_codelets_are() {
    explore(|| {
        let world = World::new();
        let host = {
            let world = world.clone();
            spawn(move || {
                world.seat.begin_body();
                world.gate.tell();
                world.seat.end_body();
                world.go_on();
                world.run();
                world.rest();
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        host.join().unwrap();
        assert_eq!(world.program.get(), 2);
    });
}
