//! The two counters of a codelet: what it waits for, and what it and its descendants still have to do.
//!
//! Proof: `docs/design/codelets.md`; model: `models/counts.rs`.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What a codelet waits for: one for each dependence, those included that turn out to be there already, which the spawner
/// takes off when it has joined all others. Who brings it to zero makes the codelet ready, and nobody else does.
#[derive(Debug)]
pub(crate) struct Pending(AtomicU32);

impl Pending {
    pub(crate) fn new() -> Self {
        Pending(AtomicU32::new(0))
    }

    /// Sets the count, before anybody else can see the codelet.
    #[inline]
    pub(crate) fn set(&self, count: u32) {
        self.0.store(count, Ordering::Relaxed);
    }

    /// Takes `n` off; true for the caller that reaches zero, which then sees everything that the others did
    /// before they took theirs off.
    #[inline]
    pub(crate) fn arrive(&self, n: u32) -> bool {
        // AcqRel: Release hands on what this caller wrote (a predecessor's results), Acquire lets the last one
        // see what all others wrote; the pairs are the other calls of this same operation.
        let (look, take) = if mutant!("pending_relaxed") {
            (Ordering::Relaxed, Ordering::Relaxed)
        } else {
            (Ordering::Acquire, Ordering::AcqRel)
        };
        // What is left is ours: nobody else will come, so there is nothing to take it off for.
        if self.0.load(look) == n {
            return true;
        }
        let before = self.0.fetch_sub(n, take);
        debug_assert!(before >= n, "a dependence arrived twice");
        before == n
    }
}

/// What a codelet and its descendants still have to do. Children are counted where they are spawned, without an
/// atomic, and added when the body ends; a child that ends takes one off. So a leaf costs nothing here, and a
/// parent one operation for its body and one for each batch of children that end on an engine.
#[derive(Debug)]
pub(crate) struct Live(AtomicU64);

/// Stands for the body until it ends; more than any count of children.
const BODY: u64 = 1 << 62;

impl Live {
    pub(crate) fn new() -> Self {
        Live(AtomicU64::new(BODY))
    }

    /// Before anybody else can see the codelet.
    #[inline]
    pub(crate) fn reset(&self) {
        self.0.store(BODY, Ordering::Relaxed);
    }

    /// `n` children have ended. True if that was the last of it: then the caller ends this codelet.
    #[inline]
    pub(crate) fn children_ended(&self, n: u64) -> bool {
        // As in `Pending::arrive`: the one who ends the codelet sees all that its descendants did.
        let (look, take) = if mutant!("live_relaxed") {
            (Ordering::Relaxed, Ordering::Relaxed)
        } else {
            (Ordering::Acquire, Ordering::AcqRel)
        };
        // What is left is ours, the body included: nobody else will come.
        self.0.load(look) == n || self.0.fetch_sub(n, take) == n
    }

    /// The body has ended after spawning `children`. True if nothing is left: then the caller ends this codelet.
    #[inline]
    pub(crate) fn body_ended(&self, children: u64) -> bool {
        // Children that were counted by who opened them are told of by who ends them. Acquire as in `children_ended`.
        if children == 0 && self.0.load(Ordering::Acquire) == BODY {
            return true;
        }
        let left = BODY - children;
        if mutant!("live_body_stored") {
            self.body_ended_unseen(children);
            return false;
        }
        // AcqRel as above.
        let order = if mutant!("live_body_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::AcqRel
        };
        self.0.fetch_sub(left, order) == left
    }

    /// One more child, of a codelet or scope that does not end meanwhile: the caller knows of another child that has not.
    #[inline]
    pub(crate) fn child_begun(&self) {
        // Relaxed: whoever takes it off learns of it from the child.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The same, while nobody else can have seen any of the children: so none has ended, and there is nothing to race with.
    /// Whoever sees one later sees this count, by the way on which the child comes.
    #[inline]
    pub(crate) fn body_ended_unseen(&self, children: u64) {
        self.0.store(children, Ordering::Relaxed);
    }
}
