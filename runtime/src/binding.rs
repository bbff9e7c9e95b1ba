//! A host thread in a seat is bound to the seat's processor, and goes back when it leaves. See `docs/design/seats.md`.
//!
//! To bind it and let it go again takes three calls of the system, several microseconds, as long as a small scope with all its
//! codelets. So it is bound at once only if it has to move; else when it has been here for long, or before it sleeps here.

use crate::topology::{self, CpuSet};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// After so long it is bound: some ten times what that costs.
const LONG: Duration = Duration::from_micros(100);

/// Whether the host thread in a seat is bound to its processor.
#[derive(Default)]
pub(crate) enum Binding {
    /// It is not to be bound: nobody wants that, there is no host, or the system refused.
    #[default]
    Free,
    /// It is on this processor, and has been since then.
    Later(u32, Instant, Inside),
    /// It is bound, and goes back when this is dropped.
    #[expect(dead_code, reason = "both are kept for their drop")]
    Bound(Bound, Inside),
}

thread_local! {
    /// In so many seats this thread sits: in the body of a scope of one runtime it may begin one of another.
    static SEATS: Cell<u32> = const { Cell::new(0) };
}

/// How many seats this thread sat in when it had sat down in this one. Who has sat down last goes back first: so nobody is bound while
/// there is somebody inside.
pub(crate) struct Inside(u32);

impl Inside {
    fn new() -> Self {
        SEATS.set(SEATS.get() + 1);
        Inside(SEATS.get())
    }

    fn is_last(&self) -> bool {
        SEATS.get() == self.0
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        SEATS.set(SEATS.get() - 1);
    }
}

/// A thread that was bound to a processor, and goes back when this is dropped, by the same thread.
pub(crate) struct Bound {
    back: CpuSet,
}

impl Bound {
    /// Binds the calling thread; `None` if it was bound already, or may not be (then it works where it is).
    fn to(cpu: u32) -> Option<Self> {
        let back = topology::affinity().ok()?;
        let target: CpuSet = [cpu].into_iter().collect();
        if back == target {
            return None;
        }
        topology::set_affinity(&target).ok()?;
        Some(Bound { back })
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Nothing sensible can be done if the system refuses what it had granted before.
        let _ = topology::set_affinity(&self.back);
    }
}

impl Binding {
    /// The calling thread, a host, has sat down in the seat of this processor.
    pub(crate) fn later(cpu: u32) -> Self {
        let mut later = Binding::Later(cpu, Instant::now(), Inside::new());
        if topology::current_cpu() != Some(cpu) {
            later.bind();
        }
        later
    }

    /// Binds the host, if that is still to be done.
    #[cold]
    pub(crate) fn bind(&mut self) {
        if matches!(self, Binding::Later(_, _, inside) if inside.is_last())
            && let Binding::Later(cpu, _, inside) = std::mem::take(self)
            && let Some(bound) = Bound::to(cpu)
        {
            *self = Binding::Bound(bound, inside);
        }
    }

    /// Binds the host if it has been here for long: between two codelets, and now and then between spawns. Whether it is still to be
    /// done.
    #[inline]
    pub(crate) fn bind_if_late(&mut self) -> bool {
        let Binding::Later(_, since, _) = self else {
            return false;
        };
        let late = since.elapsed() >= LONG;
        if late {
            self.bind();
        }
        !late
    }
}
