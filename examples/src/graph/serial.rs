//! The same answers without a runtime, as plainly as can be: what results are compared with, and what speed-ups are over.

use super::bfs::UNREACHED;
use super::layout::Graph;
use super::pagerank::{base, gather, inverse_of, total};
use super::rows::HostRows;

/// How many edges away each vertex is from the source, by a queue.
pub fn levels(outgoing: &HostRows, source: u32) -> Vec<u32> {
    let mut levels = vec![UNREACHED; outgoing.ends.len() - 1];
    levels[source as usize] = 0;
    let mut queue = vec![source];
    let mut at = 0;
    while let Some(&vertex) = queue.get(at) {
        at += 1;
        let next = levels[vertex as usize] + 1;
        for &to in outgoing.of(vertex) {
            if levels[to as usize] == UNREACHED {
                levels[to as usize] = next;
                queue.push(to);
            }
        }
    }
    levels
}

/// The least vertex of each vertex's component, by union and find with path halving.
pub fn components(rows: &HostRows) -> Vec<u32> {
    fn root(parents: &mut [u32], mut vertex: u32) -> u32 {
        while parents[vertex as usize] != vertex {
            let parent = parents[vertex as usize];
            parents[vertex as usize] = parents[parent as usize];
            vertex = parents[vertex as usize];
        }
        vertex
    }
    let vertices = rows.ends.len() as u32 - 1;
    let mut parents: Vec<u32> = (0..vertices).collect();
    for vertex in 0..vertices {
        for &to in rows.of(vertex) {
            let (a, b) = (root(&mut parents, vertex), root(&mut parents, to));
            // The lesser becomes the root, so roots are the least.
            parents[a.max(b) as usize] = a.min(b);
        }
    }
    (0..vertices)
        .map(|vertex| root(&mut parents, vertex))
        .collect()
}

/// PageRank, iteration after iteration.
#[derive(Debug)]
pub struct PageRank<'g> {
    incoming: &'g HostRows,
    /// Where the sums over vertices are cut, as parts are.
    cuts: Vec<std::ops::Range<usize>>,
    damping: f64,
    inverse: Vec<f64>,
    shares: [Vec<f64>; 2],
    /// The ranks.
    pub ranks: Vec<f64>,
    totals: [f64; 2],
}

impl<'g> PageRank<'g> {
    /// Equal ranks for all.
    pub fn new(graph: &Graph, incoming: &'g HostRows, damping: f64) -> PageRank<'g> {
        let vertices = graph.vertices();
        let mut degrees = vec![0; vertices];
        for &from in &incoming.others {
            degrees[from as usize] += 1;
        }
        let inverse: Vec<f64> = degrees.into_iter().map(inverse_of).collect();
        let rank = 1.0 / vertices as f64;
        let cuts: Vec<_> = graph.incoming.parts.iter().map(|p| p.vertices()).collect();
        let sums: Vec<[f64; 2]> = cuts
            .iter()
            .map(|cut| {
                let dangling = inverse[cut.clone()].iter().filter(|&&i| i == 0.0);
                [dangling.map(|_| rank).sum(), 1.0]
            })
            .collect();
        PageRank {
            incoming,
            damping,
            shares: [
                inverse.iter().map(|i| rank * i).collect(),
                vec![0.0; vertices],
            ],
            inverse,
            ranks: vec![rank; vertices],
            totals: total(sums.iter().map(|sums| &sums[..])),
            cuts,
        }
    }

    /// One iteration.
    pub fn iterate(&mut self) {
        let base = base(self.ranks.len() as f64, self.damping, self.totals[0]);
        let [shares, next] = &mut self.shares;
        let mut sums = Vec::with_capacity(self.cuts.len());
        for cut in &self.cuts {
            let (mut dangling, mut change) = (0.0, 0.0);
            for vertex in cut.clone() {
                let from = self.incoming.of(vertex as u32);
                let new = base + self.damping * gather(from, shares);
                change += (new - self.ranks[vertex]).abs();
                dangling += if self.inverse[vertex] == 0.0 {
                    new
                } else {
                    0.0
                };
                next[vertex] = new * self.inverse[vertex];
                self.ranks[vertex] = new;
            }
            sums.push([dangling, change]);
        }
        self.totals = total(sums.iter().map(|sums| &sums[..]));
        self.shares.swap(0, 1);
    }
}
