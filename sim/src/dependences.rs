//! Which codelet may start: the runtime's access queues, in plain cells.

use crate::workload::Codelet;
use sprat::decide::dependence::{AccessQueue, Effect, Entered};

/// A queue for each block, and for each codelet how many of its accesses it still waits for.
pub(crate) struct Dependences {
    queues: Vec<AccessQueue<u32>>,
    pending: Vec<usize>,
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
        let mut waits = 0;
        for &(block, mode) in &codelet.accesses {
            if self.queues[block as usize].enter(id, mode) == Entered::Queued {
                waits += 1;
            }
        }
        self.pending[id as usize] = waits;
        waits == 0
    }

    /// A codelet gives its blocks back; those that become ready by that, in the order in which they are told.
    pub(crate) fn leave(&mut self, codelet: &Codelet) -> Vec<u32> {
        let mut ready = Vec::new();
        for &(block, mode) in &codelet.accesses {
            let queue = &mut self.queues[block as usize];
            queue.leave(mode, Effect::Done);
            while let Some(grant) = queue.next_grant() {
                let pending = &mut self.pending[grant.who as usize];
                *pending -= 1;
                if *pending == 0 {
                    ready.push(grant.who);
                }
            }
        }
        ready
    }
}
