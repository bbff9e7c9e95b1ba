//! The scopes whose bodies run on this thread, and their handles.
//!
//! A handle is no address, though C sees a pointer: it is a number that this thread gives out once, so one that is used on
//! another thread, or after its body, is noticed. What a thread has are the bodies that run on it, each inside the one below it:
//! a list through their stack frames, with the innermost first. A body of a codelet ends the search: what is below it belongs to
//! whoever waits here meanwhile.

use crate::fault::{self, Fault};
use crate::types::SPRAT_SCOPE;
use sprat::{Error, Scope, Span};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where codelets are spawned. Opaque.
#[derive(Debug)]
pub struct sprat_scope(());

/// A scope whose body runs on this thread. It stays where it is until it is dropped.
pub(crate) struct Live<'a> {
    handle: u64,
    scope: *const Scope<'static>,
    /// What hardly any body has, in one word: so most have nothing else to look at in the end.
    rare: Cell<Option<Box<Rare>>>,
    /// The one outside of it; null for a codelet's, where a search ends.
    outside: *const Live<'static>,
    marker: PhantomData<&'a Scope<'static>>,
}

/// What hardly any body has.
#[derive(Default)]
struct Rare {
    /// What it did wrong first: `sprat_fail`, or a spawn that was refused.
    wrong: Option<Fault>,
    /// Parts of it that have begun for the trace, and have not ended.
    spans: Vec<Span<'static>>,
}

impl Rare {
    /// What the body, which has ended, did wrong first, if it did.
    #[cold]
    fn ended(&mut self) -> Result<(), Fault> {
        self.wrong.take().map_or(Ok(()), Err)
    }
}

impl Drop for Rare {
    /// Spans end from the innermost on.
    fn drop(&mut self) {
        while self.spans.pop().is_some() {}
    }
}

// A handle of 64 bits is passed as an address.
const _: () = assert!(size_of::<usize>() == 8);

/// What a thread has.
pub(crate) struct Thread {
    /// The innermost.
    top: Cell<*const Live<'static>>,
    /// The last handle given out; 0 as long as nobody has asked for the thread's numbers.
    last: Cell<u64>,
}

// One zeroed for each thread.
#[cfg(all(
    target_arch = "x86_64",
    target_os = "linux",
    target_env = "gnu",
    not(miri)
))]
std::arch::global_asm!(
    ".pushsection .tbss,\"awT\",@nobits",
    ".balign 8",
    ".globl sprat_capi_thread",
    ".hidden sprat_capi_thread",
    ".type sprat_capi_thread,@tls_object",
    ".size sprat_capi_thread,{size}",
    "sprat_capi_thread:",
    ".zero {size}",
    ".popsection",
    size = const size_of::<Thread>(),
);

/// This thread's: two instructions, where a shared library's look for what is a thread's is a call else (Rust cannot say so of a
/// `thread_local`). The linker gives the place when the library is loaded; all zeros are a thread that has nothing.
#[cfg(all(
    target_arch = "x86_64",
    target_os = "linux",
    target_env = "gnu",
    not(miri)
))]
#[inline(always)]
fn here() -> *const Thread {
    let here: *const Thread;
    // SAFETY: it reads where the variable lies, and where this thread's begin.
    unsafe {
        std::arch::asm!(
            "mov {here}, qword ptr [rip + sprat_capi_thread@gottpoff]",
            "add {here}, qword ptr fs:[0]",
            here = out(reg) here,
            options(pure, nomem, nostack),
        );
    }
    here
}

/// This thread's.
#[cfg(not(all(
    target_arch = "x86_64",
    target_os = "linux",
    target_env = "gnu",
    not(miri)
)))]
#[inline(always)]
fn here() -> *const Thread {
    thread_local! {
        static THREAD: Thread = const {
            Thread {
                top: Cell::new(std::ptr::null()),
                last: Cell::new(0),
            }
        };
    }
    THREAD.with(std::ptr::from_ref)
}

