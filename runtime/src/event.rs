//! The one-shot at the heart of events, values and codelet ends: a list of waiters until it fires, a verdict after.
//!
//! # States
//!
//! One 64-bit word holds the generation of the thing it belongs to (high half) and a list head (low half):
//!
//! | low half | meaning | who may change it |
//! |---|---|---|
//! | `0` | not fired, nobody waits | anybody by [`OneShot::register`], the firer by [`OneShot::fire`] |
//! | node | not fired, a list of waiters, newest first | the same |
//! | `FIRED` | fired, well | the owner by [`OneShot::recycle`] |
//! | `POISONED` | fired, failed | the owner by [`OneShot::recycle`] |
//!
//! A waiter is a node of 16 bytes inside the waiting codelet's record; its link belongs to whoever is about to
//! publish the node until `register` succeeds, then to the list, then to the one who fired. The generation is part
//! of each compare-and-swap, so a stale handle can never join the list of the record's next tenant.
//! Proof: `docs/design/events.md`; model: `models/event.rs`.

use crate::id::RuntimeId;
use crate::mutants::mutant;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

const NONE: u32 = 0;
const FIRED: u32 = u32::MAX;
const POISONED: u32 = u32::MAX - 1;
/// Node numbers stay below this.
pub(crate) const MAX_NODE: u32 = u32::MAX - 2;

/// Where the links between nodes live.
pub(crate) trait Links {
    fn next(&self, node: u32) -> u32;
    fn set_next(&self, node: u32, next: u32);
}

/// What registering found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registered {
    /// The node is in the list; the firer will find it.
    Waiting,
    /// It had fired: do not wait.
    Fired,
    /// It had fired with poison: do not wait, and fail.
    Poisoned,
    /// The generation is over: what the handle named has ended and is gone.
    Stale,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct OneShot(AtomicU64);

#[inline]
const fn word(generation: u32, low: u32) -> u64 {
    (generation as u64) << 32 | low as u64
}

/// Acquire pairs with `register`'s Release (nodes); Release pairs with its Acquire (results).
#[inline]
fn fire_order() -> Ordering {
    if mutant!("event_fire_relaxed") {
        Ordering::Relaxed
    } else {
        Ordering::AcqRel
    }
}

impl OneShot {
    pub(crate) fn new() -> Self {
        OneShot(AtomicU64::new(word(0, NONE)))
    }

