//! GUIDs: one word with a kind, a place and a generation.

use crate::types::ocrGuid_t;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a GUID names. In bits 60 to 62.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Edt = 1,
    Block = 2,
    Event = 3,
    Template = 4,
    /// A number from a reserved range, which stands for what was made with it.
    Label = 5,
    /// A range or map of labels.
    Range = 6,
    /// An affinity, a worker, a legacy context, somebody who waits: a kind of its own in bits 56 to 59.
    Other = 7,
}

const KIND: u32 = 60;
const BODY: u64 = (1 << KIND) - 1;
/// Bits of a generation, but for blocks.
pub(crate) const GENERATION: u32 = (1 << 28) - 1;
/// Bits of a block's name without its runtime.
const BLOCK: u64 = (1 << 48) - 1;

/// An affinity.
pub(crate) const AFFINITY: u64 = 1;
/// A worker.
pub(crate) const WORKER: u64 = 2;
/// A legacy context.
pub(crate) const LEGACY: u64 = 3;
/// Somebody who waits for an event outside of all EDTs, or in one.
pub(crate) const WAITER: u64 = 4;

/// A GUID as a word; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Guid(pub(crate) u64);

impl From<ocrGuid_t> for Guid {
    #[inline]
    fn from(guid: ocrGuid_t) -> Self {
        Guid(guid.guid as u64)
    }
}

impl From<Guid> for ocrGuid_t {
    #[inline]
    fn from(guid: Guid) -> Self {
        ocrGuid_t {
            guid: guid.0 as isize,
        }
    }
}

/// The runtime that blocks belong to: the high bits of their names.
static RUNTIME: AtomicU64 = AtomicU64::new(0);

impl Guid {
    pub(crate) const NULL: Guid = Guid(0);
    pub(crate) const UNINITIALIZED: Guid = Guid(-2i64 as u64);
    pub(crate) const ERROR: Guid = Guid(-1i64 as u64);

    #[inline]
    pub(crate) fn is_null(self) -> bool {
        self.0 == 0
    }

    /// What it says it names; `None` for null, the two that name nothing, and what no GUID looks like.
    #[inline]
    pub(crate) fn kind(self) -> Option<Kind> {
        Some(match self.0 >> KIND {
            1 => Kind::Edt,
            2 => Kind::Block,
            3 => Kind::Event,
            4 => Kind::Template,
            5 => Kind::Label,
            6 => Kind::Range,
            7 => Kind::Other,
            _ => return None,
        })
    }

    /// Whether it says that it names one of these.
    #[inline]
    pub(crate) fn is(self, kind: Kind) -> bool {
        self.0 >> KIND == kind as u64
    }

    #[inline]
    fn new(kind: Kind, body: u64) -> Self {
        Guid((kind as u64) << KIND | body & BODY)
    }

    /// Of a place with a generation.
    #[inline]
    pub(crate) fn placed(kind: Kind, place: u32, generation: u32) -> Self {
        Guid::new(
            kind,
            u64::from(generation & GENERATION) << 32 | u64::from(place),
        )
    }

    /// Its place and generation.
    #[inline]
    pub(crate) fn place(self) -> (u32, u32) {
        (self.0 as u32, (self.0 >> 32) as u32 & GENERATION)
    }

    /// Of a block.
    #[inline]
    pub(crate) fn block(bits: u64) -> Self {
        let runtime = bits & !BLOCK;
        if RUNTIME.load(Ordering::Relaxed) != runtime {
            RUNTIME.store(runtime, Ordering::Relaxed);
        }
        Guid::new(Kind::Block, bits & BLOCK)
    }

    /// The block's name, if it is one of a block.
    #[inline]
    pub(crate) fn block_bits(self) -> u64 {
        RUNTIME.load(Ordering::Relaxed) | self.0 & BLOCK
    }

    /// With a kind of its own.
    pub(crate) fn other(kind: u64, number: u64) -> Self {
        Guid::new(Kind::Other, kind << 56 | number)
    }

    /// Its number, if it has this kind of its own.
    pub(crate) fn as_other(self, kind: u64) -> Option<u64> {
        let is = self.is(Kind::Other) && (self.0 >> 56) & 15 == kind;
        is.then_some(self.0 & ((1 << 56) - 1))
    }

    /// Of a label, range or map: a number with the kind of its objects.
    pub(crate) fn labelled(kind: Kind, of: u32, number: u64) -> Self {
        Guid::new(kind, u64::from(of & 31) << 48 | number & BLOCK)
    }

    /// The kind of its objects, and its number.
    pub(crate) fn label(self) -> (u32, u64) {
        ((self.0 >> 48) as u32 & 31, self.0 & BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_the_three_that_name_nothing_have_no_kind() {
        let guid = Guid::placed(Kind::Event, 0xdead_beef, GENERATION);
        assert_eq!(guid.kind(), Some(Kind::Event));
        assert!(guid.is(Kind::Event) && !guid.is(Kind::Block));
        assert_eq!(guid.place(), (0xdead_beef, GENERATION));
        assert_eq!(
            Guid::block(0x1234_8765_4321_0fed).block_bits(),
            0x1234_8765_4321_0fed
        );
        assert_eq!(Guid::other(WAITER, 77).as_other(WAITER), Some(77));
        assert_eq!(Guid::other(WAITER, 77).as_other(WORKER), None);
        assert_eq!(
            Guid::labelled(Kind::Label, 21, 1 << 40).label(),
            (21, 1 << 40)
        );
        for guid in [Guid::NULL, Guid::UNINITIALIZED, Guid::ERROR] {
            assert_eq!(guid.kind(), None);
            assert!(!guid.is(Kind::Other));
        }
    }
}
