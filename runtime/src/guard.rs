//! A panic in the runtime's own code ends the process, with a message: an engine that is gone would leave a hang.
//!
//! Users' code (bodies, and drops of what they captured, returned or threw) is caught where it is called, so what unwinds
//! through a guard is ours.

use crate::held_files;
use crate::sync::atomic::{AtomicU8, Ordering};
use std::io::Write;

/// Where a body spawns. What has no size need not be kept at hand for a message that hardly ever comes.
#[derive(Clone, Copy)]
pub(crate) struct Spawn;

impl AsRef<str> for Spawn {
    fn as_ref(&self) -> &str {
        "a spawn"
    }
}

/// Ends the process when it is dropped.
struct Abort<P: AsRef<str>> {
    place: P,
}

impl<P: AsRef<str>> Drop for Abort<P> {
    #[cold]
    fn drop(&mut self) {
        // Whether anybody can read it or not.
        let _ = writeln!(
            std::io::stderr(),
            "sprat: internal error in {}; the process ends, since its results cannot be trusted. Please report this, with the panic message above.",
            self.place.as_ref()
        );
        held_files::restore_all();
        std::process::abort();
    }
}

/// For tests: where the runtime shall panic.
pub(crate) struct Trap(AtomicU8);

/// Places of the runtime where a test may have it panic.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// An execution engine that is about to park.
    ExecutionEngine = 1,
    /// A host's engine that is about to park.
    Host,
    /// A control engine that decides.
    ControlEngine,
    /// A trigger that fires.
    Trigger,
}

impl Trap {
    pub(crate) fn new() -> Self {
        Trap(AtomicU8::new(0))
    }

    pub(crate) fn set(&self, place: Place) {
        self.0.store(place as u8, Ordering::Relaxed);
    }

    /// Panics if a test has asked for it.
    #[inline]
    pub(crate) fn at(&self, place: Place) {
        assert!(
            self.0.load(Ordering::Relaxed) != place as u8,
            "a test has asked for this panic"
        );
    }
}

/// Runs the runtime's own code; if it panics, the process ends. Costs nothing else. The place is forgotten and not dropped, so it
/// owns nothing.
#[inline(always)]
pub(crate) fn guarded<R>(place: impl AsRef<str> + Copy, work: impl FnOnce() -> R) -> R {
    let abort = Abort { place };
    let result = work();
    std::mem::forget(abort);
    result
}
