//! Recorded graphs: from what codelets use to a schedule, which says who runs what in which order, and who waits for whom.
//!
//! Codelets come in program order. What they use are **cells**: blocks, values, ends. A schedule is made of **lanes**:
//! lists of codelets that run one after the other, in program order. So a dependence inside a lane costs nothing, and one
//! between lanes is a position that the other lane must have passed. The protocol that runs lanes, and the proof, are in
//! `docs/design/replay.md`.

mod balance;
mod dependences;
mod log;
mod owners;
mod parts;
mod signals;
#[cfg(test)]
mod tests;
mod users;
mod waits;

pub use balance::{Next, Share, Verdict, Watch, in_balance, loads, rebalanced, speeds};
pub use dependences::{Dependence, dependences};
pub use log::{Inputs, log};
pub use owners::{EVEN, Wish, owners, owners_at, round_time};
pub use parts::Piece;
pub use signals::LINES;
pub use waits::schedule;

use crate::access::Mode;
use parts::{Overlap, Parts};

/// One use of a cell by a codelet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The cell's number.
    pub cell: u32,
    /// How it is used. What commutes, and who adds to a lane of a reduction, is ordered like what reads and writes.
    pub mode: Mode,
}

impl Use {
    /// Whether neighbours in this mode need not wait for each other.
    fn side_by_side(self) -> bool {
        matches!(self.mode, Mode::Read | Mode::SharedWrite)
    }
}

/// The home of what is no block. There are not so many engines.
const NOWHERE: u16 = u16::MAX;

/// What was recorded, in program order.
#[derive(Debug, Default)]
pub struct Program {
    /// Where each codelet's uses begin; one more at the end.
    starts: Vec<u32>,
    uses: Vec<Use>,
    wishes: Vec<Wish>,
    /// For each cell the engine that it belongs to, if it is a block; else [`NOWHERE`].
    homes: Vec<u16>,
    parts: Parts,
}

impl Program {
    /// An empty program.
    pub fn new() -> Self {
        Program {
            starts: vec![0],
            ..Program::default()
        }
    }

    /// One more cell; its number. A block belongs to an engine, its home.
    pub fn cell(&mut self, home: Option<u16>) -> u32 {
        self.homes.push(home.unwrap_or(NOWHERE));
        self.homes.len() as u32 - 1
    }

    /// One more codelet with what it uses; its number.
    pub fn codelet(&mut self, wish: Wish, uses: impl IntoIterator<Item = Use>) -> u32 {
        self.uses.extend(uses);
        self.starts.push(self.uses.len() as u32);
        self.wishes.push(wish);
        self.wishes.len() as u32 - 1
    }

    /// What a codelet says about where it would run.
    pub fn wish_mut(&mut self, codelet: u32) -> &mut Wish {
        &mut self.wishes[codelet as usize]
    }

    /// Gives codelets one more use each, which come with rising numbers of codelets.
    pub fn add_uses(&mut self, more: &[(u32, Use)]) {
        let mut uses = Vec::with_capacity(self.uses.len() + more.len());
        let mut more = more.iter().peekable();
        let mut from = 0;
        for (codelet, end) in self.starts[1..].iter_mut().enumerate() {
            uses.extend_from_slice(&self.uses[from..*end as usize]);
            from = *end as usize;
            while let Some((_, one)) = more.next_if(|(at, _)| *at as usize == codelet) {
                uses.push(*one);
            }
            *end = uses.len() as u32;
        }
        debug_assert!(more.next().is_none(), "in the codelets' order");
        self.uses = uses;
    }

    /// The engine that a cell belongs to, if it is a block.
    #[inline]
    pub fn home(&self, cell: u32) -> Option<u16> {
        let home = self.homes[cell as usize];
        (home != NOWHERE).then_some(home)
    }

    /// Says which cells are parts of blocks; these and the blocks themselves are the pieces.
    pub fn split(&mut self, pieces: Vec<Piece>) {
        self.parts = Parts::new(pieces);
    }

    /// What a cell is, if it is a part of a block, or a block that has parts.
    pub fn piece(&self, cell: u32) -> Option<&Piece> {
        self.parts.piece(cell).map(|(_, piece)| piece)
    }

    /// How many blocks have parts.
    pub fn split_blocks(&self) -> usize {
        self.parts.blocks()
    }

