//! The memory of one region: the lock around the store, and the system calls.

// A counter for the whole process has to be const, which loom's atomics are not; nothing is ordered by it.
use crate::sync::plain::{AtomicU32, Ordering};
use std::fmt;
use std::time::Instant;

#[cfg(doc)]
use super::Magazine;
use super::chunk::Chunk;
use super::class::{self, Class};
use super::options::{Nodes, PoolOptions};
use super::os;
use super::pages::{MoveFn, Pages};
use super::room;
use super::stats::PoolStats;
use super::store::{Evicted, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::Mutex;

/// The memory of one region, recycled by size.
///
/// Chunks below 8 MiB are cut from slabs of huge pages (those of whole huge pages are not), larger ones are mapped one by one.
/// All of it goes back to the system when the pool is dropped, chunks that are still out included.
///
/// Any thread may call it; each call takes one lock. Engines take and give through a [`Magazine`], which does so
/// once for many chunks.
pub struct Pool {
    region: u16,
    owner: u32,
    keep_bytes: usize,
    huge: bool,
    nodes: Nodes,
    /// The smallest chunk: sizes from this one on are all whole pages.
    least: usize,
    map: MapFn,
    pub(super) move_pages: MoveFn,
    store: Mutex<Store>,
}

/// [`Pages::map`], or what a test puts in its place.
type MapFn = fn(usize, bool, &Nodes) -> Result<Pages>;

impl Pool {
    /// An empty pool for the memory region with that index. It maps nothing yet.
    ///
    /// Errors: `System` after 2^32 pools in one process.
    pub fn new(region: u16, options: PoolOptions) -> Result<Pool> {
        Self::with_map(region, options, Pages::map)
    }

    pub(super) fn with_map(region: u16, options: PoolOptions, map: MapFn) -> Result<Pool> {
        let owner = number()?;
        // Chunks are aligned to 4096; where pages are larger, they cannot be taken out of parts of a slab.
        let release_cut = os::page_bytes() <= 4096;
        Ok(Pool {
            region,
            owner,
            keep_bytes: options.keep_bytes,
            huge: options.huge && os::huge_allowed(),
            nodes: options.nodes,
            least: match options.whole_pages {
                true => class::PAGED_BYTES,
                false => 0,
            },
            map,
            move_pages: os::move_pages,
            store: Mutex::new(Store::new(owner, region, release_cut, options.huge)),
        })
    }

    /// The same pool, whose pages this moves.
    #[cfg(all(test, not(sprat_loom)))]
    pub(crate) fn moved_by(self, move_pages: MoveFn) -> Pool {
        Pool { move_pages, ..self }
    }

    /// The memory region that this is the memory of.
    pub fn region(&self) -> u16 {
        self.region
    }

    /// Takes a chunk of at least `bytes` bytes. Its contents are unspecified, unless it is fresh: then zero. If the pool's nodes
    /// have no room, its pages come from others.
    ///
    /// Errors: `BlockSize` for no bytes or more than can be addressed, `System` if the system has no memory left.
    pub fn take(&self, bytes: usize) -> Result<Chunk> {
        self.take_class(Class::of(bytes.max(self.least))?)
    }

    /// Takes a chunk like [`Pool::take`] if it is recycled, or the pool's nodes have room for it, as far as the system
    /// tells; else `None`, which is counted. What other programs take meanwhile cannot be known, so this is not exact.
    ///
    /// Errors: as of [`Pool::take`].
    pub fn take_if_room(&self, bytes: usize) -> Result<Option<Chunk>> {
        let class = Class::of(bytes.max(self.least))?;
        match self.with_room(class, 1) {
            0 => Ok(None),
            _ => self.take_class(class).map(Some),
        }
    }

    /// Makes the first `bytes` bytes of a chunk zero, if they are not known to be. At most as many as it has.
    ///
    /// Errors: `Foreign` for a chunk of another pool.
    pub fn zero(&self, chunk: &mut Chunk, bytes: usize) -> Result<()> {
        self.check(chunk)?;
        // SAFETY: its pool is `self`.
        unsafe { chunk.zero(bytes) };
        Ok(())
    }

    /// Takes a chunk whose first `bytes` bytes are zero; if it is fresh, without touching it.
    ///
    /// Errors: as of [`Pool::take`].
    pub fn take_zeroed(&self, bytes: usize) -> Result<Chunk> {
        let mut chunk = self.take(bytes)?;
        self.zero(&mut chunk, bytes)?;
        Ok(chunk)
    }

    /// Gives a chunk back. It need not come from the thread that took it.
    ///
    /// Errors: `Foreign` for a chunk of another pool, which is then lost until that pool is dropped.
    pub fn give(&self, mut chunk: Chunk) -> Result<()> {
        self.check(&chunk)?;
        chunk.mark_used();
        self.put(chunk.class(), [chunk]);
        Ok(())
    }

    /// Gives recycled memory back to the system until at most `keep_bytes` of it are left, in chunks of 64 KiB or more.
    /// What magazines hold is not recycled: flush them before. Nothing after [`Pool::keep_all`].
    pub fn trim(&self, keep_bytes: usize) {
        let evicted = self.with_store(|store| store.evict(keep_bytes));
        self.release(evicted);
    }

    /// From now on no recycled memory goes back to the system before the pool is dropped: not even when there is too much of it, or the
    /// system has none left.
    pub fn keep_all(&self) {
        self.with_store(Store::keep_all);
    }

    /// Its counts now.
    pub fn stats(&self) -> PoolStats {
        self.with_store(|store| store.stats.clone())
    }

    /// The one node that its pages should come from, if there is one.
    pub(super) fn node(&self) -> Option<u16> {
        match self.nodes {
            Nodes::One(node) => Some(node),
            _ => None,
        }
    }

    /// The bytes of its smallest chunk, or 0 for the smallest there is.
    pub(super) fn least(&self) -> usize {
        self.least
    }

    pub(super) fn take_class(&self, class: Class) -> Result<Chunk> {
        if class.is_direct() {
            return self.take_direct(class);
        }
        self.with_store(|store| self.take_cut(store, class))
    }

    /// The same as [`Pool::take_batch`], as far as chunks are recycled, or there is room for them.
    pub(super) fn take_batch_if_room(
        &self,
        class: Class,
        more: usize,
        into: &mut Vec<Chunk>,
    ) -> Result<Option<Chunk>> {
        match self.with_room(class, 1 + more) {
            0 => Ok(None),
            count => self.take_batch(class, count - 1, into).map(Some),
        }
    }

    /// Takes one chunk, and up to `more` if they can be had without another mapping. Not for classes of whole huge pages.
    pub(super) fn take_batch(
        &self,
        class: Class,
        more: usize,
        into: &mut Vec<Chunk>,
    ) -> Result<Chunk> {
        self.with_store(|store| {
            let first = self.take_cut(store, class)?;
            store.take_batch(class, more, into);
            Ok(first)
        })
    }

    /// Takes chunks of one size in that are this pool's, as they are: fresh ones stay so.
    pub(super) fn put(&self, class: Class, chunks: impl IntoIterator<Item = Chunk>) {
        let evicted = self.with_store(|store| {
            store.put(class, chunks);
            store
                .over(self.keep_bytes)
                .then(|| store.evict(self.keep_bytes))
        });
        if let Some(evicted) = evicted {
            self.release(evicted);
        }
    }

    /// Whether a chunk is this pool's. Errors: `Foreign`.
    #[inline]
    pub(super) fn check(&self, chunk: &Chunk) -> Result<()> {
        if chunk.owner() == self.owner {
            Ok(())
        } else {
            Err(self.foreign(chunk))
        }
    }

    #[cold]
    fn foreign(&self, chunk: &Chunk) -> Error {
        Error::new(
            ErrorKind::Foreign,
            format!(
                "a chunk of {} bytes of region {} was given to another pool, that of region {}; give it to the pool it was taken from",
                chunk.bytes(),
                chunk.region(),
                self.region
            ),
        )
    }

    /// A mapping under the lock: one in 32 MiB of small chunks, and all others would need it as well.
    fn take_cut(&self, store: &mut Store, class: Class) -> Result<Chunk> {
        if let Some(chunk) = store.take(class) {
            return Ok(chunk);
        }
        let pages = match self.map(store.slab_bytes(class)) {
            Ok(pages) => pages,
            Err(_) => {
                store.stats.fallbacks += 1;
                let evicted = store.evict(0);
                self.empty(evicted)
                    .into_iter()
                    .for_each(|chunk| store.put_evicted(chunk));
                self.map(Store::least_slab_bytes(class))?
            }
        };
        store.add_slab(class, pages);
        store.take(class).ok_or_else(|| {
            let what = format!(
                "a new slab has no room for {} bytes; this is a bug, please report it",
                class.bytes()
            );
            Error::new(ErrorKind::System, what)
        })
    }

    fn take_direct(&self, class: Class) -> Result<Chunk> {
        if let Some(chunk) = self.with_store(|store| store.take(class)) {
            return Ok(chunk);
        }
        let pages = match self.map(class.bytes()) {
            Ok(pages) => pages,
            Err(_) => {
                let evicted = self.with_store(|store| {
                    store.stats.fallbacks += 1;
                    store.evict(0)
                });
                self.release(evicted);
                self.map(class.bytes())?
            }
        };
        Ok(self.with_store(|store| store.add_direct(class, pages)))
    }

    fn map(&self, bytes: usize) -> Result<Pages> {
        (self.map)(bytes, self.huge, &self.nodes)
    }

    /// How many chunks, `most` at most, are recycled, or have room. If there is none, that is counted.
    pub(super) fn with_room(&self, class: Class, most: usize) -> usize {
        let free = || room::free_bytes(&self.nodes);
        self.with_store(|store| store.with_room(class, most, free, Instant::now))
    }

    /// Gives evicted memory back to the system. Not under the lock, since it takes long: each page is handed back.
    fn release(&self, evicted: Evicted) {
        let chunks = self.empty(evicted);
        if !chunks.is_empty() {
            self.with_store(|store| {
                chunks
                    .into_iter()
                    .for_each(|chunk| store.put_evicted(chunk))
            });
        }
    }

    /// Unmaps what has a mapping of its own, and takes the pages out of the rest, which then is to go back into the store.
    fn empty(&self, evicted: Evicted) -> Vec<Chunk> {
        drop(evicted.pages);
        let mut chunks = evicted.chunks;
        for chunk in &mut chunks {
            // SAFETY: its pool is `self`.
            unsafe { chunk.discard() };
        }
        chunks
    }

    pub(super) fn with_store<R>(&self, f: impl FnOnce(&mut Store) -> R) -> R {
        // Nothing panics under the lock short of a bug in here; then the pool goes on as it is.
        let mut store = self
            .store
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        f(&mut store)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("region", &self.region)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// A number that no other pool of this process has, so that no pool takes the chunks of another, not even of a dead one.
fn number() -> Result<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
        .map_err(|_| {
            Error::new(
                ErrorKind::System,
                "this process has made 2^32 memory pools; start a new one",
            )
        })
}
