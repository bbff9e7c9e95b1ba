//! EDTs: created as open codelets, launched by who fills their last slot, run.

use crate::code::{Answer, Code, EINVAL, EPERM};
use crate::context::{self, Context, Running};
use crate::few::Few;
use crate::guid::{GENERATION, Guid, Kind};
use crate::hint;
use crate::label;
use crate::pause;
use crate::program;
use crate::slots::{DONE, Edt, EdtRef, FINISH, HINTED, Sized};
use crate::template::{self, Template};
use crate::types::*;
use crate::{block, depend, event};
use sprat::{Block, Lent, Mode, Open, OpenBody, Opening, Scope, ScopeKey};
use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

/// Of an EDT's record, what its GUID says of it.
#[inline]
fn open_of(guid: Guid) -> Open {
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

impl<const N: usize> OpenBody for Sized<N> {
    #[inline]
    fn run(&mut self, scope: &Scope<'static>, lent: &[Lent]) {
        run(self.as_edt(), scope, lent);
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
        launch_bare(context, edt);
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
        context::enter(&context, || end_with(&context, output, Guid::NULL));
    });
    // SAFETY: as in `open_sized`.
    unsafe { context.scope.open_scope(opening, tell, ended) }
}

/// Satisfies an output event.
#[inline]
fn end_with(context: &Context<'_>, output: Guid, what: Guid) {
    if output.is_null() {
        return;
    }
    // What came is not the program's to hear of: only the checking mode tells of a misuse.
    let satisfied = depend::satisfy(context, output, 0, what);
    if satisfied.is_err() && depend::check_data(context, what).is_err() {
        program::find(|| {
            format!(
                "an EDT returned {:#x}, which is no block (any more); its output event {:#x} comes with nothing",
                what.0, output.0
            )
        });
        // Those who wait for the end of it wait for the end of it all the same.
        let _ = depend::satisfy(context, output, 0, Guid::NULL);
    }
}

/// Fills a slot: launches the EDT if that was the last.
#[inline]
pub(crate) fn fill(
    context: &Context<'_>,
    guid: Guid,
    slot: u32,
    what: Guid,
    mode: Option<u32>,
) -> Answer {
    let edt = waiting(context, guid)?;
    let filled = edt.fill(slot, what, mode);
    if filled.is_err() && slot < edt.depc {
        program::find(|| {
            format!(
                "slot {slot} of EDT `{}` ({:#x}) was filled twice",
                edt.name, guid.0
            )
        });
    }
    filled?;
    // SAFETY: this slot was filled by us alone, and was not before.
    if unsafe { context.scope.arrive(open_of(guid), 1) } {
        launch(context, guid, edt);
    }
    Ok(())
}

/// An EDT without slots runs.
#[inline]
fn launch_bare(context: &Context<'_>, guid: Guid) {
    if !program::is_shut_down() {
        // SAFETY: it has no slots, and nobody else launches.
        unsafe { context.scope.launch(open_of(guid), std::iter::empty()) };
    }
}

/// All slots are filled: the EDT acquires its blocks and runs.
fn launch(context: &Context<'_>, guid: Guid, edt: EdtRef<'_>) {
    if program::is_shut_down() {
        return;
    }
    let open = open_of(guid);
    let mut few = [const { MaybeUninit::<(Block<u8>, Mode)>::uninit() }; 2];
    let mut count = 0;
    let mut one = |slot: u32, block: Block<u8>, mode: Mode| {
        edt.set_lent(slot, count);
        few[count].write((block, mode));
        count += 1;
    };
    match edt.depc {
        1 => {
            let (what, mode) = edt.filled(0);
            if let Some((block, mode)) = block::access(context, what, mode) {
                one(0, block, mode);
            }
        }
        2 => {
            let ((first, mode), (second, others)) = (edt.filled(0), edt.filled(1));
            let first = block::access(context, first, mode);
            let second = block::access(context, second, others);
            match (first, second) {
                (Some((block, mode)), Some((other, others))) if block == other => {
                    one(0, block, stronger(mode, others));
                    edt.set_lent(1, 0);
                }
                (first, second) => {
                    if let Some((block, mode)) = first {
                        one(0, block, mode);
                    }
                    if let Some((block, mode)) = second {
                        one(1, block, mode);
                    }
                }
            }
        }
        _ => return launch_many(context, edt, open),
    }
    // SAFETY: the first `count` were written.
    let all = unsafe { few[..count].assume_init_ref() };
    // SAFETY: the last slot was filled by us.
    unsafe { context.scope.launch(open, all.iter().copied()) };
}

/// The stronger of two ways to use a block.
fn stronger(a: Mode, b: Mode) -> Mode {
    let rank = |mode| match mode {
        Mode::Exclusive => 2,
        Mode::SharedWrite => 1,
        _ => 0,
    };
    if rank(a) < rank(b) { b } else { a }
}

/// Up to so many blocks, looking through all of them is faster than hashing.
const FEW_BLOCKS: usize = 16;

