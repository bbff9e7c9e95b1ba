//! Templates: what EDTs are made from.

use crate::code::{Answer, EINVAL, ENOMEM};
use crate::guid::{Guid, Kind};
use crate::memo::{Changes, Seen};
use crate::program::{self, Name};
use crate::table::{Spare, Table};
use crate::types::{EDT_PARAM_DEF, ocrEdt_t, ocrEdtDep_t, ocrGuid_t};
use sprat::{OpenHints, Priority};
use std::cell::Cell;
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
    static SPARE: Spare = const { Spare::new(|places| TEMPLATES.take_back(places)) };
}

static TEMPLATES: Table<Option<Template>> = Table::new(&SPARE);

/// Of all templates.
#[cfg(not(sprat_loom))]
static CHANGES: Changes = Changes::new();
#[cfg(sprat_loom)]
static CHANGES: std::sync::LazyLock<Changes> = std::sync::LazyLock::new(Changes::new);

/// How many templates a thread remembers.
const REMEMBERED: usize = 8;

thread_local! {
    /// Templates that were looked up here last, by their places: a program makes its EDTs from few, and each look in the table
    /// costs a lock.
    static SEEN: [Cell<Seen<Template>>; REMEMBERED] = const { [const { Cell::new(NOTHING) }; REMEMBERED] };
}

const NOTHING: Seen<Template> = Seen {
    name: 0,
    changes: 0,
    what: Template {
        function: nothing,
        name: &"EDT",
        paramc: 0,
        depc: 0,
        hints: OpenHints {
            priority: Priority::Normal,
            region: None,
        },
        hinted: false,
    },
};

/// In the place of a function where there is none; never called.
unsafe extern "C" fn nothing(_: u32, _: *mut u64, _: u32, _: *mut ocrEdtDep_t) -> ocrGuid_t {
    Guid::NULL.into()
}

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
    let put = TEMPLATES.put(|place| *place = Some(template));
    let (place, generation) = put.ok_or(ENOMEM)?;
    Ok(Guid::placed(Kind::Template, place, generation))
}

fn with<R>(guid: Guid, f: impl FnOnce(&mut Option<Template>) -> Answer<R>) -> Answer<R> {
    if !guid.is(Kind::Template) {
        return Err(EINVAL);
    }
    let (place, generation) = guid.place();
    let place = TEMPLATES.at(place).ok_or(EINVAL)?;
    place.thing.with(|thing| match place.has(generation) {
        true => f(thing),
        false => Err(EINVAL),
    })
}

/// Works with what a template says. (It is handed on by its address: a copy in an answer costs as much as the look.)
#[inline(always)]
pub(crate) fn read<R>(guid: Guid, f: impl FnOnce(&Template) -> Answer<R>) -> Answer<R> {
    SEEN.with(|seen| {
        let place = &seen[guid.place().0 as usize % REMEMBERED];
        if !place.get().is(guid.0, &CHANGES) {
            look_up(guid, place)?;
        }
        let template = place.get().what;
        f(&template)
    })
}

/// Whether there is such a template.
pub(crate) fn exists(guid: Guid) -> Answer {
    read(guid, |_| Ok(()))
}

#[cold]
fn look_up(guid: Guid, place: &Cell<Seen<Template>>) -> Answer {
    with(guid, |template| {
        let template = template.ok_or(EINVAL)?;
        place.set(Seen {
            name: guid.0,
            changes: CHANGES.now(),
            what: template,
        });
        Ok(())
    })
}

/// Changes what it says.
pub(crate) fn change<R>(guid: Guid, f: impl FnOnce(&mut Template) -> R) -> Answer<R> {
    with(guid, |template| {
        let changed = template.as_mut().map(f).ok_or(EINVAL);
        CHANGES.count();
        changed
    })
}

pub(crate) fn destroy(guid: Guid) -> Answer {
    with(guid, |_| Ok(()))?;
    let (number, generation) = guid.place();
    let place = TEMPLATES.at(number).ok_or(EINVAL)?;
    place.thing.with(|thing| {
        if !place.has(generation) {
            return Err(EINVAL);
        }
        place.end();
        *thing = None;
        CHANGES.count();
        Ok(())
    })?;
    TEMPLATES.give(number);
    Ok(())
}
