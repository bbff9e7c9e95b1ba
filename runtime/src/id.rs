//! Ids: small copyable names for things that live in tables.
//!
//! A handle that users hold carries the runtime it belongs to and a generation, so that a stale or a foreign one
//! is noticed. A table slot whose generations are used up is retired, never reused, so the check is exact.

use crate::sync::plain::Mutex;

/// Which runtime a handle belongs to: a serial number, never used again in the process. Blocks' ids have room for its
/// lowest 16 bits only; those differ among the runtimes that live at one time, and come again after 65,535 others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeId(pub(crate) u64);

struct Ids {
    next: u64,
    live: Vec<u16>,
}

static IDS: Mutex<Ids> = Mutex::new(Ids {
    next: 1,
    live: Vec::new(),
});

impl RuntimeId {
    /// A fresh id, or `None` when 65,536 runtimes live.
    pub(crate) fn take() -> Option<Self> {
        let mut ids = IDS.lock().unwrap_or_else(|e| e.into_inner());
        if ids.live.len() > usize::from(u16::MAX) {
            return None;
        }
        loop {
            let id = RuntimeId(ids.next);
            ids.next += 1;
            if !ids.live.contains(&id.number()) {
                ids.live.push(id.number());
                return Some(id);
            }
        }
    }

    /// The part that blocks' ids carry.
    #[inline]
    pub(crate) fn number(self) -> u16 {
        self.0 as u16
    }

    /// Gives the number back at the runtime's end.
    pub(crate) fn release(self) {
        let mut ids = IDS.lock().unwrap_or_else(|e| e.into_inner());
        ids.live.retain(|&number| number != self.number());
    }
}

/// A block's name: table slot, generation, runtime, in 64 bits, so that ids travel by value (also through C).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(u64);

impl BlockId {
    /// Slots a block table can have.
    pub(crate) const MAX_SLOTS: u32 = 1 << 28;
    /// Generations a slot can have before it is retired.
    pub(crate) const MAX_GENERATION: u32 = (1 << 20) - 1;

    /// Names no block.
    pub(crate) const NONE: BlockId = BlockId(u64::MAX);

    /// From what [`BlockId::bits`] gave.
    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Self {
        BlockId(bits)
    }

    /// As a number.
    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn new(runtime: RuntimeId, slot: u32, generation: u32) -> Self {
        debug_assert!(slot < Self::MAX_SLOTS && generation <= Self::MAX_GENERATION);
        BlockId(u64::from(runtime.number()) << 48 | u64::from(generation) << 28 | u64::from(slot))
    }

    #[inline]
    pub(crate) fn runtime(self) -> u16 {
        (self.0 >> 48) as u16
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 28) as u32 & Self::MAX_GENERATION
    }

    #[inline]
    pub(crate) fn slot(self) -> u32 {
        self.0 as u32 & (Self::MAX_SLOTS - 1)
    }
}

/// Hashes ids of blocks for tables that nobody's input fills: a multiplication, since the slot's number is in the lowest bits and tables
/// look at the highest, too.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl std::hash::Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// A codelet's name: its record in the arena, the record's generation, the runtime. Two whole words: it is stored and
/// loaded on the fast path, and narrower stores would make wider loads wait.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CodeletId {
    place: u64,
    runtime: u64,
}

impl CodeletId {
    #[inline]
    pub(crate) fn new(runtime: RuntimeId, record: u32, generation: u32) -> Self {
        CodeletId {
            place: u64::from(generation) << 32 | u64::from(record),
            runtime: runtime.0,
        }
    }

    /// From what [`CodeletId::bits`] gave.
    #[inline]
    pub(crate) fn from_bits([place, runtime]: [u64; 2]) -> Self {
        CodeletId { place, runtime }
    }

    /// As numbers; the second is below 2^62, or at least 2^63.
    #[inline]
    pub(crate) fn bits(self) -> [u64; 2] {
        [self.place, self.runtime]
    }

    /// Numbers of recordings begin here, where those of runtimes never come.
    pub(crate) const FIRST_RECORDING: u64 = 1 << 63;

    /// Names no codelet.
    pub(crate) const NONE: CodeletId = CodeletId {
        place: 0,
        runtime: 0,
    };

    /// A codelet of a graph: the recording's number (0: none), the codelet's there. It has no record, so wherever records are
    /// named it is nobody.
    pub(crate) fn recorded(recording: u64, codelet: u32) -> Self {
        CodeletId {
            place: u64::from(codelet) << 32,
            runtime: recording,
        }
    }

    /// The recording and the codelet's number there, if it is one of a graph; else the numbers of none.
    pub(crate) fn as_recorded(self) -> Option<(u64, u32)> {
        let recorded = self.record() == 0 && self.runtime >= Self::FIRST_RECORDING;
        recorded.then_some((self.runtime, self.generation()))
    }

    #[inline]
    pub(crate) fn runtime(self) -> RuntimeId {
        RuntimeId(self.runtime)
    }

    #[inline]
    pub(crate) fn record(self) -> u32 {
        self.place as u32
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        (self.place >> 32) as u32
    }
}

impl std::fmt::Debug for CodeletId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "codelet {}", self.record())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_ids_keep_their_parts() {
        let id = BlockId::new(RuntimeId(513), 0x0fed_cba9, 0xf_1234);
        assert_eq!(
            (id.runtime(), id.slot(), id.generation()),
            (513, 0x0fed_cba9, 0xf_1234)
        );
    }

    #[test]
    fn runtime_ids_differ_while_both_live() {
        let (a, b) = (RuntimeId::take().unwrap(), RuntimeId::take().unwrap());
        assert_ne!(a, b);
        a.release();
        b.release();
    }
}
