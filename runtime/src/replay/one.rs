//! One codelet of a graph, run in one round.

use super::Replay;
use crate::access::Lent;
use crate::engine::Frame;
use crate::error::{ErrorKind, Origin};
use crate::failure::Cause;
use crate::lendings::Lendings;
use crate::recorded::{Fault, Recorded, special};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Replay<'_> {
    /// Runs a codelet whose turn has come, or skips it if what it reads is poisoned. It is given by its lane and step. On the
    /// desk is room for what it is lent. Unwinds if its body panics.
    #[inline]
    pub(super) fn run_one(
        &self,
        frame: &Frame<'_>,
        (lane, step): (usize, u32),
        round: u32,
        desk: &mut [Lent],
    ) {
        let graph = self.graph;
        let recorded = &graph.bodies.of_lane(lane)[step as usize];
        let careful = graph.poisons.any();
        if careful && self.is_skipped(frame, self.codelet(lane, step)) {
            return;
        }
        let ended = self.run_body(frame, recorded, desk);
        match ended {
            Ok(()) if careful => {
                let uses = graph.program.uses(self.codelet(lane, step));
                graph.poisons.heal(uses);
            }
            Ok(()) => (),
            Err(fault) => self.fail(frame, self.codelet(lane, step), round, *fault),
        }
    }

    /// The number of the codelet at a step.
    #[cold]
    fn codelet(&self, lane: usize, step: u32) -> u32 {
        self.graph.schedule.lanes[lane].steps[step as usize].codelet
    }

    #[inline]
    fn run_body(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        desk: &mut [Lent],
    ) -> Result<(), Box<Fault>> {
        let graph = self.graph;
        let desk = &mut desk[..usize::from(recorded.lents)];
        let places = &graph.lent_to[recorded.first_lent as usize..][..desk.len()];
        graph.lents.with(|lents| {
            // SAFETY: nobody writes to it while codelets of the graph run.
            let lents = unsafe { &**lents };
            for (lent, &place) in desk.iter_mut().zip(places) {
                *lent = lents[place as usize];
            }
        });
        let ended = match recorded.special & special::SCRATCH {
            0 => {
                // SAFETY: its turn has come, by the protocol of the lanes: it holds what it is lent, nobody else runs it, and
                // nobody reads its value. The frame is there.
                unsafe { recorded.run((&raw const *frame).cast(), desk) }
            }
            _ => run_with_scratch(frame, recorded, desk),
        };
        if frame.children.get() != 0 {
            return Err(spawned(frame));
        }
        ended
    }

    /// There is poison somewhere in the graph: whether a codelet would read it. Then it spreads it.
    #[cold]
    #[inline(never)]
    fn is_skipped(&self, frame: &Frame<'_>, codelet: u32) -> bool {
        let graph = self.graph;
        let uses = graph.program.uses(codelet);
        let Some(poison) = graph.poisons.among(uses) else {
            return false;
        };
        let engine = frame.engine;
        engine.with_root(frame.record, |root| {
            root.skipped(|| engine.shared.failures.cause(poison));
        });
        graph.poisons.spread(uses, poison);
        true
    }

    /// Tells of a failure, and poisons what the codelet was to write.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&self, frame: &Frame<'_>, codelet: u32, round: u32, fault: Fault) {
        let site = self.graph.site(codelet);
        let number = self.first + u64::from(round) - 1;
        let cause = Cause {
            codelet: site.name,
            spawned_at: site.spawned_at,
            message: format!("{} (in round {number} of a replay)", fault.message),
            panicked: fault.panicked,
            kind: fault.kind,
            origin: Origin::Codelet,
        };
        let engine = frame.engine;
        let poison = engine.shared.failures.add(cause.clone());
        engine.with_root(frame.record, |root| root.failed(cause));
        let uses = self.graph.program.uses(codelet);
        self.graph.poisons.spread(uses, poison.get());
    }
}

/// A body that is lent memory of the engine's own, too. It does not unwind, so that this memory comes back.
#[cold]
fn run_with_scratch(
    frame: &Frame<'_>,
    recorded: &Recorded,
    listed: &[Lent],
) -> Result<(), Box<Fault>> {
    let engine = frame.engine;
    let mut lent = Lendings::default();
    let mut refused = None;
    for &one in listed {
        if !one.start.is_null() {
            lent.push(one);
            continue;
        }
        match engine.local(|local| local.magazine.take(one.bytes.max(1))) {
            Ok(chunk) => {
                let start = chunk.ptr().as_ptr();
                lent.scratch.push(chunk);
                lent.push(Lent {
                    start,
                    bytes: one.bytes,
                });
            }
            Err(error) => {
                refused = Some(Box::new(Fault {
                    kind: error.kind(),
                    message: error.to_string(),
                    panicked: false,
                }));
                break;
            }
        }
    }
    let ended = match refused {
        Some(fault) => Err(fault),
        None => catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: as in `run_body`; the memory is the engine's, and nobody else has it.
            unsafe { recorded.run((&raw const *frame).cast(), lent.list()) }
        }))
        .unwrap_or_else(|panic| Err(Fault::of_panic(panic))),
    };
    for chunk in lent.scratch.drain(..) {
        engine.give_chunk(chunk);
    }
    ended
}

#[cold]
fn spawned(frame: &Frame<'_>) -> Box<Fault> {
    frame.children.set(0);
    Box::new(Fault {
        kind: ErrorKind::Graph,
        message: "codelets of a graph spawn nothing, since all of it is recorded before; record what it would spawn, or use `finish`".to_owned(),
        panicked: false,
    })
}