/// The same, for who gives out handles.
fn here_with_numbers() -> *const Thread {
    /// Handles of a thread: a number of its own above so many bits.
    const BITS: u32 = 48;
    static THREADS: AtomicU64 = AtomicU64::new(0);
    let here = here();
    // SAFETY: it stays as long as the thread, which runs this.
    let last = unsafe { &(*here).last };
    if last.get() == 0 {
        last.set(THREADS.fetch_add(1, Ordering::Relaxed) << BITS | 1);
    }
    here
}

/// The same in a body, if its engine has noted it.
#[inline(always)]
pub(crate) fn noted<'a>(scope: &'a Scope<'static>) -> Option<&'a Thread> {
    let noted = scope.guest().get().cast::<Thread>();
    // SAFETY: nobody else writes there, an engine is for one thread, and what is noted stays as long as that.
    unsafe { noted.as_ref() }
}

/// Has the engine of a body note it.
#[cold]
#[inline(never)]
pub(crate) fn note<'a>(scope: &'a Scope<'static>) -> &'a Thread {
    let here = here_with_numbers();
    scope.guest().set(here.cast());
    // SAFETY: it stays as long as the thread, which runs this.
    unsafe { &*here }
}

impl Thread {
    /// A new handle.
    #[inline(always)]
    fn handle(&self) -> u64 {
        let handle = self.last.get() + 1;
        self.last.set(handle);
        handle
    }
}

/// Runs the body of a scope or codelet, which gets the scope's handle. What it did wrong first, if it did.
#[inline(always)]
pub(crate) fn run(
    scope: &Scope<'static>,
    of_codelet: bool,
    body: impl FnOnce(*mut sprat_scope),
) -> Result<(), Fault> {
    run_on(
        noted(scope).unwrap_or_else(|| note(scope)),
        scope,
        of_codelet,
        body,
    )
}

/// The same on this thread, which is known.
#[inline(always)]
pub(crate) fn run_on(
    thread: &Thread,
    scope: &Scope<'static>,
    of_codelet: bool,
    body: impl FnOnce(*mut sprat_scope),
) -> Result<(), Fault> {
    let handle = thread.handle();
    let below = thread.top.get();
    let live = Live {
        handle,
        scope,
        rare: Cell::new(None),
        outside: if of_codelet { std::ptr::null() } else { below },
        marker: PhantomData,
    };
    let top = Top::put(thread, &live, below);
    body(std::ptr::without_provenance_mut(handle as usize));
    drop(top);
    match live.rare.into_inner() {
        None => Ok(()),
        Some(mut rare) => rare.ended(),
    }
}

/// Runs what has no scope, as a codelet's body otherwise: whose scopes are below it stays hidden.
pub(crate) fn without<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: it stays as long as the thread, which runs this.
    let thread = unsafe { &*here_with_numbers() };
    // Nobody gets the handle, so nobody asks for the scope.
    let live = Live {
        handle: thread.handle(),
        scope: std::ptr::null(),
        rare: Cell::new(None),
        outside: std::ptr::null(),
        marker: PhantomData,
    };
    let _top = Top::put(thread, &live, thread.top.get());
    body()
}

/// While it is there, the scope is the innermost of the thread.
struct Top<'a> {
    thread: &'a Thread,
    below: *const Live<'static>,
    marker: PhantomData<&'a Live<'a>>,
}

impl<'a> Top<'a> {
    /// What was innermost is `below` it.
    #[inline(always)]
    fn put(thread: &'a Thread, live: &'a Live<'a>, below: *const Live<'static>) -> Self {
        thread.top.set(std::ptr::from_ref(live).cast());
        Top {
            thread,
            below,
            marker: PhantomData,
        }
    }
}

impl Drop for Top<'_> {
    #[inline]
    fn drop(&mut self) {
        self.thread.top.set(self.below);
    }
}

/// The innermost of this thread.
#[inline(always)]
fn top() -> *const Live<'static> {
    // SAFETY: it stays as long as the thread, which runs this.
    unsafe { &*here() }.top.get()
}

