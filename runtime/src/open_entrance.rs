//! How an open codelet enters the queues of its blocks when these are few, all of them whole ones that are everybody's: what is
//! to be found out for other accesses is known of these, so no list is made of them.

use crate::access::{FEW, Mode};
use crate::codelet::{capacity, flag};
use crate::data_block::Block;
use crate::engine::Engine;
use crate::entrance::{self, Door};
use crate::entry::{Entry, EntryKind, Found};
use crate::sync::atomic::Ordering;

/// What entering gave.
pub(crate) struct Few {
    /// How many queues were entered.
    pub(crate) blocks: u32,
    /// How many of the blocks it holds at once.
    pub(crate) granted: u32,
}

impl Engine<'_> {
    /// Writes the entries of a codelet that is ours and enters the queues, as one step. `None` if there is anything else to know of an
    /// access, or a block is gone: then no queue was entered, and the entries mean nothing.
    #[inline]
    pub(crate) fn enter_few(
        &self,
        id: u32,
        payload: usize,
        accesses: impl ExactSizeIterator<Item = (Block<u8>, Mode)>,
    ) -> Option<Few> {
        let shared = self.shared;
        let arena = &shared.arena;
        let record = arena.record(id);
        let count = accesses.len();
        if count > FEW.min(capacity(payload)) || record.flags() & flag::DESTROYS != 0 {
            return None;
        }
        let mut doors = [const { Door::nowhere() }; FEW];
        let first = arena.first_place(id, payload);
        for (at, (block, mode)) in accesses.enumerate() {
            let plain = matches!(mode, Mode::Read | Mode::SharedWrite | Mode::Exclusive);
            if !plain || block.id.runtime() != shared.id.number() {
                return None;
            }
            let slot = shared.blocks.slot(block.id.slot());
            // Each door has a lock of its own.
            let again = doors[..at].iter().any(|door| door.is_of(&slot.root));
            if again || slot.owner.load(Ordering::Relaxed) != 0 {
                return None;
            }
            let generation = Some((slot.generation_cell(), block.id.generation()));
            // SAFETY: slots stay as long as the runtime.
            unsafe { doors[at].lead(&slot.root, mode, generation) };
            let found = Found::new(EntryKind::Block(mode), doors[at].queue().cast_mut(), 0);
            // SAFETY: a place of a record that is ours and not published; the record has room for so many.
            unsafe { first.wrapping_add(at).write(Entry::new(found, 0)) };
        }
        record.keep_entries(count);
        record.may_give_back();
        record.pending.set(count as u32);
        let doors = &mut doors[..count];
        // The generations are looked at there, under the locks.
        let granted = entrance::enter(doors, &[], id, false).ok()?;
        if granted.poison != 0 {
            record.poison(granted.poison);
        }
        if granted.more {
            self.after_entrance(id, doors);
        }
        Some(Few {
            blocks: count as u32,
            granted: granted.count,
        })
    }
}
