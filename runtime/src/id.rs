//! Ids: small copyable names for things that live in tables.
//!
//! A handle that users hold carries the runtime it belongs to and a generation, so that a stale or a foreign one
//! is noticed. A table slot whose generations are used up is retired, never reused, so the check is exact.

use crate::sync::plain::Mutex;

/// Which runtime a handle belongs to. Unique among the runtimes that live at one time in a process, and not
/// reused before 65,535 others were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeId(pub(crate) u16);

struct Ids {
    next: u16,
    live: Vec<u16>,
}

static IDS: Mutex<Ids> = Mutex::new(Ids {
    next: 1,
    live: Vec::new(),
});

impl RuntimeId {
    /// A fresh id, or `None` when 65,535 runtimes live.
    #[inline]
    pub(crate) fn take() -> Option<Self> {
        let mut ids = IDS.lock().unwrap_or_else(|e| e.into_inner());
        if ids.live.len() >= usize::from(u16::MAX) {
            return None;
        }
        loop {
            let id = ids.next;
            ids.next = ids.next.checked_add(1).unwrap_or(1);
            if !ids.live.contains(&id) {
                ids.live.push(id);
                return Some(RuntimeId(id));
            }
        }
    }

    /// Gives the id back at the runtime's end.
    #[inline]
    pub(crate) fn release(self) {
        let mut ids = IDS.lock().unwrap_or_else(|e| e.into_inner());
        ids.live.retain(|&id| id != self.0);
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

    pub(crate) fn new(runtime: RuntimeId, slot: u32, generation: u32) -> Self {
        debug_assert!(slot < Self::MAX_SLOTS && generation <= Self::MAX_GENERATION);
        BlockId(u64::from(runtime.0) << 48 | u64::from(generation) << 28 | u64::from(slot))
    }

    #[inline]
    pub(crate) fn runtime(self) -> RuntimeId {
        RuntimeId((self.0 >> 48) as u16)
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

/// A codelet's name: its record in the arena, the record's generation, the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CodeletId {
    pub(crate) record: u32,
    pub(crate) generation: u32,
    pub(crate) runtime: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_ids_keep_their_parts() {
        let id = BlockId::new(RuntimeId(513), 0x0fed_cba9, 0xf_1234);
        assert_eq!(
            (id.runtime(), id.slot(), id.generation()),
            (RuntimeId(513), 0x0fed_cba9, 0xf_1234)
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