    /// The generation now. Exact only for the owner.
    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        (self.0.load(Ordering::Relaxed) >> 32) as u32
    }

    /// Joins the list of waiters, unless it fired or the generation is over.
    pub(crate) fn register(&self, generation: u32, node: u32, links: &impl Links) -> Registered {
        debug_assert!(node != NONE && node <= MAX_NODE);
        // Acquire pairs with the swap in `fire`: who finds it fired also sees what the firer wrote before.
        let order = if mutant!("event_look_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let mut seen = self.0.load(order);
        loop {
            let over = (seen >> 32) as u32 != generation;
            if over && !mutant!("event_ignores_generation") {
                return Registered::Stale;
            }
            match seen as u32 {
                FIRED => return Registered::Fired,
                POISONED => return Registered::Poisoned,
                head => links.set_next(node, head),
            }
            // Release pairs with the swap in `fire`: the firer sees the node's link and the waiting codelet.
            let order = if mutant!("event_register_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Release
            };
            match self.0.compare_exchange_weak(
                seen,
                word(generation, node),
                order,
                Ordering::Acquire,
            ) {
                Ok(_) => return Registered::Waiting,
                Err(now) => seen = now,
            }
        }
    }

    /// Fires, once in a generation, by the owner. Returns the first waiter, or 0; walk on with [`Links::next`],
    /// and read a node's link **before** telling its codelet, which may run and be gone.
    #[inline]
    pub(crate) fn fire(&self, poisoned: bool) -> u32 {
        let generation = self.generation();
        let verdict = if poisoned { POISONED } else { FIRED };
        let before = self.0.swap(word(generation, verdict), fire_order());
        debug_assert!((before as u32) <= MAX_NODE, "an event fires once");
        before as u32
    }

    /// Fires well and ends the generation in one step: for what nobody needs to look at afterwards. Who registers late
    /// finds the generation over, which means the same. Returns the first waiter as [`OneShot::fire`] does, and whether
    /// there are generations left.
    #[inline]
    pub(crate) fn fire_and_recycle(&self) -> (u32, bool) {
        let generation = self.generation();
        let before = self
            .0
            .swap(word(generation.wrapping_add(1), NONE), fire_order());
        debug_assert!((before as u32) <= MAX_NODE, "an event fires once");
        (before as u32, generation < u32::MAX - 1)
    }

    /// Takes out the waiters for whom `cut` holds, while others may register and fire; `told` hears of each that is not
    /// in the list any more, and why: [`Registered::Waiting`] for those taken out, else how the one-shot fired meanwhile.
    /// The caller keeps the one-shot and its generation alive. Proof: `docs/design/cancellation.md`.
    pub(crate) fn cut_out(
        &self,
        generation: u32,
        links: &impl Links,
        mut cut: impl FnMut(u32) -> bool,
        mut told: impl FnMut(u32, Registered),
    ) {
        let mut node = self.take_waiters(generation);
        while node != NONE {
            // Read before telling, as in `fire`.
            let next = links.next(node);
            if cut(node) {
                told(node, Registered::Waiting);
            } else {
                // The node is ours until it is in the list again.
                let registered = self.register(generation, node, links);
                if registered != Registered::Waiting && !mutant!("event_cut_forgets_fired") {
                    told(node, registered);
                }
            }
            node = next;
        }
    }

    /// Takes the list of waiters, if it has not fired: from then on they are the caller's, to tell or to register again.
    fn take_waiters(&self, generation: u32) -> u32 {
        // Acquire pairs with the Release in `register`: the nodes' links and the waiting codelets.
        let order = if mutant!("event_take_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let low = seen as u32;
            if (seen >> 32) as u32 != generation || low == NONE || low > MAX_NODE {
                return NONE;
            }
            if mutant!("event_take_blind") {
                self.0.store(word(generation, NONE), Ordering::Relaxed);
                return low;
            }
            match self.0.compare_exchange_weak(
                seen,
                word(generation, NONE),
                order,
                Ordering::Relaxed,
            ) {
                Ok(_) => return low,
                Err(now) => seen = now,
            }
        }
    }

    /// The verdict, if this generation has fired: `Some(poisoned)`.
    #[inline]
    pub(crate) fn verdict(&self, generation: u32) -> Option<bool> {
        // Acquire pairs with the swap in `fire`.
        let seen = self.0.load(Ordering::Acquire);
        if (seen >> 32) as u32 != generation {
            return None;
        }
        match seen as u32 {
            FIRED => Some(false),
            POISONED => Some(true),
            _ => None,
        }
    }

    /// Whether somebody waits for it, which has not fired: a hint, since somebody may just come.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed) as u32 != NONE
    }

    /// The first waiter of a one-shot that has not fired. Only while nothing else moves (the stuck report).
    #[inline]
    pub(crate) fn waiters(&self) -> u32 {
        match self.0.load(Ordering::Acquire) as u32 {
            FIRED | POISONED => NONE,
            head => head,
        }
    }

    /// Replaces the list of waiters. Only while nothing else moves (the stuck report).
    #[inline]
    pub(crate) fn set_waiters(&self, head: u32) {
        self.0
            .store(word(self.generation(), head), Ordering::Release);
    }

    /// Ends the generation; handles to it are stale from now on. By the owner, once it has fired; or if no handle of this generation
    /// was given out: then nobody joins its list, since who has an older one finds that over. False when generations are
    /// used up: then the thing must not be used again.
    #[inline]
    pub(crate) fn recycle(&self) -> bool {
        let generation = self.generation();
        // Release: a reader that sees the new generation sees the end of the old one.
        let order = if mutant!("event_recycle_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.0.store(word(generation.wrapping_add(1), NONE), order);
        generation < u32::MAX - 1
    }
}

/// A one-shot that stands alone: an event that users make.
#[derive(Debug)]
pub(crate) struct EventCell {
    pub(crate) one_shot: OneShot,
    /// The number of a failure; written before it fires poisoned.
    pub(crate) cause: AtomicU32,
    /// Who refers to it.
    refs: Refs,
    pub(crate) runtime: RuntimeId,
    pub(crate) name: &'static str,
    /// Whether threads outside of the runtime may satisfy it; else only codelets of its scope do.
    pub(crate) outside: bool,
}

impl EventCell {
    fn new(runtime: RuntimeId, name: &'static str, outside: bool) -> Self {
        EventCell {
            one_shot: OneShot::new(),
            cause: AtomicU32::new(0),
            refs: Refs::new(),
            runtime,
            name,
            outside,
        }
    }
}

