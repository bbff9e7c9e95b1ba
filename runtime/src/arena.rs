//! Where codelet records live: chunks of equal slots, recycled, never given back while the runtime lives.
//!
//! Because memory stays, and because all shared fields of a [`Record`] are atomics, looking at a record through an
//! id is always memory-safe, even when the id is stale; generations tell who it belongs to. Each engine keeps two
//! short lists of free slots for each size and exchanges whole lists with the depot under its lock: Bonwick's
//! magazines (Bonwick and Adams, "Magazines and Vmem", USENIX ATC 2001).
//!
//! An id is the slot's place in units of 16 bytes, so that a node inside a record has an id too.

use crate::codelet::{Entry, HEADER, MAX_RECORD, Record, capacity};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Links;
use crate::memory_region::{Chunk as Memory, Pool};
use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sync::{Arc, Mutex, lock};

const GRANULE: usize = 16;
/// One huge page.
const CHUNK_BYTES: usize = 2 << 20;
const CHUNK_GRANULES: u32 = (CHUNK_BYTES / GRANULE) as u32;
const CHUNKS: usize = (1 << 32) / CHUNK_GRANULES as usize;
/// Slots come in multiples of a cache line, up to this many.
const CLASSES: usize = MAX_RECORD / LINE;
const LINE: usize = 64;
/// How many slots one exchange with the depot moves.
const BATCH: u32 = if cfg!(sprat_loom) { 2 } else { 64 };

struct Chunk {
    base: AtomicPtr<u8>,
    /// Bytes of a slot; 0 while the chunk does not exist.
    slot: AtomicU32,
}

/// The table with its length in its type, so that looking up any id needs no check.
#[inline]
fn table(chunks: Box<[Chunk]>) -> Box<[Chunk; CHUNKS]> {
    let table = chunks.try_into();
    table.unwrap_or_else(|_| unreachable!("it was made with this length"))
}

/// A list of free slots, linked through the records.
#[derive(Clone, Copy, Default)]
struct FreeList {
    head: u32,
    count: u32,
}

#[derive(Default)]
struct Depot {
    memory: Vec<Memory>,
    /// For each class: the chunk being carved, and how many bytes of it are.
    carving: [Option<(u32, usize)>; CLASSES],
    free: [Vec<FreeList>; CLASSES],
}

/// All records of a runtime.
pub(crate) struct Arena {
    chunks: Box<[Chunk; CHUNKS]>,
    depot: Mutex<Depot>,
    pool: Arc<Pool>,
}

