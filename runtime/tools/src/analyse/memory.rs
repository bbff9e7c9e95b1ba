//! Which memory region had how much of what was used.

use crate::run::{BlockUse, Run};
use serde::Serialize;
use std::collections::BTreeMap;

/// One memory region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryRow {
    /// The region; 65,535 for blocks of which that is not known.
    pub region: u16,
    /// How many of the blocks that were used were there at last.
    pub blocks: u64,
    /// Their bytes, each block by the largest use of it.
    pub bytes: u64,
    /// Bytes that codelets read of them.
    pub read_bytes: u64,
    /// That they wrote.
    pub written_bytes: u64,
    /// Of both, from engines of other regions.
    pub remote_bytes: u64,
    /// Bytes of blocks that moved here, or were copied here.
    pub came_bytes: u64,
    /// That moved away, or were copied elsewhere.
    pub left_bytes: u64,
}

/// All regions in which blocks were, or went.
pub fn memory(run: &Run) -> Vec<MemoryRow> {
    let mut rows: BTreeMap<u16, MemoryRow> = BTreeMap::new();
    let mut at = |region: u16, add: &dyn Fn(&mut MemoryRow)| {
        let row = rows.entry(region).or_insert(MemoryRow {
            region,
            ..MemoryRow::default()
        });
        add(row);
    };
    let plus = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
    for used in run.blocks.values() {
        let BlockUse {
            read,
            written,
            remote,
            largest,
            ..
        } = *used;
        at(used.home, &|row| {
            row.blocks += 1;
            plus(&mut row.bytes, largest);
            plus(&mut row.read_bytes, read);
            plus(&mut row.written_bytes, written);
            plus(&mut row.remote_bytes, remote);
        });
    }
    for moved in &run.moves {
        at(moved.to, &|row| plus(&mut row.came_bytes, moved.bytes));
        at(moved.from, &|row| plus(&mut row.left_bytes, moved.bytes));
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat::trace::Moved;

    #[test]
    fn regions_have_what_is_in_them_and_what_came_and_left() {
        let used = |home, read, remote, largest| BlockUse {
            home,
            read,
            remote,
            largest,
            ..BlockUse::default()
        };
        let mut run = Run::default();
        run.blocks.insert((0, 0), used(1, 300, 100, 50));
        run.blocks.insert((1, 0), used(1, 30, 0, 30));
        run.moves.push(Moved {
            took: 0,
            time: 5,
            block: 0,
            generation: 0,
            bytes: 50,
            from: 0,
            to: 1,
            copied: false,
        });
        let rows = memory(&run);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].region, rows[0].left_bytes, rows[0].blocks),
            (0, 50, 0)
        );
        assert_eq!(
            (rows[1].blocks, rows[1].bytes, rows[1].came_bytes),
            (2, 80, 50)
        );
        assert_eq!((rows[1].read_bytes, rows[1].remote_bytes), (330, 100));
    }
}
