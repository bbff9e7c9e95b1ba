//! The steps of events, each under its lock.

use super::{EVENTS, Entry, Event, Told, Waiter, end, keep};
use crate::code::{Answer, Code, EINVAL, EPERM};
use crate::context::Context;
use crate::guid::{Guid, Kind};
use crate::{depend, hint, program};
use sprat::decide::event_kinds::{Action, Input, Kind as Steps, Verdict};

/// Works on an event, under its lock.
#[inline]
pub(super) fn locked<R>(guid: Guid, f: impl FnOnce(&mut Entry) -> Answer<R>) -> Answer<R> {
    if !guid.is(Kind::Event) {
        return Err(EINVAL);
    }
    let (number, generation) = guid.place();
    let place = EVENTS.at(number).ok_or(EINVAL)?;
    place.thing.with(|entry| match place.has(generation) {
        true => f(entry),
        false => Err(EINVAL),
    })
}

/// A step of an event: what is to be told goes to `told`, and an event that is gone by it goes. `allow` says whether it may be taken.
fn step(
    guid: Guid,
    input: Input<Waiter, Guid>,
    told: &mut Told,
    allow: impl FnOnce(&mut Entry) -> Answer,
) -> Answer {
    if !guid.is(Kind::Event) {
        return Err(EINVAL);
    }
    let (number, generation) = guid.place();
    let place = EVENTS.at(number).ok_or(EINVAL)?;
    let ended = place.thing.with(|entry| {
        if !place.has(generation) {
            return Err(EINVAL);
        }
        allow(entry)?;
        let gone = general_step(entry, input, told)?;
        Ok(gone.then(|| end(place, entry)))
    })?;
    if let Some(renewed) = ended {
        hint::gone(guid);
        keep(number, renewed);
    }
    Ok(())
}

/// A step of any kind of event, under its lock; whether it is gone by that.
#[inline(never)]
fn general_step(entry: &mut Entry, input: Input<Waiter, Guid>, told: &mut Told) -> Answer<bool> {
    let mut gone = false;
    let act = &mut |action| match action {
        Action::Tell(waiter, Verdict::Satisfied(what)) => {
            told.push(waiter, what.unwrap_or(Guid::NULL))
        }
        // Whoever waits for what was destroyed waits in vain, which the report tells.
        Action::Tell(..) => (),
        Action::Gone => gone = true,
    };
    let stepped = match &mut entry.event {
        Event::Free => return Err(EINVAL),
        Event::Once(event) => event.step(input, act),
        Event::Sticky(event) => event.step(input, act),
        Event::Idem(event) => event.step(input, act),
        Event::Latch(event) => event.step(input, act),
        Event::Counted(event) => event.step(input, act),
        Event::Channel(event) => event.step(input, act),
        Event::Collective(_) => match input {
            Input::Destroy => return Ok(true),
            _ => return Err(EINVAL),
        },
    };
    stepped.map_err(Code::from)?;
    Ok(gone)
}

/// Adds who waits; `told` is told if it was satisfied already.
pub(crate) fn register(guid: Guid, waiter: Waiter, told: &mut Told) -> Answer {
    step(guid, Input::Register(waiter), told, |_| Ok(()))
}

/// The same of the first who waits for a once or sticky event that is not satisfied. False, and nothing has changed, if it is another one,
/// or anything is wrong: that is looked at by [`register`], under the lock anew.
#[inline]
pub(crate) fn register_first(guid: Guid, waiter: Waiter) -> bool {
    if !guid.is(Kind::Event) {
        return false;
    }
    let (number, generation) = guid.place();
    let Some(place) = EVENTS.at(number) else {
        return false;
    };
    place.thing.with(|entry| {
        place.has(generation)
            && match &mut entry.event {
                Event::Once(event) => event.register_first(waiter),
                Event::Sticky(event) => event.register_first(waiter),
                _ => false,
            }
    })
}

