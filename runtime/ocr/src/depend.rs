//! Dependences: from a block, an event or nothing, to a slot of an EDT or of an event.

use crate::code::{Answer, EINVAL, EPERM};
use crate::context::Context;
use crate::event::{self, Told, Waiter};
use crate::guid::{Guid, Kind, WAITER};
use crate::slots::EdtRef;
use crate::types::*;
use crate::{block, edt, label, launching, program, waiters};
use std::num::NonZeroU64;

/// Whether this can be what comes on a slot, or brings it.
#[inline]
pub(crate) fn check_source(context: &Context<'_>, source: Guid) -> Answer {
    match source.is(Kind::Event) {
        true => event::exists(source),
        false => check_other_source(context, source),
    }
}

fn check_other_source(context: &Context<'_>, source: Guid) -> Answer {
    match source.kind() {
        None if source.is_null() || source == Guid::UNINITIALIZED => Ok(()),
        Some(Kind::Block) => block::exists(context, source),
        Some(Kind::Label) => is_event(source).and_then(|_| label::check(source)),
        _ => Err(EINVAL),
    }
}

/// Whether this is one of the ways to use what comes on a slot.
pub(crate) fn check_mode(mode: u32) -> Answer {
    match mode {
        DB_MODE_NULL | DB_MODE_CONST | DB_MODE_RW | DB_MODE_EW | DB_MODE_RO => Ok(()),
        _ => Err(EINVAL),
    }
}

/// Whether this can come with a satisfaction.
#[inline]
pub(crate) fn check_data(context: &Context<'_>, data: Guid) -> Answer {
    let label = || data.is(Kind::Label) && label::kind_of(data) == Kind::Block;
    let good = data.is_null() || block::is_there(context, data) || label();
    good.then_some(()).ok_or(EINVAL)
}

/// What a source is, as far as dependences are concerned.
fn is_event(source: Guid) -> Answer<bool> {
    Ok(match source.kind() {
        None if source.is_null() => false,
        Some(Kind::Block) => false,
        Some(Kind::Event) => true,
        Some(Kind::Label) => match label::kind_of(source) {
            Kind::Event => true,
            Kind::Block => false,
            _ => return Err(EPERM),
        },
        Some(Kind::Edt | Kind::Template) => return Err(EPERM),
        _ => return Err(EINVAL),
    })
}

/// Adds a dependence.
#[inline]
pub(crate) fn add(
    context: &Context<'_>,
    source: Guid,
    destination: Guid,
    slot: u32,
    mode: u32,
) -> Answer {
    check_mode(mode)?;
    let from_event = is_event(source)?;
    match destination.kind() {
        Some(Kind::Edt) => match from_event {
            true => {
                let edt = edt::waiting(context, destination)?;
                connect(context, source, (destination, edt), slot, mode)
            }
            false => {
                check_data(context, source)?;
                launching::fill(context, destination, slot, source, Some(mode))
            }
        },
        Some(Kind::Event) => match from_event {
            true => {
                event::check_slot(destination, slot)?;
                register(context, source, waiter(destination, slot))
            }
            false => satisfy(context, destination, slot, source),
        },
        Some(Kind::Label) => match label::resolve(destination) {
            Ok(there) => add(context, source, there, slot, mode),
            // Whoever makes it finds what was added before.
            Err(_) => label::later(context, destination, move |context, there| {
                told_late(add(context, source, there, slot, mode));
            }),
        },
        Some(Kind::Template) => Err(EPERM),
        _ => Err(EINVAL),
    }
}

/// What was done for a label before it had an object went wrong: too late for a code.
fn told_late(answer: Answer) {
    if let Err(code) = answer {
        program::say(&format!(
            "what was added to a labelled GUID before its object was made could not be done (error {})",
            code.0
        ));
    }
}

#[inline]
fn waiter(target: Guid, slot: u32) -> Waiter {
    Waiter {
        target: NonZeroU64::new(target.0).expect("a GUID with a kind is not null"),
        slot,
    }
}

