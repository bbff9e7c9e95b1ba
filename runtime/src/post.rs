//! Where a codelet that became ready goes: it runs next on this engine, or is put in a queue.

use crate::affinity::{self, Priority};
use crate::decide::route::{self, Destination};
use crate::engine::{Engine, Followers};
use crate::local::Local;
use crate::seat::Seat;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;
use crossbeam_deque::Worker;

impl Engine<'_> {
    /// A codelet became ready: it is the next one here, or is posted where it belongs.
    #[inline]
    pub(crate) fn ready(&self, id: u32, followers: &mut Followers) {
        let word = (self.shared.arena.record(id).affinity).load(Ordering::Relaxed);
        if affinity::is_special(word) {
            return self.ready_by_hint(id, word, followers);
        }
        if followers.next.is_none() && !followers.none {
            let here = self.local(|local| if local.checks() { None } else { local.here });
            let follows = |here| {
                // Most have no wish.
                word == 0 || route::may_follow(affinity::Affinity::decode(word), here)
            };
            if here.is_some_and(follows) {
                followers.next = Some(id);
                return;
            }
        }
        self.post(id);
    }

    /// Puts a ready codelet where it belongs, and wakes who is needed.
    #[inline]
    pub(crate) fn post(&self, id: u32) {
        let record = self.shared.arena.record(id);
        match record.affinity.load(Ordering::Relaxed) {
            0 | affinity::TRACED => self.post_anywhere(id),
            word => self.post_elsewhere(id, word),
        }
    }

    /// The same for one that has no wish at all.
    #[inline(always)]
    pub(crate) fn post_anywhere(&self, id: u32) {
        match self.seat {
            Some(seat) => self.post_own(seat, id),
            None => self.post_elsewhere(id, 0),
        }
    }

    /// A ready codelet of an engine that has a queue: it is kept to run next, or put there.
    #[inline(always)]
    fn post_own(&self, seat: &Seat<Local>, id: u32) {
        let queued = self.queued(seat);
        let (before, is_lone) = self.local(|local| {
            if !local.runs {
                return (id, false);
            }
            match route::keeps(queued, local.others, local.host) {
                true => (std::mem::replace(&mut local.kept, id), false),
                false => (id, queued == 0),
            }
        });
        if before != 0 {
            self.put(seat, before, queued, is_lone);
        }
    }

    /// How many codelets lie where the others of the domain find them. Where nobody else is, nobody asks.
    #[inline(always)]
    fn queued(&self, seat: &Seat<Local>) -> usize {
        match self.shared.is_alone() {
            true => 0,
            false => self.own_queue(|queue| queue.len()) + usize::from(!seat.lone.is_empty()),
        }
    }

    /// Puts a ready codelet behind `queued` others of its engine, for all to see.
    #[inline(never)]
    fn put(&self, seat: &Seat<Local>, id: u32, queued: usize, is_lone: bool) {
        // A place apart is cheaper than the queue. (Where levels are sorted all is in queues.)
        if is_lone && !self.shared.levels.used() && seat.lone.put(id) {
            let domain = self.local(|local| local.domain);
            let is_told = || seat.lone.is_told();
            return self.shared.tell_sleepers(domain, is_told);
        }
        self.publish(seat, id, queued, false);
    }

    /// Posts a ready codelet that may run anywhere, and is not kept to run next: others wait for it, who cannot be taken instead.
    pub(crate) fn post_for_all(&self, id: u32) {
        match self.seat {
            Some(_) => self.put_in_queue(id),
            None => self.post(id),
        }
    }

    /// Puts a ready codelet in the own queue of an engine that sits.
    #[inline(never)]
    pub(crate) fn put_in_queue(&self, id: u32) {
        let seat = self.seat.expect("only engines that sit have a queue");
        self.publish(seat, id, self.queued(seat), false);
    }

    /// Puts a ready codelet in the engine's own queue, where there are `queued` others. One that is `long` is worth a wake-up
    /// in any case.
    #[inline(always)]
    fn publish(&self, seat: &Seat<Local>, id: u32, queued: usize, long: bool) {
        self.own_queue(|queue| queue.push(id));
        let (domain, others, host) = self.local(|local| (local.domain, local.others, local.host));
        let long = || long || host || seat.lone.is_told();
        let announces = || route::announces(queued, others, long());
        self.shared.tell_sleepers(domain, announces);
    }

    /// Works on the own queue of an engine that sits.
    #[inline(always)]
    fn own_queue<R>(&self, f: impl FnOnce(&Worker<u32>) -> R) -> R {
        self.local(|local| f(local.queue.as_ref().expect("a seat has a queue")))
    }

    #[inline(never)]
    fn post_elsewhere(&self, id: u32, word: u32) {
        let shared = self.shared;
        let affinity = shared.open_place(self.resolve(id, word));
        let to = route::destination(affinity, self.local(|local| local.here));
        let level = affinity::priority(word);
        if level != Priority::Normal && self.post_level(id, level, to) {
            return;
        }
        match to {
            Destination::Own => {
                if let Some(seat) = self.seat {
                    return match affinity::is_long(word) {
                        true => self.publish(seat, id, self.queued(seat), true),
                        false => self.post_own(seat, id),
                    };
                }
                let domain = &shared.domains[shared.next_domain()];
                domain.injector.push(id);
                shared.notify(domain);
            }
            Destination::Inbox(xe) => {
                shared.seats[usize::from(xe)]
                    .inbox
                    .push(id, &RecordLinks(shared));
                self.posted(xe);
            }
            Destination::Pinned(xe) => {
                shared.seats[usize::from(xe)]
                    .pinned
                    .push(id, &RecordLinks(shared));
                self.posted(xe);
            }
            Destination::Control => shared.io.push(id),
            Destination::Region(region) => {
                shared.regions[usize::from(region)].push(id);
                shared.wake_in_region(region);
            }
        }
    }

    #[inline]
    fn posted(&self, xe: u16) {
        if let Some(seat) = self.seat {
            seat.counters.posted.add(1);
        }
        self.shared.notify_xe(xe);
    }
}

/// Links between records in inboxes.
pub(crate) struct RecordLinks<'a>(pub(crate) &'a Shared);

impl crate::event::Links for RecordLinks<'_> {
    #[inline]
    fn next(&self, id: u32) -> u32 {
        self.0.arena.record(id).link.load(Ordering::Relaxed)
    }

    #[inline]
    fn set_next(&self, id: u32, next: u32) {
        self.0.arena.record(id).link.store(next, Ordering::Relaxed);
    }
}
