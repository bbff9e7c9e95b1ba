//! What is in a recorded graph, to be looked at: see [`Graph::inspect`](crate::Graph::inspect) and
//! [`Graph::dot`](crate::Graph::dot).

use crate::decide::graph::dependences;
use crate::replay::Compiled;
use crate::shared::Shared;
use std::fmt;
use std::panic::Location;

/// What is in a graph. Codelets are named by their numbers: their places in the order of their spawns, where a codelet that puts a
/// reduction together stands where that ends: before the next codelet that uses the block, or last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The codelets.
    pub codelets: Vec<RecordedCodelet>,
    /// Who waits for whom, but for what follows from others by the order of accesses to one block. Besides, each codelet waits
    /// for its own run in the round before.
    pub dependences: Vec<Dependence>,
    /// The blocks, in the order of their first use.
    pub blocks: Vec<UsedBlock>,
}

/// A codelet of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedCodelet {
    /// Its name.
    pub name: &'static str,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// The engine that runs it.
    pub owner: usize,
    /// No other engine may run it. Else one does if the owner is late.
    pub only_there: bool,
}

/// One codelet of a graph that waits for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependence {
    /// The number of the one that comes first.
    pub before: usize,
    /// The number of the one that waits for it.
    pub after: usize,
    /// It waits for its run in the round before, not in the same round.
    pub from_last_round: bool,
}

/// A block that codelets of a graph use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedBlock {
    /// Its [name](crate::Runtime::name) and its number, or the number alone.
    pub label: String,
    /// The numbers of the codelets that read it or a part of it, and of those that add to a [reduction](crate::Block::reduce).
    pub readers: Vec<usize>,
    /// The numbers of those that write it or a part of it; perhaps they read it, too. Of a reduction that is the codelet `reduction`.
    pub writers: Vec<usize>,
}

impl Inspection {
    pub(crate) fn new(graph: &Compiled, shared: Option<&Shared>) -> Self {
        let owners = graph.owners();
        let codelets = owners.iter().zip(0..).map(|(owner, number)| {
            let site = graph.site(number);
            RecordedCodelet {
                name: site.name,
                spawned_at: site.spawned_at,
                owner: usize::from(owner.xe),
                only_there: owner.only,
            }
        });
        let dependences = dependences(&graph.program)
            .into_iter()
            .map(|one| Dependence {
                before: one.before as usize,
                after: one.after as usize,
                from_last_round: one.last_round,
            });
        Inspection {
            codelets: codelets.collect(),
            dependences: dependences.collect(),
            blocks: blocks(graph, shared),
        }
    }
}

fn blocks(graph: &Compiled, shared: Option<&Shared>) -> Vec<UsedBlock> {
    let label = |id: crate::id::BlockId| match shared {
        Some(shared) => shared.blocks.label(id),
        None => id.slot().to_string(),
    };
    let mut blocks: Vec<UsedBlock> = (graph.blocks())
        .map(|(key, _)| UsedBlock {
            label: label(key.0),
            readers: Vec::new(),
            writers: Vec::new(),
        })
        .collect();
    let mut of_split = vec![0; graph.program.split_blocks()];
    for (place, block) in graph.blocks.iter().enumerate() {
        if let Some(split) = block.split {
            of_split[split as usize] = place;
        }
    }
    for codelet in 0..graph.program.len() as u32 {
        for one in graph.program.uses(codelet) {
            let place = match graph.program.piece(one.cell) {
                Some(piece) => Some(of_split[piece.of as usize]),
                None => (graph.blocks)
                    .binary_search_by_key(&one.cell, |block| block.cell)
                    .ok(),
            };
            let Some(place) = place else {
                continue;
            };
            let block = &mut blocks[place];
            let list = match one.mode.writes() {
                true => &mut block.writers,
                false => &mut block.readers,
            };
            if list.last() != Some(&(codelet as usize)) {
                list.push(codelet as usize);
            }
        }
    }
    blocks
}

/// A graph in the DOT language, which Graphviz draws: an engine's codelets in a box of its colour, dependences of one
/// round as lines, those from a round to the next one dashed. Made by [`Graph::dot`](crate::Graph::dot); shown with `{}`.
#[derive(Clone, Debug)]
pub struct Dot(pub(crate) Inspection);

/// Colours that black text can be read on.
const COLOURS: [&str; 8] = [
    "lightblue",
    "palegreen",
    "khaki",
    "lightpink",
    "plum",
    "lightsalmon",
    "lightgray",
    "aquamarine",
];

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inspection {
            codelets,
            dependences,
            ..
        } = &self.0;
        writeln!(f, "digraph sprat {{")?;
        writeln!(f, "  node [shape=box, style=filled];")?;
        let engines = codelets.iter().map(|one| one.owner + 1).max().unwrap_or(0);
        let mut of_engine = vec![Vec::new(); engines];
        for (number, codelet) in codelets.iter().enumerate() {
            of_engine[codelet.owner].push(number);
        }
        for (xe, numbers) in of_engine.iter().enumerate() {
            if numbers.is_empty() {
                continue;
            }
            let colour = COLOURS[xe % COLOURS.len()];
            writeln!(f, "  subgraph cluster_xe{xe} {{")?;
            writeln!(f, "    label=\"XE {xe}\";")?;
            writeln!(f, "    node [fillcolor={colour}];")?;
            for &number in numbers {
                let RecordedCodelet {
                    name, spawned_at, ..
                } = codelets[number];
                let (name, file) = (Quoted(name), Quoted(spawned_at.file()));
                let line = spawned_at.line();
                writeln!(
                    f,
                    "    c{number} [label=\"{name}\", tooltip=\"{file}:{line}\"];"
                )?;
            }
            writeln!(f, "  }}")?;
        }
        for one in dependences {
            let dashed = match one.from_last_round {
                true => " [style=dashed, constraint=false]",
                false => "",
            };
            writeln!(f, "  c{} -> c{}{dashed};", one.before, one.after)?;
        }
        writeln!(f, "}}")
    }
}

/// Text as it stands between quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}
