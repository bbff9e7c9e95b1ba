//! The table of data blocks: for each its access queue, its memory, who made it and where it belongs.
//!
//! Slots are recycled, and their memory stays while the runtime lives, so looking at a slot through a stale id is
//! harmless; generations tell. A slot whose generations are used up is retired.
//!
//! | field | written by | when |
//! |---|---|---|
//! | `generation` | who destroys the block | after everybody else who had entered its queue has left, under the queue's lock; of a slot that stays warm under `memory`'s as well |
//! | `owner`, `next_made`, `dead` | the maker; then who ends the owner, or the block | before the owner's record is recycled; `owner` and `dead` under the queue's lock |
//! | `memory`, `start` | the first engine to touch the block; who moves or copies it, or wishes that; who destroys it | under `memory`'s lock; what `start` says, `memory.rs` tells |
//! | `bytes`, `home` | the maker | before the id is known; of a warm slot `bytes` is none, by who destroyed its block |
//! | `place` | the maker; then who takes or moves the memory, or wishes that, under `memory`'s lock | a hint for others, who look at it without a lock |

use crate::access::Mode;
use crate::block_names::Names;
use crate::decide::dependence::AccessQueue;
use crate::error::{Error, ErrorKind, Result};
use crate::extent::Extent;
use crate::homes::FIRST_TOUCH;
use crate::id::{BlockId, RuntimeId};
use crate::memory_region::{Chunk, Magazine};
use crate::spin_lock::SpinLock;
use crate::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
use crate::sync::{Mutex, lock};
use crossbeam_utils::CachePadded;

mod copies;
mod memory;
mod moving;
mod taking;
mod warm;

#[cfg(all(test, sprat_loom))]
pub(crate) use copies::Copies;
pub(crate) use memory::Memory;
pub(crate) use taking::Hold;
pub(crate) use warm::EndedAs;
use warm::WarmSlots;

/// An access queue and the block it orders. A block has one; a codelet whose children use the block has another.
/// Aligned so that an entry can keep its kind in the address's low bits.
#[repr(align(16))]
#[derive(Debug)]
pub(crate) struct QueueCell {
    pub(crate) queue: SpinLock<Queue>,
    pub(crate) slot: u32,
    /// How the parent's weak access uses the block, if this queue is for the children of one.
    pub(crate) weak: Option<Mode>,
    /// Whether some of the block's bytes may be written by others while somebody in this queue reads it: it is for the children of
    /// one who writes it together with others, or for theirs.
    pub(crate) shared: bool,
}

/// An access queue whose reductions keep their lanes in chunks.
pub(crate) type Queue = AccessQueue<u32, Chunk>;

impl QueueCell {
    /// A queue for the children of a codelet whose body holds the block, or this part of it, in `mode`, by a place in the queue
    /// `above`.
    #[inline]
    pub(crate) fn for_children(above: &QueueCell, mode: Mode, part: Option<Extent>) -> Self {
        QueueCell {
            queue: SpinLock::new(match part {
                None => AccessQueue::held(mode),
                Some(part) => AccessQueue::held_part(mode, part),
            }),
            slot: above.slot,
            weak: None,
            shared: above.shared || mode == Mode::SharedWrite,
        }
    }

    /// A queue for the children of a weak access.
    pub(crate) fn for_children_only(above: &QueueCell, mode: Mode) -> Self {
        QueueCell {
            queue: SpinLock::new(AccessQueue::shut()),
            slot: above.slot,
            weak: Some(mode),
            shared: above.shared || mode == Mode::SharedWrite,
        }
    }

