//! The grid in plain memory, and work on it without our runtime: by parallel regions, or by threads that wait for each other's
//! flags.

use super::{PICTURE, Tiling, Work, checksum, fill, simd};
use crate::team::Team;
use crate::{Result, regions};
use crossbeam_utils::{Backoff, CachePadded};
use memmap2::MmapMut;
use std::ops::Range;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Cells of a page, and how much further in the second set begins: as in `jacobi`.
const PAGE: usize = 512;
const LEAD: usize = 192;

/// A band. Nobody ever waits for its lock: who may use it when is the matter of whoever runs the parts.
type Band<'m> = RwLock<&'m mut [f64]>;

/// Two sets of bands.
pub(super) struct Sets<'m>([Vec<Band<'m>>; 2]);

impl<'m> Sets<'m> {
    /// What holds the values after so many sweeps, and what the next sweep writes.
    pub(super) fn at(&self, sweeps: usize) -> (&[Band<'m>], &[Band<'m>]) {
        let [even, odd] = &self.0;
        match sweeps % 2 {
            0 => (even, odd),
            _ => (odd, even),
        }
    }

    pub(super) fn copy(&self, band: usize) {
        let (from, to) = self.at(0);
        let (from, mut to) = (from[band].read(), to[band].write());
        simd::copy(
            to.as_mut().expect("no part panics"),
            from.as_ref().expect("no part panics"),
        );
    }

    fn sum(&self, tiling: &Tiling, sweeps: usize) -> u64 {
        let (bands, _) = self.at(sweeps);
        let mut grid = Vec::new();
        for (place, band) in tiling.places().zip(bands) {
            let band = band.read().expect("no part panics");
            let rows = band.chunks_exact(place.stride).take(place.extent.height);
            rows.for_each(|row| grid.extend_from_slice(&row[..place.extent.width]));
        }
        checksum(&grid)
    }
}

/// Lends both sets, filled, in large pages where the system has them: our runtime's blocks are, too.
pub(super) fn with_sets<R>(tiling: &Tiling, work: impl FnOnce(&Sets<'_>) -> R) -> Result<R> {
    let set = tiling.count() * tiling.block_cells();
    let second = set.next_multiple_of(PAGE) + LEAD;
    let mut memory = MmapMut::map_anon((second + set) * size_of::<f64>())?;
    #[cfg(target_os = "linux")]
    // Without them it works, too.
    let _ = memory.advise(memmap2::Advice::HugePage);
    let (even, odd) = bytemuck::cast_slice_mut(&mut memory).split_at_mut(second);
    let sets = [&mut even[..set], odd].map(|set| {
        let bands = set.chunks_exact_mut(tiling.block_cells());
        let filled = tiling.places().zip(bands).map(|(place, band)| {
            fill(&place, band, tiling.grid, &PICTURE);
            RwLock::new(band)
        });
        filled.collect()
    });
    Ok(work(&Sets(sets)))
}

/// Phase after phase, the parts of each in parallel.
pub(super) fn in_rows(
    work: &impl Work,
    run: impl FnOnce(&[Range<usize>], regions::Body) -> Result<Duration>,
) -> Result<(Duration, u64)> {
    let phases = work.phases();
    let parts = phases.last().map_or(0, |last| last.end);
    let step = |step: usize| {
        phases
            .iter()
            .map(move |p| step * parts + p.start..step * parts + p.end)
    };
    let rows: Vec<Range<usize>> = (0..work.steps()).flat_map(step).collect();
    with_sets(work.tiling(), |sets| {
        let time = run(&rows, &|item| work.run(item / parts, item % parts, sets))?;
        Ok((time, sets.sum(work.tiling(), work.sweeps())))
    })?
}

/// Each thread does its parts in its order, and waits for the very parts that they need.
pub(super) fn by_flags(work: &impl Work, team: &Team) -> Result<(Duration, u64)> {
    let parts = work.phases().last().map_or(0, |last| last.end);
    // In so many steps each part has ended.
    let ended: Vec<CachePadded<AtomicUsize>> = (0..parts).map(|_| CachePadded::default()).collect();
    with_sets(work.tiling(), |sets| {
        let time = team.run(|me| {
            for step in 0..work.steps() {
                for part in work.order(step, me, team.len()) {
                    for (other, steps) in work.waits(step, part) {
                        let backoff = Backoff::new();
                        // Pairs with the store below.
                        while ended[other].load(Ordering::Acquire) < steps {
                            backoff.snooze();
                        }
                    }
                    work.run(step, part, sets);
                    ended[part].store(step + 1, Ordering::Release);
                }
            }
        })?;
        Ok((time, sets.sum(work.tiling(), work.sweeps())))
    })?
}
