//! What a pool hands out, counts and refuses.

use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::memory_region::class::MAX_BYTES;
use crate::memory_region::pages::Pages;

#[test]
fn pages_are_aligned_zero_and_unmapped_on_drop() {
    let before = LIVE.get();
    for bytes in [1, 4096, 5000, HUGE, HUGE + 1, 5 * HUGE, 33 * MIB] {
        let pages: Vec<Pages> = (0..5)
            .map(|_| Pages::map(bytes, true, &Nodes::FirstTouch).unwrap())
            .collect();
        for p in &pages {
            let align = if bytes >= HUGE { HUGE } else { 4096 };
            assert!(p.start().addr().get().is_multiple_of(align), "{p:?}");
            assert!(p.len() >= bytes && p.len() - bytes < 4096);
            for offset in [0, bytes / 2, bytes - 1] {
                // SAFETY: inside the range.
                assert_eq!(unsafe { p.at(offset).read() }, 0);
            }
        }
    }
    assert_eq!(LIVE.get(), before);
}

#[test]
fn pages_refuse_what_cannot_be() {
    for bytes in [0, usize::MAX, isize::MAX as usize, usize::MAX - 4096] {
        let error = Pages::map(bytes, true, &Nodes::FirstTouch).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BlockSize, "{error}");
    }
    #[cfg(not(miri))]
    {
        let error = Pages::map(1 << 60, true, &Nodes::FirstTouch).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::System, "{error}");
        assert!(error.to_string().contains("1152921504606846976"), "{error}");
    }
}

#[test]
fn a_wanted_node_is_taken_or_counted_as_refused() {
    for node in [0, u16::MAX] {
        let options = PoolOptions {
            nodes: Nodes::One(node),
            ..PoolOptions::default()
        };
        let pool = Pool::new(0, options).unwrap();
        let chunk = pool.take(3 * HUGE).unwrap();
        let s = pool.stats();
        assert!(
            s.unbound_bytes == 0 || s.unbound_bytes == s.mapped_bytes,
            "{s:?}"
        );
        assert!(node == 0 || s.unbound_bytes > 0, "{s:?}");
        pool.give(chunk).unwrap();
        pool.trim(0);
        assert_eq!(pool.stats().unbound_bytes, 0);
    }
}

#[test]
fn no_bytes_and_too_many_are_errors() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [0, MAX_BYTES + 1, isize::MAX as usize, usize::MAX] {
        for result in [
            pool.take(bytes),
            pool.take_zeroed(bytes),
            magazine.take(bytes),
            magazine.take_zeroed(bytes),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::BlockSize);
        }
    }
    #[cfg(not(miri))]
    assert_eq!(pool.take(MAX_BYTES).unwrap_err().kind(), ErrorKind::System);
    assert_eq!(pool.stats().mapped_bytes, 0);
}

#[test]
fn a_chunk_of_another_pool_is_refused() {
    let (one, other) = (pool(KEEP_ALL), pool(KEEP_ALL));
    let error = other.give(one.take(100).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Foreign, "{error}");
    let error = Magazine::new(other.clone())
        .give(one.take(100).unwrap())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Foreign, "{error}");
    assert_eq!(one.stats().in_use_bytes, 2 * 128);
    assert_eq!(other.stats(), PoolStats::default());
}

#[test]
fn a_dropped_pool_gives_all_back_chunks_outside_included() {
    let before = LIVE.get();
    let pool = pool(KEEP_ALL);
    let chunks: Vec<Chunk> = [1, 70_000, 3 * MIB, 8 * MIB, 8 * MIB]
        .map(|n| pool.take(n).unwrap())
        .into();
    assert_eq!(LIVE.get() - before, pool.stats().mapped_bytes as isize);
    pool.give(pool.take(6 * MIB).unwrap()).unwrap();
    drop(pool);
    drop(chunks);
    assert_eq!(LIVE.get(), before);
}

#[test]
fn a_small_program_takes_little_and_a_large_one_maps_seldom() {
    let pool = pool(KEEP_ALL);
    let first = pool.take(64).unwrap();
    assert_eq!(pool.stats().mapped_bytes, HUGE);
    let all: Vec<Chunk> = (0..(256 * MIB / 16384))
        .map(|_| pool.take(16384).unwrap())
        .collect();
    let s = pool.stats();
    assert!(s.mapped_bytes < 290 * MIB && s.mappings <= 12, "{s:?}");
    all.into_iter()
        .chain([first])
        .for_each(|chunk| pool.give(chunk).unwrap());
    assert_eq!(pool.stats().recycled_bytes, 256 * MIB + 64);
    assert_all_back(&pool);
}

