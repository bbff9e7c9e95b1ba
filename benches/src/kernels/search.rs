//! Breadth-first search: down from the last level's vertices while these have few edges, by one thread, and else up from
//! all that were not reached, part by part. The same way at each level as in the example, for all systems.

use super::Measured;
use super::rmat::{Host, Shared};
use crate::regions::{self, Body};
use crate::system::{Entrant, System};
use crate::{Error, Result};
use sprat_examples::graph::bfs::{Bfs, UNREACHED};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When to go up, and down again, and how few edges are no work for all: as in the example.
const UP: u64 = 14;
const DOWN: u64 = 24;
const FEW: u64 = 1 << 12;
/// Vertices in a byte of a set. Parts begin at multiples of it.
const STEP: usize = 8;

/// Runs a row of items.
type Row<'a> = &'a dyn Fn(Range<usize>, Body) -> Result<Duration>;

pub(super) fn bfs(entrant: &Entrant, scale: usize) -> Measured {
    let host = &*Host::of(scale)?;
    let (time, levels) = match &entrant.system {
        System::Sprat(rt) => {
            let graph = host.on(entrant, rt)?;
            let mut bfs = Bfs::new(rt, graph)?;
            let time = bfs.search(host.source)?.time;
            let levels = bfs.levels()?;
            bfs.destroy()?;
            (time, levels)
        }
        System::Rayon(pool) => search(host, &|row, body| Ok(regions::rows_on(pool, &[row], body)))?,
        System::Regions(system) => search(host, &|row, body| system.rows(&[row], body))?,
        System::Serial => search(host, &|row, body| {
            let begin = Instant::now();
            row.for_each(body);
            Ok(begin.elapsed())
        })?,
        System::Replay(_) | System::Deque(_) | System::Tasks(_) => return Ok(None),
    };
    let mut pairs = levels.iter().zip(&host.levels);
    if let Some(vertex) = pairs.position(|(found, expected)| found != expected) {
        return Err(Error::msg(format!(
            "wrong result: vertex {vertex} is at level {}, and should be at {}",
            levels[vertex], host.levels[vertex]
        )));
    }
    Ok(Some(time.as_secs_f64() * 1e3))
}

/// Where a search stands.
struct Search {
    levels: Vec<u32>,
    /// A bit for each vertex: those that were reached, or that no edge leads to.
    seen: Vec<u8>,
    /// The last level, as a set, and room for the next one.
    frontier: [Vec<u8>; 2],
    /// The last level, as a list.
    queue: Vec<u32>,
    level: u32,
    /// Vertices in the last level, and their edges.
    vertices: u64,
    edges: u64,
    /// Edges of what was not reached.
    left: u64,
}

/// The time of one search, and its levels. The time between rows is that of one thread; what it takes a system to begin
/// a row when its threads sleep is not in it.
fn search(host: &Host, row: Row) -> Result<(Duration, Vec<u32>)> {
    let vertices = host.vertices();
    let set = vec![0_u8; vertices.div_ceil(STEP)];
    let mut out_of_reach = set.clone();
    for vertex in (0..vertices as u32).filter(|&vertex| host.incoming.of(vertex).is_empty()) {
        out_of_reach[byte(vertex)] |= bit(vertex);
    }
    let source = host.source;
    let edges = degree(host, source);
    let mut search = Search {
        // Like blocks that are used again, they have been written.
        levels: vec![0; vertices],
        seen: set.clone(),
        frontier: [set.clone(), set],
        queue: vec![0; vertices],
        level: 0,
        vertices: 1,
        edges,
        left: host.outgoing.others.len() as u64 - edges,
    };
    let mut time = search.forget(host, &out_of_reach, row)?;
    let begin = Instant::now();
    search.levels[source as usize] = 0;
    search.seen[byte(source)] |= bit(source);
    search.queue[0] = source;
    time += begin.elapsed();
    let (mut queued, mut going_up) = (true, false);
    while search.vertices > 0 {
        going_up = match going_up {
            false => search.is_wide(),
            true => search.vertices >= vertices as u64 / DOWN,
        };
        let begin = Instant::now();
        if going_up {
            if queued {
                search.queue_to_set();
            }
            time += begin.elapsed();
            time += search.up(host, row)?;
        } else {
            if !queued {
                search.set_to_queue();
            }
            search.down(host);
            time += begin.elapsed();
        }
        queued = !going_up;
    }
    Ok((time, search.levels))
}

#[expect(unsafe_code, reason = "parts write their ranges of common vectors")]
impl Search {
    /// Whether it takes less to look from all that was not reached.
    fn is_wide(&self) -> bool {
        self.edges > FEW && self.edges > self.left / UP
    }

