//! Codelets of a graph, run in one round.

use super::Replay;
use super::lanes::{Hand, Pause};
use crate::access::{Lent, Operator, OperatorTable};
use crate::engine::Frame;
use crate::error::{ErrorKind, Origin};
use crate::failure::Cause;
use crate::lendings::Lendings;
use crate::panics;
use crate::recorded::{ARGUMENT, Fault, IDENTITY, Recorded, special};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Replay<'_> {
    /// Runs steps of a lane until it cannot go on. On the desk is room for what a codelet is lent. Unwinds if a body panics.
    #[inline(never)]
    pub(super) fn run_lane(
        &self,
        frame: &Frame<'_>,
        hand: &mut Hand<'_>,
        lane: usize,
        seen: &mut [u64],
        desk: &mut [Lent],
    ) -> Pause {
        let bodies = self.dealt().bodies.of_lane(lane);
        let run = |step: u32, round| {
            self.run_step(frame, &bodies[step as usize], (lane, step), round, desk);
        };
        hand.go_on(seen, run, || self.wake())
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
        desk: &mut [Lent],
    ) -> Pause {
        let bodies = self.dealt().bodies.of_lane(lane);
        let run = |step: u32, round| {
            let codelet = self.dealt().schedule.codelet(lane, step);
            frame.engine.stop_if_shut();
            self.run_traced(frame, known, (codelet, round), || {
                self.run_step(frame, &bodies[step as usize], (lane, step), round, desk);
            });
        };
        hand.go_on(seen, run, || self.wake())
    }

    /// Runs one step.
    #[inline(always)]
    fn run_step(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        at: (usize, u32),
        round: u32,
        desk: &mut [Lent],
    ) {
        if self.watch.reasons() != 0 {
            return self.run_carefully(frame, recorded, at, round, desk);
        }
        if let Err(fault) = self.run_body(frame, recorded, round, desk) {
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
        desk: &mut [Lent],
    ) {
        let (graph, engine) = (self.graph, frame.engine);
        engine.stop_if_shut();
        if !graph.poisons.any() {
            if let Err(fault) = self.run_body(frame, recorded, round, desk) {
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
        match self.run_body(frame, recorded, round, desk) {
            Ok(()) => graph.poisons.heal(program, uses),
            Err(fault) => self.fail(frame, (lane, step), round, *fault),
        }
    }

    #[inline(always)]
    fn run_body(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        round: u32,
        desk: &mut [Lent],
    ) -> Result<(), Box<Fault>> {
        let frame_of_body = (&raw const *frame).cast();
        let ended = if recorded.is_plain() {
            // SAFETY: its turn has come, by the protocol of the lanes: it holds what it is lent, nothing, nobody else runs it,
            // and nobody reads its value. The frame is there.
            unsafe { recorded.run(frame_of_body, &[]) }
        } else {
            self.run_lent(frame, recorded, round, desk)
        };
        if frame.children.get() != 0 {
            return Err(spawned(frame));
        }
        ended
    }

    /// Apart from those that are lent nothing, whose way is shorter than this one's registers to save.
    #[inline(never)]
    fn run_lent(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        round: u32,
        desk: &mut [Lent],
    ) -> Result<(), Box<Fault>> {
        let lent = self.lend(recorded, round, desk);
        match recorded.special & (special::SCRATCH | special::IDENTITY) {
            // SAFETY: as in `run_body`.
            0 => unsafe { recorded.run((&raw const *frame).cast(), lent) },
            _ => run_with_more(frame, recorded, lent),
        }
    }

    /// Puts what a codelet is lent in this round on the desk.
    #[inline(always)]
    fn lend<'d>(&self, recorded: &Recorded, round: u32, desk: &'d mut [Lent]) -> &'d [Lent] {
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
        if recorded.special & special::ARGUMENT != 0 {
            let argument = self.arguments.of_round(round);
            match recorded.argument() {
                Some(at) => desk[at].start = argument,
                None => put_everywhere(desk, argument),
            }
        }
        desk
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

/// Puts the round's argument wherever it belongs.
#[cold]
#[inline(never)]
fn put_everywhere(desk: &mut [Lent], argument: *mut u8) {
    let arguments = desk.iter_mut().filter(|lent| lent.start == ARGUMENT);
    arguments.for_each(|lent| lent.start = argument);
}

/// A body that is lent what is in no list, too: memory of the engine's own, a lane with nothing in it. It does not unwind, so that
/// this memory comes back.
#[inline(never)]
fn run_with_more(
    frame: &Frame<'_>,
    recorded: &Recorded,
    listed: &[Lent],
) -> Result<(), Box<Fault>> {
    let engine = frame.engine;
    let mut lent = Lendings::default();
    let mut refused = None;
    let mut listed = listed.iter();
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
            unsafe { recorded.run((&raw const *frame).cast(), lent.list()) }
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

#[cold]
fn spawned(frame: &Frame<'_>) -> Box<Fault> {
    frame.children.set(0);
    Box::new(Fault {
        kind: ErrorKind::Graph,
        message: "codelets of a graph spawn nothing, since all of it is recorded before; record what it would spawn, or use `finish`".to_owned(),
        panicked: false,
    })
}
