//! What a block's slot says of its memory: where it is, or where to look. See `docs/design/moves.md`.

use super::BlockSlot;
use super::copies::Copies;
use crate::error::Result;
use crate::homes::Place;
use crate::memory_region::Chunk;
use crate::sync::atomic::Ordering;

// What marks an address that leads to copies is a bit that no address of a program has.
const _: () = assert!(usize::BITS == 64, "addresses have 64 bits");

/// The bit that marks the address of a table of copies.
const TABLE: usize = 1 << 63;

/// What [`BlockSlot::start`] says.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// The memory is there.
    There(*mut u8),
    /// It is not taken yet, or something is wished for the block: look under the lock.
    Look,
    /// There are copies.
    Copied(*mut Copies),
}

impl Start {
    fn of(word: *mut u8) -> Self {
        match word.addr().cast_signed() {
            0 => Start::Look,
            1.. => Start::There(word),
            _ => Start::Copied(word.map_addr(|address| address & !TABLE).cast()),
        }
    }

    fn word(self) -> *mut u8 {
        match self {
            Start::There(start) => start,
            Start::Look => std::ptr::null_mut(),
            Start::Copied(copies) => copies.cast::<u8>().map_addr(|address| address | TABLE),
        }
    }
}

/// The memory that a block gives back.
pub(crate) struct Memory {
    chunk: Option<Chunk>,
    copies: Vec<Chunk>,
}

impl Memory {
    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        self.chunk.is_none() && self.copies.is_empty()
    }

    /// The block's own chunk, for who knows that there are no copies.
    pub(crate) fn alone(self) -> Option<Chunk> {
        debug_assert!(self.copies.is_empty());
        self.chunk
    }

    /// The block's own chunk, and its copies.
    #[inline]
    pub(crate) fn apart(self) -> (Option<Chunk>, Vec<Chunk>) {
        (self.chunk, self.copies)
    }
}

impl BlockSlot {
    /// The block's memory, if it is in one place and nothing is wished for it; else what `look` says, which is
    /// [`super::BlockTable::look_up_memory`].
    #[inline(always)]
    pub(crate) fn memory(&self, look: impl FnOnce() -> Result<*mut u8>) -> Result<*mut u8> {
        // Acquire pairs with the Release in `set_start`: readers side by side may come here together.
        let word = self.start.load(Ordering::Acquire);
        if word.addr().cast_signed() > 0 {
            Ok(word)
        } else {
            look()
        }
    }

    /// What there is to know without the lock.
    pub(super) fn start(&self) -> Start {
        // Acquire pairs with the Release in `set_start`: who follows the address finds what is there.
        Start::of(self.start.load(Ordering::Acquire))
    }

    /// Under the lock.
    pub(super) fn set_start(&self, start: Start) {
        // Release pairs with the Acquire in `memory` and `start`.
        self.start.store(start.word(), Ordering::Release);
    }

    /// Where its memory is now, if it is in one place: adopted memory always is.
    pub(crate) fn is_at(&self) -> Option<*const u8> {
        match self.start() {
            Start::There(start) => Some(start),
            Start::Look | Start::Copied(_) => None,
        }
    }

    /// Where its memory starts, for who has had it lent in the checking mode, where blocks stay and have no copies.
    pub(crate) fn plain_start(&self) -> *mut u8 {
        match self.start() {
            Start::There(start) => start,
            _ => unreachable!("blocks stay in the checking mode"),
        }
    }

    /// Whether who holds the block may have been lent this address.
    pub(crate) fn is_lent_at(&self, address: *mut u8) -> bool {
        if let Start::There(start) = self.start() {
            return start == address;
        }
        if address.is_null() {
            // The places of regions without a copy are null.
            return false;
        }
        self.memory.with(|memory| {
            let own = memory.as_ref().map(|chunk| chunk.ptr().as_ptr());
            let copied = || match self.start() {
                // SAFETY: tables are dropped under the lock, which we hold.
                Start::Copied(copies) => unsafe { &*copies }.are_at(address),
                _ => false,
            };
            own == Some(address) || copied()
        })
    }

    /// Where its memory is, or is to be.
    pub(crate) fn place(&self) -> Place {
        Place::decode(self.place.load(Ordering::Relaxed))
    }

    pub(super) fn set_place(&self, place: Place) {
        self.place.store(place.encode(), Ordering::Relaxed);
    }

    /// The pool that its memory is from, if there is a block here and it has any of its own. Of one that goes, or is about to move,
    /// perhaps not.
    pub(crate) fn pool_of_memory(&self) -> Option<u16> {
        let has = !self.start.load(Ordering::Relaxed).is_null() && self.bytes() > 0;
        match self.place() {
            Place::Taken(pool) | Place::Asked { pool, .. } => has.then_some(pool),
            _ => None,
        }
    }

    /// Whether its memory is the user's.
    pub(crate) fn is_adopted(&self) -> bool {
        (self.memory).with(|memory| memory.is_none() && matches!(self.start(), Start::There(_)))
    }

    /// How long the chunk is that is its memory, and in which nothing else lies; 0 if there is none.
    pub(crate) fn chunk_bytes(&self) -> usize {
        self.memory
            .with(|memory| memory.as_ref().map_or(0, Chunk::bytes))
    }

    /// Takes the memory out, at the block's end.
    #[inline]
    pub(crate) fn take_out_memory(&self) -> Memory {
        self.memory.with(|memory| {
            let copies = match self.start() {
                // SAFETY: nobody has the block any more, and this takes it from its place, under the lock.
                Start::Copied(copies) => unsafe { Copies::end(copies) },
                _ => Vec::new(),
            };
            self.start.store(std::ptr::null_mut(), Ordering::Relaxed);
            Memory {
                chunk: memory.take(),
                copies,
            }
        })
    }
}
