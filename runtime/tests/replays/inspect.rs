//! What is in a graph, as it is told and as it is printed.

use sprat::{Block, Graph, Runtime};
use std::collections::BTreeSet;

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// Two rows of a stencil, there and back.
fn stencil(rt: &Runtime) -> (Graph<'static>, Vec<Block<u64>>) {
    let (a, b) = (rt.blocks::<u64>(4, 1).unwrap(), rt.blocks(4, 1).unwrap());
    let graph = rt.record(|s| {
        for (from, to) in [(&a, &b), (&b, &a)] {
            for i in 0..4 {
                let (west, here) = (from[(i + 3) % 4], from[i]);
                s.codelet("point").near(from[i]).spawn(
                    (west.read(), here.read(), to[i].write()),
                    |_, (west, here, to)| to[0] = west[0] + here[0],
                );
            }
        }
        Ok(())
    });
    (graph.unwrap(), a)
}

#[test]
fn codelets_dependences_and_blocks_are_told() {
    let rt = runtime(2);
    let (graph, a) = stencil(&rt);
    rt.name(a[1], "left").unwrap();
    let inside = graph.inspect();
    let names: Vec<&str> = inside.codelets.iter().map(|one| one.name).collect();
    assert_eq!(names, ["point"; 8]);
    let owners: Vec<usize> = inside.codelets.iter().map(|one| one.owner).collect();
    assert_eq!(owners, graph.owners());
    assert!(
        inside
            .codelets
            .iter()
            .all(|one| !one.only_there && one.spawned_at.file().ends_with("inspect.rs"))
    );
    let left = inside
        .blocks
        .iter()
        .find(|one| one.label.starts_with("left ("));
    let left = left.expect("it has a name");
    assert_eq!(
        (&left.readers[..], &left.writers[..]),
        (&[1, 2][..], &[5][..])
    );
    assert_eq!(inside.blocks.len(), 8);
    // By hand: a point depends on the two that it reads, and on the two that read what it overwrites.
    let mut expected = BTreeSet::new();
    for i in 0..4usize {
        let west = (i + 3) % 4;
        let east = (i + 1) % 4;
        for before in [i, west] {
            expected.insert((before, 4 + i, false));
            expected.insert((4 + before, i, true));
        }
        for reader in [i, east] {
            expected.insert((reader, 4 + i, false));
            expected.insert((4 + reader, i, true));
        }
    }
    let found: BTreeSet<_> = (inside.dependences.iter())
        .map(|one| (one.before, one.after, one.from_last_round))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), inside.dependences.len());
}

#[test]
fn a_codelet_for_one_engine_alone_says_so_and_the_runtime_may_be_gone() {
    let rt = runtime(3);
    let a = rt.block::<u64>(1).unwrap();
    rt.name(a, "a").unwrap();
    let graph = rt
        .record(|s| {
            s.codelet("there").on_xe(2).spawn(a.read(), |_, _| ());
            Ok(())
        })
        .unwrap();
    drop(rt);
    let inside = graph.inspect();
    assert_eq!(inside.codelets[0].owner, 2);
    assert!(inside.codelets[0].only_there && inside.dependences.is_empty());
    assert_eq!(
        inside.blocks[0].label.parse::<u32>().ok(),
        Some(inside_number(&format!("{a:?}")))
    );
}

fn inside_number(block: &str) -> u32 {
    block.rsplit('#').next().unwrap().parse().unwrap()
}

/// A reader of DOT that knows as much of it as is printed: nodes with their label and engine, edges with whether they are
/// dashed. Fails on anything else.
#[derive(Default)]
struct Read {
    nodes: Vec<(String, String, Option<usize>)>,
    edges: Vec<(String, String, bool)>,
}

fn read(text: &str) -> Read {
    let (mut read, mut engine, mut depth) = (Read::default(), None, 0);
    for line in text.lines().map(str::trim) {
        if line.ends_with('{') {
            depth += 1;
            let box_of = line.strip_prefix("subgraph cluster_xe");
            engine = box_of.map(|rest| rest.trim_end_matches(" {").parse().unwrap());
            assert!(engine.is_some() || line == "digraph sprat {", "{line}");
        } else if line == "}" {
            depth -= 1;
            engine = None;
        } else {
            let line = line.strip_suffix(';').expect("a statement ends");
            let (head, attributes) = match line.split_once(" [") {
                Some((head, rest)) => (head, rest.strip_suffix(']').expect("a list ends")),
                None => (line, ""),
            };
            match head.split_once(" -> ") {
                Some((from, to)) => {
                    let dashed = attributes.contains("style=dashed");
                    read.edges.push((from.into(), to.into(), dashed));
                }
                None if head.starts_with('c') => {
                    let label = attributes.strip_prefix("label=\"").expect("a label");
                    let mut end = None;
                    let mut escaped = false;
                    for (at, letter) in label.char_indices() {
                        if letter == '"' && !escaped {
                            end = Some(at);
                            break;
                        }
                        escaped = letter == '\\' && !escaped;
                    }
                    let label = &label[..end.expect("a label ends")];
                    read.nodes.push((head.into(), label.into(), engine));
                }
                None => assert!(head == "node" || head.starts_with("label=\"XE "), "{line}"),
            }
        }
    }
    assert_eq!(depth, 0);
    read
}

#[test]
fn what_is_printed_is_what_is_told() {
    let rt = runtime(2);
    let (graph, _) = stencil(&rt);
    let inside = graph.inspect();
    let read = read(&graph.dot().to_string());
    assert_eq!(read.nodes.len(), 8);
    for (node, label, engine) in &read.nodes {
        let number: usize = node[1..].parse().unwrap();
        assert_eq!(label, "point");
        assert_eq!(*engine, Some(inside.codelets[number].owner));
    }
    let told: Vec<_> = (inside.dependences.iter())
        .map(|one| {
            (
                format!("c{}", one.before),
                format!("c{}", one.after),
                one.from_last_round,
            )
        })
        .collect();
    assert_eq!(read.edges, told);
    assert!(told.iter().any(|edge| edge.2) && told.iter().any(|edge| !edge.2));
}

#[test]
fn names_of_any_kind_are_quoted_and_an_empty_graph_is_printed() {
    let rt = runtime(1);
    let empty = rt.record(|_| Ok(())).unwrap();
    let nothing = read(&empty.dot().to_string());
    assert!(nothing.nodes.is_empty() && nothing.edges.is_empty());
    let graph = rt
        .record(|s| {
            s.codelet("say \"hi\\\"; }\nagain").spawn((), |_, ()| ());
            s.codelet("").spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap();
    let read = read(&graph.dot().to_string());
    let labels: Vec<&str> = read.nodes.iter().map(|node| node.1.as_str()).collect();
    assert_eq!(labels, ["say \\\"hi\\\\\\\"; }\\nagain", ""]);
}
