//! The shortest way to spawn, for a codelet as most are: with small parameters, without options and alternates, and with up to four whole
//! blocks to be read, written, both, or changed in turn.
//!
//! What a definition allows is known when it is made. So it has a function for each number of accesses, to which the call is handed on as
//! it comes; for what is not possible, or is to be refused, that is the general way.
//!
//! The short way looks at what such a call can have wrong, but says nothing about it. A call that is not of this kind, or is wrong, goes
//! the general way from the beginning: so there is one place that knows in which order things are refused, and with which words.

use crate::access::sprat_access;
use crate::codelet::{Body, Definition};
use crate::live::{self, Thread, sprat_scope};
use crate::spawn::{spawn_any, tell_end};
use crate::types::*;
use sprat::{Event, Lent, Mode, PlainBody, Result, Scope};
use std::convert::identity;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::null;

/// So many accesses are few.
pub(crate) const FEW: usize = 4;

/// Spawns a codelet without options and with a number of accesses that belongs to the function. It does not unwind: so the call before it
/// is over when it is made.
///
/// Premises: those of `sprat_spawn`; the definition is the codelet's.
pub(crate) type Way = unsafe extern "C" fn(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    definition: &'static Definition,
    ended: *mut sprat_event,
) -> sprat_status;

/// The ways to spawn a codelet with parameters of this size and alignment, by the number of accesses; `fits` says which of these the
/// definition allows.
pub(crate) fn ways((size, align): (usize, usize), fits: impl Fn(usize) -> bool) -> [Way; FEW + 1] {
    let short = match size.div_ceil(8) {
        _ if align > 16 => GENERAL,
        0 => short::<0>(),
        1 => short::<1>(),
        2 => short::<2>(),
        3 => short::<3>(),
        4 => short::<4>(),
        5..=8 => short::<8>(),
        _ => GENERAL,
    };
    std::array::from_fn(|count| match fits(count) {
        true => short[count],
        false => GENERAL[count],
    })
}

const fn short<const WORDS: usize>() -> [Way; FEW + 1] {
    [
        spawn::<WORDS, 0>,
        spawn::<WORDS, 1>,
        spawn::<WORDS, 2>,
        spawn::<WORDS, 3>,
        spawn::<WORDS, 4>,
    ]
}

/// The ways of what is not of this kind.
pub(crate) const GENERAL: [Way; FEW + 1] = [
    general::<0>,
    general::<1>,
    general::<2>,
    general::<3>,
    general::<4>,
];

/// See [`Way`].
unsafe extern "C" fn general<const N: usize>(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    _: &'static Definition,
    ended: *mut sprat_event,
) -> sprat_status {
    // SAFETY: the premise.
    unsafe { spawn_any(scope, codelet, params, accesses, N, null(), ended) }
}

/// What such a codelet carries. The parameters come first, since they may be aligned to so much.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct Small<const WORDS: usize> {
    params: [MaybeUninit<u64>; WORDS],
    body: Body,
}

impl<const WORDS: usize> Small<WORDS> {
    /// # Safety
    /// The place is one for this; so many bytes as the definition says, for which there is room, can be read.
    #[inline(always)]
    unsafe fn fill(place: *mut Self, definition: &Definition, from: *const u8) {
        let bytes = definition.params_size;
        // SAFETY: the caller's promise.
        let params = unsafe { &raw mut (*place).params }.cast::<u8>();
        // Of a length known here, a copy is moves between registers.
        match bytes == 8 * WORDS {
            // SAFETY: the caller's promise.
            true => unsafe { params.copy_from_nonoverlapping(from, 8 * WORDS) },
            // SAFETY: as above.
            false => unsafe { copy_odd(params, from, bytes) },
        }
        // SAFETY: as above.
        let place = unsafe { &raw mut (*place).body };
        // SAFETY: as above.
        unsafe { place.write(definition.body) };
    }
}

