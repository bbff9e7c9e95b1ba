//! What graphs compile to, by hand.

use super::*;
use Mode::{Read, ReadWrite, SharedWrite, Write};

/// A program on so many cells (blocks of engine 0), with each codelet's engine and uses; compiled with these engines.
fn compiled(cells: u32, codelets: &[(u16, &[(u32, Mode)])]) -> Schedule {
    let mut program = Program::new();
    (0..cells).for_each(|_| _ = program.cell(Some(0)));
    for (_, uses) in codelets {
        let one = |&(cell, mode): &(u32, Mode)| Use { cell, mode };
        program.codelet(Wish::default(), uses.iter().map(one));
    }
    let owner = |&(xe, _): &(u16, &[(u32, Mode)])| Owner { xe, only: false };
    let owners: Vec<Owner> = codelets.iter().map(owner).collect();
    schedule(&program, &owners, |_| false)
}

/// What each step of a lane waits for: lane, steps, and whether that is in the round before.
fn waits(lane: &Lane) -> Vec<Vec<(usize, u32, bool)>> {
    let mut left = lane.waits.iter();
    let mut of = |step: &Step| {
        let own = left.by_ref().take(usize::from(step.waits));
        own.map(|wait| (wait.lane(), wait.steps, wait.is_in_the_round_before()))
            .collect()
    };
    let waits = lane.steps.iter().map(&mut of).collect();
    assert!(left.next().is_none());
    waits
}

fn publishes(lane: &Lane) -> Vec<bool> {
    lane.steps.iter().map(|step| step.publishes()).collect()
}

#[test]
fn a_chain_in_one_lane_waits_for_nothing() {
    let schedule = compiled(1, &[(0, &[(0, ReadWrite)]), (0, &[(0, ReadWrite)])]);
    assert_eq!(waits(&schedule.lanes[0]), [[], []]);
    assert_eq!(publishes(&schedule.lanes[0]), [false, false]);
}

#[test]
fn a_reader_waits_for_the_writer_and_the_writer_for_the_last_rounds_reader() {
    let schedule = compiled(1, &[(0, &[(0, Write)]), (1, &[(0, Read)])]);
    assert_eq!(waits(&schedule.lanes[0]), [[(1, 1, true)]]);
    assert_eq!(waits(&schedule.lanes[1]), [[(0, 1, false)]]);
    assert_eq!(publishes(&schedule.lanes[0]), [true]);
}

#[test]
fn of_several_readers_in_a_lane_the_last_is_waited_for() {
    let reads: (u16, &[(u32, Mode)]) = (1, &[(0, Read)]);
    let schedule = compiled(1, &[reads, reads, reads, (0, &[(0, Write)])]);
    assert_eq!(waits(&schedule.lanes[0]), [[(1, 3, false)]]);
    // They wait for the writer of the round before: the first of them does, for all.
    assert_eq!(
        waits(&schedule.lanes[1]),
        [vec![(0, 1, true)], vec![], vec![]]
    );
    assert_eq!(publishes(&schedule.lanes[1]), [false, false, true]);
}

#[test]
fn what_the_lane_has_waited_for_is_not_waited_for_again() {
    let schedule = compiled(
        3,
        &[
            (0, &[(0, Write)]),
            (0, &[(1, Write)]),
            (1, &[(1, Read), (2, Write)]),
            (1, &[(0, Read), (2, ReadWrite)]),
        ],
    );
    assert_eq!(waits(&schedule.lanes[1]), [vec![(0, 2, false)], vec![]]);
    assert_eq!(publishes(&schedule.lanes[0]), [false, true]);
    // The reader of cell 1 comes first, that of cell 0 second; the writers of the next round are in the other order.
    assert_eq!(waits(&schedule.lanes[0]), [vec![(1, 2, true)], vec![]]);
}

#[test]
fn sharers_wait_for_readers_and_not_for_each_other() {
    let schedule = compiled(
        1,
        &[
            (0, &[(0, SharedWrite)]),
            (1, &[(0, SharedWrite)]),
            (2, &[(0, Read)]),
        ],
    );
    assert_eq!(waits(&schedule.lanes[0]), [[(2, 1, true)]]);
    assert_eq!(waits(&schedule.lanes[1]), [[(2, 1, true)]]);
    assert_eq!(waits(&schedule.lanes[2]), [[(0, 1, false), (1, 1, false)]]);
}

#[test]
fn one_that_commutes_waits_for_the_one_before() {
    let schedule = compiled(1, &[(0, &[(0, Mode::Commute)]), (1, &[(0, Mode::Commute)])]);
    assert_eq!(waits(&schedule.lanes[0]), [[(1, 1, true)]]);
    assert_eq!(waits(&schedule.lanes[1]), [[(0, 1, false)]]);
}

#[test]
fn positions_grow_over_rounds() {
    let wait = Wait::new(7, 3, true);
    assert_eq!((wait.lane(), wait.reached_in(5)), (7, reached(4, 3)));
    assert!(wait.reached_in(1) < reached(1, 0));
    assert!(reached(4, u32::MAX) < reached(5, 0));
    assert_eq!(Wait::new(7, 3, false).reached_in(5), reached(5, 3));
}

