//! Places that a codelet takes for its children only.
//!
//! Such a codelet does not wait for its place: its children do, in a queue of their own that is shut until the place has
//! come. Each place counts among what the codelet's end waits for, like a child, so it has come when it is given back.

use crate::block_table::QueueCell;
use crate::codelet::flag;
use crate::decide::dependence::{Mode, Poison};
use crate::engine::{Engine, Followers};
use crate::entry::{Entry, EntryKind};

impl Engine<'_> {
    /// A weak access is about to enter its queue: makes the queue for the children. Gives the mode.
    #[cold]
    pub(crate) fn let_children_in(entry: &Entry) -> Mode {
        let mode = entry.weak_mode();
        let cell = Box::new(QueueCell::for_children_only(Self::queue_of(entry), mode));
        entry.set_children(Box::into_raw(cell).cast());
        mode
    }

    /// How a weak access that has entered its queue uses the block.
    #[inline]
    pub(crate) fn weak_mode_of(entry: &Entry) -> Mode {
        let mode = Self::children_of(entry).and_then(|children| children.weak);
        mode.expect("a weak access has a queue for children, which knows its mode")
    }

    /// How many weak places a codelet has.
    #[cold]
    pub(crate) fn weak_places(&self, id: u32, payload: usize) -> u64 {
        let entries = self.shared.arena.entries(id, payload);
        let weak = entries.filter(|(_, entry)| entry.kind() == EntryKind::Weak);
        weak.count() as u64
    }

    /// The place of `who` in this queue has come, which is for its children only.
    #[cold]
    pub(crate) fn open_for_children(
        &self,
        cell: &QueueCell,
        who: u32,
        poison: Option<Poison>,
        followers: &mut Followers,
    ) {
        let arena = &self.shared.arena;
        let record = arena.record(who);
        // Its end waits for this, so it lives.
        let entry = self.entry_for_all_of(who, cell.slot, |local| &mut local.wide_places);
        debug_assert!(entry.is_some_and(|entry| std::ptr::eq(Self::queue_of(entry), cell)));
        let children = entry.and_then(Self::children_of);
        let children =
            children.expect("a place in a queue has an entry, and one for children a queue");
        // What of the block is poisoned, if it is not all of it. It stays so as long as the place is held.
        let pieces = match poison {
            Some(_) => cell.queue.with(|queue| queue.poisoned_parts().to_vec()),
            None => Vec::new(),
        };
        let whole = self.whole(cell);
        let step = children.queue.with(|queue| {
            match &pieces[..] {
                [] => queue.open(poison),
                pieces => queue.open_in_pieces(who, whole, pieces),
            }
            queue.next_step()
        });
        self.go_on(children, who, step, followers);
        if record.live.children_ended(1) {
            // Ended by whoever gets it next, and not from here: else the ends of many in a row would nest.
            record.set_flags(record.flags() | flag::ENDS);
            self.ready(who, followers);
        }
    }
}
