//! Those who wait for an event: threads outside of all EDTs, and EDTs of programs from before EDTs that never block.

use crate::code::{Answer, ECANCELED};
use crate::context::{self, Context};
use crate::depend;
use crate::guid::{Guid, WAITER};
use crate::program;
use crate::running;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

/// Who waits, by number; what came, if it has.
static WAITING: Mutex<Option<HashMap<u64, Option<Guid>>>> = Mutex::new(None);
static WOKEN: Condvar = Condvar::new();
static NEXT: AtomicU64 = AtomicU64::new(1);

fn with<R>(f: impl FnOnce(&mut HashMap<u64, Option<Guid>>) -> R) -> R {
    let mut waiting = WAITING.lock().unwrap_or_else(|e| e.into_inner());
    f(waiting.get_or_insert_default())
}

/// What a waiter waited for has come.
pub(crate) fn wake(waiter: Guid, what: Guid) {
    let Some(number) = waiter.as_other(WAITER) else {
        return;
    };
    with(|waiting| {
        if let Some(came) = waiting.get_mut(&number) {
            *came = Some(what);
        }
    });
    WOKEN.notify_all();
}

/// The program was shut down: what has not come need not come any more.
pub(crate) fn tell() {
    // Whoever looked before the shutdown sleeps by now, or still has the lock.
    with(|_| ());
    WOKEN.notify_all();
}

/// Waits for an event; what came with it. In an EDT others run meanwhile.
///
/// # Errors
/// [`ECANCELED`] if the program was shut down and it has not come; [`EPERM`](crate::code::EPERM) to an EDT that has paused if it has not
/// come.
pub(crate) fn wait(event: Guid) -> Answer<Guid> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    with(|waiting| waiting.insert(number, None));
    let came = || with(|waiting| waiting.get(&number).copied().flatten());
    let registered = context::with(|context| depend::wait_for(context, event, number));
    if let Err(code) = registered {
        with(|waiting| waiting.remove(&number));
        return Err(code);
    }
    let in_edt = context::edt(|context: &Context<'_>, _| {
        let done = || program::is_shut_down() || came().is_some();
        running::help(context, &done)
    });
    if let Some(Err(code)) = in_edt {
        with(|waiting| waiting.remove(&number));
        return Err(code);
    }
    if in_edt.is_none() {
        let mut waiting = WAITING.lock().unwrap_or_else(|e| e.into_inner());
        while !program::is_shut_down()
            && (waiting.get_or_insert_default().get(&number)).is_none_or(Option::is_none)
        {
            waiting = WOKEN.wait(waiting).unwrap_or_else(|e| e.into_inner());
        }
    }
    with(|waiting| waiting.remove(&number))
        .flatten()
        .ok_or(ECANCELED)
}
