//! One entry among many of a codelet: of one with few it is found by a walk. Where a codelet with thousands of blocks has children
//! that name them one after another, a walk for each would take time by the square of their number.

use crate::engine::Engine;
use crate::entry::{Entry, EntryKind};
use crate::local::Local;
use crate::wide::Wide;

/// Among so many entries a walk is as fast.
const FEW: usize = 32;

impl Engine<'_> {
    /// The first entry of a codelet that lives for all of the block with this slot, weak or not; `wide` is where lists of such
    /// codelets are kept.
    pub(crate) fn entry_for_all_of(
        &self,
        codelet: u32,
        slot: u32,
        wide: impl FnOnce(&mut Local) -> &mut Wide,
    ) -> Option<&Entry> {
        let arena = &self.shared.arena;
        let record = arena.record(codelet);
        // SAFETY: it lives: the caller runs its body, or its end waits for what the caller does.
        let payload = unsafe { record.vtable() }.payload;
        // Of a place that comes, while the body gives others of its blocks back perhaps.
        let slot_of = |entry: &Entry| match entry.kind() {
            EntryKind::Block(_) | EntryKind::Weak => {
                Self::queue_unless_released(entry).map(|cell| cell.slot)
            }
            _ => None,
        };
        let is_it = |entry: &Entry| slot_of(entry) == Some(slot);
        if record.count() > FEW {
            let of = (codelet, record.ended.generation());
            let all = || {
                let entries = arena.entries(codelet, payload);
                entries.filter_map(|(node, entry)| Some((slot_of(entry)?, node)))
            };
            match self.local(|local| wide(local).find(of, slot, all)) {
                Some(None) => return None,
                // It may have been given back meanwhile, and another one for the block not.
                Some(Some(node)) if is_it(arena.entry(node)) => return Some(arena.entry(node)),
                _ => (),
            }
        }
        let mut entries = arena.entries(codelet, payload).map(|(_, entry)| entry);
        entries.find(|entry| is_it(entry))
    }
}
