//! Panics of users' code, which must not unwind through an engine.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a function of users'; what its panic said, if it did.
pub(crate) fn caught(f: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        let message = message(&*panic);
        drop_quietly(panic);
        message
    })
}

/// Drops what users gave us; a panic in there must not unwind through an engine. The panic's message was printed by the
/// panic hook; there is nobody left to tell.
pub(crate) fn drop_quietly<T>(thing: T) {
    if const { !std::mem::needs_drop::<T>() } {
        return;
    }
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(thing))) {
        drop_payload(payload);
    }
}

/// Drops what a panic threw, which may panic, too, when it is dropped, and so on.
#[cold]
fn drop_payload(payload: Box<dyn Any + Send>) {
    const PATIENCE: usize = 8;
    let mut left = Some(payload);
    for _ in 0..PATIENCE {
        let Some(payload) = left.take() else {
            return;
        };
        left = catch_unwind(AssertUnwindSafe(|| drop(payload))).err();
    }
    std::mem::forget(left);
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    if let Some(message) = panic.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = panic.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
