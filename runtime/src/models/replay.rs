//! Lanes of a graph: what a step waits for it sees; a lane is run by one at a time, in its order, round by round; all that
//! is to run runs, once.

use super::Thing;
use crate::access::Mode;
use crate::decide::graph::{Owner, Program, Schedule, Step, Use, Wish, schedule};
use crate::replay::lanes::{Lanes, Pause, Visit};
use crate::stop::Stop;
use crate::sync::Arc;
use crate::sync::model::{explore_within, spawn};

/// A graph whose cells are things, on two engines.
struct World {
    schedule: Schedule,
    program: Program,
    cells: Vec<Thing>,
    lanes: Lanes,
}

impl World {
    /// Codelets with their engines and what they use.
    fn new(cells: u32, codelets: &[(u16, &[(u32, Mode)])], rounds: u32) -> Arc<Self> {
        let mut program = Program::new();
        (0..cells).for_each(|_| _ = program.cell(None));
        for (_, uses) in codelets {
            let one = |&(cell, mode): &(u32, Mode)| Use { cell, mode };
            program.codelet(Wish::default(), uses.iter().map(one));
        }
        let owner = |&(xe, _): &(u16, &[(u32, Mode)])| Owner { xe, only: false };
        let owners: Vec<Owner> = codelets.iter().map(owner).collect();
        let schedule = schedule(&program, &owners, |_| false);
        let stop = std::sync::Arc::new(Stop::new());
        stop.open();
        let lanes = Lanes::new(&schedule, stop);
        lanes.begin(1, rounds);
        Arc::new(World {
            schedule,
            program,
            cells: (0..cells).map(|_| Thing::new()).collect(),
            lanes,
        })
    }

    /// One visit of a lane, if nobody has it; loom checks that whoever uses a cell is ordered.
    fn visit(&self, at: usize, own: bool, seen: &mut [u64]) -> Option<Pause> {
        let visit = Visit {
            own,
            looks: 0,
            rounds: u32::MAX,
        };
        let run = |step: &Step, _, _| {
            for one in self.program.uses(step.codelet) {
                let thing = &self.cells[one.cell as usize];
                match one.mode {
                    Mode::Read => _ = thing.get(),
                    _ => thing.add(1),
                }
            }
        };
        let mut hand = self.lanes.take(&self.schedule, at, visit)?;
        let pause = hand.go_on(&self.schedule.lanes[at].steps, seen, |_| (), run, || ());
        hand.give_back(pause, || ());
        Some(pause)
    }

    /// Answers if somebody has asked and nobody else does.
    fn answer(&self) {
        if self.lanes.stop.claim() {
            self.lanes.stop(crate::sync::spin_hint, || ());
        }
    }

    /// Visits lanes until all have ended: its own first.
    fn work(&self, own: usize) {
        let mut seen = vec![0; self.schedule.lanes.len()];
        while !self.lanes.have_ended() {
            self.answer();
            for step in 0..seen.len() {
                let at = (own + step) % seen.len();
                if self.visit(at, at == own, &mut seen).is_none() && at == own {
                    self.lanes.want(at);
                }
            }
            crate::sync::spin_hint();
        }
    }

    /// All ran, and who sees the end sees all.
    fn check(&self, expected: &[u32]) {
        assert!(self.lanes.have_ended());
        let found: Vec<u32> = self.cells.iter().map(Thing::get).collect();
        assert_eq!(found, expected);
    }
}

const READ: Mode = Mode::Read;
const WRITE: Mode = Mode::ReadWrite;

#[test]
fn rounds_overlap_and_see_each_other() {
    explore_within(2, || {
        // a writes 0; b reads it and writes 1. In the next round a waits for b's reading, b for a's writing.
        let codelets: &[(u16, &[(u32, Mode)])] =
            &[(0, &[(0, WRITE)]), (1, &[(0, READ), (1, WRITE)])];
        let world = World::new(2, codelets, 2);
        let other = {
            let world = world.clone();
            spawn(move || {
                let mut seen = [0; 2];
                while world.visit(1, true, &mut seen) != Some(Pause::Ended) {
                    crate::sync::spin_hint();
                }
            })
        };
        let mut seen = [0; 2];
        while world.visit(0, true, &mut seen) != Some(Pause::Ended) {
            crate::sync::spin_hint();
        }
        other.join().unwrap();
        world.check(&[2, 2]);
    });
}

#[test]
fn a_lane_is_taken_over_and_given_back() {
    explore_within(2, || {
        // Two lanes that do not wait for each other: each engine runs what it finds.
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)]), (1, &[(1, WRITE)])];
        let world = World::new(2, codelets, 2);
        let other = {
            let world = world.clone();
            spawn(move || world.work(1))
        };
        world.work(0);
        world.check(&[2, 2]);
        other.join().unwrap();
    });
}

