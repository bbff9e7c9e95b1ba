//! Where lanes say how far they are.
//!
//! A step that other lanes wait for writes its lane's position to a **signal**, and they look at that one. A signal lies in a
//! cache line, and a line on its way from one core to another is most of what a dependence between lanes costs. So a signal
//! lies, if it can, in the line of what the step writes and the others read: then one line travels and not two. That needs a
//! cell with room behind its data, all of whose signals are of one lane. All other signals of a lane are few lines of its
//! own that take turns, so that it writes the next one while others still look at the last.
//!
//! Whatever signal it is, its lane alone writes it, and writes positions that grow; so each says how far the lane is at
//! least, and the one that its step writes says when the step is over.

use super::{Lane, Program};
use crate::mutants::mutant;

/// Signals of each lane that lie in no cell.
pub const LINES: usize = 4;

/// The greatest number of a signal.
const MOST: usize = u16::MAX as usize;

/// Gives a signal to each step that is waited for, and to each wait. Steps that are waited for have a signal already,
/// whichever. The cells that hold signals, in the order of their numbers, which begin behind those of the lanes' own lines.
pub(super) fn place(
    program: &Program,
    lanes: &mut [Lane],
    has_room: impl Fn(u32) -> bool,
) -> Vec<u32> {
    // Then lanes write each other's signals: nobody could say how far which of them is.
    let mixed = mutant!("signals_mixed");
    let first = 1 + LINES * lanes.len();
    let mut of_cell: Vec<Option<(usize, u16)>> = Vec::new();
    let mut cells = Vec::new();
    for (at, lane) in lanes.iter_mut().enumerate() {
        let mut turn = 0;
        for step in lane.steps.iter_mut().filter(|step| step.publishes()) {
            let mut written = (program.uses(step.codelet).iter())
                .filter(|one| one.mode.writes() && has_room(one.cell));
            let in_cell = written.find_map(|one| {
                let cell = one.cell as usize;
                if of_cell.len() <= cell {
                    of_cell.resize(program.cells(), None);
                }
                let number = first + cells.len();
                if of_cell[cell].is_none() && number <= MOST {
                    of_cell[cell] = Some((at, number as u16));
                    cells.push(one.cell);
                }
                of_cell[cell].filter(|&(lane, _)| lane == at || mixed)
            });
            step.signal = in_cell.map_or_else(
                || {
                    turn = (turn + 1) % LINES;
                    (1 + at * LINES + turn) as u16
                },
                |(_, number)| number,
            );
        }
    }
    for at in 0..lanes.len() {
        let mut waits = std::mem::take(&mut lanes[at].waits);
        for wait in &mut waits {
            let step = &lanes[wait.lane()].steps[wait.steps as usize - 1];
            *wait = wait.at_signal(step.signal);
        }
        lanes[at].waits = waits;
    }
    cells
}

#[cfg(test)]
mod tests {
    use crate::access::Mode::{Read, ReadWrite};
    use crate::decide::graph::{LINES, Owner, Program, Schedule, Use, Wait, Wish, schedule};

    /// Codelets with their engines, what they write, and what they read; cells below `roomy` have room.
    fn compiled(cells: u32, roomy: u32, codelets: &[(u16, u32, &[u32])]) -> Schedule {
        let mut program = Program::new();
        (0..cells).for_each(|_| _ = program.cell(Some(0)));
        for &(_, written, read) in codelets {
            let reads = read.iter().map(|&cell| Use { cell, mode: Read });
            let written = Use {
                cell: written,
                mode: ReadWrite,
            };
            program.codelet(Wish::default(), reads.chain([written]));
        }
        let owner = |&(xe, ..): &(u16, u32, &[u32])| Owner { xe, only: false };
        let owners: Vec<Owner> = codelets.iter().map(owner).collect();
        schedule(&program, &owners, |cell| cell < roomy)
    }

    fn signals(schedule: &Schedule, lane: usize) -> Vec<u16> {
        let steps = schedule.lanes[lane].steps.iter();
        steps.map(|step| step.signal).collect()
    }

    /// Each wait is at the signal of the step that it waits for, and no two lanes have one in common.
    fn check(schedule: &Schedule) {
        let mut lane_of = vec![None; schedule.first_in_cells() + schedule.signal_cells.len()];
        for (at, lane) in schedule.lanes.iter().enumerate() {
            for step in lane.steps.iter().filter(|step| step.publishes()) {
                let lane_of = &mut lane_of[usize::from(step.signal)];
                assert_eq!(*lane_of.get_or_insert(at), at, "signal {}", step.signal);
            }
            for wait in &lane.waits {
                let step = schedule.lanes[wait.lane()].steps[wait.steps as usize - 1];
                assert!(step.publishes());
                assert_eq!(wait.signal(), step.signal);
            }
        }
    }

    #[test]
    fn a_signal_lies_in_what_is_written_and_read_elsewhere() {
        // Two that write a cell each, and read the other's.
        let schedule = compiled(2, 2, &[(0, 0, &[1]), (1, 1, &[0])]);
        let first = schedule.first_in_cells() as u16;
        assert_eq!(signals(&schedule, 0), [first]);
        assert_eq!(signals(&schedule, 1), [first + 1]);
        assert_eq!(schedule.signal_cells, [0, 1]);
        check(&schedule);
    }

    #[test]
    fn signals_without_room_take_turns_among_lines() {
        let writes: Vec<(u16, u32, &[u32])> = (0..6).map(|cell| (0, cell, &[][..])).collect();
        let reads = [0, 1, 2, 3, 4, 5].map(|cell| [cell]);
        let reads = (6..).zip(&reads).map(|(own, read)| (1, own, &read[..]));
        let all: Vec<_> = writes.into_iter().chain(reads).collect();
        let schedule = compiled(12, 0, &all);
        let turns = signals(&schedule, 0);
        assert_eq!(turns[..LINES].len(), LINES);
        assert!((1..LINES).all(|at| turns[at] != turns[at - 1]));
        assert_eq!(turns[LINES], turns[0]);
        assert!(schedule.signal_cells.is_empty());
        check(&schedule);
    }

    /// Engines have two lanes at most, and there are 4,096 engines at most.
    #[test]
    fn the_last_line_of_the_last_lane_has_a_number() {
        let lanes = 2 * 4096;
        let last = LINES * lanes;
        assert!(last < super::MOST);
        for before in [false, true] {
            let wait = Wait::new(lanes as u32 - 1, 7, before).at_signal(last as u16);
            assert_eq!(usize::from(wait.signal()), last);
            assert_eq!(wait.lane(), lanes - 1);
            assert_eq!(wait.is_in_the_round_before(), before);
        }
    }

    #[test]
    fn a_cell_that_lanes_write_in_turn_holds_the_signal_of_one() {
        let schedule = compiled(1, 1, &[(0, 0, &[]), (1, 0, &[]), (0, 0, &[]), (1, 0, &[])]);
        assert_eq!(schedule.signal_cells, [0]);
        check(&schedule);
    }
}
