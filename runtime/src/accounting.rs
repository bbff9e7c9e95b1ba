//! How engines keep the account of who touched what: [`crate::ledger`].

use crate::access::Mode;
use crate::bounds::Bounds;
use crate::codelet::{Body, flag};
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::id::BlockId;
use crate::ledger::{Key, Ledgers, Sums};

impl Engine<'_> {
    /// Notes the accesses of a codelet whose body has run, and which still holds its blocks. Values, scratch memory and lanes of
    /// reductions are the engine's own, and what destroys or moves a block does not use it.
    #[cold]
    #[inline(never)]
    pub(crate) fn enter_in_ledger(&self, ledgers: &Ledgers, id: u32, payload: usize) {
        let (arena, blocks) = (&self.shared.arena, &self.shared.blocks);
        let only_holds = self.local(|local| std::mem::take(&mut local.only_holds));
        let Some(here) = self.local(|local| local.here).filter(|_| !only_holds) else {
            return;
        };
        let record = arena.record(id);
        if record.moves() || record.flags() & flag::DESTROYS != 0 {
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
                let cell = Self::queue_of(entry);
                let slot = cell.slot;
                let all = blocks.slot(slot).bytes() as u64;
                let bytes = part.map_or(all, |extent| extent.bytes());
                let mut line = self.line(&body, slot);
                let own = self.shared.homes.own_pool(here.region).region();
                let may_be_copy = mode == Mode::Read && part.is_none() && !cell.shared;
                if may_be_copy && blocks.slot(slot).has_copy(own) {
                    line.home = Some(own);
                }
                return Some((line, Sums::of(mode, bytes, 1)));
            }
        });
        if ledgers.enter(here.xe, lines) {
            self.shared.ask_to_adapt();
        }
    }

    /// Notes an access to a whole block that a body gives back before its end.
    #[cold]
    pub(crate) fn enter_released(&self, ledgers: &Ledgers, id: u32, (slot, mode): (u32, Mode)) {
        let Some(here) = self.local(|local| local.here) else {
            return;
        };
        // SAFETY: it runs: it lives, and was published to us.
        let body = unsafe { self.shared.arena.record(id).body() };
        let bytes = self.shared.blocks.slot(slot).bytes() as u64;
        let line = (self.line(&body, slot), Sums::of(mode, bytes, 1));
        if ledgers.enter(here.xe, [line]) {
            self.shared.ask_to_adapt();
        }
    }

    /// What the line of a codelet and a block is about.
    fn line(&self, body: &Body, slot: u32) -> Key {
        let block = self.shared.blocks.slot(slot);
        Key {
            codelet: body.name,
            spawned_at: body.spawned_at,
            block: BlockId::new(self.shared.id, slot, block.generation()),
            home: self.shared.homes.region_of(block.place()),
        }
    }
}
