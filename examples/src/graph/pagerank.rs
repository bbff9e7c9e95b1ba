//! PageRank (Page, Brin, Motwani, Winograd 1999): how much of their time random walkers spend at each vertex.
//!
//! Each part of the incoming edges pulls what its vertices get. A part reads what all vertices share out, which is one
//! block, and writes its own range of the next one. What has no outgoing edge shares its rank with all. The order of all
//! sums is fixed by the layout, so the ranks have the same bits on any number of engines.
//!
//! Iterations are recorded as two graphs, one from the first block of shares to the second and one back, which are replayed by
//! turns.

use std::time::{Duration, Instant};

use sprat::{Block, Result, Runtime, Scope};

use super::layout::Graph;
use super::rows::{Lists, Rows};

/// Sums that a part gives: what vertices without outgoing edges have, and by how much ranks changed.
const SUMS: usize = 2;
/// A vertex's sum is taken in so many lanes, so that one addition need not wait for the last.
const LANES: usize = 4;

/// What a run is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How likely a walker goes on along an edge instead of somewhere else, from 0 to 1.
    pub damping: f64,
    /// The run ends when ranks change by less than this in an iteration, all changes added up.
    pub tolerance: f64,
    /// The run ends after so many iterations, whatever the tolerance.
    pub iterations: usize,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Ranks {
    /// A rank for each vertex, by its number in the layout. They add up to 1.
    pub ranks: Vec<f64>,
    /// Iterations done.
    pub iterations: usize,
    /// How much ranks changed in the last one.
    pub change: f64,
    /// What the iterations took.
    pub time: Duration,
}

/// The state of a run, in blocks.
#[derive(Debug)]
pub struct PageRank<'r> {
    runtime: &'r Runtime,
    rows: &'r Rows,
    damping: f64,
    /// Ranks, by part.
    ranks: Vec<Block<f64>>,
    /// One over the number of outgoing edges, or 0; by part.
    inverse: Vec<Block<f64>>,
    /// What each vertex gives along each edge: now and next.
    shares: [Block<f64>; 2],
    /// Sums of each part, in blocks of their own.
    sums: Vec<Block<f64>>,
    /// The sums of all parts' sums: of the last iteration, and of this one.
    totals: [Block<f64>; 2],
    dynamic: bool,
}

