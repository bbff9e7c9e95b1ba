//! The runtimes that live. Events outlive theirs, and do not keep it; who satisfies one from outside finds it here.

use crate::id::RuntimeId;
use crate::shared::Shared;
use crate::sync::plain::Mutex;
use std::sync::{Arc, Weak};

static LIVE: Mutex<Vec<(RuntimeId, Weak<Shared>)>> = Mutex::new(Vec::new());

fn with<R>(f: impl FnOnce(&mut Vec<(RuntimeId, Weak<Shared>)>) -> R) -> R {
    f(&mut LIVE.lock().unwrap_or_else(|e| e.into_inner()))
}

/// A runtime has started.
pub(crate) fn enter(shared: &Arc<Shared>) {
    with(|live| live.push((shared.id, Arc::downgrade(shared))));
}

/// Its last handle goes: no scope of it is open, nor will be, and nobody waits for its events.
pub(crate) fn leave(id: RuntimeId) {
    let left = with(|live| {
        let at = live.iter().position(|(other, _)| *other == id)?;
        Some(live.swap_remove(at))
    });
    // Outside the lock.
    drop(left);
}

/// The runtime with this id, if it lives.
pub(crate) fn find(id: RuntimeId) -> Option<Arc<Shared>> {
    with(|live| {
        let mut all = live.iter();
        all.find(|(other, _)| *other == id)?.1.upgrade()
    })
}
