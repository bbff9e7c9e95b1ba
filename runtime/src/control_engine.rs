//! The control engine: a thread for each domain that decides what is slow or shared. Its mind is
//! [`crate::decide::controller`]; here it sees, and its decisions are carried out.
//!
//! The routine sits behind a try-lock. The control engine's thread runs it when asked to; an engine that idles runs it
//! when that thread has been silent too long. So a stalled control engine costs performance, never progress.

use crate::decide::brokerage::OWN;
use crate::decide::controller::{
    Decision, DomainView, Observation, POLL_NS, Watch, decide, nap_ns,
};
use crate::decide::deadline::{NEVER, nap_until};
use crate::decide::plan::CeMode;
use crate::engine::Engine;
use crate::guard::Place;
use crate::idle::Parker;
use crate::local::Local;
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::{lock, spin_hint};
use crossbeam_deque::Steal;
use std::time::{Duration, Instant};

/// How often one that polls looks while scopes are open.
const POLL: Duration = Duration::from_nanos(POLL_NS);

impl Shared {
    /// Runs the routine for a domain, unless somebody does already: then false.
    pub(crate) fn control(&self, domain: &Domain) -> bool {
        domain.control.answer(|| self.decide(domain, false))
    }

    /// The same by an engine that stands in for a control engine that is silent.
    pub(crate) fn stand_in(&self, domain: &Domain) -> bool {
        domain.control.answer(|| self.decide(domain, true))
    }

    fn decide(&self, domain: &Domain, stands_in: bool) {
        domain.control.counters.rounds.add(1);
        self.trap.at(Place::ControlEngine);
        self.look_at_deadlines();
        self.sweep();
        self.fire_timers();
        self.tell_loads();
        self.adapt(domain, stands_in);
        self.watch_health(domain, stands_in);
        if !self.gate.is_shut() {
            self.decide_open(domain, stands_in);
        }
        // Behind the decisions, which are written with the rest.
        self.drain_trace();
    }

    /// What is decided unless all are suspended: who resumes asks again.
    fn decide_open(&self, domain: &Domain, stands_in: bool) {
        let far = |to: usize, from: usize| self.way(to, from);
        let seen = self.observe(domain, stands_in);
        let decisions = decide(&seen, far, &self.tuning);
        if !decisions.is_empty() {
            self.trace_decisions(&seen, &decisions, stands_in);
        }
        for decision in decisions {
            match decision {
                Decision::Broker { from, to, count } => self.broker(domain, from, to, count),
                Decision::Rouse { domain } => self.rouse(domain),
                Decision::CheckStuck => {
                    let control = &domain.control;
                    control.counters.stuck_checks.add(1);
                    let stuck = self.end_stuck_scopes();
                    control.counters.stuck_scopes.add(stuck);
                }
            }
        }
    }

    fn observe(&self, own: &Domain, once: bool) -> Observation {
        let now_ns = self.cancelling.now_ns();
        let mut watch = lock(&own.control.watch);
        let mut view = |(number, domain): (usize, &Domain)| {
            let (asleep, engines) = (domain.idle.asleep_open(), domain.idle.open());
            let seats = self.seats_of(domain).iter();
            let started = seats.fold(0u64, |sum, seat| sum.wrapping_add(seat.counters.ran.get()));
            let (queued, awake) = (self.queued(domain), engines.saturating_sub(asleep));
            DomainView {
                queued,
                asleep,
                engines,
                searching: domain.idle.searching(),
                // The others' control engines remember what they saw of theirs.
                stalled: match std::ptr::eq(domain, own) {
                    true => self.stalled(own, &mut watch, once),
                    false => 0,
                },
                pace_ns: watch.pace_ns(number, started, queued, awake, now_ns),
            }
        };
        Observation {
            domains: self.domains.iter().enumerate().map(&mut view).collect(),
            own: (self.domains.iter())
                .position(|domain| std::ptr::eq(domain, own))
                .unwrap_or(0),
            open_scopes: self.open_scopes.load(Ordering::Relaxed),
        }
    }

