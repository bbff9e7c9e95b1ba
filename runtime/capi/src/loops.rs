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
use std::cell::Cell;
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

/// Of the chunk that runs on this thread.
#[derive(Default)]
enum Running {
    /// There is none.
    #[default]
    None,
    Fine,
    /// What it said first of its failure.
    Failed(String),
}

thread_local! {
    static RUNNING: Cell<Running> = const { Cell::new(Running::None) };
}

/// Runs the body of a chunk. If that goes wrong what it is part of fails, as if the chunk had panicked; `place` says where.
pub(crate) fn failing(body: impl FnOnce() -> i32, place: impl FnOnce() -> String) {
    // Another chunk may stand below, whose body waits for another runtime's codelets.
    let below = RUNNING.replace(Running::Fine);
    let answer = live::without(body);
    let wrong = match (RUNNING.replace(below), answer) {
        (Running::Failed(said), _) => said,
        (_, 0) => return,
        (_, answer) => format!("its body returned {answer}"),
    };
    // Without a word from the panic hook.
    resume_unwind(Box::new(format!("{wrong} {}", place())));
}

/// Calls a function that is part of no body, of whatever chunk or scope below.
pub(crate) fn aside<R>(call: impl FnOnce() -> R) -> R {
    /// Puts it back.
    struct Below(Running);
    impl Drop for Below {
        fn drop(&mut self) {
            RUNNING.set(std::mem::take(&mut self.0));
        }
    }
    let _below = Below(RUNNING.take());
    live::without(call)
}

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

/// A copy of the parameters of what is called so.
///
/// # Safety
/// They are null or so many bytes can be read there.
pub(crate) unsafe fn copied(
    params: *const c_void,
    bytes: usize,
    what: &str,
) -> Result<Vec<u128>, Fault> {
    if bytes > MOST_PARAMS {
        return Err(Fault::argument(format!(
            "{what}: parameters of {bytes} bytes; at most {MOST_PARAMS} are possible, so pass the rest in a block"
        )));
    }
    if params.is_null() && bytes != 0 {
        return Err(Fault::null("the address of the parameters"));
    }
    let mut copy = vec![0_u128; bytes.div_ceil(size_of::<u128>()).max(1)];
    if bytes != 0 {
        let target = copy.as_mut_ptr().cast::<u8>();
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(params.cast::<u8>(), target, bytes) };
    }
    Ok(copy)
}

/// What a loop goes over, and in what chunks: 0 is the runtime's choice.
///
/// # Safety
/// The list is null or there are so many.
pub(crate) unsafe fn chunked(
    live: &Live<'_>,
    (accesses, count): (*const sprat_access, usize),
    (elements, grain): (usize, usize),
) -> Result<(AnyChunks, Grain), Fault> {
    // SAFETY: the caller's promise.
    let accesses = unsafe { listed(accesses, count) }?;
    let over = with_listed(live.scope(), accesses, |list| {
        AnyChunks::new(list, elements)
    })??;
    let grain = match grain {
        0 => Grain::Auto,
        elements => Grain::Elements(elements),
    };
    Ok((over, grain))
}

/// # Safety
/// As for `sprat_for_each`.
unsafe fn spawn(
    live: &Live<'_>,
    what: *const sprat_loop,
    params: *const c_void,
    accesses: (*const sprat_access, usize),
    options: *const sprat_options,
    ended: *mut sprat_event,
) -> Result<(), Fault> {
    // SAFETY: the caller's promise.
    let what = unsafe { take(what) }?.ok_or_else(|| Fault::null("the loop"))?;
    // SAFETY: the caller's promise.
    let name = forever(unsafe { text(what.name, "the name of a loop") }?);
    let body = what.body;
    let body = body.ok_or_else(|| Fault::null(&format!("the body of loop `{name}`")))?;
    // SAFETY: the caller's promise.
    let params = unsafe { copied(params, what.params_size, &format!("loop `{name}`")) }?;
    // SAFETY: the caller's promise.
    let (over, grain) = unsafe { chunked(live, accesses, (what.elements, what.grain)) }?;
    let each = move |begin: usize, chunk: AnyChunk| {
        let (end, lent) = (begin + chunk.elements(), chunk.lent());
        let params = params.as_ptr().cast();
        let views: *const sprat_view = lent.as_ptr().cast();
        failing(
            || {
                // SAFETY: what a body may do is the promise of the one who gave it; views have the layout of what is lent.
                unsafe { body(params, begin, end, views, lent.len()) }
            },
            || format!("for elements {begin} to {}", end - 1),
        );
    };
    // SAFETY: the caller's promise.
    let options = unsafe { once(live.scope(), name, options) }?;
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

/// Makes the chunk fail that runs on this thread.
///
/// # Safety
/// `message` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_chunk_fail(message: *const c_char) -> sprat_status {
    let fail = || {
        // SAFETY: the caller's promise.
        let said = unsafe { text(message, "the message") };
        // A chunk that waits for another runtime's codelets may run some of those; they are none of its body.
        let running = match live::in_a_chunk() {
            true => RUNNING.take(),
            false => Running::None,
        };
        let failed = match running {
            Running::None => {
                return Err(Fault::new(
                    SPRAT_SCOPE,
                    "a chunk was to fail where no loop's body runs on this thread; call sprat_chunk_fail in the body, and sprat_fail in a codelet",
                ));
            }
            // It fails, whatever the message is.
            Running::Fine => said.as_ref().map_or("no message", |said| said).to_owned(),
            Running::Failed(first) => first,
        };
        RUNNING.set(Running::Failed(failed));
        said.map(drop)
    };
    ended(fail())
}