impl Arena {
    /// An arena that takes its chunks from this pool.
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        let chunks = (0..CHUNKS).map(|_| Chunk {
            base: AtomicPtr::new(std::ptr::null_mut()),
            slot: AtomicU32::new(0),
        });
        Arena {
            chunks: table(chunks.collect()),
            depot: Mutex::new(Depot::default()),
            pool,
        }
    }

    /// The record with this id, whoever lives there now.
    #[inline]
    pub(crate) fn record(&self, id: u32) -> &Record {
        let chunk = &self.chunks[(id / CHUNK_GRANULES) as usize];
        // Acquire pairs with the Release in `carve`: the chunk's slots are initialised. Ids come from there too,
        // so this is a formality that costs nothing on x86.
        let base = chunk.base.load(Ordering::Acquire);
        debug_assert!(!base.is_null(), "record ids come from the arena");
        let offset = (id % CHUNK_GRANULES) as usize * GRANULE;
        // SAFETY: the chunk is CHUNK_BYTES long and `offset` lies inside.
        let place = unsafe { base.add(offset) };
        // SAFETY: record ids are starts of slots, which `carve` initialised and which live as long as the arena.
        unsafe { &*place.cast::<Record>() }
    }

    /// The address of a node or record.
    #[inline]
    pub(crate) fn address(&self, id: u32) -> *mut u8 {
        let base = self.chunks[(id / CHUNK_GRANULES) as usize]
            .base
            .load(Ordering::Acquire);
        base.wrapping_add((id % CHUNK_GRANULES) as usize * GRANULE)
    }

    /// A new list of free slots of a class, from other engines' leavings or fresh memory.
    fn refill(&self, class: usize) -> Result<FreeList> {
        let mut depot = lock(&self.depot);
        if let Some(list) = depot.free[class].pop() {
            return Ok(list);
        }
        let slot = (class + 1) * LINE;
        let (chunk, used) = match depot.carving[class] {
            Some((chunk, used)) if used + slot <= CHUNK_BYTES => (chunk, used),
            _ => (self.map_chunk(&mut depot, slot)?, 0),
        };
        let base = self.chunks[chunk as usize].base.load(Ordering::Relaxed);
        let mut list = FreeList::default();
        let mut at = used;
        while list.count < BATCH && at + slot <= CHUNK_BYTES {
            // Id 0 means "none", so the very first slot stays unused.
            if chunk != 0 || at != 0 {
                // SAFETY: inside the chunk, by the loop's condition.
                let place = unsafe { base.add(at) }.cast::<Record>();
                // SAFETY: aligned to LINE, long enough for a record, and nobody knows this slot yet.
                unsafe { place.write(Record::vacant(class as u8, list.head)) };
                list.head = chunk * CHUNK_GRANULES + (at / GRANULE) as u32;
                list.count += 1;
            }
            at += slot;
        }
        depot.carving[class] = Some((chunk, at));
        Ok(list)
    }

    fn map_chunk(&self, depot: &mut Depot, slot: usize) -> Result<u32> {
        let index = depot.memory.len();
        if index == CHUNKS {
            return Err(Error::new(
                ErrorKind::System,
                "more than 64 GiB of codelets wait; spawn fewer at a time",
            ));
        }
        let memory = self.pool.take(CHUNK_BYTES)?;
        self.chunks[index]
            .slot
            .store(slot as u32, Ordering::Relaxed);
        // Release pairs with the Acquire in `record`.
        self.chunks[index]
            .base
            .store(memory.ptr().as_ptr(), Ordering::Release);
        depot.memory.push(memory);
        Ok(index as u32)
    }

    /// All ids that were ever used. Exact only while nothing else moves (the stuck report).
    pub(crate) fn ids(&self) -> Vec<u32> {
        let depot = lock(&self.depot);
        let mut ids = Vec::new();
        for (index, chunk) in self.chunks.iter().enumerate().take(depot.memory.len()) {
            let slot = chunk.slot.load(Ordering::Relaxed) as usize;
            let end = match depot.carving[slot / LINE - 1] {
                Some((carving, used)) if carving as usize == index => used,
                _ => CHUNK_BYTES,
            };
            let first = if index == 0 { slot } else { 0 };
            let starts = (first..end)
                .step_by(slot)
                .filter(|at| at + slot <= CHUNK_BYTES);
            ids.extend(starts.map(|at| index as u32 * CHUNK_GRANULES + (at / GRANULE) as u32));
        }
        ids
    }

    #[inline]
    fn put_back(&self, class: usize, list: FreeList) {
        lock(&self.depot).free[class].push(list);
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

    /// The record whose entry a node is.
    #[inline]
    pub(crate) fn owner_of_entry(&self, node: u32, entry: &Entry) -> u32 {
        match entry.distance() {
            0 => self.owner_of_extended(node),
            distance => node - distance,
        }
    }

    /// The record whose entry a node is that lies in an extension of it.
    #[cold]
    fn owner_of_extended(&self, node: u32) -> u32 {
        let chunk = node / CHUNK_GRANULES;
        let slot = self.chunks[chunk as usize].slot.load(Ordering::Relaxed) / GRANULE as u32;
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

impl Drop for Arena {
    fn drop(&mut self) {
        for memory in std::mem::take(&mut lock(&self.depot).memory) {
            self.pool
                .give(memory)
                .expect("the memory came from this pool");
        }
    }
}

/// One engine's free slots: two lists for each class, so that an engine that only takes, only gives, or does both
/// in turn goes to the depot once in a batch.
#[derive(Default)]
pub(crate) struct RecordCache {
    lists: [[FreeList; 2]; CLASSES],
}

impl RecordCache {
    /// A slot of at least `bytes`, whose shared fields are those of its last tenant (generation moved on).
    #[inline]
    pub(crate) fn take(&mut self, arena: &Arena, bytes: usize) -> Result<u32> {
        let class = bytes.div_ceil(LINE) - 1;
        let [first, second] = &mut self.lists[class];
        if first.count == 0 {
            std::mem::swap(first, second);
            if first.count == 0 {
                *first = arena.refill(class)?;
            }
        }
        let id = first.head;
        first.head = arena.record(id).link.load(Ordering::Relaxed);
        first.count -= 1;
        Ok(id)
    }

    /// Gives a slot back, after its generation has moved on.
    #[inline]
    pub(crate) fn give(&mut self, arena: &Arena, id: u32) {
        let record = arena.record(id);
        let class = usize::from(record.class());
        let [first, second] = &mut self.lists[class];
        if first.count == BATCH {
            if second.count > 0 {
                arena.put_back(class, *second);
            }
            *second = std::mem::take(first);
        }
        record.link.store(first.head, Ordering::Relaxed);
        first.head = id;
        first.count += 1;
    }

    /// Gives everything to the depot, when the engine goes.
    #[inline]
    pub(crate) fn clear(&mut self, arena: &Arena) {
        for (class, lists) in self.lists.iter_mut().enumerate() {
            for list in lists {
                if list.count > 0 {
                    arena.put_back(class, std::mem::take(list));
                }
            }
        }
    }
}
