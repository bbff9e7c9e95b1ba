//! EDTs: how they are created, as open codelets, and destroyed before they run.

use crate::code::{Answer, Code, EINVAL, EPERM};
use crate::context::{self, Context};
use crate::guid::{GENERATION, Guid, Kind};
use crate::hint;
use crate::label;
use crate::launching;
use crate::running;
use crate::slots::{DONE, Edt, EdtRef, FINISH, HINTED, Sized};
use crate::template::{self, Template};
use crate::types::*;
use crate::{depend, event};
use sprat::{Open, Opening, Scope, ScopeKey};
use std::sync::atomic::Ordering;

/// Of an EDT's record, what its GUID says of it.
#[inline]
pub(crate) fn open_of(guid: Guid) -> Open {
    let (place, generation) = guid.place();
    Open::from_parts(place, generation)
}

/// An EDT that waits, by its name.
#[inline]
pub(crate) fn waiting<'a>(context: &'a Context<'_>, guid: Guid) -> Answer<EdtRef<'a>> {
    if guid.kind() != Some(Kind::Edt) {
        return Err(EINVAL);
    }
    let body = context
        .scope
        .body_of(open_of(guid), GENERATION)
        .ok_or(EINVAL)?;
    // SAFETY: a record that is open holds the body that it was opened with, and all that are opened here are EDTs; it stays
    // until its last slot is filled, which the caller is about to do, or has not happened if the program keeps the rules.
    let edt = unsafe { EdtRef::new(body.cast()) };
    match edt.guid.load(Ordering::Relaxed) == guid.0 {
        true => Ok(edt),
        false => Err(EINVAL),
    }
}

/// What a program says of a new EDT.
pub(crate) struct New {
    pub(crate) template: Guid,
    pub(crate) paramc: u32,
    pub(crate) paramv: *const u64,
    pub(crate) depc: u32,
    pub(crate) depv: *const ocrGuid_t,
    pub(crate) properties: u16,
    pub(crate) hint: *const ocrHint_t,
    pub(crate) output: *mut ocrGuid_t,
}

/// How many there are: said by the creation, or by the template.
fn count(said: u32, template: u32) -> Answer<u32> {
    match (said, template) {
        (EDT_PARAM_UNK, _) | (EDT_PARAM_DEF, EDT_PARAM_UNK) => Err(EINVAL),
        (EDT_PARAM_DEF, count) | (count, EDT_PARAM_UNK) => Ok(count),
        (said, template) if said == template => Ok(said),
        _ => Err(EINVAL),
    }
}

/// As many slots as a codelet may have accesses.
const MOST_SLOTS: u32 = u16::MAX as u32;

/// Creates an EDT; `guid` is told before it can run.
///
/// # Safety
/// The pointers are C's: good for as many words as is said.
#[inline]
pub(crate) unsafe fn create(context: &Context<'_>, guid: *mut ocrGuid_t, new: &New) -> Answer {
    let template = template::get(new.template)?;
    let paramc = count(new.paramc, template.paramc)?;
    let depc = count(new.depc, template.depc)?;
    // Before anything is taken or read that is as long.
    if depc > MOST_SLOTS {
        return Err(EINVAL);
    }
    if paramc > 0 && new.paramv.is_null() {
        return Err(EINVAL);
    }
    let labelled = new.properties & GUID_PROP_IS_LABELED != 0;
    if labelled && (guid.is_null() || !new.output.is_null() || !new.depv.is_null()) {
        return Err(EINVAL);
    }
    let depv = match new.depv.is_null() {
        true => &[],
        // SAFETY: the caller's promise.
        false => unsafe { std::slice::from_raw_parts(new.depv, depc as usize) },
    };
    for &dep in depv {
        depend::check_source(context, dep.into())?;
    }
    // SAFETY: the caller's promise.
    let output = unsafe { output_of(new) }?;
    let made = |context: &Context<'_>| {
        // SAFETY: the caller's promise.
        unsafe { open(context, &template, (paramc, depc), new, output) }
    };
    let edt = if labelled {
        // SAFETY: the caller's promise; it was checked that it is not null.
        let label = Guid::from(unsafe { guid.read() });
        label::bind(context, label, new.properties, made)?
    } else {
        let edt = made(context)?;
        if !guid.is_null() {
            // SAFETY: the caller's promise.
            unsafe { guid.write(edt.into()) };
        }
        edt
    };
    if !new.output.is_null() && new.properties & EDT_PROP_OEVT_VALID == 0 {
        // SAFETY: the caller's promise.
        unsafe { new.output.write(output.into()) };
    }
    if depc == 0 {
        launching::launch_bare(context, edt);
    }
    for (slot, &dep) in (0..).zip(depv) {
        let dep = Guid::from(dep);
        match dep.kind() {
            None if dep == Guid::UNINITIALIZED => (),
            Some(Kind::Event) => {
                // It waits at least for this slot.
                let body = waiting(context, edt)?;
                depend::connect(context, dep, (edt, body), slot, DB_MODE_RW)?;
            }
            _ => depend::add(context, dep, edt, slot, DB_MODE_RW)?,
        }
    }
    Ok(())
}

