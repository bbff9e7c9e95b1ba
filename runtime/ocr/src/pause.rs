//! Pauses: no EDT starts from `ocrPause` until `ocrResume`, or the end of the EDT that paused. Those that run go on; the one
//! that paused cannot wait meanwhile, since what it would wait on top of itself for cannot start.

use crate::context;
use crate::guid::Guid;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

/// Whether there is a pause: a copy, for a look without the lock.
static PAUSED: AtomicBool = AtomicBool::new(false);
/// Who paused; an EDT, or none for a thread outside.
static BY: Mutex<Option<Guid>> = Mutex::new(None);
static RESUMED: Condvar = Condvar::new();

fn by() -> MutexGuard<'static, Option<Guid>> {
    BY.lock().unwrap_or_else(|e| e.into_inner())
}

fn me() -> Guid {
    context::edt(|_, edt| edt.guid).unwrap_or(Guid::NULL)
}

/// Pauses; whether that was our doing. If somebody else has, waits for the end of that or does nothing.
pub(crate) fn pause(waits: bool) -> bool {
    let me = me();
    let mut by = by();
    while by.is_some_and(|other| other != me) {
        if !waits {
            return false;
        }
        by = RESUMED.wait(by).unwrap_or_else(|e| e.into_inner());
    }
    *by = Some(me);
    PAUSED.store(true, Ordering::Relaxed);
    true
}

pub(crate) fn resume() {
    let mut by = by();
    if by.take().is_some() {
        PAUSED.store(false, Ordering::Relaxed);
        RESUMED.notify_all();
    }
}

/// Whether the EDT that runs here has paused.
#[cold]
pub(crate) fn is_own() -> bool {
    *by() == Some(me())
}

#[inline]
pub(crate) fn is_paused() -> bool {
    PAUSED.load(Ordering::Relaxed)
}

/// An EDT is about to start.
#[cold]
pub(crate) fn wait() {
    let mut by = by();
    while by.is_some() {
        by = RESUMED.wait(by).unwrap_or_else(|e| e.into_inner());
    }
}

/// An EDT has ended.
#[cold]
pub(crate) fn ended(guid: Guid) {
    if *by() == Some(guid) {
        resume();
    }
}
