//! How an open codelet enters the queues of its blocks when these are few, all of them whole ones that are everybody's: what is
//! to be found out for other accesses is known of these, so no list is made of them.

use crate::access::{Mode, Shape};
use crate::codelet::{capacity, flag};
use crate::data_block::Block;
use crate::engine::Engine;
use crate::entrance::{self, Door};
use crate::entry::{Entry, EntryKind, Found};
use crate::plain::{PlainDoors, in_order};
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
        accesses: &[(Block<u8>, Mode)],
    ) -> Option<Few> {
        match *accesses {
            [one] => self.enter_so_few(id, payload, [one]),
            [one, two] => self.enter_so_few(id, payload, [one, two]),
            [one, two, three] => self.enter_so_few(id, payload, [one, two, three]),
            [one, two, three, four] => self.enter_so_few(id, payload, [one, two, three, four]),
            _ => None,
        }
    }

    #[inline]
    fn enter_so_few<const N: usize>(
        &self,
        id: u32,
        payload: usize,
        accesses: [(Block<u8>, Mode); N],
    ) -> Option<Few> {
        let shared = self.shared;
        let arena = &shared.arena;
        let record = arena.record(id);
        if N > capacity(payload) || record.flags() & flag::DESTROYS != 0 {
            return None;
        }
        let slots: [u32; N] = std::array::from_fn(|at| accesses[at].0.id.slot());
        for (at, (block, mode)) in accesses.iter().enumerate() {
            let plain = matches!(mode, Mode::Read | Mode::SharedWrite | Mode::Exclusive);
            // Each door has a lock of its own.
            let again = slots[..at].contains(&slots[at]);
            if !plain || again || block.id.runtime() != shared.id.number() {
                return None;
            }
        }
        let first = arena.first_place(id, payload);
        let mut doors = PlainDoors::new();
        for (door, at) in doors.0.iter_mut().zip(in_order(slots)) {
            let (block, mode) = accesses[at];
            let slot = shared.blocks.slot(slots[at]);
            if slot.owner.load(Ordering::Relaxed) != 0 {
                return None;
            }
            let generation = Some((slot.generation_cell(), block.id.generation()));
            let door = door.write(Door::nowhere());
            // SAFETY: slots stay as long as the runtime.
            unsafe { door.lead(&slot.root, mode, generation) };
            let found = Found::new(EntryKind::Block(mode), door.queue().cast_mut(), 0);
            // SAFETY: a place of a record that is ours and not published; the record has room for so many.
            unsafe { first.wrapping_add(at).write(Entry::new(found, 0)) };
        }
        record.keep_entries(N);
        record.pending.set(N as u32);
        // In the checking mode bodies are told where each block is, and what it is guarded by; and records that hold more entries,
        // though none of these, go at the end.
        if shared.check.is_none() && record.extension.load(Ordering::Relaxed) == 0 {
            record.set_shape(Shape::Blocks(N));
            record.will_give_back(N);
        } else {
            record.may_give_back();
        }
        // SAFETY: the loop above has written so many.
        let doors: &[Door; N] = unsafe { doors.written() };
        // The generations are looked at there, under the locks.
        let Ok(granted) = entrance::enter_plain(doors, id, |_| ()) else {
            record.set_shape(Shape::Other);
            return None;
        };
        if granted.poison != 0 {
            record.poison(granted.poison);
        }
        if granted.more {
            self.after_entrance(id, doors);
        }
        Some(Few {
            blocks: N as u32,
            granted: granted.count,
        })
    }
}
