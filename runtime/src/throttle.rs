//! Holding back a host thread that spawns faster than engines run. The rule is [`crate::decide::throttle`]; here a
//! host's body counts its spawns, looks now and then how many codelets live, and helps or sleeps. See
//! `docs/design/throttling.md`.

use crate::decide::throttle::{Seen, Step, nap_ns, step};
use crate::engine::{Engine, Frame};
use crate::local::Local;
use crate::memory_region::runs;
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::{park_for, spin_hint};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How many codelets a helping host takes between two looks at the count.
const BURST: usize = 32;
/// Turns between two looks of a host that has just found nothing to run.
const SPINS: u32 = 64;

impl Frame<'_> {
    /// One more codelet or scope is about to be made in this body: the body of a host's scope may be held back first.
    #[inline(always)]
    pub(crate) fn throttle(&self) {
        if self.codelet == 0 && self.engine.local(Local::is_to_look) {
            self.engine.hold_back();
        }
    }
}

impl Engine<'_> {
    /// Helps or sleeps while too many codelets live. On top of a host's body: what runs here is a codelet's body, one at
    /// a time, which is never held back itself.
    #[cold]
    #[inline(never)]
    fn hold_back(&self) {
        let shared = self.shared;
        let marks = &shared.tuning.live;
        self.local(|local| local.until_look = marks.every);
        let (mut held, mut waits) = (false, None);
        self.local(|local| local.binding.bind_if_late());
        while marks.hold(self.live_at_least(), held) && !shared.stops() {
            held = true;
            self.local(|local| local.binding.bind_if_late());
            // The control engine may be silent, and all others in long bodies.
            shared.look_at_deadlines();
            shared.fire_late_timers(1);
            let found = self.seat.and_then(|seat| match self.is_shut_out() {
                true => {
                    self.hand_on(seat, shared.domain_at(seat));
                    self.find_pinned(seat)
                }
                false => self.find(shared.domain_at(seat)),
            });
            let seen = Seen {
                found: found.is_some(),
                engines_at_work: shared.engines_at_work(),
                queued: shared.anything_queued(),
                naps: waits.as_ref().map_or(0, |wait: &Wait| wait.naps),
            };
            match step(seen) {
                Step::Help => {
                    waits = None;
                    found.into_iter().for_each(|id| self.help(id));
                }
                Step::Sleep => {
                    // Nobody's end is held up by what was counted here.
                    self.settle_ended();
                    self.nap(waits.get_or_insert_with(Wait::new));
                }
                Step::LetGo => break,
            }
        }
        self.settle_ended();
    }

    /// Runs a few codelets, as the seat's own thread would.
    fn help(&self, first: u32) {
        let seat = self.seat.expect("who found a codelet sits");
        let domain = self.shared.domain_at(seat);
        let aside = self.trace_aside();
        self.local(|local| local.host = false);
        seat.end_body();
        self.stop_after_rest();
        let (left, place) = (Cell::new(BURST), usize::from(seat.place));
        // Asked between two codelets, so deadlines are looked at there, too: the control engine may be silent.
        let ends = || {
            self.shared.look_at_deadlines();
            left.set(left.get().saturating_sub(1));
            left.get() == 0 || domain.idle.is_shut(place)
        };
        let mut found = Some(first);
        while let Some(id) = found {
            self.run(id, &ends);
            found = match ends() {
                true => None,
                false => self.find(domain),
            };
        }
        seat.begin_body();
        self.shared.gate.tell();
        self.local(|local| local.host = true);
        self.trace_back(aside);
        if self.shared.check.is_some() {
            runs(None);
        }
        if !seat.has_none() {
            // The body may take its time, and what was put there meanwhile was not announced as from a host's body.
            self.shared.notify(domain);
        }
    }

    /// Waits a little. Unlike an engine without work this one is not announced asleep, so nobody takes its seat, and no
    /// scope is found stuck: its body is open.
    fn nap(&self, wait: &mut Wait) {
        if (wait.since.elapsed().as_nanos() as u64) < self.shared.tuning.spin_ns {
            for _ in 0..SPINS {
                spin_hint();
            }
            return;
        }
        self.local(|local| local.binding.bind());
        park_for(Duration::from_nanos(nap_ns(wait.naps)));
        wait.naps += 1;
    }

    /// Codelets that live: those that engines keep free records of are not counted, so it may be a few less.
    fn live_at_least(&self) -> u64 {
        let arena = &self.shared.arena;
        let own = self.local(|local| local.records.held());
        // One for the threads that come from outside.
        let others = self.shared.seats.len() + 1 - usize::from(self.seat.is_some());
        (arena.handed_out() - own as u64).saturating_sub(arena.most_kept(others))
    }
}

/// A host that has nothing to run.
struct Wait {
    since: Instant,
    naps: u32,
}

impl Wait {
    fn new() -> Self {
        Wait {
            since: Instant::now(),
            naps: 0,
        }
    }
}

impl Local {
    /// Whether it is time to look how many codelets live.
    #[inline]
    fn is_to_look(&mut self) -> bool {
        match self.until_look.checked_sub(1) {
            Some(left) => {
                self.until_look = left;
                false
            }
            None => true,
        }
    }
}

impl Shared {
    /// Whether any engine runs codelets or looks for one: neither asleep nor lent to a host's body.
    fn engines_at_work(&self) -> bool {
        let asleep = self.domains.iter().map(|domain| domain.idle.asleep());
        let in_body = |seat: &&Seat<Local>| seat.in_body.load(Ordering::Relaxed);
        let lent = self.seats.iter().filter(in_body).count();
        asleep.sum::<usize>() + lent < self.seats.len()
    }

    /// Whether a codelet is ready that no engine has begun. (What only one engine may run counts, too.)
    fn anything_queued(&self) -> bool {
        self.domains.iter().any(|domain| self.queued(domain) > 0)
            || self.regions.iter().any(|region| !region.is_empty())
            || self.seats.iter().any(|seat| !seat.pinned.is_empty())
    }

    fn domain_at(&self, seat: &Seat<Local>) -> &Domain {
        &self.domains[usize::from(seat.domain)]
    }
}
