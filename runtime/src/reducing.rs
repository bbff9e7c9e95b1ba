//! Reductions: the lanes that members add to, and how they are put together. What is added when and where is decided in
//! `decide/lanes.rs`.

use crate::access::{Lent, Operator, OperatorTable};
use crate::block_table::{BlockSlot, QueueCell};
use crate::decide::dependence::{Effect, Mode};
use crate::decide::lanes::{Sums, tree};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Origin, Result};
use crate::failure::Cause;
use crate::id::BlockId;
use crate::memory_region::Chunk;
use crate::panics;
use crate::shared::Shared;

/// Puts the reduction together that has come to its end in a queue, by `add`. The queue is held meanwhile, without its lock.
pub(crate) fn combine(cell: &QueueCell, add: impl FnOnce(Sums<Chunk>) -> Effect) {
    let sums = cell.queue.with(|queue| queue.take_sums());
    let effect = sums.map_or(Effect::Done, add);
    cell.queue.with(|queue| queue.combined(effect));
}

impl Shared {
    /// An error if a block's memory does not fit the elements of an operator, as the types of a program in Rust see to it.
    pub(crate) fn can_reduce(
        &self,
        slot: &BlockSlot,
        id: BlockId,
        operator: Operator,
    ) -> Result<()> {
        let table = OperatorTable::of(operator);
        match table.misfit(slot.is_at(), slot.bytes()) {
            None => Ok(()),
            Some(why) => Err(Error::new(
                ErrorKind::Access,
                format!("block {} {why}", self.blocks.label(id)),
            )),
        }
    }
}

impl Engine<'_> {
    /// The lane of a member of a reduction, which holds it; its memory is taken if it is the first in there.
    pub(crate) fn lane(&self, cell: &QueueCell, who: u32, operator: Operator) -> Result<Lent> {
        let bytes = self.shared.blocks.slot(cell.slot).bytes();
        let there = cell.queue.with(|queue| {
            let memory = queue.lane_of(who)?.as_ref()?;
            Some(memory.ptr().as_ptr())
        });
        if let Some(start) = there {
            return Ok(Lent { start, bytes });
        }
        let chunk = self.local(|local| local.magazine.take(bytes))?;
        let start = chunk.ptr().as_ptr();
        let table = OperatorTable::of(operator);
        // SAFETY: the memory is ours, as long as the block, aligned for any element, and initialised: zero when it was taken
        // from the system, plain old data since. The operator was named, so it was there.
        if let Err(panic) = panics::caught(|| unsafe { table.fill(start, bytes) }) {
            self.give_chunk(chunk);
            return Err(Error::msg(format!(
                "the identity of its reduction: {panic}"
            )));
        }
        // Nobody else looks at this lane while `who` holds it.
        cell.queue.with(|queue| {
            let lane = queue
                .lane_of(who)
                .expect("a member that runs holds its lane");
            *lane = Some(chunk);
        });
        Ok(Lent { start, bytes })
    }

    /// A reduction has come to its end, and we hold its block: puts all together and to the block. `who` left last, or
    /// entered behind it.
    #[cold]
    pub(crate) fn combine(&self, cell: &QueueCell, who: u32) {
        combine(cell, |sums| self.add_up(cell, who, sums));
    }

    /// What the children of a codelet, who all have ended, left of a block.
    #[inline]
    pub(crate) fn what_children_left(&self, parent: u32, children: &QueueCell) -> Effect {
        let (sums, poison) = (children.queue).with(|queue| (queue.take_sums(), queue.poison()));
        let effect = sums.map_or(Effect::Done, |sums| self.add_up(children, parent, sums));
        poison.map_or(effect, Effect::Failed)
    }

    /// Puts the lanes together and to the block, if anybody wants to know, and gives their memory back.
    fn add_up(&self, cell: &QueueCell, who: u32, sums: Sums<Chunk>) -> Effect {
        let added = match sums.wanted {
            true => self.add_to(cell.slot, &sums),
            false => Ok(()),
        };
        for chunk in sums.lanes.into_iter().flatten() {
            self.give_chunk(chunk);
        }
        match added {
            Ok(()) => Effect::Done,
            Err(error) => Effect::Failed(self.shared.failures.add(Cause {
                codelet: "reduction",
                // SAFETY: it is being ended, or waits for this.
                spawned_at: unsafe { self.shared.arena.record(who).body() }.spawned_at,
                message: format!("block {}: {error}", cell.slot),
                panicked: true,
                kind: error.kind(),
                origin: Origin::Codelet,
            })),
        }
    }

    fn add_to(&self, slot: u32, sums: &Sums<Chunk>) -> Result<()> {
        let block = self.shared.blocks.slot(slot);
        let table = OperatorTable::of(sums.operator);
        let lanes: Vec<&Chunk> = sums.lanes.iter().flatten().collect();
        let Some(first) = lanes.first() else {
            return Ok(());
        };
        let bytes = block.bytes();
        let start = self.local(|local| self.shared.memory(block, Mode::ReadWrite, local))?;
        let add = |into: *mut u8, from: &Chunk| {
            let from = from.ptr().as_ptr();
            // SAFETY: lanes are as in `lane`, and nobody uses them any more; the block is ours until `combined`, or its children
            // have all ended; no two of these are the same.
            unsafe { table.combine(into, from, bytes) }
        };
        let all = || {
            tree(lanes.len()).for_each(|(into, from)| add(lanes[into].ptr().as_ptr(), lanes[from]));
            add(start, first);
        };
        let lent = Lent { start, bytes };
        self.with_block_open(slot, &lent, || panics::caught(all))?
            .map_err(|panic| Error::msg(format!("the operator of its reduction: {panic}")))
    }
}
