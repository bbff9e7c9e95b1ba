//! Breadth-first search: how many edges away each vertex is from a source.
//!
//! It goes down from the last level's vertices while these have few edges, and else up from the vertices that were not
//! reached, each of which looks for a neighbour in the last level (Beamer, Asanović, Patterson: "Direction-Optimizing
//! Breadth-First Search", SC'12). Levels that go up are a codelet for each group of parts; those that go down are short, and
//! one codelet goes through all of them that follow each other.

use std::ops::Range;
use std::time::{Duration, Instant};

use sprat::{Block, Result, Runtime, Scope};

use super::layout::Graph;
use super::rows::{Lists, Part, STEP};

/// The level of what was not reached.
pub const UNREACHED: u32 = u32::MAX;
/// Goes up when the last level's edges times this are more than those of all vertices that were not reached.
const UP: u64 = 14;
/// Fewer edges than this are gone through by one codelet sooner than codelets for all groups are spawned.
const FEW: u64 = 1 << 12;
/// Goes down again when the last level's vertices times this are fewer than all.
const DOWN: u64 = 24;
/// Neighbouring parts are one codelet's, so that there are about so many codelets for each engine: engines that are done early
/// find more, and a level takes long beside what its codelets cost.
const GROUPS: usize = 16;
/// Sums that a group gives: vertices reached, and how many outgoing edges lead on from them.
const SUMS: usize = 2;

/// What a search gave.
#[derive(Clone, Debug)]
pub struct Search {
    /// Vertices reached, the source among them.
    pub reached: u64,
    /// Edges from these.
    pub edges: u64,
    /// How many levels there are, that of the source included.
    pub levels: u32,
    /// How many of them were reached by going up.
    pub up: u32,
    /// What it took.
    pub time: Duration,
}

/// The state of searches, in blocks that each search uses again.
#[derive(Debug)]
pub struct Bfs<'r> {
    runtime: &'r Runtime,
    graph: &'r Graph,
    /// The level of each vertex.
    levels: Block<u32>,
    /// Which vertices were reached, a bit each.
    seen: Block<u8>,
    /// Which vertices are in the last level, and in the next one.
    frontier: [Block<u8>; 2],
    /// The last level's vertices one after the other, and room for the next one's.
    queue: Block<u32>,
    /// Which vertices have no edge that leads to them: nobody need look for one.
    out_of_reach: Block<u8>,
    /// Parts of incoming edges that one codelet looks at.
    groups: Vec<&'r [Part]>,
    /// Sums of each group, in blocks of their own.
    sums: Vec<Block<u64>>,
}

/// Where a search stands between levels.
#[derive(Clone, Copy, Debug, Default)]
struct Front {
    level: u32,
    /// Vertices in the last level.
    vertices: u64,
    /// Their edges.
    edges: u64,
    /// Edges of what was not reached.
    left: u64,
    reached: u64,
    /// Whether the queue has the last level, else the set has.
    queued: bool,
}