/// Satisfies a slot of an event with a block, or with nothing. The code is not that of a failure if it says that the event
/// takes no block: it was satisfied all the same, as programs rely on.
#[inline]
pub(crate) fn satisfy(guid: Guid, slot: u32, what: Guid, told: &mut Told) -> Answer {
    match shortly(guid, slot, what) {
        Some(waited) => {
            if let Some(waiter) = waited {
                told.push(waiter, what);
            }
            Ok(())
        }
        None => satisfy_otherwise(guid, slot, what, told),
    }
}

/// The same, and tells all who waited, and so on.
#[inline]
pub(crate) fn satisfy_all(context: &Context<'_>, guid: Guid, slot: u32, what: Guid) -> Answer {
    match shortly(guid, slot, what) {
        Some(waited) => {
            if let Some(waiter) = waited {
                depend::tell_one(context, waiter, what);
            }
            Ok(())
        }
        None => {
            let mut told = Told::default();
            let satisfied = satisfy_otherwise(guid, slot, what, &mut told);
            depend::tell(context, &mut told);
            satisfied
        }
    }
}

/// Satisfies a once or sticky event for which no more than one waits, who is to be told. `None`, and nothing has changed, if it is
/// another one, or anything is wrong: that is looked at the general way, under the lock anew.
#[inline]
fn shortly(guid: Guid, slot: u32, what: Guid) -> Option<Option<Waiter>> {
    if slot != 0 || !guid.is(Kind::Event) {
        return None;
    }
    let (number, generation) = guid.place();
    let place = EVENTS.at(number)?;
    let (waited, ended) = place.thing.with(|entry| {
        if !place.has(generation) || !(entry.takes_arg || what.is_null()) {
            return None;
        }
        let (waited, gone) = match &mut entry.event {
            Event::Once(event) => (event.satisfy_alone()?, true),
            Event::Sticky(event) => {
                let payload = (!what.is_null()).then_some(what);
                (event.satisfy_alone(payload)?, false)
            }
            _ => return None,
        };
        entry.satisfied = true;
        Some((waited, gone.then(|| end(place, entry))))
    })?;
    if let Some(renewed) = ended {
        hint::gone(guid);
        keep(number, renewed);
    }
    Some(waited)
}

#[inline(never)]
fn satisfy_otherwise(guid: Guid, slot: u32, what: Guid, told: &mut Told) -> Answer {
    let mut refused = false;
    let input = match (slot, what.is_null()) {
        (0, true) => Input::Satisfy(None),
        (0, false) => Input::Satisfy(Some(what)),
        (1, _) => Input::Increment,
        _ => return Err(EINVAL),
    };
    let stepped = step(guid, input, told, |entry| {
        if slot == 1 && !matches!(entry.event, Event::Latch(_)) {
            return Err(EINVAL);
        }
        // Latches ignore blocks. Counted events and channels are younger than the rule, and were never held to it.
        let strict = matches!(
            entry.event,
            Event::Once(_) | Event::Sticky(_) | Event::Idem(_)
        );
        refused = strict && !entry.takes_arg && !what.is_null();
        entry.satisfied = true;
        Ok(())
    });
    match (stepped, refused) {
        (Ok(()), true) => {
            program::find(|| {
                format!(
                    "a block was passed to event {:#x}, which was made without EVT_PROP_TAKES_ARG",
                    guid.0
                )
            });
            Err(EPERM)
        }
        (Err(code), _) => {
            program::find(|| describe(guid, code));
            Err(code)
        }
        (Ok(()), false) => Ok(()),
    }
}

#[cold]
fn describe(guid: Guid, code: Code) -> String {
    let why = match code {
        EPERM => "it was satisfied before, and this kind is satisfied once",
        EINVAL => {
            "there is no such event (any more), or it has no such slot; a once event is gone when it was satisfied"
        }
        _ => "its bound is reached",
    };
    format!("event {:#x} was satisfied in vain: {why}", guid.0)
}

pub(crate) fn destroy(guid: Guid) -> Answer {
    let told = &mut Told::default();
    step(guid, Input::Destroy, told, |_| Ok(()))
}
