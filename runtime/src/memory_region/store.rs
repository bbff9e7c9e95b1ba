//! What a pool knows about its memory; it lives behind the pool's lock. Nothing here asks the system for anything.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::chunk::Chunk;
use super::class::{CLASSES, Class};
use super::pages::{HUGE, Pages};
use super::room::Room;
use super::stats::PoolStats;
use super::transfer::Which;

/// Recycled chunks of so many bytes or more count towards [`super::PoolOptions::keep_bytes`]. Taking the pages out of
/// smaller ones is a system call for too little.
const RELEASE_BYTES: usize = 64 << 10;
/// The first slab of each kind; each further one is twice as large, until [`SLAB_MOST`]. So a small program takes little, and a large one
/// maps seldom.
const SLAB_FIRST: usize = HUGE;
const SLAB_MOST: usize = 32 << 20;
/// Chunks of up to so many bytes are cut from other slabs than larger ones, so that many small ones share few pages.
const SMALL_BYTES: usize = 32 << 10;

/// The chunks of one size that are in the pool.
#[derive(Default)]
struct Shelf {
    /// Used before; the warmest at the back.
    used: VecDeque<Chunk>,
    /// Cut but not touched, or given back to the system since.
    fresh: Vec<Chunk>,
    /// The pool's clock when a chunk of this size last came or went.
    last_use: u64,
}

/// The slab that chunks are being cut from.
struct Cutting {
    /// Its place in `Store::slabs`; none before the first.
    slab: Option<usize>,
    /// The first byte that is not cut.
    next: usize,
    /// The size of the slab that comes after it.
    next_slab: usize,
}

/// What must be given back to the system once the lock is free.
#[derive(Default)]
pub(super) struct Evicted {
    /// To be dropped.
    pub(super) pages: Vec<Pages>,
    /// To be emptied, and then put back.
    pub(super) chunks: Vec<Chunk>,
}

/// All the memory of a pool.
pub(super) struct Store {
    owner: u32,
    region: u16,
    /// Whether pages are small enough to be taken out of chunks that were cut from slabs.
    release_cut: bool,
    /// Whether huge pages were wanted.
    want_huge: bool,
    shelves: Vec<Shelf>,
    /// For small chunks, and for all others.
    cutting: [Cutting; 2],
    slabs: Vec<Pages>,
    /// Chunks with a mapping of their own, by address, wherever they are.
    direct: HashMap<usize, Pages>,
    clock: u64,
    /// Nothing goes back to the system any more.
    keeps_all: bool,
    /// How many of the recycled bytes could be given back to the system.
    releasable: usize,
    room: Room,
    pub(super) stats: PoolStats,
}

impl Store {
    /// An empty one, for the pool with that number.
    pub(super) fn new(owner: u32, region: u16, release_cut: bool, want_huge: bool) -> Store {
        let cutting = || Cutting {
            slab: None,
            next: 0,
            next_slab: SLAB_FIRST,
        };
        Store {
            owner,
            region,
            release_cut,
            want_huge,
            shelves: std::iter::repeat_with(Shelf::default)
                .take(CLASSES)
                .collect(),
            cutting: [cutting(), cutting()],
            slabs: Vec::new(),
            direct: HashMap::new(),
            clock: 0,
            keeps_all: false,
            releasable: 0,
            room: Room::default(),
            stats: PoolStats::default(),
        }
    }

    /// How many chunks of this size, `most` at most, are recycled or have room on the nodes; `free` asks the system how much it
    /// has, `now` what time it is. If there is none, that is counted.
    pub(super) fn with_room(
        &mut self,
        class: Class,
        most: usize,
        free: impl Fn() -> Option<usize>,
        now: impl Fn() -> Instant,
    ) -> usize {
        let recycled = self.shelves[class.index()].used.len().min(most);
        let mut has_room = |count| {
            count == 0 || {
                let bytes = class.bytes() * count;
                self.room.take(bytes, &free, &now)
            }
        };
        let count = match has_room(most - recycled) {
            true => most,
            false if recycled == 0 => usize::from(has_room(1)),
            false => recycled,
        };
        self.stats.overflows += u64::from(count == 0);
        count
    }

