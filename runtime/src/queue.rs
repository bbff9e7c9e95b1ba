//! What is posted to an engine: a list that anybody pushes on and anybody may take, whole.
//!
//! Treiber's stack (IBM RJ 5118, 1986) without its pop: taking all at once leaves no room for the ABA problem. The
//! links lie in the codelets' records and belong to the pusher until the push succeeds, then to the list, then to the
//! taker. Model: `models/inbox.rs`.
//!
//! The engine's own queue is crossbeam's work-stealing deque (Chase and Lev, SPAA 2005; Lê, Pop, Cohen and Zappa
//! Nardelli, PPoPP 2013), trusted as it is.

use crate::event::Links;
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::spin_hint;
use crossbeam_deque::Steal;

/// See the module.
#[derive(Debug)]
pub(crate) struct Inbox {
    newest: AtomicU32,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Inbox {
            newest: AtomicU32::new(0),
        }
    }

    /// Pushes a codelet.
    pub(crate) fn push(&self, id: u32, links: &impl Links) {
        let mut newest = self.newest.load(Ordering::Relaxed);
        // Release pairs with the Acquire in `take`: the taker sees the codelet and its link.
        let order = if mutant!("inbox_push_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        loop {
            links.set_next(id, newest);
            match self
                .newest
                .compare_exchange_weak(newest, id, order, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    /// Takes all, oldest first: the head of a list linked through `links`, or 0.
    pub(crate) fn take(&self, links: &impl Links) -> u32 {
        if self.is_empty() {
            return 0;
        }
        // Acquire pairs with the Release in `push`. Pushes between form a release sequence, each being a
        // read-modify-write, so all of them are seen.
        let order = if mutant!("inbox_take_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let mut at = self.newest.swap(0, order);
        let mut oldest = 0;
        while at != 0 {
            let next = links.next(at);
            links.set_next(at, oldest);
            oldest = at;
            at = next;
        }
        oldest
    }

    /// Whether it looks empty now. The parking protocol's fence makes this exact where it must be.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.newest.load(Ordering::Relaxed) == 0
    }
}

/// Tries until it is clear whether there was something.
#[inline]
pub(crate) fn insist(mut take: impl FnMut() -> Steal<u32>) -> Option<u32> {
    loop {
        match take() {
            Steal::Success(id) => return Some(id),
            Steal::Empty => return None,
            Steal::Retry => spin_hint(),
        }
    }
}
