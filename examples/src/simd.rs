//! What the processor must be asked for: wide registers, and stores that go around the caches.
//!
//! An ordinary store to memory that is in no cache first reads the line that it writes to. A streaming store does not, so
//! what is only written costs one trip instead of two. Both need instructions that not every processor has: each function
//! here looks, and does the same without them, to the same bit.

use crate::jacobi::kernel;
use crate::jacobi::tiling::Place;
use crate::jacobi::trapezoid::{Set, Shape};

/// Whether streaming stores are used: x86-64 with AVX2.
pub fn streams() -> bool {
    #[cfg(target_arch = "x86_64")]
    let here = is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let here = false;
    here
}

/// Copies to a slice that nobody will read soon, with streaming stores where there are any. As many elements as both have.
pub fn copy(to: &mut [f64], from: &[f64]) {
    let count = to.len().min(from.len());
    let (to, from) = (&mut to[..count], &from[..count]);
    #[cfg(target_arch = "x86_64")]
    if streams() {
        // SAFETY: AVX2 was found.
        return unsafe { avx2::copy(to, from) };
    }
    to.copy_from_slice(from);
}

/// [`kernel::tile`], whose result nobody will read soon: with streaming stores where there are any.
pub fn sweep(place: &Place, out: &mut [f64], here: &[f64], around: [&[f64]; 4]) {
    #[cfg(target_arch = "x86_64")]
    if streams() {
        // SAFETY: AVX2 was found.
        return unsafe { avx2::sweep(place, out, here, around) };
    }
    kernel::tile(place, out, here, around, kernel::inner);
}

