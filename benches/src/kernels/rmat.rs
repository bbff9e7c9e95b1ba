//! The graph that `pagerank` and `bfs` run on: R-MAT with 16 edges for each vertex, laid out as the example `graph` does.

use crate::system::{Entrant, start_sprat};
use crate::{Error, Result};
use sprat::{CeMode, Runtime};
use sprat_examples::graph::rows::HostRows;
use sprat_examples::graph::{Direction, Edges, Graph, rmat, serial};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Edges for each vertex.
const FACTOR: usize = 16;
/// How likely a walker goes on along an edge.
pub(super) const DAMPING: f64 = 0.85;
/// Iterations of PageRank in a run.
pub(super) const ITERATIONS: usize = 10;

/// A graph in the host's memory, cut as Sprat's is, with the serial program's answers.
pub(super) struct Host {
    edges: Edges,
    pub(super) incoming: HostRows,
    pub(super) outgoing: HostRows,
    /// The vertices of each part.
    pub(super) parts: Vec<Range<usize>>,
    /// The vertex with most outgoing edges, where searches begin.
    pub(super) source: u32,
    /// After [`ITERATIONS`].
    pub(super) ranks: Vec<f64>,
    pub(super) levels: Vec<u32>,
}

impl Host {
    /// The graph with `2^scale` vertices, made once.
    pub(super) fn of(scale: usize) -> Result<Arc<Host>> {
        static KNOWN: Mutex<Option<HashMap<usize, Arc<Host>>>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if let Some(host) = known.get(&scale) {
            return Ok(host.clone());
        }
        let rt = start_sprat(CeMode::Shared, 1)?;
        let edges = rmat::make(&rt, scale as u32, FACTOR, 1)?;
        let graph = Graph::new(&rt, &edges, Direction::Directed)?;
        let incoming = graph.incoming.to_host(&rt)?;
        let outgoing = graph.outgoing.to_host(&rt)?;
        let mut pagerank = serial::PageRank::new(&graph, &incoming, DAMPING);
        (0..ITERATIONS).for_each(|_| pagerank.iterate());
        let ranks = pagerank.ranks;
        let most = (0..graph.vertices() as u32).max_by_key(|&vertex| outgoing.of(vertex).len());
        let source = most.ok_or_else(|| Error::msg("the graph has no vertices"))?;
        let host = Arc::new(Host {
            parts: graph.incoming.parts.iter().map(|p| p.vertices()).collect(),
            levels: serial::levels(&outgoing, source),
            edges,
            incoming,
            outgoing,
            source,
            ranks,
        });
        known.insert(scale, host.clone());
        Ok(host)
    }

    /// How many vertices.
    pub(super) fn vertices(&self) -> usize {
        self.ranks.len()
    }

    /// The graph in an entrant's own blocks: made once, since that takes long.
    pub(super) fn on<'e>(&self, entrant: &'e Entrant, rt: &Runtime) -> Result<&'e Graph> {
        if entrant.kept.get().is_none() {
            let graph = Graph::new(rt, &self.edges, Direction::Directed)?;
            let _ = entrant.kept.set(Box::new(graph));
        }
        let graph = entrant.kept.get().and_then(|kept| kept.downcast_ref());
        graph.ok_or_else(|| Error::msg("another kernel has kept something here"))
    }
}

/// A slice whose parts different workers write at the same time.
pub(super) struct Shared<'a, T> {
    first: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

#[expect(unsafe_code, reason = "workers write parts of the same slice")]
// SAFETY: it gives access to the slice's elements, which may go to other threads and be seen from there; who calls its
// methods promises that nobody reads what another writes.
unsafe impl<T: Send + Sync> Sync for Shared<'_, T> {}

#[expect(unsafe_code, reason = "workers write parts of the same slice")]
impl<'a, T> Shared<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Shared {
            first: slice.as_mut_ptr(),
            len: slice.len(),
            slice: PhantomData,
        }
    }

    /// A part, to write.
    ///
    /// # Safety
    /// Nobody else uses an element of the range for as long as the part lives.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps parts apart")]
    pub(super) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: inside of the slice, by the assertion.
        let first = unsafe { self.first.add(range.start) };
        // SAFETY: these elements are there as long as `'a`, and nobody else uses them, says the caller.
        unsafe { std::slice::from_raw_parts_mut(first, range.len()) }
    }

    /// All of it, to read.
    ///
    /// # Safety
    /// Nobody writes an element for as long as the slice lives.
    pub(super) unsafe fn all(&self) -> &[T] {
        // SAFETY: it was made from a slice that is there as long as `'a`, and nobody writes, says the caller.
        unsafe { std::slice::from_raw_parts(self.first, self.len) }
    }
}
