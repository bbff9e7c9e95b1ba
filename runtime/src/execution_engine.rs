//! An engine's loop: find a codelet, run it; look on for a while when there is none; then park.

use crate::decide::route::{self, Source};
use crate::decide::theft::{self, HAUL, Theft, Victim};
use crate::engine::{Engine, Followers};
use crate::event::Links;
use crate::guard::Place;
use crate::local::{Local, Via};
use crate::mutants::mutant;
use crate::post::RecordLinks;
use crate::queue::insist;
use crate::seat::Seat;
use crate::shared::Domain;
use crate::sync::atomic::Ordering;
use crate::sync::{spin_hint, thread};
use crossbeam_deque::Injector;
use std::time::{Duration, Instant};

/// Turns of the shortest pause between two looks of an engine that has nothing to do ([`theft::pause`]): about half a
/// microsecond.
const SPINS: u32 = 16;
/// How long an engine looks on at most while the runtime is suspended, in nanoseconds.
const HURRY_NS: u64 = 20_000;

impl Engine<'_> {
    /// Works in `seat` until `done`. `host` says whose bed to park in; `woken` that the engine counts as searching.
    pub(crate) fn work(
        &self,
        seat: &Seat<Local>,
        host: bool,
        woken: bool,
        done: impl Fn() -> bool,
    ) {
        let domain = &self.shared.domains[usize::from(seat.domain)];
        let elastic = !host && self.shared.is_elastic(seat);
        let asked = || {
            elastic
                && (domain.control.requested.load(Ordering::Relaxed)
                    || self.shared.timers.is_late(0))
        };
        let ends = || done() || asked();
        let bind = || self.local(|local| local.binding.bind_if_late());
        let mut searching = woken;
        while !done() {
            if asked() {
                self.shared.control(domain);
                self.trace_turns_aside();
            }
            let counted = std::mem::take(&mut searching);
            let found = if domain.idle.is_shut(usize::from(seat.place)) {
                if !counted {
                    self.settle_ended();
                    domain.idle.begin_search();
                }
                let found = self.serve(seat, domain, host, &done);
                searching = found.is_none();
                found
            } else if counted {
                self.search(seat, domain, host, &done)
            } else {
                self.find(domain).or_else(|| {
                    self.settle_ended();
                    domain.idle.begin_search();
                    self.search(seat, domain, host, &done)
                })
            };
            if let Some(id) = found {
                match host && bind() {
                    true => self.run(id, &|| {
                        bind();
                        ends()
                    }),
                    false => self.run(id, &ends),
                }
            }
        }
        if searching {
            domain.idle.end_search();
        }
        self.settle_ended();
    }

    /// Tells parents of the children that ended here, before the engine does something else.
    #[inline]
    pub(crate) fn settle_ended(&self) {
        // No record has this id, so no engine goes on with its children.
        self.settle_ended_unless(u32::MAX, &mut Followers::posted());
    }

    /// Looks once wherever there could be work for this engine.
    #[inline(always)]
    pub(crate) fn find(&self, domain: &Domain) -> Option<u32> {
        if self.local(|local| local.checks()) {
            return self.find_in_any_order(domain);
        }
        let tuning = &self.shared.tuning;
        let around = self.local(|local| {
            let around = route::looks_around(local.since, tuning);
            if around {
                local.since = 0;
            }
            around
        });
        if around {
            self.shared.look_at_deadlines();
        }
        if self.shared.levels.used() {
            return self.find_by_level(domain, around);
        }
        let [first, others @ ..] = route::look_order(around);
        // Mostly the first place is the own queue, and has something.
        let own = match first {
            Source::Own => self.pop(),
            _ => self.look(*first, domain),
        };
        own.or_else(|| self.look_through(others, domain))
    }

    /// Takes the newest of what the engine has for itself.
    #[inline]
    pub(crate) fn pop(&self) -> Option<u32> {
        let queued = self.local(|local| local.queue.as_ref().and_then(|queue| queue.pop()));
        queued.or_else(|| self.seat.and_then(|seat| seat.lone.take()))
    }

    /// Takes what an engine that has run all successors would find first, unless something `ends` its run. (Where levels are
    /// sorted, and in the checking mode, it must look.)
    #[inline(always)]
    pub(crate) fn take_own(&self, ends: &dyn Fn() -> bool) -> Option<u32> {
        let must_look = self.shared.levels.used() || self.local(|local| local.checks());
        let ended = || !mutant!("run_never_ends") && ends();
        (!must_look && !ended()).then(|| self.pop())?
    }

    #[inline(never)]
    pub(crate) fn look_through(&self, sources: &[Source], domain: &Domain) -> Option<u32> {
        sources.iter().find_map(|source| self.look(*source, domain))
    }

    pub(crate) fn look(&self, source: Source, domain: &Domain) -> Option<u32> {
        let seat = self.seat.expect("who works sits");
        let found = match source {
            Source::Own => return self.pop(),
            Source::Pinned => {
                let mut at = seat.pinned.take(&RecordLinks(self.shared));
                self.local(|local| {
                    while at != 0 {
                        local.pinned.push_back(at);
                        at = RecordLinks(self.shared).next(at);
                    }
                    local.pinned.pop_front()
                })
            }
            Source::Inbox => self.empty(seat),
            Source::Region => self.draw(&self.shared.regions[usize::from(seat.region)], 1),
            Source::Injector => self.draw(&domain.injector, HAUL),
            Source::Steal => self.steal(domain),
        };
        if found.is_some() {
            self.came_from(source);
        }
        found
    }

    /// What was found lay there.
    #[inline]
    pub(crate) fn came_from(&self, source: Source) {
        let via = match source {
            Source::Own => Via::Own,
            Source::Pinned => Via::Pinned,
            Source::Inbox => Via::Inbox,
            Source::Region => Via::Region,
            Source::Injector => Via::Domain,
            Source::Steal => Via::Stolen,
        };
        self.local(|local| local.via = via);
    }

    /// Takes all that was posted to a seat: the oldest to run now, the others into the own queue.
    fn empty(&self, seat: &Seat<Local>) -> Option<u32> {
        if self.shared.levels.used() {
            self.take_in(seat, &seat.inbox, false);
            return self.pop_highest();
        }
        let links = RecordLinks(self.shared);
        let first = seat.inbox.take(&links);
        if first == 0 {
            return None;
        }
        let mut at = links.next(first);
        let more = at != 0;
        self.local(|local| {
            // The own queue gives the newest first: reversed, so that the oldest comes out first.
            let mut rest = Vec::new();
            while at != 0 {
                rest.push(at);
                at = links.next(at);
            }
            if let Some(queue) = &local.queue {
                rest.into_iter().rev().for_each(|id| queue.push(id));
            }
        });
        if more {
            self.shared.notify(self.shared.domain_of(self.xe()));
        }
        Some(first)
    }

    #[inline]
    pub(crate) fn xe(&self) -> u16 {
        self.local(|local| local.here.map_or(0, |here| here.xe))
    }

    /// Takes from a queue that everybody feeds.
    #[inline]
    pub(crate) fn draw(&self, injector: &Injector<u32>, most: usize) -> Option<u32> {
        if injector.is_empty() {
            return None;
        }
        self.local(|local| {
            let queue = local.queue.as_ref()?;
            let taken = || match most {
                1 => injector.steal(),
                _ => injector.steal_batch_with_limit_and_pop(queue, most),
            };
            insist(taken)
        })
    }

    /// Asks the others of the domain, nearest number first.
    pub(crate) fn steal(&self, domain: &Domain) -> Option<u32> {
        if domain.count < 2 {
            return None;
        }
        let xe = self.xe();
        let attempt = self.local(|local| {
            local.near = false;
            local.attempt = local.attempt.wrapping_add(1);
            local.attempt
        });
        for victim in route::victims(xe, domain.first, domain.count, attempt) {
            let seat = &self.shared.seats[usize::from(victim)];
            if let Some(id) = self.rob(seat) {
                self.count_stolen();
                self.trace_steal(id, victim);
                return Some(id);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn count_stolen(&self) {
        if let Some(seat) = self.seat {
            seat.counters.stolen.add(1);
        }
    }

    #[inline]
    fn rob(&self, seat: &Seat<Local>) -> Option<u32> {
        let queued = seat.queued();
        let watch = self.watch(seat, queued == 1);
        let taken = match theft::theft(queued, &watch, &self.shared.tuning) {
            Theft::Leave => None,
            Theft::One => seat.steal(),
            Theft::Batch => self.haul(seat, theft::batch(queued)),
        };
        // What was posted to a busy engine is anybody's.
        taken.or_else(|| self.empty(seat))
    }

    /// Takes up to so many from another engine, one to run now and the others into the own queue. One by one, which the queue's own way to take many does too; so each can be fetched while the next ones are taken.
    fn haul(&self, seat: &Seat<Local>, most: usize) -> Option<u32> {
        let arena = &self.shared.arena;
        let (mut taken, mut count) = ([0; HAUL], 0);
        while count < most
            && let Some(id) = seat.steal()
        {
            arena.fetch(id);
            taken[count] = id;
            count += 1;
        }
        let (first, puts) = theft::share(&taken[..count])?;
        self.local(|local| {
            let queue = local.queue.as_ref().expect("who takes sits");
            puts.for_each(|id| queue.push(id));
        });
        Some(first)
    }

    /// What is known of a victim, after a look at what it has started if a lone codelet lies there.
    #[inline]
    fn watch(&self, seat: &Seat<Local>, lone: bool) -> Victim {
        let now_ns = if lone {
            self.shared.cancelling.now_ns()
        } else {
            0
        };
        self.local(|local| {
            let place = usize::from(seat.place);
            if local.watches.len() <= place {
                local.watches.resize(place + 1, Victim::default());
            }
            let watch = &mut local.watches[place];
            if lone {
                watch.look(seat.counters.ran.get(), now_ns);
            }
            let tuning = &self.shared.tuning;
            if lone {
                seat.lone.tell(watch.is_slow(tuning));
            }
            local.near |= watch.is_near(tuning);
            *watch
        })
    }

    /// Looks on until there is work or it is done, and parks when it has looked for long. The engine counts as searching
    /// when this begins, and no more when it ends.
    fn search(
        &self,
        seat: &Seat<Local>,
        domain: &Domain,
        host: bool,
        done: &impl Fn() -> bool,
    ) -> Option<u32> {
        let tuning = &self.shared.tuning;
        let mut begin = Instant::now();
        let mut traced = self.trace_now();
        let (mut silent_since, mut pause) = (None, 0);
        loop {
            let shut = domain.idle.is_shut(usize::from(seat.place));
            let found = if shut { None } else { self.find(domain) };
            if found.is_some() || shut {
                self.end_search(seat, domain);
                self.trace_searched(traced);
                return found;
            }
            if done() {
                domain.idle.end_search();
                self.trace_searched(traced);
                return None;
            }
            let idle = begin.elapsed();
            self.watch_control(domain, idle, &mut silent_since);
            let idle_ns = idle.as_nanos() as u64;
            // While the runtime is suspended nothing comes that would be worth looking for.
            let hurries = self.shared.gate.is_shut() && idle_ns > HURRY_NS;
            if hurries || route::parks(idle_ns, tuning) {
                // Whoever wakes it, or it itself, has it counted as searching again.
                self.trace_searched(traced);
                let stays = || {
                    self.shared.gate.tell();
                    done() || self.shared.stops() || self.shared.has_work(seat)
                };
                self.park((seat, domain), host, done, || {
                    domain.idle.lie_down(usize::from(seat.place), stays)
                });
                (begin, traced) = (Instant::now(), self.trace_now());
                (silent_since, pause) = (None, 0);
                continue;
            }
            pause = theft::pause(pause, self.local(|local| local.near));
            for _ in 0..pause {
                (0..SPINS).for_each(|_| spin_hint());
                if domain.idle.take_call() || done() {
                    break;
                }
            }
            if self.shared.plan.oversubscribed {
                thread::yield_now();
            }
        }
    }

    /// Who has found work, or may look for none any more, takes itself off, and wakes another one if it was the last and there is more.
    #[inline]
    pub(crate) fn end_search(&self, seat: &Seat<Local>, domain: &Domain) {
        // Also for a lone one that is left to its owner: that one may be in a long body.
        let more = || self.shared.has_work(seat) || self.shared.queued(domain) > 0;
        if domain.idle.end_search() && more() {
            self.shared.notify(domain);
        }
    }

    /// An idle engine runs the control engine's routine when that has been silent too long.
    #[inline]
    fn watch_control(&self, domain: &Domain, idle: Duration, silent_since: &mut Option<Duration>) {
        if !domain.control.requested.load(Ordering::Relaxed) {
            *silent_since = None;
            if self.shared.fire_late_timers(1) {
                self.count_stood_in();
            }
            return;
        }
        let since = *silent_since.get_or_insert(idle);
        let silence = idle.saturating_sub(since).as_nanos() as u64;
        if silence > self.shared.tuning.silence_ns && self.shared.stand_in(domain) {
            self.count_stood_in();
        }
    }

    #[inline]
    fn count_stood_in(&self) {
        if let Some(seat) = self.seat {
            seat.counters.stood_in.add(1);
        }
    }

    /// S1 to S4 of `docs/design/parking.md`. Afterwards the engine counts as searching again.
    #[inline]
    pub(crate) fn park(
        &self,
        (seat, domain): (&Seat<Local>, &Domain),
        host: bool,
        done: &impl Fn() -> bool,
        lies_down: impl FnOnce() -> bool,
    ) {
        self.shared.trap.at(match host {
            true => Place::Host,
            false => Place::ExecutionEngine,
        });
        if host {
            // It has the time.
            self.local(|local| local.binding.bind());
        }
        let start = self.trace_now();
        if lies_down() {
            seat.counters.parked.add(1);
            self.wait_asleep(seat, domain, host);
            self.trace_parked(start, host);
        }
        if !done() {
            self.stop_after_rest();
        }
    }

    /// Sleeps in the occupant's bed until woken. Meanwhile somebody else may occupy the seat, so its state is left
    /// alone.
    pub(crate) fn wait_asleep(&self, seat: &Seat<Local>, domain: &Domain, host: bool) {
        let shared = self.shared;
        let bed = seat.occupancy.bed(host);
        let requested = || domain.control.requested.load(Ordering::Relaxed);
        if !host && shared.is_elastic(seat) {
            return self.control_while_asleep(domain, bed);
        }
        if shared.open_scopes.load(Ordering::Relaxed) > 0 {
            // The control engine watches while somebody sleeps and scopes are open.
            shared.request(domain);
            let patience = Duration::from_nanos(shared.tuning.silence_ns);
            while requested() {
                if bed.wait_for(patience) {
                    return;
                }
                if requested() && shared.stand_in(domain) {
                    seat.counters.stood_in.add_shared(1);
                }
            }
            return shared.sleep_in(bed);
        }
        shared.sleep_in(bed);
    }

    /// What only this seat may run goes back where its next occupant finds it.
    #[inline]
    pub(crate) fn put_back_pinned(&self, seat: &Seat<Local>) {
        let (levelled, pinned) = self.local(|local| {
            (
                local.levels.take_pinned(),
                std::mem::take(&mut local.pinned),
            )
        });
        for id in levelled.chain(pinned) {
            seat.pinned.push(id, &RecordLinks(self.shared));
        }
    }

    /// Gives back what the engine keeps for itself, when it goes.
    #[inline]
    pub(crate) fn retire(&self) {
        self.local(|local| local.leave(&self.shared.arena, &self.shared.blocks));
    }
}
