//! Who waits for whom.

use super::users::{Cells, Group};
use super::{Lane, Owner, Program, Schedule, Step, Wait, reached, signals};
use std::collections::BTreeMap;

/// A position that a lane must have passed: the lane, and how far, over two rounds that are numbered from 0.
#[derive(Clone, Copy)]
struct Point {
    lane: u32,
    at: u64,
}

/// No lane.
const NONE: u32 = u32::MAX;

/// The last steps of some lanes: mostly of one.
#[derive(Clone)]
struct Front {
    first: Point,
    more: Vec<Point>,
}

impl Group for Front {
    type User = Point;

    fn new() -> Self {
        Front {
            first: Point { lane: NONE, at: 0 },
            more: Vec::new(),
        }
    }

    /// One more step; those of a lane come in its order.
    fn add(&mut self, point: Point) {
        if self.first.lane == NONE || self.first.lane == point.lane {
            self.first = point;
            return;
        }
        match self.more.iter_mut().find(|other| other.lane == point.lane) {
            Some(other) => *other = point,
            None => self.more.push(point),
        }
    }

    fn each(&self, tell: impl FnMut(&Point)) {
        let first = (self.first.lane != NONE).then_some(&self.first);
        first.into_iter().chain(&self.more).for_each(tell);
    }
}

/// Puts codelets into the lanes of their owners, in program order, and finds what each waits for.
///
/// The program is gone through twice, as two rounds: what the first leaves behind is what the steps of the second find of
/// the round before, and so in all later rounds. A step does not wait for what its lane has waited for already: lanes go
/// through their steps in order, so who has seen a position has seen all before it.
///
/// `has_room` says of a cell whether a signal can lie behind its data, in its line.
pub fn schedule(program: &Program, owners: &[Owner], has_room: impl Fn(u32) -> bool) -> Schedule {
    let mut counts: BTreeMap<Owner, usize> = BTreeMap::new();
    for same in owners.chunk_by(PartialEq::eq) {
        *counts.entry(same[0]).or_default() += same.len();
    }
    let sorted: Vec<Owner> = counts.keys().copied().collect();
    let mut lanes: Vec<Lane> = (counts.into_iter())
        .map(|(owner, count)| Lane {
            owner,
            steps: Vec::with_capacity(count),
            waits: Vec::new(),
        })
        .collect();
    // Of each codelet its lane and its place there.
    let mut places: Vec<(u32, u32)> = Vec::with_capacity(owners.len());
    for (codelet, owner) in owners.iter().enumerate() {
        let lane = sorted.partition_point(|other| other < owner);
        let steps = &mut lanes[lane].steps;
        places.push((lane as u32, steps.len() as u32));
        steps.push(Step {
            codelet: codelet as u32,
            waits: 0,
            signal: 0,
        });
    }
    if lanes.len() < 2 {
        return Schedule {
            lanes,
            signal_cells: Vec::new(),
        };
    }
    let mut finder = Finder {
        seen: vec![0; lanes.len() * lanes.len()],
        lanes: lanes.len(),
        found: Vec::new(),
    };
    let mut cells = Cells::<Front>::new(program);
    for round in 0..2 {
        for (codelet, &(lane, place)) in places.iter().enumerate() {
            let here = Point {
                lane,
                at: reached(round, place + 1),
            };
            finder.find(program, codelet as u32, here, &mut cells);
            if round == 0 {
                continue;
            }
            for point in &finder.found {
                let (before, steps) = (point.at >> 32 == 0, point.at as u32);
                lanes[point.lane as usize].steps[steps as usize - 1].signal = 1;
                let own = &mut lanes[lane as usize];
                own.waits.push(Wait::new(point.lane, steps, before));
                own.steps[place as usize].waits += 1;
            }
        }
    }
    for lane in &mut lanes {
        lane.waits.shrink_to_fit();
    }
    Schedule {
        signal_cells: signals::place(program, &mut lanes, has_room),
        lanes,
    }
}

/// Finds what steps wait for.
struct Finder {
    /// For each lane how far it knows each other one to be.
    seen: Vec<u64>,
    lanes: usize,
    /// What the present step waits for: of each lane at most one position.
    found: Vec<Point>,
}

impl Finder {
    /// What a codelet waits for, whose step is the point `here`; notes that it uses its cells.
    fn find(&mut self, program: &Program, codelet: u32, here: Point, cells: &mut Cells<'_, Front>) {
        self.found.clear();
        for one in program.uses(codelet) {
            cells.enter(one, here, |point| self.wait_for(*point, here.lane));
        }
    }

    fn wait_for(&mut self, point: Point, lane: u32) {
        let seen = &mut self.seen[lane as usize * self.lanes + point.lane as usize];
        if point.lane == lane || *seen >= point.at {
            return;
        }
        *seen = point.at;
        let mut found = self.found.iter_mut();
        match found.find(|other| other.lane == point.lane) {
            Some(other) => *other = point,
            None => self.found.push(point),
        }
    }
}
