//! Where codelet records live: chunks of equal slots, recycled, never given back while the runtime lives.
//!
//! Because memory stays, and because all shared fields of a [`Record`] are atomics, looking at a record through an
//! id is always memory-safe, even when the id is stale; generations tell who it belongs to. Each engine keeps two
//! short stacks of free slots for each size and exchanges whole ones with the depot under its lock: Bonwick's
//! magazines (Bonwick and Adams, "Magazines and Vmem", USENIX ATC 2001).
//!
//! An id is the slot's place in units of 16 bytes, so that a node inside a record has an id too. All lie in one range of
//! reserved addresses, so that finding a record is one addition.

use crate::codelet::{HEADER, MAX_RECORD, Record, capacity};
use crate::entry::Entry;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Links;
use crate::memory_region::Reservation;
use crate::prefetch::prefetch_to_write;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use std::ptr::NonNull;

const GRANULE: usize = 16;
/// One huge page.
const CHUNK_BYTES: usize = 2 << 20;
const CHUNK_GRANULES: u32 = (CHUNK_BYTES / GRANULE) as u32;
const CHUNKS: usize = (1 << 32) / CHUNK_GRANULES as usize;
/// With fewer, a runtime is not started.
const LEAST_CHUNKS: usize = 32;
/// Slots come in multiples of a cache line, up to this many.
const CLASSES: usize = MAX_RECORD / LINE;
const LINE: usize = 64;
/// How many slots one exchange with the depot moves.
const BATCH: usize = if cfg!(sprat_loom) { 2 } else { 64 };

/// How many slots ahead of need an engine fetches into its cache. What lies on top of a magazine may have been written
/// on another core last, and a spawn takes about a third of the time that such a line takes to come.
const AHEAD: usize = 4;

/// A stack of free slots, the warmest on top. Their numbers are kept beside the slots, not in them, so that taking one
/// does not wait for the slot itself.
#[derive(Clone, Copy)]
struct Stack {
    count: usize,
    ids: [u32; BATCH],
}

impl Default for Stack {
    fn default() -> Self {
        Stack {
            count: 0,
            ids: [0; BATCH],
        }
    }
}

impl Stack {
    #[inline]
    fn free(&self) -> &[u32] {
        &self.ids[..self.count]
    }
}

#[derive(Default)]
struct Depot {
    /// Bytes of a slot, for each chunk in use.
    slots: Vec<usize>,
    /// For each class: the chunk being carved, and how many bytes of it are.
    carving: [Option<(u32, usize)>; CLASSES],
    /// For each class: slots that engines gave back.
    free: [Vec<u32>; CLASSES],
    /// So many chunks there may be.
    most: usize,
}

/// All records of a runtime.
pub(crate) struct Arena {
    /// Where the range starts: a copy, since it is needed all the time.
    start: NonNull<u8>,
    depot: Mutex<Depot>,
    range: Reservation,
    /// Slots that are not in the depot: with codelets, or free in an engine's lists. Changes under the depot's lock.
    handed_out: AtomicU64,
    /// Sizes of slots in use. Changes under the depot's lock.
    sizes: AtomicU64,
    /// Chunks in use. Changes under the depot's lock.
    chunks: AtomicU64,
}

