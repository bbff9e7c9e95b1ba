//! Reductions over blocks: chunks are mapped, what comes out is combined, and the last of it goes into a block.

use crate::access::{sprat_access, sprat_view};
use crate::codelet::MOST_PARAMS;
use crate::fault::{Fault, ended};
use crate::live::{self, Live, sprat_scope};
use crate::loops::{chunked, copied, failing};
use crate::options::{once, sprat_options};
use crate::sized::{Sized0, take};
use crate::spawn::{remembered, tell_end};
use crate::text::{forever, text};
use crate::types::*;
use sprat::{AnyAccess, AnyChunk, Error, ErrorKind, Lent, Mode, Scope};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// Makes the result of elements `begin` to `end - 1`: 0, or what went wrong.
pub type sprat_map = Option<
    unsafe extern "C-unwind" fn(
        params: *const c_void,
        begin: usize,
        end: usize,
        views: *const sprat_view,
        count: usize,
        result: *mut c_void,
    ) -> i32,
>;

/// Adds the result of the elements that follow to a result: 0, or what went wrong.
pub type sprat_combine = Option<
    unsafe extern "C-unwind" fn(
        params: *const c_void,
        result: *mut c_void,
        next: *const c_void,
    ) -> i32,
>;

/// A reduction.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_reduction {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The name, for messages.
    pub name: *const c_char,
    /// What it makes of a chunk.
    pub map: sprat_map,
    /// How two results become one.
    pub combine: sprat_combine,
    /// Bytes of the parameters, which are aligned to 16.
    pub params_size: usize,
    /// How many elements each access has.
    pub elements: usize,
    /// How many of them a chunk has; 0: the runtime's choice.
    pub grain: usize,
    /// Bytes of a result, which is aligned to 16.
    pub result_size: usize,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_reduction {
    const NAME: &'static str = "sprat_reduction";
    const LEAST: usize = 64;
}

/// # Safety
/// As for `sprat_map_reduce`.
unsafe fn spawn(
    live: &Live<'_>,
    what: *const sprat_reduction,
    params: *const c_void,
    accesses: (*const sprat_access, usize),
    result: sprat_block,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> Result<(), Fault> {
    // SAFETY: the caller's promise.
    let what = unsafe { take(what) }?.ok_or_else(|| Fault::null("the reduction"))?;
    // SAFETY: the caller's promise.
    let name = forever(unsafe { text(what.name, "the name of a reduction") }?);
    let null = |body: &str| Fault::null(&format!("{body} of reduction `{name}`"));
    let map = what.map.ok_or_else(|| null("`map`"))?;
    let combine = what.combine.ok_or_else(|| null("`combine`"))?;
    // SAFETY: the caller's promise.
    let params = unsafe { copied(params, what.params_size, &format!("reduction `{name}`")) }?;
    let bytes = what.result_size;
    if bytes == 0 || bytes > MOST_PARAMS {
        return Err(Fault::argument(format!(
            "reduction `{name}`: a result of {bytes} bytes; it has at least one, and at most {MOST_PARAMS}"
        )));
    }
    if what.elements == 0 {
        return Err(Fault::argument(format!(
            "reduction `{name}`: no elements, of which nothing can be made; write what nothing means into the block yourself"
        )));
    }
    let scope = live.scope();
    let target = match result.id {
        0 => return Err(Fault::nameless("the block of the result")),
        id => AnyAccess::whole(scope.block_from_bits(id)?, Mode::Write),
    };
    let params = Arc::new(params);
    // SAFETY: the caller's promise.
    let (over, grain) = unsafe { chunked(live, accesses, (what.elements, what.grain)) }?;
    let for_map = params.clone();
    let map = move |begin: usize, chunk: AnyChunk| {
        let (end, lent) = (begin + chunk.elements(), chunk.lent());
        let mut made = vec![0_u128; bytes.div_ceil(size_of::<u128>())];
        let (params, result) = (for_map.as_ptr().cast(), made.as_mut_ptr().cast());
        let views: *const sprat_view = lent.as_ptr().cast();
        failing(
            || {
                // SAFETY: what a body may do is the promise of the one who gave it; views have the layout of what is lent.
                unsafe { map(params, begin, end, views, lent.len(), result) }
            },
            || format!("for elements {begin} to {}", end - 1),
        );
        made
    };
    let combine = move |mut first: Vec<u128>, next: Vec<u128>| {
        let (params, result) = (params.as_ptr().cast(), first.as_mut_ptr().cast());
        failing(
            || {
                // SAFETY: what it may do is the promise of the one who gave it.
                unsafe { combine(params, result, next.as_ptr().cast()) }
            },
            || "when it combined two results".to_owned(),
        );
        first
    };
    // SAFETY: the caller's promise.
    let options = unsafe { once(scope, name, options) }?;
    let reduced = options.map_reduce(over, grain, map, combine);
    let put = move |_: &Scope<'static>, (made, to): (&Vec<u128>, Lent)| {
        if to.bytes() != bytes {
            return Err(Error::new(
                ErrorKind::BlockSize,
                format!(
                    "the result has {bytes} bytes, and its block {}; make the block as large",
                    to.bytes()
                ),
            ));
        }
        // SAFETY: the block is lent for writing, and both have so many bytes.
        unsafe { std::ptr::copy_nonoverlapping(made.as_ptr().cast::<u8>(), to.start(), bytes) };
        Ok(())
    };
    let told = scope.codelet(name).spawn((reduced.read(), target), put);
    // SAFETY: the caller's promise.
    unsafe { tell_end(&told.event(), ended) };
    Ok(())
}

/// Makes a result of each chunk of what the accesses give, on all engines, and combines them into a block.
///
/// # Safety
/// Each address is null or good for what it is said to be in `sprat.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_map_reduce(
    scope: *mut sprat_scope,
    what: *const sprat_reduction,
    params: *const c_void,
    accesses: *const sprat_access,
    count: usize,
    result: sprat_block,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let spawned = live::with(scope, |live| {
        let accesses = (accesses, count);
        // SAFETY: the caller's promise.
        let spawned = unsafe { spawn(live, what, params, accesses, result, options, ended) };
        remembered(live, spawned)
    });
    self::ended(spawned)
}
