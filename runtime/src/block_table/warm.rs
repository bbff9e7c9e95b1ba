//! Blocks that went, and whose slots keep their memory: a small block of the same size that is made by the same engine, for
//! somebody who holds it at once, is made there with a few stores. Programs that make a block, fill it and destroy it do so
//! millions of times.
//!
//! A warm slot has no block: its generation has moved on, so that old names are stale, and it has no bytes. Its memory is
//! from the engine's own pool. Its queue is held already for the next one's maker: that was done in the step by which the last
//! block went, so the next one's beginning takes no lock. Model: `models/warm.rs`.

#[cfg(all(test, sprat_loom))]
use super::memory::Start;
use super::{BlockSlot, BlockTable, Queue, SlotCache};
use crate::access::Mode;
use crate::homes::Place;
use crate::id::{BlockId, RuntimeId};
#[cfg(all(test, sprat_loom))]
use crate::memory_region::Chunk;
use crate::memory_region::{LEAST_ALIGNMENT as LINE, Magazine};
use crate::mutants::mutant;
#[cfg(all(test, sprat_loom))]
use crate::spin_lock::SpinLock;
use crate::sync::atomic::Ordering;

/// Blocks of up to so many cache lines are kept, by how many they have.
const LINES: usize = 16;
/// So many of each number.
const MOST: usize = 32;

/// One engine's warm slots, for each number of lines.
#[derive(Debug, Default)]
pub(crate) struct WarmSlots([Vec<u32>; LINES]);

/// The list for blocks of so many bytes; none has no list.
#[inline]
fn list(bytes: usize) -> usize {
    bytes.wrapping_sub(1) / LINE
}

/// What becomes of a slot whose block goes, which nobody owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedAs {
    /// It is warm: follow with [`BlockTable::keep_warm`].
    Warm,
    /// It is free once it has no memory: as [`BlockSlot::end_now`] says.
    Free,
}

impl BlockSlot {
    /// The block, which nobody owns, is gone: under the lock of its queue, where nobody waits and no others hold it than who
    /// ends it. The slot is warm then if its memory is where this engine's new blocks have theirs, and nothing is wished for it.
    #[inline]
    pub(crate) fn end_warm(
        &self,
        queue: &mut Queue,
        cache: &SlotCache,
        magazine: &Magazine,
    ) -> EndedAs {
        let here = Place::Taken(magazine.pool().region()).encode();
        let next = match mutant!("warm_name_stays") {
            true => self.generation(),
            false => self.generation() + 1,
        };
        let can_be = cache.warm.has_room(self.bytes()) && next != BlockId::MAX_GENERATION;
        // Wishes come under the lock of the queue: one for this block came before, or finds it gone.
        let plain = || self.is_at().is_some() && self.place.load(Ordering::Relaxed) == here;
        if can_be && plain() {
            self.generation.store(next, Ordering::Relaxed);
            queue.hand_on(Mode::SharedWrite);
            EndedAs::Warm
        } else {
            self.end_now(queue);
            EndedAs::Free
        }
    }
}

impl BlockSlot {
    /// The warm slot has a block from now on; where. None if something is wished for it already, by who found the slot and not the last block.
    #[inline(always)]
    pub(crate) fn begin_warm(&self, bytes: usize, home: u16) -> Option<*mut u8> {
        let start = self.is_at()?;
        self.bytes.store(bytes, Ordering::Relaxed);
        self.home.store(home, Ordering::Relaxed);
        Some(start.cast_mut())
    }

    /// A slot, and its block with this memory, which its maker holds.
    #[cfg(all(test, sprat_loom))]
    pub(crate) fn of_model(bytes: usize, chunk: Chunk) -> Self {
        let mut slot = BlockSlot::vacant(0);
        slot.bytes.store(bytes, Ordering::Relaxed);
        slot.set_place(Place::Taken(chunk.region()));
        slot.set_start(Start::There(chunk.ptr().as_ptr()));
        slot.memory = SpinLock::new(Some(chunk));
        slot.root
            .queue
            .with(|queue| queue.enter(1, Mode::SharedWrite));
        slot
    }
}

impl WarmSlots {
    #[inline]
    fn has_room(&self, bytes: usize) -> bool {
        let list = self.0.get(list(bytes));
        list.is_some_and(|list| list.len() < MOST)
    }
}

impl BlockTable {
    /// Keeps a slot that ended so.
    #[inline]
    pub(crate) fn keep_warm(&self, number: u32, cache: &mut SlotCache) {
        let slot = self.slot(number);
        let list = list(slot.bytes());
        // Whoever counts blocks sees by this that it is none.
        slot.bytes.store(0, Ordering::Relaxed);
        cache.warm.0[list].push(number);
    }

    /// A new block of so many bytes, which are not none, in a warm slot, if there is one: it is everybody's, reads as zeros, and is
    /// held by one of those who write it together.
    #[inline]
    pub(crate) fn make_warm(
        &self,
        runtime: RuntimeId,
        bytes: usize,
        home: u16,
        (cache, magazine): (&mut SlotCache, &mut Magazine),
    ) -> Option<(BlockId, *mut u8)> {
        let number = cache.warm.0.get_mut(list(bytes))?.pop()?;
        let slot = self.slot(number);
        let Some(start) = slot.begin_warm(bytes, home) else {
            self.cool(number, cache, magazine);
            return None;
        };
        for line in 0..bytes.div_ceil(LINE) {
            let line = start.wrapping_add(line * LINE).cast::<[u64; LINE / 8]>();
            // SAFETY: chunks are lines, this one is for a block of as many, and it is the new block's, whose maker alone has it.
            unsafe { line.write([0; _]) };
        }
        let generation = slot.generation();
        Some((BlockId::new(runtime, number, generation), start))
    }

    /// A warm slot is one without a block as any.
    #[cold]
    fn cool(&self, number: u32, cache: &mut SlotCache, magazine: &mut Magazine) {
        let slot = self.slot(number);
        if let Some(chunk) = slot.take_out_memory().alone() {
            let given = magazine.give(chunk);
            given.expect("warm slots have memory of this engine's pool");
        }
        slot.root.queue.with(|queue| *queue = Queue::default());
        self.free(number, cache);
    }

    /// An engine goes: it has no warm slots any more.
    pub(super) fn cool_all(&self, cache: &mut SlotCache, magazine: &mut Magazine) {
        let all = std::mem::take(&mut cache.warm);
        for number in all.0.into_iter().flatten() {
            self.cool(number, cache, magazine);
        }
    }
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
