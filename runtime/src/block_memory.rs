//! Where a block's memory is for who holds the block, or a part of it.

use crate::access::Mode;
use crate::block_table::{BlockSlot, Hold};
use crate::error::Result;
use crate::local::Local;
use crate::shared::Shared;

impl Shared {
    /// A block's memory, taken now if this is the first access: see [`BlockSlot::memory`].
    #[inline(always)]
    pub(crate) fn memory(
        &self,
        slot: &BlockSlot,
        mode: Mode,
        local: &mut Local,
    ) -> Result<*mut u8> {
        slot.memory(|| self.look_up_memory(slot, Hold::All(mode), local))
    }

    /// The memory of a block of which a part is held in this mode.
    #[inline(always)]
    pub(crate) fn memory_of_part(
        &self,
        slot: &BlockSlot,
        mode: Mode,
        local: &mut Local,
    ) -> Result<*mut u8> {
        slot.memory(|| self.look_up_memory(slot, Hold::Part(mode), local))
    }

    #[cold]
    fn look_up_memory(&self, slot: &BlockSlot, hold: Hold, local: &mut Local) -> Result<*mut u8> {
        let magazine = &mut local.magazine;
        self.blocks
            .look_up_memory(slot, hold, &self.homes, magazine)
    }
}