/// Adds a dependence of an EDT on an event, which may be a label's.
#[inline]
pub(crate) fn connect(
    context: &Context<'_>,
    source: Guid,
    (destination, edt): (Guid, EdtRef<'_>),
    slot: u32,
    mode: u32,
) -> Answer {
    let found = edt.slot(slot);
    let connected = found.and_then(|slot| slot.connect(mode));
    if connected.is_err() && slot < edt.depc {
        program::find(|| {
            format!(
                "two dependences were added to slot {slot} of EDT `{}` ({:#x})",
                edt.name, destination.0
            )
        });
    }
    connected?;
    let registered = register(context, source, waiter(destination, slot));
    if registered.is_err() {
        edt.own(slot).disconnect();
        too_late(source, edt, slot);
    }
    registered
}

#[cold]
fn too_late(source: Guid, edt: EdtRef<'_>, slot: u32) {
    program::find(|| {
        format!(
            "a dependence on event {:#x} came too late, or never could: the event is gone (EDT `{}`, slot {slot})",
            source.0, edt.name
        )
    });
}

/// The same of a new EDT, which waits at least for this slot and was made with the slot connected. After an error the slot is still
/// connected, to nothing.
#[inline]
pub(crate) fn register_new(
    context: &Context<'_>,
    source: Guid,
    destination: Guid,
    slot: u32,
) -> Answer {
    let registered = register(context, source, waiter(destination, slot));
    if registered.is_err()
        && let Ok(edt) = edt::waiting(context, destination)
    {
        too_late(source, edt, slot);
    }
    registered
}

#[inline]
fn register(context: &Context<'_>, source: Guid, waiter: Waiter) -> Answer {
    match event::register_first(source, waiter) {
        true => Ok(()),
        false => register_otherwise(context, source, waiter),
    }
}

#[inline(never)]
fn register_otherwise(context: &Context<'_>, source: Guid, waiter: Waiter) -> Answer {
    let source = match label::resolve(source) {
        Ok(source) => source,
        Err(_) => {
            return label::later(context, source, move |context, there| {
                told_late(register(context, there, waiter));
            });
        }
    };
    let mut told = Told::default();
    event::register(source, waiter, &mut told)?;
    tell(context, &mut told);
    Ok(())
}

/// Adds a waiter of the runtime's own.
pub(crate) fn wait_for(context: &Context<'_>, event: Guid, number: u64) -> Answer {
    register(context, event, waiter(Guid::other(WAITER, number), 0))
}

/// Satisfies a slot of an event.
#[inline]
pub(crate) fn satisfy(context: &Context<'_>, event: Guid, slot: u32, data: Guid) -> Answer {
    check_data(context, data)?;
    match event.is(Kind::Label) {
        true => satisfy_label(context, event, slot, data),
        false => event::satisfy_all(context, event, slot, data),
    }
}

fn satisfy_label(context: &Context<'_>, label: Guid, slot: u32, data: Guid) -> Answer {
    match label::resolve(label) {
        Ok(event) => event::satisfy_all(context, event, slot, data),
        Err(_) if label::kind_of(label) != Kind::Event => Err(EINVAL),
        Err(_) => label::later(context, label, move |context, there| {
            told_late(satisfy(context, there, slot, data));
        }),
    }
}

/// Tells the only one who waited, and those who waited for it, and so on.
#[inline]
pub(crate) fn tell_one(context: &Context<'_>, waiter: Waiter, what: Guid) {
    let target = Guid(waiter.target.get());
    if target.is(Kind::Edt) {
        // As in `tell`.
        let _ = launching::fill(context, target, waiter.slot, what, None);
        return;
    }
    let mut told = Told::default();
    told.push(waiter, what);
    tell(context, &mut told);
}

/// Tells those who waited, and those who waited for them, and so on.
#[inline]
pub(crate) fn tell(context: &Context<'_>, told: &mut Told) {
    while let Some((waiter, what)) = told.pop() {
        let target = Guid(waiter.target.get());
        // Whoever is gone by now does not mind; a misuse is the checking mode's to tell.
        let _ = match target.kind() {
            Some(Kind::Edt) => launching::fill(context, target, waiter.slot, what, None),
            Some(Kind::Event) => event::satisfy(target, waiter.slot, what, told),
            _ => {
                waiters::wake(target, what);
                Ok(())
            }
        };
    }
}
