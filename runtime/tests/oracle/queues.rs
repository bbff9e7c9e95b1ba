//! The queues of blocks as they mean: who finds poison, and what groups of neighbours leave.
//!
//! A group is what stands next to each other with a mode that groups. All its members find what was there before it; its
//! end, when an access of another kind comes, shows their poison and their sums. Member `k` of a reduction adds to lane
//! `k % 16`; the lanes are put together by pairs whose distance doubles, and then to the block.

use crate::program::{Mode, Node};
use std::collections::BTreeMap;

/// A block's own queue, or that which a codelet's access gives its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Own(usize),
    Of(usize, usize),
}

impl Name {
    /// The queue that the children of `parent` (or the host) enter.
    pub fn of(parent: Option<&Node>, block: usize) -> Name {
        let declares = |node: &&Node| node.accesses.iter().any(|access| access.0 == block);
        match parent.filter(declares) {
            Some(node) => Name::Of(node.id, block),
            None => Name::Own(block),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct State {
    /// What those find who are in now.
    pub poisoned: bool,
    group: Option<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    mode: Mode,
    members: usize,
    failed: bool,
    lanes: Vec<Vec<u64>>,
}

/// How many lanes a reduction has.
pub const LANES: usize = 16;

#[derive(Clone, Debug, Default)]
pub struct Queues(BTreeMap<Name, State>);

impl Queues {
    pub fn at(&mut self, name: Name) -> &mut State {
        self.0.entry(name).or_default()
    }

    pub fn open(&mut self, name: Name, poisoned: bool) {
        let group = None;
        self.0.insert(name, State { poisoned, group });
    }

    /// Whether an access belongs to the group that is there.
    pub fn joins(&mut self, name: Name, mode: Mode) -> bool {
        let group = &self.at(name).group;
        group.as_ref().is_some_and(|group| group.mode == mode)
    }

    pub fn enter(&mut self, name: Name, mode: Mode) {
        if !mode.groups() {
            return;
        }
        let group = self.at(name).group.get_or_insert(Group {
            mode,
            members: 0,
            failed: false,
            lanes: Vec::new(),
        });
        group.members += 1;
    }

    pub fn leave(&mut self, name: Name, mode: Mode, failed: bool) {
        let state = self.at(name);
        match &mut state.group {
            Some(group) if mode.groups() => group.failed |= failed,
            _ if mode == Mode::Read => (),
            _ => state.poisoned = failed,
        }
    }

    /// The lane of the member that entered last.
    pub fn lane(&mut self, name: Name, len: usize) -> &mut Vec<u64> {
        let group = self.at(name).group.as_mut().expect("a member has entered");
        let lane = (group.members - 1) % LANES;
        while group.lanes.len() <= lane {
            group.lanes.push(vec![0; len]);
        }
        &mut group.lanes[lane]
    }

    /// Ends the group that is there: what is to be added to the block, and how many members it had.
    pub fn settle(&mut self, name: Name) -> (Option<(Mode, Vec<u64>)>, usize) {
        let state = self.at(name);
        let Some(mut group) = state.group.take() else {
            return (None, 0);
        };
        state.poisoned |= group.failed;
        if state.poisoned || group.lanes.is_empty() {
            return (None, group.members);
        }
        let mut distance = 1;
        while distance < group.lanes.len() {
            let (lanes, mode) = (&mut group.lanes, group.mode);
            for at in (0..lanes.len() - distance).step_by(2 * distance) {
                let (into, from) = lanes.split_at_mut(at + distance);
                for (into, from) in into[at].iter_mut().zip(&from[0]) {
                    *into = mode.combine(*into, *from);
                }
            }
            distance *= 2;
        }
        (
            Some((group.mode, group.lanes.swap_remove(0))),
            group.members,
        )
    }
}