/// Copies so many bytes. Apart, or the compiler makes one call of this and of what it has put in place of the other.
///
/// # Safety
/// As for any copy of bytes to where there is nothing yet.
#[inline(never)]
unsafe fn copy_odd(to: *mut u8, from: *const u8, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { to.copy_from_nonoverlapping(from, bytes) };
}

// SAFETY: a function, and bytes that are only read; that what these are may be read on any thread the interface asks of its user.
unsafe impl<const WORDS: usize> Send for Small<WORDS> {}
// SAFETY: as above.
unsafe impl<const WORDS: usize> Sync for Small<WORDS> {}

impl<const WORDS: usize> PlainBody<'static> for Small<WORDS> {
    #[inline(always)]
    fn run(&self, scope: &Scope<'static>, lent: &[Lent]) -> Result<()> {
        // What comes first on each thread alone is a call of its own, so that nothing is kept at hand for it.
        match live::noted(scope) {
            Some(thread) => self.run_on(thread, scope, lent),
            None => self.run_first(scope, lent),
        }
    }
}

impl<const WORDS: usize> Small<WORDS> {
    #[cold]
    #[inline(never)]
    fn run_first(&self, scope: &Scope<'static>, lent: &[Lent]) -> Result<()> {
        self.run_on(live::note(scope), scope, lent)
    }

    #[inline(always)]
    fn run_on(&self, thread: &Thread, scope: &Scope<'static>, lent: &[Lent]) -> Result<()> {
        let ran = live::run_on(
            thread,
            scope,
            true,
            #[inline(always)]
            |handle| {
                let params = self.params.as_ptr().cast();
                // SAFETY: what a body may do is the promise of the one who defined it; views have the layout of what is lent.
                unsafe { (self.body)(handle, params, lent.as_ptr().cast(), lent.len()) };
            },
        );
        ran.map_err(|fault| fault.into_error())
    }
}

/// The blocks and modes of so many accesses, if all are whole blocks to be read, written, both, or changed in turn, as the definition has
/// it.
///
/// # Safety
/// There are so many.
#[inline(always)]
unsafe fn names<const N: usize>(
    accesses: *const sprat_access,
    definition: &Definition,
) -> Option<[(u64, Mode); N]> {
    let mut names = [(0, Mode::Read); N];
    if N == 0 {
        return Some(names);
    }
    // SAFETY: the caller's promise.
    let list = unsafe { std::slice::from_raw_parts(accesses, N) };
    for (place, access) in names.iter_mut().zip(list) {
        *place = access.whole()?;
    }
    definition.agrees(list).then_some(names)
}

/// See [`Way`].
unsafe extern "C" fn spawn<const WORDS: usize, const N: usize>(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    definition: &'static Definition,
    ended: *mut sprat_event,
) -> sprat_status {
    let is_there = (WORDS == 0 || !params.is_null()) && (N == 0 || !accesses.is_null());
    // All of it is to be put into the one that spawns; so much may be said of a closure where it is an argument.
    let tell = (!ended.is_null()).then_some(identity(
        #[inline(always)]
        |end: Event| {
            // SAFETY: the premise.
            unsafe { tell_end(&end, ended) }
        },
    ));
    let fill = identity(
        #[inline(always)]
        |place| {
            // SAFETY: a place for it, and so many bytes, which are no more than the words: the premise.
            unsafe { Small::<WORDS>::fill(place, definition, params.cast()) }
        },
    );
    if is_there
        && let Some(live) = live::innermost(scope)
        // SAFETY: the premise; of none nothing is read.
        && let Some(names) = unsafe { names::<N>(accesses, definition) }
        // SAFETY: it is filled, and nothing in there unwinds.
        && unsafe { live.scope().spawn_whole(definition.name, names, tell, fill) }
    {
        return SPRAT_OK;
    }
    // SAFETY: the premise.
    unsafe { general::<N>(scope, codelet, params, accesses, definition, ended) }
}
