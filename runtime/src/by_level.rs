//! How engines post, find and take codelets by their levels and groups, once a program has named any. The rules are in
//! [`crate::decide::priority`], the queues in `levels.rs`.

use crate::affinity::{self, Affinity, HIGH, Priority, TRACED};
use crate::codelet::flag;
use crate::decide::priority;
use crate::decide::route::{self, Destination};
use crate::decide::theft::HAUL;
use crate::engine::{Engine, Followers};
use crate::event::Links;
use crate::levels::Tiers;
use crate::local::{Local, Via};
use crate::post::RecordLinks;
use crate::queue::insist;
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::atomic::Ordering;
use crossbeam_deque::{Injector, Stealer};

impl Shared {
    /// A codelet's level.
    pub(crate) fn level(&self, id: u32) -> Priority {
        let word = &self.arena.record(id).affinity;
        affinity::priority(word.load(Ordering::Relaxed))
    }

    pub(crate) fn domain_number(&self, domain: &Domain) -> usize {
        usize::from(self.seats[usize::from(domain.first)].domain)
    }

    pub(crate) fn tiers_of(&self, domain: &Domain) -> &[Tiers<Stealer<u32>>] {
        &self.levels.seats[usize::from(domain.first)..][..usize::from(domain.count)]
    }

    /// Whether an engine of this seat could take something from these queues: what a sleeper looks at once more (S3).
    /// Lone codelets of others count, since a thief takes them at once.
    #[inline]
    pub(crate) fn has_levelled(&self, seat: &Seat<Local>) -> bool {
        self.levels.any(|| {
            let domain = self.levels.domains[usize::from(seat.domain)].both();
            let region = self.levels.regions[usize::from(seat.region)].both();
            let seats = self.tiers_of(&self.domains[usize::from(seat.domain)]);
            let mut stealers = seats.iter().flat_map(Tiers::both);
            domain
                .into_iter()
                .chain(region)
                .any(|queue| !queue.is_empty())
                || stealers.any(|queue| !queue.is_empty())
        })
    }

    /// Codelets in these queues of a domain.
    pub(crate) fn queued_levelled(&self, domain: &Domain) -> usize {
        if !self.levels.used() {
            return 0;
        }
        let own = self.levels.domains[self.domain_number(domain)].both();
        let seats = self.tiers_of(domain).iter().flat_map(Tiers::both);
        own.map(Injector::len).iter().sum::<usize>() + seats.map(Stealer::len).sum::<usize>()
    }

    /// Whether something lies in these queues of an engine.
    pub(crate) fn has_levelled_own(&self, xe: usize) -> bool {
        let tiers = &self.levels.seats[xe];
        tiers.both().into_iter().any(|queue| !queue.is_empty())
    }

    /// How many codelets of other levels lie in an engine's own queues.
    pub(crate) fn levelled_own(&self, xe: usize) -> usize {
        let both = self.levels.seats[xe].both();
        both.into_iter().map(|queue| queue.len()).sum()
    }

    /// Moves up to `most` codelets from one domain's queues to another's, level by level; how many. By the control
    /// engine, which keeps others from looking whether scopes are stuck meanwhile.
    pub(crate) fn broker_levels(&self, giver: &Domain, taker: &Domain, most: usize) -> usize {
        let mut moved = 0;
        if !self.levels.used() {
            return moved;
        }
        let from = &self.levels.domains[self.domain_number(giver)];
        let to = &self.levels.domains[self.domain_number(taker)];
        for level in [Priority::High, Priority::Low] {
            let (Some(from), Some(to)) = (from.of(level), to.of(level)) else {
                continue;
            };
            let stealers = self
                .tiers_of(giver)
                .iter()
                .filter_map(|seat| seat.of(level));
            let mut stealers = stealers.peekable();
            while moved < most {
                let found = match stealers.peek() {
                    Some(stealer) => insist(|| stealer.steal()),
                    None => insist(|| from.steal()),
                };
                match found {
                    Some(id) => {
                        to.push(id);
                        moved += 1;
                    }
                    None if stealers.next().is_none() => break,
                    None => (),
                }
            }
        }
        moved
    }
}

