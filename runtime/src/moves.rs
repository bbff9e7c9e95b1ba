//! What is counted of blocks that move and of their copies, and the budget of the latter.

use crate::decide::alternates::Choice;
use crate::decide::migration::{Moving, Way, Ways};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crate::trace::Moved;
use crate::tracing::MoveNotes;
use std::sync::Arc;
use std::time::Duration;

/// What became of blocks' moves and copies so far: see [`Runtime::move_counts`](crate::Runtime::move_counts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveCounts {
    /// Blocks that went to another region.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// Of these, how many kept their address: the system moved their pages.
    pub by_pages: u64,
    /// Groups of codelets that the policy `locality` sent to another region, where their data is.
    pub regrouped: u64,
    /// Copies that were made.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Moves and copies that were not made, since there was no room in the region, it may not be used, or the copies' budget
    /// was spent. The blocks stayed where they were. One whose pages the system does not move is copied, and counts as moved.
    pub refused: u64,
    /// Bytes that copies take now, rounded up as memory is handed out.
    pub replica_bytes: u64,
}

/// See the module. Nothing is ordered by these.
#[derive(Debug)]
pub(crate) struct Moves {
    budget: u64,
    held: AtomicU64,
    moved: AtomicU64,
    moved_bytes: AtomicU64,
    by_pages: AtomicU64,
    regrouped: AtomicU64,
    /// Which way blocks go.
    ways: Mutex<Ways>,
    copied: AtomicU64,
    copied_bytes: AtomicU64,
    refused: AtomicU64,
    /// Where each is noted, if a trace is kept.
    pub(crate) notes: Option<Arc<MoveNotes>>,
}

impl Moves {
    /// None so far; copies may take so many bytes.
    pub(crate) fn new(budget: u64) -> Self {
        let none = || AtomicU64::new(0);
        Moves {
            budget,
            held: none(),
            moved: none(),
            moved_bytes: none(),
            by_pages: none(),
            regrouped: none(),
            ways: Mutex::new(Ways::default()),
            copied: none(),
            copied_bytes: none(),
            refused: none(),
            notes: None,
        }
    }

    /// How many bytes copies may take.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Takes so many bytes from the budget, if it has them.
    pub(crate) fn hold(&self, bytes: usize) -> bool {
        let more = |held: u64| Some(held + bytes as u64).filter(|all| *all <= self.budget);
        let held = &self.held;
        held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// Gives them back.
    pub(crate) fn let_go(&self, bytes: usize) {
        self.held.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// When a move or a copy begins, for [`made`](Moves::made); 0 if no trace is kept.
    pub(crate) fn begins(&self) -> u64 {
        self.notes.as_ref().map_or(0, |notes| notes.now())
    }

    /// The way for a block: see [`Ways::choose`].
    pub(crate) fn choose(&self, moving: Moving) -> (Way, Option<Choice>) {
        match moving.is_open() {
            true => lock(&self.ways).choose(moving),
            false => (Way::Copying, None),
        }
    }

    /// A block of so many bytes was to move in a way that was chosen, and that took so long; `None`: it did not go.
    pub(crate) fn measured(&self, bytes: u64, choice: Choice, took: Option<Duration>) {
        let mut ways = lock(&self.ways);
        match took {
            Some(took) => {
                let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                ways.measured(bytes, choice, ns);
            }
            None => ways.failed(bytes, choice),
        }
    }

    /// The system does not let this process move pages.
    pub(crate) fn forbid_pages(&self) {
        lock(&self.ways).forbid();
    }

    /// A block that has moved has kept its address.
    pub(crate) fn by_pages(&self) {
        self.by_pages.fetch_add(1, Ordering::Relaxed);
    }

    /// So many groups were sent to another region.
    pub(crate) fn regrouped(&self, groups: usize) {
        self.regrouped.fetch_add(groups as u64, Ordering::Relaxed);
    }

    /// A block has moved, or has one copy more; when that began.
    pub(crate) fn made(&self, moved: Moved, begun: u64) {
        let (times, bytes) = match moved.copied {
            true => (&self.copied, &self.copied_bytes),
            false => (&self.moved, &self.moved_bytes),
        };
        times.fetch_add(1, Ordering::Relaxed);
        bytes.fetch_add(moved.bytes, Ordering::Relaxed);
        if let Some(notes) = &self.notes {
            notes.add(moved, begun);
        }
    }

    /// A move or a copy was not made.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> MoveCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        MoveCounts {
            moved: load(&self.moved),
            moved_bytes: load(&self.moved_bytes),
            by_pages: load(&self.by_pages),
            regrouped: load(&self.regrouped),
            copied: load(&self.copied),
            copied_bytes: load(&self.copied_bytes),
            refused: load(&self.refused),
            replica_bytes: load(&self.held),
        }
    }
}