    /// The queue of a block itself.
    pub(crate) fn of_block(slot: u32) -> Self {
        QueueCell {
            queue: SpinLock::new(AccessQueue::default()),
            slot,
            weak: None,
            shared: false,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct BlockSlot {
    pub(crate) root: QueueCell,
    start: AtomicPtr<u8>,
    bytes: AtomicUsize,
    generation: AtomicU32,
    pub(crate) owner: AtomicU32,
    pub(crate) next_made: AtomicU32,
    pub(crate) home: AtomicU16,
    /// See [`Place::encode`].
    place: AtomicU64,
    /// Destroyed while its maker lives: whoever hands it up frees the slot. Under the queue's lock.
    dead: AtomicBool,
    memory: SpinLock<Option<Chunk>>,
}

impl BlockSlot {
    fn vacant(slot: u32) -> Self {
        BlockSlot {
            root: QueueCell::of_block(slot),
            start: AtomicPtr::new(std::ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            generation: AtomicU32::new(0),
            owner: AtomicU32::new(0),
            next_made: AtomicU32::new(0),
            home: AtomicU16::new(0),
            place: AtomicU64::new(FIRST_TOUCH),
            dead: AtomicBool::new(false),
            memory: SpinLock::new(None),
        }
    }

    /// Whether this slot still has the block with this id. Exact under the lock of its queue.
    #[inline]
    pub(crate) fn is(&self, id: BlockId) -> bool {
        self.generation.load(Ordering::Relaxed) == id.generation()
    }

    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Where its generation is kept, which is exact under the lock of its queue.
    #[inline]
    pub(crate) fn generation_cell(&self) -> &AtomicU32 {
        &self.generation
    }

    /// The block is gone, which nobody uses or waits for but who ends it: under the lock of its queue. Whether its slot is free then, once it has no memory.
    #[inline]
    pub(crate) fn end_now(&self, queue: &mut Queue) -> bool {
        *queue = AccessQueue::default();
        let next = self.generation.load(Ordering::Relaxed) + 1;
        self.generation.store(next, Ordering::Relaxed);
        let owned = self.owner.load(Ordering::Relaxed) != 0;
        self.dead.store(owned, Ordering::Relaxed);
        !owned
    }

    /// The block's length in bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The error for a block with this label that is gone.
#[cold]
pub(crate) fn destroyed(label: &str) -> Error {
    Error::new(
        ErrorKind::Stale,
        format!(
            "block {label} was destroyed before, or adopted by a scope that has ended; do not name a block after its `destroy`, nor an adopted one after its scope"
        ),
    )
}

/// Slots of the first bucket; each further bucket has twice as many.
const FIRST: u32 = 64;
const BUCKETS: usize = 23;

/// See the module.
#[derive(Debug)]
pub(crate) struct BlockTable {
    buckets: [AtomicPtr<CachePadded<BlockSlot>>; BUCKETS],
    spare: Mutex<Spare>,
    names: Names,
}

#[derive(Debug, Default)]
struct Spare {
    /// Slots given back.
    free: Vec<u32>,
    /// Slots handed out at least once.
    used: u32,
}

/// Bucket and place of a slot.
#[inline]
fn place(slot: u32) -> (usize, usize) {
    let shifted = slot + FIRST;
    let bucket = shifted.ilog2() - FIRST.ilog2();
    (bucket as usize, (shifted - (FIRST << bucket)) as usize)
}

/// How many slots an engine takes from the table, or gives back, at a time.
const BATCH: usize = 32;

/// One engine's spare slots.
#[derive(Debug, Default)]
pub(crate) struct SlotCache {
    free: Vec<u32>,
    warm: WarmSlots,
}

impl BlockTable {
    pub(crate) fn new() -> Self {
        BlockTable {
            buckets: std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())),
            spare: Mutex::new(Spare::default()),
            names: Names::default(),
        }
    }

    /// The slot with this number, whichever block has it now. The number comes from this table.
    #[inline]
    pub(crate) fn slot(&self, slot: u32) -> &BlockSlot {
        let slot = self.slot_if_any(slot);
        slot.expect("slot numbers come from the table")
    }

    /// The slot with this number, which may come from anywhere.
    #[inline]
    pub(crate) fn slot_if_any(&self, slot: u32) -> Option<&BlockSlot> {
        let (bucket, at) = place(slot);
        // Acquire pairs with the Release in `refill`.
        let start = self.buckets[bucket].load(Ordering::Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: a bucket has `FIRST << bucket` slots, and `at` is below that.
        let slot = unsafe { start.add(at) };
        // SAFETY: initialised when the bucket was made, alive as long as the table.
        Some(unsafe { &*slot })
    }

    /// Shows all slots that ever had a block.
    pub(crate) fn each(&self, mut f: impl FnMut(&BlockSlot)) {
        let used = lock(&self.spare).used;
        (0..used).for_each(|number| f(self.slot(number)));
    }

    /// The slot of a block that this runtime knows now; else why not.
    #[inline]
    pub(crate) fn find(&self, runtime: RuntimeId, id: BlockId) -> Result<&BlockSlot> {
        let slot = self.slot_if_any(id.slot());
        let Some(slot) = slot.filter(|_| id.runtime() == runtime.number()) else {
            return Err(Error::new(
                ErrorKind::Foreign,
                format!(
                    "block {} belongs to another runtime; use it with the runtime that made it",
                    id.slot()
                ),
            ));
        };
        if slot.is(id) {
            Ok(slot)
        } else {
            Err(destroyed(&self.label(id)))
        }
    }

    /// Names a block, for messages.
    pub(crate) fn name(&self, id: BlockId, name: &str) {
        self.names.set(id, name);
    }

    /// A block's name and number, or its number, for messages.
    pub(crate) fn label(&self, id: BlockId) -> String {
        let generation = id.generation();
        self.names.label(id.slot(), generation..=generation)
    }

    /// The same for the block that has this slot now.
    pub(crate) fn label_of_slot(&self, slot: u32) -> String {
        let generation = self.slot(slot).generation();
        self.names.label(slot, generation..=generation)
    }

    /// The same for the block that went from this slot a moment ago, or is about to.
    pub(crate) fn label_of_gone(&self, slot: u32) -> String {
        let generation = self.slot(slot).generation();
        self.names
            .label(slot, generation.saturating_sub(1)..=generation)
    }

    /// Makes a block of this many bytes.
    pub(crate) fn make(
        &self,
        runtime: RuntimeId,
        cache: &mut SlotCache,
        bytes: usize,
        owner: u32,
        (home, place): (u16, u64),
    ) -> Result<BlockId> {
        let number = match cache.free.pop() {
            Some(number) => number,
            None => self.refill(cache)?,
        };
        let slot = self.slot(number);
        slot.bytes.store(bytes, Ordering::Relaxed);
        slot.owner.store(owner, Ordering::Relaxed);
        slot.next_made.store(0, Ordering::Relaxed);
        slot.home.store(home, Ordering::Relaxed);
        slot.place.store(place, Ordering::Relaxed);
        Ok(BlockId::new(
            runtime,
            number,
            slot.generation.load(Ordering::Relaxed),
        ))
    }

    /// Ends a block whose queue is empty. Its memory was given back before. While its maker lives the slot stays in the
    /// maker's list of blocks, and is freed when that is handed up.
    #[inline]
    pub(crate) fn end(&self, number: u32, cache: &mut SlotCache) {
        let slot = self.slot(number);
        if slot.root.queue.with(|queue| slot.end_now(queue)) {
            self.free(number, cache);
        }
    }

    /// Makes this memory the memory of a block that nobody knows yet. Whoever gave it keeps it for the block's life, which
    /// ends by [`BlockTable::end_adopted`].
    pub(crate) fn adopt(&self, id: BlockId, memory: *mut u8) {
        // Release pairs with the Acquire in `BlockSlot::start`, as for memory of our own.
        self.slot(id.slot()).start.store(memory, Ordering::Release);
    }

    /// The scope of a host that adopted a block has ended, and with it all who used the block: the block goes, if it was not
    /// destroyed before, and its slot is free.
    pub(crate) fn end_adopted(&self, number: u32, cache: &mut SlotCache) {
        let slot = self.slot(number);
        if !slot.dead.load(Ordering::Relaxed) {
            let memory = slot.take_out_memory();
            debug_assert!(memory.is_none(), "the memory is the user's");
            self.end(number, cache);
        }
        // Only now, when the generation has moved on: a block without an owner is everybody's.
        self.inherit(number, 0, cache);
    }

    /// A block's maker has ended: the block goes to an heir (0: everybody). False if it was destroyed meanwhile; then
    /// its slot is freed.
    #[inline]
    pub(crate) fn inherit(&self, number: u32, heir: u32, cache: &mut SlotCache) -> bool {
        let slot = self.slot(number);
        let lives = slot.root.queue.with(|_| {
            slot.owner.store(heir, Ordering::Relaxed);
            !slot.dead.swap(false, Ordering::Relaxed)
        });
        if !lives {
            self.free(number, cache);
        }
        lives
    }

    /// Frees the slot of a block that has ended; one whose generations are used up is retired.
    #[inline]
    pub(crate) fn free(&self, number: u32, cache: &mut SlotCache) {
        if self.slot(number).generation() == BlockId::MAX_GENERATION {
            return;
        }
        cache.free.push(number);
        if cache.free.len() >= 2 * BATCH {
            let mut spare = lock(&self.spare);
            spare.free.extend(cache.free.drain(BATCH..));
        }
    }

    #[cold]
    fn refill(&self, cache: &mut SlotCache) -> Result<u32> {
        let mut spare = lock(&self.spare);
        let keep = spare.free.len().saturating_sub(BATCH);
        cache.free.extend(spare.free.drain(keep..));
        while cache.free.len() < BATCH {
            let number = spare.used;
            let (bucket, _) = place(number);
            if number == BlockId::MAX_SLOTS || bucket == BUCKETS {
                break;
            }
            if self.buckets[bucket].load(Ordering::Relaxed).is_null() {
                let slots: Box<[_]> = (0..FIRST << bucket)
                    .map(|at| CachePadded::new(BlockSlot::vacant(number + at)))
                    .collect();
                // Release pairs with the Acquire in `slot`.
                self.buckets[bucket].store(Box::into_raw(slots).cast(), Ordering::Release);
            }
            cache.free.push(number);
            spare.used += 1;
        }
        // Lowest first, so that small programs stay in the first buckets.
        cache.free.sort_unstable_by(|a, b| b.cmp(a));
        cache.free.pop().ok_or_else(|| {
            Error::new(
                ErrorKind::System,
                "more than 268 million blocks live; destroy some, or make fewer and larger ones",
            )
        })
    }

    /// Gives an engine's spare slots back, when it goes.
    #[inline]
    pub(crate) fn clear(&self, cache: &mut SlotCache, magazine: &mut Magazine) {
        self.cool_all(cache, magazine);
        lock(&self.spare).free.append(&mut cache.free);
    }
}

impl Drop for BlockTable {
    fn drop(&mut self) {
        for (bucket, start) in self.buckets.iter().enumerate() {
            let start = start.load(Ordering::Relaxed);
            if start.is_null() {
                continue;
            }
            let slots = std::ptr::slice_from_raw_parts_mut(start, (FIRST << bucket) as usize);
            // SAFETY: made by `Box::into_raw` in `refill` with this length, and nobody uses the table any more.
            let slots = unsafe { Box::from_raw(slots) };
            // The memory goes with the pools, but not the tables of copies.
            slots.iter().for_each(|slot| drop(slot.take_out_memory()));
        }
    }
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
