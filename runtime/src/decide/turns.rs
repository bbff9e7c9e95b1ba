//! Whose turn it is among codelets that commute: one at a time is in the block, the others wait in a list.
//!
//! A codelet takes its turn in all the blocks in which it commutes, or in none. If one of them is busy it waits in the
//! list of that one, and passes on what it came for: see [`Turns::pass`]. Proof: `docs/design/turns.md`.

use crate::mutants::mutant;
use std::collections::VecDeque;

/// Places of a list that has drained, at most.
const KEPT: usize = 256;

/// For what somebody waits who waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// For other blocks, too: it looks at all of them when it is woken.
    ForMore,
    /// For this block alone: it has the turn when it is woken.
    Alone,
    /// The same, and it does not matter who runs it: who has the turn before it may do so, without waking it.
    ForAnybody,
}

/// See the module. `T` names a codelet.
#[derive(Clone, Debug)]
pub(super) struct Turns<T> {
    holder: Option<T>,
    /// Who waits, and for what.
    waiting: VecDeque<(T, Waits)>,
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
    pub(super) fn wait(&mut self, who: T, waits: Waits, first: bool) {
        if first {
            self.waiting.insert(self.first, (who, waits));
            self.first += 1;
        } else {
            self.waiting.push_back((who, waits));
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
        let (next, waits) = self.waiting.pop_front()?;
        self.first = self.first.saturating_sub(1);
        self.forget_many();
        self.holder = (waits != Waits::ForMore).then_some(next);
        Some(next)
    }

    /// Who has their turns next, in order, as far as it does not matter who runs them: whoever has the turn now may go on with them,
    /// and says so by [`Turns::went_on`]. Nobody, while somebody goes before the others.
    pub(super) fn next(&self) -> impl Iterator<Item = T> + '_ {
        let behind_none = self.first == 0;
        let next = self.waiting.iter().take_while(move |_| behind_none);
        let any = next.take_while(|(_, waits)| *waits == Waits::ForAnybody);
        any.map(|&(who, _)| who)
    }

    /// The turn went to the first `count` of those that [`Turns::next`] gave, one after the other: the last of them, `who`, has it.
    /// Meanwhile some may have come that go before the others.
    pub(super) fn went_on(&mut self, count: usize, who: T) {
        let begin = self.first;
        let last = self.waiting.get(begin + count - 1);
        debug_assert!(last.is_some_and(|&last| last == (who, Waits::ForAnybody)));
        let count = match mutant!("turns_had_and_listed") {
            true => count - 1,
            false => count,
        };
        self.waiting.drain(begin..begin + count);
        self.forget_many();
        self.holder = Some(who);
    }

    /// The memory of a long list that has drained goes back.
    fn forget_many(&mut self) {
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            self.waiting = VecDeque::new();
        }
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = T> + '_ {
        self.waiting.iter().map(|&(who, _)| who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the list drains: one by one, several at a time, or the last ones so.
    #[test]
    fn the_memory_of_a_long_list_goes_back() {
        for several in [0, 299, 300] {
            let mut turns = Turns::default();
            turns.take(0);
            (1..=300).for_each(|who| turns.wait(who, Waits::ForAnybody, false));
            assert!(turns.waiting.capacity() > KEPT);
            if several > 0 {
                turns.went_on(several, several);
            }
            (several..300).for_each(|who| assert_eq!(turns.pass(who), Some(who + 1)));
            assert_eq!(turns.waiting.capacity(), 0, "{several} of them at once");
            assert_eq!(turns.pass(300), None);
        }
    }
}
