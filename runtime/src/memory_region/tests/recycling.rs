//! What comes back: the same memory, warm, zero if wanted, and not more than should be kept.

use super::*;

#[test]
fn recycled_memory_is_the_same_memory() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [
        1,
        64,
        1000,
        64 << 10,
        MIB,
        3 * MIB,
        4 * MIB,
        9 * MIB,
        100 * MIB,
    ] {
        let chunk = pool.take(bytes).unwrap();
        assert!(chunk.is_fresh() && chunk.region() == 3);
        let at = address(&chunk);
        pool.give(chunk).unwrap();
        let chunk = pool.take(bytes).unwrap();
        assert!(!chunk.is_fresh());
        assert_eq!(address(&chunk), at);
        magazine.give(chunk).unwrap();
        let chunk = magazine.take(bytes).unwrap();
        assert!(!chunk.is_fresh());
        assert_eq!(address(&chunk), at);
        magazine.give(chunk).unwrap();
    }
    drop(magazine);
    assert_all_back(&pool);
}

#[test]
fn the_warmest_chunk_is_taken_first() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [64, 4096, MIB, 2 * MIB] {
        let chunks: Vec<Chunk> = (0..3).map(|_| pool.take(bytes).unwrap()).collect();
        let given: Vec<usize> = chunks.iter().map(address).collect();
        chunks
            .into_iter()
            .for_each(|chunk| pool.give(chunk).unwrap());
        let chunks: Vec<Chunk> = (0..3).map(|_| pool.take(bytes).unwrap()).collect();
        assert!(chunks.iter().map(address).eq(given.iter().copied().rev()));
        let last = address(&chunks[2]);
        chunks
            .into_iter()
            .for_each(|chunk| magazine.give(chunk).unwrap());
        assert_eq!(address(&magazine.take(bytes).unwrap()), last);
    }
}

#[test]
fn of_each_size_the_warmest_chunks_are_exchanged_and_kept() {
    let addresses = |chunks: &[Chunk]| chunks.iter().map(address).collect::<Vec<_>>();
    let pool = pool(4 * MIB);
    let chunks: Vec<Chunk> = (0..100).map(|_| pool.take(64).unwrap()).collect();
    let mut warmest = addresses(&chunks[68..]);
    chunks
        .into_iter()
        .for_each(|chunk| pool.give(chunk).unwrap());
    let mut magazine = Magazine::new(pool.clone());
    let chunks: Vec<Chunk> = (0..32).map(|_| magazine.take(64).unwrap()).collect();
    let mut taken = addresses(&chunks);
    warmest.sort_unstable();
    taken.sort_unstable();
    assert_eq!(taken, warmest);

    let chunks: Vec<Chunk> = (0..3).map(|_| pool.take(2 * MIB).unwrap()).collect();
    let given = addresses(&chunks);
    chunks
        .into_iter()
        .for_each(|chunk| pool.give(chunk).unwrap());
    let kept: Vec<Chunk> = (0..2).map(|_| pool.take(2 * MIB).unwrap()).collect();
    assert_eq!(addresses(&kept), [given[2], given[1]]);
}

#[test]
fn zeroed_memory_is_zero_when_recycled() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for bytes in [1, 63, 64, 65, 4097, 100_000, 2 * MIB, 2 * MIB + 1] {
        for _ in 0..3 {
            let mut chunk = magazine.take_zeroed(bytes).unwrap();
            assert!(slice(&mut chunk)[..bytes].iter().all(|b| *b == 0));
            slice(&mut chunk).fill(0xa5);
            magazine.give(chunk).unwrap();
            let mut chunk = pool.take_zeroed(bytes).unwrap();
            assert!(slice(&mut chunk)[..bytes].iter().all(|b| *b == 0));
            slice(&mut chunk).fill(0x5a);
            pool.give(chunk).unwrap();
        }
    }
}

#[test]
fn above_the_bound_the_coldest_size_goes_back_to_the_system() {
    let pool = pool(16 * MIB);
    let take =
        |n: usize, bytes| -> Vec<Chunk> { (0..n).map(|_| pool.take(bytes).unwrap()).collect() };
    let give = |chunks: Vec<Chunk>| {
        chunks
            .into_iter()
            .for_each(|chunk| pool.give(chunk).unwrap())
    };

    give(take(4, 4 * MIB));
    assert_eq!(pool.stats().released_bytes, 0);
    give(take(4, 2 * MIB));
    let s = pool.stats();
    assert_eq!(
        (s.recycled_bytes, s.released_bytes),
        (16 * MIB, 8 * MIB as u64),
        "{s:?}"
    );
    assert_eq!(s.mapped_bytes, 16 * MIB);
    let twos = take(5, 2 * MIB);
    assert_eq!(twos.iter().filter(|c| c.is_fresh()).count(), 1);
    give(twos);

    // Chunks cut from slabs stay mapped, but come back fresh: without pages, and zero.
    let mut cut = take(8, MIB);
    cut.iter_mut().for_each(|chunk| slice(chunk).fill(7));
    give(cut);
    pool.trim(0);
    let s = pool.stats();
    assert_eq!((s.recycled_bytes, s.in_use_bytes), (0, 0), "{s:?}");
    for mut chunk in take(8, MIB) {
        assert!(chunk.is_fresh());
        #[cfg(all(target_os = "linux", not(miri)))]
        assert_eq!(resident_pages(chunk.ptr(), chunk.bytes()), 0);
        assert!(slice(&mut chunk).iter().all(|b| *b == 0));
        pool.give(chunk).unwrap();
    }
}

#[test]
fn small_recycled_memory_is_kept_whatever_the_bound() {
    let pool = pool(0);
    let chunks: Vec<Chunk> = (0..100).map(|_| pool.take(4096).unwrap()).collect();
    chunks
        .into_iter()
        .for_each(|chunk| pool.give(chunk).unwrap());
    assert_eq!(pool.stats().recycled_bytes, 100 * 4096);
    pool.give(pool.take(2 * MIB).unwrap()).unwrap();
    assert_eq!(pool.stats().recycled_bytes, 100 * 4096);
}

#[test]
fn a_pool_that_keeps_all_gives_nothing_back_to_the_system() {
    let pool = pool(0);
    // With a mapping of its own, and cut from a slab.
    let take = || [16 * MIB, MIB].map(|bytes| pool.take(bytes).unwrap());
    let chunks = take();
    let at = chunks.each_ref().map(|chunk| chunk.ptr().as_ptr());
    for at in at {
        // SAFETY: the chunk is ours.
        unsafe { at.write(7) };
    }
    pool.keep_all();
    for chunk in chunks {
        pool.give(chunk).unwrap();
    }
    pool.trim(0);
    assert_eq!(pool.stats().released_bytes, 0);
    for at in at {
        // SAFETY: it is mapped as long as the pool is there, and nobody has it.
        assert_eq!(unsafe { at.read() }, 7);
    }
    // Those who come next have it as ever.
    assert_eq!(take().map(|chunk| chunk.ptr().as_ptr()), at);
}
