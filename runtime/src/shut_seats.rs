//! Seats that a cap has shut: their engines run what nobody else may, hand on all else, and sleep. Protocol and proof:
//! `docs/design/suspending.md`, "A cap".

use crate::affinity::Affinity;
use crate::cancel::CAPPED;
use crate::decide::route::Source;
use crate::engine::Engine;
use crate::event::Links;
use crate::local::Local;
use crate::post::RecordLinks;
use crate::queue::{Inbox, insist};
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::lock;

impl Engine<'_> {
    /// Whether this engine's seat is shut.
    #[inline]
    pub(crate) fn is_shut_out(&self) -> bool {
        self.seat.is_some_and(|seat| self.shared.is_shut(seat))
    }

    /// What an engine does whose seat is shut, until it is open again or it is done: finds what nobody else may run, or hands on what
    /// others may, and sleeps. It counts as searching when this begins, and when this gives nothing.
    pub(crate) fn serve(
        &self,
        seat: &Seat<Local>,
        domain: &Domain,
        host: bool,
        done: &impl Fn() -> bool,
    ) -> Option<u32> {
        let shared = self.shared;
        let place = usize::from(seat.place);
        while !done() && domain.idle.is_shut(place) {
            if let Some(id) = self.find_pinned(seat) {
                self.end_search(seat, domain);
                return Some(id);
            }
            self.hand_on(seat, domain);
            let stays = || {
                shared.gate.tell();
                let is_open = !domain.idle.is_shut(place);
                done() || shared.stops() || is_open || shared.has_for_shut(seat, domain)
            };
            let wake = |place: usize| {
                let woken = usize::from(domain.first) + place;
                shared.seats[woken].occupancy.wake();
            };
            // In a domain without open seats there is nobody to count on: what lies there this engine hands on itself.
            let more =
                || domain.idle.open() > 0 && (shared.has_work(seat) || shared.queued(domain) > 0);
            self.park((seat, domain), host, done, || {
                domain.idle.lie_down_shut(place, stays, more, wake)
            });
        }
        None
    }

    /// Takes what only this engine may run, or only engines of a region without open seats.
    pub(crate) fn find_pinned(&self, seat: &Seat<Local>) -> Option<u32> {
        let shared = self.shared;
        let pinned = match shared.levels.used() {
            false => self.look(Source::Pinned, self.domain_of(seat)),
            true => {
                self.take_in(seat, &seat.pinned, true);
                self.local(|local| {
                    let levels = &mut local.levels.pinned;
                    let high = levels.high.pop_front();
                    high.or_else(|| local.pinned.pop_front())
                        .or_else(|| levels.low.pop_front())
                })
            }
        };
        pinned.or_else(|| {
            let region = usize::from(seat.region);
            if shared.is_region_open(seat.region) {
                return None;
            }
            let levels = &shared.levels.regions[region];
            [&levels.high, &shared.regions[region], &levels.low]
                .into_iter()
                .find_map(|queue| insist(|| queue.steal()))
        })
    }

    fn domain_of(&self, seat: &Seat<Local>) -> &Domain {
        &self.shared.domains[usize::from(seat.domain)]
    }

    /// Gives what lies in the engine's own queues to its domain; if no seat of that is open, all that lies in the domain to the first one.
    pub(crate) fn hand_on(&self, seat: &Seat<Local>, domain: &Domain) {
        let shared = self.shared;
        let is_open = domain.idle.open() > 0;
        let to = if is_open { usize::from(seat.domain) } else { 0 };
        let mut handed = 0;
        let mut give = |id| {
            let queue = shared.levels.domains[to].of(self.level(id));
            queue.unwrap_or(&shared.domains[to].injector).push(id);
            handed += 1;
        };
        while let Some(id) = self.pop() {
            give(id);
        }
        while let Some(id) = self.pop_highest() {
            give(id);
        }
        self.empty_inbox(&seat.inbox, &mut give);
        if !is_open {
            for other in shared.seats_of(domain) {
                while let Some(id) = other.steal() {
                    give(id);
                }
                self.empty_inbox(&other.inbox, &mut give);
            }
            let levels = &shared.levels.domains[usize::from(seat.domain)];
            let stealers = shared
                .tiers_of(domain)
                .iter()
                .flat_map(|tiers| tiers.both());
            for queue in stealers {
                while let Some(id) = insist(|| queue.steal()) {
                    give(id);
                }
            }
            for queue in [&levels.high, &domain.injector, &levels.low] {
                while let Some(id) = insist(|| queue.steal()) {
                    give(id);
                }
            }
        }
        for _ in 0..handed.min(shared.domains[to].idle.open()) {
            shared.notify(&shared.domains[to]);
        }
    }

    fn empty_inbox(&self, inbox: &Inbox, give: &mut impl FnMut(u32)) {
        let links = RecordLinks(self.shared);
        let mut at = inbox.take(&links);
        while at != 0 {
            let next = links.next(at);
            give(at);
            at = next;
        }
    }
}

impl Shared {
    /// Whether a seat is shut.
    #[inline]
    pub(crate) fn is_shut(&self, seat: &Seat<Local>) -> bool {
        let idle = &self.domains[usize::from(seat.domain)].idle;
        idle.is_shut(usize::from(seat.place))
    }

    /// Whether some seat in this memory region is open.
    pub(crate) fn is_region_open(&self, region: u16) -> bool {
        (self.seats.iter()).any(|seat| seat.region == region && !self.is_shut(seat))
    }

    /// How many domains have open seats: the first ones.
    #[inline]
    pub(crate) fn open_domains(&self) -> usize {
        let open = |domain: &&Domain| domain.idle.open() > 0;
        self.domains.iter().filter(open).count()
    }

    /// A place where a ready codelet would like to be, if that is open.
    #[inline]
    pub(crate) fn open_place(&self, place: Affinity) -> Affinity {
        match place {
            Affinity::Prefer(xe) if self.is_shut(&self.seats[usize::from(xe)]) => {
                Affinity::Anywhere
            }
            place => place,
        }
    }

    /// What the engine of a shut seat looks at once more (S3): what it is to run, or to hand on.
    fn has_for_shut(&self, seat: &Seat<Local>, domain: &Domain) -> bool {
        let region = usize::from(seat.region);
        let has = |seat: &Seat<Local>| !seat.inbox.is_empty() || !seat.has_none();
        !seat.pinned.is_empty()
            || has(seat)
            || (domain.idle.open() == 0 && self.queued(domain) > 0)
            || (!self.is_region_open(seat.region)
                && (!self.regions[region].is_empty()
                    || (self.levels.regions[region].both().iter()).any(|queue| !queue.is_empty())))
    }

    /// Opens the first seats, so many, and shuts the others.
    pub(crate) fn set_open(&self, seats: usize) {
        let _alone = lock(&self.cap);
        for domain in &self.domains {
            let open = seats.saturating_sub(usize::from(domain.first));
            domain.idle.set_open(open.min(usize::from(domain.count)));
        }
        let watched = &self.cancelling.watched;
        match seats < self.seats.len() {
            true => watched.fetch_or(CAPPED, Ordering::Relaxed),
            false => watched.fetch_and(!CAPPED, Ordering::Relaxed),
        };
        // Who sleeps looks anew: at what it may run now, or was to run until now.
        (0..self.seats.len()).for_each(|xe| self.notify_xe(xe as u16));
    }

    /// How many seats are open.
    pub(crate) fn open(&self) -> usize {
        self.domains.iter().map(|domain| domain.idle.open()).sum()
    }
}