#[test]
fn an_owner_gets_its_lane_back() {
    explore_within(3, || {
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)])];
        let world = World::new(1, codelets, 2);
        let work = |world: &World, own: bool| {
            while !world.lanes.have_ended() {
                if world.visit(0, own, &mut [0]).is_none() && own {
                    world.lanes.want(0);
                }
                crate::sync::spin_hint();
            }
            world.check(&[2]);
        };
        let other = {
            let world = world.clone();
            spawn(move || work(&world, false))
        };
        work(&world, true);
        other.join().unwrap();
    });
}

#[test]
fn a_replay_is_stopped_with_all_cells_in_the_same_round() {
    explore_within(2, || {
        // Two lanes that do not wait for each other, so that one may be rounds ahead.
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)]), (1, &[(1, WRITE)])];
        let world = World::new(2, codelets, 2);
        // One visit, so that the threads do not wait for each other beyond what is looked at here.
        let other = {
            let world = world.clone();
            spawn(move || _ = world.visit(1, true, &mut [0; 2]))
        };
        assert!(world.lanes.stop.ask(None, "enough", false));
        world.work(0);
        let rounds = world.lanes.rounds();
        world.check(&[rounds; 2]);
        other.join().unwrap();
        let stopped = world.lanes.stop.close().and_then(|stopped| stopped.rounds);
        assert_eq!(stopped, (rounds < 2).then_some(rounds));
    });
}

#[test]
fn a_paused_replay_goes_on_from_where_it_is_and_can_still_be_stopped() {
    explore_within(2, || {
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)]), (1, &[(1, WRITE)])];
        let world = World::new(2, codelets, 2);
        let other = {
            let world = world.clone();
            spawn(move || _ = world.visit(1, true, &mut [0; 2]))
        };
        world.lanes.stop.pause();
        world.work(0);
        other.join().unwrap();
        let paused = world.lanes.rounds();
        world.check(&[paused; 2]);
        if paused == 2 {
            return;
        }
        assert!(!world.lanes.stop.ends_after(paused));
        // The next leg, with one round more: it ends there if nobody asks, and does not begin if somebody has.
        world.lanes.begin(paused + 1, paused + 1);
        world.work(0);
        world.check(&[paused + 1; 2]);
        assert!(world.lanes.stop.ask(None, "enough", false));
        world.lanes.begin(paused + 2, 9);
        world.work(0);
        world.check(&[paused + 1; 2]);
        assert!(world.lanes.stop.ends_after(paused + 1));
    });
}

/// One of those who were at work looks late whether somebody has asked: when all lanes have ended, while who led them finds that nobody
/// has, and somebody asks.
#[test]
fn who_asks_between_two_legs_gets_it() {
    explore_within(2, || {
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)]), (1, &[(1, WRITE)])];
        let world = World::new(2, codelets, 2);
        let stop = &world.lanes.stop;
        stop.pause();
        world.work(0);
        let paused = world.lanes.rounds();
        assert!(paused < 2, "it was asked before the first round");
        let late = {
            let world = world.clone();
            spawn(move || world.answer())
        };
        assert!(!stop.ends_after(paused));
        assert!(stop.ask(None, "enough", false));
        late.join().unwrap();
        stop.go_on();
        world.lanes.begin(paused + 1, 2);
        world.work(0);
        world.check(&[paused; 2]);
        assert!(stop.ends_after(paused));
        let stopped = stop.close().and_then(|stopped| stopped.rounds);
        assert_eq!(stopped, Some(paused));
    });
}

/// Two lanes that do not wait for each other, and two engines, each of which may be ahead, or be the one who answers. `ask` twice; the first
/// time is answered at once.
fn asked_twice(ask: fn(&Stop, bool)) {
    explore_within(2, move || {
        let codelets: &[(u16, &[(u32, Mode)])] = &[(0, &[(0, WRITE)]), (1, &[(1, WRITE)])];
        let world = World::new(2, codelets, 2);
        let stop = &world.lanes.stop;
        let other = {
            let world = world.clone();
            spawn(move || {
                world.visit(1, true, &mut [0; 2]);
                world.answer();
            })
        };
        ask(stop, false);
        world.answer();
        ask(stop, true);
        // Once, and not again and again: else who answers may find lanes taken forever.
        world.visit(0, true, &mut [0; 2]);
        let ends = || {
            let last = world.lanes.rounds();
            let early = last < 2;
            assert!(!early || stop.ends_after(last), "it was asked to end");
            (last, early)
        };
        // Perhaps before the other one has answered.
        let ended = world.lanes.have_ended().then(ends);
        other.join().unwrap();
        world.work(0);
        let (last, early) = ended.unwrap_or_else(ends);
        world.check(&[last; 2]);
        let stopped = stop.close().and_then(|stopped| stopped.rounds);
        assert_eq!(stopped, early.then_some(last));
    });
}

#[test]
fn who_asks_for_the_end_while_lanes_run_up_to_a_pause_gets_it() {
    asked_twice(|stop, again| match again {
        false => stop.pause(),
        true => assert!(stop.ask(None, "enough", false)),
    });
}

#[test]
fn a_pause_while_lanes_run_up_to_the_end_is_nothing() {
    asked_twice(|stop, again| match again {
        false => assert!(stop.ask(None, "enough", false)),
        true => stop.pause(),
    });
}
