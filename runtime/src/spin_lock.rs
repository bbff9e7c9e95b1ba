//! A lock for critical sections of a few nanoseconds: one atomic to take it, a plain store to give it back.
//!
//! Block queues have one each, so it must be small and cheap where nobody contends; a waiter spins briefly and
//! then yields its core, since with more threads than cores the holder may not be running.
//! Model: `models/spin_lock.rs`.

use crate::mutants::mutant;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{UnsafeCell, spin_hint, thread};

/// See the module.
#[derive(Debug)]
pub struct SpinLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands out one exclusive access at a time, so sharing it needs no more than sending `T`.
unsafe impl<T: Send> Sync for SpinLock<T> {}
// SAFETY: it owns its `T`.
unsafe impl<T: Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    pub fn new(value: T) -> Self {
        SpinLock {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock. Follow with [`SpinLock::locked`] as often as needed, then [`SpinLock::release`].
    #[inline]
    pub fn acquire(&self) {
        // Acquire pairs with the store in `release`.
        let order = if mutant!("lock_acquire_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        if self
            .taken
            .compare_exchange(false, true, order, Ordering::Relaxed)
            .is_err()
        {
            self.acquire_slowly();
        }
    }

    #[cold]
    fn acquire_slowly(&self) {
        const SPINS: u32 = 64;
        let mut turns = 0;
        loop {
            while self.taken.load(Ordering::Relaxed) {
                turns += 1;
                if turns % SPINS == 0 {
                    thread::yield_now();
                } else {
                    spin_hint();
                }
            }
            // Acquire as in `acquire`.
            let order = if mutant!("lock_slow_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Acquire
            };
            if self
                .taken
                .compare_exchange_weak(false, true, order, Ordering::Relaxed)
                .is_ok()
            {
                return;
            }
        }
    }

    /// Gives the lock back.
    ///
    /// # Safety
    /// The caller took it with [`SpinLock::acquire`] and has not given it back.
    #[inline]
    pub unsafe fn release(&self) {
        // Release pairs with the compare-and-swap in `acquire`.
        let order = if mutant!("lock_release_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.taken.store(false, order);
    }

    /// Works on the value.
    ///
    /// # Safety
    /// The caller holds the lock, and `f` does not come back to this lock.
    #[inline(always)]
    pub unsafe fn locked<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.value.with_mut(|value| {
            // SAFETY: the holder of the lock is the only one with access, and `f` gets it once.
            f(unsafe { &mut *value })
        })
    }

    /// Takes the lock, works on the value, gives the lock back. `f` is our own code and does not panic.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.acquire();
        // SAFETY: taken above.
        let result = unsafe { self.locked(f) };
        // SAFETY: taken above, given back once.
        unsafe { self.release() };
        result
    }
}
