//! One side of a graph, vertex after vertex with its neighbours, cut into parts that are data blocks.

use sprat::{Block, Error, Read, Result, Runtime};

/// A part has at least so many edges, if there are so many: their neighbours are 256 KiB.
const EDGES: u64 = 1 << 16;
/// There are about so many parts at most: enough to keep engines busy, and so few that a block whose parts they write (which
/// costs each of them time for all of them) is cheap.
const MOST_PARTS: u64 = 256;
/// A vertex weighs as much as so many edges, so that parts of vertices with few neighbours are not too long.
const VERTEX: u64 = 2;
/// Parts begin at multiples of this: a byte of a set of vertices belongs to one part.
pub const STEP: usize = 8;

/// The neighbours of a range of vertices.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The first vertex, a multiple of [`STEP`].
    pub first: u32,
    /// How many vertices.
    pub count: u32,
    /// How many neighbours they have together.
    pub edges: u64,
    /// Where each vertex's neighbours begin in `others`, and where the last one's end.
    ends: Block<u32>,
    /// The neighbours, those of a vertex in ascending order.
    others: Block<u32>,
}

/// All parts, in the order of their vertices.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The parts.
    pub parts: Vec<Part>,
    /// How many vertices.
    pub vertices: usize,
    /// How many edges.
    pub edges: u64,
}

/// A part as codelets see it.
#[derive(Clone, Copy, Debug)]
pub struct Lists<'v> {
    ends: &'v [u32],
    others: &'v [u32],
}

/// A side of a graph in the host's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRows {
    /// Where each vertex's neighbours begin, and where the last one's end.
    pub ends: Vec<usize>,
    /// The neighbours.
    pub others: Vec<u32>,
}

impl Part {
    /// What a codelet declares to read the part.
    pub fn read(&self) -> (Read<u32>, Read<u32>) {
        (self.ends.read(), self.others.read())
    }

    /// A block of the part, for [`near`](sprat::Options::near).
    pub fn home(&self) -> Block<u32> {
        self.ends
    }

    /// Its vertices.
    pub fn vertices(&self) -> std::ops::Range<usize> {
        let first = self.first as usize;
        first..first + self.count as usize
    }

    /// The bytes of a set of vertices that belong to it.
    pub fn bytes(&self) -> std::ops::Range<usize> {
        let vertices = self.vertices();
        vertices.start / STEP..vertices.end.div_ceil(STEP)
    }
}

impl<'v> Lists<'v> {
    /// What a codelet got for [`Part::read`].
    #[inline]
    pub fn new((ends, others): (&'v [u32], &'v [u32])) -> Lists<'v> {
        Lists { ends, others }
    }

    /// The neighbours of the part's vertex with this number, from 0 on.
    #[inline]
    pub fn of(self, at: usize) -> &'v [u32] {
        &self.others[self.ends[at] as usize..self.ends[at + 1] as usize]
    }
}

impl HostRows {
    /// A vertex's neighbours.
    #[inline]
    pub fn of(&self, vertex: u32) -> &[u32] {
        let at = vertex as usize;
        &self.others[self.ends[at]..self.ends[at + 1]]
    }
}

impl Rows {
    /// Cuts and fills. A key is a vertex, and below 32 bits its neighbour; they are in ascending order.
    ///
    /// # Errors
    /// The runtime's; or if a part has more edges than its numbers count.
    pub(super) fn new(runtime: &Runtime, vertices: usize, keys: &[u64]) -> Result<Rows> {
        let cuts = cuts(vertices, keys);
        let mut parts: Vec<Option<Part>> = vec![None; cuts.len()];
        let count = cuts.len();
        runtime.finish(|s| {
            for (at, (cut, place)) in cuts.iter().zip(&mut parts).enumerate() {
                // Contiguous shares, as blocks that are made together have.
                let xe = at * runtime.xes() / count;
                let keys = &keys[cut.keys.clone()];
                let make = move |s: &sprat::Scope<'_>, ()| {
                    let part = Part {
                        first: cut.first as u32,
                        count: cut.count as u32,
                        edges: keys.len() as u64,
                        ends: s.block(cut.count + 1)?,
                        others: s.block(keys.len().max(1))?,
                    };
                    if u32::try_from(keys.len()).is_err() {
                        return Err(Error::msg(format!(
                            "{} vertices from {} on have {} edges; at most {} can be counted here",
                            cut.count,
                            cut.first,
                            keys.len(),
                            u32::MAX
                        )));
                    }
                    *place = Some(part);
                    Ok(())
                };
                s.codelet("make").on_xe(xe).spawn_once((), make);
            }
            Ok(())
        })?;
        let parts: Vec<Part> = parts.into_iter().flatten().collect();
        runtime.finish(|s| {
            for (part, cut) in parts.iter().zip(&cuts) {
                let keys = &keys[cut.keys.clone()];
                let first = cut.first as u64;
                s.codelet("fill").near(part.ends).spawn(
                    (part.ends.write(), part.others.write()),
                    move |_, (ends, others)| fill(first, keys, ends, others),
                );
            }
            Ok(())
        })?;
        Ok(Rows {
            parts,
            vertices,
            edges: keys.len() as u64,
        })
    }

    /// Copies it to the host's memory.
    ///
    /// # Errors
    /// The runtime's.
    pub fn to_host(&self, runtime: &Runtime) -> Result<HostRows> {
        let mut host = HostRows {
            ends: vec![0],
            others: Vec::with_capacity(self.edges as usize),
        };
        let to = &mut host;
        for part in &self.parts {
            runtime.finish(|s| {
                let copy = |_: &sprat::Scope<'_>, view: (&[u32], &[u32])| {
                    let lists = Lists::new(view);
                    for at in 0..part.count as usize {
                        to.others.extend_from_slice(lists.of(at));
                        to.ends.push(to.others.len());
                    }
                };
                s.codelet("to host").spawn_once(part.read(), copy);
                Ok(())
            })?;
        }
        Ok(host)
    }

    /// Gives the blocks back.
    ///
    /// # Errors
    /// The runtime's.
    pub(super) fn destroy(self, runtime: &Runtime) -> Result<()> {
        runtime.finish(|s| {
            for part in &self.parts {
                s.destroy(part.ends);
                s.destroy(part.others);
            }
            Ok(())
        })
    }

    /// The part that has a vertex.
    #[inline]
    pub fn part_of(&self, vertex: u32) -> usize {
        self.parts.partition_point(|part| part.first <= vertex) - 1
    }
}

