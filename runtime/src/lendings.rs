//! What an engine lends to one codelet while its body runs.

use crate::access::Lent;
use crate::memory_region::Chunk;

/// The memory lent to one codelet: a few on the stack, more on the heap.
#[derive(Default)]
pub(crate) struct Lendings {
    few: [Lent; FEW],
    count: usize,
    many: Vec<Lent>,
    /// Memory that goes back when the body has ended.
    pub(crate) scratch: Vec<Chunk>,
}

const FEW: usize = 6;

impl Lendings {
    #[inline]
    pub(crate) fn push(&mut self, lent: Lent) {
        if self.count < FEW {
            self.few[self.count] = lent;
        } else {
            if self.count == FEW {
                self.many.extend(self.few);
            }
            self.many.push(lent);
        }
        self.count += 1;
    }

    #[inline]
    pub(crate) fn list(&self) -> &[Lent] {
        match self.count {
            few @ 0..=FEW => &self.few[..few],
            _ => &self.many,
        }
    }
}
