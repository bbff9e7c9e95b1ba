//! The twin of `programs/cpp/bfs.cpp`: breadth-first search, level by level, in parts: a codelet for each part of the
//! vertices looks at the edges into it. The result is compared with a serial search.

use crate::{number, tell_time};
use sprat::{Block, Error, Result, Runtime, Scope, Sum};
use std::time::Instant;

type Vertex = u32;
const UNSEEN: Vertex = !0;

/// Edges by the vertex that they go to: those of v are `from[start[v]]` to `from[start[v + 1] - 1]`.
struct Graph {
    start: Vec<u64>,
    from: Vec<Vertex>,
}

/// Random numbers, the same in each language (SplitMix64: Steele, Lea and Flood 2014).
struct RandomNumbers(u64);

impl RandomNumbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Graph {
    /// Edges that go both ways, more of them at some vertices than at others (R-MAT, Chakrabarti, Zhan and Faloutsos 2004).
    fn random(scale: u32, degree: usize) -> Self {
        let mut random = RandomNumbers(7);
        let vertices = 1 << scale;
        let mut list = Vec::with_capacity(vertices * degree);
        for _ in 0..vertices * degree / 2 {
            let (mut a, mut b): (Vertex, Vertex) = (0, 0);
            for _ in 0..scale {
                let p = random.next() % 100;
                a = 2 * a + Vertex::from(p >= 76);
                b = 2 * b + Vertex::from((57..76).contains(&p) || p >= 95);
            }
            list.extend([(a, b), (b, a)]);
        }
        list.sort_unstable();
        let mut start = vec![0; vertices + 1];
        for (to, _) in &list {
            start[*to as usize + 1] += 1;
        }
        for v in 0..vertices {
            start[v + 1] += start[v];
        }
        let from = list.into_iter().map(|(_, from)| from).collect();
        Graph { start, from }
    }

    fn vertices(&self) -> usize {
        self.start.len() - 1
    }

    fn edges_of(&self, v: usize) -> &[Vertex] {
        &self.from[self.start[v] as usize..self.start[v + 1] as usize]
    }

    fn serial(&self, root: usize) -> Vec<Vertex> {
        let mut level = vec![UNSEEN; self.vertices()];
        let mut queue = vec![root];
        level[root] = 0;
        let mut at = 0;
        while at < queue.len() {
            let v = queue[at];
            for &w in self.edges_of(v) {
                if level[w as usize] == UNSEEN {
                    level[w as usize] = level[v] + 1;
                    queue.push(w as usize);
                }
            }
            at += 1;
        }
        level
    }
}

/// Two copies of the levels take turns: each step reads all of one and writes the parts of the other.
struct Search {
    start: Block<u64>,
    from: Block<Vertex>,
    levels: [Block<Vertex>; 2],
    found: Block<u64>,
    step: Block<u64>,
}

fn spawn_step(s: &Scope<'_>, b: &Search, vertices: usize, parts: usize, turn: usize) {
    s.codelet("begin").spawn(
        (b.found.write(), b.step.read_write()),
        |_, (found, step)| {
            found[0] = 0;
            step[0] += 1;
        },
    );
    for p in 0..parts {
        let (begin, end) = (vertices * p / parts, vertices * (p + 1) / parts);
        let access = (
            b.start.read(),
            b.from.read(),
            b.levels[turn].read(),
            b.levels[1 - turn].part(begin..end).write(),
            b.step.read(),
            b.found.reduce(Sum),
        );
        s.codelet("look")
            .spawn(access, move |_, (start, from, now, next, step, found)| {
                for (i, next) in next.iter_mut().enumerate() {
                    let v = begin + i;
                    *next = now[v];
                    if now[v] != UNSEEN {
                        continue;
                    }
                    let edges = &from[start[v] as usize..start[v + 1] as usize];
                    if edges.iter().any(|&w| now[w as usize] != UNSEEN) {
                        *next = step[0] as Vertex;
                        found[0] += 1;
                    }
                }
            });
    }
}

pub(crate) fn run() -> Result<()> {
    let (scale, degree, parts) = (number(1, 16)?, number(2, 16)?, number(3, 32)?);
    if !(4..=28).contains(&scale) || degree < 2 || parts == 0 || parts > 1 << scale {
        return Err(Error::msg(
            "SCALE from 4 to 28, DEGREE from 2 on, PARTS from 1 to the number of vertices",
        ));
    }
    let g = Graph::random(scale, degree);
    let vertices = g.vertices();
    let widest = |best: usize, v: usize| match g.edges_of(v).len() > g.edges_of(best).len() {
        true => v,
        false => best,
    };
    let root = (0..vertices).fold(0, widest);
    let begin = Instant::now();
    let expected = g.serial(root);
    let serial = begin.elapsed();

    let rt = Runtime::new()?;
    let b = Search {
        start: rt.block(vertices + 1)?,
        from: rt.block(g.from.len())?,
        levels: [rt.block(vertices)?, rt.block(vertices)?],
        found: rt.block(1)?,
        step: rt.block(1)?,
    };
    rt.write(b.start, |place| place.copy_from_slice(&g.start))?;
    rt.write(b.from, |place| place.copy_from_slice(&g.from))?;

    // Two steps are a graph, since two copies of the levels take turns.
    let two = rt.record(|s| {
        spawn_step(s, &b, vertices, parts, 0);
        spawn_step(s, &b, vertices, parts, 1);
        Ok(())
    })?;
    // The first search touches the memory of what it writes; the second one counts.
    let (mut took, mut rounds) = (std::time::Duration::ZERO, 0);
    for _ in 0..2 {
        rt.write(b.levels[0], |levels| {
            levels.fill(UNSEEN);
            levels[root] = 0;
        })?;
        rt.write(b.step, |step| step[0] = 0)?;
        let begin = Instant::now();
        rt.replay_until(&two, |round| {
            rounds = round + 1;
            rt.read(b.found, |found| found[0])
                .is_ok_and(|found| found == 0)
        })?;
        took = begin.elapsed();
    }
    if !rt.read(b.levels[0], |found| found == expected)? {
        return Err(Error::msg(
            "the levels DIFFER from those of a serial search",
        ));
    }
    println!(
        "bfs: {vertices} vertices, {} edges in {:.3} s (serial {:.3} s, which looks at the frontier alone): the levels of a serial search",
        g.from.len(),
        took.as_secs_f64(),
        serial.as_secs_f64()
    );
    tell_time(took, rounds * 2 * (parts + 1));
    Ok(())
}
