//! What a pool says about itself.

/// A pool's counts at one moment. All sizes are in bytes; those of chunks are the sizes they have, not those asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Address space that the pool has from the system: `in_use_bytes`, `recycled_bytes`, and what nobody has touched.
    pub mapped_bytes: usize,
    /// The most that `mapped_bytes` ever was.
    pub peak_mapped_bytes: usize,
    /// In chunks that are out of the pool: with users, or in the engines' magazines.
    pub in_use_bytes: usize,
    /// In chunks that were used, and wait in the pool for the next taker.
    pub recycled_bytes: usize,
    /// The part of `mapped_bytes` for which the kernel agreed to try huge pages.
    pub huge_bytes: usize,
    /// The part of `mapped_bytes` that should be on a certain node, but the kernel refused to see to it.
    pub unbound_bytes: usize,
    /// The part of `mapped_bytes` that is interleaved in equal shares, since the kernel has no weights (Linux has them from 6.9
    /// on).
    pub unweighted_bytes: usize,
    /// How many times memory was mapped.
    pub mappings: u64,
    /// How many of those mappings have small pages although huge ones were wanted.
    pub small_page_mappings: u64,
    /// How many times the system had no memory for the pool until it gave up all recycled memory, or asked for less.
    pub fallbacks: u64,
    /// How many times untouched memory was asked for that should be on certain nodes, and they had no room for it. Then it
    /// was refused, and another pool asked; or the pages came from wherever the system had them.
    pub overflows: u64,
    /// How many bytes of recycled memory went back to the system, in all.
    pub released_bytes: u64,
    /// How many chunks left the pool untouched, into magazines included.
    pub fresh_chunks: u64,
    /// How many chunks left the pool that had been used before, into magazines included.
    pub recycled_chunks: u64,
}

impl PoolStats {
    /// The part of `mapped_bytes` that costs only addresses: not cut yet, not touched yet, or given back.
    pub fn untouched_bytes(&self) -> usize {
        self.mapped_bytes - self.in_use_bytes - self.recycled_bytes
    }
}
