//! The only door to atomics, cells, locks and threads: the standard library's, or loom's under `--cfg sprat_loom`.
//!
//! Everything lock-free in this crate goes through here, so that loom explores the code that ships
//! (`runtime/src/models`). Nothing else may name `std::sync`, `std::thread` or `std::cell::UnsafeCell`; the
//! layering test sees to it.

#[cfg(not(sprat_loom))]
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard};
#[cfg(not(sprat_loom))]
pub(crate) use std::thread::{Thread, park};

#[cfg(sprat_loom)]
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
#[cfg(sprat_loom)]
pub(crate) use loom::thread::{Thread, park};

/// Atomics and fences.
pub(crate) mod atomic {
    #[cfg(not(sprat_loom))]
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
        fence,
    };

    #[cfg(sprat_loom)]
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
        fence,
    };
}

/// What is not part of any protocol and must work in a `static`: never modelled.
pub(crate) mod plain {
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
}

/// Threads.
pub(crate) mod thread {
    #[cfg(not(sprat_loom))]
    pub(crate) use std::thread::{Builder, JoinHandle, ThreadId, current, yield_now};

    #[cfg(sprat_loom)]
    pub(crate) use loom::thread::{Builder, JoinHandle, ThreadId, current, yield_now};
}

/// For the models.
#[cfg(all(test, sprat_loom))]
pub(crate) mod model {
    pub(crate) use loom::thread::spawn;

    /// Runs `body` in all its interleavings, with at most `LOOM_MAX_PREEMPTIONS` switches where none is needed, or 3.
    pub(crate) fn explore(body: impl Fn() + Send + Sync + 'static) {
        explore_within(usize::MAX, body);
    }

    /// The same with at most `most` such switches, for what takes too long otherwise.
    pub(crate) fn explore_within(most: usize, body: impl Fn() + Send + Sync + 'static) {
        let mut builder = loom::model::Builder::new();
        let bound = builder.preemption_bound.unwrap_or(3);
        builder.preemption_bound = Some(bound.min(most));
        builder.check(body);
    }
}

/// One turn of a wait loop: a hint to the core; under loom a yield, since loom must see the other side run.
#[inline]
pub(crate) fn spin_hint() {
    #[cfg(not(sprat_loom))]
    std::hint::spin_loop();
    #[cfg(sprat_loom)]
    loom::thread::yield_now();
}

/// Interior mutability without a check, in loom's shape, so that loom sees each access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(
    #[cfg(not(sprat_loom))] std::cell::UnsafeCell<T>,
    #[cfg(sprat_loom)] loom::cell::UnsafeCell<T>,
);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(sprat_loom))]
        let cell = std::cell::UnsafeCell::new(value);
        #[cfg(sprat_loom)]
        let cell = loom::cell::UnsafeCell::new(value);
        UnsafeCell(cell)
    }

    /// Shared access: `f` may read through the pointer while nobody writes.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        #[cfg(not(sprat_loom))]
        return f(self.0.get());
        #[cfg(sprat_loom)]
        return self.0.with(f);
    }

    /// Exclusive access: `f` may read and write through the pointer while nobody else does either.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        #[cfg(not(sprat_loom))]
        return f(self.0.get());
        #[cfg(sprat_loom)]
        return self.0.with_mut(f);
    }
}

/// Locks a mutex whose data stays valid if a holder panics (all of ours: they hold lists and counters).
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The same without waiting: nothing if somebody has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}

/// Waits until `bell` rings, or for no reason, with `guard`'s mutex free meanwhile.
pub(crate) fn wait<'a, T>(bell: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    bell.wait(guard)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sleeps for this long, for nobody to wake; under loom, which has no time, not at all.
pub(crate) fn sleep(time: std::time::Duration) {
    #[cfg(not(sprat_loom))]
    std::thread::sleep(time);
    #[cfg(sprat_loom)]
    {
        let _ = time;
        thread::yield_now();
    }
}

/// Parks for about this long; under loom, which has no time, like [`park`].
pub(crate) fn park_for(time: std::time::Duration) {
    #[cfg(not(sprat_loom))]
    std::thread::park_timeout(time);
    #[cfg(sprat_loom)]
    {
        let _ = time;
        park();
    }
}
