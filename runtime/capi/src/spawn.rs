//! Spawning, and what a body says of itself.

use crate::access::{sprat_access, sprat_view};
use crate::codelet::{Body, Definition};
use crate::fault::{Fault, ended};
use crate::few::FEW;
use crate::live::{self, Live, sprat_scope};
use crate::options::{Asked, sprat_options};
use crate::params::{Boxed, Inline, Nothing, Params};
use crate::sized::take;
use crate::text::text;
use crate::types::*;
use sprat::{AnyAccess, Event, Lent, Options, Result, Scope, Spawned};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

/// What a codelet carries.
pub(crate) struct Call<P> {
    pub(crate) definition: &'static Definition,
    pub(crate) params: P,
}

impl<P: Params> Call<P> {
    #[inline(always)]
    pub(crate) fn run(&self, scope: &Scope<'static>, lent: &[Lent]) -> Result<()> {
        let ran = live::run(scope, true, |handle| {
            match self.definition.needs.is_empty() {
                true => self.call(self.definition.body, handle, lent),
                false => self.call_best(scope, handle, lent),
            }
        });
        ran.map_err(|fault| fault.into_error())
    }

    #[inline(always)]
    fn call(&self, body: Body, handle: *mut sprat_scope, lent: &[Lent]) {
        let views: *const sprat_view = lent.as_ptr().cast();
        // SAFETY: what a body may do is the promise of the one who defined it, and what it needs is there; views have the
        // layout of what is lent.
        unsafe { body(handle, self.params.address(), views, lent.len()) };
    }

    #[inline(never)]
    fn call_best(&self, scope: &Scope<'static>, handle: *mut sprat_scope, lent: &[Lent]) {
        let definition = self.definition;
        scope.run_best(definition, &definition.needs, |which| {
            let alternate = which.checked_sub(1).map(|at| definition.alternates[at]);
            self.call(alternate.unwrap_or(definition.body), handle, lent);
        });
    }
}

/// Spawns a codelet with any accesses, with options or without.
fn launch<P: Params>(
    scope: &Scope<'static>,
    asked: Option<Asked<'_>>,
    accesses: &[AnyAccess],
    call: Call<P>,
) -> Spawned<()> {
    match asked {
        None => scope.spawn_any(call.definition.name, accesses, move |scope, lent| {
            call.run(scope, lent)
        }),
        Some(asked) => launch_asked(asked, accesses, call),
    }
}

fn launch_asked<P: Params>(
    Asked { options, repeats }: Asked<'_>,
    accesses: &[AnyAccess],
    call: Call<P>,
) -> Spawned<()> {
    match repeats {
        0 => options.spawn_any(accesses, move |scope, lent| call.run(scope, lent)),
        _ => launch_repeatable(options, repeats, accesses, call),
    }
}

#[cold]
fn launch_repeatable<P: Params>(
    options: Options<'_, 'static>,
    repeats: u32,
    accesses: &[AnyAccess],
    call: Call<P>,
) -> Spawned<()> {
    let weak: Vec<bool> = accesses.iter().map(AnyAccess::is_weak).collect();
    options
        .repeatable(repeats)
        .spawn(accesses.to_vec(), move |scope, lent: Vec<Lent>| {
            // Nothing is lent for weak ones, and the body is told of none.
            let there = lent.into_iter().zip(&weak).filter(|(_, weak)| !**weak);
            let there: Vec<Lent> = there.map(|(lent, _)| lent).collect();
            call.run(scope, &there)
        })
}

/// So many accesses are listed without an allocation.
const SHORT: usize = 16;

/// Lists accesses for the runtime.
#[inline(always)]
pub(crate) fn with_listed<R>(
    scope: &Scope<'static>,
    accesses: &[sprat_access],
    work: impl FnOnce(&[AnyAccess]) -> R,
) -> std::result::Result<R, Fault> {
    if accesses.is_empty() {
        return Ok(work(&[]));
    }
    if accesses.len() > SHORT {
        let mut list = Vec::with_capacity(accesses.len());
        for one in accesses {
            let mut place = MaybeUninit::uninit();
            one.list(scope, &mut place)?;
            // SAFETY: it was written.
            list.push(unsafe { place.assume_init() });
        }
        return Ok(work(&list));
    }
    let mut list = [const { MaybeUninit::<AnyAccess>::uninit() }; SHORT];
    for (place, one) in list.iter_mut().zip(accesses) {
        one.list(scope, place)?;
    }
    // SAFETY: so many were written.
    let list = unsafe { std::slice::from_raw_parts(list.as_ptr().cast(), accesses.len()) };
    Ok(work(list))
}

/// Copies the parameters, and spawns.
///
/// # Safety
/// They are there.
unsafe fn go(
    scope: &Scope<'static>,
    options: Option<Asked<'_>>,
    list: &[AnyAccess],
    (definition, from): (&'static Definition, *const u8),
) -> Spawned<()> {
    match (definition.params_size, definition.params_align) {
        (0, _) => {
            let params = Nothing;
            launch(scope, options, list, Call { definition, params })
        }
        (bytes @ 1..=32, ..=16) => {
            // SAFETY: the caller's promise.
            let params = unsafe { Inline::<2>::copy(from, bytes) };
            launch(scope, options, list, Call { definition, params })
        }
        (bytes @ 1..=128, ..=16) => {
            // SAFETY: the caller's promise.
            let params = unsafe { Inline::<8>::copy(from, bytes) };
            launch(scope, options, list, Call { definition, params })
        }
        (bytes, align) => {
            // SAFETY: the caller's promise.
            let params = unsafe { Boxed::copy(from, bytes, align) };
            launch(scope, options, list, Call { definition, params })
        }
    }
}

/// A caller's list of accesses.
///
/// # Safety
/// It is null or there are so many, as long as the call lasts that has them.
#[inline]
pub(crate) unsafe fn listed<'a>(
    accesses: *const sprat_access,
    count: usize,
) -> std::result::Result<&'a [sprat_access], Fault> {
    match (accesses.is_null(), count) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Fault::null("the list of accesses")),
        (false, 65_536..) => Err(Fault::new(
            SPRAT_ACCESS,
            format!("one codelet with {count} accesses; split it, at most 65,535 are possible"),
        )),
        // SAFETY: the caller's promise.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(accesses, count) }),
    }
}