    /// A chunk out of what there is: recycled ones first, since they are warm. None if something has to be mapped.
    pub(super) fn take(&mut self, class: Class) -> Option<Chunk> {
        let chunk = match self.shelf(class).used.pop_back() {
            Some(chunk) => {
                self.recycled_less(class, 1);
                chunk
            }
            None => self.shelf(class).fresh.pop().or_else(|| self.cut(class))?,
        };
        self.handed_out(&chunk);
        Some(chunk)
    }

    /// The same for as many chunks as there are, `most` at most. The accounts are kept once for all recycled ones, since this
    /// is what magazines pay for.
    pub(super) fn take_batch(&mut self, class: Class, most: usize, into: &mut Vec<Chunk>) {
        let used = &mut self.shelf(class).used;
        let recycled = used.len().min(most);
        into.extend(used.drain(used.len() - recycled..));
        self.recycled_less(class, recycled);
        self.stats.in_use_bytes += recycled * class.bytes();
        self.stats.recycled_chunks += recycled as u64;
        let fresh = std::iter::from_fn(|| self.take(class));
        into.extend(fresh.take(most - recycled));
    }

    /// Takes chunks of one size in that were out: used ones for recycling, others as they are.
    pub(super) fn put(&mut self, class: Class, chunks: impl IntoIterator<Item = Chunk>) {
        let count = self.shelve(class, chunks);
        self.stats.in_use_bytes -= count * class.bytes();
    }

    /// Puts a chunk back that [`Store::evict`] gave out: emptied, or as it was if that failed.
    pub(super) fn put_evicted(&mut self, chunk: Chunk) {
        if chunk.is_fresh() {
            self.stats.released_bytes += chunk.bytes() as u64;
        }
        self.shelve(chunk.class(), [chunk]);
    }

    /// Puts chunks on their shelf, and says how many.
    fn shelve(&mut self, class: Class, chunks: impl IntoIterator<Item = Chunk>) -> usize {
        let shelf = self.shelf(class);
        let (mut used, mut fresh) = (0, 0);
        for chunk in chunks {
            debug_assert_eq!(chunk.class(), class);
            if chunk.is_fresh() {
                fresh += 1;
                shelf.fresh.push(chunk);
            } else {
                used += 1;
                shelf.used.push_back(chunk);
            }
        }
        self.stats.recycled_bytes += used * class.bytes();
        if self.can_release(class) {
            self.releasable += used * class.bytes();
        }
        used + fresh
    }

    /// How large a slab should be that `class` can be cut from.
    pub(super) fn slab_bytes(&self, class: Class) -> usize {
        self.cutting[kind(class)]
            .next_slab
            .max(Self::least_slab_bytes(class))
    }

    /// How large it must be.
    pub(super) fn least_slab_bytes(class: Class) -> usize {
        class.bytes().next_multiple_of(HUGE)
    }

    /// Cuts from these pages from now on. What was left of the slab before was not touched and costs only addresses.
    pub(super) fn add_slab(&mut self, class: Class, pages: Pages) {
        self.count_mapped(&pages);
        let cutting = &mut self.cutting[kind(class)];
        cutting.slab = Some(self.slabs.len());
        cutting.next = 0;
        cutting.next_slab = (cutting.next_slab * 2).min(SLAB_MOST);
        self.slabs.push(pages);
    }

    /// Hands out a chunk with a mapping of its own.
    pub(super) fn add_direct(&mut self, class: Class, pages: Pages) -> Chunk {
        self.count_mapped(&pages);
        let chunk = Chunk::untouched(pages.start(), self.owner, self.region, class);
        self.direct.insert(pages.start().addr().get(), pages);
        self.handed_out(&chunk);
        chunk
    }

    /// Lets a chunk that is out go to another pool, with its mapping; `None` if it has none of its own.
    pub(super) fn leave(&mut self, which: Which) -> Option<Pages> {
        let pages = self.direct.remove(&which.ptr.addr().get())?;
        self.stats.in_use_bytes -= which.class.bytes();
        self.unmapped(&pages);
        Some(pages)
    }

    /// Takes a chunk in that is out, with its mapping, from another pool; it was used.
    pub(super) fn enter(&mut self, class: Class, pages: Pages) -> Chunk {
        let mut chunk = Chunk::untouched(pages.start(), self.owner, self.region, class);
        chunk.mark_used();
        self.stats.in_use_bytes += chunk.bytes();
        self.mapped(&pages);
        self.direct.insert(pages.start().addr().get(), pages);
        chunk
    }

