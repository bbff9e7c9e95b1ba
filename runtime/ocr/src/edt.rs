//! EDTs: how they are created, as open codelets, and destroyed before they run.

use crate::code::{Answer, Code, EINVAL, EPERM};
use crate::context::{self, Context};
use crate::guid::{GENERATION, Guid, Kind};
use crate::hint;
use crate::label;
use crate::launching;
use crate::running;
use crate::slot::{FREE, Slot, WaitsFor};
use crate::slots::{DONE, Edt, EdtRef, FINISH, HINTED, REFUSED, Sized};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::template::{self, Template};
use crate::types::*;
use crate::{depend, event};
use sprat::{Open, Opening, Scope, ScopeKey};
use std::mem::MaybeUninit;

/// Of an EDT's record, what its GUID says of it.
#[inline]
pub(crate) fn open_of(guid: Guid) -> Open {
    let (place, generation) = guid.place();
    Open::from_parts(place, generation)
}

/// The name of an EDT by its record.
#[inline]
fn guid_of(open: Open) -> Guid {
    let (place, generation) = open.parts();
    Guid::placed(Kind::Edt, place, generation)
}

/// An EDT that waits, by its name.
#[inline]
pub(crate) fn waiting<'a>(context: &'a Context<'_>, guid: Guid) -> Answer<EdtRef<'a>> {
    if !guid.is(Kind::Edt) {
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

/// What a program says of a new EDT. In an order in which no two of C's arguments that come by the stack are neighbours: two words that
/// were just written would be read as one, which waits until they are in memory.
#[repr(C)]
pub(crate) struct New {
    pub(crate) hint: *const ocrHint_t,
    pub(crate) template: Guid,
    pub(crate) output: *mut ocrGuid_t,
    pub(crate) paramv: *const u64,
    pub(crate) depv: *const ocrGuid_t,
    pub(crate) paramc: u32,
    pub(crate) depc: u32,
    pub(crate) properties: u16,
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

/// What is to come on up to so many slots is copied without memory from the heap.
const FEW_SLOTS: usize = 8;
/// As many slots as a codelet may have accesses.
const MOST_SLOTS: u32 = u16::MAX as u32;

/// Creates an EDT; `guid` is told before it can run.
///
/// # Safety
/// The pointers are C's: good for as many words as is said.
#[inline(never)]
pub(crate) unsafe fn create(context: &Context<'_>, guid: *mut ocrGuid_t, new: &New) -> Answer {
    template::read(new.template, |template| {
        // SAFETY: the caller's promise.
        unsafe { create_from(context, guid, new, template) }
    })
}

/// # Safety
/// As for [`create`].
#[inline(always)]
unsafe fn create_from(
    context: &Context<'_>,
    guid: *mut ocrGuid_t,
    new: &New,
    template: &Template,
) -> Answer {
    let paramc = count(new.paramc, template.paramc)?;
    let depc = count(new.depc, template.depc)?;
    // Before anything is taken or read that is as long.
    if depc > MOST_SLOTS {
        return Err(EINVAL);
    }
    if (paramc == 0) != new.paramv.is_null() {
        return Err(EINVAL);
    }
    if guid.is_null() && depc > 0 && new.depv.is_null() {
        // Nobody could ever fill its slots.
        return Err(EPERM);
    }
    let labelled = new.properties & GUID_PROP_IS_LABELED != 0;
    if labelled && (guid.is_null() || !new.output.is_null() || !new.depv.is_null()) {
        return Err(EINVAL);
    }
    // Read once, before anything is written: the program may have its GUIDs go where `depv` is, or change that meanwhile.
    let mut few = [const { MaybeUninit::uninit() }; FEW_SLOTS];
    let many: Vec<Guid>;
    let depv: &[Guid] = match (new.depv.is_null(), depc as usize) {
        (true, _) => &[],
        (false, count @ ..=FEW_SLOTS) => {
            for (at, there) in few[..count].iter_mut().enumerate() {
                // SAFETY: the caller's promise.
                there.write(unsafe { new.depv.wrapping_add(at).read() }.into());
            }
            // SAFETY: so many were written.
            unsafe { few[..count].assume_init_ref() }
        }
        (false, count) => {
            // SAFETY: the caller's promise.
            many = (0..count)
                .map(|at| Guid::from(unsafe { new.depv.wrapping_add(at).read() }))
                .collect();
            &many
        }
    };
    for &dep in depv {
        depend::check_source(context, dep)?;
    }
    let output = match new.output.is_null() {
        true => Guid::NULL,
        // SAFETY: the caller's promise.
        false => unsafe { output_of(new) }?,
    };
    let plan = Plan {
        template,
        paramc,
        depc,
        depv,
        new,
        output,
    };
    let made = |context: &Context<'_>| {
        // SAFETY: the caller's promise.
        unsafe { open(context, &plan) }
    };
    let edt = if labelled {
        // SAFETY: the caller's promise; it was checked that it is not null.
        let label = Guid::from(unsafe { guid.read() });
        label::bind(context, label, new.properties, made)
    } else {
        made(context).inspect(|&edt| {
            if !guid.is_null() {
                // SAFETY: the caller's promise.
                unsafe { guid.write(edt.into()) };
            }
        })
    };
    let makes_output = !new.output.is_null() && new.properties & EDT_PROP_OEVT_VALID == 0;
    let edt = edt.inspect_err(|_| {
        if makes_output {
            // Made for it above, and nobody was told of it.
            _ = event::destroy(output);
        }
    })?;
    if makes_output {
        // SAFETY: the caller's promise.
        unsafe { new.output.write(output.into()) };
    }
    if depc == 0 {
        launching::launch_bare(context, edt);
    }
    for (slot, &dep) in (0..).zip(depv) {
        let added = match dep.kind() {
            None if dep == Guid::UNINITIALIZED => Ok(()),
            // Connected since it was made.
            Some(Kind::Event) => depend::register_new(context, dep, edt, slot),
            _ => depend::add(context, dep, edt, slot, DB_MODE_RW),
        };
        if added.is_err() {
            refuse(context, edt, slot, depv);
            if makes_output && new.properties & EDT_PROP_FINISH == 0 {
                // That of a finish EDT goes at the end of its scope.
                _ = event::destroy(output);
            }
            return added;
        }
    }
    Ok(())
}

/// A new EDT cannot have what was to come on a slot: it ends when all has come that its other slots were connected to by then, and
/// its function is not called. It cannot be dropped, since these events may be filling its slots now.
#[cold]
fn refuse(context: &Context<'_>, guid: Guid, slot: u32, depv: &[Guid]) {
    // It waits at least for this slot.
    let Ok(edt) = waiting(context, guid) else {
        return;
    };
    edt.flags.fetch_or(DONE | REFUSED, Ordering::Relaxed);
    hint::gone(guid);
    // Those that were to be connected after this one will not be.
    let late = (0..edt.depc).zip(depv).skip(slot as usize);
    late.filter(|(_, dep)| connects(**dep))
        .for_each(|(other, _)| edt.own(other).disconnect());
    let free = |&other: &u32| edt.own(other).waits_for() == Some(WaitsFor::Dependence);
    let others = (0..edt.depc).filter(|&other| other != slot);
    for slot in others.filter(free).chain([slot]) {
        // An error says that somebody else, who was told of the EDT meanwhile, has filled it or connected it.
        _ = launching::fill(context, guid, slot, Guid::NULL, Some(DB_MODE_NULL));
    }
}

/// Whether an EDT is made with the slot connected that this is to fill.
#[inline]
fn connects(dep: Guid) -> bool {
    dep.is(Kind::Event)
}

/// The event that the end of a new EDT will satisfy, which somebody wants to know or has made.
///
/// # Safety
/// As for [`create`].
unsafe fn output_of(new: &New) -> Answer<Guid> {
    if new.properties & EDT_PROP_OEVT_VALID == 0 {
        return event::create(event::ONCE, true, None);
    }
    // SAFETY: the caller's promise.
    let given = Guid::from(unsafe { new.output.read() });
    match label::resolve(given) {
        Ok(event) => event::kind(event).map(|_| given),
        // A label that nobody has used yet: it is looked for at the end.
        Err(_) if given.is(Kind::Label) => Ok(given),
        Err(_) => Err(EINVAL),
    }
}

/// What a new EDT is made from, all of it good.
struct Plan<'a> {
    template: &'a Template,
    paramc: u32,
    depc: u32,
    /// What is to come on its slots, or bring it; nothing, or as many as there are slots.
    depv: &'a [Guid],
    new: &'a New,
    output: Guid,
}

impl Plan<'_> {
    /// Makes the body where it is to stay.
    ///
    /// # Safety
    /// As for [`create`].
    #[inline(always)]
    unsafe fn make<const N: usize>(
        &self,
        body: &mut MaybeUninit<Sized<N>>,
        open: Open,
        place: ScopeKey,
        flags: u32,
    ) {
        let head = Edt {
            function: self.template.function,
            name: self.template.name,
            apart: std::ptr::null_mut(),
            paramc: self.paramc,
            depc: self.depc,
            output: self.output.0,
            place,
            guid: AtomicU64::new(guid_of(open).0),
            flags: AtomicU32::new(flags),
        };
        let params = (0..self.paramc as usize).map(|at| {
            // SAFETY: the caller's promise: there are so many.
            unsafe { self.new.paramv.wrapping_add(at).read_unaligned() }
        });
        let states = |slot: usize| match self.depv.get(slot) {
            Some(&dep) if connects(dep) => Slot::connected(DB_MODE_RW),
            _ => FREE,
        };
        Sized::make(body, head, states, params);
    }
}

