//! Channels: a line of events, satisfied one after the other.

use crate::decide::event_kinds::{self as kinds, Action, Input, Kind, Misuse, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::event::EventRef;
use crate::live;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::spin_lock::SpinLock;
use crate::trigger::{Event, blame, fire};
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::sync::Arc;

/// What both ends share.
struct Line {
    /// An event that is never handed out: its name and runtime are those of all.
    pattern: EventRef,
    machine: SpinLock<kinds::Channel<EventRef, ()>>,
    made_at: &'static Location<'static>,
}

impl Line {
    /// Steps, and fires the events that the step says.
    fn step(&self, input: Input<EventRef, ()>) -> Result<()> {
        let mut told = Vec::new();
        let step = self.machine.with(|machine| {
            machine.step(input, &mut |action| {
                if let Action::Tell(event, verdict) = action {
                    told.push((event, verdict));
                }
            })
        });
        step.map_err(|misuse| self.wrong(misuse))?;
        // Outside the lock: each event is told by one step.
        for (event, verdict) in told {
            match verdict {
                Verdict::Poisoned(cause) => fire(&event, cause.get()),
                Verdict::Satisfied(_) | Verdict::Destroyed => fire(&event, 0),
            }
        }
        Ok(())
    }

    fn wrong(&self, misuse: Misuse) -> Error {
        let (name, at) = (self.pattern.name, self.made_at);
        Error::new(
            ErrorKind::Event,
            format!("the channel `{name}`, made at {at}: {misuse}"),
        )
    }
}

/// The waiting end of a channel of events: the i-th call of [`Channel::next`] gives the event that comes with the i-th
/// call of [`ChannelTrigger::satisfy`], whichever of the two is first. Cloned freely.
///
/// The kind is OCR's (Open Community Runtime, version 1.2).
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let (steps, trigger) = rt.channel("steps", None);
/// std::thread::spawn(move || {
///     for _ in 0..3 {
///         trigger.satisfy()?; // a device has made a step
///     }
///     Ok::<(), sprat::Error>(())
/// });
/// rt.finish(|s| {
///     for step in 0..3 {
///         let event = steps.next()?;
///         s.codelet("step").after(&event).spawn((), move |_, ()| println!("step {step}"));
///     }
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Channel(Arc<Line>);

/// The satisfying end of a channel of events. Owned by one, who may share it by reference; its drop ends the channel:
/// events that were waited for in vain, then and later, are poisoned.
#[must_use = "dropping it poisons the events that are waited for"]
pub struct ChannelTrigger(Arc<Line>);

#[track_caller]
fn make(
    shared: &Shared,
    name: &'static str,
    outside: bool,
    bound: Option<NonZeroUsize>,
) -> (Channel, ChannelTrigger) {
    let line = Arc::new(Line {
        pattern: EventRef::new(shared.id, name, outside),
        machine: SpinLock::new(kinds::Channel::new(bound)),
        made_at: Location::caller(),
    });
    (Channel(line.clone()), ChannelTrigger(line))
}

impl Channel {
    /// The next event.
    ///
    /// # Errors
    /// [`ErrorKind::Event`] if so many events as the channel's bound allows have not come yet.
    pub fn next(&self) -> Result<Event> {
        let line = &*self.0;
        let pattern = &line.pattern;
        let event = match live::find(pattern.runtime) {
            Some(shared) => shared.new_event(pattern.name, pattern.outside),
            // Nobody will wait for it.
            None => EventRef::new(pattern.runtime, pattern.name, pattern.outside),
        };
        line.step(Input::Register(event.clone()))?;
        Ok(Event::made(event))
    }
}

impl ChannelTrigger {
    /// Satisfies the next event of the line, which may be waited for already, or only later.
    ///
    /// # Errors
    /// [`ErrorKind::Event`] if so many satisfactions as the channel's bound allows have not been waited for yet.
    pub fn satisfy(&self) -> Result<()> {
        self.0.step(Input::Satisfy(None))
    }
}

impl Drop for ChannelTrigger {
    fn drop(&mut self) {
        let line = &*self.0;
        let message = "the channel's trigger was dropped before this event of it came".to_owned();
        let cause = blame(&line.pattern, line.made_at, message);
        line.step(Input::Close(cause))
            .expect("a channel can be closed");
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({})", self.0.pattern.name)
    }
}

impl fmt::Debug for ChannelTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelTrigger({})", self.0.pattern.name)
    }
}

impl Runtime {
    /// A line of events that come one after the other, satisfied by any thread. Either end may be ahead of the other by
    /// `bound` events, or by any number. A scope with codelets that wait for one of the events waits, too, as long as the
    /// trigger lives.
    #[track_caller]
    pub fn channel(
        &self,
        name: &'static str,
        bound: Option<NonZeroUsize>,
    ) -> (Channel, ChannelTrigger) {
        make(self.shared(), name, true, bound)
    }
}

impl Scope<'_> {
    /// A channel of this scope: its codelets satisfy the events; see [`Scope::event`] for the difference.
    #[track_caller]
    pub fn channel(
        &self,
        name: &'static str,
        bound: Option<NonZeroUsize>,
    ) -> (Channel, ChannelTrigger) {
        make(self.frame().engine.shared, name, false, bound)
    }
}
