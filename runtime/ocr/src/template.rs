//! Templates: what EDTs are made from.

use crate::code::{Answer, EINVAL, ENOMEM};
use crate::guid::{GENERATION, Guid, Kind};
use crate::program::{self, Name};
use crate::table::{Spare, Table};
use crate::types::{EDT_PARAM_DEF, ocrEdt_t};
use sprat::OpenHints;
use std::cell::RefCell;
use std::ffi::c_char;

/// What a template says.
#[derive(Clone, Copy)]
pub(crate) struct Template {
    pub(crate) function: ocrEdt_t,
    pub(crate) name: Name,
    pub(crate) paramc: u32,
    pub(crate) depc: u32,
    /// How its EDTs are to be run: see [`crate::hint`].
    pub(crate) hints: OpenHints,
    /// It has hints that its EDTs inherit.
    pub(crate) hinted: bool,
}

thread_local! {
    static SPARE: Spare = const { RefCell::new(Vec::new()) };
}

static TEMPLATES: Table<Option<Template>> = Table::new(&SPARE);

/// # Safety
/// `name` is null or a string of C.
pub(crate) unsafe fn create(
    function: Option<ocrEdt_t>,
    paramc: u32,
    depc: u32,
    name: *const c_char,
) -> Answer<Guid> {
    let function = function.ok_or(EINVAL)?;
    if paramc == EDT_PARAM_DEF || depc == EDT_PARAM_DEF {
        return Err(EINVAL);
    }
    let template = Template {
        function,
        // SAFETY: the caller's promise.
        name: unsafe { program::name(name) },
        paramc,
        depc,
        hints: OpenHints::default(),
        hinted: false,
    };
    let (place, generation) = TEMPLATES.put(Some(template)).ok_or(ENOMEM)?;
    Ok(Guid::placed(Kind::Template, place, generation))
}

fn with<R>(guid: Guid, f: impl FnOnce(&mut Option<Template>) -> Answer<R>) -> Answer<R> {
    if guid.kind() != Some(Kind::Template) {
        return Err(EINVAL);
    }
    let (place, generation) = guid.place();
    let place = TEMPLATES.at(place).ok_or(EINVAL)?;
    place.thing.with(
        |thing| match place.generation() & GENERATION == generation {
            true => f(thing),
            false => Err(EINVAL),
        },
    )
}

#[inline]
pub(crate) fn get(guid: Guid) -> Answer<Template> {
    with(guid, |template| template.ok_or(EINVAL))
}

/// Changes what it says.
pub(crate) fn change<R>(guid: Guid, f: impl FnOnce(&mut Template) -> R) -> Answer<R> {
    with(guid, |template| template.as_mut().map(f).ok_or(EINVAL))
}

pub(crate) fn destroy(guid: Guid) -> Answer {
    with(guid, |_| Ok(()))?;
    let (number, generation) = guid.place();
    let place = TEMPLATES.at(number).ok_or(EINVAL)?;
    place.thing.with(|thing| {
        if place.generation() != generation || thing.is_none() {
            return Err(EINVAL);
        }
        Table::end(place, thing);
        Ok(())
    })?;
    TEMPLATES.give(number);
    Ok(())
}
