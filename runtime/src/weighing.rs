//! Where a ready codelet goes by what must be looked up: its group, or the bytes of its accesses.

use crate::affinity::Affinity;
use crate::bounds::Bounds;
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::sync::atomic::Ordering;

/// So many accesses are weighed; the rest of a long list says little more.
const WEIGHED: usize = 16;

impl Engine<'_> {
    /// The affinity in a word of hints, with the present engine for a group and for data.
    #[inline]
    pub(crate) fn resolve(&self, id: u32, word: u32) -> Affinity {
        match Affinity::decode(word) {
            Affinity::NearData => self.near_its_data(id),
            _ => self.shared.groups.resolve(word),
        }
    }

    /// An engine in the region that is nearest to the bytes that a ready codelet uses, if it pays to go there.
    #[cold]
    fn near_its_data(&self, id: u32) -> Affinity {
        let shared = self.shared;
        let Some(here) = self
            .local(|local| local.here)
            .filter(|_| shared.check.is_none())
        else {
            return Affinity::Anywhere;
        };
        // SAFETY: it is ready, so it lives, and was published to us.
        let payload = unsafe { shared.arena.record(id).vtable() }.payload;
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
        let region = shared.homes.lean(uses, here.region, |at| self.waiting(at));
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

    /// How many codelets wait in a region for each of its engines that work; `None` if it has none.
    fn waiting(&self, region: u16) -> Option<u64> {
        let shared = self.shared;
        let seats =
            (shared.seats.iter()).filter(|seat| seat.region == region && !shared.is_shut(seat));
        let (engines, queued) = seats.fold((0, 0), |(engines, queued), seat| {
            let inbox = usize::from(!seat.inbox.is_empty());
            (engines + 1, queued + seat.queued() + inbox)
        });
        let queued = queued + shared.regions[usize::from(region)].len();
        (engines > 0).then(|| (queued / engines) as u64)
    }

    /// The engine of a region with the least in its queue.
    fn least_busy(&self, region: u16) -> Affinity {
        let seats = (0..).zip(&self.shared.seats);
        let there = seats.filter(|(_, seat)| seat.region == region && !self.shared.is_shut(seat));
        let least = there.min_by_key(|(_, seat)| seat.queued());
        least.map_or(Affinity::Anywhere, |(xe, _)| Affinity::Prefer(xe))
    }
}
