//! Events that users make: one-shots with a name, and a trigger that satisfies them once.

use crate::engine::{Engine, Followers};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventCell;
use crate::failure::Cause;
use crate::guard::{Place, guarded};
use crate::id::CodeletId;
use crate::shared::Shared;
use crate::spawn::After;
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// Something that happens once, and that codelets can wait for with `after`. Cloned freely.
#[derive(Clone)]
pub struct Event(Inner);

#[derive(Clone)]
enum Inner {
    /// The end of a codelet or a scope.
    End(CodeletId),
    /// An event with a trigger.
    Made(Arc<Made>),
}

pub(crate) struct Made {
    pub(crate) cell: EventCell,
    shared: Arc<Shared>,
}

impl Event {
    pub(crate) fn end(id: CodeletId) -> Self {
        Event(Inner::End(id))
    }

    pub(crate) fn as_after(&self, shared: &Shared) -> Result<After> {
        match &self.0 {
            Inner::End(id) => Ok(After::End(*id)),
            Inner::Made(made) if std::ptr::eq(&raw const *made.shared, shared) => {
                Ok(After::Event(&raw const made.cell))
            }
            Inner::Made(made) => Err(Error::new(
                ErrorKind::Foreign,
                format!(
                    "event `{}` belongs to another runtime; use it with the runtime that made it",
                    made.cell.name
                ),
            )),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::End(id) => write!(f, "Event(end of codelet {})", id.record()),
            Inner::Made(made) => write!(f, "Event({})", made.cell.name),
        }
    }
}

/// The right, and the duty, to satisfy an event, once. Dropping it poisons the event: those who wait for it are skipped.
#[must_use = "dropping a trigger poisons its event"]
pub struct Trigger {
    made: Option<Arc<Made>>,
    made_at: &'static Location<'static>,
}

/// An event and its trigger.
#[track_caller]
pub(crate) fn make_event(shared: &Shared, name: &'static str, outside: bool) -> (Event, Trigger) {
    let made = Arc::new(Made {
        cell: EventCell::new(name, outside),
        shared: shared.hold(),
    });
    if outside {
        let made: std::sync::Weak<Made> = Arc::downgrade(&made);
        lock(&shared.cancelling.outside).add(made);
    }
    let event = Event(Inner::Made(made.clone()));
    let trigger = Trigger {
        made: Some(made),
        made_at: Location::caller(),
    };
    (event, trigger)
}

impl Trigger {
    /// Satisfies the event, from any thread.
    pub fn satisfy(mut self) {
        self.fire(0);
    }

    /// Satisfies the event from a thread that has an engine.
    pub(crate) fn fire_on(mut self, engine: &Engine<'_>) {
        let Some(made) = self.made.take() else {
            return;
        };
        if std::ptr::eq(&raw const *made.shared, engine.shared) {
            guarded("a trigger", || {
                engine.fire_event(&made.cell, 0, &mut Followers::posted());
            });
        } else {
            self.made = Some(made);
            self.fire(0);
        }
    }

    fn fire(&mut self, cause: u32) {
        let Some(made) = self.made.take() else {
            return;
        };
        let shared = &made.shared;
        guarded("a trigger", || {
            shared.trap.at(Place::Trigger);
            let mut stranger = lock(&shared.stranger);
            // SAFETY: the lock's guard is ours until the end.
            let engine = unsafe { Engine::new(shared, None, &raw mut *stranger) };
            engine.fire_event(&made.cell, cause, &mut Followers::posted());
        });
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        let Some(made) = &self.made else {
            return;
        };
        let cause = made.shared.failures.add(Cause {
            codelet: made.cell.name,
            spawned_at: self.made_at,
            message: "the event's trigger was dropped unsatisfied".to_owned(),
            panicked: false,
        });
        self.fire(cause.get());
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.made.as_ref().map_or("", |made| made.cell.name);
        write!(f, "Trigger({name})")
    }
}

impl Engine<'_> {
    /// Fires an event that a user made.
    fn fire_event(&self, cell: &EventCell, cause: u32, followers: &mut Followers) {
        cell.cause.store(cause, Ordering::Relaxed);
        self.tell(cell.one_shot.fire(cause != 0), cause, followers);
    }
}
