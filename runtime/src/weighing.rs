//! Where a ready codelet goes by what must be looked up: its group, or the bytes of its accesses.
//!
//! What waits in each region is a table that control engines publish, and engines read without asking; what it leads to is
//! remembered by codelets' kinds ([`crate::decide::scores`]).

use crate::affinity::{self, Affinity};
use crate::bounds::Bounds;
use crate::decide::route::long_bytes;
use crate::decide::scores::{Load, Scores, Weighed};
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::shared::Shared;
use crate::sync::atomic::Ordering;

/// So many accesses are weighed; the rest of a long list says little more.
const WEIGHED: usize = 16;

impl Shared {
    /// Part of a control engine's routine: tells engines what waits where, if they weigh that.
    pub(crate) fn tell_loads(&self) {
        let Some(told) = &self.loads else { return };
        let mut loads: Vec<Load> = (self.regions.iter())
            .map(|queue| Load {
                waiting: queue.len() as u64,
                engines: 0,
            })
            .collect();
        for seat in self.seats.iter().filter(|seat| !self.is_shut(seat)) {
            let load = &mut loads[usize::from(seat.region)];
            load.engines += 1;
            load.waiting += seat.queued() as u64 + u64::from(!seat.inbox.is_empty());
        }
        told.tell(&loads);
    }
}

impl Engine<'_> {
    /// The affinity in a word of hints, with the present engine for a group and for data.
    #[inline]
    pub(crate) fn resolve(&self, id: u32, word: u32) -> Affinity {
        match Affinity::decode(word) {
            Affinity::NearData => self.near_its_data(id, affinity::is_long(word)),
            _ => self.shared.groups.resolve(word),
        }
    }

    /// An engine in the region that is nearest to the bytes that a ready codelet uses, if it pays to go there.
    #[cold]
    fn near_its_data(&self, id: u32, long: bool) -> Affinity {
        let shared = self.shared;
        let here = self.local(|local| local.here);
        let (Some(here), Some(loads), None) = (here, &shared.loads, &shared.check) else {
            return Affinity::Anywhere;
        };
        // SAFETY: it is ready, so it lives, and was published to us.
        let vtable = unsafe { shared.arena.record(id).vtable() };
        let payload = vtable.payload;
        let (mut uses, mut count) = ([(0, 0); WEIGHED], 0);
        let mut heaviest = (0, 0);
        let mut entries = shared.arena.entries(id, payload);
        while count < WEIGHED
            && let Some((_, entry)) = entries.next()
        {
            let part = match entry.kind() {
                EntryKind::Block(_) => None,
                EntryKind::Part(_) => Some(Bounds::take(&mut entries).extent.bytes()),
                _ => continue,
            };
            let slot = shared.blocks.slot(Self::queue_of(entry).slot);
            // Of memory that is nowhere yet, or everywhere, nothing speaks for one region.
            if let Some(home) = shared.homes.region_of(slot.place()) {
                let bytes = part.unwrap_or(slot.bytes() as u64);
                uses[count] = (home, bytes);
                count += 1;
                heaviest = heaviest.max((bytes, slot.home.load(Ordering::Relaxed)));
            }
        }
        let uses = &uses[..count];
        if uses.iter().all(|(home, _)| *home == here.region) {
            return Affinity::Anywhere;
        }
        let codelet = Weighed {
            kind: vtable.run as usize,
            uses,
            least: if long { long_bytes(&shared.tuning) } else { 0 },
        };
        let region = self.local(|local| {
            let scores = local
                .scores
                .get_or_insert_with(|| Box::new(Scores::new(here.region)));
            let regions = shared.homes.regions();
            let told = |region| loads.of(region);
            scores.place(codelet, regions, loads.told(), told, |region| {
                self.load_now(region)
            })
        });
        if region == here.region {
            return Affinity::Anywhere;
        }
        // The engine that most of it belongs to, if that is there.
        let owner = heaviest.1;
        match shared.homes.region_of_xe(owner) == region {
            true => Affinity::Prefer(owner),
            false => self.least_busy(region),
        }
    }

    /// What waits in a region now.
    fn load_now(&self, region: u16) -> Load {
        let shared = self.shared;
        let waiting = shared.regions[usize::from(region)].len() as u64;
        let none = Load {
            waiting,
            engines: 0,
        };
        let seats = shared.seats.iter().filter(|seat| seat.region == region);
        (seats.filter(|seat| !shared.is_shut(seat))).fold(none, |load, seat| Load {
            waiting: load.waiting + (seat.queued() + usize::from(!seat.inbox.is_empty())) as u64,
            engines: load.engines + 1,
        })
    }

    /// The engine of a region with the least in its queue.
    fn least_busy(&self, region: u16) -> Affinity {
        let seats = (0..).zip(&self.shared.seats);
        let there = seats.filter(|(_, seat)| seat.region == region && !self.shared.is_shut(seat));
        let least = there.min_by_key(|(_, seat)| seat.queued());
        least.map_or(Affinity::Anywhere, |(xe, _)| Affinity::Prefer(xe))
    }
}
