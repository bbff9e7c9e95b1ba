//! The copies of a block that is read in several regions.

use crate::memory_region::Chunk;
use crate::mutants::mutant;
use crate::spin_lock::SpinLock;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// A table of copies, on the heap: who holds the block for reading may look at it without a lock, since it goes only when
/// somebody is about to change the block, or it ends. Model: `models/copies.rs`.
#[derive(Debug)]
pub(crate) struct Copies {
    original: *mut u8,
    /// For each pool where the copy of its region starts, or null.
    starts: Box<[AtomicPtr<u8>]>,
    chunks: SpinLock<Vec<Chunk>>,
}

impl Copies {
    /// A table for so many pools, without copies, of a block with this memory. Ends with [`Copies::end`].
    pub(crate) fn begin(original: *mut u8, pools: usize) -> *mut Copies {
        let none = |_| AtomicPtr::new(std::ptr::null_mut());
        Box::into_raw(Box::new(Copies {
            original,
            starts: (0..pools).map(none).collect(),
            chunks: SpinLock::new(Vec::new()),
        }))
    }

    /// The table goes; its copies' memory is left.
    ///
    /// # Safety
    /// It came from [`Copies::begin`], nobody looks at it any more, and nobody will.
    pub(crate) unsafe fn end(copies: *mut Copies) -> Vec<Chunk> {
        // SAFETY: the caller's promise.
        let copies = unsafe { Box::from_raw(copies) };
        copies.chunks.with(std::mem::take)
    }

    /// Adds a copy that is complete, unless its region has one: then gives it back.
    pub(crate) fn add(&self, chunk: Chunk) -> Option<Chunk> {
        let place = &self.starts[usize::from(chunk.region())];
        self.chunks.with(|chunks| {
            if !place.load(Ordering::Relaxed).is_null() {
                return Some(chunk);
            }
            // Release pairs with the Acquire in `of`: who finds the copy finds its contents.
            let order = if mutant!("copies_add_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Release
            };
            place.store(chunk.ptr().as_ptr(), order);
            chunks.push(chunk);
            None
        })
    }

    /// The copy of a region, if it has one.
    pub(crate) fn of(&self, pool: u16) -> Option<*mut u8> {
        // Acquire pairs with the Release in `add`.
        let order = if mutant!("copies_of_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let start = self.starts[usize::from(pool)].load(order);
        (!start.is_null()).then_some(start)
    }

    pub(crate) fn original(&self) -> *mut u8 {
        self.original
    }

    /// Whether one of them starts here.
    pub(crate) fn are_at(&self, address: *mut u8) -> bool {
        let mut starts = self.starts.iter();
        starts.any(|start| start.load(Ordering::Relaxed) == address)
    }

    /// The pools that have one.
    pub(crate) fn pools(&self) -> impl Iterator<Item = u16> + '_ {
        (0..self.starts.len() as u16).filter(|pool| self.of(*pool).is_some())
    }
}