impl<'r> Bfs<'r> {
    /// Makes the blocks.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, graph: &'r Graph) -> Result<Bfs<'r>> {
        let vertices = graph.vertices();
        let bytes = vertices.div_ceil(STEP);
        let parts = &graph.incoming.parts[..];
        let size = parts.len().div_ceil(GROUPS * runtime.xes()).max(1);
        let groups: Vec<&[Part]> = parts.chunks(size).collect();
        let bfs = Bfs {
            runtime,
            graph,
            levels: runtime.block(vertices)?,
            seen: runtime.block(bytes)?,
            frontier: [runtime.block(bytes)?, runtime.block(bytes)?],
            queue: runtime.block(vertices)?,
            out_of_reach: runtime.block(bytes)?,
            sums: runtime.blocks(groups.len(), SUMS)?,
            groups,
        };
        runtime.finish(|s| {
            for part in &graph.incoming.parts {
                let access = (part.read(), bfs.out_of_reach.part(part.bytes()).write());
                let count = part.count as usize;
                s.codelet("out of reach").near(part.home()).spawn(
                    access,
                    move |_, (lists, set)| {
                        let lists = Lists::new(lists);
                        set.fill(0);
                        for at in (0..count).filter(|&at| lists.of(at).is_empty()) {
                            set[at / STEP] |= 1 << (at % STEP);
                        }
                    },
                );
            }
            Ok(())
        })?;
        Ok(bfs)
    }

    /// Searches from a vertex.
    ///
    /// # Errors
    /// The runtime's.
    pub fn search(&mut self, source: u32) -> Result<Search> {
        let begin = Instant::now();
        let mut front = self.start(source)?;
        let mut up = 0;
        let vertices = self.graph.vertices() as u64;
        let mut going_up = false;
        while front.vertices > 0 {
            going_up = match going_up {
                false => front.is_wide(),
                true => front.vertices >= vertices / DOWN,
            };
            if going_up {
                self.up(&mut front)?;
                up += u32::from(front.vertices > 0);
            } else {
                self.down(&mut front)?;
            }
        }
        Ok(Search {
            reached: front.reached,
            edges: self.graph.outgoing.edges - front.left,
            // The last level had no vertices.
            levels: front.level,
            up,
            time: begin.elapsed(),
        })
    }

    /// The levels of the last search, by number.
    ///
    /// # Errors
    /// The runtime's.
    pub fn levels(&self) -> Result<Vec<u32>> {
        self.runtime.read(self.levels, <[u32]>::to_vec)
    }

    /// Gives the blocks back; the graph keeps its own.
    ///
    /// # Errors
    /// The runtime's.
    pub fn destroy(self) -> Result<()> {
        self.runtime.finish(|s| {
            s.destroy(self.levels);
            s.destroy(self.queue);
            for set in [self.seen, self.out_of_reach].iter().chain(&self.frontier) {
                s.destroy(*set);
            }
            for &sums in &self.sums {
                s.destroy(sums);
            }
            Ok(())
        })
    }

    /// The block that has the levels of the last search.
    pub(super) fn level_block(&self) -> Block<u32> {
        self.levels
    }

    /// Nothing is reached but the source.
    fn start(&self, source: u32) -> Result<Front> {
        let mut front = Front {
            vertices: 1,
            reached: 1,
            queued: true,
            ..Front::default()
        };
        let all = self.graph.outgoing.edges;
        self.runtime.finish(|s| {
            for group in &self.groups {
                let (vertices, bytes) = extent(group);
                let access = (
                    self.levels.part(vertices).write(),
                    self.seen.part(bytes.clone()).write(),
                    self.out_of_reach.read(),
                );
                s.codelet("forget").near(group[0].home()).spawn(
                    access,
                    move |_, (levels, seen, never)| {
                        levels.fill(UNREACHED);
                        seen.copy_from_slice(&never[bytes.clone()]);
                    },
                );
            }
            let at = source as usize;
            let access = (
                self.levels.part(at..at + 1).write(),
                self.seen.part(at / STEP..at / STEP + 1).read_write(),
                self.queue.part(..1).write(),
                self.graph.degrees.part(at..at + 1).read(),
            );
            let front = &mut front;
            s.codelet("source")
                .spawn_once(access, move |_, (level, seen, queue, degree)| {
                    level[0] = 0;
                    seen[0] |= bit(source);
                    queue[0] = source;
                    front.edges = u64::from(degree[0]);
                    front.left = all - front.edges;
                });
            Ok(())
        })?;
        Ok(front)
    }

    /// One level, from below: who was not reached looks for a neighbour in the last level.
    fn up(&mut self, front: &mut Front) -> Result<()> {
        let level = front.level + 1;
        let mut sum = [0; SUMS];
        let to = &mut sum;
        self.runtime.finish(|s| {
            if front.queued {
                self.queue_to_set(s, front.vertices as usize);
            }
            for (group, sums) in self.groups.iter().zip(&self.sums) {
                let (vertices, bytes) = extent(group);
                let lists: Vec<_> = group.iter().map(Part::read).collect();
                let access = (
                    lists,
                    self.frontier[0].read(),
                    self.seen.part(bytes.clone()).read_write(),
                    self.frontier[1].part(bytes).write(),
                    self.levels.part(vertices).read_write(),
                    self.graph.degrees.read(),
                    sums.write(),
                );
                s.codelet("up").near(group[0].home()).spawn(
                    access,
                    move |_, (lists, frontier, mut seen, mut next, mut levels, degrees, sums)| {
                        let (mut found, mut edges) = (0, 0);
                        for (part, lists) in group.iter().zip(lists) {
                            let own_seen = seen.split_off_mut(..part.bytes().len());
                            let own_next = next.split_off_mut(..part.bytes().len());
                            let own_levels = levels.split_off_mut(..part.vertices().len());
                            let (Some(seen), Some(next), Some(levels)) =
                                (own_seen, own_next, own_levels)
                            else {
                                unreachable!("a group is as long as its parts");
                            };
                            let degrees = &degrees[part.vertices()];
                            look(
                                Lists::new(lists),
                                levels.len(),
                                frontier,
                                (seen, next),
                                |at| {
                                    levels[at] = level;
                                    found += 1;
                                    edges += u64::from(degrees[at]);
                                },
                            );
                        }
                        sums.copy_from_slice(&[found, edges]);
                    },
                );
            }
            let sums: Vec<_> = self.sums.iter().map(|sums| sums.read()).collect();
            s.codelet("count").spawn_once(sums, move |_, sums| {
                for sums in sums {
                    to.iter_mut().zip(sums).for_each(|(to, more)| *to += more);
                }
            });
            Ok(())
        })?;
        self.frontier.swap(0, 1);
        front.queued = false;
        front.pass(sum[0], sum[1]);
        Ok(())
    }

    /// The set gets the vertices that are in the queue, so many.
    fn queue_to_set<'s>(&self, s: &Scope<'s>, count: usize) {
        let access = (self.queue.read(), self.frontier[0].write());
        s.codelet("queue to set")
            .spawn(access, move |_, (queue, set)| {
                set.fill(0);
                for &vertex in &queue[..count] {
                    set[byte(vertex)] |= bit(vertex);
                }
            });
    }

    /// Levels from above, one after the other as long as they have few edges.
    fn down(&self, front: &mut Front) -> Result<()> {
        let outgoing = &self.graph.outgoing;
        self.runtime.finish(|s| {
            let lists: Vec<_> = outgoing.parts.iter().map(Part::read).collect();
            let access = (
                lists,
                self.frontier[0].read(),
                self.graph.degrees.read(),
                self.seen.read_write(),
                self.levels.read_write(),
                self.queue.read_write(),
            );
            s.codelet("down").spawn_once(
                access,
                move |_, (lists, set, degrees, seen, levels, queue)| {
                    let lists: Vec<Lists> = lists.into_iter().map(Lists::new).collect();
                    let mut from = 0..front.vertices as usize;
                    if !front.queued {
                        set_to_queue(set, queue);
                    }
                    front.queued = true;
                    loop {
                        let mut end = from.end;
                        let mut edges = 0;
                        for at in from.clone() {
                            let vertex = queue[at];
                            let part = outgoing.part_of(vertex);
                            let first = outgoing.parts[part].first;
                            for &to in lists[part].of((vertex - first) as usize) {
                                if seen[byte(to)] & bit(to) == 0 {
                                    seen[byte(to)] |= bit(to);
                                    levels[to as usize] = front.level + 1;
                                    edges += u64::from(degrees[to as usize]);
                                    queue[end] = to;
                                    end += 1;
                                }
                            }
                        }
                        from = from.end..end;
                        front.pass(from.len() as u64, edges);
                        if from.is_empty() || front.is_wide() {
                            break;
                        }
                    }
                    queue.copy_within(from, 0);
                },
            );
            Ok(())
        })
    }
}

