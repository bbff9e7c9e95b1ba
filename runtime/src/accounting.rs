//! How engines keep the account of who touched what: [`crate::ledger`].

use crate::access::Mode;
use crate::bounds::Bounds;
use crate::codelet::flag;
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::id::BlockId;
use crate::ledger::{Key, Ledgers, Sums};

impl Engine<'_> {
    /// Notes the accesses of a codelet whose body has run, and which still holds its blocks. Values, scratch memory and lanes of
    /// reductions are the engine's own, and what destroys a block does not touch it.
    #[cold]
    #[inline(never)]
    pub(crate) fn enter_in_ledger(&self, ledgers: &Ledgers, id: u32, payload: usize) {
        let (arena, blocks) = (&self.shared.arena, &self.shared.blocks);
        let Some(here) = self.local(|local| local.here) else {
            return;
        };
        let record = arena.record(id);
        if record.flags() & flag::DESTROYS != 0 {
            return;
        }
        // SAFETY: it runs: it lives, and was published to us.
        let body = unsafe { record.body() };
        let mut entries = arena.entries(id, payload);
        let lines = std::iter::from_fn(|| {
            loop {
                let (_, entry) = entries.next()?;
                let (mode, part) = match entry.kind() {
                    EntryKind::Block(Mode::Reduce(_)) => continue,
                    EntryKind::Block(mode) => (mode, None),
                    EntryKind::Part(mode) => (mode, Some(Bounds::take(&mut entries).extent)),
                    _ => continue,
                };
                let number = Self::queue_of(entry).slot;
                let slot = blocks.slot(number);
                let bytes = part.map_or(slot.bytes() as u64, |extent| extent.bytes());
                let key = Key {
                    codelet: body.name,
                    spawned_at: body.spawned_at,
                    block: BlockId::new(self.shared.id, number, slot.generation()),
                    home: self.shared.homes.region_of(slot.place()),
                };
                return Some((key, Sums::of(mode, bytes, 1)));
            }
        });
        ledgers.enter(here.xe, lines);
    }
}
