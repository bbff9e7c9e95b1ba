//! One codelet of a graph, run in one round.

use super::Replay;
use crate::access::Lent;
use crate::engine::Frame;
use crate::error::{ErrorKind, Origin};
use crate::failure::Cause;
use crate::lendings::Lendings;
use crate::recorded::{ARGUMENT, Fault, Recorded};

impl Replay<'_> {
    /// Runs a codelet whose turn has come, or skips it if what it reads is poisoned.
    #[inline]
    pub(super) fn run_one(&self, frame: &Frame<'_>, codelet: u32, round: u32) {
        let graph = self.graph;
        if graph.poisons.any() {
            return self.run_carefully(frame, codelet, round);
        }
        let recorded = &graph.codelets()[codelet as usize];
        if let Err(fault) = self.run_body(frame, recorded, round) {
            self.fail(frame, codelet, round, *fault);
        }
    }

    #[inline]
    fn run_body(
        &self,
        frame: &Frame<'_>,
        recorded: &Recorded,
        round: u32,
    ) -> Result<(), Box<Fault>> {
        let first = recorded.first_lent as usize;
        let lent = self.graph.lents.with(|lents| {
            // SAFETY: nobody writes to it while codelets of the graph run.
            unsafe { &(&*lents)[first..][..usize::from(recorded.lents)] }
        });
        let ended = match recorded.special {
            0 => {
                // SAFETY: its turn has come, by the protocol of the lanes: it holds what it is lent, nobody else runs it, and
                // nobody reads its value. The frame is there.
                unsafe { (recorded.run)(recorded.captured, (&raw const *frame).cast(), lent) }
            }
            _ => run_with_more(frame, recorded, lent, self.arguments.of_round(round)),
        };
        if frame.children.get() != 0 {
            return Err(spawned(frame));
        }
        ended
    }

    /// There is poison somewhere in the graph.
    #[cold]
    #[inline(never)]
    fn run_carefully(&self, frame: &Frame<'_>, codelet: u32, round: u32) {
        let graph = self.graph;
        let uses = graph.program.uses(codelet);
        if let Some(poison) = graph.poisons.among(uses) {
            let engine = frame.engine;
            engine.with_root(frame.record, |root| {
                root.skipped(|| engine.shared.failures.cause(poison));
            });
            return graph.poisons.spread(uses, poison);
        }
        match self.run_body(frame, &graph.codelets()[codelet as usize], round) {
            Ok(()) => graph.poisons.heal(uses),
            Err(fault) => self.fail(frame, codelet, round, *fault),
        }
    }

    /// Tells of a failure, and poisons what the codelet was to write.
    #[cold]
    #[inline(never)]
    fn fail(&self, frame: &Frame<'_>, codelet: u32, round: u32, fault: Fault) {
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

/// A body that is lent what is in no list, too: memory of the engine's own, the round's argument.
#[inline(never)]
fn run_with_more(
    frame: &Frame<'_>,
    recorded: &Recorded,
    listed: &[Lent],
    argument: *mut u8,
) -> Result<(), Box<Fault>> {
    let engine = frame.engine;
    let mut lent = Lendings::default();
    let mut refused = None;
    for &one in listed {
        if !one.start.is_null() {
            let start = match one.start == ARGUMENT {
                true => argument,
                false => one.start,
            };
            lent.push(Lent { start, ..one });
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
        // SAFETY: as in `run_body`; the memory is the engine's, and nobody else has it; the argument is there, and only read.
        None => unsafe {
            (recorded.run)(recorded.captured, (&raw const *frame).cast(), lent.list())
        },
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