/// The event that the end of a new EDT will satisfy.
///
/// # Safety
/// As for [`create`].
unsafe fn output_of(new: &New) -> Answer<Guid> {
    if new.output.is_null() {
        return Ok(Guid::NULL);
    }
    if new.properties & EDT_PROP_OEVT_VALID == 0 {
        return event::create(event::ONCE, true, None);
    }
    // SAFETY: the caller's promise.
    let given = Guid::from(unsafe { new.output.read() });
    match label::resolve(given) {
        Ok(event) => event::kind(event).map(|_| given),
        // A label that nobody has used yet: it is looked for at the end.
        Err(_) if given.kind() == Some(Kind::Label) => Ok(given),
        Err(_) => Err(EINVAL),
    }
}

/// Opens the codelet.
///
/// # Safety
/// As for [`create`].
unsafe fn open(
    context: &Context<'_>,
    template: &Template,
    (paramc, depc): (u32, u32),
    new: &New,
    output: Guid,
) -> Answer<Guid> {
    let mut head = Edt::new(
        template.function,
        template.name,
        (paramc, depc),
        context.place,
    );
    head.output = output.0;
    // SAFETY: the caller's promise.
    let hints = unsafe { hint::of_edt(template.hints, new.hint) };
    let opening = Opening {
        scope: context.place,
        name: template.name,
        slots: depc,
        hints,
        body: (),
    };
    let finish = new.properties & EDT_PROP_FINISH != 0;
    let opened = match Edt::words_for(paramc, depc) {
        0..=4 => open_sized::<4>(context, opening, head, finish),
        5..=8 => open_sized::<8>(context, opening, head, finish),
        9..=16 => open_sized::<16>(context, opening, head, finish),
        17..=40 => open_sized::<40>(context, opening, head, finish),
        _ => {
            head.set_apart();
            open_sized::<0>(context, opening, head, finish)
        }
    };
    let open = opened?;
    let (place, generation) = open.parts();
    let guid = Guid::placed(Kind::Edt, place, generation);
    let body = context
        .scope
        .body_of(open, u32::MAX)
        .expect("it was opened here");
    // SAFETY: as in `waiting`.
    let edt = unsafe { EdtRef::new(body.cast()) };
    for (at, param) in edt.params().iter().enumerate() {
        // SAFETY: the caller's promise: there are so many.
        param.store(
            unsafe { new.paramv.wrapping_add(at).read_unaligned() },
            Ordering::Relaxed,
        );
    }
    edt.guid.store(guid.0, Ordering::Relaxed);
    let from = template.hinted.then_some(new.template);
    // SAFETY: the caller's promise.
    if unsafe { hint::keep(guid, from, new.hint) } {
        edt.flags.fetch_or(HINTED, Ordering::Relaxed);
    }
    Ok(guid)
}

#[inline]
fn open_sized<const N: usize>(
    context: &Context<'_>,
    opening: Opening<()>,
    head: Edt,
    finish: bool,
) -> Answer<Open> {
    let Opening {
        scope,
        name,
        slots,
        hints,
        ..
    } = opening;
    let output = Guid(head.output);
    let opening = Opening {
        scope,
        name,
        slots,
        hints,
        body: Sized::<N>::new(head),
    };
    let opened = if finish {
        open_finish(context, opening, output)
    } else {
        // SAFETY: what runs here is in the scope, which is that of its finish EDT or the program's.
        unsafe { context.scope.open(opening) }
    };
    // A body that could not be opened was dropped, and no EDT.
    opened.map_err(Code::from)
}

#[cold]
fn open_finish<const N: usize>(
    context: &Context<'_>,
    mut opening: Opening<Sized<N>>,
    output: Guid,
) -> sprat::Result<Open> {
    *opening.body.head.flags.get_mut() = FINISH;
    let outer = opening.scope;
    let tell = |body: &mut Sized<N>, scope: ScopeKey| body.head.place = scope;
    let ended = (!output.is_null()).then_some(move |scope: &Scope<'static>| {
        let context = Context {
            scope,
            place: outer,
            edt: None,
        };
        context::enter(&context, || {
            running::satisfy_output(&context, output, Guid::NULL)
        });
    });
    // SAFETY: as in `open_sized`.
    unsafe { context.scope.open_scope(opening, tell, ended) }
}

/// Destroys an EDT that has not become runnable.
pub(crate) fn destroy(context: &Context<'_>, guid: Guid) -> Answer {
    let edt = waiting(context, guid)?;
    // Who destroys it twice at once gets an error.
    if edt.flags.fetch_or(DONE, Ordering::Relaxed) & DONE != 0 {
        return Err(EPERM);
    }
    // SAFETY: the program promises that nobody fills its slots any more.
    unsafe { context.scope.drop_open(open_of(guid)) };
    hint::gone(guid);
    Ok(())
}
