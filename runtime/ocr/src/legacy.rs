//! Programs with a `main` of their own: the runtime is started by them, and their threads work in its scope as strangers.

use crate::code::{Answer, Code, EINVAL, EPERM};
use crate::context;
use crate::edt::{self, New};
use crate::entry;
use crate::guid::{Guid, LEGACY};
use crate::program::{self, Program};
use crate::types::*;
use crate::{event, label, pause, waiters};
use sprat::{Scope, Trigger};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread::JoinHandle;

/// A runtime that a program started.
struct Context {
    /// Satisfied, it lets the scope end.
    hold: Trigger,
    thread: JoinHandle<sprat::Result<()>>,
}

static CONTEXT: Mutex<Option<Context>> = Mutex::new(None);
/// Woken by `ocrShutdown`.
static SHUT_DOWN: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// `ocrShutdown` was called.
pub(crate) fn tell() {
    waiters::tell();
    drop(SHUT_DOWN.0.lock());
    SHUT_DOWN.1.notify_all();
}

/// Starts the runtime.
///
/// # Errors
/// [`EPERM`] if one runs; what the runtime says, in words, on the error output.
pub(crate) fn init() -> Answer<Guid> {
    let mut there = CONTEXT.lock().unwrap_or_else(|e| e.into_inner());
    if there.is_some() || program::program().is_some() {
        return Err(EPERM);
    }
    let runtime = entry::builder().build().map_err(|error| {
        program::say(&error.to_string());
        Code::from(error)
    })?;
    let (send, receive) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let (ends, hold) = runtime.event("the end of the legacy context");
        runtime.finish(|scope: &Scope<'static>| {
            program::begin(Program {
                runtime: runtime.clone(),
                scope: scope.key(),
            });
            // As long as it waits the scope is open, and not stuck.
            scope
                .codelet("legacy context")
                .after(&ends)
                .spawn((), |_, ()| ());
            // Whoever started us waits for this.
            let _ = send.send(hold);
            Ok(())
        })
    });
    let hold = receive.recv().map_err(|_| EINVAL)?;
    *there = Some(Context { hold, thread });
    Ok(Guid::other(LEGACY, 1))
}

/// Ends the runtime; the program's exit code.
pub(crate) fn finalize(guid: Guid, until_shutdown: bool) -> Answer<u8> {
    guid.as_other(LEGACY).ok_or(EINVAL)?;
    let there = CONTEXT.lock().unwrap_or_else(|e| e.into_inner()).take();
    let context = there.ok_or(EINVAL)?;
    if until_shutdown {
        let mut lock = SHUT_DOWN.0.lock().unwrap_or_else(|e| e.into_inner());
        while !program::is_shut_down() {
            lock = SHUT_DOWN.1.wait(lock).unwrap_or_else(|e| e.into_inner());
        }
    } else {
        program::shut_down(0);
        waiters::tell();
    }
    // Those who are inside have left it by then, and nobody comes in any more: the scope may end.
    program::shut_out();
    // A thread that paused and cannot resume any more has ended its pause by that, and has given back what it holds.
    pause::resume();
    context::give_all_back();
    context.hold.satisfy();
    let ended = context.thread.join().map_err(|_| EINVAL)?;
    let code = entry::verdict(ended);
    program::end();
    Ok(code)
}

/// Spawns an EDT; an event that comes with its block, or nothing, at the end of it. It is no finish EDT, whose event has no block.
///
/// # Safety
/// As for [`edt::create`].
pub(crate) unsafe fn spawn(
    template: Guid,
    (paramc, paramv): (u64, *const u64),
    (depc, depv): (u64, *const ocrGuid_t),
) -> Answer<Guid> {
    context::with(|context| {
        let paramc = u32::try_from(paramc).map_err(|_| EINVAL)?;
        let depc = u32::try_from(depc).map_err(|_| EINVAL)?;
        let handle = event::create(event::STICKY, true, None)?;
        let mut output = ocrGuid_t::from(handle);
        let new = New {
            template,
            paramc,
            paramv,
            depc,
            depv,
            properties: EDT_PROP_OEVT_VALID,
            hint: std::ptr::null(),
            output: &raw mut output,
        };
        // SAFETY: the caller's promise.
        let made = unsafe { edt::create(context, std::ptr::null_mut(), &new) };
        // Nobody was told of the event yet.
        made.map(|_| handle)
            .inspect_err(|_| _ = event::destroy(handle))
    })
}

/// What is done if the event is not there, or not satisfied.
const WAIT_FOR_CREATE: u16 = 1;

/// Waits for an event; what came with it.
pub(crate) fn wait(handle: Guid, properties: u16) -> Answer<Guid> {
    let there = label::resolve(handle).and_then(event::kind).is_ok();
    if !there && properties & WAIT_FOR_CREATE == 0 {
        return Err(EINVAL);
    }
    waiters::wait(handle)
}
