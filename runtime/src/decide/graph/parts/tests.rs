//! Graphs on parts of blocks, by hand, and random ones against a model of single bytes over several rounds.

use super::Piece;
use crate::access::Mode::{self, Read, ReadWrite, Write};
use crate::decide::graph::{
    Dependence, Owner, Program, Schedule, Use, Wish, dependences, schedule,
};
use crate::extent::Extent;
use std::collections::BTreeSet;

const BYTES: u64 = 24;

type Codelet = Vec<(Extent, Mode)>;

/// A program on parts of one block.
fn program(codelets: &[Codelet]) -> Program {
    let mut program = Program::new();
    let mut pieces: Vec<Piece> = Vec::new();
    for uses in codelets {
        let uses: Vec<Use> = (uses.iter())
            .map(|&(extent, mode)| {
                let known = pieces.iter().find(|piece| piece.extent == extent);
                let cell = known.map_or_else(|| program.cell(Some(0)), |piece| piece.cell);
                if known.is_none() {
                    pieces.push(Piece {
                        cell,
                        of: 0,
                        extent,
                    });
                }
                Use { cell, mode }
            })
            .collect();
        program.codelet(Wish::default(), uses);
    }
    program.split(pieces);
    program
}

fn range(start: u64, end: u64) -> Extent {
    Extent::range(start, end - start)
}

/// Dependences as (before, after, in the round before).
fn depends(codelets: &[Codelet]) -> Vec<(u32, u32, bool)> {
    let all = dependences(&program(codelets));
    let told = |one: &Dependence| (one.before, one.after, one.last_round);
    all.iter().map(told).collect()
}

#[test]
fn parts_that_do_not_overlap_depend_on_nothing() {
    let codelets = [
        vec![(range(0, 8), Write)],
        vec![(range(8, 16), ReadWrite)],
        vec![(range(4, 4), ReadWrite)],
        vec![(Extent::tile(16, 2, 2, 4), ReadWrite)],
        vec![(Extent::tile(18, 2, 2, 4), Write)],
    ];
    assert_eq!(depends(&codelets), []);
}

#[test]
fn the_whole_waits_for_its_parts_and_they_for_it() {
    let codelets = [
        vec![(range(0, 12), Write)],
        vec![(range(12, 24), Write)],
        vec![(range(0, 24), Read)],
    ];
    assert_eq!(
        depends(&codelets),
        [(2, 0, true), (2, 1, true), (0, 2, false), (1, 2, false)]
    );
}

#[test]
fn who_reads_what_was_written_over_waits_for_the_last_writer_alone() {
    let codelets = [
        vec![(range(4, 8), Write)],
        vec![(range(0, 12), Write)],
        vec![(range(4, 8), Read)],
    ];
    let found = depends(&codelets);
    let of_reader = |one: &&(u32, u32, bool)| one.1 == 2;
    let of_reader: Vec<_> = found.iter().filter(of_reader).collect();
    assert_eq!(of_reader, [&(1, 2, false)]);
}

#[test]
fn what_was_written_in_part_is_not_forgotten() {
    // The reader of [4, 10) needs what is left of the first write, too.
    let codelets = [
        vec![(range(0, 8), Write)],
        vec![(range(6, 12), Write)],
        vec![(range(4, 10), Read)],
    ];
    let found = depends(&codelets);
    assert!(found.contains(&(0, 2, false)) && found.contains(&(1, 2, false)));
}

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }

    fn extent(&mut self) -> Extent {
        let mut pair = |n: u64| {
            let (a, b) = (self.below(n), self.below(n));
            (a.min(b), a.max(b) + 1)
        };
        match pair(4).0 {
            0 => range(0, BYTES),
            1 => {
                let (start, end) = pair(BYTES);
                range(start, end)
            }
            which => {
                // Matrices of 4 rows of 6, or of 6 rows of 4.
                let stride = if which == 2 { 6 } else { 4 };
                let (rows, columns) = (pair(BYTES / stride), pair(stride));
                let start = rows.0 * stride + columns.0;
                Extent::tile(start, columns.1 - columns.0, rows.1 - rows.0, stride)
            }
        }
    }

    fn codelets(&mut self) -> Vec<Codelet> {
        let count = 1 + self.below(9);
        (0..count)
            .map(|_| {
                let mut uses = Codelet::new();
                for _ in 0..1 + self.below(3) {
                    let mode = [Read, Write, ReadWrite][self.below(3) as usize];
                    let one = (self.extent(), mode);
                    if !uses.iter().any(|other| conflict(other, &one)) {
                        uses.push(one);
                    }
                }
                uses
            })
            .collect()
    }
}

