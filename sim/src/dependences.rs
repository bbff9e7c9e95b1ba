//! Which codelet may start: the runtime's access queues, in plain cells.

use crate::workload::{Access, Codelet};
use sprat::decide::dependence::{AccessQueue, Effect, Entered, Mode, Step};

/// A queue for each block, and for each codelet how many of its accesses it still waits for.
pub(crate) struct Dependences {
    queues: Vec<AccessQueue<u32>>,
    pending: Vec<u32>,
}

impl Dependences {
    pub(crate) fn new(blocks: usize, codelets: usize) -> Self {
        Dependences {
            queues: (0..blocks).map(|_| AccessQueue::default()).collect(),
            pending: vec![0; codelets],
        }
    }

    /// A codelet enters all its queues as one step. True if it is ready at once.
    pub(crate) fn enter(&mut self, id: u32, codelet: &Codelet) -> bool {
        let mut waits = 0u32;
        for &Access { block, mode, .. } in &codelet.accesses {
            let queue = &mut self.queues[block as usize];
            match queue.enter(id, in_order(mode)) {
                Entered::Granted(_) => (),
                Entered::Queued => waits += 1,
                // Nobody else is in there, so what it waits for takes no time: nothing is added up here.
                Entered::Combine => {
                    queue.take_sums();
                    queue.combined(Effect::Done);
                    waits += u32::from(queue.next_step().is_none());
                }
            }
        }
        self.pending[id as usize] = waits;
        waits == 0
    }

    /// A codelet gives its blocks back; those that become ready by that are added to `ready`, in the order in which they are told.
    pub(crate) fn leave(&mut self, id: u32, codelet: &Codelet, ready: &mut Vec<u32>) {
        for &Access { block, mode, .. } in &codelet.accesses {
            let queue = &mut self.queues[block as usize];
            queue.leave(id, in_order(mode), Effect::Done);
            while let Some(step) = queue.next_step() {
                let Step::Grant(grant) = step else {
                    queue.take_sums();
                    queue.combined(Effect::Done);
                    continue;
                };
                let pending = &mut self.pending[grant.who as usize];
                *pending -= 1;
                if *pending == 0 {
                    ready.push(grant.who);
                }
            }
        }
    }
}

/// Codelets that commute are simulated in program order, which is one of the orders that they may run in.
fn in_order(mode: Mode) -> Mode {
    match mode {
        Mode::Commute => Mode::ReadWrite,
        other => other,
    }
}
