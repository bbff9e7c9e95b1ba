//! A look at all of a runtime while it works, and the thread that writes what it sees. See `docs/design/live.md`.

use crate::local::Local;
use crate::marks::Mark;
use crate::page::{Control, Doing, Engine, Moves, Page, Region, Replay, Still};
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::top::{Seen, SeenEngine, Top};
use std::time::{Duration, Instant};

/// How often a page is written.
const PAUSE: Duration = Duration::from_millis(100);
/// How often blocks are counted at most, and how long it is looked again who waits.
const SLOWLY: Duration = Duration::from_secs(1);
/// The most codelets that are named.
const NAMED: usize = 100;

impl Shared {
    /// The thread that shows the run.
    pub(crate) fn show(&self) {
        let Some(top) = &self.top else { return };
        top.bed.adopt();
        while !self.stops() {
            self.show_now();
            top.bed.wait_for(PAUSE);
        }
    }

    /// Writes a page, if one is kept.
    pub(crate) fn show_now(&self) {
        if let Some(top) = &self.top {
            top.write(&mut self.look(Some(top)));
        }
    }

    /// What there is to be seen now; more of it if a page is kept.
    pub(crate) fn look(&self, top: Option<&Top>) -> Page {
        let now = Instant::now();
        let mut none = Seen::default();
        let mut kept = top.map(|top| lock(&top.seen));
        let seen = kept.as_deref_mut().unwrap_or(&mut none);
        seen.pages += 1;
        let moves = self.homes.moves.read();
        // Read once, so that a page does not contradict itself.
        let open_scopes = self.open_scopes.load(Ordering::Relaxed);
        let suspended = self.gate.is_shut();
        let can_be_still = open_scopes > 0 && !suspended;
        Page {
            number: seen.pages,
            time_ns: top.map_or(0, |top| ns(top.begin, now)),
            about: top.map_or_else(Vec::new, |top| top.about().to_vec()),
            open_scopes: open_scopes as u64,
            live_codelets: self.arena.handed_out(),
            codelet_bytes: self.arena.bytes() as u64,
            suspended: u64::from(suspended),
            open_xes: lock(&self.cap).seats as u64,
            engines: self.look_at_engines(top, seen, now),
            controls: self.look_at_controls(seen, now),
            regions: self.look_at_regions(seen, now),
            moves: Moves {
                moved: moves.moved,
                moved_bytes: moves.moved_bytes,
                copied: moves.copied,
                copied_bytes: moves.copied_bytes,
                refused: moves.refused,
                replica_bytes: moves.replica_bytes,
            },
            replays: top.map_or_else(Vec::new, |top| self.look_at_replays(top, now)),
            still: top.and_then(|_| self.look_who_waits(seen, now, can_be_still)),
        }
    }

    fn look_at_engines(&self, top: Option<&Top>, seen: &mut Seen, now: Instant) -> Vec<Engine> {
        let look = |(number, seat): (usize, &Seat<Local>)| {
            let plan = &self.plan.xes[number];
            let mark = seat.marks.mark();
            let doing = self.doing(seat, mark);
            let last = match seen.engines.get_mut(number) {
                Some(last) => last,
                None => {
                    seen.engines.push(SeenEngine {
                        did: (mark, doing),
                        since: now,
                        looks: (0, 0),
                    });
                    &mut seen.engines[number]
                }
            };
            if last.did != (mark, doing) {
                (last.did, last.since) = ((mark, doing), now);
            }
            last.looks.0 += 1;
            last.looks.1 += u64::from(matches!(doing, Doing::Runs | Doing::Hosts));
            let site = (top.zip(mark.runs)).and_then(|(top, kind)| top.names.get(kind));
            let (name, spawned_at) = site.unwrap_or_default();
            Engine {
                cpu: u64::from(plan.cpu),
                region: plan.region as u64,
                domain: plan.domain as u64,
                doing,
                name: name.to_owned(),
                spawned_at: spawned_at.map(|at| at.to_string()).unwrap_or_default(),
                for_ns: ns(last.since, now),
                begun: mark.begun,
                queued: (seat.queued() + usize::from(!seat.inbox.is_empty())) as u64,
                looks: last.looks,
                counts: seat.counters.read(),
            }
        };
        self.seats.iter().enumerate().map(look).collect()
    }