#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn nothing_is_touched_before_the_user_writes() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [64 * MIB, 7 * MIB, MIB, 64 << 10, 4096] {
        let chunks: Vec<Chunk> = (0..8)
            .map(|_| magazine.take_zeroed(bytes).unwrap())
            .collect();
        for chunk in &chunks {
            assert!(chunk.is_fresh());
            assert_eq!(resident_pages(chunk.ptr(), chunk.bytes()), 0, "{chunk:?}");
        }
        // Given back untouched, and flushed: still nothing has been written to it, by lists and such.
        for chunk in chunks {
            let (at, len) = (chunk.ptr(), chunk.bytes());
            magazine.give(chunk).unwrap();
            magazine.flush();
            assert_eq!(resident_pages(at, len), 0);
        }
    }
    // One that is written to shows that the check can see it.
    let mut chunk = pool.take(16 * MIB).unwrap();
    slice(&mut chunk).fill(1);
    assert_eq!(resident_pages(chunk.ptr(), chunk.bytes()), 4096);
}

#[test]
fn without_memory_for_a_large_slab_it_takes_a_small_one() {
    fn tight(bytes: usize, huge: bool, nodes: &Nodes) -> Result<Pages> {
        if bytes > HUGE {
            return Err(Error::system(
                "no room",
                std::io::ErrorKind::OutOfMemory.into(),
            ));
        }
        Pages::map(bytes, huge, nodes)
    }
    let pool = Pool::with_map(0, PoolOptions::default(), tight).unwrap();
    let chunks: Vec<Chunk> = (0..40).map(|_| pool.take(MIB / 2).unwrap()).collect();
    let s = pool.stats();
    assert!(s.fallbacks == 9 && s.mapped_bytes == 20 * MIB, "{s:?}");
    assert_eq!(pool.take(3 * MIB).unwrap_err().kind(), ErrorKind::System);
    assert_eq!(pool.take(4 * MIB).unwrap_err().kind(), ErrorKind::System);
    chunks
        .into_iter()
        .for_each(|chunk| pool.give(chunk).unwrap());
    assert_eq!(pool.stats().recycled_bytes, 20 * MIB);
    // Refused again, so all that was recycled has gone back, and can be taken as fresh.
    assert!(pool.take(4 * MIB).is_err());
    assert_eq!(pool.stats().recycled_bytes, 0);
    assert!(pool.take(MIB / 2).unwrap().is_fresh());
}

#[test]
fn huge_pages_are_counted() {
    let pool = pool(KEEP_ALL);
    let chunks = [pool.take(64).unwrap(), pool.take(8 * MIB).unwrap()];
    let s = pool.stats();
    assert_eq!(
        s.huge_bytes == s.mapped_bytes,
        s.small_page_mappings == 0,
        "{s:?}"
    );
    assert!(s.huge_bytes == 0 || s.huge_bytes == s.mapped_bytes, "{s:?}");
    drop(chunks);

    let options = PoolOptions {
        huge: false,
        ..PoolOptions::default()
    };
    let pool = Pool::new(0, options).unwrap();
    drop(pool.take(64).unwrap());
    let s = pool.stats();
    assert_eq!((s.huge_bytes, s.small_page_mappings), (0, 0), "{s:?}");
}

#[test]
fn chunks_with_pages_of_their_own_are_whole_pages() {
    let options = PoolOptions {
        whole_pages: true,
        huge: false,
        ..PoolOptions::default()
    };
    let pool = Arc::new(Pool::new(0, options).unwrap());
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [1, 64, 4096, 5000, 20_000, 300_000, 3 * MIB] {
        let chunks = [pool.take(bytes).unwrap(), magazine.take(bytes).unwrap()];
        for chunk in &chunks {
            assert!(chunk.ptr().addr().get().is_multiple_of(4096), "{bytes}");
            assert!(
                chunk.bytes() >= bytes && chunk.bytes().is_multiple_of(4096),
                "{bytes}"
            );
        }
        chunks
            .into_iter()
            .for_each(|chunk| magazine.give(chunk).unwrap());
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn a_process_may_use_at_most_what_the_machine_has() {
    let usable = crate::memory_region::usable_bytes();
    let ram = crate::memory_region::os::ram_bytes();
    assert!(usable > 0 && usable <= ram, "{usable} of {ram}");
}
