//! Events that several parties satisfy: latches, and events that the first of many satisfies.

use crate::decide::event_kinds::{self as kinds, Action, Input, Kind, Misuse, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventRef;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::spin_lock::SpinLock;
use crate::trigger::{Event, blame, fire};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// What the clones of one handle share: a state machine whose one waiter is the event.
struct Handle<K: Kind<(), ()>> {
    event: EventRef,
    machine: SpinLock<K>,
    made_at: &'static Location<'static>,
    what: &'static str,
}

impl<K: Kind<(), ()>> Handle<K> {
    #[track_caller]
    fn new(
        shared: &Shared,
        name: &'static str,
        outside: bool,
        what: &'static str,
        kind: K,
    ) -> Self {
        let handle = Handle {
            event: shared.new_event(name, outside),
            machine: SpinLock::new(kind),
            made_at: Location::caller(),
            what,
        };
        handle
            .step(Input::Register(()))
            .expect("a new event can be waited for");
        handle
    }

    fn event(&self) -> Event {
        Event::made(self.event.clone())
    }

    /// Steps, and fires the event if that is what the step says; whether it did.
    fn step(&self, input: Input<(), ()>) -> Result<bool, Misuse> {
        let mut verdict = None;
        self.machine.with(|machine| {
            machine.step(input, &mut |action| {
                if let Action::Tell((), said) = action {
                    verdict = Some(said);
                }
            })
        })?;
        // Outside the lock: one step alone tells the one waiter.
        match verdict {
            None => return Ok(false),
            Some(Verdict::Poisoned(cause)) => fire(&self.event, cause.get()),
            Some(Verdict::Satisfied(_) | Verdict::Destroyed) => fire(&self.event, 0),
        }
        Ok(true)
    }

    fn wrong(&self, misuse: Misuse) -> Error {
        let (what, name, at) = (self.what, self.event.name, self.made_at);
        Error::new(
            ErrorKind::Event,
            format!("the {what} `{name}`, made at {at}: {misuse}"),
        )
    }
}

impl<K: Kind<(), ()>> Drop for Handle<K> {
    fn drop(&mut self) {
        if self.event.one_shot.verdict(0).is_some() {
            return;
        }
        let message = format!(
            "the last handle of the {} was dropped before it fired",
            self.what
        );
        let cause = blame(&self.event, self.made_at, message);
        self.step(Input::Close(cause))
            .expect("every kind can be closed");
    }
}

/// A counter that goes up and down, and whose event comes when it gets to zero: after that many parts of something, say.
/// Made by [`Runtime::latch`] or [`Scope::latch`]. Cloned freely, and used from any thread.
///
/// Its event comes once; a latch that has fired can be used no more. One made with a count of 0 waits until it has gone
/// up and come back. When the last clone is dropped before that, nobody can count any more, and the event is poisoned.
///
/// The kind is OCR's (Open Community Runtime, version 1.2), except that there a latch may go below zero.
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// rt.finish(|s| {
///     let (all_read, latch) = s.latch("all read", 3);
///     for _ in 0..3 {
///         let latch = latch.clone();
///         s.spawn((), move |_, ()| latch.down());
///     }
///     s.codelet("go on").after(&all_read).spawn((), |_, ()| println!("all have read"));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
#[must_use = "dropping the last handle of a latch poisons its event"]
pub struct Latch(Arc<Handle<kinds::Latch<()>>>);

impl Latch {
    #[track_caller]
    fn new(shared: &Shared, name: &'static str, outside: bool, count: u32) -> (Event, Self) {
        let kind = kinds::Latch::new(i64::from(count), false);
        let handle = Handle::new(shared, name, outside, "latch", kind);
        (handle.event(), Latch(Arc::new(handle)))
    }

    /// One more is to be waited for.
    ///
    /// # Errors
    /// [`ErrorKind::Event`] if the latch has fired.
    pub fn up(&self) -> Result<()> {
        let step = self.0.step(Input::Increment);
        step.map(drop).map_err(|misuse| self.0.wrong(misuse))
    }

    /// One has come. The event comes with the last of them.
    ///
    /// # Errors
    /// [`ErrorKind::Event`] if the latch has fired, or stands at 0 (it was made with 0, and never went up).
    pub fn down(&self) -> Result<()> {
        let step = self.0.step(Input::Decrement);
        step.map(drop).map_err(|misuse| self.0.wrong(misuse))
    }

    /// The count now: how many are still to come.
    pub fn count(&self) -> u64 {
        self.0
            .machine
            .with(|machine| machine.count())
            .unsigned_abs()
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Latch({}, at {})", self.0.event.name, self.count())
    }
}

/// The right to satisfy an event, shared: the first to do so satisfies it, and the others do nothing. Made by
/// [`Runtime::shared_event`] or [`Scope::shared_event`]. Cloned freely, and used from any thread; when the last clone is
/// dropped unsatisfied, the event is poisoned.
///
/// OCR calls this kind idempotent.
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// rt.finish(|s| {
///     let (found, first) = s.shared_event("found");
///     for part in 0..4 {
///         let first = first.clone();
///         s.spawn((), move |_, ()| {
///             if first.satisfy() {
///                 println!("part {part} has it");
///             }
///         });
///     }
///     s.codelet("then").after(&found).spawn((), |_, ()| println!("found"));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
#[must_use = "dropping the last handle poisons its event"]
pub struct SharedTrigger(Arc<Handle<kinds::Idempotent<(), ()>>>);

impl SharedTrigger {
    #[track_caller]
    fn new(shared: &Shared, name: &'static str, outside: bool) -> (Event, Self) {
        let kind = kinds::Idempotent::default();
        let handle = Handle::new(shared, name, outside, "shared trigger", kind);
        (handle.event(), SharedTrigger(Arc::new(handle)))
    }

    /// Satisfies the event, if nobody has yet: then true.
    pub fn satisfy(&self) -> bool {
        let step = self.0.step(Input::Satisfy(None));
        step.expect("it ignores what it has seen before")
    }
}

impl fmt::Debug for SharedTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedTrigger({})", self.0.event.name)
    }
}

impl Runtime {
    /// An event that comes when a counter, which begins with `count`, gets to zero. A scope with codelets that wait for
    /// it waits, too, as long as a handle of the latch lives. See [`Latch`].
    #[track_caller]
    pub fn latch(&self, name: &'static str, count: u32) -> (Event, Latch) {
        Latch::new(self.shared(), name, true, count)
    }

    /// An event that the first of several threads satisfies. A scope with codelets that wait for it waits, too, as long
    /// as a handle of the trigger lives. See [`SharedTrigger`].
    #[track_caller]
    pub fn shared_event(&self, name: &'static str) -> (Event, SharedTrigger) {
        SharedTrigger::new(self.shared(), name, true)
    }
}

impl Scope<'_> {
    /// A latch of this scope: its codelets count, and nobody outside; see [`Scope::event`] for the difference.
    #[track_caller]
    pub fn latch(&self, name: &'static str, count: u32) -> (Event, Latch) {
        Latch::new(self.frame().engine.shared, name, false, count)
    }

    /// An event of this scope that the first of several codelets satisfies.
    #[track_caller]
    pub fn shared_event(&self, name: &'static str) -> (Event, SharedTrigger) {
        SharedTrigger::new(self.frame().engine.shared, name, false)
    }
}
