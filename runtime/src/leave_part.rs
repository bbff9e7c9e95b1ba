//! Parts of blocks at the two ends of a codelet's hold on them: what it enters, and what it gives back.

use crate::access::Mode;
use crate::block_table::QueueCell;
use crate::bounds::Bounds;
use crate::decide::dependence::{AccessQueue, Effect, Extent, Poison};
use crate::engine::{Engine, Followers};
use crate::entrance::DoorPart;
use crate::entry::Entry;

impl Engine<'_> {
    /// All of the block that a queue is for.
    fn whole(&self, cell: &QueueCell) -> Extent {
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

    /// Gives back a part, whose bounds are the next of these entries.
    #[inline(never)]
    pub(crate) fn give_back_part<'e>(
        &self,
        entry: &Entry,
        entries: &mut impl Iterator<Item = (u32, &'e Entry)>,
        mode: Mode,
        own_effect: Effect,
        followers: &mut Followers,
    ) {
        let extent = Bounds::take(entries).extent;
        let cell = Self::queue_of(entry);
        let effect = match Self::children_of(entry) {
            None => own_effect,
            Some(children) => {
                let (left, pieces) =
                    (children.queue).with(|queue| (queue.poison(), queue.take_poisoned_parts()));
                Self::remove_children(entry);
                if !pieces.is_empty() {
                    return self.leave_in_pieces(cell, mode, Some(extent), &pieces, followers);
                }
                left.map_or(Effect::Done, Effect::Failed)
            }
        };
        let leave = |queue: &mut AccessQueue<u32>| {
            queue.leave_part(mode, &extent, effect);
        };
        self.leave(cell, leave, followers);
    }

    /// Leaves a queue when the children have left these pieces poisoned, and the rest well.
    #[cold]
    pub(crate) fn leave_in_pieces(
        &self,
        cell: &QueueCell,
        mode: Mode,
        part: Option<Extent>,
        pieces: &[(Extent, Poison)],
        followers: &mut Followers,
    ) {
        let whole = self.whole(cell);
        let leave = |queue: &mut AccessQueue<u32>| {
            queue.leave_in_pieces(mode, part, whole, pieces);
        };
        self.leave(cell, leave, followers);
    }
}