/// [`Shape::run`], with wide registers where there are any.
pub fn sweep_in_time(shape: &Shape, sets: [&mut Set<'_, '_>; 2]) {
    #[cfg(target_arch = "x86_64")]
    if streams() {
        // SAFETY: AVX2 was found.
        return unsafe { avx2::sweep_in_time(shape, sets) };
    }
    shape.run(sets);
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256d, _MM_HINT_T0, _mm_prefetch, _mm_sfence, _mm256_add_pd, _mm256_loadu_pd,
        _mm256_mul_pd, _mm256_set1_pd, _mm256_stream_pd, _mm256_sub_pd,
    };

    use super::{Place, Set, Shape, kernel};

    /// Elements of a register, and of a cache line.
    const WIDTH: usize = 4;
    const LINE: usize = 2 * WIDTH;
    /// The row that comes from memory is asked for so far before it is needed: 2 KiB. (Measured: 8 lines are not enough.)
    const AHEAD: usize = 32 * LINE;

    #[target_feature(enable = "avx2")]
    pub fn copy(to: &mut [f64], from: &[f64]) {
        let head = to_line(to);
        let lines = (to.len() - head) / LINE * LINE;
        let (first, rest) = to.split_at_mut(head);
        let (middle, last) = rest.split_at_mut(lines);
        first.copy_from_slice(&from[..head]);
        last.copy_from_slice(&from[head + lines..]);
        for (to, from) in middle
            .as_chunks_mut::<WIDTH>()
            .0
            .iter_mut()
            .zip(from[head..].as_chunks::<WIDTH>().0)
        {
            stream(to, load(from));
        }
        fence();
    }

    #[target_feature(enable = "avx2")]
    pub fn sweep(place: &Place, out: &mut [f64], here: &[f64], around: [&[f64]; 4]) {
        kernel::tile(place, out, here, around, |out, now, up, down| {
            inner(out, now, up, down);
        });
        fence();
    }

    #[target_feature(enable = "avx2")]
    pub fn sweep_in_time(shape: &Shape, sets: [&mut Set<'_, '_>; 2]) {
        shape.run(sets);
    }

    /// As [`kernel::inner`]: whole lines are streamed, the ends are not. The caller fences.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn inner(out: &mut [f64], now: &[f64], up: &[f64], down: &[f64]) {
        let Some(cells) = out.len().checked_sub(2) else {
            return;
        };
        let head = to_line(&out[1..]).min(cells);
        let lines = (cells - head) / LINE * LINE;
        let ends = [0..head + 2, head + lines..out.len()];
        for end in ends {
            let (now, up, down) = (&now[end.clone()], &up[end.clone()], &down[end.clone()]);
            kernel::inner(&mut out[end], now, up, down);
        }
        // Chunks of the same number, so the loop has no checks.
        let n = lines / WIDTH;
        let (left, here, right) = (
            chunks(now, head, n),
            chunks(now, head + 1, n),
            chunks(now, head + 2, n),
        );
        let (up, down) = (chunks(up, head + 1, n), chunks(down, head + 1, n));
        let out = &mut out[head + 1..].as_chunks_mut::<WIDTH>().0[..n];
        let (four, part) = (_mm256_set1_pd(4.0), _mm256_set1_pd(kernel::SPREAD));
        for i in 0..n {
            if i % 2 == 0 {
                ask_for(&down[i]);
            }
            // In the order of `kernel::spread`, and not fused: all roundings are the same.
            let now = load(&here[i]);
            let columns = _mm256_add_pd(load(&up[i]), load(&down[i]));
            let rows = _mm256_add_pd(load(&left[i]), load(&right[i]));
            let around = _mm256_add_pd(columns, rows);
            let more = _mm256_sub_pd(around, _mm256_mul_pd(four, now));
            stream(&mut out[i], _mm256_add_pd(now, _mm256_mul_pd(part, more)));
        }
    }

    /// The first `n` whole chunks from there on.
    fn chunks(from: &[f64], at: usize, n: usize) -> &[[f64; WIDTH]] {
        &from[at..].as_chunks().0[..n]
    }

    /// Elements before the first cache line that begins in the slice.
    fn to_line(slice: &[f64]) -> usize {
        slice
            .as_ptr()
            .align_offset(LINE * size_of::<f64>())
            .min(slice.len())
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(from: &[f64; WIDTH]) -> __m256d {
        // SAFETY: as many elements as a register has; they need not be aligned.
        unsafe { _mm256_loadu_pd(from.as_ptr()) }
    }
    /// Asks for what will be read soon in this row.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn ask_for(here: &[f64; WIDTH]) {
        let ahead = here.as_ptr().wrapping_add(AHEAD);
        _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
    }

    /// Stores to an aligned place. The caller fences before anybody reads it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn stream(to: &mut [f64; WIDTH], value: __m256d) {
        debug_assert!(to.as_ptr().cast::<__m256d>().is_aligned());
        // SAFETY: the place is ours, as large as the value, and aligned to it: `to_line` found where lines begin.
        unsafe { _mm256_stream_pd(to.as_mut_ptr(), value) };
    }

    /// Streaming stores are seen before what follows: by this thread, and by those that learn of it.
    #[target_feature(enable = "avx2")]
    fn fence() {
        _mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jacobi::tiling::{Extent, Tiling};

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|at| (at * at % 1009) as f64 / 7.0).collect()
    }

    #[test]
    fn copies_are_equal_wherever_they_begin() {
        let from = numbers(100);
        for begin in 0..10 {
            for count in [0, 1, 7, 8, 9, 40, 90] {
                let mut to = vec![-1.0; 100];
                copy(&mut to[begin..begin + count], &from[3..]);
                assert_eq!(to[begin..begin + count], from[3..3 + count]);
                let kept = to[..begin].iter().chain(&to[begin + count..]);
                assert!(kept.copied().all(|x| x == -1.0), "{begin} {count}");
            }
        }
    }

    #[test]
    fn sweeps_are_equal_wherever_they_begin() {
        for width in [1, 2, 3, 9, 10, 16, 17, 33, 70] {
            let side = |height| Extent { width, height };
            let tiling = Tiling::new(side(9), side(3));
            let place = tiling.place(1);
            let blocks: Vec<_> = (0..3)
                .map(|at| numbers(tiling.block_cells() + 5 * at))
                .collect();
            let around = [&blocks[0][..], &blocks[2][10..], &[], &[]];
            for begin in 0..8 {
                let mut expected = vec![0.0; begin + tiling.block_cells()];
                let mut got = expected.clone();
                kernel::tile(
                    &place,
                    &mut expected[begin..],
                    &blocks[1],
                    around,
                    kernel::inner,
                );
                sweep(&place, &mut got[begin..], &blocks[1], around);
                let bits = |all: &[f64]| all.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&got), bits(&expected), "{width} {begin}");
            }
        }
    }
}
