//! How a graph lies in memory: vertices numbered anew, and edges cut into parts, in both directions.
//!
//! Vertices are grouped by degree, those with twice as many neighbours or more first, and keep their order within a group
//! (Faldu, Diamond, Grot: "A Closer Look at Lightweight Graph Reordering", IISWC 2019). What most edges lead to then lies
//! close together and stays in the caches, and a search from below finds a visited neighbour among the first it looks at.

use sprat::{Block, Result, Runtime};

use super::edges::Edges;
use super::rows::{Lists, Rows};

/// Whether edges lead one way or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As they are.
    Directed,
    /// Both ways, whichever way they were given.
    Undirected,
}

/// A graph in blocks. Each edge is there once, and no loops are.
#[derive(Clone, Debug)]
pub struct Graph {
    /// From whom the edges to a vertex come.
    pub incoming: Rows,
    /// To whom the edges from a vertex lead. Of an undirected graph, the same blocks.
    pub outgoing: Rows,
    /// How many edges lead from each vertex.
    pub degrees: Block<u32>,
    /// The input's number of each vertex.
    pub original: Vec<u32>,
    /// Whether edges lead both ways.
    pub direction: Direction,
    /// How many edges of the input were loops or there already.
    pub dropped: u64,
}

impl Graph {
    /// Lays a graph out.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &Runtime, edges: &Edges, direction: Direction) -> Result<Graph> {
        let (original, number) = order(edges);
        let key = |from: u32, to: u32| {
            u64::from(number[from as usize]) << 32 | u64::from(number[to as usize])
        };
        let proper = || edges.pairs.iter().filter(|[from, to]| from != to);
        let outward = proper().map(|&[from, to]| key(from, to));
        let inward = proper().map(|&[from, to]| key(to, from));
        let vertices = edges.vertices;
        let (incoming, outgoing) = match direction {
            Direction::Directed => {
                let (mut inward, mut outward) = (inward.collect(), outward.collect());
                runtime.finish(|s| {
                    for keys in [&mut inward, &mut outward] {
                        s.codelet("sort").spawn_once((), |_, ()| sort(keys));
                    }
                    Ok(())
                })?;
                let incoming = Rows::new(runtime, vertices, &inward)?;
                (incoming, Rows::new(runtime, vertices, &outward)?)
            }
            Direction::Undirected => {
                let mut keys = inward.chain(outward).collect();
                sort(&mut keys);
                let rows = Rows::new(runtime, vertices, &keys)?;
                (rows.clone(), rows)
            }
        };
        let kept = match direction {
            Direction::Directed => outgoing.edges,
            Direction::Undirected => outgoing.edges / 2,
        };
        let degrees = degrees(runtime, &outgoing)?;
        Ok(Graph {
            incoming,
            outgoing,
            degrees,
            original,
            direction,
            dropped: edges.pairs.len() as u64 - kept,
        })
    }

    /// Gives the blocks back.
    ///
    /// # Errors
    /// The runtime's.
    pub fn destroy(self, runtime: &Runtime) -> Result<()> {
        runtime.destroy(self.degrees)?;
        self.incoming.destroy(runtime)?;
        match self.direction {
            Direction::Directed => self.outgoing.destroy(runtime),
            Direction::Undirected => Ok(()),
        }
    }

    /// How many vertices.
    pub fn vertices(&self) -> usize {
        self.original.len()
    }

    /// Edges, each counted once.
    pub fn edges(&self) -> u64 {
        match self.direction {
            Direction::Directed => self.outgoing.edges,
            Direction::Undirected => self.outgoing.edges / 2,
        }
    }

    /// The number here of the input's vertex.
    pub fn number_of(&self, original: u32) -> Option<u32> {
        let found = self.original.iter().position(|&v| v == original);
        found.map(|at| at as u32)
    }

    /// Bytes of memory that laying out so large a graph takes at most, with the list of edges that it comes from.
    pub fn memory(vertices: u128, edges: u128, direction: Direction) -> u128 {
        // The list; keys of 8 bytes and neighbours of 4 for each direction; what algorithms keep for each vertex.
        let ends = match direction {
            Direction::Directed => 8 + 2 * 12,
            Direction::Undirected => 8 + 2 * 8 + 2 * 4,
        };
        edges * ends + vertices * 80
    }
}

