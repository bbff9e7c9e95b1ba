//! The scope of a host thread: what its codelets report to, and how the host learns of its end.

use crate::cancel::Cancels;
use crate::engine::Engine;
use crate::error::{Cancellation, Failure, Waiting};
use crate::failure::Cause;
use crate::idle::Parker;
use crate::mutants::mutant;
use crate::shared::Shared;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, UnsafeCell, lock};

/// See the module. It lies on the host's stack; its record's payload points to it.
///
/// Proof of its end: `docs/design/codelets.md`; model: `models/root.rs`.
pub(crate) struct Root {
    ended: AtomicBool,
    place: UnsafeCell<Place>,
    /// The first failure that was told here, and whether it is of a codelet of this scope.
    first: Mutex<Option<(Cause, bool)>>,
    failed: AtomicU64,
    skipped: AtomicU64,
    pub(crate) stuck: Mutex<Vec<Waiting>>,
    /// What the checking mode found.
    pub(crate) findings: Mutex<Vec<String>>,
    pub(crate) cancels: Cancels,
    /// Gives back what threads outside hold, and says whether there was anything: when the scope is stuck. It is told the root's record,
    /// and whether those who wait were cut loose.
    pub(crate) when_stuck: Mutex<Option<GiveBack>>,
}

/// See [`Root::when_stuck`].
pub(crate) type GiveBack = Box<dyn Fn(&Engine<'_>, u32, bool) -> bool + Send>;

/// Where the host waits. In a cell only so that the model sees who looks at it, and when.
#[derive(Clone)]
pub(crate) struct Place {
    /// The seat that the host sits in; `None` if it sleeps in `bed`.
    pub(crate) seat: Option<u16>,
    pub(crate) bed: Arc<Parker>,
}

impl Root {
    pub(crate) fn new(seat: Option<u16>) -> Self {
        Root {
            ended: AtomicBool::new(false),
            place: UnsafeCell::new(Place {
                seat,
                bed: Arc::new(Parker::new()),
            }),
            first: Mutex::new(None),
            failed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            stuck: Mutex::new(Vec::new()),
            findings: Mutex::new(Vec::new()),
            cancels: Cancels::new(),
            when_stuck: Mutex::new(None),
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

    /// Its body and all its codelets have ended: tells the host, unless it sits `here`. After this the root may be gone:
    /// hence the bare pointer, since a reference would have to stay good until the function returns.
    ///
    /// # Safety
    /// The root is there, and this is the only call.
    pub(crate) unsafe fn end(root: *const Root, shared: &Shared, here: Option<u16>) {
        // SAFETY: the caller's promise.
        let place = unsafe { Root::tell(root) };
        match place.seat {
            Some(xe) if Some(xe) == here => (),
            Some(xe) => shared.notify_host(xe),
            None => place.bed.wake(),
        }
    }

    /// The handshake's first half: says that all has ended, and gives where the host is to be woken.
    ///
    /// # Safety
    /// As for [`Root::end`].
    pub(crate) unsafe fn tell(root: *const Root) -> Place {
        // SAFETY: it is there: the host has not been told.
        let place = || unsafe { &*root }.place();
        let late = mutant!("root_read_late");
        // Read before telling: the host may leave at once.
        let before = (!late).then(place);
        // Release pairs with the Acquire in `has_ended`.
        let order = if mutant!("root_end_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        // SAFETY: as above.
        unsafe { &*root }.ended.store(true, order);
        before.unwrap_or_else(place)
    }

    fn place(&self) -> Place {
        self.place.with(|place| {
            // SAFETY: nobody writes to it while the root lives.
            unsafe { &*place }.clone()
        })
    }

    /// For the model: the host's stack frame goes.
    #[cfg(all(test, sprat_loom))]
    pub(crate) fn vanish(&self) {
        self.place.with_mut(|_| ());
    }

    /// Whether all has ended. What the codelets did is seen after a yes.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        // Acquire pairs with the Release in `tell`.
        let order = if mutant!("root_look_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        self.ended.load(order)
    }

    /// Where a host outside of all seats sleeps.
    pub(crate) fn bed(&self) -> Arc<Parker> {
        self.place().bed
    }

    /// A codelet failed.
    #[inline]
    pub(crate) fn failed(&self, cause: Cause) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        lock(&self.first).get_or_insert((cause, true));
    }

    /// A codelet was skipped. If that is the first that we hear of, the cause lies outside: codelets of the scope tell of
    /// their failure before they poison anything.
    #[inline]
    pub(crate) fn skipped(&self, cause: impl FnOnce() -> Cause) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
        lock(&self.first).get_or_insert_with(|| (cause(), false));
    }

    /// After the end: the first failure, if there was one, with the counts.
    #[inline]
    pub(crate) fn failure(&self) -> Option<Failure> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let first = lock(&self.first).take();
        first.map(|(cause, counted)| cause.report(counted, load(&self.failed), load(&self.skipped)))
    }

    /// After the end: how it was cancelled, if it was.
    #[inline]
    pub(crate) fn cancellation(&self) -> Option<Cancellation> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.cancels
            .verdict(load(&self.failed), load(&self.skipped))
    }

    /// Codelets of a stuck scope.
    #[inline]
    pub(crate) fn take_stuck(&self) -> Vec<Waiting> {
        std::mem::take(&mut *lock(&self.stuck))
    }
}
