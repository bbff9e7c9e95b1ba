//! Grids of tiles: stencils and wavefronts.

use super::named::Parameters;
use super::{Access, Affinity, Codelet, Cost, Workload};
use sprat::Result;
use sprat::decide::dependence::Mode;
use sprat::decide::placement::owner;

/// Bytes of a cell.
const CELL: u64 = 8;

fn part(block: u32, bytes: u64, mode: Mode) -> Access {
    let bytes = bytes as u32;
    Access { block, bytes, mode }
}

/// A stencil on a grid of tiles with so many dimensions: reads the tile and its neighbours' faces, writes the tile in the other array.
fn stencil(
    name: &'static str,
    dimensions: u32,
    cell_operations: u64,
    p: &Parameters,
) -> Result<Workload> {
    let (tiles, edge, steps) = (
        p.some("tiles")?,
        u64::from(p.some("edge")?),
        p.u32("steps")?,
    );
    let most = |count: u64| count < 1 << 30;
    let count = u64::from(tiles).saturating_pow(dimensions);
    if !most(count) {
        return Err(p.wrong("tiles", "less, or there are too many of them"));
    }
    let cells = edge.saturating_pow(dimensions);
    if !most(cells) {
        return Err(p.wrong("edge", "less, or tiles are too large"));
    }
    let (count, face) = (count as u32, cells / edge * CELL);
    let (mut now, mut next) = (0, count);
    let mut codelets = Vec::with_capacity(count as usize * steps as usize);
    for _ in 0..steps {
        for tile in 0..count {
            let mut accesses = vec![(now + tile, Mode::Read).into()];
            let mut stride = 1;
            for _ in 0..dimensions {
                let at = tile / stride % tiles;
                if at > 0 {
                    accesses.push(part(now + tile - stride, face, Mode::Read));
                }
                if at + 1 < tiles {
                    accesses.push(part(now + tile + stride, face, Mode::Read));
                }
                stride *= tiles;
            }
            accesses.push((next + tile, Mode::Write).into());
            codelets.push(Codelet {
                accesses,
                affinity: Affinity::Prefer(owner(tile as usize, count as usize, p.xes)),
                ..Codelet::new(name, Cost::Operations(cells * cell_operations))
            });
        }
        std::mem::swap(&mut now, &mut next);
    }
    Ok(Workload {
        codelets,
        sizes: vec![cells * CELL; 2 * count as usize],
        ..Workload::default()
    })
}

pub(super) fn stencil2d(p: &Parameters) -> Result<Workload> {
    stencil("five_points", 2, 6, p)
}

pub(super) fn stencil3d(p: &Parameters) -> Result<Workload> {
    stencil("seven_points", 3, 8, p)
}

/// Each tile changes, after its neighbours to the west and north, whose last column and row it reads.
pub(super) fn wavefront(p: &Parameters) -> Result<Workload> {
    let (tiles, edge) = (p.some("tiles")?, u64::from(p.some("edge")?));
    if tiles > 1 << 14 {
        return Err(p.wrong("tiles", "at most 16384"));
    }
    if edge > 1 << 14 {
        return Err(p.wrong("edge", "at most 16384"));
    }
    let cells = edge * edge;
    let mut codelets = Vec::new();
    for row in 0..tiles {
        for column in 0..tiles {
            let tile = row * tiles + column;
            let mut accesses = vec![(tile, Mode::ReadWrite).into()];
            if column > 0 {
                accesses.push(part(tile - 1, edge * CELL, Mode::Read));
            }
            if row > 0 {
                accesses.push(part(tile - tiles, edge * CELL, Mode::Read));
            }
            codelets.push(Codelet {
                accesses,
                affinity: Affinity::Prefer(owner(column as usize, tiles as usize, p.xes)),
                ..Codelet::new("tile", Cost::Operations(cells * p.get("operations")))
            });
        }
    }
    Ok(Workload {
        codelets,
        sizes: vec![cells * CELL; (tiles * tiles) as usize],
        ..Workload::default()
    })
}
