//! Who asks polled functions: whoever fires timers, and an engine that looks for work, without patience.

use crate::decide::dependence::Poison;
use crate::engine::{Engine, Followers};
use crate::error::{ErrorKind, Origin};
use crate::event::EventRef;
use crate::failure::Cause;
use crate::panics::drop_quietly;
use crate::polls::{Function, Polled};
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crate::sync::{lock, thread};
use crate::time_keeper::tell;
use std::panic::Location;

/// Why an event does not come whose function is not asked any more.
const CLOSED: &str =
    "its runtime was destroyed, so the function that is polled for it is called no more";

impl Shared {
    /// An event that comes when a function says so.
    pub(crate) fn add_poll(
        &self,
        name: &'static str,
        made_at: &'static Location<'static>,
        function: Function,
    ) -> EventRef {
        let event = self.new_event(name, true);
        let polled = Polled {
            event: event.clone(),
            made_at,
            function,
        };
        match self.polls.add(polled, &self.timers) {
            Ok(true) => tell(&self.domains[0].control),
            Ok(false) => (),
            Err(polled) => self.end_poll(polled, Err(CLOSED.to_owned())),
        }
        event
    }

    /// Ends polling for good: none of the functions is called any more when this returns, and events that have not come are
    /// poisoned.
    pub(crate) fn end_polling(&self) {
        for polled in self.polls.close() {
            self.end_poll(polled, Err(CLOSED.to_owned()));
        }
    }

    /// Asks all polled functions once, if it is time to.
    pub(crate) fn look_at_polls(&self) {
        if self.stops() {
            return;
        }
        let Some(mut look) = self.polls.look(&self.timers) else {
            return;
        };
        // Who waits in there for a scope could wait for itself.
        let me = thread::current().id();
        lock(&self.outside).push(me);
        while let Some((polled, verdict)) = look.next() {
            self.end_poll(polled, verdict);
            if self.stops() {
                break;
            }
        }
        let mut outside = lock(&self.outside);
        if let Some(at) = outside.iter().rposition(|&thread| thread == me) {
            outside.swap_remove(at);
        }
        drop(outside);
        let idle = |domain: &crate::shared::Domain| {
            domain.idle.is_any_asleep() || domain.idle.searching() > 0
        };
        look.end(self.domains.iter().any(idle));
    }

    fn end_poll(&self, polled: Polled, verdict: Result<(), String>) {
        let Polled {
            event,
            made_at,
            function,
        } = polled;
        // What it owns is gone when those run that wait for it.
        drop_quietly(function);
        let cause = verdict.err().map(|message| {
            self.failures.add(Cause {
                codelet: event.name,
                spawned_at: made_at,
                message,
                panicked: false,
                kind: ErrorKind::Event,
                origin: Origin::Event,
            })
        });
        let mut stranger = lock(&self.stranger);
        // SAFETY: the lock's guard is ours until the end.
        let engine = unsafe { Engine::new(self, None, &raw mut *stranger) };
        let cause = cause.map_or(0, Poison::get);
        engine.fire_event(&event, cause, &mut Followers::posted());
        // Perhaps nobody became ready by that, and a scope has lost its last hope.
        self.looked_at.store(u64::MAX, Ordering::Relaxed);
    }
}
