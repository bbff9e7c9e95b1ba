//! Random graphs: what the algorithms find is what the textbooks' definitions say, on the edges as they were given.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sprat::Runtime;

use super::bfs::{Bfs, UNREACHED};
use super::components::Components;
use super::pagerank::{Options, PageRank};
use super::{Direction, Edges, Graph, Names};

fn graphs() -> impl Strategy<Value = Edges> {
    (1_u32..400).prop_flat_map(|vertices| {
        let end = 0..vertices;
        prop::collection::vec([end.clone(), end], 0..1200).prop_map(move |pairs| Edges {
            vertices: vertices as usize,
            pairs,
            names: Names::From(0),
            notes: Vec::new(),
        })
    })
}

fn runtime() -> Runtime {
    let cores = std::thread::available_parallelism().unwrap().get();
    Runtime::builder().xes(cores.min(2)).build().unwrap()
}

/// The edges, each once, without loops.
fn proper(edges: &Edges) -> BTreeSet<[u32; 2]> {
    let pairs = edges.pairs.iter().copied();
    pairs.filter(|[from, to]| from != to).collect()
}

/// By the input's numbers instead of the layout's.
fn by_original<T: Copy + Default>(graph: &Graph, values: &[T]) -> Vec<T> {
    let mut all = vec![T::default(); values.len()];
    for (&original, &value) in graph.original.iter().zip(values) {
        all[original as usize] = value;
    }
    all
}

/// Bellman and Ford's: as slow as simple.
fn levels(vertices: usize, edges: &BTreeSet<[u32; 2]>, source: u32) -> Vec<u32> {
    let mut levels = vec![UNREACHED; vertices];
    levels[source as usize] = 0;
    loop {
        let before = levels.clone();
        for &[from, to] in edges {
            let next = levels[from as usize].saturating_add(1);
            levels[to as usize] = levels[to as usize].min(next);
        }
        if levels == before {
            return levels;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn levels_are_the_least_numbers_of_edges(edges in graphs(), source in any::<u32>(), both in any::<bool>()) {
        let runtime = runtime();
        let direction = if both { Direction::Undirected } else { Direction::Directed };
        let graph = Graph::new(&runtime, &edges, direction).unwrap();
        let source = source % edges.vertices as u32;
        let mut given = proper(&edges);
        if both {
            given.extend(given.clone().into_iter().map(|[from, to]| [to, from]));
        }
        let expected = levels(edges.vertices, &given, source);
        let mut bfs = Bfs::new(&runtime, &graph).unwrap();
        // Twice: nothing of the first may be left.
        bfs.search(graph.number_of(0).unwrap()).unwrap();
        let search = bfs.search(graph.number_of(source).unwrap()).unwrap();
        prop_assert_eq!(by_original(&graph, &bfs.levels().unwrap()), expected.clone());
        let reached = expected.iter().filter(|&&level| level != UNREACHED);
        prop_assert_eq!(search.reached, reached.clone().count() as u64);
        prop_assert_eq!(search.levels, reached.max().unwrap() + 1);
    }

    #[test]
    fn components_are_what_edges_connect(edges in graphs()) {
        let runtime = runtime();
        let graph = Graph::new(&runtime, &edges, Direction::Undirected).unwrap();
        let found = Components::new(&runtime, &graph).unwrap().run().unwrap();
        let labels = by_original(&graph, &found.labels);
        let mut given = proper(&edges);
        given.extend(given.clone().into_iter().map(|[from, to]| [to, from]));
        for vertex in 0..edges.vertices as u32 {
            let reached = levels(edges.vertices, &given, vertex);
            for (other, level) in reached.iter().enumerate() {
                let same = labels[vertex as usize] == labels[other];
                prop_assert_eq!(same, *level != UNREACHED, "{} and {}", vertex, other);
            }
            if vertex == 5 {
                break;
            }
        }
        let distinct: BTreeSet<u32> = labels.iter().copied().collect();
        prop_assert_eq!(found.count, distinct.len());
    }

    #[test]
    fn ranks_satisfy_the_equation(edges in graphs(), damping in 0.0..0.95_f64) {
        let runtime = runtime();
        let graph = Graph::new(&runtime, &edges, Direction::Directed).unwrap();
        let options = Options { damping, tolerance: 0.0, iterations: 9 };
        let run = PageRank::new(&runtime, &graph, damping).unwrap();
        let found = run.run(&options, |_| ()).unwrap();
        let ranks = by_original(&graph, &found.ranks);
        let given = proper(&edges);
        let count = edges.vertices as f64;
        let degree = |v: u32| given.range([v, 0]..=[v, u32::MAX]).count();
        let mut expected = vec![1.0 / count; edges.vertices];
        for _ in 0..found.iterations {
            let mut next = vec![(1.0 - damping) / count; edges.vertices];
            for vertex in 0..edges.vertices as u32 {
                let rank = damping * expected[vertex as usize];
                match degree(vertex) {
                    0 => next.iter_mut().for_each(|next| *next += rank / count),
                    degree => {
                        for &[_, to] in given.range([vertex, 0]..=[vertex, u32::MAX]) {
                            next[to as usize] += rank / degree as f64;
                        }
                    }
                }
            }
            expected = next;
        }
        for (got, expected) in ranks.iter().zip(&expected) {
            prop_assert!((got - expected).abs() < 1e-12, "{got} instead of {expected}");
        }
        prop_assert!((ranks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
