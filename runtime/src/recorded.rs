//! A codelet of a graph: what is needed to run it again and again.

use crate::access::{Desk, Lent, Slots};
use crate::captures::Captures;
use crate::decide::graph::{Lane, Schedule};
use crate::error::ErrorKind;
use crate::panics;
use std::any::Any;
use std::ptr::NonNull;

/// What a body said that did not end well.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) panicked: bool,
}

impl Fault {
    /// Of a body that panicked with this.
    #[cold]
    pub(crate) fn of_panic(panic: Box<dyn Any + Send>) -> Box<Fault> {
        let message = panics::message(&*panic);
        panics::drop_quietly(panic);
        Box::new(Fault {
            kind: ErrorKind::User,
            message,
            panicked: true,
        })
    }
}

/// Runs a body, and unwinds if it panics. Premises: the codelet is one of the type that the function is for, and what it captured is
/// there; the desk is its graph's, or has a list of it; it holds what it is lent from there, and nobody reads its value; `frame` points to
/// the engine's context.
pub(crate) type Run =
    unsafe fn(codelet: &Recorded, frame: *const (), desk: &Desk<'_>) -> Result<(), Box<Fault>>;

/// What is needed of the type of a recorded codelet. At the start of what was captured.
pub(crate) struct Table {
    pub(crate) run: Run,
    /// Drops what was captured, and the value. Premise: called once, and it is not used afterwards.
    pub(crate) discard: unsafe fn(captured: *mut ()),
    /// Where the value lies in what was captured; nothing is read there.
    pub(crate) value: usize,
    /// It is the runtime's own, and not counted if it is skipped.
    pub(crate) is_ours: bool,
}

/// A codelet of a graph. An engine streams these through its caches, so it has what each run needs, and no more.
#[derive(Clone, Copy)]
pub(crate) struct Recorded {
    /// What was captured: begins with its table.
    captured: *mut (),
    /// Where in the graph's list of what is lent its own begins.
    pub(crate) first_lent: u32,
    pub(crate) lents: u16,
    /// Some of what it is lent is in no table: memory of the engine's own, which has no start there, or a lane of a reduction that is to be
    /// filled first ([`IDENTITY`]).
    pub(crate) wants_more: bool,
}

/// In the list of what codelets are lent: what comes next is a lane of a reduction, to be filled first with the identity of
/// the operator whose number stands in place of the bytes.
pub(crate) const IDENTITY: *mut u8 = std::ptr::without_provenance_mut(usize::MAX - 1);

impl Recorded {
    /// A codelet with these captures.
    ///
    /// # Safety
    /// `captured` begins with its table, is what that is for, and stays as long as this one and its copies.
    pub(crate) unsafe fn new(captured: *mut ()) -> Self {
        Recorded {
            captured,
            first_lent: 0,
            lents: 0,
            wants_more: false,
        }
    }

    #[inline]
    fn table(&self) -> &'static Table {
        // SAFETY: what was captured begins with its table, and is there: the promise given to `new`.
        unsafe { *self.captured.cast::<&'static Table>() }
    }

    /// What it captured, which begins with its table.
    #[inline]
    pub(crate) fn captured(&self) -> *mut () {
        self.captured
    }

    /// What it is lent.
    ///
    /// # Safety
    /// The desk is its graph's, or has a list of it.
    #[inline]
    pub(crate) unsafe fn slots<'a>(&self, desk: &'a Desk<'a>) -> Slots<'a> {
        // SAFETY: its places are there: the caller's promise.
        unsafe { Slots::of_graph(desk, self.first_lent, self.lents) }
    }

    /// Runs its body.
    ///
    /// # Safety
    /// The premises of [`Run`], but for those of its type and what was captured.
    #[inline]
    pub(crate) unsafe fn run(&self, frame: *const (), desk: &Desk<'_>) -> Result<(), Box<Fault>> {
        // SAFETY: the table is that of what was captured: the promise given to `new`; the rest is the caller's.
        unsafe { (self.table().run)(self, frame, desk) }
    }

    /// The same; it is lent this list, and not what its graph's desk has for it.
    ///
    /// # Safety
    /// As for [`Recorded::run`], with this list, which has all that it is lent.
    pub(crate) unsafe fn run_with_list(
        &self,
        frame: *const (),
        desk: &Desk<'_>,
        list: &[Lent],
    ) -> Result<(), Box<Fault>> {
        let listed = Recorded {
            first_lent: 0,
            lents: list.len() as u16,
            ..*self
        };
        // SAFETY: the caller's promise; its places in the list are those that this desk has.
        unsafe { listed.run(frame, &desk.with_list(list)) }
    }

    /// Whether it is the runtime's own, and not counted if it is skipped.
    pub(crate) fn is_ours(&self) -> bool {
        self.table().is_ours
    }

    /// Its value as it is lent to readers.
    pub(crate) fn value(&self) -> Lent {
        Lent {
            start: self.captured.cast::<u8>().wrapping_add(self.table().value),
            bytes: 0,
        }
    }

    /// Drops what was captured.
    ///
    /// # Safety
    /// Called once among this one and its copies, when nobody runs it any more.
    unsafe fn discard(&self) {
        // SAFETY: the caller's promise.
        unsafe { (self.table().discard)(self.captured) };
    }
}

// SAFETY: bodies, accesses and values are `Send` and `Sync`, which the interface asks for where it records them.
unsafe impl Send for Recorded {}
// SAFETY: as above; who runs a codelet has it alone, by the graph's protocol.
unsafe impl Sync for Recorded {}

/// The codelets of a graph, with what they captured.
#[derive(Default)]
pub(crate) struct Bodies {
    /// Those that have been put into no lane: while they are recorded, all, in program order.
    list: Vec<Recorded>,
    /// Those of each lane, in its order.
    lanes: Vec<Box<[Recorded]>>,
    /// Where the captures lie.
    captures: Captures,
}

impl Bodies {
    /// One more, whose captures `keep` puts away.
    pub(crate) fn add(&mut self, keep: impl FnOnce(&mut Captures) -> Recorded) -> &mut Recorded {
        let recorded = keep(&mut self.captures);
        self.list.push(recorded);
        self.list.last_mut().expect("there is one now")
    }

    /// Memory that stays as long as the codelets: zeros, aligned for any element, in cache lines of its own. `None` if there is
    /// not so much.
    pub(crate) fn zeroed(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        self.captures.zeroed(bytes)
    }

    /// The codelets in program order, while they are recorded.
    #[inline]
    pub(crate) fn list(&self) -> &[Recorded] {
        &self.list
    }

    /// Puts them into the order in which lanes run them.
    pub(crate) fn deal(&mut self, schedule: &Schedule) {
        let list = std::mem::take(&mut self.list);
        let lane = |lane: &Lane| {
            let steps = lane.steps.iter();
            steps.map(|step| list[step.codelet as usize]).collect()
        };
        self.lanes = schedule.lanes.iter().map(lane).collect();
    }

    /// Puts them from the order of one schedule into that of another one.
    pub(crate) fn deal_anew(&mut self, old: &Schedule, new: &Schedule) {
        let steps = old.lanes.iter().zip(&self.lanes);
        let mut all: Vec<(u32, Recorded)> = steps
            .flat_map(|(lane, list)| {
                lane.steps
                    .iter()
                    .map(|step| step.codelet)
                    .zip(list.iter().copied())
            })
            .collect();
        all.sort_unstable_by_key(|(codelet, _)| *codelet);
        self.list = all.into_iter().map(|(_, recorded)| recorded).collect();
        self.deal(new);
    }

    /// The codelets of a lane, step by step.
    #[inline]
    pub(crate) fn of_lane(&self, lane: usize) -> &[Recorded] {
        &self.lanes[lane]
    }
}

impl Drop for Bodies {
    fn drop(&mut self) {
        for recorded in self.list.iter().chain(self.lanes.iter().flatten()) {
            // SAFETY: nobody runs codelets of a graph that goes, it goes once, and each codelet is in one list.
            unsafe { recorded.discard() };
        }
    }
}