/// Opens the codelet.
///
/// # Safety
/// As for [`create`].
unsafe fn open(context: &Context<'_>, plan: &Plan<'_>) -> Answer<Guid> {
    let new = plan.new;
    // SAFETY: the caller's promise.
    let hints = unsafe { hint::of_edt(plan.template.hints, new.hint) };
    let opening = Opening {
        scope: context.place,
        name: plan.template.name,
        slots: plan.depc,
        hints,
    };
    let opened = match Edt::words_for(plan.paramc, plan.depc) {
        // SAFETY: the caller's promise.
        0..=4 => unsafe { open_sized::<4>(context, opening, plan) },
        // SAFETY: as above.
        5..=8 => unsafe { open_sized::<8>(context, opening, plan) },
        // SAFETY: as above.
        9..=16 => unsafe { open_sized::<16>(context, opening, plan) },
        // SAFETY: as above.
        17..=40 => unsafe { open_sized::<40>(context, opening, plan) },
        // SAFETY: as above.
        _ => unsafe { open_sized::<0>(context, opening, plan) },
    };
    let guid = match opened {
        Ok(open) => guid_of(open),
        Err(error) => return Err(Code::from(error)),
    };
    let from = plan.template.hinted.then_some(new.template);
    // SAFETY: the caller's promise.
    if unsafe { hint::keep(guid, from, new.hint) } {
        let edt = waiting(context, guid)?;
        edt.flags.fetch_or(HINTED, Ordering::Relaxed);
    }
    Ok(guid)
}