    fn pass(&mut self, found: u64, edges: u64) {
        self.level += 1;
        self.vertices = found;
        self.edges = edges;
        self.left -= edges;
    }

    /// Nothing is reached.
    fn forget(&mut self, host: &Host, out_of_reach: &[u8], row: Row) -> Result<Duration> {
        let levels = Shared::new(&mut self.levels);
        let seen = Shared::new(&mut self.seen);
        row(0..host.parts.len(), &|at| {
            let part = host.parts[at].clone();
            // SAFETY: items run once, and no other one has this part.
            unsafe { levels.part(part.clone()) }.fill(UNREACHED);
            // SAFETY: as above; parts begin with a byte.
            unsafe { seen.part(bytes(&part)) }.copy_from_slice(&out_of_reach[bytes(&part)]);
        })
    }

    /// One level, from below.
    fn up(&mut self, host: &Host, row: Row) -> Result<Duration> {
        let level = self.level + 1;
        let [frontier, next] = &mut self.frontier;
        let levels = Shared::new(&mut self.levels);
        let seen = Shared::new(&mut self.seen);
        let next = Shared::new(next);
        let (found, edges) = (AtomicU64::new(0), AtomicU64::new(0));
        let time = row(0..host.parts.len(), &|at| {
            let part = host.parts[at].clone();
            // SAFETY: items run once, and no other one has this part.
            let levels = unsafe { levels.part(part.clone()) };
            // SAFETY: as above; parts begin with a byte.
            let seen = unsafe { seen.part(bytes(&part)) };
            // SAFETY: as above.
            let next = unsafe { next.part(bytes(&part)) };
            let (mut new_vertices, mut new_edges) = (0, 0);
            for (step, (seen, next)) in seen.iter_mut().zip(next).enumerate() {
                let first = part.start + step * STEP;
                let mut left = match part.end - first {
                    few if few < STEP => !*seen & ((1 << few) - 1),
                    _ => !*seen,
                };
                let mut new = 0;
                while left != 0 {
                    let vertex = first + left.trailing_zeros() as usize;
                    left &= left - 1;
                    let mut neighbours = host.incoming.of(vertex as u32).iter();
                    if neighbours.any(|&from| frontier[byte(from)] & bit(from) != 0) {
                        new |= bit(vertex as u32);
                        levels[vertex - part.start] = level;
                        new_vertices += 1;
                        new_edges += degree(host, vertex as u32);
                    }
                }
                *next = new;
                *seen |= new;
            }
            found.fetch_add(new_vertices, Ordering::Relaxed);
            edges.fetch_add(new_edges, Ordering::Relaxed);
        })?;
        self.frontier.swap(0, 1);
        self.pass(found.into_inner(), edges.into_inner());
        Ok(time)
    }

    /// Levels from above, one after the other as long as they have few edges.
    fn down(&mut self, host: &Host) {
        let mut from = 0..self.vertices as usize;
        loop {
            let mut end = from.end;
            let mut edges = 0;
            for at in from.clone() {
                for &to in host.outgoing.of(self.queue[at]) {
                    if self.seen[byte(to)] & bit(to) == 0 {
                        self.seen[byte(to)] |= bit(to);
                        self.levels[to as usize] = self.level + 1;
                        edges += degree(host, to);
                        self.queue[end] = to;
                        end += 1;
                    }
                }
            }
            from = from.end..end;
            self.pass(from.len() as u64, edges);
            if from.is_empty() || self.is_wide() {
                break;
            }
        }
        self.queue.copy_within(from, 0);
    }

    fn queue_to_set(&mut self) {
        self.frontier[0].fill(0);
        for &vertex in &self.queue[..self.vertices as usize] {
            self.frontier[0][byte(vertex)] |= bit(vertex);
        }
    }

    fn set_to_queue(&mut self) {
        let mut count = 0;
        for (byte, &bits) in self.frontier[0].iter().enumerate() {
            let mut left = bits;
            while left != 0 {
                self.queue[count] = (byte * STEP) as u32 + left.trailing_zeros();
                count += 1;
                left &= left - 1;
            }
        }
    }
}

fn degree(host: &Host, vertex: u32) -> u64 {
    host.outgoing.of(vertex).len() as u64
}

fn bytes(part: &Range<usize>) -> Range<usize> {
    part.start / STEP..part.end.div_ceil(STEP)
}

#[inline]
fn byte(vertex: u32) -> usize {
    vertex as usize / STEP
}

#[inline]
fn bit(vertex: u32) -> u8 {
    1 << (vertex as usize % STEP)
}
