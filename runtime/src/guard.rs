//! A panic in the runtime's own code ends the process, with a message: an engine that is gone would leave a hang.
//!
//! Users' code (bodies, and drops of what they captured, returned or threw) is caught where it is called, so what unwinds
//! through a guard is ours.

use std::io::Write;

/// Ends the process when it is dropped.
struct Abort<'a> {
    place: &'a str,
}

impl Drop for Abort<'_> {
    fn drop(&mut self) {
        // Whether anybody can read it or not.
        let _ = writeln!(
            std::io::stderr(),
            "sprat: internal error in {}; the process ends, since its results cannot be trusted. Please report this, with the panic message above.",
            self.place
        );
        std::process::abort();
    }
}

/// Runs the runtime's own code; if it panics, the process ends. Costs nothing else.
#[inline(always)]
pub(crate) fn guarded<R>(place: &str, work: impl FnOnce() -> R) -> R {
    let abort = Abort { place };
    let result = work();
    std::mem::forget(abort);
    result
}
