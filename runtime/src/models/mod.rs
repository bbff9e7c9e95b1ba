//! Loom models of the lock-free parts: the code that ships, under all interleavings that matter.
//!
//! Compiled only with `--cfg sprat_loom` for tests, and run by `.ci/run loom`. Each model has mutants, listed in
//! `runtime/tests/loom/mutants.txt`, that must make it fail; see `docs/design/proofs.md`.

mod cancel;
mod commuting;
mod control;
mod copies;
mod counts;
mod entrance;
mod event;
mod gate;
mod idle;
mod inbox;
mod levels;
mod lone;
mod reducing;
mod replay;
mod root;
mod seat;
mod spin_lock;
mod stuck;
mod timers;
mod trace;
mod warm;

use crate::event::Links;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU32, Ordering};

/// Links of nodes 1 to 7. They begin with a node that nobody uses, so that a link read too early shows.
struct Table([AtomicU32; 8]);

impl Table {
    fn new() -> Self {
        Table(std::array::from_fn(|_| AtomicU32::new(7)))
    }

    /// The nodes of a list.
    fn walk(&self, head: u32) -> Vec<u32> {
        let up = |&at: &u32| Some(self.next(at)).filter(|&next| next != 0);
        let list: Vec<u32> = std::iter::successors(Some(head).filter(|&at| at != 0), up)
            .take(8)
            .collect();
        assert!(!list.contains(&7), "a link was read before it was written");
        list
    }
}

impl Links for Table {
    fn next(&self, node: u32) -> u32 {
        self.0[node as usize].load(Ordering::Relaxed)
    }

    fn set_next(&self, node: u32, next: u32) {
        self.0[node as usize].store(next, Ordering::Relaxed);
    }
}

/// What threads hand to each other without an atomic: loom fails if two use it unordered.
struct Thing(UnsafeCell<u32>);

// SAFETY: the models are about who may use it when, and loom checks each use.
unsafe impl Sync for Thing {}

impl Thing {
    fn new() -> Self {
        Thing(UnsafeCell::new(0))
    }

    fn add(&self, n: u32) {
        self.0.with_mut(|thing| {
            // SAFETY: loom has checked that nobody else uses it.
            unsafe { *thing += n }
        });
    }

    fn get(&self) -> u32 {
        self.0.with(|thing| {
            // SAFETY: loom has checked that nobody writes.
            unsafe { *thing }
        })
    }
}
