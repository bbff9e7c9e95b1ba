//! Where a block's memory is for who holds the block, or a part of it.

use crate::access::Mode;
use crate::block_table::{BlockSlot, Hold};
use crate::engine::Engine;
use crate::entry::{Entry, EntryKind};
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

    /// The memory of a whole block that a codelet holds by this entry, and whether only for others.
    #[inline(always)]
    pub(crate) fn memory_of_entry(
        &self,
        slot: &BlockSlot,
        entry: &Entry,
        for_others: bool,
        local: &mut Local,
    ) -> Result<*mut u8> {
        slot.memory(|| self.look_up_for_entry(slot, entry, for_others, local))
    }

    /// Finds out how the block is held only here, where that matters.
    #[cold]
    fn look_up_for_entry(
        &self,
        slot: &BlockSlot,
        entry: &Entry,
        for_others: bool,
        local: &mut Local,
    ) -> Result<*mut u8> {
        let EntryKind::Block(mode) = entry.kind() else {
            unreachable!("it is the entry of a whole block");
        };
        let hold = match mode {
            // Others may be writing bytes of it, so that copies are not true.
            Mode::Read if Engine::queue_of(entry).shared => Hold::Part(Mode::Read),
            // Those for whom it is held may never come to write it.
            Mode::Write if for_others => Hold::All(Mode::ReadWrite),
            mode => Hold::All(mode),
        };
        self.look_up_memory(slot, hold, local)
    }

    #[cold]
    fn look_up_memory(&self, slot: &BlockSlot, hold: Hold, local: &mut Local) -> Result<*mut u8> {
        let magazine = &mut local.magazine;
        self.blocks
            .look_up_memory(slot, hold, &self.homes, magazine)
    }
}
