//! An engine's own few chunks.
//!
//! After Bonwick and Adams, "Magazines and Vmem: Extending the Slab Allocator to Many CPUs and Arbitrary Resources",
//! USENIX Annual Technical Conference 2001. They keep two magazines per processor, and exchange one when both are
//! full or both empty, so that taking and giving by turns at a border does not exchange each time. One stack that
//! exchanges half of itself does the same, and keeps the warm half.

use super::chunk::Chunk;
use super::class::Class;
use super::pool::Pool;
use crate::error::Result;
use crate::sync::Arc;

/// Larger chunks come from the pool each time: their memory is worth more than the lock costs.
const LARGEST: usize = 1 << 20;
/// How many bytes of one size to exchange at once, as far as this is 1 to [`BATCH_MOST`] chunks.
const BATCH_BYTES: usize = 128 << 10;
const BATCH_MOST: usize = 32;

/// A cache of chunks in front of a [`Pool`], for one engine: most takes and gives are a pop and a push.
///
/// For each size up to 1 MiB it holds at most two batches; a batch is 32 chunks, 128 KiB, or one chunk, whichever is
/// smallest but one chunk at least. What it holds counts as in use in the pool's statistics. It goes back to the pool
/// when the magazine is dropped.
#[derive(Debug)]
pub struct Magazine {
    pool: Arc<Pool>,
    /// As the pool's.
    least: usize,
    stacks: Box<[Stack]>,
}

/// The chunks of one size; the warmest on top.
#[derive(Debug)]
struct Stack {
    chunks: Vec<Chunk>,
    batch: usize,
}

impl Stack {
    /// Gives its coldest `count` chunks to the pool.
    fn give(&mut self, pool: &Pool, count: usize) {
        if let Some(chunk) = self.chunks.first() {
            pool.put(chunk.class(), self.chunks.drain(..count));
        }
    }

    /// The same for a batch; apart from the common case, so that this one stays small.
    #[cold]
    #[inline(never)]
    fn give_batch(&mut self, pool: &Pool) {
        self.give(pool, self.batch);
    }
}

impl Magazine {
    /// An empty one.
    pub fn new(pool: Arc<Pool>) -> Magazine {
        let stack = |class: Class| Stack {
            chunks: Vec::new(),
            batch: (BATCH_BYTES / class.bytes()).clamp(1, BATCH_MOST),
        };
        let sizes = Class::all().take_while(|class| class.bytes() <= LARGEST);
        Magazine {
            least: pool.least(),
            pool,
            stacks: sizes.map(stack).collect(),
        }
    }

    /// The pool behind it.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Takes a chunk of at least `bytes` bytes, as [`Pool::take`] does, with its errors.
    #[inline]
    pub fn take(&mut self, bytes: usize) -> Result<Chunk> {
        let class = Class::of(bytes.max(self.least))?;
        match self.stacks.get_mut(class.index()) {
            Some(stack) => match stack.chunks.pop() {
                Some(chunk) => Ok(chunk),
                None => self
                    .pool
                    .take_batch(class, stack.batch - 1, &mut stack.chunks),
            },
            None => self.pool.take_class(class),
        }
    }

    /// Takes a chunk like [`Magazine::take`] if it holds one, or the pool has one or room for one, as
    /// [`Pool::take_if_room`] does, with its errors.
    pub fn take_if_room(&mut self, bytes: usize) -> Result<Option<Chunk>> {
        let class = Class::of(bytes.max(self.least))?;
        match self.stacks.get_mut(class.index()) {
            Some(stack) => match stack.chunks.pop() {
                Some(chunk) => Ok(Some(chunk)),
                None => self
                    .pool
                    .take_batch_if_room(class, stack.batch - 1, &mut stack.chunks),
            },
            None => self.pool.take_if_room(bytes),
        }
    }

    /// Takes a chunk whose first `bytes` bytes are zero, as [`Pool::take_zeroed`] does, with its errors.
    #[inline]
    pub fn take_zeroed(&mut self, bytes: usize) -> Result<Chunk> {
        let mut chunk = self.take(bytes)?;
        // SAFETY: its pool is ours, and there as long as we hold it.
        unsafe { chunk.zero(bytes) };
        Ok(chunk)
    }

    /// Gives a chunk back, whoever took it. Errors: `Foreign`, as of [`Pool::give`].
    #[inline]
    pub fn give(&mut self, mut chunk: Chunk) -> Result<()> {
        self.pool.check(&chunk)?;
        chunk.mark_used();
        match self.stacks.get_mut(chunk.class().index()) {
            Some(stack) => {
                if stack.chunks.len() >= 2 * stack.batch {
                    stack.give_batch(&self.pool);
                }
                stack.chunks.push(chunk);
            }
            None => self.pool.put(chunk.class(), [chunk]),
        }
        Ok(())
    }

    /// Gives all that it holds back to the pool: when memory is short, or its engine goes to sleep for long.
    pub fn flush(&mut self) {
        for stack in &mut self.stacks {
            stack.give(&self.pool, stack.chunks.len());
        }
    }

    /// How many bytes it holds.
    pub fn held_bytes(&self) -> usize {
        let held = |stack: &Stack| stack.chunks.iter().map(Chunk::bytes).sum::<usize>();
        self.stacks.iter().map(held).sum()
    }
}

impl Drop for Magazine {
    fn drop(&mut self) {
        self.flush();
    }
}
