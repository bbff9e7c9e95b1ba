//! One piece of memory.

use std::fmt;
use std::ptr::NonNull;

use super::class::Class;
use super::os;

/// A piece of a pool's memory, of one of its sizes, that belongs to whoever holds this value.
///
/// It can be moved but not copied, so it cannot be given back twice; and it knows its pool, which refuses those of
/// others. It does nothing when dropped: give it back to its pool, or its memory is lost until the pool is dropped.
///
/// The memory is there as long as the pool is. Nothing here reads or writes it but unsafe code of the holder's,
/// who must see to that.
#[must_use = "a chunk that is not given back is lost until its pool is dropped"]
pub struct Chunk {
    ptr: NonNull<u8>,
    /// Its pool's number, region, size, and whether it is fresh, as [`OWNER`] and so on say. One word, so that a chunk travels in two
    /// registers: as fields of their own these would be written one by one and read back together, which stalls.
    what: u64,
}

const OWNER: u32 = 32;
const REGION: u32 = 16;
const CLASS: u32 = 8;
const FRESH: u64 = 1;

// SAFETY: the memory belongs to this value alone, and it is the same memory for every thread.
unsafe impl Send for Chunk {}
// SAFETY: a shared chunk gives out only its address and what it is; using the address is the caller's unsafe code.
unsafe impl Sync for Chunk {}

impl Chunk {
    /// A chunk of a pool (`owner` is its number), that nobody has touched yet.
    pub(super) fn untouched(ptr: NonNull<u8>, owner: u32, region: u16, class: Class) -> Chunk {
        let what = u64::from(owner) << OWNER
            | u64::from(region) << REGION
            | (class.index() as u64) << CLASS
            | FRESH;
        Chunk { ptr, what }
    }

    /// Its first byte: a multiple of 64, for whole pages of 4096, for whole huge pages of 2 MiB.
    #[inline]
    pub fn ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    /// How many bytes can be used; as many as were asked for, or up to a quarter more (small ones: up to a multiple of 64).
    #[inline]
    pub fn bytes(&self) -> usize {
        self.class().bytes()
    }

    /// Whether nobody has used it since the system gave it: then all its bytes are zero, and those who write first decide
    /// where its pages are.
    #[inline]
    pub fn is_fresh(&self) -> bool {
        self.what & FRESH != 0
    }

    /// The memory region of its pool.
    #[inline]
    pub fn region(&self) -> u16 {
        (self.what >> REGION) as u16
    }

    /// The number of its pool, which no other pool of this process has.
    #[inline]
    pub(super) fn owner(&self) -> u32 {
        (self.what >> OWNER) as u32
    }

    /// Its size.
    #[inline]
    pub(super) fn class(&self) -> Class {
        Class::at((self.what >> CLASS) as u8)
    }

    /// Says that somebody had it, and may have written to it.
    #[inline]
    pub(super) fn mark_used(&mut self) {
        self.what &= !FRESH;
    }

    /// Takes its pages away: it is fresh again. If the system refuses, nothing happens. For whole pages only.
    ///
    /// # Safety
    /// Its pool is there.
    pub(super) unsafe fn discard(&mut self) {
        // SAFETY: mapped while its pool is there; `self` alone may use it, and its contents were given up with it.
        if unsafe { os::discard(self.ptr, self.bytes()) }.is_ok() {
            self.what |= FRESH;
        }
    }

    /// Makes its first `bytes` bytes zero, if they are not known to be. At most as many as it has.
    ///
    /// # Safety
    /// Its pool is there.
    pub(super) unsafe fn zero(&mut self, bytes: usize) {
        if !self.is_fresh() {
            let bytes = bytes.min(self.bytes());
            // SAFETY: inside the chunk, which is mapped while its pool is there, and which `self` alone may use.
            unsafe { self.ptr.write_bytes(0, bytes) };
        }
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("ptr", &self.ptr)
            .field("bytes", &self.bytes())
            .field("fresh", &self.is_fresh())
            .field("region", &self.region())
            .finish()
    }
}
