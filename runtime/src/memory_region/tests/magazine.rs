//! Magazines, alone and exchanging.

use std::sync::mpsc;

use super::*;

#[test]
fn a_magazine_holds_what_it_says_at_most() {
    let pool = pool(KEEP_ALL);
    let mut magazine = Magazine::new(pool.clone());
    for (bytes, most) in [(64, 64), (4096, 64), (64 << 10, 4), (MIB, 2), (2 * MIB, 0)] {
        let chunks: Vec<Chunk> = (0..200).map(|_| pool.take(bytes).unwrap()).collect();
        chunks
            .into_iter()
            .for_each(|chunk| magazine.give(chunk).unwrap());
        let held = magazine.held_bytes();
        assert!(
            held <= most * bytes && (held > 0 || most == 0),
            "{held} bytes in chunks of {bytes}"
        );
        assert_eq!(pool.stats().in_use_bytes, held);
        magazine.flush();
        assert_eq!((magazine.held_bytes(), pool.stats().in_use_bytes), (0, 0));
    }
}

#[test]
fn magazines_of_threads_exchange_chunks() {
    const THREADS: usize = 4;
    let rounds: u64 = if cfg!(miri) { 50 } else { 5000 };
    let pool = pool(4 * MIB);
    let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS)
        .map(|_| mpsc::channel::<(Chunk, u64)>())
        .unzip();
    senders.rotate_left(1);
    std::thread::scope(|scope| {
        // Each thread takes chunks, marks them, and sends them to the next, which checks the mark and gives them.
        for (me, (sender, receiver)) in senders.into_iter().zip(receivers).enumerate() {
            let mut magazine = Magazine::new(pool.clone());
            scope.spawn(move || {
                let check_and_give = |magazine: &mut Magazine, (mut chunk, mark): (Chunk, u64)| {
                    let bytes = slice(&mut chunk);
                    let len = bytes.len();
                    assert_eq!(
                        (&bytes[..8], &bytes[len - 8..]),
                        (&mark.to_le_bytes()[..], &mark.to_le_bytes()[..])
                    );
                    magazine.give(chunk).unwrap();
                };
                for round in 0..rounds {
                    let mark = (me as u64) << 32 | round;
                    let bytes = [64, 500, 4096, 64 << 10, MIB, 2 * MIB][(round % 6) as usize];
                    let mut chunk = magazine.take(bytes).unwrap();
                    if chunk.is_fresh() {
                        assert_eq!(slice(&mut chunk)[..8], [0; 8]);
                    }
                    let bytes = slice(&mut chunk);
                    let len = bytes.len();
                    bytes[..8].copy_from_slice(&mark.to_le_bytes());
                    bytes[len - 8..].copy_from_slice(&mark.to_le_bytes());
                    sender.send((chunk, mark)).unwrap();
                    receiver
                        .try_iter()
                        .for_each(|got| check_and_give(&mut magazine, got));
                }
                drop(sender);
                receiver
                    .iter()
                    .for_each(|got| check_and_give(&mut magazine, got));
            });
        }
    });
    assert_all_back(&pool);
}
