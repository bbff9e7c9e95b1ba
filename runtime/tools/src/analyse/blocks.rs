//! Who used which blocks.

use crate::run::Run;
use serde::Serialize;

/// One block.
#[derive(Clone, Debug, Serialize)]
pub struct BlockRow {
    /// Its name and number.
    pub name: String,
    /// Its home; 65,535 if not known.
    pub home: u16,
    /// How many codelets used it.
    pub times: u64,
    /// How many of these changed it, which they do one after the other.
    pub writes: u64,
    /// Bytes that were declared for reading.
    pub read_bytes: u64,
    /// For writing.
    pub written_bytes: u64,
    /// Of both, from engines of other regions.
    pub remote_bytes: u64,
    /// A kind that used it.
    pub by: String,
}

/// So many are listed.
const MOST: usize = 100;

/// Those that were used most, by bytes.
pub fn blocks(run: &Run) -> Vec<BlockRow> {
    let mut list: Vec<_> = run.blocks.iter().collect();
    let bytes = |one: &crate::run::BlockUse| one.read.saturating_add(one.written);
    list.sort_by_key(|(block, one)| (std::cmp::Reverse((bytes(one), one.times)), **block));
    let row = |(block, one): (&(u32, u32), &crate::run::BlockUse)| BlockRow {
        name: run.block_name(*block),
        home: one.home,
        times: one.times,
        writes: one.writes,
        read_bytes: one.read,
        written_bytes: one.written,
        remote_bytes: one.remote,
        by: run.name(one.kind).to_owned(),
    };
    list.into_iter().take(MOST).map(row).collect()
}
