//! Events that users make: one-shots with a name, and a trigger that satisfies them once.

use crate::decide::dependence::Poison;
use crate::engine::{Engine, Followers};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventCell;
use crate::failure::Cause;
use crate::id::CodeletId;
use crate::shared::Shared;
use crate::spawn::After;
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::timers::Alarm;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something that happens once, and that codelets can wait for with `after`. Cloned freely.
#[derive(Clone)]
pub struct Event(Inner);

#[derive(Clone)]
enum Inner {
    /// The end of a codelet or a scope.
    End(CodeletId),
    /// An event with a trigger.
    Made(Arc<Made>),
    /// An event that a timer fires.
    Alarm(crate::sync::Arc<Alarm>),
}

/// An event that somebody satisfies.
pub(crate) struct Made {
    cell: EventCell,
    shared: Arc<Shared>,
}

impl Made {
    /// One that nobody has satisfied. `outside`: threads outside of the runtime may do so.
    pub(crate) fn new(shared: &Shared, name: &'static str, outside: bool) -> Arc<Self> {
        Arc::new(Made {
            cell: EventCell::new(name, outside),
            shared: shared.hold(),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.cell.name
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn has_fired(&self) -> bool {
        self.cell.one_shot.verdict(0).is_some()
    }

    /// Notes a failure of this event; its number.
    pub(crate) fn blame(&self, made_at: &'static Location<'static>, message: String) -> Poison {
        self.shared.failures.add(Cause {
            codelet: self.cell.name,
            spawned_at: made_at,
            message,
            panicked: false,
        })
    }

    /// Fires it, once, from any thread: with the number of the failure that poisons it, or 0.
    pub(crate) fn fire(&self, cause: u32) {
        let shared = &self.shared;
        let mut stranger = lock(&shared.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(shared, None, &raw mut *stranger) };
        engine.fire_event(&self.cell, cause, &mut Followers::posted());
        // Perhaps nobody became ready by that, and a scope has lost its last hope.
        shared.looked_at.store(u64::MAX, Ordering::Relaxed);
    }
}

impl Event {
    pub(crate) fn end(id: CodeletId) -> Self {
        Event(Inner::End(id))
    }

    pub(crate) fn made(made: Arc<Made>) -> Self {
        Event(Inner::Made(made))
    }

    /// An event that comes at this time.
    pub(crate) fn timer(shared: &Shared, time: Option<Instant>) -> Self {
        // Beyond what the clock can count: in a hundred years, then.
        const LONG: Duration = Duration::from_secs(100 * 365 * 86400);
        let time = time.unwrap_or_else(|| Instant::now() + LONG);
        Event(Inner::Alarm(shared.add_timer(time)))
    }

    pub(crate) fn as_after(&self, shared: &Shared) -> Result<After> {
        match &self.0 {
            Inner::End(id) => Ok(After::End(*id)),
            Inner::Made(made) if std::ptr::eq(&raw const *made.shared, shared) => {
                Ok(After::Event(&raw const made.cell))
            }
            Inner::Alarm(alarm) if alarm.runtime == shared.id => {
                Ok(After::Event(&raw const alarm.cell))
            }
            Inner::Made(made) => Err(foreign(made.cell.name)),
            Inner::Alarm(alarm) => Err(foreign(alarm.cell.name)),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::End(id) => write!(f, "Event(end of codelet {})", id.record()),
            Inner::Made(made) => write!(f, "Event({})", made.cell.name),
            Inner::Alarm(alarm) => write!(f, "Event({})", alarm.cell.name),
        }
    }
}

fn foreign(name: &str) -> Error {
    Error::new(
        ErrorKind::Foreign,
        format!("event `{name}` belongs to another runtime; use it with the runtime that made it"),
    )
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
    let made = Made::new(shared, name, outside);
    if let Some(check) = &shared.check {
        check.event_made((&raw const made.cell).addr(), name, Location::caller());
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
            engine.fire_event(&made.cell, 0, &mut Followers::posted());
        } else {
            self.made = Some(made);
            self.fire(0);
        }
    }

    fn fire(&mut self, cause: u32) {
        if let Some(made) = self.made.take() {
            made.fire(cause);
        }
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        let Some(made) = &self.made else {
            return;
        };
        let message = "the event's trigger was dropped unsatisfied".to_owned();
        let cause = made.blame(self.made_at, message);
        self.fire(cause.get());
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.made.as_ref().map_or("", |made| made.cell.name);
        write!(f, "Trigger({name})")
    }
}