// SAFETY: `start` is only an address; the records' shared fields are atomics, and the rest has premises of its own.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// An empty arena.
    pub(crate) fn new() -> Result<Self> {
        let range = Reservation::new(CHUNKS * CHUNK_BYTES, LEAST_CHUNKS * CHUNK_BYTES)?;
        let depot = Depot {
            most: range.bytes() / CHUNK_BYTES,
            ..Depot::default()
        };
        Ok(Arena {
            start: range.start(),
            depot: Mutex::new(depot),
            range,
            handed_out: AtomicU64::new(0),
            sizes: AtomicU64::new(0),
            chunks: AtomicU64::new(0),
        })
    }

    /// The record with this id, whoever lives there now. The id comes from this arena.
    #[inline]
    pub(crate) fn record(&self, id: u32) -> &Record {
        // SAFETY: ids are starts of slots, which `refill` initialised before it gave them out, and which stay as long as
        // the arena; each way that an id takes to another thread synchronises.
        unsafe { &*self.address(id).cast::<Record>() }
    }

    /// Whether a number from outside, of whatever origin, lies where records are. What lies there need not be one.
    #[inline]
    pub(crate) fn has(&self, id: u32) -> bool {
        // Acquire pairs with the Release in `map_chunk`.
        let records = (self.chunks.load(Ordering::Acquire) * u64::from(CHUNK_GRANULES)) as i64;
        // No record is shorter than two lines.
        id.is_multiple_of((LINE / GRANULE) as u32)
            && i64::from(id) + (2 * LINE / GRANULE) as i64 <= records
    }

    /// Brings a record that was written on another core here, as far as a codelet without children and accesses needs it.
    #[inline]
    pub(crate) fn fetch(&self, id: u32) {
        prefetch_to_write(self.address(id).wrapping_add(LINE));
    }

    /// Brings a record of a codelet with accesses here, which will be told of one of them now, and run soon.
    #[inline]
    pub(crate) fn fetch_whole(&self, id: u32) {
        prefetch_to_write(self.address(id));
        prefetch_to_write(self.address(id).wrapping_add(LINE));
        prefetch_to_write(self.address(id).wrapping_add(2 * LINE));
    }

    /// The address of a node or record.
    #[inline]
    pub(crate) fn address(&self, id: u32) -> *mut u8 {
        // SAFETY: ids lie in the chunks in use, which lie in the range.
        unsafe { self.start.add(id as usize * GRANULE) }.as_ptr()
    }

    /// Fills an empty stack with free slots of a class, from other engines' leavings or fresh memory.
    #[cold]
    fn refill(&self, class: usize, stack: &mut Stack) -> Result<()> {
        let mut depot = lock(&self.depot);
        let left = depot.free[class].len();
        if left > 0 {
            let from = left.saturating_sub(BATCH);
            stack.count = left - from;
            stack.ids[..stack.count].copy_from_slice(&depot.free[class][from..]);
            depot.free[class].truncate(from);
            self.count_handed_out(stack.count as u64);
            return Ok(());
        }
        let slot = (class + 1) * LINE;
        let (chunk, used) = match depot.carving[class] {
            Some((chunk, used)) if used + slot <= CHUNK_BYTES => (chunk, used),
            _ => (self.map_chunk(&mut depot, slot)?, 0),
        };
        let mut at = used;
        while stack.count < BATCH && at + slot <= CHUNK_BYTES {
            // Id 0 means "none", so the very first slot stays unused.
            if chunk != 0 || at != 0 {
                let id = chunk * CHUNK_GRANULES + (at / GRANULE) as u32;
                let place = self.address(id).cast::<Record>();
                // SAFETY: aligned to LINE, long enough for a record, and nobody knows this slot yet.
                unsafe { place.write(Record::vacant(class as u8)) };
                stack.ids[stack.count] = id;
                stack.count += 1;
            }
            at += slot;
        }
        if depot.carving[class].replace((chunk, at)).is_none() {
            let sizes = self.sizes.load(Ordering::Relaxed);
            self.sizes.store(sizes + 1, Ordering::Relaxed);
        }
        // The lowest on top, so that slots are first used in the order of their addresses.
        stack.ids[..stack.count].reverse();
        self.count_handed_out(stack.count as u64);
        Ok(())
    }

    fn map_chunk(&self, depot: &mut Depot, slot: usize) -> Result<u32> {
        let index = depot.slots.len();
        if index >= depot.most {
            return Err(Error::new(
                ErrorKind::System,
                format!(
                    "more than {} MiB of codelets wait; spawn fewer at a time, or raise the limit on virtual memory (`ulimit -v`)",
                    self.range.bytes() >> 20
                ),
            ));
        }
        self.range.commit(index, 1)?;
        depot.slots.push(slot);
        // Release pairs with the Acquire in `has`.
        self.chunks.store(index as u64 + 1, Ordering::Release);
        Ok(index as u32)
    }

    /// From now on there are no more chunks than now.
    #[cfg(all(test, not(sprat_loom)))]
    pub(crate) fn stop_growing(&self) {
        let mut depot = lock(&self.depot);
        depot.most = depot.slots.len();
    }

    /// All ids that were ever used. Exact only while nothing else moves (the stuck report).
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.ids_from(0, usize::MAX)
    }

    /// The same in pieces: at most so many, from this id on; none behind the last one.
    pub(crate) fn ids_from(&self, from: u32, most: usize) -> Vec<u32> {
        let depot = lock(&self.depot);
        let mut ids = Vec::new();
        let chunk = (from / CHUNK_GRANULES) as usize;
        for (index, &slot) in depot.slots.iter().enumerate().skip(chunk) {
            let end = match depot.carving[slot / LINE - 1] {
                Some((carving, used)) if carving as usize == index => used,
                _ => CHUNK_BYTES,
            };
            let first = if index == 0 { slot } else { 0 };
            let before = match index == chunk {
                true => (from % CHUNK_GRANULES) as usize * GRANULE,
                false => 0,
            };
            let passed = before.saturating_sub(first).div_ceil(slot);
            let starts = (first..end)
                .step_by(slot)
                .skip(passed)
                .take_while(|at| at + slot <= CHUNK_BYTES)
                .take(most - ids.len());
            ids.extend(starts.map(|at| index as u32 * CHUNK_GRANULES + (at / GRANULE) as u32));
            if ids.len() == most {
                break;
            }
        }
        ids
    }

    #[cold]
    fn put_back(&self, class: usize, stack: &Stack) {
        let mut depot = lock(&self.depot);
        depot.free[class].extend_from_slice(stack.free());
        self.count_handed_out((stack.count as u64).wrapping_neg());
    }

    /// So many more; under the depot's lock, hence without a read-modify-write.
    fn count_handed_out(&self, more: u64) {
        let now = self.handed_out.load(Ordering::Relaxed);
        self.handed_out
            .store(now.wrapping_add(more), Ordering::Relaxed);
    }

    /// How many slots are with codelets, or free in engines' lists.
    pub(crate) fn handed_out(&self) -> u64 {
        self.handed_out.load(Ordering::Relaxed)
    }

    /// How many free slots so many engines may have in their lists.
    pub(crate) fn most_kept(&self, engines: usize) -> u64 {
        self.sizes.load(Ordering::Relaxed) * engines as u64 * 2 * BATCH as u64
    }

    /// Bytes of all slots that were ever used. They are never given back.
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.depot).slots.len() * CHUNK_BYTES
    }

    /// The node id of the `index`-th node at `offset` bytes into a record.
    #[inline]
    pub(crate) fn node(record: u32, offset: usize, index: usize) -> u32 {
        record + (offset / GRANULE + index) as u32
    }
}

