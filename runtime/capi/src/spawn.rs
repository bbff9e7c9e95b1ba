//! Spawning, and what a body says of itself.

use crate::access::{sprat_access, sprat_view};
use crate::codelet::{Body, Definition};
use crate::fault::{Fault, ended};
use crate::live::{self, Live, sprat_scope};
use crate::options::{Asked, sprat_options};
use crate::sized::take;
use crate::text::text;
use crate::types::*;
use sprat::{AnyAccess, Event, Lent, Options, Result, Scope, Spawned};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Where a copy of parameters lies.
trait Params: Send + Sync + 'static {
    fn address(&self) -> *const c_void;
}

/// No parameters: a body gets an address all the same, so that it is never null.
struct Nothing;

/// Parameters inside the codelet's record: so many units of 16 bytes.
#[repr(align(16))]
struct Inline<const UNITS: usize>([MaybeUninit<[u64; 2]>; UNITS]);

/// Parameters that are large, or aligned to more.
struct Boxed {
    start: NonNull<u8>,
    layout: Layout,
}

impl Params for Nothing {
    #[inline]
    fn address(&self) -> *const c_void {
        NonNull::<[u64; 2]>::dangling().as_ptr().cast()
    }
}

impl<const UNITS: usize> Inline<UNITS> {
    /// # Safety
    /// So many bytes can be read there, at most 16 for each unit.
    #[inline]
    unsafe fn copy(from: *const u8, bytes: usize) -> Self {
        debug_assert!(bytes <= 16 * UNITS);
        let mut copy = Inline([MaybeUninit::uninit(); UNITS]);
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(from, copy.0.as_mut_ptr().cast(), bytes) };
        copy
    }
}

impl<const UNITS: usize> Params for Inline<UNITS> {
    #[inline]
    fn address(&self) -> *const c_void {
        self.0.as_ptr().cast()
    }
}

impl Boxed {
    /// # Safety
    /// So many bytes, at least one, can be read there.
    unsafe fn copy(from: *const u8, bytes: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(bytes, align).expect("checked by the definition");
        // SAFETY: it has a size.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(from, start.as_ptr(), bytes) };
        Boxed { start, layout }
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and dropped once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl Params for Boxed {
    fn address(&self) -> *const c_void {
        self.start.as_ptr().cast()
    }
}

// SAFETY: memory of its own, which is only read; that what lies there may be read on any thread the interface asks of its user.
unsafe impl Send for Boxed {}
// SAFETY: as above.
unsafe impl Sync for Boxed {}

/// What a codelet carries.
struct Call<P> {
    definition: &'static Definition,
    params: P,
}

impl<P: Params> Call<P> {
    #[inline]
    fn run(&self, scope: &Scope<'static>, lent: &[Lent]) -> Result<()> {
        let ran = live::run(scope, true, |handle| {
            let views: *const sprat_view = lent.as_ptr().cast();
            let params = self.params.address();
            let call = |body: Body| {
                // SAFETY: what a body may do is the promise of the one who defined it, and what it needs is there; views have the
                // layout of what is lent.
                unsafe { body(handle, params, views, lent.len()) };
            };
            let definition = self.definition;
            match definition.needs.is_empty() {
                true => call(definition.body),
                false => scope.run_best(definition, &definition.needs, |which| {
                    let alternate = which.checked_sub(1).map(|at| definition.alternates[at]);
                    call(alternate.unwrap_or(definition.body));
                }),
            }
        });
        ran.map_err(|fault| fault.into_error())
    }
}

#[inline(always)]
fn launch<P: Params>(
    scope: &Scope<'static>,
    options: Option<Asked<'_>>,
    accesses: &[AnyAccess],
    call: Call<P>,
) -> Spawned<()> {
    match options {
        None => scope.spawn_any(call.definition.name, accesses, move |scope, lent| {
            call.run(scope, lent)
        }),
        Some(asked) => launch_asked(asked, accesses, call),
    }
}

#[inline(never)]
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
const FEW: usize = 16;

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
    if accesses.len() > FEW {
        let mut list = Vec::with_capacity(accesses.len());
        for one in accesses {
            let mut place = MaybeUninit::uninit();
            one.list(scope, &mut place)?;
            // SAFETY: it was written.
            list.push(unsafe { place.assume_init() });
        }
        return Ok(work(&list));
    }
    let mut list = [const { MaybeUninit::<AnyAccess>::uninit() }; FEW];
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
#[inline(always)]
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
#[inline]
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
    let from: *const u8 = params.cast();
    let params = (definition, from);
    let spawned = match options.is_null() {
        true => with_listed(
            scope,
            accesses,
            #[inline(always)]
            |list| {
                // SAFETY: the caller's promise.
                unsafe { go(scope, None, list, params) }
            },
        )?,
        false => {
            // SAFETY: the caller's promise.
            let taken = unsafe { take(options) }?.expect("it is not null");
            // SAFETY: the caller's promise.
            let asked = unsafe { taken.apply(scope, definition.name) }?;
            with_listed(scope, accesses, |list| {
                // SAFETY: the caller's promise.
                unsafe { go(scope, Some(asked), list, params) }
            })?
        }
    };
    if !ended.is_null() {
        // SAFETY: the caller's promise.
        unsafe { tell_end(&spawned.event(), ended) };
    }
    Ok(())
}

/// Puts the name of an end where the caller wants it.
///
/// # Safety
/// The place is null or can be written to.
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