/// How many neighbours each vertex has.
fn degrees(runtime: &Runtime, rows: &Rows) -> Result<Block<u32>> {
    let degrees = runtime.block(rows.vertices)?;
    runtime.finish(|s| {
        for part in &rows.parts {
            let access = (part.read(), degrees.part(part.vertices()).write());
            s.codelet("degrees")
                .near(part.home())
                .spawn(access, |_, (lists, degrees)| {
                    let lists = Lists::new(lists);
                    for (at, degree) in degrees.iter_mut().enumerate() {
                        *degree = lists.of(at).len() as u32;
                    }
                });
        }
        Ok(())
    })?;
    Ok(degrees)
}

fn sort(keys: &mut Vec<u64>) {
    keys.sort_unstable();
    keys.dedup();
}

/// The vertices in their new order, and the new number of each.
fn order(edges: &Edges) -> (Vec<u32>, Vec<u32>) {
    let mut degrees = vec![0_u32; edges.vertices];
    for &end in edges.pairs.iter().flatten() {
        let degree = &mut degrees[end as usize];
        *degree = degree.saturating_add(1);
    }
    let mut original: Vec<u32> = (0..edges.vertices as u32).collect();
    // The fewer leading zeros, the more neighbours.
    original.sort_by_key(|&vertex| degrees[vertex as usize].leading_zeros());
    let mut number = vec![0; edges.vertices];
    for (new, &old) in original.iter().enumerate() {
        number[old as usize] = new as u32;
    }
    (original, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Names;

    fn edges(vertices: usize, pairs: &[[u32; 2]]) -> Edges {
        Edges {
            vertices,
            pairs: pairs.to_vec(),
            names: Names::From(0),
            notes: Vec::new(),
        }
    }

    /// The edges by the input's numbers, sorted.
    fn back(graph: &Graph, rows: &Rows, runtime: &Runtime) -> Vec<[u32; 2]> {
        let host = rows.to_host(runtime).unwrap();
        let name = |v: u32| graph.original[v as usize];
        let mut all: Vec<_> = (0..graph.vertices() as u32)
            .flat_map(|v| host.of(v).iter().map(move |&to| [name(v), name(to)]))
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn loops_and_repeated_edges_are_dropped() {
        let runtime = Runtime::builder().xes(1).build().unwrap();
        let list = edges(5, &[[4, 0], [4, 1], [4, 1], [2, 2], [1, 4]]);
        let graph = Graph::new(&runtime, &list, Direction::Directed).unwrap();
        let outgoing = back(&graph, &graph.outgoing, &runtime);
        assert_eq!(outgoing, [[1, 4], [4, 0], [4, 1]]);
        let incoming = back(&graph, &graph.incoming, &runtime);
        assert_eq!(incoming, [[0, 4], [1, 4], [4, 1]]);
        assert_eq!((graph.edges(), graph.dropped), (3, 2));
        let graph = Graph::new(&runtime, &list, Direction::Undirected).unwrap();
        let all = back(&graph, &graph.incoming, &runtime);
        assert_eq!(all, [[0, 4], [1, 4], [4, 0], [4, 1]]);
        assert_eq!((graph.edges(), graph.dropped), (2, 3));
    }

    #[test]
    fn vertices_with_many_neighbours_come_first_else_in_order() {
        let list = edges(6, &[[5, 0], [5, 1], [5, 3], [5, 4], [1, 3]]);
        let (original, number) = order(&list);
        assert_eq!(original, [5, 1, 3, 0, 4, 2]);
        assert_eq!(number[5], 0);
        assert_eq!(number[2], 5);
    }
}
