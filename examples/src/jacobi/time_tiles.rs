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

/// Spawns so many sweeps, from the first set; the values are in the other one afterwards if the number is odd.
pub(super) fn spawn(s: &Scope<'_>, tiling: &Tiling, sets: [&Set; 2], sweeps: usize, down: bool) {
    let count = tiling.count();
    let pairs = count.div_ceil(2);
    for at in 0..pairs {
        let pair = if down { at } else { pairs - 1 - at };
        let first = 2 * pair;
        let tiles = first..(first + 2).min(count);
        spawn_pair(s, tiling, sets, sweeps, Kind::Shrinks, tiles, first);
        if at == 0 {
            continue;
        }
        // Between this pair and the one before, with whose engine it stays: that one is about to end the step, this one may
        // just have begun it.
        let (line, near) = match down {
            true => (first, first - 1),
            false => (first + 2, first + 2),
        };
        let tiles = line - 1..line + 1;
        spawn_pair(s, tiling, sets, sweeps, Kind::Grows, tiles, near);
    }
}

fn spawn_pair(
    s: &Scope<'_>,
    tiling: &Tiling,
    [now, next]: [&Set; 2],
    sweeps: usize,
    kind: Kind,
    tiles: Range<usize>,
    near: usize,
) {
    let shape = Shape {
        kind,
        width: tiling.grid.width,
        stride: tiling.stride,
        full: tiling.tile.height,
        rows: tiles.clone().map(|at| tiling.place(at).extent.height).sum(),
        rims: [tiles.start == 0, tiles.end == tiling.count()],
        sweeps,
    };
    let access = [now, next].map(|set| -> Vec<ReadWrite<f64>> {
        set.blocks[tiles.clone()]
            .iter()
            .map(|block| block.read_write())
            .collect()
    });
    let leads = [now.lead, next.lead];
    s.codelet("sweeps")
        .near(now.blocks[near])
        .spawn(access, move |_, [mut even, mut odd]| {
            let set = |blocks, lead| trapezoid::Set { blocks, lead };
            let (mut even, mut odd) = (set(&mut even[..], leads[0]), set(&mut odd[..], leads[1]));
            simd::sweep_in_time(&shape, [&mut even, &mut odd]);
        });
}
