//! The handler of faults: says which block was touched by whom, and lets the fault end the process, as it would have.
//!
//! Everything here that the handler calls is async-signal-safe: it reads atomics and a thread-local without destructor,
//! formats numbers and texts into a buffer on its stack, and writes that with one system call.

use super::{Entry, RUNNING, State, entries};
use crate::sync::plain::{AtomicPtr, Mutex, Ordering};
use std::fmt::Write;

/// Who handled faults before (Rust's own handler tells of stack overflows).
static BEFORE: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());
static INSTALLED: Mutex<bool> = Mutex::new(false);

/// Installs the handler, once in a process.
pub(super) fn install() {
    let mut installed = INSTALLED.lock().unwrap_or_else(|e| e.into_inner());
    if std::mem::replace(&mut *installed, true) {
        return;
    }
    // SAFETY: plain data, for which zeros are a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_fault as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    let before = Box::leak(Box::new(action));
    // SAFETY: reads the action into a place that is ours.
    unsafe { libc::sigaction(libc::SIGSEGV, std::ptr::null(), before) };
    // Before the handler can run. Release pairs with the Acquire there.
    BEFORE.store(before, Ordering::Release);
    // SAFETY: the handler does only what a handler may; its action is initialised.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, std::ptr::null_mut()) };
}

extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system gives a handler with SA_SIGINFO the fault's description.
    let info = unsafe { &*info };
    // SAFETY: it is that of a fault, which has an address.
    let address = unsafe { info.si_addr() }.addr();
    let guarded = entries().find(|entry| {
        let start = entry.start.load(Ordering::Relaxed);
        address.wrapping_sub(start) < entry.len.load(Ordering::Relaxed)
    });
    match guarded {
        Some(entry) => {
            tell(entry, address);
            // SAFETY: a constant action; the instruction runs again after our return, and ends the process.
            unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
        }
        None => {
            let before = BEFORE.load(Ordering::Acquire);
            // SAFETY: what was in force before us, kept for ever; the instruction runs again after our return.
            unsafe { libc::sigaction(libc::SIGSEGV, before, std::ptr::null_mut()) };
        }
    }
}

fn tell(entry: &Entry, address: usize) {
    let mut text = Text {
        bytes: [0; 1024],
        len: 0,
    };
    let destroyed = entry.state.load(Ordering::Relaxed) == State::Destroyed as u32;
    let (block, seed) = (&entry.block, &entry.seed);
    let offset = address - entry.start.load(Ordering::Relaxed);
    // A message that is too long is cut.
    let _ = match RUNNING.get() {
        Some(by) => write!(
            text,
            "sprat: codelet `{}`, spawned at {}, touched ",
            by.codelet, by.spawned_at
        ),
        None => write!(text, "sprat: a thread that runs no codelet touched "),
    };
    let _ = write!(
        text,
        "byte {offset} of block {}, ",
        block.load(Ordering::Relaxed)
    );
    let _ = text.write_str(match destroyed {
        true => "which was destroyed; nobody may keep an address of it",
        false => "which it has not declared; no address of a block is good after the body that it was lent to",
    });
    let seed = seed.load(Ordering::Relaxed);
    let _ = writeln!(text, ". SPRAT_CHECK=seed={seed} replays this");
    // SAFETY: the buffer is ours, and `len` bytes of it are written. There is nobody to tell of a failure.
    unsafe { libc::write(2, text.bytes.as_ptr().cast(), text.len) };
}

/// A text on the stack.
struct Text {
    bytes: [u8; 1024],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.len..];
        let count = more.len().min(room.len());
        room[..count].copy_from_slice(&more.as_bytes()[..count]);
        self.len += count;
        Ok(())
    }
}
