//! A counter for each task, of those that it still waits for: what runs graphs that are ready made.

use crate::metg::case::Case;
use crate::metg::lattice::Lattice;
use std::sync::atomic::{AtomicU32, Ordering};

/// The counters of a graph.
///
/// Each sets itself up again for the next run when it has come down: nobody touches it later in the same run.
#[derive(Debug)]
pub(super) struct Counters {
    missing: Vec<AtomicU32>,
    /// Those that wait for nobody.
    pub(super) sources: Vec<u32>,
}

impl Counters {
    pub(super) fn new(lattice: &Lattice) -> Self {
        let missing = |task| AtomicU32::new(lattice.before(task).len() as u32);
        let sources = lattice
            .all()
            .filter(|&task| lattice.before(task).is_empty());
        Counters {
            missing: (0..lattice.numbers()).map(missing).collect(),
            sources: sources.map(|task| task as u32).collect(),
        }
    }

    /// Runs a task and counts down its successors; gives one that became ready, and the others to `post`.
    #[inline]
    pub(super) fn settle(&self, case: &Case, task: u32, mut post: impl FnMut(u32)) -> Option<u32> {
        case.run(task as usize);
        let mut next = None;
        for &after in case.lattice.after(task as usize) {
            let missing = &self.missing[after as usize];
            // Release: what the task left; acquire: what the others left.
            if missing.fetch_sub(1, Ordering::AcqRel) == 1 {
                let all = case.lattice.before(after as usize).len() as u32;
                missing.store(all, Ordering::Relaxed);
                if let Some(ready) = next.replace(after) {
                    post(ready);
                }
            }
        }
        next
    }
}
