//! Seats that are shut, since a cap says so or their engines limp: these run what nobody else may, hand on all else, and sleep. Protocol
//! and proof: `docs/design/suspending.md`, "A cap".

use crate::affinity::Affinity;
use crate::cancel::CAPPED;
use crate::cap::Cap;
use crate::decide::route::Source;
use crate::engine::Engine;
use crate::event::Links;
use crate::local::Local;
use crate::post::RecordLinks;
use crate::queue::{Inbox, insist};
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crate::sync::{MutexGuard, lock};

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

    /// Gives what lies in the engine's own queues to its domain; if no seat of that is open, all that lies in the domain to one with
    /// open seats.
    pub(crate) fn hand_on(&self, seat: &Seat<Local>, domain: &Domain) {
        let shared = self.shared;
        let to = shared.open_domain(usize::from(seat.domain));
        let mut handed = 0;
        let mut give = |id| {
            shared.give(to, id);
            handed += 1;
        };
        while let Some(id) = self.pop() {
            give(id);
        }
        while let Some(id) = self.pop_highest() {
            give(id);
        }
        shared.empty_inbox(&seat.inbox, &mut give);
        // One, if it has been shut since: who sleeps there hands on what lies there.
        for _ in 0..handed.min(shared.domains[to].idle.open().max(1)) {
            shared.notify(&shared.domains[to]);
        }
        if to != usize::from(seat.domain) {
            shared.hand_over(domain, to);
        }
    }
}

impl Shared {
    /// Gives what lies in a domain for all to take to another one.
    pub(crate) fn hand_over(&self, domain: &Domain, to: usize) {
        let mut handed = 0;
        let mut give = |id| {
            self.give(to, id);
            handed += 1;
        };
        for seat in self.seats_of(domain) {
            while let Some(id) = seat.steal() {
                give(id);
            }
            self.empty_inbox(&seat.inbox, &mut give);
        }
        let levels = &self.levels.domains[self.domain_number(domain)];
        let tiers = self.tiers_of(domain).iter();
        for queue in tiers.flat_map(|tiers| tiers.both()) {
            while let Some(id) = insist(|| queue.steal()) {
                give(id);
            }
        }
        for queue in [&levels.high, &domain.injector, &levels.low] {
            while let Some(id) = insist(|| queue.steal()) {
                give(id);
            }
        }
        // One, if it has been shut since: who sleeps there hands on what lies there.
        for _ in 0..handed.min(self.domains[to].idle.open().max(1)) {
            self.notify(&self.domains[to]);
        }
    }

    /// Puts a ready codelet in a domain's queue of its level.
    fn give(&self, to: usize, id: u32) {
        let queue = self.levels.domains[to].of(self.level(id));
        queue.unwrap_or(&self.domains[to].injector).push(id);
    }

    fn empty_inbox(&self, inbox: &Inbox, give: &mut impl FnMut(u32)) {
        let links = RecordLinks(self);
        let mut at = inbox.take(&links);
        while at != 0 {
            let next = links.next(at);
            give(at);
            at = next;
        }
    }

    /// The number of the domain that gets the next work from outside: one with open seats.
    pub(crate) fn next_domain(&self) -> usize {
        // Relaxed: any domain will do.
        let next = self.next_domain.fetch_add(1, Ordering::Relaxed) as usize;
        self.open_domain(next % self.domains.len())
    }

    /// A domain with open seats: this one if it has some.
    pub(crate) fn open_domain(&self, wished: usize) -> usize {
        let count = self.domains.len();
        let mut all = (0..count).map(|step| (wished + step) % count);
        // If none is seen open, others are being opened just now.
        all.find(|domain| self.domains[*domain].idle.open() > 0)
            .unwrap_or(wished)
    }

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

    /// Opens the first seats, so many, but those that are relieved, and shuts the others.
    pub(crate) fn set_open(&self, seats: usize) {
        let mut cap = lock(&self.cap);
        cap.seats = seats;
        self.shut_seats(cap);
    }

    /// Shuts a seat below the cap, whose engine limps, or opens it again.
    pub(crate) fn relieve(&self, xe: usize, relieved: bool) {
        let mut cap = lock(&self.cap);
        cap.relieved[xe] = relieved;
        self.shut_seats(cap);
    }

    /// Lets the first seats of a domain, so many of those that could work, work, and turns the others off, as far as the policy has to say.
    pub(crate) fn narrow(&self, mut cap: MutexGuard<'_, Cap>, domain: &Domain, width: usize) {
        if cap.narrow((domain.first, domain.count), width) {
            self.shut_seats(cap);
        }
    }

    fn shut_seats(&self, cap: MutexGuard<'_, Cap>) {
        let was_shut: Vec<bool> = (self.seats.iter()).map(|seat| self.is_shut(seat)).collect();
        for domain in &self.domains {
            let first = usize::from(domain.first);
            domain.idle.shut(|place| !cap.is_open(first + place));
        }
        let all = (0..self.seats.len()).all(|xe| cap.is_open(xe));
        let watched = &self.cancelling.watched;
        match all {
            false => watched.fetch_or(CAPPED, Ordering::Relaxed),
            true => watched.fetch_and(!CAPPED, Ordering::Relaxed),
        };
        for (xe, was_shut) in was_shut.into_iter().enumerate() {
            let is_shut = !cap.is_open(xe);
            if is_shut == was_shut {
                continue;
            }
            // Who sleeps looks anew: at what it may run now, or was to run until now.
            self.notify_xe(xe as u16);
            if is_shut {
                // What was left to it may wait there, and it may not move.
                self.notify(self.domain_of(xe as u16));
            }
        }
        drop(cap);
    }
}