impl Engine<'_> {
    /// A codelet that belongs to a group starts here.
    #[cold]
    pub(crate) fn bring_group(&self, id: u32) {
        let word = self
            .shared
            .arena
            .record(id)
            .affinity
            .load(Ordering::Relaxed);
        if let (Affinity::Group(group), Some(here)) =
            (Affinity::decode(word), self.local(|local| local.here))
        {
            self.shared.groups.moves(group, here.xe);
        }
    }

    fn level(&self, id: u32) -> Priority {
        self.shared.level(id)
    }

    /// Whether what was to run next waits, since something of a higher level lies in the own queue.
    #[cold]
    pub(crate) fn gives_way(&self, next: u32) -> bool {
        if self.is_shut_out() {
            return true;
        }
        let waits = |local: &mut Local| {
            let queues = local.levels.queues.as_ref();
            local.urgent = queues.is_some_and(|queues| !queues.high.is_empty());
            local.urgent
        };
        priority::gives_way(self.level(next), self.local(waits))
    }

    /// A codelet with a level or a group became ready: it is the next one here, or is posted where it belongs. (If it is
    /// more urgent than the next one here, that one gives way to it: [`Engine::gives_way`].)
    #[inline(never)]
    pub(crate) fn ready_by_hint(&self, id: u32, word: u32, followers: &mut Followers) {
        if word & TRACED != 0 {
            self.trace_ready(id, word);
        }
        let affinity = self.resolve(id, word);
        let here = self.local(|local| if local.checks() { None } else { local.here });
        let follows = followers.next.is_none()
            && !followers.none
            && priority::may_follow(affinity::priority(word))
            && here.is_some_and(|here| route::may_follow(affinity, here));
        match follows {
            true => followers.next = Some(id),
            false => self.post(id),
        }
    }

    /// Posts a ready codelet of a level that is not normal, unless its place is one where levels lie together: then
    /// false.
    pub(crate) fn post_level(&self, id: u32, level: Priority, to: Destination) -> bool {
        let shared = self.shared;
        match to {
            Destination::Own => {
                let told = self.local(|local| {
                    let queue = local.levels.queues.as_ref()?.of(level)?;
                    // A lone one, too: a high one is worth a wake-up, and thieves do not hesitate to take them.
                    let tell = route::announces(queue.len(), local.others, true);
                    queue.push(id);
                    local.urgent |= level == Priority::High;
                    Some((local.domain, tell))
                });
                if let Some((domain, tell)) = told {
                    shared.tell_sleepers(domain, || tell);
                } else {
                    let domain = shared.next_domain();
                    let queue = shared.levels.domains[domain].of(level);
                    queue.expect("not the normal level").push(id);
                    shared.notify(&shared.domains[domain]);
                }
            }
            Destination::Region(region) => {
                let queue = shared.levels.regions[usize::from(region)].of(level);
                queue.expect("not the normal level").push(id);
                shared.wake_in_region(region);
            }
            Destination::Inbox(_) | Destination::Pinned(_) | Destination::Control => return false,
        }
        true
    }

    /// What [`Engine::find`] does when levels are in use: the highest level first, save for the shares of the lower
    /// ones; of each level as without levels.
    #[inline(never)]
    pub(crate) fn find_by_level(&self, domain: &Domain, around: bool) -> Option<u32> {
        let seat = self.seat.expect("who works sits");
        if let Some(id) = seat.lone.take() {
            // From the time before levels were in use.
            self.keep(id);
        }
        self.take_in(seat, &seat.pinned, true);
        self.take_in(seat, &seat.inbox, false);
        self.sort(seat);
        let order = priority::order(self.local(|local| local.levels.turn));
        let found = (order.into_iter())
            .find_map(|level| self.look_at(level, around, seat))
            .or_else(|| {
                order
                    .into_iter()
                    .find_map(|level| self.steal_of(level, domain))
            });
        if found.is_some() {
            self.local(|local| local.levels.turn = local.levels.turn.wrapping_add(1));
        }
        found
    }

    /// Takes one of this level from where an engine need not ask others.
    fn look_at(&self, level: Priority, around: bool, seat: &Seat<Local>) -> Option<u32> {
        use route::Source::*;
        let shared = self.shared;
        let levels = &shared.levels;
        route::look_order(around).iter().find_map(|source| {
            let found = match source {
                Own => self.local(|local| match level {
                    Priority::Normal => local.queue.as_ref()?.pop(),
                    _ => local.levels.queues.as_ref()?.of(level)?.pop(),
                }),
                Pinned => self.local(|local| match level {
                    Priority::High => local.levels.pinned.high.pop_front(),
                    Priority::Normal => local.pinned.pop_front(),
                    Priority::Low => local.levels.pinned.low.pop_front(),
                }),
                Region => self.draw_level(
                    levels.regions[usize::from(seat.region)].of(level),
                    &shared.regions[usize::from(seat.region)],
                    1,
                ),
                Injector => self.draw_level(
                    levels.domains[usize::from(seat.domain)].of(level),
                    &shared.domains[usize::from(seat.domain)].injector,
                    HAUL,
                ),
                // Taken in already; stolen when nothing of any level is here.
                Inbox | Steal => None,
            };
            found.inspect(|_| match level {
                Priority::Normal => self.came_from(*source),
                Priority::High => self.local(|local| local.via = Via::High),
                Priority::Low => self.local(|local| local.via = Via::Low),
            })
        })
    }

    /// Takes from a queue that everybody feeds, or if the level has none of its own, from the normal one.
    fn draw_level(
        &self,
        own: Option<&Injector<u32>>,
        normal: &Injector<u32>,
        most: usize,
    ) -> Option<u32> {
        match own {
            Some(queue) => insist(|| queue.steal()),
            None => self.draw(normal, most),
        }
    }

    /// Asks the others of the domain for a codelet of this level.
    fn steal_of(&self, level: Priority, domain: &Domain) -> Option<u32> {
        if level == Priority::Normal || domain.count < 2 {
            let found = self.steal(domain);
            return found.inspect(|_| self.came_from(route::Source::Steal));
        }
        let (xe, attempt) = self.local(|local| (local.here.map_or(0, |h| h.xe), local.attempt));
        let found = route::victims(xe, domain.first, domain.count, attempt).find_map(|victim| {
            let queue = self.shared.levels.seats[usize::from(victim)].of(level)?;
            Some((insist(|| queue.steal())?, victim))
        });
        let (id, victim) = found?;
        self.count_stolen();
        self.came_from(route::Source::Steal);
        self.trace_steal(id, victim);
        Some(id)
    }

    /// Takes all that was posted to a seat into the own queues, each to its level; tells the domain, since others may
    /// take from there.
    pub(crate) fn take_in(&self, seat: &Seat<Local>, inbox: &crate::queue::Inbox, pinned: bool) {
        let links = RecordLinks(self.shared);
        let mut at = inbox.take(&links);
        if at == 0 {
            return;
        }
        let mut all = Vec::new();
        while at != 0 {
            all.push(at);
            at = links.next(at);
        }
        if pinned {
            // First come, first served.
            all.into_iter().for_each(|id| self.keep_pinned(id));
        } else {
            // The own queues give the newest first: reversed, so that the oldest comes out first.
            all.into_iter().rev().for_each(|id| self.keep(id));
            self.shared
                .notify(&self.shared.domains[usize::from(seat.domain)]);
        }
    }

    /// Takes the highest from the own queues.
    pub(crate) fn pop_highest(&self) -> Option<u32> {
        self.local(|local| {
            let queues = local.levels.queues.as_ref()?;
            let normal = || local.queue.as_ref().and_then(|queue| queue.pop());
            queues
                .high
                .pop()
                .or_else(normal)
                .or_else(|| queues.low.pop())
        })
    }

    fn keep_pinned(&self, id: u32) {
        let level = self.level(id);
        self.local(|local| match level {
            Priority::High => local.levels.pinned.high.push_back(id),
            Priority::Normal => local.pinned.push_back(id),
            Priority::Low => local.levels.pinned.low.push_back(id),
        });
    }

    /// Puts a codelet in the own queue of its level, and tells nobody.
    fn keep(&self, id: u32) {
        let level = self.level(id);
        self.local(|local| {
            let queues = local.levels.queues.as_ref().expect("a seat has queues");
            let normal = local.queue.as_ref().expect("a seat has a queue");
            queues.of(level).unwrap_or(normal).push(id);
            local.urgent |= level == Priority::High;
        });
    }

    /// Looks through the own queues for codelets that were given a higher level since they were put there.
    fn sort(&self, seat: &Seat<Local>) {
        // Acquire pairs with the Release in `Levels::raise`.
        let raised = self.shared.levels.raised.load(Ordering::Acquire);
        let ran = seat.counters.ran.get();
        let taken = self.local(|local| {
            let (last, at) = local.levels.sorted;
            let queues = local.levels.queues.as_ref()?;
            let normal = local.queue.as_ref()?;
            let queued = normal.len() + queues.low.len();
            if last == raised || !priority::sorts(queued, at.map(|at| ran - at)) {
                return None;
            }
            local.levels.sorted = (raised, Some(ran));
            let mut taken: Vec<u32> = std::iter::from_fn(|| queues.low.pop()).collect();
            taken.extend(std::iter::from_fn(|| normal.pop()));
            let pinned = local.pinned.drain(..);
            let pinned: Vec<u32> = pinned.chain(local.levels.pinned.low.drain(..)).collect();
            Some((taken, pinned))
        });
        if let Some((taken, pinned)) = taken {
            // As they lay, save for those that have another level now.
            taken.into_iter().rev().for_each(|id| self.keep(id));
            pinned.into_iter().for_each(|id| self.keep_pinned(id));
            // Others may have looked meanwhile and found nothing.
            self.shared
                .notify(&self.shared.domains[usize::from(seat.domain)]);
        }
    }

    /// Gives a codelet that has not started the high level, if it has a lower one; whether it did. The codelet may be
    /// gone: then its record's next tenant may become high for nothing, which does no harm.
    pub(crate) fn raise(&self, id: u32) -> bool {
        let record = self.shared.arena.record(id);
        let level = affinity::priority(record.affinity.load(Ordering::Relaxed));
        if record.flags() & flag::WAITS == 0 || level == Priority::High {
            return false;
        }
        record.affinity.fetch_or(HIGH, Ordering::Relaxed);
        true
    }
}
