//! The lanes of a reduction: where the members of a group add up, side by side, and in which order all is put together.
//!
//! A group is what stands next to each other in a queue with the same operator. Member `k` of a group (from 0, in the
//! order of entrance) adds to lane `k % LANES`; the members of a lane do so one after the other, in this order. When the
//! next access of another kind has entered and all members have left, the lanes are put together by [`tree`], and what
//! comes out is put to the block. None of this depends on time, so the result has the same bits each time.

use crate::access::Operator;
use crate::mutants::mutant;
use std::collections::VecDeque;

/// How many lanes a reduction has: so many members run side by side, and so many copies of the block there are at most.
pub const LANES: usize = 16;

/// The order in which `lanes` lanes are put together: each pair is a lane that takes in another one. Lane 0 has all in
/// the end.
///
/// ```
/// let pairs: Vec<_> = sprat::decide::lanes::tree(5).collect();
/// assert_eq!(pairs, [(0, 1), (2, 3), (0, 2), (0, 4)]);
/// ```
pub fn tree(lanes: usize) -> impl Iterator<Item = (usize, usize)> {
    let in_one_row = mutant!("lanes_in_one_row");
    let widths = std::iter::successors(Some(1), |width| Some(2 * width));
    widths
        .take_while(move |width| *width < lanes)
        .flat_map(move |width| {
            (0..lanes - width).step_by(2 * width).map(move |at| {
                if in_one_row {
                    (0, at + width)
                } else {
                    (at, at + width)
                }
            })
        })
}

/// The lanes of a group that has come to its end. `M` is what the runtime keeps for a lane: its memory.
#[derive(Debug)]
pub struct Sums<M> {
    /// The operator.
    pub operator: Operator,
    /// The lanes' memory, where it was taken.
    pub lanes: Vec<Option<M>>,
    /// Whether somebody will look at the result. If not the lanes are forgotten.
    pub wanted: bool,
}

/// See the module. `T` names a codelet.
#[derive(Clone, Debug)]
pub(super) struct Lanes<T, M> {
    operator: Operator,
    /// How many members have entered.
    members: usize,
    lanes: Vec<Lane<T, M>>,
    /// The lane whose holder has just left.
    left: Option<usize>,
}

#[derive(Clone, Debug)]
struct Lane<T, M> {
    holder: Option<T>,
    waiting: VecDeque<T>,
    memory: Option<M>,
}

impl<T: Copy + PartialEq, M> Lanes<T, M> {
    pub(super) fn new(operator: Operator) -> Self {
        Lanes {
            operator,
            members: 0,
            lanes: Vec::new(),
            left: None,
        }
    }

    /// A member enters. True if it has its lane at once.
    pub(super) fn join(&mut self, who: T) -> bool {
        let at = self.members % LANES;
        self.members += 1;
        match self.lanes.get_mut(at) {
            None => self.lanes.push(Lane {
                holder: Some(who),
                waiting: VecDeque::new(),
                memory: None,
            }),
            Some(lane) if lane.holder.is_none() => lane.holder = Some(who),
            Some(lane) => {
                lane.waiting.push_back(who);
                return false;
            }
        }
        true
    }

    fn lane_of(&mut self, who: T) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.holder == Some(who))
    }

    /// The memory of the lane that `who` holds.
    pub(super) fn memory_of(&mut self, who: T) -> Option<&mut Option<M>> {
        let at = self.lane_of(who)?;
        Some(&mut self.lanes[at].memory)
    }

    /// A member that holds its lane leaves. Follow with [`Lanes::next`].
    pub(super) fn leave(&mut self, who: T) {
        let at = self.lane_of(who);
        debug_assert!(at.is_some(), "only who holds a lane leaves it");
        if let Some(at) = at {
            self.lanes[at].holder = None;
            self.left = Some(at);
        }
    }

    /// Who holds the lane next that was just left.
    pub(super) fn next(&mut self) -> Option<T> {
        let lane = &mut self.lanes[self.left.take()?];
        lane.holder = lane.waiting.pop_front();
        lane.holder
    }

    /// All members have left.
    pub(super) fn end(self, wanted: bool) -> Sums<M> {
        debug_assert!(self.lanes.iter().all(|lane| lane.holder.is_none()));
        Sums {
            operator: self.operator,
            lanes: self.lanes.into_iter().map(|lane| lane.memory).collect(),
            wanted,
        }
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = T> + '_ {
        self.lanes
            .iter()
            .flat_map(|lane| lane.waiting.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, tree};

    #[test]
    fn lanes_are_put_together_by_pairs() {
        let pairs: Vec<_> = tree(6).collect();
        assert_eq!(pairs, [(0, 1), (2, 3), (4, 5), (0, 2), (0, 4)]);
    }

    #[test]
    fn the_tree_brings_every_lane_to_the_first_once() {
        for lanes in 1..=2 * LANES {
            let mut there: Vec<Vec<usize>> = (0..lanes).map(|lane| vec![lane]).collect();
            for (into, from) in tree(lanes) {
                let more = std::mem::take(&mut there[from]);
                assert!(!more.is_empty(), "lane {from} of {lanes} taken in twice");
                there[into].extend(more);
            }
            assert_eq!(there[0], (0..lanes).collect::<Vec<_>>());
        }
    }
}