impl Links for Arena {
    #[inline]
    fn next(&self, node: u32) -> u32 {
        self.entry(node).next()
    }

    #[inline]
    fn set_next(&self, node: u32, next: u32) {
        self.entry(node).set_next(next);
    }
}

impl Arena {
    /// The payload of a record.
    #[inline]
    pub(crate) fn payload(&self, record: u32) -> *mut u8 {
        self.address(record).wrapping_add(HEADER)
    }

    #[inline]
    pub(crate) fn entry(&self, node: u32) -> &Entry {
        // SAFETY: a node lies inside a record's slot, which lives as long as the arena; it was written as an entry (or
        // as payload of a later tenant: any bits are valid for its two atomics) before its id was known to anybody.
        unsafe { &*self.address(node).cast::<Entry>() }
    }

    /// Where a record's entries are, in the order of declaration, with their node ids. `payload` is its body's.
    #[inline]
    pub(crate) fn places(&self, id: u32, payload: usize) -> Places<'_> {
        let count = self.record(id).count();
        let here = count.min(capacity(payload));
        Places {
            arena: self,
            record: id,
            node: Arena::node(id, HEADER + payload, 0),
            at: self.address(id).wrapping_add(HEADER + payload).cast(),
            here: here as u32,
            later: (count - here) as u32,
        }
    }

    /// A record's entries, in the order of declaration, with their node ids. `payload` is its body's.
    #[inline]
    pub(crate) fn entries(&self, id: u32, payload: usize) -> impl Iterator<Item = (u32, &Entry)> {
        self.places(id, payload).map(|(node, at)| {
            // SAFETY: as in `entry`.
            (node, unsafe { &*at })
        })
    }

    /// The first `count` entries of a record, which it holds itself. `payload` is its body's.
    #[inline]
    pub(crate) fn first_entries(&self, id: u32, payload: usize, count: usize) -> &[Entry] {
        debug_assert!(count <= self.record(id).count().min(capacity(payload)));
        // SAFETY: as in `entry`, for each of them; they lie side by side.
        unsafe { std::slice::from_raw_parts(self.first_place(id, payload), count) }
    }

    /// Where the first of them is.
    #[inline]
    pub(crate) fn first_place(&self, id: u32, payload: usize) -> *mut Entry {
        self.address(id).wrapping_add(HEADER + payload).cast()
    }

    /// The record whose entry a node is that lies this many nodes behind its start.
    #[inline]
    pub(crate) fn owner_of_entry(&self, node: u32, distance: u32) -> u32 {
        match distance {
            0 => self.owner_of_extended(node),
            distance => node - distance,
        }
    }

    /// The record whose entry a node is that lies in an extension of it.
    #[cold]
    fn owner_of_extended(&self, node: u32) -> u32 {
        let chunk = (node / CHUNK_GRANULES) as usize;
        let slot = (lock(&self.depot).slots[chunk] / GRANULE) as u32;
        let holder = node - (node % CHUNK_GRANULES) % slot;
        self.record(holder).parent.load(Ordering::Relaxed)
    }
}

