//! What replays note in a trace: [`crate::tracing`].

use super::Replay;
use crate::access::Mode;
use crate::decide::graph::dependences;
use crate::engine::{Engine, Frame};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::trace::{Event, GraphCodelet, GraphDef, GraphUse, NOWHERE};
use crate::traced::mode_number;
use crate::tracing::Trace;

/// What a graph is called in a trace, and how many of its rounds that has seen before the present replay. Written by who leads a
/// replay, before others learn of it.
pub(crate) struct Known {
    /// One more than its number; 0 if the trace does not know it.
    number: AtomicU32,
    rounds: AtomicU32,
}

impl Known {
    pub(super) fn new() -> Self {
        Known {
            number: AtomicU32::new(0),
            rounds: AtomicU32::new(0),
        }
    }
}

impl Replay<'_> {
    /// A replay begins: the trace learns of the graph.
    #[cold]
    pub(super) fn trace_begins(&self, engine: &Engine<'_>) {
        let Some(trace) = &engine.shared.trace else {
            return;
        };
        let known = &self.graph.known;
        if known.number.load(Ordering::Relaxed) == 0 {
            let number = trace.add_graph(self.definition(engine, trace));
            known.number.store(number + 1, Ordering::Relaxed);
        }
    }

    /// A replay ended after so many rounds.
    pub(super) fn trace_ended(&self, rounds: u32) {
        let seen = self.graph.known.rounds.load(Ordering::Relaxed);
        let all = seen.wrapping_add(rounds);
        self.graph.known.rounds.store(all, Ordering::Relaxed);
    }

    /// The graph's number, and the number of the round before the first one.
    pub(super) fn trace_number(&self) -> (u32, u32) {
        let known = &self.graph.known;
        let number = known.number.load(Ordering::Relaxed).wrapping_sub(1);
        (number, known.rounds.load(Ordering::Relaxed))
    }

    /// Runs one step, and notes it.
    #[inline]
    pub(super) fn run_traced(
        &self,
        frame: &Frame<'_>,
        (graph, before): (u32, u32),
        (codelet, round): (u32, u32),
        run: impl FnOnce(),
    ) {
        let engine = frame.engine;
        engine.mark_round(self.number, round);
        engine.mark_begins(|| {
            let site = self.graph.site(codelet);
            (site.name, Some(site.spawned_at))
        });
        let start = engine.trace_now().unwrap_or(0);
        run();
        engine.mark_ended();
        engine.trace(|tracer| Event::Step {
            start,
            end: tracer.now(),
            round: before.wrapping_add(round - 1),
            codelet,
            graph,
        });
    }

    fn definition(&self, engine: &Engine<'_>, trace: &Trace) -> GraphDef {
        let (graph, shared) = (self.graph, engine.shared);
        let program = &graph.program;
        let mut codelets: Vec<GraphCodelet> = (0..program.len() as u32)
            .map(|codelet| {
                let site = graph.site(codelet);
                let uses = program.uses(codelet).iter();
                let uses = uses.filter_map(|one| {
                    // A value, an end, or a lane of a reduction is no block.
                    let (key, extent) = graph.block_of(one.cell)?;
                    let slot = shared.blocks.slot(key.0.slot());
                    let mode: Mode = one.mode;
                    Some(GraphUse {
                        block: key.0.slot(),
                        generation: key.0.generation(),
                        bytes: extent.map_or(slot.bytes() as u64, |extent| extent.bytes()),
                        home: shared.homes.region_of(slot.place()).unwrap_or(NOWHERE),
                        mode: mode_number(mode),
                    })
                });
                GraphCodelet {
                    kind: trace.kind((site.name, Some(site.spawned_at))),
                    before: Vec::new(),
                    uses: uses.collect(),
                }
            })
            .collect();
        for one in dependences(program) {
            let after = &mut codelets[one.after as usize];
            after.before.push((one.before, one.last_round));
        }
        GraphDef {
            number: 0,
            codelets,
        }
    }
}
