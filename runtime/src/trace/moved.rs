//! Blocks that moved, as a trace tells of them.

use super::wire::{Numbers, put};

/// A region that is not known, or none alone.
pub(crate) const NOWHERE: u16 = u16::MAX;

/// A block went to another memory region, or a copy of it was made there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// When it was there, in ticks.
    pub time: u64,
    /// How long its bytes took to be copied, in ticks: so long the codelet waited that was to use it.
    pub took: u64,
    /// The block's number.
    pub block: u32,
    /// Its generation.
    pub generation: u32,
    /// Its bytes.
    pub bytes: u64,
    /// The region that it was in; 65,535 if it was in none alone.
    pub from: u16,
    /// The region where it, or the copy, is now; likewise.
    pub to: u16,
    /// It stays where it is as well: a copy for those who read.
    pub copied: bool,
}

impl Moved {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put(out, self.time);
        put(out, self.took);
        put(out, u64::from(self.block));
        put(out, u64::from(self.generation));
        put(out, self.bytes);
        // Moved by one, so that the usual regions and "none" are short.
        put(out, u64::from(self.from.wrapping_add(1)));
        put(out, u64::from(self.to.wrapping_add(1)));
        out.push(u8::from(self.copied));
    }

    /// Those in a chunk; `None` if it makes no sense.
    pub(super) fn parse(bytes: &[u8]) -> Option<Vec<Self>> {
        let mut numbers = Numbers(bytes);
        let mut list = Vec::new();
        while !numbers.0.is_empty() {
            list.push(Moved {
                time: numbers.number()?,
                took: numbers.number()?,
                block: numbers.small()?,
                generation: numbers.small()?,
                bytes: numbers.number()?,
                from: numbers.small::<u16>()?.wrapping_sub(1),
                to: numbers.small::<u16>()?.wrapping_sub(1),
                copied: numbers.flag()?,
            });
        }
        Some(list)
    }
}
