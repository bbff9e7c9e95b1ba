//! Codelets of a graph, run in one round.

use super::Replay;
use super::lanes::{Hand, Pause};
use crate::access::{Desk, Lent, Operator, OperatorTable};
use crate::engine::Frame;
use crate::error::{ErrorKind, Origin};
use crate::failure::Cause;
use crate::lendings::Lendings;
use crate::panics;
use crate::recorded::{Fault, IDENTITY, Recorded};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Replay<'_> {
    /// Runs steps of a lane until it cannot go on, which are lent from this desk. Unwinds if a body panics.
    #[inline(never)]
    pub(super) fn run_lane(
        &self,
        frame: &Frame<'_>,
        hand: &mut Hand<'_>,
        lane: usize,
        seen: &mut [u64],
        desk: &Desk<'_>,
    ) -> Pause {
        let bodies = self.dealt().bodies.of_lane(lane);
        let begins = |round| desk.set_argument(self.arguments.of_round(round));
        let run = |body: &Recorded, step: u32, round| {
            self.run_step(frame, body, (lane, step), round, desk);
        };
        hand.go_on(bodies, seen, begins, run, || self.wake())
    }

    /// The same, and notes each step in the trace.
    #[inline(never)]
    pub(super) fn run_lane_traced(
        &self,
        frame: &Frame<'_>,
        known: (u32, u32),
        hand: &mut Hand<'_>,
        lane: usize,
        seen: &mut [u64],
        desk: &Desk<'_>,
    ) -> Pause {
        let bodies = self.dealt().bodies.of_lane(lane);
        let begins = |round| desk.set_argument(self.arguments.of_round(round));
        let run = |body: &Recorded, step: u32, round| {
            let codelet = self.dealt().schedule.codelet(lane, step);
            frame.engine.stop_if_shut();
            self.run_traced(frame, known, (codelet, round), || {
                self.run_step(frame, body, (lane, step), round, desk);
            });
        };
        hand.go_on(bodies, seen, begins, run, || self.wake())
    }

    /// Runs one step.
    #[inline(always)]
    fn run_step(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        at: (usize, u32),
        round: u32,
        desk: &Desk<'_>,
    ) {
        if self.watch.reasons() != 0 {
            return self.run_carefully(frame, recorded, at, round, desk);
        }
        if let Err(fault) = run_body(frame, recorded, desk) {
            self.fail(frame, at, round, *fault);
        }
    }

    /// There is poison somewhere in the graph, or the runtime is suspended.
    #[cold]
    #[inline(never)]
    fn run_carefully(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        (lane, step): (usize, u32),
        round: u32,
        desk: &Desk<'_>,
    ) {
        let (graph, engine) = (self.graph, frame.engine);
        engine.stop_if_shut();
        if !graph.poisons.any() {
            if let Err(fault) = run_body(frame, recorded, desk) {
                self.fail(frame, (lane, step), round, *fault);
            }
            return;
        }
        let uses = graph
            .program
            .uses(self.dealt().schedule.codelet(lane, step));
        let program = &graph.program;
        if let Some(poison) = graph.poisons.among(program, uses) {
            if !recorded.is_ours() {
                engine.with_root(frame.record, |root| {
                    root.skipped(|| engine.shared.failures.cause(poison.get()));
                });
            }
            return graph.poisons.spread(program, uses, poison);
        }
        match run_body(frame, recorded, desk) {
            Ok(()) => graph.poisons.heal(program, uses),
            Err(fault) => self.fail(frame, (lane, step), round, *fault),
        }
    }

    /// Tells of a failure, and poisons what the codelet was to write.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(
        &self,
        frame: &Frame<'_>,
        (lane, step): (usize, u32),
        round: u32,
        fault: Fault,
    ) {
        let codelet = self.dealt().schedule.codelet(lane, step);
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
        let program = &self.graph.program;
        (self.graph.poisons).spread(program, program.uses(codelet), poison);
    }
}

#[inline(always)]
fn run_body(frame: &Frame<'_>, recorded: &Recorded, desk: &Desk<'_>) -> Result<(), Box<Fault>> {
    let ended = match recorded.wants_more {
        // SAFETY: its turn has come, by the protocol of the lanes: it holds what it is lent, nobody else runs it, and nobody reads its
        // value. The desk is its graph's, and the frame is there.
        false => unsafe { recorded.run((&raw const *frame).cast(), desk) },
        true => run_with_more(frame, recorded, desk),
    };
    match ended {
        Ok(()) if frame.children.get() == 0 => Ok(()),
        ended => not_well(frame, ended),
    }
}

/// A body that is lent what is in no table, too: memory of the engine's own, a lane with nothing in it. It does not unwind, so that
/// this memory comes back.
#[inline(never)]
fn run_with_more(
    frame: &Frame<'_>,
    recorded: &Recorded,
    desk: &Desk<'_>,
) -> Result<(), Box<Fault>> {
    let engine = frame.engine;
    let mut lent = Lendings::default();
    let mut refused = None;
    // SAFETY: the desk is its graph's.
    let mut listed = unsafe { recorded.slots(desk) }.rest().iter();
    while let Some(&one) = listed.next() {
        if one.start == IDENTITY {
            let lane = *listed.next().expect("a lane follows its mark");
            if let Err(fault) = fill(lane, Operator::new(one.bytes as u16)) {
                refused = Some(fault);
                break;
            }
            lent.push(lane);
            continue;
        }
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
            unsafe { recorded.run_with_list((&raw const *frame).cast(), desk, lent.list()) }
        }))
        .unwrap_or_else(|panic| Err(Fault::of_panic(panic))),
    };
    for chunk in lent.scratch.drain(..) {
        engine.give_chunk(chunk);
    }
    ended
}

/// Begins a lane of a reduction anew.
fn fill(lane: Lent, operator: Operator) -> Result<(), Box<Fault>> {
    let table = OperatorTable::of(operator);
    // SAFETY: the lane is the codelet's, whose turn has come; it is aligned for any element, and initialised: zero at first, plain
    // old data since. The operator was named, so it was there.
    let filled = panics::caught(|| unsafe { table.fill(lane.start, lane.bytes) });
    filled.map_err(|panic| {
        Box::new(Fault {
            kind: ErrorKind::User,
            message: format!("the identity of its reduction: {panic}"),
            panicked: true,
        })
    })
}

/// What is told of a body that did not end well, or did what it may not do.
#[cold]
#[inline(never)]
fn not_well(frame: &Frame<'_>, ended: Result<(), Box<Fault>>) -> Result<(), Box<Fault>> {
    if frame.children.replace(0) == 0 {
        return ended;
    }
    Err(Box::new(Fault {
        kind: ErrorKind::Graph,
        message: "codelets of a graph spawn nothing, since all of it is recorded before; record what it would spawn, or use `finish`".to_owned(),
        panicked: false,
    }))
}
