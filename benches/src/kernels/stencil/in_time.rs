//! Sweeps in time: a part is a pair of bands, and a step several sweeps. See `docs/design/time-tiles.md`.

use super::{Extent, Range, Sets, Tiling, Work, share, simd};
use sprat_examples::jacobi::time_tiles::{self, Pair};
use sprat_examples::jacobi::trapezoid::{Kind, Set};

/// Sweeps of a pair in turn.
pub(super) const TURN: usize = 16;
const STEPS: usize = 4;

/// Parts are the pairs that shrink, from the top; then those that grow.
pub(super) struct InTime {
    tiling: Tiling,
    parts: Vec<Pair>,
    /// The parts in program order, down and up.
    orders: [Vec<usize>; 2],
}

impl InTime {
    pub(super) fn new(grid: Extent) -> InTime {
        InTime::with_rows(grid, time_tiles::rows(TURN))
    }

    pub(super) fn with_rows(grid: Extent, rows: usize) -> InTime {
        let height = rows.min(grid.height);
        let tiling = Tiling::new(grid, Extent { height, ..grid });
        let mut parts = time_tiles::pairs(&tiling, TURN, true);
        parts.sort_by_key(|pair| (pair.shape.kind == Kind::Grows, pair.tiles.start));
        let orders = [true, false].map(|down| {
            let pairs = time_tiles::pairs(&tiling, TURN, down).into_iter();
            let number = |pair: Pair| parts.iter().position(|part| part.tiles == pair.tiles);
            pairs.filter_map(number).collect()
        });
        InTime {
            tiling,
            parts,
            orders,
        }
    }

    fn pairs(&self) -> usize {
        self.tiling.count().div_ceil(2)
    }
}

impl Work for InTime {
    fn tiling(&self) -> &Tiling {
        &self.tiling
    }

    fn sweeps(&self) -> usize {
        STEPS * TURN
    }

    fn steps(&self) -> usize {
        STEPS
    }

    fn phases(&self) -> Vec<Range<usize>> {
        vec![0..self.pairs(), self.pairs()..self.parts.len()]
    }

    fn waits(&self, step: usize, part: usize) -> Vec<(usize, usize)> {
        let pairs = self.pairs();
        match part.checked_sub(pairs) {
            // Those that grew into it in the step before.
            None => {
                let grown =
                    pairs + part.saturating_sub(1)..(pairs + part + 1).min(self.parts.len());
                grown.map(|part| (part, step)).collect()
            }
            // The two that left out what it fills in.
            Some(above) => vec![(above, step + 1), (above + 1, step + 1)],
        }
    }

    fn order(&self, step: usize, me: usize, threads: usize) -> Vec<usize> {
        let mine = share(self.pairs(), me, threads);
        let order = self.orders[step % 2].iter().copied();
        let near = |part: usize| self.parts[part].near(step.is_multiple_of(2)) / 2;
        order.filter(|&part| mine.contains(&near(part))).collect()
    }

    fn run(&self, step: usize, part: usize, sets: &Sets<'_>) {
        let pair = &self.parts[part];
        let (even, odd) = sets.at(step * TURN);
        let mut guards = [even, odd].map(|set| {
            let bands = set[pair.tiles.clone()].iter();
            bands
                .map(|band| band.write().expect("no part panics"))
                .collect::<Vec<_>>()
        });
        let [mut even, mut odd] = guards.each_mut().map(|guards| {
            guards
                .iter_mut()
                .map(|band| &mut ***band)
                .collect::<Vec<&mut [f64]>>()
        });
        let set = |blocks| Set { blocks, lead: 0 };
        let (mut even, mut odd) = (set(&mut even[..]), set(&mut odd[..]));
        simd::sweep_in_time(&pair.shape, [&mut even, &mut odd]);
    }
}
