//! PageRank: each part of the vertices pulls, iteration after iteration. The sums are taken in the order of the serial
//! program, so that the ranks must have the same bits.

use super::Measured;
use super::rmat::{DAMPING, Host, ITERATIONS, Shared};
use crate::regions::{self, Body};
use crate::system::{Entrant, System};
use crate::{Error, Result};
use sprat_examples::graph::pagerank::{Options, PageRank};
use std::ops::Range;
use std::time::{Duration, Instant};

/// A vertex's sum is taken in so many lanes, as in the example.
const LANES: usize = 4;

pub(super) fn pagerank(entrant: &Entrant, scale: usize) -> Measured {
    let host = &*Host::of(scale)?;
    let (time, ranks) = match &entrant.system {
        System::Sprat(rt) => {
            let graph = host.on(entrant, rt)?;
            let options = Options {
                damping: DAMPING,
                tolerance: 0.0,
                iterations: ITERATIONS,
            };
            let ranks = PageRank::new(rt, graph, DAMPING)?.run(&options, |_| ())?;
            (ranks.time, ranks.ranks)
        }
        System::Rayon(pool) => in_rows(host, |rows, body| Ok(regions::rows_on(pool, rows, body)))?,
        System::Regions(system) => in_rows(host, |rows, body| system.rows(rows, body))?,
        System::Serial => in_rows(host, |rows, body| {
            let begin = Instant::now();
            rows.iter().cloned().flatten().for_each(body);
            Ok(begin.elapsed())
        })?,
        System::Replay(_) | System::Deque(_) | System::Tasks(_) => return Ok(None),
    };
    let mut pairs = ranks.iter().zip(&host.ranks);
    if let Some(vertex) = pairs.position(|(found, expected)| found.to_bits() != expected.to_bits())
    {
        return Err(Error::msg(format!(
            "wrong result: the rank of vertex {vertex} is {:e}, and should be {:e}",
            ranks[vertex], host.ranks[vertex]
        )));
    }
    Ok(Some(time.as_secs_f64() * 1e3 / ITERATIONS as f64))
}

/// What vertices without outgoing edges have, and by how much ranks changed.
type Sums = [f64; 2];

fn total(sums: &[Sums]) -> Sums {
    sums.iter().fold([0.0; 2], |total, sums| {
        std::array::from_fn(|at| total[at] + sums[at])
    })
}

/// A row for each iteration, of all parts.
#[expect(unsafe_code, reason = "parts write their ranges of common vectors")]
fn in_rows(
    host: &Host,
    run: impl FnOnce(&[Range<usize>], Body) -> Result<Duration>,
) -> Result<(Duration, Vec<f64>)> {
    let (vertices, parts) = (host.vertices(), host.parts.len());
    let rank = 1.0 / vertices as f64;
    let inverse = |vertex| match host.outgoing.of(vertex).len() {
        0 => 0.0,
        degree => 1.0 / degree as f64,
    };
    let inverse: Vec<f64> = (0..vertices as u32).map(inverse).collect();
    let mut ranks = vec![rank; vertices];
    let mut shares = [inverse.clone(), vec![0.0; vertices]];
    shares[0].iter_mut().for_each(|share| *share *= rank);
    let first = host.parts.iter().map(|part| {
        let dangling = inverse[part.clone()].iter().filter(|&&i| i == 0.0);
        [dangling.map(|_| rank).sum(), 1.0]
    });
    let mut sums: [Vec<Sums>; 2] = [first.collect(), vec![[0.0; 2]; parts]];

    let in_ranks = Shared::new(&mut ranks);
    let in_shares = shares.each_mut().map(|shares| Shared::new(shares));
    let in_sums = sums.each_mut().map(|sums| Shared::new(sums));
    let rows: Vec<_> = (0..ITERATIONS)
        .map(|iteration| iteration * parts..(iteration + 1) * parts)
        .collect();
    let body = |item: usize| {
        let (iteration, at) = (item / parts, item % parts);
        let (now, next) = (iteration % 2, (iteration + 1) % 2);
        let part = host.parts[at].clone();
        // SAFETY: rows run one after the other, and in this one nobody writes these.
        let shares = unsafe { in_shares[now].all() };
        // SAFETY: as above.
        let totals = total(unsafe { in_sums[now].all() });
        // SAFETY: items run once, and no other one of this row has this part.
        let out = unsafe { in_shares[next].part(part.clone()) };
        // SAFETY: as above.
        let ranks = unsafe { in_ranks.part(part.clone()) };
        // SAFETY: as above.
        let sums = unsafe { in_sums[next].part(at..at + 1) };
        let base = (1.0 - DAMPING + DAMPING * totals[0]) / vertices as f64;
        let (mut dangling, mut change) = (0.0, 0.0);
        for (vertex, (rank, out)) in part.zip(ranks.iter_mut().zip(out)) {
            let new = base + DAMPING * gather(host.incoming.of(vertex as u32), shares);
            change += (new - *rank).abs();
            dangling += if inverse[vertex] == 0.0 { new } else { 0.0 };
            *out = new * inverse[vertex];
            *rank = new;
        }
        sums[0] = [dangling, change];
    };
    let time = run(&rows, &body)?;
    Ok((time, ranks))
}

/// What a vertex gets along its edges.
#[inline]
fn gather(from: &[u32], shares: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = from.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &vertex) in lanes.iter_mut().zip(chunk) {
            *lane += shares[vertex as usize];
        }
    }
    let sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
    rest.iter()
        .fold(sum, |sum, &vertex| sum + shares[vertex as usize])
}
