//! Events that users make: one-shots with a name, and a trigger that satisfies them once.

use crate::decide::dependence::Poison;
use crate::engine::{Engine, Followers};
use crate::error::{Error, ErrorKind, Origin, Result};
use crate::event::{EventCell, EventRef};
use crate::failure::Cause;
use crate::guard::{Place, guarded};
use crate::id::CodeletId;
use crate::live;
use crate::shared::Shared;
use crate::spawn::After;
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Something that happens once, and that codelets can wait for with `after`. Cloned freely.
#[derive(Clone)]
pub struct Event(Inner);

#[derive(Clone)]
enum Inner {
    /// The end of a codelet or a scope.
    End(CodeletId),
    /// An event that somebody satisfies.
    Made(EventRef),
}

/// Fires an event that somebody satisfies, once, from any thread: with the number of the failure that poisons it, or 0.
pub(crate) fn fire(event: &EventCell, cause: u32) {
    let Some(shared) = live::find(event.runtime) else {
        // Nobody waits any more.
        event.one_shot.fire(cause != 0);
        return;
    };
    guarded("a trigger", || {
        shared.trap.at(Place::Trigger);
        let mut stranger = lock(&shared.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(&shared, None, &raw mut *stranger) };
        engine.fire_event(event, cause, &mut Followers::posted());
        // Perhaps nobody became ready by that, and a scope has lost its last hope.
        shared.looked_at.store(u64::MAX, Ordering::Relaxed);
    });
}

/// Notes a failure of an event; its number.
pub(crate) fn blame(
    event: &EventCell,
    made_at: &'static Location<'static>,
    message: String,
) -> Poison {
    let cause = Cause {
        codelet: event.name,
        spawned_at: made_at,
        message,
        panicked: false,
        kind: ErrorKind::Event,
        origin: Origin::Event,
    };
    // Of a runtime that is gone nobody asks for the cause.
    live::find(event.runtime).map_or(Poison::MIN, |shared| shared.failures.add(cause))
}

impl Event {
    pub(crate) fn end(id: CodeletId) -> Self {
        Event(Inner::End(id))
    }

    pub(crate) fn made(event: EventRef) -> Self {
        Event(Inner::Made(event))
    }

    /// An event that comes at this time.
    pub(crate) fn timer(shared: &Shared, time: Option<Instant>) -> Self {
        // Beyond what the clock can count: in a hundred years, then.
        const LONG: Duration = Duration::from_secs(100 * 365 * 86400);
        let time = time.unwrap_or_else(|| Instant::now() + LONG);
        Event(Inner::Made(shared.add_timer(time)))
    }

    /// The codelet or scope whose end it is, if it is one.
    #[inline]
    pub(crate) fn as_end(&self) -> Option<CodeletId> {
        match &self.0 {
            Inner::End(id) => Some(*id),
            Inner::Made(_) => None,
        }
    }

    pub(crate) fn as_after(&self, shared: &Shared) -> Result<After> {
        match &self.0 {
            Inner::End(id) => Ok(After::End(*id)),
            Inner::Made(event) if event.runtime == shared.id => {
                Ok(After::Event(std::ptr::from_ref::<EventCell>(event)))
            }
            Inner::Made(event) => Err(Error::new(
                ErrorKind::Foreign,
                format!(
                    "event `{}` belongs to another runtime; use it with the runtime that made it",
                    event.name
                ),
            )),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::End(id) => write!(f, "Event(end of codelet {})", id.record()),
            Inner::Made(event) => write!(f, "Event({})", event.name),
        }
    }
}

/// The right, and the duty, to satisfy an event, once. Dropping it poisons the event: those who wait for it are skipped.
#[must_use = "dropping a trigger poisons its event"]
pub struct Trigger {
    event: EventRef,
    made_at: &'static Location<'static>,
}

/// A new event and its trigger.
#[track_caller]
#[inline]
pub(crate) fn with_trigger(shared: &Shared, event: EventRef) -> (Event, Trigger) {
    if let Some(check) = &shared.check {
        let cell = std::ptr::from_ref::<EventCell>(&event);
        check.event_made(cell.addr(), event.name, Location::caller());
    }
    let trigger = Trigger {
        event: event.clone(),
        made_at: Location::caller(),
    };
    (Event::made(event), trigger)
}

impl Trigger {
    /// Satisfies the event, from any thread.
    pub fn satisfy(self) {
        fire(&self.defused(), 0);
    }

    /// Satisfies the event from a thread that has an engine.
    #[inline]
    pub(crate) fn fire_on(self, engine: &Engine<'_>) {
        let event = self.defused();
        if event.runtime == engine.shared.id {
            guarded("a trigger", || {
                engine.fire_event(&event, 0, &mut Followers::posted());
                engine.local(|local| local.events.let_go(event));
            });
        } else {
            fire(&event, 0);
        }
    }

    /// The event; its drop is left to the caller, and the trigger's has no effect.
    #[inline]
    fn defused(self) -> EventRef {
        let trigger = ManuallyDrop::new(self);
        // SAFETY: the trigger is not dropped, and nothing else of it needs to be.
        unsafe { std::ptr::read(&raw const trigger.event) }
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        let message = "the event's trigger was dropped unsatisfied".to_owned();
        let cause = blame(&self.event, self.made_at, message);
        fire(&self.event, cause.get());
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trigger({})", self.event.name)
    }
}
