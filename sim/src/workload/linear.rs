//! Dense linear algebra.

use super::named::Parameters;
use super::{Affinity, Codelet, Cost, Workload};
use sprat::Result;
use sprat::decide::dependence::Mode::{Read, ReadWrite};

/// The lower triangle of tiles; each codelet belongs to the engine of the tile that it changes, in turn.
pub(super) fn cholesky(p: &Parameters) -> Result<Workload> {
    let (tiles, edge) = (p.some("tiles")?, u64::from(p.some("edge")?));
    if tiles > 512 {
        return Err(p.wrong("tiles", "at most 512"));
    }
    if edge > 1 << 14 {
        return Err(p.wrong("edge", "at most 16384"));
    }
    let at = |row: u32, column: u32| row * (row + 1) / 2 + column;
    let cube = edge * edge * edge;
    let mut codelets = Vec::new();
    let mut one = |name, operations, reads: &[u32], changes: u32| {
        let reads = reads.iter().map(|tile| (*tile, Read).into());
        codelets.push(Codelet {
            accesses: reads.chain([(changes, ReadWrite).into()]).collect(),
            affinity: Affinity::Prefer((changes % u32::from(p.xes)) as u16),
            ..Codelet::new(name, Cost::Operations(operations))
        });
    };
    for k in 0..tiles {
        one("potrf", cube / 3, &[], at(k, k));
        for i in k + 1..tiles {
            one("trsm", cube, &[at(k, k)], at(i, k));
        }
        for i in k + 1..tiles {
            one("syrk", cube, &[at(i, k)], at(i, i));
            for j in k + 1..i {
                one("gemm", 2 * cube, &[at(i, k), at(j, k)], at(i, j));
            }
        }
    }
    Ok(Workload {
        codelets,
        sizes: vec![8 * edge * edge; at(tiles, 0) as usize],
        ..Workload::default()
    })
}
