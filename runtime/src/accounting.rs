//! How engines keep the account of who touched what: [`crate::ledger`].

use crate::access::Mode;
use crate::affinity::Affinity;
use crate::block_table::QueueCell;
use crate::bounds::Bounds;
use crate::codelet::{Body, flag};
use crate::engine::Engine;
use crate::entry::EntryKind;
use crate::id::BlockId;
use crate::ledger::{Key, Ledgers, Sums};
use crate::sync::atomic::Ordering;

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
                let all = blocks.slot(cell.slot).bytes() as u64;
                let (line, bytes) = match part {
                    None => (self.line_of_whole(&body, (cell, mode), here.region), all),
                    Some(extent) => (self.line(&body, cell.slot), extent.bytes()),
                };
                return Some((line, Sums::of(mode, bytes, 1)));
            }
        });
        if ledgers.enter(here.xe, self.group_of(id), lines) {
            self.shared.ask_to_adapt();
        }
    }

    /// Notes an access to a whole block that a body gives back before its end.
    #[cold]
    pub(crate) fn enter_released(
        &self,
        ledgers: &Ledgers,
        id: u32,
        (cell, mode): (&QueueCell, Mode),
    ) {
        let Some(here) = self.local(|local| local.here) else {
            return;
        };
        // SAFETY: it runs: it lives, and was published to us.
        let body = unsafe { self.shared.arena.record(id).body() };
        let bytes = self.shared.blocks.slot(cell.slot).bytes() as u64;
        let line = self.line_of_whole(&body, (cell, mode), here.region);
        let sums = Sums::of(mode, bytes, 1);
        if ledgers.enter(here.xe, self.group_of(id), [(line, sums)]) {
            self.shared.ask_to_adapt();
        }
    }

    /// The group that a codelet which runs here is in.
    fn group_of(&self, id: u32) -> Option<u16> {
        let word = self
            .shared
            .arena
            .record(id)
            .affinity
            .load(Ordering::Relaxed);
        match Affinity::decode(word) {
            Affinity::Group(group) => Some(group),
            _ => None,
        }
    }

    /// The same as [`Engine::line`] for an access to all of a block, which may have been to a copy in the engine's region. The
    /// codelet still holds the block.
    fn line_of_whole(&self, body: &Body, used: (&QueueCell, Mode), region: u16) -> Key {
        Key {
            home: self.home_of_whole(used, region),
            ..self.line(body, used.0.slot)
        }
    }

    /// Where what an engine of a region used was: the copy in its region if it read all of the block and there is one, else the
    /// block's home. The codelet still holds the block.
    pub(crate) fn home_of_whole(
        &self,
        (cell, mode): (&QueueCell, Mode),
        region: u16,
    ) -> Option<u16> {
        let block = self.shared.blocks.slot(cell.slot);
        let own = self.shared.homes.own_pool(region).region();
        // Beside writers no copy is used; there may be some, which go at any time.
        let may_be_copy = mode == Mode::Read && !cell.shared;
        match may_be_copy && block.has_copy(own) {
            true => Some(own),
            false => self.shared.homes.region_of(block.place()),
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