/// Whether a body runs on this thread.
pub(crate) fn in_a_body() -> bool {
    !top().is_null()
}

/// Whether what runs here innermost is something of the user's that has no scope: a chunk of a loop.
pub(crate) fn in_a_chunk() -> bool {
    let top = top();
    // SAFETY: what is innermost on this thread stays until it is taken from there.
    !top.is_null() && unsafe { (*top).scope.is_null() }
}

/// Does something in the scope with this handle.
#[inline]
pub(crate) fn with<R>(
    handle: *mut sprat_scope,
    work: impl FnOnce(&Live<'_>) -> Result<R, Fault>,
) -> Result<R, Fault> {
    match innermost(handle) {
        Some(live) => work(live),
        None => work(outer(handle)?),
    }
}

/// The scope with this handle, if it is the innermost.
#[inline(always)]
pub(crate) fn innermost<'a>(handle: *mut sprat_scope) -> Option<&'a Live<'a>> {
    // SAFETY: what the list names is on this thread's stack, below us, and stays until its body has ended.
    let live = unsafe { top().as_ref() }?;
    (live.handle == handle.addr() as u64).then_some(live)
}

/// One that is not the innermost.
#[cold]
fn outer<'a>(handle: *mut sprat_scope) -> Result<&'a Live<'a>, Fault> {
    let mut at = top();
    while !at.is_null() {
        // SAFETY: as in `with`.
        let live = unsafe { &*at };
        if live.handle == handle.addr() as u64 {
            return Ok(live);
        }
        at = live.outside;
    }
    if handle.is_null() {
        return Err(Fault::null("the scope"));
    }
    Err(Fault::new(
        SPRAT_SCOPE,
        "a scope was used on another thread than its own, or after its body, or in a codelet that it is not the scope of; use the one that the body gets",
    ))
}

impl Live<'_> {
    #[inline]
    pub(crate) fn scope(&self) -> &Scope<'static> {
        // SAFETY: it was borrowed from the one who runs the body, for as long as that.
        unsafe { &*self.scope }
    }

    /// Begins a span; those that are left end with the body.
    pub(crate) fn begin_span(&self, name: &'static str) {
        // SAFETY: it is there as long as the body runs, and spans end with that: this goes before the scope does.
        let scope: &'static Scope<'static> = unsafe { &*self.scope };
        self.with_rare(|rare| rare.spans.push(scope.span(name)));
    }

    /// Ends the last one; whether there was any.
    pub(crate) fn end_span(&self) -> bool {
        self.with_rare(|rare| rare.spans.pop().is_some())
    }

    /// Notes what the body did wrong: that counts which was first.
    pub(crate) fn wrong(&self, fault: Fault) {
        self.with_rare(|rare| _ = rare.wrong.get_or_insert(fault));
    }

    #[cold]
    fn with_rare<R>(&self, work: impl FnOnce(&mut Rare) -> R) -> R {
        let mut rare = self.rare.take().unwrap_or_default();
        let result = work(&mut rare);
        self.rare.set(Some(rare));
        result
    }
}

/// What the bodies of hosts' scopes did wrong, for the runtime and for whoever waits for the scope.
#[derive(Default)]
pub(crate) struct Said(Cell<Option<Fault>>);

impl Said {
    /// The body's result, for the runtime.
    pub(crate) fn by(&self, result: Result<(), Fault>) -> Result<(), Error> {
        result.map_err(|fault| {
            let error = Fault::new(fault.status, fault.message.clone()).into_error();
            self.0.set(Some(fault));
            error
        })
    }

    /// The scope's result, with the status that the body's own failure had.
    pub(crate) fn told<R>(self, result: Result<R, Error>) -> Result<R, Fault> {
        result.map_err(|error| {
            let mut fault = Fault::from(error);
            if let Some(said) = self.0.take()
                && fault.status == fault::status_as_told(said.status)
                && fault.message.starts_with(&said.message)
            {
                fault.status = said.status;
            }
            fault
        })
    }
}