impl Front {
    /// A level was done: so many vertices were found, with so many edges.
    fn pass(&mut self, found: u64, edges: u64) {
        self.level += 1;
        self.vertices = found;
        self.edges = edges;
        self.left -= edges;
        self.reached += found;
    }

    /// Whether it takes less to look from all that was not reached.
    fn is_wide(&self) -> bool {
        self.edges > FEW && self.edges > self.left / UP
    }
}

/// The vertices of neighbouring parts, and the bytes of a set that belong to them.
fn extent(group: &[Part]) -> (Range<usize>, Range<usize>) {
    let (first, last) = (&group[0], &group[group.len() - 1]);
    (
        first.vertices().start..last.vertices().end,
        first.bytes().start..last.bytes().end,
    )
}

/// Looks for a neighbour in `frontier` for each of the part's vertices that is not in `seen`; those that have one come to
/// `next` and `seen`, and `found` hears of them.
fn look(
    lists: Lists<'_>,
    count: usize,
    frontier: &[u8],
    (seen, next): (&mut [u8], &mut [u8]),
    mut found: impl FnMut(usize),
) {
    for (step, (seen, next)) in seen.iter_mut().zip(next).enumerate() {
        let first = step * STEP;
        let mut left = match count - first {
            few if few < STEP => !*seen & ((1 << few) - 1),
            _ => !*seen,
        };
        let mut new = 0;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let mut neighbours = lists.of(first + at).iter();
            if neighbours.any(|&vertex| frontier[byte(vertex)] & bit(vertex) != 0) {
                new |= 1 << at;
                found(first + at);
            }
        }
        *next = new;
        *seen |= new;
    }
}

/// The vertices of a set, in order.
fn set_to_queue(set: &[u8], queue: &mut [u32]) {
    let mut count = 0;
    for (byte, &bits) in set.iter().enumerate() {
        let mut left = bits;
        while left != 0 {
            queue[count] = (byte * STEP) as u32 + left.trailing_zeros();
            count += 1;
            left &= left - 1;
        }
    }
}

#[inline]
fn byte(vertex: u32) -> usize {
    vertex as usize / STEP
}

#[inline]
fn bit(vertex: u32) -> u8 {
    1 << (vertex as usize % STEP)
}
