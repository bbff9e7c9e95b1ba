//! Who used which block, and how much of that lay in another memory region.

use super::Reader;
use crate::run::Access;
use sprat::trace::Moved;
use std::collections::HashMap;

/// A region that is not known.
const NOWHERE: u16 = u16::MAX;

impl Access {
    /// Whether it is read, and whether it is written.
    fn ways(&self) -> (bool, bool) {
        match self.mode {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        }
    }

    /// Whether it was in another region than this one.
    fn is_away(&self, region: u16) -> bool {
        self.home != NOWHERE && region != NOWHERE && self.home != region
    }

    /// Whether who uses it so is alone with it: others come one after the other. (Neighbours that reduce have lanes of their own.)
    fn is_alone(&self) -> bool {
        !matches!(self.mode, 0 | 4 | 5)
    }

    /// The bytes that go there and back, and those of them that a user in this region has from another one. In floating point, since
    /// damage can make any number of them.
    pub(super) fn bytes(&self, region: u16) -> (f64, f64) {
        let (reads, writes) = self.ways();
        let all = self.bytes as f64 * f64::from(u8::from(reads) + u8::from(writes));
        (all, if self.is_away(region) { all } else { 0.0 })
    }
}

/// Which share of these bytes lies in other regions.
pub(super) fn share((all, away): (f64, f64)) -> f32 {
    (away / all.max(1.0)) as f32
}

/// Where blocks that moved were, and when: for uses that were noted once and happen again and again, as those of graphs.
#[derive(Default)]
pub(super) struct Stays {
    /// When each move was made, in order.
    times: Vec<u64>,
    /// Of each block that moved its moves, in order.
    moves: HashMap<(u32, u32), Vec<Stay>>,
}

/// One move: its place among all, and from which region to which.
struct Stay {
    at: usize,
    from: u16,
    to: u16,
}

impl Stays {
    pub(super) fn new(moves: &[Moved]) -> Self {
        let mut all: Vec<&Moved> = moves.iter().filter(|moved| !moved.copied).collect();
        all.sort_by_key(|moved| moved.time);
        let mut stays = Stays::default();
        for (at, moved) in all.into_iter().enumerate() {
            stays.times.push(moved.time);
            let block = (moved.block, moved.generation);
            let list = stays.moves.entry(block).or_default();
            list.push(Stay {
                at,
                from: moved.from,
                to: moved.to,
            });
        }
        stays
    }

    /// How many moves were made up to a time: until the next one all blocks stay where they are.
    pub(super) fn before(&self, time: u64) -> usize {
        self.times.partition_point(|moved| *moved <= time)
    }

    /// Where a block was after so many moves of all; `else_home` if it never moved.
    pub(super) fn home(&self, block: (u32, u32), moves: usize, else_home: u16) -> u16 {
        let Some(list) = self.moves.get(&block) else {
            return else_home;
        };
        match list.partition_point(|stay| stay.at < moves) {
            0 => list[0].from,
            done => list[done - 1].to,
        }
    }
}

impl Reader {
    /// The region of who writes a stream.
    pub(super) fn region(&self, stream: u32) -> u16 {
        let regions = &self.run.regions;
        regions.get(stream as usize).copied().unwrap_or(NOWHERE)
    }

    /// A block was used so many times by codelets of this kind.
    pub(super) fn used(&mut self, how: &Access, kind: u16, stream: u32, times: u64) {
        let region = self.region(stream);
        let one = self.run.blocks.entry(how.block).or_default();
        let all = how.bytes.saturating_mul(times);
        let (reads, writes) = how.ways();
        for (sum, counts) in [(&mut one.read, reads), (&mut one.written, writes)] {
            if counts {
                *sum = sum.saturating_add(all);
                if how.is_away(region) {
                    one.remote = one.remote.saturating_add(all);
                }
            }
        }
        if how.is_away(region) && all > 0 {
            let far = self.run.far.entry((how.block, region)).or_default();
            for (sum, counts) in [(&mut far.read, reads), (&mut far.written, writes)] {
                *sum = sum.saturating_add(if counts { all } else { 0 });
            }
        }
        one.largest = one.largest.max(how.bytes);
        one.times = one.times.saturating_add(times);
        let alone = if how.is_alone() { times } else { 0 };
        one.writes = one.writes.saturating_add(alone);
        one.home = how.home;
        if writes || one.times == times {
            one.kind = kind;
        }
    }
}
