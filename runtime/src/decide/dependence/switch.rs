//! From a plain queue to a queue of parts, and back.
//!
//! The first access to a part takes those who hold or await the whole block along: each holder becomes one that has been
//! told, each waiting one enters the queue of parts in its order. When that has drained and its poison, if there is any,
//! is that of the whole block, the plain queue rules again. The list's memory is kept.

use super::{AccessQueue, Effect, Entered, Extent, Grant, Mode, PartsQueue, Poison, WRITER};

impl<T: Copy + PartialEq> AccessQueue<T> {
    /// As [`AccessQueue::held`], for the children of a codelet that holds this part of the block.
    pub fn held_part(mode: Mode, extent: Extent) -> Self {
        AccessQueue {
            parts: Some(Box::new(PartsQueue::new(extent))),
            ..Self::held(mode)
        }
    }

    /// An access to a part enters a queue for accesses inside `whole` (which counts when this is the first one). The queue
    /// is not closed.
    pub fn enter_part(&mut self, who: T, mode: Mode, extent: Extent, whole: Extent) -> Entered {
        debug_assert!(!self.is_closed());
        self.parts(whole).enter(who, mode, extent)
    }

    /// A holder of a part leaves. Follow with [`AccessQueue::next_grant`] until it gives nothing.
    pub fn leave_part(&mut self, mode: Mode, extent: &Extent, effect: Effect) {
        if let Some(parts) = &mut self.parts {
            parts.leave(mode, extent, effect);
        }
        self.go_back();
    }

    /// A holder leaves that did what it had declared, but for some pieces, which are poisoned. As
    /// [`AccessQueue::leave_part`]; it held all that the queue is for if there is no extent.
    pub fn leave_in_pieces(
        &mut self,
        mode: Mode,
        extent: Option<Extent>,
        whole: Extent,
        pieces: &[(Extent, Poison)],
    ) {
        let parts = self.parts(whole);
        let extent = &extent.unwrap_or(parts.whole());
        // Poisoned first: who is granted by this one's leaving is told of it.
        parts.set_poison(extent, Effect::Done);
        for (piece, poison) in pieces {
            parts.set_poison(piece, Effect::Failed(*poison));
        }
        parts.take_out(mode, extent);
        self.go_back();
    }

    /// What of a queue of parts is poisoned, in extents that do not overlap; of a plain queue nothing.
    pub fn poisoned_parts(&self) -> &[(Extent, Poison)] {
        match &self.parts {
            Some(parts) if self.in_parts => parts.poisoned(),
            _ => &[],
        }
    }

    /// Takes what [`AccessQueue::poisoned_parts`] gives out of a queue that nobody will use any more.
    pub fn take_poisoned_parts(&mut self) -> Vec<(Extent, Poison)> {
        match &mut self.parts {
            Some(parts) if self.in_parts => parts.take_poisoned(),
            _ => Vec::new(),
        }
    }

    /// Those who wait in a queue of parts, in order, with how they want which part.
    pub fn waiting_for_parts(&self) -> impl Iterator<Item = (T, Mode, Extent)> + '_ {
        let parts = self.parts.iter().filter(|_| self.in_parts);
        parts.flat_map(|parts| parts.waiting())
    }

    #[inline(never)]
    pub(super) fn enter_whole(&mut self, who: T, mode: Mode) -> Entered {
        match &mut self.parts {
            Some(parts) => parts.enter(who, mode, parts.whole()),
            None => unreachable!("the queue of parts rules"),
        }
    }

    #[inline(never)]
    pub(super) fn leave_whole(&mut self, mode: Mode, effect: Effect) {
        if let Some(parts) = &mut self.parts {
            let whole = parts.whole();
            parts.leave(mode, &whole, effect);
        }
        self.go_back();
    }

    #[inline]
    pub(super) fn next_of_parts(&mut self) -> Option<Grant<T>> {
        match &mut self.parts {
            Some(parts) => parts.next_grant(),
            None => None,
        }
    }

    /// The queue of parts, which rules from now on.
    fn parts(&mut self, whole: Extent) -> &mut PartsQueue<T> {
        let parts = self
            .parts
            .get_or_insert_with(|| Box::new(PartsQueue::new(whole)));
        if !self.in_parts {
            self.in_parts = true;
            let whole = parts.whole();
            if let Some(poison) = self.poison.take() {
                parts.set_poison(&whole, Effect::Failed(poison));
            }
            match self.holders {
                WRITER => parts.hold(Mode::ReadWrite),
                readers => (0..readers).for_each(|_| parts.hold(Mode::Read)),
            }
            self.holders = WRITER;
            for (who, mode) in std::mem::take(&mut self.waiting) {
                parts.enter(who, mode, whole);
            }
        }
        parts
    }

    /// The plain queue rules again if it can.
    fn go_back(&mut self) {
        let Some(parts) = &mut self.parts else {
            return;
        };
        if !parts.is_drained() {
            return;
        }
        self.poison = match *parts.poisoned() {
            [] => None,
            [(extent, poison)] if extent == parts.whole() => {
                parts.set_poison(&extent, Effect::Done);
                Some(poison)
            }
            // Some of it: the plain queue could not tell which.
            _ => return,
        };
        self.in_parts = false;
        self.holders = 0;
    }
}

#[cfg(test)]
mod tests;
