//! Plain sweeps: a part is a band, and a step a sweep.

use super::{Extent, Range, Sets, Tiling, Work, in_turns, share, simd};

/// Bytes of a band, about: as in `jacobi`.
const BAND: usize = 1 << 20;
const SWEEPS: usize = 20;

pub(super) struct Heat(Tiling);

impl Heat {
    pub(super) fn new(grid: Extent) -> Heat {
        Heat::with_rows(grid, BAND / size_of::<f64>() / grid.width)
    }

    pub(super) fn with_rows(grid: Extent, rows: usize) -> Heat {
        let height = rows.clamp(1, grid.height);
        let band = Extent { height, ..grid };
        Heat(Tiling::new(grid, band))
    }
}

impl Work for Heat {
    fn tiling(&self) -> &Tiling {
        &self.0
    }

    fn sweeps(&self) -> usize {
        SWEEPS
    }

    fn steps(&self) -> usize {
        SWEEPS
    }

    fn phases(&self) -> Vec<Range<usize>> {
        std::iter::once(0..self.0.count()).collect()
    }

    fn waits(&self, step: usize, band: usize) -> Vec<(usize, usize)> {
        let around = band.saturating_sub(1)..(band + 2).min(self.0.count());
        around.map(|band| (band, step)).collect()
    }

    fn order(&self, step: usize, me: usize, threads: usize) -> Vec<usize> {
        in_turns(step, share(self.0.count(), me, threads))
    }

    fn run(&self, step: usize, band: usize, sets: &Sets<'_>) {
        let place = self.0.place(band);
        let (now, next) = sets.at(step);
        let read = |band: usize| now[band].read().expect("no part panics");
        let here = read(band);
        let [above, below, ..] = place.neighbours.map(|band| band.map(read));
        // Where there is none, any will do.
        let [above, below] = [&above, &below].map(|near| near.as_deref().unwrap_or(&*here));
        let mut out = next[band].write().expect("no part panics");
        simd::sweep(&place, &mut out, &here, [above, below, &here, &here]);
    }
}
