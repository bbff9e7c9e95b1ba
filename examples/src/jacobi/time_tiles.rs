//! Several sweeps a codelet, so that a tile goes through memory once for all of them. Why that is right:
//! `docs/design/time-tiles.md`.
//!
//! Tiles are bands of rows, and each codelet has two that follow each other. First come pairs that start with an even tile:
//! with each sweep they compute a row less at both ends. Then come the pairs between: with each sweep they compute a row
//! more on both sides of the line between their tiles, which is what was left out. That is all that there is to say about
//! order: who shares a tile comes one after the other.

use std::ops::Range;

use sprat::{ReadWrite, Scope};

use super::field::Set;
use super::tiling::Tiling;
use super::trapezoid::{self, Kind, Shape};
use crate::simd;

/// Rows of a tile that is swept `sweeps` times in turn, unless others are asked for: the fewer, the more often rows at the ends
/// go through memory, and the more, the fewer tiles there are to share out.
pub fn rows(sweeps: usize) -> usize {
    const LEAST: usize = 32;
    (2 * sweeps).max(LEAST)
}

/// A codelet's tiles, and what it does with them.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The tiles: two, or the last one alone.
    pub tiles: Range<usize>,
    /// What is computed.
    pub shape: Shape,
}

impl Pair {
    fn new(tiling: &Tiling, kind: Kind, first: usize, sweeps: usize) -> Pair {
        let tiles = first..(first + 2).min(tiling.count());
        let heights = tiles.clone().map(|at| tiling.place(at).extent.height);
        let shape = Shape {
            kind,
            width: tiling.grid.width,
            stride: tiling.stride,
            full: tiling.tile.height,
            rows: heights.sum(),
            rims: [tiles.start == 0, tiles.end == tiling.count()],
            sweeps,
        };
        Pair { tiles, shape }
    }

    /// The tile to whose engine it belongs, when the grid is gone through down or up: the one that is come to first. An engine
    /// that has only begun the step must not be waited for by one that is about to end it.
    pub fn near(&self, down: bool) -> usize {
        match down {
            true => self.tiles.start,
            false => self.tiles.end - 1,
        }
    }
}

/// So many sweeps over the grid, in program order: what grows follows the second of the two that it is between.
pub fn pairs(tiling: &Tiling, sweeps: usize, down: bool) -> Vec<Pair> {
    let count = tiling.count().div_ceil(2);
    let pair = |kind, first| Pair::new(tiling, kind, first, sweeps);
    let mut all = Vec::new();
    for at in 0..count {
        let first = 2 * if down { at } else { count - 1 - at };
        all.push(pair(Kind::Shrinks, first));
        if at > 0 {
            all.push(pair(Kind::Grows, if down { first - 1 } else { first + 1 }));
        }
    }
    all
}

/// Spawns so many sweeps, from the first set; the values are in the other one afterwards if the number is odd.
pub(super) fn spawn(
    s: &Scope<'_>,
    tiling: &Tiling,
    [now, next]: [&Set; 2],
    sweeps: usize,
    down: bool,
) {
    let leads = [now.lead, next.lead];
    for pair in pairs(tiling, sweeps, down) {
        let access = [now, next].map(|set| -> Vec<ReadWrite<f64>> {
            let blocks = set.blocks[pair.tiles.clone()].iter();
            blocks.map(|block| block.read_write()).collect()
        });
        let near = now.blocks[pair.near(down)];
        s.codelet("sweeps")
            .near(near)
            .spawn(access, move |_, [mut even, mut odd]| {
                let set = |blocks, lead| trapezoid::Set { blocks, lead };
                let (mut even, mut odd) =
                    (set(&mut even[..], leads[0]), set(&mut odd[..], leads[1]));
                simd::sweep_in_time(&pair.shape, [&mut even, &mut odd]);
            });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tiling::Extent;
    use super::*;

    #[test]
    fn pairs_of_a_kind_share_no_tile_and_have_all_of_them() {
        for (height, tiles) in [(1, 1), (5, 1), (20, 4), (23, 5)] {
            let side = |height| Extent { width: 3, height };
            let tiling = Tiling::new(side(height), side(5));
            assert_eq!(tiling.count(), tiles);
            for down in [true, false] {
                let pairs = pairs(&tiling, 4, down);
                let of = |kind| {
                    let pairs = pairs.iter().filter(move |pair| pair.shape.kind == kind);
                    let mut tiles: Vec<usize> = pairs.flat_map(|pair| pair.tiles.clone()).collect();
                    tiles.sort_unstable();
                    tiles
                };
                assert_eq!(of(Kind::Shrinks), (0..tiles).collect::<Vec<_>>());
                let between = 1..(tiles - 1) / 2 * 2 + 1;
                assert_eq!(of(Kind::Grows), between.collect::<Vec<_>>());
            }
        }
    }
}
