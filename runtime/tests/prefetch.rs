//! Whether an engine should touch the blocks of the next codelet before it runs one: a measurement, not a check. A graph runs on one
//! engine, its codelets read blocks in an order that no prefetcher of a processor guesses, and each body first fetches the beginning of
//! the block of the next one, as the engine could: `cargo test --release -p sprat --test prefetch -- --ignored --nocapture`.

#![cfg(target_arch = "x86_64")]

use sprat::{Result, Runtime};
use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
use std::hint::black_box;
use std::time::Instant;

const LINE: usize = 64;
/// Bytes of all blocks together: more than caches hold.
const ALL: usize = 192 << 20;

/// Fetches up to so many lines.
fn fetch(at: usize, lines: usize, near: bool) {
    for line in 0..lines {
        let at = std::ptr::without_provenance::<i8>(at + line * LINE);
        match near {
            // SAFETY: a hint that reads nothing, and ignores addresses that are not mapped.
            true => unsafe { _mm_prefetch::<_MM_HINT_T0>(at) },
            // SAFETY: as above.
            false => unsafe { _mm_prefetch::<_MM_HINT_T1>(at) },
        }
    }
}

/// Microseconds a codelet, for each way to fetch: so many lines of the next block, and whether into the nearest cache.
fn measured(bytes: usize, passes: usize, ways: &[(usize, bool)]) -> Result<Vec<Vec<f64>>> {
    let rt = Runtime::builder().ignore_environment().xes(1).build()?;
    let count = ALL / bytes;
    let mut blocks = rt.blocks::<u64>(count, bytes / 8)?;
    // A xorshift shuffles: the seed tells all.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        blocks.swap(at, state as usize % (at + 1));
    }
    let mut starts = vec![0; count];
    for (block, start) in blocks.iter().zip(&mut starts) {
        rt.write(*block, |x| {
            x.fill(1);
            *start = x.as_ptr().addr();
        })?;
    }
    let graph = |(lines, near): (usize, bool)| {
        rt.record(|s| {
            for (at, block) in blocks.iter().enumerate() {
                let next = starts[(at + 1) % count];
                s.codelet("sum").spawn(block.read(), move |_, x| {
                    fetch(next, lines, near);
                    black_box((0..passes).fold(0, |sum, _| sum + black_box(x).iter().sum::<u64>()));
                });
            }
            Ok(())
        })
    };
    let graphs = ways
        .iter()
        .map(|way| graph(*way))
        .collect::<Result<Vec<_>>>()?;
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..8 {
        for (graph, times) in graphs.iter().zip(&mut times) {
            let begin = Instant::now();
            rt.replay(graph, 1)?;
            if round > 0 {
                times.push(begin.elapsed().as_secs_f64() * 1e6 / count as f64);
            }
        }
    }
    times
        .iter_mut()
        .for_each(|times| times.sort_by(f64::total_cmp));
    Ok(times)
}

#[test]
#[ignore = "a measurement"]
fn touching_the_next_codelets_blocks_compared() -> Result<()> {
    println!("µs a codelet, median of 7 [least, most]; in turn");
    for bytes in [4 << 10, 16 << 10, 64 << 10, 256 << 10] {
        for passes in [1, 4] {
            let all = bytes / LINE;
            let ways = [
                (0, true),
                (4, true),
                (64, true),
                (all, true),
                (all, false),
                (0, true),
            ];
            let times = measured(bytes, passes, &ways)?;
            print!("{:>4} KiB, read {passes} times:", bytes >> 10);
            for (way, times) in ways.iter().zip(times) {
                let to = if way.1 { "" } else { " to L2" };
                print!(
                    "  {}{to}: {:.2} [{:.2}, {:.2}]",
                    way.0, times[3], times[0], times[6]
                );
            }
            println!();
        }
    }
    Ok(())
}