/// Where a part is cut.
struct Cut {
    first: usize,
    count: usize,
    keys: std::ops::Range<usize>,
}

fn cuts(vertices: usize, keys: &[u64]) -> Vec<Cut> {
    let all = keys.len() as u64 + VERTEX * vertices as u64;
    let most = EDGES.max(all / MOST_PARTS);
    let mut cuts = Vec::new();
    let (mut first, mut from, mut at) = (0, 0, 0);
    for step in (0..vertices).step_by(STEP) {
        let next = (step + STEP).min(vertices);
        at += keys[at..].partition_point(|&key| key >> 32 < next as u64);
        let weight = (at - from) as u64 + VERTEX * (next - first) as u64;
        if weight >= most || next == vertices {
            cuts.push(Cut {
                first,
                count: next - first,
                keys: from..at,
            });
            (first, from) = (next, at);
        }
    }
    cuts
}

fn fill(first: u64, keys: &[u64], ends: &mut [u32], others: &mut [u32]) {
    let mut at = 0;
    for (i, end) in ends.iter_mut().enumerate() {
        while at < keys.len() && keys[at] >> 32 < first + i as u64 {
            at += 1;
        }
        *end = at as u32;
    }
    for (other, key) in others.iter_mut().zip(keys) {
        *other = *key as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(pairs: &[(u32, u32)]) -> Vec<u64> {
        let key = |&(from, to): &(u32, u32)| u64::from(from) << 32 | u64::from(to);
        let mut keys: Vec<u64> = pairs.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn parts_have_all_edges(vertices in 1_u32..2000, seed in prop::collection::vec((any::<u32>(), any::<u32>()), 0..3000)) {
            let pairs: Vec<_> = seed.iter().map(|(a, b)| (a % vertices, b % vertices)).collect();
            let keys = keys(&pairs);
            let runtime = Runtime::builder().xes(1).build().unwrap();
            let rows = Rows::new(&runtime, vertices as usize, &keys).unwrap();
            let host = rows.to_host(&runtime).unwrap();
            let again: Vec<u64> = (0..vertices)
                .flat_map(|v| host.of(v).iter().map(move |&to| u64::from(v) << 32 | u64::from(to)))
                .collect();
            prop_assert_eq!(again, keys);
        }
    }

    #[test]
    fn heavy_vertices_stand_nearly_alone_and_light_ones_together() {
        let heavy = (0..200_000).map(|to| (9, to));
        let light = (16..200_000).map(|from| (from, 1));
        let pairs: Vec<_> = heavy.chain(light).collect();
        let keys = keys(&pairs);
        let cuts = cuts(200_000, &keys);
        assert_eq!((cuts[0].first, cuts[0].count), (0, 16));
        assert_eq!(cuts[0].keys, 0..200_000);
        for cut in &cuts[1..] {
            assert_eq!(cut.first % STEP, 0);
            assert!(cut.keys.len() as u64 <= EDGES);
        }
        let end = cuts.last().unwrap();
        assert_eq!(end.first + end.count, 200_000);
        assert_eq!(end.keys.end, keys.len());
    }

    #[test]
    fn vertices_find_their_part() {
        let runtime = Runtime::builder().xes(1).build().unwrap();
        let rows = Rows::new(&runtime, 100_000, &[]).unwrap();
        assert!(rows.parts.len() > 2);
        for (at, part) in rows.parts.iter().enumerate() {
            let vertices = part.vertices();
            assert_eq!(rows.part_of(vertices.start as u32), at);
            assert_eq!(rows.part_of(vertices.end as u32 - 1), at);
        }
    }
}
