//! The scope of a host thread: what its codelets report to, and how the host learns of its end.

use crate::error::{Failure, Waiting};
use crate::failure::Cause;
use crate::idle::Parker;
use crate::shared::Shared;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// See the module. It lies on the host's stack; its record's payload points to it.
pub(crate) struct Root {
    ended: AtomicBool,
    /// The seat that the host sits in; `None` if it sleeps in `bed`.
    seat: Option<u16>,
    bed: Arc<Parker>,
    first: Mutex<Option<Cause>>,
    failed: AtomicU64,
    skipped: AtomicU64,
    pub(crate) stuck: Mutex<Vec<Waiting>>,
}

impl Root {
    pub(crate) fn new(seat: Option<u16>) -> Self {
        Root {
            ended: AtomicBool::new(false),
            seat,
            bed: Arc::new(Parker::new()),
            first: Mutex::new(None),
            failed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            stuck: Mutex::new(Vec::new()),
        }
    }

    /// The root that a root record's payload points to.
    ///
    /// # Safety
    /// The payload holds the address of a root that stays for `'r`.
    #[inline]
    pub(crate) unsafe fn of<'r>(payload: *mut u8) -> &'r Root {
        // SAFETY: the caller's promise.
        let root = unsafe { payload.cast::<*const Root>().read() };
        // SAFETY: the caller's promise.
        unsafe { &*root }
    }

    /// Its body and all its codelets have ended: tells the host, unless it sits `here`. After this the root may be gone.
    #[inline]
    pub(crate) fn end(&self, shared: &Shared, here: Option<u16>) {
        // Read before telling: the host may leave at once.
        let (seat, bed) = (self.seat, self.bed.clone());
        // Release pairs with the Acquire in `has_ended`.
        self.ended.store(true, Ordering::Release);
        match seat {
            Some(xe) if Some(xe) == here => (),
            Some(xe) => shared.notify_xe(xe),
            None => bed.wake(),
        }
    }

    /// Whether all has ended. What the codelets did is seen after a yes.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        // Acquire pairs with the Release in `end`.
        self.ended.load(Ordering::Acquire)
    }

    /// Where a host outside of all seats sleeps.
    #[inline]
    pub(crate) fn bed(&self) -> &Parker {
        &self.bed
    }

    /// A codelet failed.
    #[inline]
    pub(crate) fn failed(&self, cause: Cause) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        lock(&self.first).get_or_insert(cause);
    }

    /// A codelet was skipped.
    #[inline]
    pub(crate) fn skipped(&self, cause: impl FnOnce() -> Cause) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
        lock(&self.first).get_or_insert_with(cause);
    }

    /// After the end: the first failure, if there was one, with the counts.
    #[inline]
    pub(crate) fn failure(&self) -> Option<Failure> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let first = lock(&self.first).take();
        first.map(|cause| cause.report(load(&self.failed), load(&self.skipped)))
    }

    /// Codelets of a stuck scope.
    #[inline]
    pub(crate) fn take_stuck(&self) -> Vec<Waiting> {
        std::mem::take(&mut *lock(&self.stuck))
    }
}