/// Cells of events that have gone, for the next ones of the same engine: it mostly satisfies what it has made.
#[derive(Default)]
pub(crate) struct SpareCells {
    // In boxes, since that is what an event's references lead to.
    #[expect(clippy::vec_box)]
    cells: Vec<Box<EventCell>>,
}

impl SpareCells {
    /// At most so many are kept.
    const MOST: usize = 512;

    /// A new event of a scope.
    #[inline]
    pub(crate) fn make(&mut self, runtime: RuntimeId, name: &'static str) -> EventRef {
        let new = EventCell::new(runtime, name, false);
        EventRef::to(match self.cells.pop() {
            Some(mut cell) => {
                *cell = new;
                cell
            }
            None => Box::new(new),
        })
    }

    /// Lets go of an event, and keeps its cell if that was the last reference.
    #[inline]
    pub(crate) fn let_go(&mut self, event: EventRef) {
        if let Some(cell) = event.let_go()
            && self.cells.len() < Self::MOST
        {
            self.cells.push(cell);
        }
    }
}

/// How many refer to a thing: one at first.
#[derive(Debug)]
pub(crate) struct Refs(AtomicU32);

impl Refs {
    pub(crate) fn new() -> Self {
        Refs(AtomicU32::new(1))
    }

    /// One more, by one who does.
    #[inline]
    pub(crate) fn add(&self) {
        // Relaxed: the new reference comes from one that is there.
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        if before > u32::MAX / 2 {
            // So many were leaked that the count would come round.
            std::process::abort();
        }
    }

    /// Whether more than `known` do. Asked by those who do: then a no is final.
    pub(crate) fn are_more_than(&self, known: u32) -> bool {
        // Acquire as in `let_go`.
        self.0.load(Ordering::Acquire) > known
    }

    /// One less, by one who did; whether it was the last. That all others have done with the thing is seen after a yes.
    #[inline]
    pub(crate) fn let_go(&self) -> bool {
        // Acquire pairs with the Release below. The last one is the only one who could add one.
        let look = if mutant!("event_ref_look_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        // Release pairs with the Acquire of the last, here or above.
        let release = if mutant!("event_ref_release_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::AcqRel
        };
        self.0.load(look) == 1 || self.0.fetch_sub(1, release) == 1
    }
}

/// A counted reference to an event's cell. Like an `Arc`, but the last one to go, if it is seen to be the last, needs
/// no atomic write for that: mostly the one that satisfies the event, when the program has dropped its handle. Model:
/// `models/event.rs`.
#[derive(Debug)]
pub(crate) struct EventRef(NonNull<EventCell>);

// SAFETY: a reference gives shared access only, and the cell, which is `Sync`, may be freed by any thread.
unsafe impl Send for EventRef {}
// SAFETY: as above.
unsafe impl Sync for EventRef {}

impl EventRef {
    pub(crate) fn new(runtime: RuntimeId, name: &'static str, outside: bool) -> Self {
        EventRef::to(Box::new(EventCell::new(runtime, name, outside)))
    }

    fn to(cell: Box<EventCell>) -> Self {
        EventRef(NonNull::from(Box::leak(cell)))
    }

    /// Lets go of it; the cell, if this was the last reference.
    #[inline]
    fn let_go(self) -> Option<Box<EventCell>> {
        let event = ManuallyDrop::new(self);
        event.refs.let_go().then(|| {
            // SAFETY: made by `Box::leak`, and nobody else refers to it.
            unsafe { Box::from_raw(event.0.as_ptr()) }
        })
    }

    /// Whether somebody refers to it beside these `known`. Who speaks for all of them and reads no does not race with
    /// anybody: nobody else could make another reference.
    pub(crate) fn is_shared(&self, known: u32) -> bool {
        self.refs.are_more_than(known)
    }

    /// Whether it has fired.
    pub(crate) fn has_fired(&self) -> bool {
        self.one_shot.verdict(0).is_some()
    }
}

impl std::ops::Deref for EventRef {
    type Target = EventCell;

    #[inline]
    fn deref(&self) -> &EventCell {
        // SAFETY: it is freed with the last reference, and this is one.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for EventRef {
    #[inline]
    fn clone(&self) -> Self {
        self.refs.add();
        EventRef(self.0)
    }
}

impl Drop for EventRef {
    #[inline]
    fn drop(&mut self) {
        if self.refs.let_go() {
            // SAFETY: made by `Box::leak`, and nobody else refers to it.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
