//! Who waits, and what they are told.

use crate::guid::Guid;

/// A slot of an EDT or event that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) target: std::num::NonZeroU64,
    pub(crate) slot: u32,
}

/// What is to be told: in the order in which it came. Of the first, which mostly is the only one, each word lies by itself, so that
/// it goes through registers: what is written in words and read at once as a whole waits for the memory.
#[derive(Default)]
pub(crate) struct Told {
    target: Option<std::num::NonZeroU64>,
    slot: u32,
    what: Guid,
    more: Vec<(Waiter, Guid)>,
    next: usize,
}

impl Told {
    #[inline]
    pub(crate) fn push(&mut self, waiter: Waiter, what: Guid) {
        match self.target {
            None if self.more.is_empty() => {
                self.target = Some(waiter.target);
                self.slot = waiter.slot;
                self.what = what;
            }
            _ => self.more.push((waiter, what)),
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Waiter, Guid)> {
        if let Some(target) = self.target.take() {
            let slot = self.slot;
            return Some((Waiter { target, slot }, self.what));
        }
        let next = self.more.get(self.next).copied();
        self.next += 1;
        next
    }
}