fn launch_many(context: &Context<'_>, edt: EdtRef<'_>, open: Open) {
    let mut few = [const { MaybeUninit::<(Block<u8>, Mode)>::uninit() }; FEW_BLOCKS];
    let mut many: Vec<(Block<u8>, Mode)> = Vec::new();
    let mut known: Option<HashMap<Block<u8>, usize>> = None;
    let mut count = 0;
    for slot in 0..edt.depc {
        let (what, mode) = edt.filled(slot);
        let Some((block, mode)) = block::access(context, what, mode) else {
            continue;
        };
        if count < FEW_BLOCKS && many.is_empty() {
            // SAFETY: the first `count` were written.
            let so_far = unsafe { few[..count].assume_init_mut() };
            match so_far.iter().position(|(other, _)| *other == block) {
                Some(at) => {
                    so_far[at].1 = stronger(so_far[at].1, mode);
                    edt.set_lent(slot, at);
                }
                None => {
                    few[count].write((block, mode));
                    edt.set_lent(slot, count);
                    count += 1;
                }
            }
            continue;
        }
        if many.is_empty() {
            // SAFETY: as above.
            many.extend_from_slice(unsafe { few[..count].assume_init_ref() });
            known = Some(
                many.iter()
                    .zip(0..)
                    .map(|((block, _), at)| (*block, at))
                    .collect(),
            );
        }
        let known = known.get_or_insert_default();
        let at = *known.entry(block).or_insert(many.len());
        match many.get_mut(at) {
            Some(there) => there.1 = stronger(there.1, mode),
            None => many.push((block, mode)),
        }
        edt.set_lent(slot, at);
    }
    let all = match many.is_empty() {
        // SAFETY: as above.
        true => unsafe { few[..count].assume_init_ref() },
        false => &many,
    };
    // SAFETY: the last slot was filled by us.
    unsafe { context.scope.launch(open, all.iter().copied()) };
}

/// Up to so many slots are handed over on the stack.
const FEW_SLOTS: usize = 16;

fn run(edt: EdtRef<'_>, scope: &Scope<'static>, lent: &[Lent]) {
    // Nobody else looks at an EDT that runs.
    let flags = edt.flags.load(Ordering::Relaxed);
    edt.flags.store(flags | DONE, Ordering::Relaxed);
    if pause::is_paused() {
        pause::wait();
    }
    let mut few = [const { MaybeUninit::<ocrEdtDep_t>::uninit() }; FEW_SLOTS];
    let mut many = Vec::new();
    let count = edt.depc as usize;
    let deps = match few.get_mut(..count) {
        Some(few) => few,
        None => {
            many.resize_with(count, MaybeUninit::uninit);
            &mut many[..]
        }
    };
    for (slot, dep) in (0..).zip(deps.iter_mut()) {
        let (what, mode) = edt.filled(slot);
        let ptr = edt
            .lent(slot)
            .map_or(std::ptr::null_mut(), |at| lent[at].start());
        dep.write(ocrEdtDep_t {
            guid: what.into(),
            ptr: ptr.cast(),
            mode,
        });
    }
    let context = Context {
        scope,
        place: edt.place,
        edt: Some(Running {
            guid: Guid(edt.guid.load(Ordering::Relaxed)),
            body: edt,
            lent,
            holds: RefCell::new(Few::default()),
            els: RefCell::new(None),
        }),
    };
    context::enter(&context, || {
        let paramv = match edt.paramc {
            0 => std::ptr::null_mut(),
            _ => edt.params().as_ptr().cast_mut().cast::<u64>(),
        };
        let depv = match count {
            0 => std::ptr::null_mut(),
            _ => deps.as_mut_ptr().cast::<ocrEdtDep_t>(),
        };
        // SAFETY: the program's function, called as it was promised: parameters, and what came on its slots.
        let returned = unsafe { (edt.function)(edt.paramc, paramv, edt.depc, depv) };
        end(&context, returned.into(), !lent.is_empty());
    });
}

/// The body has returned: its blocks are given back, then its output event is satisfied.
fn end(context: &Context<'_>, returned: Guid, has_blocks: bool) {
    let edt = context.edt.as_ref().expect("an EDT runs");
    let mut holds = edt.holds.borrow_mut();
    while let Some((_, held)) = holds.pop() {
        // SAFETY: held by this body, which has returned.
        unsafe { context.scope.give_back(held) };
    }
    drop(holds);
    if pause::is_paused() {
        pause::ended(edt.guid);
    }
    let flags = edt.body.flags.load(Ordering::Relaxed);
    if flags & HINTED != 0 {
        hint::forget(edt.guid);
    }
    let finish = flags & FINISH != 0;
    let output = Guid(edt.body.output);
    if finish || output.is_null() {
        return;
    }
    if has_blocks {
        // SAFETY: the body has returned.
        unsafe { context.scope.release_all() };
    }
    let returned = match returned {
        Guid::UNINITIALIZED | Guid::ERROR => Guid::NULL,
        other => other,
    };
    end_with(context, output, returned);
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
