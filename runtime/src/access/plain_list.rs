//! A short list of plain accesses: whole blocks, to be read, written, or changed in turn; or values.

use super::{BlockKey, Mode, ValueKey};
use crate::id::{BlockId, CodeletId};

/// So many accesses to blocks are few.
pub(crate) const FEW: usize = 4;

/// So many values are few: those of a point and its neighbours in three dimensions.
pub(crate) const FEW_VALUES: usize = 7;

/// What the accesses of a codelet are, if they are few and all of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// None, many, of several kinds, or of other ones.
    Other,
    /// So many plain accesses to blocks.
    Blocks(usize),
    /// So many values.
    Values(usize),
}

/// See the module. Where the shape of what is listed is known, all of it is known to the compiler but the ids.
#[derive(Debug)]
pub struct PlainList {
    blocks: [(BlockKey, Mode); FEW],
    values: [ValueKey; FEW_VALUES],
    block_count: usize,
    value_count: usize,
    spoiled: bool,
}

impl PlainList {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn new() -> Self {
        PlainList {
            blocks: [(BlockKey(BlockId::NONE), Mode::Read); FEW],
            values: [ValueKey(CodeletId::NONE); FEW_VALUES],
            block_count: 0,
            value_count: 0,
            spoiled: false,
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn push(&mut self, block: BlockKey, mode: Mode) {
        match self.blocks.get_mut(self.block_count) {
            Some(place) => *place = (block, mode),
            None => self.spoil(),
        }
        self.block_count += 1;
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn push_value(&mut self, value: ValueKey) {
        match self.values.get_mut(self.value_count) {
            Some(place) => *place = value,
            None => self.spoil(),
        }
        self.value_count += 1;
    }

    /// There is something else: the list is no use.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// What is in it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn shape(&self) -> Shape {
        match (self.spoiled, self.block_count, self.value_count) {
            (false, count @ 1.., 0) => Shape::Blocks(count),
            (false, 0, count @ 1..) => Shape::Values(count),
            _ => Shape::Other,
        }
    }

    /// The first `N` blocks.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn blocks<const N: usize>(&self) -> &[(BlockKey, Mode); N] {
        self.blocks.first_chunk().expect("no more than few")
    }

    /// The first `N` values.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn values<const N: usize>(&self) -> &[ValueKey; N] {
        self.values.first_chunk().expect("no more than few")
    }
}