/// # Safety
/// As for [`create`].
#[inline]
unsafe fn open_sized<const N: usize>(
    context: &Context<'_>,
    opening: Opening,
    plan: &Plan<'_>,
) -> sprat::Result<Open> {
    if plan.new.properties & EDT_PROP_FINISH != 0 {
        // SAFETY: the caller's promise.
        return unsafe { open_finish::<N>(context, opening, plan) };
    }
    let fill = |body: &mut MaybeUninit<Sized<N>>, open| {
        // SAFETY: the caller's promise.
        unsafe { plan.make(body, open, opening.scope, 0) };
    };
    // SAFETY: what runs here is in the scope, which is that of its finish EDT or the program's; the body is made.
    unsafe { context.scope.open(opening, fill) }
}

/// # Safety
/// As for [`create`].
#[cold]
unsafe fn open_finish<const N: usize>(
    context: &Context<'_>,
    opening: Opening,
    plan: &Plan<'_>,
) -> sprat::Result<Open> {
    let (outer, output) = (opening.scope, plan.output);
    let fill = |body: &mut MaybeUninit<Sized<N>>, open, scope| {
        // SAFETY: the caller's promise.
        unsafe { plan.make(body, open, scope, FINISH) };
    };
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
    unsafe { context.scope.open_scope(opening, fill, ended) }
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