impl<'r> PageRank<'r> {
    /// Makes the blocks, with equal ranks for all.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, graph: &'r Graph, damping: f64) -> Result<PageRank<'r>> {
        let rows = &graph.incoming;
        let longest = rows.parts.iter().map(|part| part.count as usize).max();
        let longest = longest.unwrap_or(1);
        let vertices = graph.vertices();
        let run = PageRank {
            runtime,
            rows,
            damping,
            ranks: runtime.blocks(rows.parts.len(), longest)?,
            inverse: runtime.blocks(rows.parts.len(), longest)?,
            shares: [runtime.block(vertices)?, runtime.block(vertices)?],
            sums: runtime.blocks(rows.parts.len(), SUMS)?,
            totals: [runtime.block(SUMS)?, runtime.block(SUMS)?],
            dynamic: false,
        };
        runtime.finish(|s| {
            for (at, part) in rows.parts.iter().enumerate() {
                let access = (
                    graph.degrees.read(),
                    run.ranks[at].write(),
                    run.inverse[at].write(),
                    run.shares[0].part(part.vertices()).write(),
                    run.sums[at].write(),
                );
                let range = part.vertices();
                s.codelet("start").near(part.home()).spawn(
                    access,
                    move |_, (degrees, ranks, inverse, shares, sums)| {
                        let rank = 1.0 / vertices as f64;
                        let mut dangling = 0.0;
                        for (at, &degree) in degrees[range.clone()].iter().enumerate() {
                            ranks[at] = rank;
                            inverse[at] = inverse_of(degree);
                            shares[at] = rank * inverse[at];
                            dangling += if degree == 0 { rank } else { 0.0 };
                        }
                        sums.copy_from_slice(&[dangling, 1.0]);
                    },
                );
            }
            run.total(s, 0);
            Ok(())
        })?;
        Ok(run)
    }

    /// Whether each iteration's codelets are spawned anew, instead of being recorded and replayed.
    pub fn dynamic(self, dynamic: bool) -> Self {
        PageRank { dynamic, ..self }
    }

    /// Iterates until the ranks are as steady as asked for; `done` hears how many iterations there were.
    ///
    /// # Errors
    /// The runtime's.
    pub fn run(self, options: &Options, mut done: impl FnMut(usize)) -> Result<Ranks> {
        let begin = Instant::now();
        let (mut iterations, mut change) = (0, f64::INFINITY);
        let record = |from: usize| self.runtime.record(|s| self.iteration(s, from));
        let graphs = match self.dynamic {
            true => None,
            false => Some([record(0)?, record(1)?]),
        };
        while iterations < options.iterations && change >= options.tolerance {
            let from = iterations % 2;
            match &graphs {
                Some(graphs) => self.runtime.replay(&graphs[from], 1)?,
                // The host waits for its end: if the next one's parts were spawned meanwhile, the lists of accesses to parts of
                // the shares would be twice as long.
                None => self.runtime.finish(|s| self.iteration(s, from))?,
            }
            let totals = self.totals[1 - from];
            change = self.runtime.read(totals, |totals| totals[1])?;
            iterations += 1;
            done(iterations);
        }
        let time = begin.elapsed();
        drop(graphs);
        let ranks = self.ranks()?;
        self.destroy()?;
        Ok(Ranks {
            time,
            ranks,
            iterations,
            change,
        })
    }

    /// Gives the blocks back; the graph keeps its own.
    fn destroy(self) -> Result<()> {
        self.runtime.finish(|s| {
            let by_part = [&self.ranks, &self.inverse, &self.sums];
            let alone = self.shares.iter().chain(&self.totals);
            for &block in by_part.into_iter().flatten().chain(alone) {
                s.destroy(block);
            }
            Ok(())
        })
    }

    /// One iteration, from these shares to the others.
    fn iteration(&self, s: &Scope<'_>, from: usize) -> Result<()> {
        for at in 0..self.rows.parts.len() {
            self.pull(s, at, from);
        }
        self.total(s, 1 - from);
        Ok(())
    }

    /// One part of one iteration.
    fn pull(&self, s: &Scope<'_>, at: usize, from: usize) {
        let part = self.rows.parts[at];
        let range = part.vertices();
        let (vertices, damping) = (self.rows.vertices as f64, self.damping);
        let access = (
            part.read(),
            self.shares[from].read(),
            self.totals[from].read(),
            self.inverse[at].read(),
            self.ranks[at].read_write(),
            self.shares[1 - from].part(range).write(),
            self.sums[at].write(),
        );
        s.codelet("pull").near(part.home()).spawn(
            access,
            move |_, (lists, shares, totals, inverse, ranks, next, sums)| {
                let lists = Lists::new(lists);
                let base = base(vertices, damping, totals[0]);
                let (mut dangling, mut change) = (0.0, 0.0);
                let ranks = ranks.iter_mut().zip(inverse).zip(next);
                for (at, ((rank, &inverse), next)) in ranks.enumerate() {
                    let new = base + damping * gather(lists.of(at), shares);
                    change += (new - *rank).abs();
                    dangling += if inverse == 0.0 { new } else { 0.0 };
                    *next = new * inverse;
                    *rank = new;
                }
                sums.copy_from_slice(&[dangling, change]);
            },
        );
    }

    /// Adds the parts' sums up.
    fn total(&self, s: &Scope<'_>, to: usize) {
        let sums: Vec<_> = self.sums.iter().map(|sums| sums.read()).collect();
        let access = (sums, self.totals[to].write());
        s.codelet("total").spawn(access, |_, (sums, totals)| {
            totals.copy_from_slice(&total(sums.into_iter()));
        });
    }

    /// The ranks by number.
    fn ranks(&self) -> Result<Vec<f64>> {
        let mut all = Vec::with_capacity(self.rows.vertices);
        for (part, &ranks) in self.rows.parts.iter().zip(&self.ranks) {
            let count = part.count as usize;
            self.runtime
                .read(ranks, |ranks| all.extend_from_slice(&ranks[..count]))?;
        }
        Ok(all)
    }

    /// Bytes that an iteration moves at least: neighbours and where they begin, and for each vertex its rank, share and
    /// inverse read, and its rank and share written. That shares are read more than once is not counted.
    pub fn bytes(&self) -> u64 {
        4 * self.rows.edges + (4 + 5 * 8) * self.rows.vertices as u64
    }
}

/// What a vertex divides its rank by, as a factor; 0 for one that gives nothing.
pub(super) fn inverse_of(degree: u32) -> f64 {
    match degree {
        0 => 0.0,
        degree => 1.0 / f64::from(degree),
    }
}

/// What each vertex gets from walkers that do not follow an edge.
pub(super) fn base(vertices: f64, damping: f64, dangling: f64) -> f64 {
    (1.0 - damping + damping * dangling) / vertices
}

/// Adds up the sums of parts, in their order.
pub(super) fn total<'v>(sums: impl Iterator<Item = &'v [f64]>) -> [f64; SUMS] {
    sums.fold([0.0; SUMS], |total, sums| {
        std::array::from_fn(|at| total[at] + sums[at])
    })
}

/// What a vertex gets along its edges. The serial reference uses it too, so that both round alike.
#[inline]
pub(super) fn gather(from: &[u32], shares: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = from.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &vertex) in lanes.iter_mut().zip(chunk) {
            *lane += shares[vertex as usize];
        }
    }
    let mut sum = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
    for &vertex in rest {
        sum += shares[vertex as usize];
    }
    sum
}