    /// The cells that have bytes in common with this one.
    #[inline]
    fn overlaps(&self, cell: u32) -> &[Overlap] {
        self.parts.overlaps(cell)
    }

    /// Gives back the memory that it grew into and does not use.
    pub fn shrink(&mut self) {
        self.starts.shrink_to_fit();
        self.uses.shrink_to_fit();
        self.wishes.shrink_to_fit();
        self.homes.shrink_to_fit();
    }

    /// How many codelets there are.
    pub fn len(&self) -> usize {
        self.wishes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.wishes.is_empty()
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.homes.len()
    }

    /// What a codelet uses.
    #[inline]
    pub fn uses(&self, codelet: u32) -> &[Use] {
        let at = codelet as usize;
        &self.uses[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// What a codelet costs, at least 1.
    pub fn cost(&self, codelet: u32) -> u32 {
        self.wishes[codelet as usize].cost.max(1)
    }

    /// Where a codelet's uses begin among all.
    #[inline]
    pub fn first_use(&self, codelet: u32) -> u32 {
        self.starts[codelet as usize]
    }

    /// All uses, codelet by codelet.
    pub fn all_uses(&self) -> &[Use] {
        &self.uses
    }
}

/// Where a codelet runs: its engine, and whether it must be that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The engine.
    pub xe: u16,
    /// No other engine may run it.
    pub only: bool,
}

/// Who runs what, and who waits for whom.
#[derive(Debug, Default)]
pub struct Schedule {
    /// The lanes, by owner.
    pub lanes: Vec<Lane>,
    /// The cells that hold signals, in the order of the signals' numbers, which begin with
    /// [`first_in_cells`](Schedule::first_in_cells).
    pub signal_cells: Vec<u32>,
}

impl Schedule {
    /// The number of the first signal that lies in a cell. Those before are lines of the lanes' own; there is none with the
    /// number 0.
    pub fn first_in_cells(&self) -> usize {
        1 + LINES * self.lanes.len()
    }

    /// The codelet at a step of a lane.
    pub fn codelet(&self, lane: usize, step: u32) -> u32 {
        self.lanes[lane].steps[step as usize].codelet
    }
}

/// Codelets that run one after the other.
#[derive(Debug)]
pub struct Lane {
    /// Who runs it.
    pub owner: Owner,
    /// The codelets, in program order.
    pub steps: Vec<Step>,
    /// What the steps wait for, step by step.
    pub waits: Vec<Wait>,
}

/// One codelet in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The codelet's number.
    pub codelet: u32,
    /// How many of the lane's waits are its own.
    pub waits: u16,
    /// Where it says that it has run, if another lane waits for that; else 0.
    pub signal: u16,
}

impl Step {
    /// Whether some other lane waits until this step has run.
    #[inline]
    pub fn publishes(&self) -> bool {
        self.signal != 0
    }
}

/// What a step waits for: another lane's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The lane, doubled; and one more if its position is meant in the round before.
    word: u16,
    /// Where that lane says that it is there.
    signal: u16,
    /// So many of that lane's steps must have run.
    pub steps: u32,
}

impl Wait {
    /// A wait for a lane that has run so many steps, of this round or of the one before. Its signal comes later.
    pub fn new(lane: u32, steps: u32, before: bool) -> Self {
        let word = lane << 1 | u32::from(before);
        Wait {
            word: u16::try_from(word)
                .expect("an engine has at most two lanes, and there are few engines"),
            signal: 0,
            steps,
        }
    }

    /// The same, at this signal.
    pub(super) fn at_signal(self, signal: u16) -> Self {
        Wait { signal, ..self }
    }

    /// The other lane.
    #[inline]
    pub fn lane(self) -> usize {
        usize::from(self.word >> 1)
    }

    /// Where the other lane says that it is there.
    #[inline]
    pub fn signal(self) -> u16 {
        self.signal
    }

    /// Whether it is a position in the round before.
    #[inline]
    pub fn is_in_the_round_before(self) -> bool {
        self.word & 1 != 0
    }

    /// What the other lane must have reached when the waiting step is of this round.
    #[inline]
    pub fn reached_in(self, round: u32) -> u64 {
        reached(round - u32::from(self.word & 1), self.steps)
    }
}

/// How far a lane is, as one number that only grows: it is in this round (numbered from 1) and has run so many steps of it.
#[inline]
pub fn reached(round: u32, steps: u32) -> u64 {
    u64::from(round) << 32 | u64::from(steps)
}