/// The engines of codelets that write one block each, with these homes and costs.
fn owned(xes: u16, blocks: &[(u16, u32)]) -> Vec<u16> {
    let mut program = Program::new();
    for &(home, cost) in blocks {
        let cell = program.cell(Some(home));
        let wish = Wish {
            cost,
            ..Wish::default()
        };
        program.codelet(wish, [Use { cell, mode: Write }]);
    }
    let owners = owners(&program, xes);
    owners.iter().map(|owner| owner.xe).collect()
}

#[test]
fn codelets_stay_with_the_blocks_they_write() {
    assert_eq!(owned(2, &[(0, 1), (1, 1), (0, 1), (1, 1)]), [0, 1, 0, 1]);
}

#[test]
fn blocks_that_are_all_in_one_place_are_shared_out_by_load() {
    assert_eq!(owned(2, &[(0, 1); 6]), [0, 0, 0, 1, 1, 1]);
    assert_eq!(
        owned(2, &[(0, 5), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1)]),
        [0, 1, 1, 1, 1, 1]
    );
    // What does not divide goes where it fits best, and the last engine does not get all that is left over.
    let mut of_each = [0; 3];
    let owners = owned(3, &[(0, 1); 14]);
    owners.iter().for_each(|&xe| of_each[usize::from(xe)] += 1);
    assert_eq!(of_each, [5, 4, 5]);
}

#[test]
fn few_blocks_are_spread_over_many_engines() {
    assert_eq!(owned(8, &[(0, 100); 2]), [2, 6]);
    assert_eq!(owned(4, &[(0, 100); 3]), [0, 2, 3]);
    assert_eq!(owned(5, &[(0, 1)]), [0]);
}

#[test]
fn wishes_come_first_and_groups_stay_together() {
    let mut program = Program::new();
    let cells = [program.cell(Some(0)), program.cell(Some(0))];
    let only = Wish {
        at: Some(Owner { xe: 1, only: true }),
        ..Wish::default()
    };
    let group = Wish {
        group: Some(4),
        ..Wish::default()
    };
    let write = |cell| Use { cell, mode: Write };
    program.codelet(only, [write(cells[0])]);
    program.codelet(group, [write(cells[0])]);
    program.codelet(group, [write(cells[1])]);
    let owners = owners(&program, 2);
    assert_eq!(owners[0], Owner { xe: 1, only: true });
    assert_eq!(owners[1], owners[2]);
    assert!(!owners[1].only);
}

#[test]
fn what_writes_no_block_follows_what_it_reads_until_there_is_too_much() {
    let mut program = Program::new();
    let mut last = program.cell(None);
    program.codelet(
        Wish::default(),
        [Use {
            cell: last,
            mode: Write,
        }],
    );
    for _ in 0..63 {
        let next = program.cell(None);
        let uses = [(last, Read), (next, Write)];
        program.codelet(Wish::default(), uses.map(|(cell, mode)| Use { cell, mode }));
        last = next;
    }
    let owners = owners(&program, 2);
    let changes = owners.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let first = owners.iter().filter(|owner| owner.xe == 0).count();
    assert!((1..=16).contains(&changes), "{changes}");
    assert!((28..=36).contains(&first), "{first}");
}

#[test]
fn more_uses_come_behind_their_codelets_own() {
    let mut program = Program::new();
    let cells: Vec<u32> = (0..3).map(|_| program.cell(None)).collect();
    let one = |at: usize| Use {
        cell: cells[at],
        mode: Read,
    };
    program.codelet(Wish::default(), [one(0)]);
    program.codelet(Wish::default(), []);
    program.codelet(Wish::default(), [one(1)]);
    program.add_uses(&[(0, one(2)), (1, one(2))]);
    assert_eq!(program.uses(0), [one(0), one(2)]);
    assert_eq!(program.uses(1), [one(2)]);
    assert_eq!(program.uses(2), [one(1)]);
}

/// Dependences as (before, after, in the round before).
fn depends(cells: u32, codelets: &[&[(u32, Mode)]]) -> Vec<(u32, u32, bool)> {
    let mut program = Program::new();
    (0..cells).for_each(|_| _ = program.cell(None));
    for uses in codelets {
        let one = |&(cell, mode): &(u32, Mode)| Use { cell, mode };
        program.codelet(Wish::default(), uses.iter().map(one));
    }
    let all = dependences(&program);
    (all.iter())
        .map(|one| (one.before, one.after, one.last_round))
        .collect()
}

#[test]
fn dependences_are_those_of_one_round_and_those_from_the_round_before() {
    // Write, two readers, and the next round's write.
    let read: &[(u32, Mode)] = &[(0, Read)];
    assert_eq!(
        depends(1, &[&[(0, Write)], read, read]),
        [(1, 0, true), (2, 0, true), (0, 1, false), (0, 2, false)]
    );
    // What nobody writes, and one codelet alone, depend on nothing.
    assert_eq!(depends(1, &[read, read]), []);
    assert_eq!(depends(1, &[&[(0, ReadWrite)]]), []);
    // The same pair by two cells is one dependence.
    let both: &[(u32, Mode)] = &[(0, ReadWrite), (1, ReadWrite)];
    assert_eq!(depends(2, &[both, both]), [(1, 0, true), (0, 1, false)]);
}
