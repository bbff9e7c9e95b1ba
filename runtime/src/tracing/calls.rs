//! Who empties rings while others call for that: one does, and nobody waits for it, since it looks for calls once more when it has done.
//! Model: `models/trace.rs`.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Mutex, try_lock};

/// Whether somebody has called since that was looked at.
pub(crate) struct Calls(AtomicBool);

impl Calls {
    pub(crate) fn new() -> Self {
        Calls(AtomicBool::new(false))
    }

    /// There is work. Release pairs with the Acquire in `answer`: who takes the call sees the work. A swap, so that a call behind another one
    /// hands on what that has released.
    pub(crate) fn call(&self) {
        let order = match mutant!("trace_call_relaxed") {
            true => Ordering::Relaxed,
            false => Ordering::Release,
        };
        self.0.swap(true, order);
    }

    pub(super) fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Does the work as often as somebody has called, and once if it is `due`; unless somebody is at it, who hears of all calls before
    /// this. Whether it was done here.
    pub(crate) fn answer<T>(
        &self,
        desk: &Mutex<T>,
        due: impl Fn(&T) -> bool,
        mut work: impl FnMut(&mut T),
    ) -> bool {
        let mut done = false;
        loop {
            // Pairs with the fence below. Of the two one is first: if this one is, who has the lock sees the call, and if that one is, the
            // lock is free.
            if !mutant!("trace_answer_no_fence") {
                fence(Ordering::SeqCst);
            }
            let Some(mut at) = try_lock(desk) else {
                return done;
            };
            // Acquire pairs with the Release in `call`. Whoever has more to do after this calls again.
            let order = match mutant!("trace_take_call_relaxed") {
                true => Ordering::Relaxed,
                false => Ordering::Acquire,
            };
            let called = self.is_called() && self.0.swap(false, order);
            if called || !done && due(&at) {
                work(&mut at);
                done = true;
            }
            drop(at);
            // Pairs with the fence above.
            if !mutant!("trace_answered_no_fence") {
                fence(Ordering::SeqCst);
            }
            if !self.is_called() {
                return done;
            }
        }
    }
}
