//! A short list of plain accesses: whole blocks, to be read, written, or changed in turn.

use super::{BlockKey, Mode};
use crate::id::BlockId;

/// So many accesses are few.
pub(crate) const FEW: usize = 4;

/// See the module. Where the shape of what is listed is known, all of it is known to the compiler but the ids.
#[derive(Debug)]
pub struct PlainList {
    few: [(BlockKey, Mode); FEW],
    count: usize,
}

impl PlainList {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        PlainList {
            few: [(BlockKey(BlockId::NONE), Mode::Read); FEW],
            count: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, block: BlockKey, mode: Mode) {
        if let Some(place) = self.few.get_mut(self.count) {
            *place = (block, mode);
        }
        self.count += 1;
    }

    /// There is something else: the list is no use.
    #[inline(always)]
    pub(crate) fn spoil(&mut self) {
        self.count = FEW + 1;
    }

    /// How many accesses; more than [`FEW`] if the list is no use.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The first `N`.
    #[inline(always)]
    pub(crate) fn first<const N: usize>(&self) -> &[(BlockKey, Mode); N] {
        self.few.first_chunk().expect("no more than few")
    }
}
