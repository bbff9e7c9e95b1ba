//! Whose turn it is among codelets that commute: one at a time is in the block, the others wait in a list.
//!
//! A codelet takes its turn in all the blocks in which it commutes, or in none. If one of them is busy it waits in the
//! list of that one, and passes on what it came for: see [`Turns::pass`]. Proof: `docs/design/turns.md`.

use std::collections::VecDeque;

/// Places of a list that has drained, at most.
const KEPT: usize = 256;

/// See the module. `T` names a codelet.
#[derive(Clone, Debug)]
pub(super) struct Turns<T> {
    holder: Option<T>,
    /// Who waits, and whether for this block alone.
    waiting: VecDeque<(T, bool)>,
    /// So many of them go before the others.
    first: usize,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Turns {
            holder: None,
            waiting: VecDeque::new(),
            first: 0,
        }
    }
}

impl<T: Copy + PartialEq> Turns<T> {
    /// Whether it could be the turn of `who`: nobody has it, or it was handed over.
    pub(super) fn is_free_for(&self, who: T) -> bool {
        self.holder.is_none_or(|holder| holder == who)
    }

    /// Whether nobody has it, and nobody waits for it.
    pub(super) fn are_nobodys(&self) -> bool {
        self.holder.is_none() && self.waiting.is_empty()
    }

    /// Whether it is the turn of `who`.
    pub(super) fn is_held_by(&self, who: T) -> bool {
        self.holder == Some(who)
    }

    pub(super) fn take(&mut self, who: T) {
        debug_assert!(self.is_free_for(who));
        self.holder = Some(who);
    }

    /// `who` waits behind those before it; if it goes `first`, behind those that do so, too.
    pub(super) fn wait(&mut self, who: T, alone: bool, first: bool) {
        if first {
            self.waiting.insert(self.first, (who, alone));
            self.first += 1;
        } else {
            self.waiting.push_back((who, alone));
        }
    }

    /// `who` is done, or cannot take its turn: if the turn is its own or nobody's, the next who waits is to be woken.
    /// One that waits for this block alone has the turn at once; another must look whether its other blocks are free,
    /// and meanwhile the turn is nobody's.
    pub(super) fn pass(&mut self, who: T) -> Option<T> {
        if !self.is_free_for(who) {
            return None;
        }
        self.holder = None;
        let (next, alone) = self.waiting.pop_front()?;
        self.first = self.first.saturating_sub(1);
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            // The memory of a long list goes back.
            self.waiting = VecDeque::new();
        }
        self.holder = alone.then_some(next);
        Some(next)
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = T> + '_ {
        self.waiting.iter().map(|&(who, _)| who)
    }
}
