//! Those who wait for an event: threads outside of all EDTs, and EDTs of programs from before EDTs that never block.

use crate::code::Answer;
use crate::context::{self, Context};
use crate::depend;
use crate::guid::{Guid, WAITER};
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

/// Waits for an event; what came with it. In an EDT others run meanwhile.
pub(crate) fn wait(event: Guid) -> Answer<Guid> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    with(|waiting| waiting.insert(number, None));
    let came = || with(|waiting| waiting.get(&number).copied().flatten());
    let registered = context::with(|context| depend::wait_for(context, event, number));
    if let Err(code) = registered {
        with(|waiting| waiting.remove(&number));
        return Err(code);
    }
    let in_edt =
        context::edt(|context: &Context<'_>, _| context.scope.help_until(&|| came().is_some()));
    if in_edt.is_none() {
        let mut waiting = WAITING.lock().unwrap_or_else(|e| e.into_inner());
        while waiting
            .get_or_insert_default()
            .get(&number)
            .copied()
            .flatten()
            .is_none()
        {
            waiting = WOKEN.wait(waiting).unwrap_or_else(|e| e.into_inner());
        }
    }
    let what = came().unwrap_or(Guid::NULL);
    with(|waiting| waiting.remove(&number));
    Ok(what)
}
