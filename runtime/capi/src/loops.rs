//! Loops over blocks.

use crate::access::{sprat_access, sprat_view};
use crate::codelet::MOST_PARAMS;
use crate::fault::{Fault, ended};
use crate::live::{self, Live, sprat_scope};
use crate::options::{once, sprat_options};
use crate::sized::{Sized0, take};
use crate::spawn::{listed, remembered, tell_end, with_listed};
use crate::text::{forever, text};
use crate::types::*;
use sprat::{AnyChunk, AnyChunks, Grain};
use std::ffi::{c_char, c_void};
use std::panic::resume_unwind;

/// What a loop does with elements `begin` to `end - 1`: 0, or what went wrong.
pub type sprat_chunk = Option<
    unsafe extern "C-unwind" fn(
        params: *const c_void,
        begin: usize,
        end: usize,
        views: *const sprat_view,
        count: usize,
    ) -> i32,
>;

/// A loop.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_loop {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The name, for messages.
    pub name: *const c_char,
    /// What it does with a chunk.
    pub body: sprat_chunk,
    /// Bytes of the parameters, which are aligned to 16.
    pub params_size: usize,
    /// How many elements each access has.
    pub elements: usize,
    /// How many of them a chunk has; 0: measured.
    pub grain: usize,
}

// SAFETY: numbers and addresses, the first of which is the size.
unsafe impl Sized0 for sprat_loop {
    const NAME: &'static str = "sprat_loop";
    const LEAST: usize = 48;
}

/// A copy of parameters.
///
/// # Safety
/// So many bytes can be read there.
unsafe fn copied(from: *const c_void, bytes: usize) -> Vec<u128> {
    let mut copy = vec![0_u128; bytes.div_ceil(size_of::<u128>()).max(1)];
    if bytes != 0 {
        let target = copy.as_mut_ptr().cast::<u8>();
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), target, bytes) };
    }
    copy
}

/// # Safety
/// As for `sprat_for_each`.
unsafe fn spawn(
    live: &Live<'_>,
    what: *const sprat_loop,
    params: *const c_void,
    (accesses, count): (*const sprat_access, usize),
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> Result<(), Fault> {
    // SAFETY: the caller's promise.
    let what = unsafe { take(what) }?.ok_or_else(|| Fault::null("the loop"))?;
    // SAFETY: the caller's promise.
    let name = forever(unsafe { text(what.name, "the name of a loop") }?);
    let body = what.body;
    let body = body.ok_or_else(|| Fault::null(&format!("the body of loop `{name}`")))?;
    if what.params_size > MOST_PARAMS {
        return Err(Fault::argument(format!(
            "loop `{name}`: parameters of {} bytes; at most {MOST_PARAMS} are possible, so pass the rest in a block",
            what.params_size
        )));
    }
    if params.is_null() && what.params_size != 0 {
        return Err(Fault::null("the address of the parameters"));
    }
    // SAFETY: the caller's promise.
    let params = unsafe { copied(params, what.params_size) };
    // SAFETY: the caller's promise.
    let accesses = unsafe { listed(accesses, count) }?;
    let scope = live.scope();
    let over = with_listed(scope, accesses, |list| AnyChunks::new(list, what.elements))??;
    let grain = match what.grain {
        0 => Grain::Auto,
        elements => Grain::Elements(elements),
    };
    let each = move |begin: usize, chunk: AnyChunk| {
        let (end, lent) = (begin + chunk.elements(), chunk.lent());
        let params = params.as_ptr().cast();
        let wrong = live::without(|| {
            // SAFETY: what a body may do is the promise of the one who gave it; views have the layout of what is lent.
            unsafe { body(params, begin, end, lent.as_ptr().cast(), lent.len()) }
        });
        if wrong != 0 {
            // The loop fails as one does whose chunk panics, without a word from the panic hook.
            resume_unwind(Box::new(format!(
                "its body returned {wrong} for elements {begin} to {}",
                end - 1
            )));
        }
    };
    // SAFETY: the caller's promise.
    let options = unsafe { once(scope, name, options) }?;
    let spawned = options.for_each(over, grain, each);
    // SAFETY: the caller's promise.
    unsafe { tell_end(&spawned.event(), ended) };
    Ok(())
}

/// Calls a body with each chunk of what the accesses give, on all engines.
///
/// # Safety
/// Each address is null or good for what it is said to be in `sprat.h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_for_each(
    scope: *mut sprat_scope,
    what: *const sprat_loop,
    params: *const c_void,
    accesses: *const sprat_access,
    count: usize,
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> sprat_status {
    let spawned = live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let spawned = unsafe { spawn(live, what, params, (accesses, count), options, ended) };
        remembered(live, spawned)
    });
    self::ended(spawned)
}