/// See [`Arena::places`].
pub(crate) struct Places<'a> {
    arena: &'a Arena,
    record: u32,
    node: u32,
    at: *mut Entry,
    here: u32,
    later: u32,
}

impl Places<'_> {
    #[cold]
    fn go_on(&mut self) {
        let record = self.arena.record(self.record);
        self.record = record.extension.load(Ordering::Relaxed);
        self.node = Arena::node(self.record, HEADER, 0);
        self.at = self.arena.payload(self.record).cast();
        self.here = self.later.min(capacity(0) as u32);
        self.later -= self.here;
    }
}

impl Iterator for Places<'_> {
    type Item = (u32, *mut Entry);

    #[inline]
    fn next(&mut self) -> Option<(u32, *mut Entry)> {
        if self.here == 0 {
            if self.later == 0 {
                return None;
            }
            self.go_on();
        }
        let place = (self.node, self.at);
        self.node += 1;
        self.at = self.at.wrapping_add(1);
        self.here -= 1;
        Some(place)
    }
}

/// One engine's free slots: two stacks for each class, so that an engine that only takes, only gives, or does both
/// in turn goes to the depot once in a batch.
#[derive(Default)]
pub(crate) struct RecordCache {
    stacks: [[Stack; 2]; CLASSES],
}

impl RecordCache {
    /// A slot of at least `bytes`, whose shared fields are those of its last tenant (generation moved on).
    #[inline(always)]
    pub(crate) fn take(&mut self, arena: &Arena, bytes: usize) -> Result<u32> {
        let class = bytes.div_ceil(LINE) - 1;
        let stacks = &mut self.stacks[class];
        if stacks[0].count == 0 {
            Self::fill(stacks, arena, class)?;
        }
        let first = &mut stacks[0];
        first.count -= 1;
        if let Some(ahead) = first.count.checked_sub(AHEAD) {
            let at = arena.address(first.ids[ahead]);
            (0..=class).for_each(|line| prefetch_to_write(at.wrapping_add(line * LINE)));
        }
        Ok(first.ids[first.count])
    }

    /// Fills the first stack of a class, which is empty.
    #[cold]
    #[inline(never)]
    fn fill([first, second]: &mut [Stack; 2], arena: &Arena, class: usize) -> Result<()> {
        if second.count > 0 {
            std::mem::swap(first, second);
            return Ok(());
        }
        arena.refill(class, first)
    }

    /// Gives a slot back, after its generation has moved on.
    #[inline(always)]
    pub(crate) fn give(&mut self, arena: &Arena, id: u32) {
        let class = usize::from(arena.record(id).class());
        let stacks = &mut self.stacks[class];
        if stacks[0].count == BATCH {
            Self::empty(stacks, arena, class);
        }
        let first = &mut stacks[0];
        first.ids[first.count] = id;
        first.count += 1;
    }

    /// Empties the first stack of a class, which is full.
    #[cold]
    #[inline(never)]
    fn empty([first, second]: &mut [Stack; 2], arena: &Arena, class: usize) {
        if second.count > 0 {
            arena.put_back(class, second);
            second.count = 0;
        }
        std::mem::swap(first, second);
    }

    /// How many free slots it has.
    pub(crate) fn held(&self) -> usize {
        self.stacks.iter().flatten().map(|stack| stack.count).sum()
    }

    /// Gives everything to the depot, when the engine goes.
    #[inline]
    pub(crate) fn clear(&mut self, arena: &Arena) {
        for (class, stacks) in self.stacks.iter_mut().enumerate() {
            for stack in stacks {
                arena.put_back(class, stack);
                stack.count = 0;
            }
        }
    }
}
