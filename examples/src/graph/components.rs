//! Connected components: which vertices are connected by edges, whichever way these lead.
//!
//! A search from a vertex with most neighbours reaches the largest component as a rule; what is left is found by labels
//! that spread (Slota, Rajamanickam, Madduri: "BFS and Coloring-Based Parallel Algorithms for Strongly Connected
//! Components and Related Problems", IPDPS 2014). A label is the number of a vertex in the same component. In each round a
//! vertex takes the least label among its neighbours' and its own, and then that vertex's own, so labels go far in few
//! rounds.

use std::time::{Duration, Instant};

use sprat::{Block, Error, Result, Runtime, Scope};

use super::bfs::{Bfs, UNREACHED};
use super::layout::{Direction, Graph};
use super::rows::{Lists, Part};

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Found {
    /// The component of each vertex, by number: the least number of a vertex in it.
    pub labels: Vec<u32>,
    /// How many components.
    pub count: usize,
    /// How many vertices the largest has.
    pub largest: usize,
    /// Rounds in which labels spread, after the search.
    pub rounds: usize,
    /// What it took.
    pub time: Duration,
}

/// The state of a run, in blocks.
#[derive(Debug)]
pub struct Components<'r> {
    runtime: &'r Runtime,
    graph: &'r Graph,
    bfs: Bfs<'r>,
    labels: [Block<u32>; 2],
    /// Of each part, whether a label changed (or, at first, whether any vertex that was not reached has an edge).
    changed: Block<u8>,
}

impl<'r> Components<'r> {
    /// Makes the blocks.
    ///
    /// # Errors
    /// If the graph is not undirected; the runtime's.
    pub fn new(runtime: &'r Runtime, graph: &'r Graph) -> Result<Components<'r>> {
        if graph.direction != Direction::Undirected {
            return Err(Error::msg(
                "components are those of an undirected graph; lay it out as Direction::Undirected",
            ));
        }
        let vertices = graph.vertices();
        Ok(Components {
            runtime,
            graph,
            bfs: Bfs::new(runtime, graph)?,
            labels: [runtime.block(vertices)?, runtime.block(vertices)?],
            changed: runtime.block(graph.incoming.parts.len())?,
        })
    }

    /// Finds the components.
    ///
    /// # Errors
    /// The runtime's.
    pub fn run(&mut self) -> Result<Found> {
        let begin = Instant::now();
        // The layout has a vertex of most neighbours, up to a factor of two, first.
        self.bfs.search(0)?;
        let mut rounds = 0;
        let mut changed = self.first_labels()?;
        while changed {
            changed = self.round()?;
            rounds += 1;
        }
        let time = begin.elapsed();
        let labels = self.runtime.read(self.labels[0], <[u32]>::to_vec)?;
        let mut sizes = vec![0_usize; labels.len()];
        for &label in &labels {
            sizes[label as usize] += 1;
        }
        Ok(Found {
            count: sizes.iter().filter(|&&size| size > 0).count(),
            largest: sizes.iter().copied().max().unwrap_or(0),
            labels,
            rounds,
            time,
        })
    }

    /// What was reached gets the least of labels, since the search began there, all else its own. Whether there is
    /// anything to do then.
    fn first_labels(&mut self) -> Result<bool> {
        let levels = self.bfs.level_block();
        self.each_part(|s, part, changed| {
            let access = (
                levels.part(part.vertices()).read(),
                self.graph.degrees.read(),
                self.labels[0].part(part.vertices()).write(),
                changed,
            );
            let vertices = part.vertices();
            s.codelet("label").near(part.home()).spawn(
                access,
                move |_, (levels, degrees, labels, changed)| {
                    let mut any = false;
                    let labels = (vertices.start as u32..).zip(labels);
                    let degrees = &degrees[vertices.clone()];
                    for ((&level, &degree), (vertex, label)) in
                        levels.iter().zip(degrees).zip(labels)
                    {
                        let reached = level != UNREACHED;
                        *label = if reached { 0 } else { vertex };
                        any |= !reached && degree > 0;
                    }
                    changed[0] = any.into();
                },
            );
        })
    }

    /// Spreads labels once. Whether any changed.
    fn round(&mut self) -> Result<bool> {
        let changed = self.each_part(|s, part, changed| {
            let access = (
                part.read(),
                self.labels[0].read(),
                self.labels[1].part(part.vertices()).write(),
                changed,
            );
            let first = part.first as usize;
            s.codelet("spread").near(part.home()).spawn(
                access,
                move |_, (lists, labels, next, changed)| {
                    let lists = Lists::new(lists);
                    let mut any = false;
                    for (at, next) in next.iter_mut().enumerate() {
                        let old = labels[first + at];
                        *next = match old {
                            0 => 0,
                            _ => least(old, lists.of(at), labels),
                        };
                        any |= *next != old;
                    }
                    changed[0] = any.into();
                },
            );
        })?;
        self.labels.swap(0, 1);
        Ok(changed)
    }

    /// Spawns a codelet for each part, which says in one byte of its own whether anything changed.
    fn each_part(&self, spawn: impl Fn(&Scope<'_>, &Part, sprat::WritePart<u8>)) -> Result<bool> {
        let mut any = false;
        let to = &mut any;
        self.runtime.finish(|s| {
            for (at, part) in self.graph.incoming.parts.iter().enumerate() {
                spawn(s, part, self.changed.part(at..at + 1).write());
            }
            let changed = self.changed.read();
            s.codelet("any").spawn_once(changed, move |_, changed| {
                *to = changed.contains(&1);
            });
            Ok(())
        })?;
        Ok(any)
    }
}

/// The least label of a vertex and its neighbours, and then the label of the vertex that is called so.
fn least(old: u32, neighbours: &[u32], labels: &[u32]) -> u32 {
    let near = neighbours.iter().map(|&vertex| labels[vertex as usize]);
    let least = near.min().map_or(old, |near| near.min(old));
    labels[least as usize]
}
