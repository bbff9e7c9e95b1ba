//! Blocks that moved from region to region.

use crate::run::Run;
use serde::Serialize;
use std::collections::BTreeMap;

/// What went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MoveRow {
    /// The region that the blocks were in; 65,535 if in none alone.
    pub from: u16,
    /// The region where they, or the copies, are then.
    pub to: u16,
    /// How many moved.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// How many copies were made.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
}

/// All that went, by ways.
pub fn moves(run: &Run) -> Vec<MoveRow> {
    let mut ways: BTreeMap<(u16, u16), MoveRow> = BTreeMap::new();
    for one in &run.moves {
        let (from, to) = (one.from, one.to);
        let row = ways.entry((from, to)).or_insert(MoveRow {
            from,
            to,
            ..MoveRow::default()
        });
        let (times, bytes) = match one.copied {
            true => (&mut row.copied, &mut row.copied_bytes),
            false => (&mut row.moved, &mut row.moved_bytes),
        };
        *times += 1;
        *bytes = bytes.saturating_add(one.bytes);
    }
    ways.into_values().collect()
}