    /// Engines where something waits and nothing began since the last look.
    fn stalled(&self, own: &Domain, watch: &mut Watch, once: bool) -> usize {
        let engine = |seat: &Seat<Local>| {
            let xe = usize::from(own.first + seat.place);
            let queued = !seat.has_none() || !seat.inbox.is_empty() || self.has_levelled_own(xe);
            (queued, seat.counters.ran.get())
        };
        watch.stalled(self.seats_of(own).iter().map(engine), once)
    }

    /// How far a domain's memory is from another one's engines, in tenths of what their own is.
    fn way(&self, to: usize, from: usize) -> u64 {
        let region = |domain: usize| self.plan.xes[self.plan.domains[domain].xes.start].region;
        OWN + self.homes.far(region(to) as u16)[region(from)]
    }

    /// How long a control engine that watches sleeps next, after a nap that ended with a request, or without.
    pub(crate) fn nap(&self, last: Duration, asked: bool) -> Duration {
        let asleep = |domain: &Domain| domain.idle.asleep() == domain.idle.seats();
        let all_asleep = self.gate.is_shut() || self.domains.iter().all(asleep);
        let nap = nap_ns(last.as_nanos() as u64, asked, all_asleep);
        let cancelling = &self.cancelling;
        // Relaxed: who sets an earlier one asks for a decision afterwards.
        match cancelling.earliest.load(Ordering::Relaxed) {
            NEVER => Duration::from_nanos(nap),
            earliest => Duration::from_nanos(nap_until(nap, cancelling.now_ns(), earliest)),
        }
    }

    /// Moves codelets from one domain's queues to another domain's injector, and wakes somebody there.
    fn broker(&self, own: &Domain, from: usize, to: usize, count: usize) {
        // What is between two queues is in nobody's: not while somebody looks whether scopes are stuck.
        let _stranger = lock(&self.stranger);
        let (giver, taker) = (&self.domains[from], &self.domains[to]);
        if self.queued(taker) > 0 {
            // Another control engine was faster: what it brought is enough for both.
            return;
        }
        let mut moved = self.broker_levels(giver, taker, count);
        for seat in self.seats_of(giver) {
            while moved < count
                && let Some(id) = seat.steal()
            {
                taker.injector.push(id);
                moved += 1;
            }
        }
        while moved < count
            && let Steal::Success(id) = giver.injector.steal()
        {
            taker.injector.push(id);
            moved += 1;
        }
        own.control.counters.brokered.add(moved as u64);
        if moved > 0 {
            let way = self.way(to, from);
            *lock(&own.control.brokered).entry(way).or_default() += moved as u64;
        }
        for _ in 0..moved.min(usize::from(taker.count)) {
            self.notify(taker);
        }
    }

    /// Wakes an engine of a domain where a codelet waits behind a long body.
    fn rouse(&self, domain: usize) {
        self.notify(&self.domains[domain]);
    }

    /// The control engine's thread: sleeps until asked; looks now and then while engines sleep though scopes are open.
    /// One that polls does not sleep while scopes are open.
    pub(crate) fn control_loop(&self, domain: &Domain, polls: bool) {
        let control = &domain.control;
        control.bed.adopt();
        let paused = || control.paused.load(Ordering::Relaxed);
        let requested = || control.requested.load(Ordering::Relaxed);
        let (mut nap, mut looked) = (self.nap(Duration::ZERO, true), Instant::now());
        while !self.stops() {
            if paused() {
                control.bed.wait_for(POLL);
                continue;
            }
            let open = self.open_scopes.load(Ordering::Relaxed) > 0;
            let watched = self.cancelling.needs_a_watch();
            let asleep = |domain: &Domain| domain.idle.is_any_asleep();
            let watch = open && (watched || self.domains.iter().any(asleep));
            control.watching.store(watch, Ordering::Relaxed);
            let asked = if requested() {
                true
            } else if open && polls && !self.gate.is_shut() {
                if looked.elapsed() < POLL && !self.timers.is_late(0) {
                    spin_hint();
                    continue;
                }
                true
            } else if let Some(time) = self.sleep(
                domain,
                (watch.then_some(nap))
                    .or_else(|| self.health_nap(domain))
                    .or_else(|| self.trace_nap()),
            ) {
                control.bed.wait_for(time)
            } else {
                control.bed.wait();
                true
            };
            nap = self.nap(nap, asked);
            if !paused() {
                self.control(domain);
                looked = Instant::now();
            }
        }
    }

