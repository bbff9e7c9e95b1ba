//! The program that runs: its runtime, the scope of its EDTs, and how it ends.

use crate::{context, event, hint, label, pause};
use sprat::{Runtime, ScopeKey};
use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock, RwLockReadGuard};

/// A running program.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) runtime: Runtime,
    /// The scope of EDTs that belong to no finish EDT.
    pub(crate) scope: ScopeKey,
}

static PROGRAM: Mutex<Option<Program>> = Mutex::new(None);

/// Whether threads outside of all EDTs may come into the program's scope; who is inside holds it for reading.
static DOOR: RwLock<bool> = RwLock::new(false);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// The running program, if there is one.
pub(crate) fn program() -> Option<Program> {
    lock(&PROGRAM).clone()
}

pub(crate) fn begin(program: Program) {
    EXIT.store(OPEN, Ordering::Relaxed);
    NEVER_RAN.store(0, Ordering::Relaxed);
    lock(&NEVER_RAN_NAMES).clear();
    *lock(&PROGRAM) = Some(program);
    set_door(true);
}

fn set_door(open: bool) {
    *DOOR.write().unwrap_or_else(|e| e.into_inner()) = open;
}

/// The program for a thread outside of all EDTs, which is inside as long as it has what is given: no longer than it works there.
pub(crate) fn let_in() -> Option<(Program, RwLockReadGuard<'static, bool>)> {
    let door = DOOR.read().unwrap_or_else(|e| e.into_inner());
    door.then(program).flatten().map(|program| (program, door))
}

/// The program's scope is about to end: waits for those who are inside, and lets nobody in any more.
pub(crate) fn shut_out() {
    set_door(false);
}

/// The program has ended, and nobody is inside: what it left goes, since the next one numbers its objects anew. But the memory of its
/// blocks stays for ever if a thread of its own had one that it never released: it may go on using that.
pub(crate) fn end() {
    context::clear();
    let _ended = lock(&PROGRAM).take();
    event::clear();
    label::clear();
    hint::clear();
    pause::resume();
}

/// The memory of this program's blocks stays mapped for ever.
#[cold]
pub(crate) fn keep_memory() {
    if let Some(program) = program() {
        std::mem::forget(program.runtime.keep_memory());
    }
}

/// No code: the program has not ended.
const OPEN: u16 = 256;
/// The code with which `ocrShutdown` or `ocrAbort` ended the program: from then on nothing becomes runnable. (It is all that is
/// told, so no order is needed.)
static EXIT: AtomicU16 = AtomicU16::new(OPEN);

/// Ends the program, with this code unless it was ended before.
pub(crate) fn shut_down(code: u8) {
    let _ = EXIT.compare_exchange(OPEN, code.into(), Ordering::Relaxed, Ordering::Relaxed);
}

#[inline]
pub(crate) fn is_shut_down() -> bool {
    EXIT.load(Ordering::Relaxed) != OPEN
}

/// 0 as long as it has not ended.
pub(crate) fn exit_code() -> u8 {
    u8::try_from(EXIT.load(Ordering::Relaxed)).unwrap_or(0)
}

/// At most so many EDTs that never ran are named.
const NAMED: usize = 20;
static NEVER_RAN: AtomicUsize = AtomicUsize::new(0);
static NEVER_RAN_NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// An EDT was dropped that had not run; `describe` says which, and what it waited for.
pub(crate) fn never_ran(describe: impl FnOnce() -> String) {
    if NEVER_RAN.fetch_add(1, Ordering::Relaxed) < NAMED {
        lock(&NEVER_RAN_NAMES).push(describe());
    }
}

/// How many they were, and what is said of the first of them.
pub(crate) fn all_that_never_ran() -> (usize, Vec<String>) {
    (
        NEVER_RAN.load(Ordering::Relaxed),
        std::mem::take(&mut *lock(&NEVER_RAN_NAMES)),
    )
}

/// A name that stays.
pub(crate) type Name = &'static &'static str;

static NAMES: Mutex<Option<HashMap<String, Name>>> = Mutex::new(None);

/// A function's name, kept for ever: there are as many as functions.
///
/// # Safety
/// `name` is null or a string of C.
pub(crate) unsafe fn name(name: *const c_char) -> Name {
    thread_local! {
        static LAST: std::cell::Cell<(*const c_char, Name)> =
            const { std::cell::Cell::new((std::ptr::null(), &"EDT")) };
    }
    let (last, known) = LAST.get();
    if name.is_null() {
        return &"EDT";
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(name) };
    // The same address may hold another name: a program may build its names.
    if last == name && known.as_bytes() == text.to_bytes() {
        return known;
    }
    let text = text.to_string_lossy();
    let mut names = lock(&NAMES);
    let names = names.get_or_insert_default();
    let kept = match names.get(text.as_ref()) {
        Some(kept) => kept,
        None => {
            let leaked: &'static str = Box::leak(text.clone().into_owned().into_boxed_str());
            let kept: Name = Box::leak(Box::new(leaked));
            names.insert(text.into_owned(), kept);
            kept
        }
    };
    LAST.set((name, kept));
    kept
}

/// Says something on the error output, as the library.
pub(crate) fn say(text: &str) {
    eprintln!("sprat-ocr: {text}");
}

/// In the checking mode: what a program did that it must not do, and how it is called.
pub(crate) fn checks() -> bool {
    static CHECKS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *CHECKS.get_or_init(|| std::env::var_os("SPRAT_CHECK").is_some_and(|value| value != "0"))
}

static FINDINGS: AtomicUsize = AtomicUsize::new(0);

/// Tells of a mistake of the program, in the checking mode alone.
#[inline]
pub(crate) fn find(describe: impl FnOnce() -> String) {
    if checks() {
        FINDINGS.fetch_add(1, Ordering::Relaxed);
        say(&describe());
    }
}

/// How many mistakes were found.
pub(crate) fn findings() -> usize {
    FINDINGS.load(Ordering::Relaxed)
}
