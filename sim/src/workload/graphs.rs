//! Work on graphs: partitions of R-MAT graphs (Chakrabarti, Zhan and Faloutsos, "R-MAT: a recursive model for graph mining", SDM 2004).

use super::named::Parameters;
use super::{Access, Affinity, Codelet, Cost, Workload};
use crate::random::Random;
use sprat::Result;
use sprat::decide::dependence::Mode;
use sprat::decide::placement::owner;

/// Operations of an edge.
const EDGE_OPERATIONS: u64 = 4;
/// Bytes of an edge.
const EDGE: u64 = 4;
/// Bytes of a vertex's number in a frontier.
const NUMBER: u64 = 4;
/// Bytes of a rank.
const RANK: u64 = 8;

struct Graph {
    vertices: u64,
    parts: u64,
    /// From where to where.
    edges: Vec<(u32, u32)>,
}

impl Graph {
    fn new(p: &Parameters) -> Result<Self> {
        let (scale, parts) = (p.get("scale"), u64::from(p.some("parts")?));
        if !(1..=26).contains(&scale) {
            return Err(p.wrong("scale", "from 1 to 26"));
        }
        let vertices = 1u64 << scale;
        if parts > vertices || parts > 4096 {
            return Err(p.wrong(
                "parts",
                "at most 4096, and at most as many as there are vertices",
            ));
        }
        if p.get("degree") > 256 {
            return Err(p.wrong("degree", "at most 256"));
        }
        let mut random = Random::new(p.get("seed"));
        let edge = |_| {
            let (mut from, mut to) = (0, 0);
            for _ in 0..scale {
                // The article's quarters: 0.57, 0.19, 0.19, 0.05.
                let (down, right) = match random.share() {
                    x if x < 0.57 => (0, 0),
                    x if x < 0.76 => (0, 1),
                    x if x < 0.95 => (1, 0),
                    _ => (1, 1),
                };
                (from, to) = (from * 2 + down, to * 2 + right);
            }
            (from, to)
        };
        Ok(Graph {
            vertices,
            parts,
            edges: (0..vertices * p.get("degree")).map(edge).collect(),
        })
    }

    fn part(&self, vertex: u32) -> usize {
        (u64::from(vertex) * self.parts / self.vertices) as usize
    }

    /// How many edges lead from each part to each, row by row.
    fn between<'a>(&self, edges: impl Iterator<Item = &'a (u32, u32)>) -> Vec<u64> {
        let parts = self.parts as usize;
        let mut between = vec![0; parts * parts];
        for &(from, to) in edges {
            between[self.part(from) * parts + self.part(to)] += 1;
        }
        between
    }

    /// Vertices of the largest part.
    fn largest(&self) -> u64 {
        self.vertices.div_ceil(self.parts)
    }
}

fn some_of(block: u32, bytes: u64) -> Access {
    let bytes = bytes.min(u64::from(u32::MAX) - 1) as u32;
    let mode = Mode::Read;
    Access { block, bytes, mode }
}

/// In each step each part sums up what its edges bring from the others' ranks, and writes its own new ones.
pub(super) fn pagerank(p: &Parameters) -> Result<Workload> {
    let graph = Graph::new(p)?;
    let parts = graph.parts as u32;
    let between = graph.between(graph.edges.iter());
    let into = |to: u32, from: u32| between[(from * parts + to) as usize];
    let edges_of = |to: u32| (0..parts).map(|from| into(to, from)).sum::<u64>();
    // Edges, ranks, and ranks of the other parity.
    let mut sizes: Vec<u64> = (0..parts).map(|part| EDGE * edges_of(part)).collect();
    sizes.resize(3 * parts as usize, RANK * graph.largest());
    let mut codelets = Vec::new();
    for step in 0..p.u32("steps")? {
        let (now, next) = (parts + step % 2 * parts, parts + (step + 1) % 2 * parts);
        for part in 0..parts {
            let mut accesses = vec![(part, Mode::Read).into()];
            let reads = (0..parts).filter(|from| into(part, *from) > 0);
            accesses.extend(reads.map(|from| some_of(now + from, RANK * into(part, from))));
            accesses.push((next + part, Mode::Write).into());
            codelets.push(Codelet {
                accesses,
                affinity: Affinity::Prefer(owner(part as usize, parts as usize, p.xes)),
                ..Codelet::new("rank", Cost::Operations(EDGE_OPERATIONS * edges_of(part)))
            });
        }
    }
    Ok(Workload {
        codelets,
        sizes,
        ..Workload::default()
    })
}

/// From the vertex with the most edges on, level by level: each part that edges of the frontier lead to marks what is new, which is its
/// part of the next frontier.
pub(super) fn bfs(p: &Parameters) -> Result<Workload> {
    let graph = Graph::new(p)?;
    let parts = graph.parts as u32;
    let mut by_source = graph.edges.clone();
    by_source.sort_unstable();
    let vertices = graph.vertices as usize;
    let mut starts = vec![0; vertices + 1];
    by_source
        .iter()
        .for_each(|(from, _)| starts[*from as usize + 1] += 1);
    (0..vertices).for_each(|at| starts[at + 1] += starts[at]);
    let edges_of = |vertex: u32| &by_source[starts[vertex as usize]..starts[vertex as usize + 1]];
    let first = (0..vertices as u32)
        .max_by_key(|vertex| edges_of(*vertex).len())
        .unwrap_or(0);
    let mut seen = vec![false; vertices];
    seen[first as usize] = true;
    let mut frontier = vec![first];
    let mut codelets = Vec::new();
    let mut level = 0;
    while !frontier.is_empty() {
        let between = graph.between(frontier.iter().flat_map(|vertex| edges_of(*vertex)));
        // What was seen; then the frontiers of two parities.
        let (now, next) = (parts + level % 2 * parts, parts + (level + 1) % 2 * parts);
        for to in 0..parts {
            let from = |from: &u32| between[(*from * parts + to) as usize];
            let edges: u64 = (0..parts).map(|part| from(&part)).sum();
            if edges == 0 {
                continue;
            }
            let mut accesses = vec![(to, Mode::ReadWrite).into()];
            let reads = (0..parts).filter(|part| from(part) > 0);
            accesses.extend(reads.map(|part| some_of(now + part, NUMBER * from(&part))));
            accesses.push((next + to, Mode::Write).into());
            codelets.push(Codelet {
                accesses,
                affinity: Affinity::Prefer(owner(to as usize, parts as usize, p.xes)),
                ..Codelet::new("mark", Cost::Operations(EDGE_OPERATIONS * edges))
            });
        }
        let mut found = Vec::new();
        for &(_, to) in frontier.iter().flat_map(|vertex| edges_of(*vertex)) {
            if !std::mem::replace(&mut seen[to as usize], true) {
                found.push(to);
            }
        }
        frontier = found;
        level += 1;
    }
    let mut sizes = vec![graph.largest().div_ceil(8); parts as usize];
    sizes.resize(3 * parts as usize, NUMBER * graph.largest());
    Ok(Workload {
        codelets,
        sizes,
        ..Workload::default()
    })
}