    /// Whether a chunk of this size waits that was used before.
    pub(super) fn has_used(&self, class: Class) -> bool {
        !self.shelves[class.index()].used.is_empty()
    }

    /// Whether there is more recycled memory than should be kept.
    pub(super) fn over(&self, keep_bytes: usize) -> bool {
        self.releasable > keep_bytes && !self.keeps_all
    }

    /// From now on there is never more than should be kept.
    pub(super) fn keep_all(&mut self) {
        self.keeps_all = true;
    }

    /// Takes recycled memory off the shelves until what is left is not more than should be kept: the size that was
    /// not used for longest first, of each size the coldest first.
    pub(super) fn evict(&mut self, keep_bytes: usize) -> Evicted {
        let mut evicted = Evicted::default();
        while self.over(keep_bytes) {
            let coldest = Class::all()
                .filter(|class| {
                    self.can_release(*class) && !self.shelves[class.index()].used.is_empty()
                })
                .min_by_key(|class| self.shelves[class.index()].last_use);
            let Some(class) = coldest else {
                break;
            };
            while self.over(keep_bytes)
                && let Some(chunk) = self.shelves[class.index()].used.pop_front()
            {
                self.recycled_less(class, 1);
                self.sort_out(chunk, &mut evicted);
            }
        }
        evicted
    }

    fn sort_out(&mut self, chunk: Chunk, evicted: &mut Evicted) {
        match self.direct.remove(&chunk.ptr().addr().get()) {
            Some(pages) => {
                self.unmapped(&pages);
                self.stats.released_bytes += pages.len() as u64;
                evicted.pages.push(pages);
            }
            None => evicted.chunks.push(chunk),
        }
    }

    /// The shelf of a size, which is being used now.
    fn shelf(&mut self, class: Class) -> &mut Shelf {
        self.clock += 1;
        let shelf = &mut self.shelves[class.index()];
        shelf.last_use = self.clock;
        shelf
    }

    fn cut(&mut self, class: Class) -> Option<Chunk> {
        if class.is_direct() {
            return None;
        }
        let cutting = &mut self.cutting[kind(class)];
        let pages = self.slabs.get(cutting.slab?)?;
        let from = cutting.next.next_multiple_of(class.align());
        let to = from + class.bytes();
        if to > pages.len() {
            return None;
        }
        cutting.next = to;
        Some(Chunk::untouched(
            pages.at(from),
            self.owner,
            self.region,
            class,
        ))
    }

    fn can_release(&self, class: Class) -> bool {
        class.is_direct() || (self.release_cut && class.bytes() >= RELEASE_BYTES)
    }

    fn handed_out(&mut self, chunk: &Chunk) {
        let s = &mut self.stats;
        s.in_use_bytes += chunk.bytes();
        if chunk.is_fresh() {
            s.fresh_chunks += 1;
        } else {
            s.recycled_chunks += 1;
        }
    }

    fn recycled_less(&mut self, class: Class, count: usize) {
        self.stats.recycled_bytes -= count * class.bytes();
        if self.can_release(class) {
            self.releasable -= count * class.bytes();
        }
    }

    fn count_mapped(&mut self, pages: &Pages) {
        let s = &mut self.stats;
        s.mappings += 1;
        s.small_page_mappings += u64::from(self.want_huge && !pages.huge());
        self.mapped(pages);
    }

    /// There are these pages more.
    fn mapped(&mut self, pages: &Pages) {
        let s = &mut self.stats;
        s.mapped_bytes += pages.len();
        s.peak_mapped_bytes = s.peak_mapped_bytes.max(s.mapped_bytes);
        s.huge_bytes += if pages.huge() { pages.len() } else { 0 };
        s.unbound_bytes += if pages.unbound() { pages.len() } else { 0 };
        s.unweighted_bytes += if pages.unweighted() { pages.len() } else { 0 };
    }

    /// These pages are not there any more.
    fn unmapped(&mut self, pages: &Pages) {
        let s = &mut self.stats;
        s.mapped_bytes -= pages.len();
        s.huge_bytes -= if pages.huge() { pages.len() } else { 0 };
        s.unbound_bytes -= if pages.unbound() { pages.len() } else { 0 };
        s.unweighted_bytes -= if pages.unweighted() { pages.len() } else { 0 };
    }
}

/// Which slabs a size is cut from.
fn kind(class: Class) -> usize {
    usize::from(class.bytes() > SMALL_BYTES)
}