/// # Safety
/// As for `sprat_spawn`.
unsafe fn spawn(
    live: &Live<'_>,
    codelet: sprat_codelet,
    params: *const c_void,
    (accesses, count): (*const sprat_access, usize),
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> std::result::Result<(), Fault> {
    let definition = Definition::of(codelet)?;
    // SAFETY: the caller's promise.
    let accesses = unsafe { listed(accesses, count) }?;
    definition.check(accesses)?;
    if params.is_null() && definition.params_size != 0 {
        return Err(Fault::null("the address of the parameters"));
    }
    let scope = live.scope();
    // SAFETY: the caller's promise.
    let asked = match unsafe { take(options) }? {
        None => None,
        // SAFETY: the caller's promise.
        Some(taken) => Some(unsafe { taken.apply(scope, definition.name) }?),
    };
    let spawned = with_listed(scope, accesses, |list| {
        // SAFETY: the caller's promise.
        unsafe { go(scope, asked, list, (definition, params.cast())) }
    })?;
    // SAFETY: the caller's promise.
    unsafe { tell_end(&spawned.event(), ended) };
    Ok(())
}

/// Puts the name of an end where the caller wants it.
///
/// # Safety
/// The place is null or can be written to.
#[inline(always)]
pub(crate) unsafe fn tell_end(end: &Event, place: *mut sprat_event) {
    if !place.is_null() {
        let id = end.to_bits().unwrap_or_default();
        // SAFETY: the caller's promise.
        unsafe { place.write(sprat_event { id }) };
    }
}

/// Spawns a codelet.
///
/// # Safety
/// Each address is null or good for what it is said to be in `sprat.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_spawn(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    count: usize,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    // In one look: few, and no options, which lie nowhere below that.
    if (count | options.addr()) <= FEW
        && let Some(definition) = Definition::find(codelet)
    {
        let way = definition.ways[count];
        // SAFETY: the caller's promise, and the definition is the codelet's.
        return unsafe { way(scope, codelet, params, accesses, definition, ended) };
    }
    // SAFETY: the caller's promise.
    unsafe { spawn_any(scope, codelet, params, accesses, count, options, ended) }
}

/// Spawns any codelet, or says what is wrong with the call.
///
/// # Safety
/// As for `sprat_spawn`.
#[inline(never)]
pub(crate) unsafe extern "C" fn spawn_any(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    count: usize,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let spawned = live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let spawned = unsafe { spawn(live, codelet, params, (accesses, count), options, ended) };
        remembered(live, spawned)
    });
    self::ended(spawned)
}

/// Notes for the scope what was refused, so that nobody takes for done what was not even begun.
#[inline]
pub(crate) fn remembered(
    live: &Live<'_>,
    result: std::result::Result<(), Fault>,
) -> std::result::Result<(), Fault> {
    if let Err(fault) = &result {
        live.wrong(Fault::new(fault.status, fault.message.clone()));
    }
    result
}

/// Makes the body fail that has this scope.
///
/// # Safety
/// `message` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_fail(
    scope: *mut sprat_scope,
    message: *const c_char,
) -> sprat_status {
    ended(live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let said = unsafe { text(message, "the message") };
        // It fails, whatever the message is.
        let message = said.as_ref().map_or("no message", |message| message);
        live.wrong(Fault::new(SPRAT_USER, message));
        said.map(drop)
    }))
}

/// What the body of a scope does.
pub type sprat_scope_body =
    Option<unsafe extern "C-unwind" fn(scope: *mut sprat_scope, argument: *mut c_void)>;

/// Opens a scope inside this one, whose end is an event.
///
/// # Safety
/// `ended` is null or can be written to; the body does with `argument` what it may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_scope_open(
    scope: *mut sprat_scope,
    body: sprat_scope_body,
    argument: *mut c_void,
    ended: *mut sprat_event,
) -> sprat_status {
    let opened = live::with(scope, |live| {
        let body = body.ok_or_else(|| Fault::null("the body of the scope"));
        let opened = body.and_then(|body| {
            let mut said = Ok(());
            let end = live.scope().scope(|inner| {
                said = live::run(inner, false, |handle| {
                    // SAFETY: the caller's promise.
                    unsafe { body(handle, argument) };
                });
            });
            // SAFETY: the caller's promise.
            unsafe { tell_end(&end, ended) };
            said
        });
        remembered(live, opened)
    });
    self::ended(opened)
}

/// Gives a block back before its codelet ends.
///
/// # Safety
/// `view` is null or points to a view of this body's, whose memory is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_release(
    scope: *mut sprat_scope,
    view: *const sprat_view,
) -> sprat_status {
    ended(live::with(scope, |live| {
        if view.is_null() {
            return Err(Fault::null("the view"));
        }
        // SAFETY: the caller's promise.
        let view = unsafe { view.read() };
        let memory = std::ptr::slice_from_raw_parts_mut(view.data.cast::<u8>(), view.bytes);
        // SAFETY: the caller's promise.
        unsafe { live.scope().release(memory) }?;
        Ok(())
    }))
}
