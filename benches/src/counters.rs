//! A counter for each task, of those that it still waits for: what runs graphs that are ready made.

use crate::dag::Dag;
use std::sync::atomic::{AtomicU32, Ordering};

/// The counters of a graph.
///
/// Each sets itself up again for the next run when it has come down: nobody touches it later in the same run.
#[derive(Debug)]
pub(crate) struct Counters {
    missing: Vec<AtomicU32>,
    /// Those that wait for nobody.
    pub(crate) sources: Vec<u32>,
}

impl Counters {
    pub(crate) fn new(dag: &Dag) -> Self {
        let missing = |task| AtomicU32::new(dag.before.list(task).len() as u32);
        let sources = dag.all().filter(|&task| dag.before.list(task).is_empty());
        Counters {
            missing: (0..dag.numbers()).map(missing).collect(),
            sources: sources.map(|task| task as u32).collect(),
        }
    }

    /// For a task that has run: counts down its successors; gives one that became ready, and the others to `post`.
    #[inline]
    pub(crate) fn settle(&self, dag: &Dag, task: u32, mut post: impl FnMut(u32)) -> Option<u32> {
        let mut next = None;
        for &after in dag.after.list(task as usize) {
            let missing = &self.missing[after as usize];
            // Release: what the task left; acquire: what the others left.
            if missing.fetch_sub(1, Ordering::AcqRel) == 1 {
                let all = dag.before.list(after as usize).len() as u32;
                missing.store(all, Ordering::Relaxed);
                if let Some(ready) = next.replace(after) {
                    post(ready);
                }
            }
        }
        next
    }
}
