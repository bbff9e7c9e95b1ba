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
    seats: Vec<Seat<()>>,
    links: Table,
    /// What the codelets of each seat work on, and who has shut the gate on all of it.
    programs: Vec<Thing>,
}

impl World {
    fn new(seats: usize) -> Arc<Self> {
        let seat = |_| Seat::new((), Worker::new_lifo().stealer(), (0, 0, 0), 0);
        Arc::new(World {
            gate: Gate::new(seats),
            idle: Idle::new(seats),
            seats: (0..seats).map(seat).collect(),
            links: Table::new(),
            programs: (0..seats).map(|_| Thing::new()).collect(),
        })
    }

    /// A codelet that is ready.
    fn run(&self, seat: usize) {
        if self.gate.is_shut() {
            self.gate.wait(seat, Parker::wait);
        }
        self.programs[seat].add(1);
    }

    /// The engine was at rest.
    fn go_on(&self, seat: usize) {
        if self.gate.is_shut_after_rest() {
            self.gate.wait(seat, Parker::wait);
        }
    }

    /// The engine goes to sleep.
    fn rest(&self, seat: usize) {
        self.idle.announce(seat, false);
        self.gate.tell();
    }

    /// The engine of a seat sleeps until there is a codelet, runs it, and sleeps again.
    fn sleep_and_run(&self, seat: usize) {
        let bed = self.seats[seat].occupancy.bed(false);
        bed.adopt();
        bed.wait();
        self.go_on(seat);
        assert_ne!(self.seats[seat].inbox.take(&self.links), 0);
        self.run(seat);
        self.rest(seat);
    }

    /// A codelet for a seat that sleeps.
    fn post(&self, seat: usize) {
        self.seats[seat].inbox.push(1, &self.links);
        if self.idle.notify_seat(seat) {
            self.seats[seat].occupancy.wake();
        }
    }

    fn suspend(&self) {
        let rests = |seat: usize| {
            let in_body = &self.seats[seat].in_body;
            self.idle.is_asleep(seat) || in_body.load(Ordering::Relaxed)
        };
        self.gate.shut(|| (), rests);
        self.programs.iter().for_each(|program| program.add(1));
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
        let world = World::new(1);
        let engine = {
            let world = world.clone();
            spawn(move || {
                (0..2).for_each(|_| world.run(0));
                world.rest(0);
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.programs[0].get(), 3);
    });
}

#[test]
fn an_engine_that_has_not_left_yet_is_waited_for() {
    explore(|| {
        let world = World::new(1);
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.run(0);
                world.rest(0);
            })
        };
        let suspender = World::suspender(&world, 2);
        suspender.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.programs[0].get(), 3);
    });
}

#[test]
fn an_engine_that_is_woken_meanwhile_stops_before_its_codelet() {
    explore(|| {
        let world = World::new(1);
        world.idle.announce(0, false);
        let engine = {
            let world = world.clone();
            spawn(move || world.sleep_and_run(0))
        };
        let producer = {
            let world = world.clone();
            spawn(move || world.post(0))
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        producer.join().unwrap();
        engine.join().unwrap();
        assert_eq!(world.programs[0].get(), 2);
    });
}

#[test]
fn a_hosts_body_is_not_waited_for_and_its_codelets_are() {
    explore(|| {
        let world = World::new(1);
        let host = {
            let world = world.clone();
            spawn(move || {
                world.seats[0].begin_body();
                world.gate.tell();
                world.seats[0].end_body();
                world.go_on(0);
                world.run(0);
                world.rest(0);
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        host.join().unwrap();
        assert_eq!(world.programs[0].get(), 2);
    });
}

#[test]
fn a_hosts_body_that_goes_on_is_not_waited_for() {
    explore(|| {
        let world = World::new(1);
        let host = {
            let world = world.clone();
            spawn(move || {
                world.seats[0].begin_body();
                world.gate.tell();
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        host.join().unwrap();
        assert_eq!(world.programs[0].get(), 1);
    });
}

#[test]
fn two_engines_at_work_stop_both() {
    explore(|| {
        let world = World::new(2);
        let engines = [0, 1].map(|seat| {
            let world = world.clone();
            spawn(move || {
                world.run(seat);
                world.rest(seat);
            })
        });
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        engines
            .into_iter()
            .for_each(|engine| engine.join().unwrap());
        assert!(world.programs.iter().all(|program| program.get() == 2));
    });
}

#[test]
fn an_engine_at_work_wakes_another_one_meanwhile() {
    explore(|| {
        let world = World::new(2);
        world.idle.announce(1, false);
        let sleeper = {
            let world = world.clone();
            spawn(move || world.sleep_and_run(1))
        };
        let engine = {
            let world = world.clone();
            spawn(move || {
                world.run(0);
                world.post(1);
                world.rest(0);
            })
        };
        let suspender = World::suspender(&world, 1);
        suspender.join().unwrap();
        engine.join().unwrap();
        sleeper.join().unwrap();
        assert!(world.programs.iter().all(|program| program.get() == 2));
    });
}