    /// The thread of a seat: sleeps until somebody wakes the seat, then works there until the runtime stops. An elastic
    /// control engine is such a thread, too.
    pub(crate) fn seat_loop(&self, xe: u16) {
        let seat = &self.seats[usize::from(xe)];
        let domain = &self.domains[usize::from(seat.domain)];
        seat.sign_in(false);
        if self.is_elastic(seat) {
            domain.control.bed.adopt();
        }
        let bed = seat.occupancy.bed(false);
        bed.adopt();
        // The seat was announced asleep before this thread existed.
        let state = {
            // SAFETY: only the address; it is used while this thread occupies the seat.
            unsafe { seat.state() }
        };
        // SAFETY: `work` and `park` use the state only while this thread is the occupant: it is not before the wait
        // below ends, and is not while it waits in `park`.
        let engine = unsafe { Engine::new(self, Some(seat), state) };
        let start = self.trace.as_ref().map(|trace| trace.begin);
        engine.wait_asleep(seat, domain, false);
        engine.trace_parked(start, false);
        engine.stop_after_rest();
        engine.work(seat, false, true, || self.stops());
        engine.retire();
    }

    /// Whether the seat's own thread is the domain's control engine, too: the domain's last one.
    #[inline]
    pub(crate) fn is_elastic(&self, seat: &Seat<Local>) -> bool {
        let domain = &self.domains[usize::from(seat.domain)];
        self.plan.mode == CeMode::Elastic && seat.place + 1 == domain.count
    }

    /// Whether the engines shall go home.
    #[inline]
    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

impl Engine<'_> {
    /// An elastic control engine whose seat is announced asleep does its duty until the seat is claimed.
    pub(crate) fn control_while_asleep(&self, domain: &Domain, bed: &Parker) {
        let control = &domain.control;
        let paused = || control.paused.load(Ordering::Relaxed);
        let asked = || control.requested.load(Ordering::Relaxed) && !paused();
        let mut nap = self.shared.nap(Duration::ZERO, true);
        loop {
            let is_open = || self.shared.open_scopes.load(Ordering::Relaxed) > 0;
            let open = is_open();
            control.watching.store(open, Ordering::Relaxed);
            let nap_if_open = open.then_some(nap).or(self.shared.trace_nap());
            let sleep = match paused() {
                true => nap_if_open,
                false => self.shared.sleep(domain, nap_if_open),
            };
            let woken = match sleep {
                _ if asked() => bed.wait_for(Duration::ZERO),
                // Who asked may have lost patience and answered itself; that a scope is open says to watch it.
                None => bed.wait_or(|| asked() || is_open()),
                Some(time) => bed.wait_for(time),
            };
            // Only a claim ends the sleep; `work` looks at a request after the codelet that the engine was woken for.
            if woken {
                control.watching.store(false, Ordering::Relaxed);
                return;
            }
            if !paused() {
                self.shared.control(domain);
            } else if open {
                // Silent as the control engine, this is still the engine that may have fallen asleep last.
                self.shared.stand_in(domain);
            }
            nap = self.shared.nap(nap, false);
        }
    }

    /// Whether this is an elastic control engine's thread, which does nothing as such while it works. (That of a seat where a host
    /// sits is free for it.)
    pub(crate) fn is_control(&self) -> bool {
        let is_control = |seat| self.shared.is_elastic(seat) && !seat.occupancy.has_host();
        self.seat.is_some_and(is_control)
    }
}