fn conflict(a: &(Extent, Mode), b: &(Extent, Mode)) -> bool {
    (a.1.writes() || b.1.writes()) && a.0.meets(&b.0)
}

/// Rounds that are looked at.
const ROUNDS: usize = 4;

/// Of each run (codelet by codelet, round by round) all runs that are ordered before it, if `direct` names those that it waits
/// for. It waits only for runs before it in the order of numbers.
fn before_all(count: usize, direct: impl Fn(usize) -> Vec<usize>) -> Vec<BTreeSet<usize>> {
    let mut all: Vec<BTreeSet<usize>> = Vec::new();
    for run in 0..count * ROUNDS {
        let mut before = BTreeSet::new();
        for other in direct(run) {
            assert!(other < run);
            before.insert(other);
            before.extend(&all[other]);
        }
        all.push(before);
    }
    all
}

/// Says which conflict is not ordered.
fn check(codelets: &[Codelet], before: &[BTreeSet<usize>]) {
    let count = codelets.len();
    for late in 0..count * ROUNDS {
        for early in 0..late {
            let (a, b) = (&codelets[early % count], &codelets[late % count]);
            let conflicts = a
                .iter()
                .any(|one| b.iter().any(|other| conflict(one, other)));
            assert!(
                !conflicts || before[late].contains(&early),
                "{codelets:?}: run {late} does not wait for run {early}"
            );
        }
    }
}

/// What a run waits for by a schedule: the run before it in its lane, and its waits.
fn by_lanes(schedule: &Schedule, count: usize) -> impl Fn(usize) -> Vec<usize> {
    move |run| {
        let (round, codelet) = (run / count, (run % count) as u32);
        let mut before = Vec::new();
        for lane in &schedule.lanes {
            let mut waits = lane.waits.iter();
            for (at, step) in lane.steps.iter().enumerate() {
                let own: Vec<_> = waits.by_ref().take(usize::from(step.waits)).collect();
                if step.codelet != codelet {
                    continue;
                }
                let last = |round: usize, steps: usize, lane: &super::super::Lane| {
                    round * count + lane.steps[steps - 1].codelet as usize
                };
                match (at, round) {
                    (0, 0) => (),
                    (0, _) => before.push(last(round - 1, lane.steps.len(), lane)),
                    _ => before.push(last(round, at, lane)),
                }
                for wait in own {
                    let back = usize::from(wait.is_in_the_round_before());
                    if back <= round {
                        let other = &schedule.lanes[wait.lane()];
                        before.push(last(round - back, wait.steps as usize, other));
                    }
                }
            }
        }
        before
    }
}

#[test]
fn random_conflicts_are_ordered_over_rounds() {
    let mut numbers = Numbers(1);
    for _ in 0..1500 {
        let codelets = numbers.codelets();
        let count = codelets.len();
        let program = program(&codelets);
        let all = dependences(&program);
        // No more than there are.
        for one in &all {
            let (a, b) = (
                &codelets[one.before as usize],
                &codelets[one.after as usize],
            );
            let near = |a: &(Extent, Mode), b: &(Extent, Mode)| {
                (a.1.writes() || b.1.writes()) && a.0.overlaps(&b.0)
            };
            assert!(a.iter().any(|one| b.iter().any(|other| near(one, other))));
        }
        let direct = |run: usize| {
            let (round, codelet) = (run / count, (run % count) as u32);
            let own = all.iter().filter(|one| one.after == codelet);
            let back = |one: &Dependence| round.checked_sub(usize::from(one.last_round));
            let waits = own.filter_map(|one| Some(back(one)? * count + one.before as usize));
            waits.chain((round > 0).then(|| run - count)).collect()
        };
        check(&codelets, &before_all(count, direct));
        let owners: Vec<Owner> = (0..count)
            .map(|_| Owner {
                xe: numbers.below(3) as u16,
                only: false,
            })
            .collect();
        let schedule = schedule(&program, &owners, |_| false);
        check(&codelets, &before_all(count, by_lanes(&schedule, count)));
    }
}
