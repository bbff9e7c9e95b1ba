//! Control engines watch, if they are to, whether their engines limp or stand still, and relieve them: their seats are shut, and opened again when they are
//! well, or are tried again. What is seen is what the system says of the threads in the seats; what is concluded is
//! [`crate::decide::health`]'s. See `docs/design/suspending.md`, "Engines that limp".

use crate::decide::health::{Doing, Look, Rules, Seen, Verdict};
use crate::decide::plan::CeMode;
use crate::local::Local;
use crate::mutants::mutant;
use crate::seat::Seat;
use crate::seen_engine::{SeenEngine, SeenEngines};
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use std::time::Duration;

/// Between two looks at the least.
pub(crate) const PAUSE_NS: u64 = 10_000_000;
/// How long a control engine sleeps at most while scopes are open, so that it looks.
const NAP: Duration = Duration::from_millis(20);
/// Who looks so late was stopped itself: what it did not see says nothing.
const LATE_NS: u64 = 40_000_000;
/// Else nobody's silence would be seen by those who look late, or be told by a single look.
const _: () = assert!(LATE_NS < Rules::OF_THREADS.shortest_silence_ns());

impl Shared {
    /// Part of a control engine's routine: looks at the health of its engines, if it is time.
    pub(crate) fn watch_health(&self, domain: &Domain, stands_in: bool) {
        if !self.is_health_watched() {
            return;
        }
        let now_ns = self.cancelling.now_ns();
        let watch = &mut *lock(&domain.control.health);
        let passed_ns = now_ns.saturating_sub(watch.looked_ns);
        if passed_ns < PAUSE_NS {
            return;
        }
        watch.looked_ns = now_ns;
        watch.late += u64::from(passed_ns > LATE_NS);
        let claims = domain.idle.claims();
        // Who waits in a replay is not seen asleep.
        let idle = std::mem::replace(&mut watch.claims, claims) != claims
            || domain.idle.searching() > 0
            || domain.idle.is_any_asleep()
            || self.gate.is_any_replayed();
        let seats = self.seats_of(domain);
        watch.engines.resize_with(seats.len(), SeenEngine::default);
        let late = watch.late;
        let engines = watch.engines.iter_mut().zip(seats);
        let seen: Vec<Seen> = engines
            .map(|(engine, seat)| self.see(engine, seat, late))
            .collect();
        if lock(&self.cap).relieves {
            self.conclude(domain, watch, (now_ns, idle, stands_in), seen);
        }
        self.watch_energy(domain, watch, now_ns, stands_in);
        // Whom this look has woken was not idle for that.
        watch.claims = domain.idle.claims();
    }

    /// Relieves engines, and trusts them again, for what was seen of them.
    fn conclude(
        &self,
        domain: &Domain,
        watch: &mut SeenEngines,
        (now_ns, idle, stands_in): (u64, bool, bool),
        seen: Vec<Seen>,
    ) {
        let rules = Rules::OF_THREADS;
        let before = self.trace.as_ref().map(|_| watch.health.clone());
        // Of bodies nothing is known here but that they are no shorter than the rules say.
        let about = (rules.shortest_ns, idle);
        let verdicts = watch
            .health
            .look(now_ns, seen.iter().copied(), about, &rules);
        for verdict in &verdicts {
            let (at, relieved) = match *verdict {
                Verdict::Trust(at) => (at, false),
                // One that is given up has a thread all the same, which may go on: what it has begun is waited for.
                Verdict::Relieve(at) | Verdict::GiveUp(at) => (at, true),
            };
            self.relieve(usize::from(domain.first) + at, relieved);
        }
        if let (Some(before), false) = (before, verdicts.is_empty()) {
            let look = Look {
                before,
                now_ns,
                engines: seen,
                elsewhere_ns: rules.shortest_ns,
                idle,
                rules,
            };
            self.trace_verdicts(domain, &look, &verdicts, stands_in);
        }
        // Whose engines do not move does not hand on either.
        let own = self.domain_number(domain);
        let to = self.open_domain(own);
        if to != own && lock(&self.cap).is_any_relieved(domain.first, domain.count) {
            // What is between two queues is in nobody's: not while somebody looks whether scopes are stuck.
            let _stranger = lock(&self.stranger);
            self.hand_over(domain, to);
        }
    }

    fn is_health_watched(&self) -> bool {
        self.open_scopes.load(Ordering::Relaxed) > 0 && self.check.is_none() && {
            let cap = lock(&self.cap);
            // A single one has nobody to be relieved by.
            cap.is_regulated() || self.seats.len() > 1 && cap.is_watched()
        }
    }

    /// Who waits in a replay is not among the sleepers for whom control engines watch, and has the time: asks its domain's to look, or looks itself if
    /// that is silent, or is one of the engines at work. Once in [`PAUSE_NS`] is often enough.
    pub(crate) fn watch_replay(&self, xe: u16) {
        if !self.is_health_watched() || self.gate.is_shut() {
            return;
        }
        let domain = self.domain_of(xe);
        let is_silent = domain.control.requested.load(Ordering::Relaxed);
        match is_silent || self.plan.mode == CeMode::Elastic {
            true => _ = self.stand_in(domain),
            false => self.request(domain),
        }
    }

    /// How long a control engine that has nothing else to watch sleeps. If no scope is open, until somebody opens one.
    pub(crate) fn health_nap(&self, domain: &Domain) -> Option<Duration> {
        let control = &domain.control;
        // Relaxed: who turns it on asks afterwards.
        let sees = control.sees.load(Ordering::Relaxed);
        let rests = !sees || control.rests.settles(&self.open_scopes);
        (!rests && self.is_health_watched() && !self.gate.is_shut()).then_some(NAP)
    }

    /// Whether control engines are to see what engines do has changed, or may have.
    pub(crate) fn tell_watchers(&self) {
        let sees = lock(&self.cap).is_watched();
        for domain in &self.domains {
            domain.control.sees.store(sees, Ordering::Relaxed);
        }
    }

    /// A scope was opened: control engines that are to see what engines do look, though none of these falls asleep.
    #[inline]
    pub(crate) fn health_opens(&self) {
        // Relaxed: who turns it on asks them all afterwards.
        if self.domains[0].control.sees.load(Ordering::Relaxed) {
            self.wake_watchers();
        }
    }

    #[cold]
    fn wake_watchers(&self) {
        for domain in &self.domains {
            if domain.control.rests.opens() && !mutant!("health_opens_unseen") {
                self.request(domain);
            }
        }
    }

    fn see(&self, engine: &mut SeenEngine, seat: &Seat<Local>, late: u64) -> Seen {
        let times = engine.look(seat.thread());
        let idle = &self.domains[usize::from(seat.domain)].idle;
        let sleeps = idle.is_asleep(usize::from(seat.place));
        // A host's body does what it likes.
        let is_host = seat.in_body.load(Ordering::Relaxed);
        let (ended, busy_ns) = engine.ended;
        // Each of these grows alone.
        let signs = [seat.counters.ran.get(), engine.threads, late];
        Seen {
            doing: match sleeps || is_host || times.is_none() || self.gate.is_shut() {
                true => Doing::Asleep,
                false => Doing::Runs,
            },
            signs: (signs.into_iter()).fold(times.unwrap_or(0), u64::wrapping_add),
            ended,
            busy_ns,
            longest_ns: 0,
        }
    }
}
