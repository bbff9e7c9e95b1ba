//! Parts of blocks at the two ends of a codelet's hold on them: what it enters, is lent, and gives back.

use crate::access::{Lent, Mode};
use crate::block_table::{Queue, QueueCell};
use crate::bounds::Bounds;
use crate::codelet::flag;
use crate::decide::dependence::{Effect, Extent, Poison};
use crate::engine::{Engine, Followers};
use crate::entrance::DoorPart;
use crate::entry::{Entry, EntryKind};
use crate::error::Result;
use crate::memory_region::LEAST_ALIGNMENT;

impl Engine<'_> {
    /// All of the block that a queue is for.
    pub(crate) fn whole(&self, cell: &QueueCell) -> Extent {
        Extent::range(0, self.shared.blocks.slot(cell.slot).bytes() as u64)
    }

    /// What the door to a part's queue needs to know of the part, whose bounds are the next of these entries.
    #[inline(never)]
    pub(crate) fn door_part<'e>(
        &self,
        cell: &QueueCell,
        entries: &mut impl Iterator<Item = (u32, &'e Entry)>,
    ) -> DoorPart {
        DoorPart {
            extent: Bounds::take(entries).extent,
            whole: self.whole(cell),
        }
    }

    /// The memory of a part, whose bounds are the next of these entries.
    #[inline(never)]
    pub(crate) fn lend_part<'e>(
        &self,
        entry: &Entry,
        entries: &mut impl Iterator<Item = (u32, &'e Entry)>,
    ) -> Result<Lent> {
        let slot = self.shared.blocks.slot(Self::queue_of(entry).slot);
        let EntryKind::Part(mode) = entry.kind() else {
            unreachable!("it is the entry of a part");
        };
        let extent = Bounds::take(entries).extent;
        if extent.is_empty() {
            // It holds nothing: others may read all of the block, or have destroyed it.
            return Ok(Lent {
                start: std::ptr::without_provenance_mut(LEAST_ALIGNMENT),
                bytes: 0,
            });
        }
        let start = self.local(|local| self.shared.memory_of_part(slot, mode, local))?;
        Ok(Lent {
            start: start.wrapping_add(extent.start() as usize),
            bytes: extent.columns() as usize,
        })
    }

    /// Gives back a part, whose bounds are the next of these entries.
    #[inline(never)]
    pub(crate) fn give_back_part<'e>(
        &self,
        id: u32,
        (entry, mode): (&Entry, Mode),
        entries: &mut impl Iterator<Item = (u32, &'e Entry)>,
        own_effect: Effect,
        followers: &mut Followers,
    ) {
        let extent = Bounds::take(entries).extent;
        let cell = Self::queue_of(entry);
        let effect = match Self::children_of(entry) {
            None => own_effect,
            Some(children) => {
                let pieces = children.queue.with(|queue| queue.poisoned_parts().to_vec());
                let left = self.what_children_left(id, children);
                Self::free_children(entry);
                // The failure of a child whose value it forwards is in none of the pieces.
                let forwards = self.shared.arena.record(id).flags() & flag::FORWARDS != 0;
                let failed = forwards && own_effect != Effect::Done;
                if !pieces.is_empty() && !failed {
                    let who = (id, mode);
                    return self.leave_in_pieces(cell, who, Some(extent), &pieces, followers);
                }
                if failed { own_effect } else { left }
            }
        };
        self.leave_by(cell, id, followers, |queue| {
            queue.leave_part(id, mode, &extent, effect)
        });
    }

    /// Leaves a queue when the children have left these pieces poisoned, and the rest well.
    #[cold]
    pub(crate) fn leave_in_pieces(
        &self,
        cell: &QueueCell,
        (who, mode): (u32, Mode),
        part: Option<Extent>,
        pieces: &[(Extent, Poison)],
        followers: &mut Followers,
    ) {
        let whole = self.whole(cell);
        self.leave_by(cell, who, followers, |queue| {
            queue.leave_in_pieces(who, mode, part, whole, pieces);
        });
    }

    fn leave_by(
        &self,
        cell: &QueueCell,
        who: u32,
        followers: &mut Followers,
        leave: impl FnOnce(&mut Queue),
    ) {
        let step = cell.queue.with(|queue| {
            leave(queue);
            queue.next_step()
        });
        self.go_on(cell, who, step, followers);
    }
}
