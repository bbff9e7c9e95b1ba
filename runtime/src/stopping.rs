//! Engines that stop between two codelets while the runtime is suspended. See `gate.rs`.

use crate::cancel::SUSPENDED;
use crate::engine::Engine;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;

impl Engine<'_> {
    /// Between two codelets: waits while the runtime is suspended.
    #[inline]
    pub(crate) fn stop_if_shut(&self) {
        if self.shared.gate.is_shut() {
            self.stop_at_gate();
        }
    }

    /// The same for one that has been at rest: it slept, or a host's body was open here.
    #[inline]
    pub(crate) fn stop_after_rest(&self) {
        if self.shared.gate.is_shut_after_rest() {
            self.stop_at_gate();
        }
    }

    #[cold]
    #[inline(never)]
    fn stop_at_gate(&self) {
        // A thread for files has none, and its accesses go on.
        let Some(seat) = self.seat else {
            return;
        };
        let shared = self.shared;
        let domain = &shared.domains[usize::from(seat.domain)];
        let start = self.trace_now();
        let is_control = self.is_control();
        let number = usize::from(domain.first + seat.place);
        shared.gate.wait(number, |bed| match is_control {
            true => self.control_while_asleep(domain, bed),
            false => bed.wait(),
        });
        self.trace_parked(start, seat.occupancy.has_host());
    }
}

impl Shared {
    /// Shuts the gate, and waits until no engine runs a codelet.
    pub(crate) fn stop_engines(&self) {
        let mark = || _ = (self.cancelling.watched).fetch_or(SUSPENDED, Ordering::Relaxed);
        self.gate.shut(mark, |number| {
            let seat = &self.seats[number];
            let idle = &self.domains[usize::from(seat.domain)].idle;
            idle.is_asleep(usize::from(seat.place)) || seat.in_body.load(Ordering::Relaxed)
        });
    }

    /// Opens it. Control engines, which had nothing to decide meanwhile, look anew.
    pub(crate) fn let_engines_go(&self) {
        let unmark = || _ = (self.cancelling.watched).fetch_and(!SUSPENDED, Ordering::Relaxed);
        self.gate.open(unmark);
        (self.domains.iter()).for_each(|domain| self.request(domain));
    }
}