    fn doing(&self, seat: &Seat<Local>, mark: Mark) -> Doing {
        let idle = &self.domains[usize::from(seat.domain)].idle;
        if idle.is_asleep(usize::from(seat.place)) {
            Doing::Sleeps
        } else if seat.marks.round().0 != 0 && mark.runs.is_none() {
            Doing::WaitsInReplay
        } else if mark.runs.is_some() {
            Doing::Runs
        } else if seat.in_body.load(Ordering::Relaxed) {
            Doing::Hosts
        } else {
            Doing::Looks
        }
    }

    fn look_at_controls(&self, seen: &mut Seen, now: Instant) -> Vec<Control> {
        seen.silent.resize(self.domains.len(), None);
        let look = |(domain, silent): (&Domain, &mut Option<Instant>)| {
            *silent = match domain.control.requested.load(Ordering::Relaxed) {
                true => Some(silent.unwrap_or(now)),
                false => None,
            };
            Control {
                queued: domain.injector.len() as u64,
                silent_ns: silent.map_or(0, |since| ns(since, now)),
                counts: domain.control.counters.read(),
            }
        };
        self.domains
            .iter()
            .zip(&mut seen.silent)
            .map(look)
            .collect()
    }

    fn look_at_regions(&self, seen: &mut Seen, now: Instant) -> Vec<Region> {
        let pools = self.homes.pools();
        let (again, blocks) = &mut seen.blocks;
        if again.is_none_or(|again| now >= again) {
            blocks.clear();
            blocks.resize(pools.len(), (0, 0));
            self.blocks.each(|slot| {
                let pool = slot.pool_of_memory().map(usize::from);
                if let Some((count, bytes)) = pool.and_then(|pool| blocks.get_mut(pool)) {
                    *count += 1;
                    *bytes += slot.bytes() as u64;
                }
            });
            *again = Some(now + rest(now));
        }
        let regions = pools.iter().zip(&*blocks).map(|(pool, counted)| {
            let stats = pool.stats();
            Region {
                blocks: counted.0,
                block_bytes: counted.1,
                in_use_bytes: stats.in_use_bytes as u64,
                recycled_bytes: stats.recycled_bytes as u64,
                mapped_bytes: stats.mapped_bytes as u64,
            }
        });
        regions.collect()
    }

    fn look_at_replays(&self, top: &Top, now: Instant) -> Vec<Replay> {
        let at: Vec<_> = self.seats.iter().map(|seat| seat.marks.round()).collect();
        let look = |one: crate::top::Entered| {
            let own = at.iter().filter(|(number, _)| *number == one.number);
            Replay {
                called_at: one.called_at.to_string(),
                codelets: one.codelets,
                before: one.before,
                round: own.map(|(_, round)| u64::from(*round)).max().unwrap_or(0),
                rounds: one.rounds,
                for_ns: ns(one.since, now),
            }
        };
        top.replays().into_iter().map(look).collect()
    }

    /// Nothing if anything moves or will when the runtime is no longer suspended, or nobody waits.
    fn look_who_waits(&self, seen: &mut Seen, now: Instant, can_be: bool) -> Option<Still> {
        let still = &mut seen.still;
        let all_sleep = |domain: &Domain| domain.idle.asleep() == domain.idle.seats();
        let claims: u64 = self.domains.iter().map(|domain| domain.idle.claims()).sum();
        if !can_be || !self.domains.iter().all(all_sleep) {
            *still = Default::default();
            return None;
        }
        if still.claims != claims {
            *still = Default::default();
        }
        let since = *still.since.get_or_insert(now);
        if still.again.is_none_or(|again| now >= again) {
            still.claims = claims;
            still.found = self.who_waits(NAMED).map(|(count, waiting)| Still {
                for_ns: 0,
                count: count as u64,
                waiting,
            });
            still.again = Some(now + rest(now));
        }
        let found = still.found.clone()?;
        Some(Still {
            for_ns: ns(since, now),
            ..found
        })
    }
}

/// How long to rest after work that began then.
fn rest(begun: Instant) -> Duration {
    SLOWLY.max(begun.elapsed() * 10)
}

fn ns(since: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(since).as_nanos() as u64
}
