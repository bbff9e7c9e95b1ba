//! The shortest way to spawn, for a codelet as most are: with small parameters, without options, and with up to four whole blocks to be
//! read, written, both, or changed in turn.
//!
//! It looks at what such a call can have wrong, but says nothing about it. A call that is not of this kind, or is wrong, goes the general
//! way from the beginning: so there is one place that knows in which order things are refused, and with which words.

use crate::access::sprat_access;
use crate::codelet::Definition;
use crate::live::{self, sprat_scope};
use crate::params::{Inline, Nothing, Params};
use crate::spawn::{Call, spawn_any, tell_end};
use crate::types::*;
use sprat::Mode;
use std::ffi::c_void;
use std::ptr::null;

/// Parameters of this way.
trait Small: Params {
    /// # Safety
    /// There are as many bytes as the definition says, for which there is room.
    unsafe fn copy(from: *const u8, definition: &Definition) -> Self;
}

impl Small for Nothing {
    #[inline(always)]
    unsafe fn copy(_: *const u8, _: &Definition) -> Self {
        Nothing
    }
}

/// Room for so many bytes.
const ROOM: usize = 32;

impl Small for Inline<{ ROOM / 16 }> {
    #[inline(always)]
    unsafe fn copy(from: *const u8, definition: &Definition) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Inline::copy(from, definition.params_size) }
    }
}

/// Spawns a codelet without options: in the shortest way, if it is one for that.
///
/// # Safety
/// As for `sprat_spawn`.
#[inline(always)]
pub(crate) unsafe fn spawn_few(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    (accesses, count): (*const sprat_access, usize),
    ended: *mut sprat_event,
) -> sprat_status {
    // A function for each kind and number, to which all that is given here is handed on in registers.
    macro_rules! go {
        ($params:ty, $n:literal, $definition:ident) => {
            // SAFETY: the caller's promise, and there are so many accesses.
            unsafe { spawn::<$params, $n>(scope, codelet, params, accesses, $definition, ended) }
        };
    }
    if let Some(definition) = Definition::find(codelet)
        && !(accesses.is_null() && count != 0)
    {
        match (definition.params_size, count) {
            (0, 0) => return go!(Nothing, 0, definition),
            (0, 1) => return go!(Nothing, 1, definition),
            (0, 2) => return go!(Nothing, 2, definition),
            (0, 3) => return go!(Nothing, 3, definition),
            (0, 4) => return go!(Nothing, 4, definition),
            (1..=ROOM, 0) => return go!(Inline<2>, 0, definition),
            (1..=ROOM, 1) => return go!(Inline<2>, 1, definition),
            (1..=ROOM, 2) => return go!(Inline<2>, 2, definition),
            (1..=ROOM, 3) => return go!(Inline<2>, 3, definition),
            (1..=ROOM, 4) => return go!(Inline<2>, 4, definition),
            _ => (),
        }
    }
    // SAFETY: the caller's promise.
    unsafe { spawn_any(scope, codelet, params, accesses, count, null(), ended) }
}

/// # Safety
/// As for `sprat_spawn`; there are `N` accesses; the definition is the codelet's, with parameters that `P` has room for.
#[inline(never)]
unsafe fn spawn<P: Small, const N: usize>(
    scope: *mut sprat_scope,
    codelet: sprat_codelet,
    params: *const c_void,
    accesses: *const sprat_access,
    definition: &'static Definition,
    ended: *mut sprat_event,
) -> sprat_status {
    let list = match N {
        0 => &[],
        // SAFETY: the caller's promise.
        _ => unsafe { std::slice::from_raw_parts(accesses, N) },
    };
    let is_small =
        definition.params_align <= 16 && !(params.is_null() && definition.params_size != 0);
    if let Some(live) = live::innermost(scope)
        && is_small
        && definition.check(list).is_ok()
        && let Some(names) = names::<N>(list)
        && let Some(blocks) = live.scope().whole_from_bits(names)
    {
        // SAFETY: the caller's promise.
        let params = unsafe { P::copy(params.cast(), definition) };
        let call = Call { definition, params };
        let spawned = live
            .scope()
            .spawn_whole(definition.name, blocks, move |scope, lent| {
                call.run(scope, lent)
            });
        if !ended.is_null() {
            // SAFETY: the caller's promise.
            unsafe { tell_end(&spawned.event(), ended) };
        }
        return SPRAT_OK;
    }
    // SAFETY: the caller's promise.
    unsafe { spawn_any(scope, codelet, params, accesses, N, null(), ended) }
}

/// The blocks and modes, if all accesses are whole blocks to be read, written, both, or changed in turn.
#[inline(always)]
fn names<const N: usize>(list: &[sprat_access]) -> Option<[(u64, Mode); N]> {
    let mut names = [(0, Mode::Read); N];
    for (place, access) in names.iter_mut().zip(list) {
        *place = access.whole()?;
    }
    Some(names)
}
