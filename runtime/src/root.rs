//! The scope of a host thread: what its codelets report to, and how the host learns of its end.

use crate::error::Waiting;
use crate::idle::Parker;
use crate::shared::Shared;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, lock};

/// See the module. It lies on the host's stack; its record's payload points to it.
pub(crate) struct Root {
    ended: AtomicBool,
    /// The seat that the host sits in; `None` if it sleeps in `bed`.
    seat: Option<u16>,
    bed: Arc<Parker>,
    first_failure: AtomicU32,
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
            first_failure: AtomicU32::new(0),
            failed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            stuck: Mutex::new(Vec::new()),
        }
    }

    /// The root that a root record's payload points to.
    ///
    /// # Safety
    /// The payload holds the address of a root that stays for `'r`.
    pub(crate) unsafe fn of<'r>(payload: *mut u8) -> &'r Root {
        // SAFETY: the caller's promise.
        let root = unsafe { payload.cast::<*const Root>().read() };
        // SAFETY: the caller's promise.
        unsafe { &*root }
    }

    /// Its body and all its codelets have ended: tells the host, unless it sits `here`. After this the root may be gone.
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
    pub(crate) fn has_ended(&self) -> bool {
        // Acquire pairs with the Release in `end`.
        self.ended.load(Ordering::Acquire)
    }

    /// Where a host outside of all seats sleeps.
    pub(crate) fn bed(&self) -> &Parker {
        &self.bed
    }

    /// A codelet failed, for the reason with this number.
    pub(crate) fn failed(&self, cause: crate::decide::dependence::Poison) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let first = &self.first_failure;
        // Relaxed: read after the scope's end, which orders everything.
        let _ = first.compare_exchange(0, cause.get(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A codelet was skipped, for the reason with this number.
    pub(crate) fn skipped(&self, cause: u32) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
        let first = &self.first_failure;
        let _ = first.compare_exchange(0, cause, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// After the end: the first failure's number (0: none), how many failed, how many were skipped.
    pub(crate) fn tally(&self) -> (u32, u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let first = self.first_failure.load(Ordering::Relaxed);
        (first, load(&self.failed), load(&self.skipped))
    }

    /// Codelets of a stuck scope.
    pub(crate) fn take_stuck(&self) -> Vec<Waiting> {
        std::mem::take(&mut *lock(&self.stuck))
    }
}
