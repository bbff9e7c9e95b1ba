//! Tests of pools and magazines.

use std::cell::Cell;

use super::pages::HUGE;
use super::{Chunk, Magazine, Nodes, Pool, PoolOptions, PoolStats};
use crate::sync::Arc;

mod magazine;
mod pool;
mod random;
mod recycling;
mod transfer;

thread_local! {
    /// How many bytes this thread has from the system: those it mapped less those it unmapped.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// Where the system is called, this is told what it gave (positive) or took back.
pub(super) fn count_mapped(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
}

const MIB: usize = 1 << 20;
const KEEP_ALL: usize = usize::MAX;

fn pool(keep_bytes: usize) -> Arc<Pool> {
    let options = PoolOptions {
        keep_bytes,
        ..PoolOptions::default()
    };
    Arc::new(Pool::new(3, options).unwrap())
}

fn slice(chunk: &mut Chunk) -> &mut [u8] {
    // SAFETY: the tests keep the pool for as long as its chunks, and give every recycled byte a value before reading
    // (fresh ones have one: zero).
    unsafe { std::slice::from_raw_parts_mut(chunk.ptr().as_ptr(), chunk.bytes()) }
}

fn address(chunk: &Chunk) -> usize {
    chunk.ptr().addr().get()
}

/// How many pages of a range are in memory.
#[cfg(all(target_os = "linux", not(miri)))]
fn resident_pages(at: std::ptr::NonNull<u8>, len: usize) -> usize {
    let mut pages = vec![0u8; len.div_ceil(4096)];
    // SAFETY: the range is mapped and page-aligned, and the kernel writes one byte a page.
    let failed = unsafe { libc::mincore(at.as_ptr().cast(), len, pages.as_mut_ptr()) };
    assert_eq!(failed, 0);
    pages.iter().filter(|p| **p & 1 == 1).count()
}

/// That a pool's counts fit together when nothing is out.
fn assert_all_back(pool: &Pool) {
    let s = pool.stats();
    assert_eq!(s.in_use_bytes, 0, "{s:?}");
    assert_eq!(
        s.mapped_bytes,
        s.recycled_bytes + s.untouched_bytes(),
        "{s:?}"
    );
    pool.trim(0);
    let s = pool.stats();
    assert_eq!(
        s.mapped_bytes,
        s.recycled_bytes + s.untouched_bytes(),
        "{s:?}"
    );
}
