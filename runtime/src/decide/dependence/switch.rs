//! From a plain queue to a queue of parts, and back.
//!
//! The first access to a part takes those along who hold or await the whole block to read or to write it: each holder
//! becomes one that has been told, each waiting one enters the queue of parts in its order. Accesses of other kinds (who
//! commute, reduce, or write together) are groups of their own: they wait until the queue of parts has drained, and parts
//! wait until they have left. When it has drained and its poison, if there is any, is that of the whole block, or somebody
//! waits to whom any poison is that of the whole, the plain queue rules again.
//!
//! While the queue of parts rules, whoever stands first in `waiting` is of another kind.

use super::{
    AccessQueue, Effect, Entered, Extent, Grant, Mode, PARTS, PartsQueue, Place, Poison, Ticket,
};

/// Whether an access to the whole block can be one among accesses to its parts.
#[inline]
pub(super) fn joins(mode: Mode) -> bool {
    matches!(
        mode,
        Mode::Read | Mode::Write | Mode::ReadWrite | Mode::Exclusive
    )
}

impl<T: Copy + Default + PartialEq, M> AccessQueue<T, M> {
    /// As [`AccessQueue::held`], for the children of a codelet that holds this part of the block.
    pub fn held_part(mode: Mode, extent: Extent) -> Self {
        let mut queue = Self::held(mode);
        queue.special().parts = Some(PartsQueue::new(extent));
        queue
    }

    /// An access to a part enters a queue for accesses inside `whole` (which counts when this is the first one). The queue
    /// is not closed.
    pub fn enter_part(&mut self, who: T, mode: Mode, extent: Extent, whole: Extent) -> Entered {
        if extent.is_empty() {
            return Entered::Granted(None);
        }
        debug_assert!(!self.closed);
        if self.can_be_parts() {
            self.be_parts(Some(whole));
        }
        let joins = self.in_parts() && self.waiting.is_empty();
        let parts = self.parts(Some(whole));
        if joins {
            return parts.enter(who, mode, extent);
        }
        parts.note(extent);
        let place = Place::Part;
        self.wait(Ticket { who, mode, place })
    }

    /// A holder of a part leaves. Follow with [`AccessQueue::next_step`] until it gives nothing.
    pub fn leave_part(&mut self, who: T, mode: Mode, extent: &Extent, effect: Effect) {
        // Nobody waited for it; the block may even have gone, and the queue be that of the one that came next.
        if extent.is_empty() {
            return;
        }
        self.parts(None).leave(Some(who), mode, extent, effect);
        self.go_back();
    }

    /// A holder leaves that did what it had declared, but for some pieces, which are poisoned. As
    /// [`AccessQueue::leave_part`]; it held all that the queue is for if there is no extent. `who` and `whole` are as at its
    /// entrance.
    pub fn leave_in_pieces(
        &mut self,
        who: T,
        mode: Mode,
        extent: Option<Extent>,
        whole: Extent,
        pieces: &[(Extent, Poison)],
    ) {
        if !self.can_be_parts() {
            // It is one of a group whose members' poison is that of the whole.
            let effect = pieces.first().map(|&(_, poison)| Effect::Failed(poison));
            return self.leave(who, mode, effect.unwrap_or(Effect::Done));
        }
        self.be_parts(Some(whole));
        let parts = self.parts(None);
        let extent = &extent.unwrap_or(parts.whole());
        // Poisoned first: who is granted by this one's leaving is told of it.
        parts.set_poison(extent, Effect::Done);
        for (piece, poison) in pieces {
            parts.set_poison(piece, Effect::Failed(*poison));
        }
        parts.take_out(Some(who), mode, extent);
        self.go_back();
    }

    /// As [`AccessQueue::open`], when these pieces of `whole` are poisoned.
    pub fn open_in_pieces(&mut self, who: T, whole: Extent, pieces: &[(Extent, Poison)]) {
        self.leave_in_pieces(who, Mode::Exclusive, None, whole, pieces);
    }

    /// What of a queue of parts is poisoned, in extents that do not overlap; of a plain queue nothing.
    pub fn poisoned_parts(&self) -> &[(Extent, Poison)] {
        match self.special.as_deref() {
            Some(special) if self.in_parts() => {
                special.parts.as_ref().map_or(&[], PartsQueue::poisoned)
            }
            _ => &[],
        }
    }

    /// Those who wait in a queue of parts, in order, with how they want which part.
    pub fn waiting_for_parts(&self) -> impl Iterator<Item = (T, Mode, Extent)> + '_ {
        let special = self.special.as_deref().filter(|_| self.in_parts());
        let parts = special.and_then(|special| special.parts.as_ref());
        parts.into_iter().flat_map(|parts| parts.waiting())
    }

    /// The queue of parts, made now for parts of `whole` if there is none.
    fn parts(&mut self, whole: Option<Extent>) -> &mut PartsQueue<T> {
        let whole = whole.unwrap_or(Extent::range(0, 0));
        let parts = &mut self.special().parts;
        parts.get_or_insert_with(|| PartsQueue::new(whole))
    }

    /// An access to all of it, while the queue of parts rules.
    #[inline(never)]
    pub(super) fn enter_whole(&mut self, who: T, mode: Mode, weak: bool) -> Entered {
        let joins = joins(mode);
        if self.waiting.is_empty() && joins {
            let parts = self.parts(None);
            return parts.enter_for(who, mode, parts.whole(), weak);
        }
        let place = Place::of(weak);
        self.waiting.push_back(Ticket { who, mode, place });
        self.go_back();
        if self.in_parts() {
            return Entered::Queued;
        }
        // Nobody is in there, and nobody stood before it.
        self.waiting.pop_back();
        self.enter_for(who, mode, weak)
    }

    /// A holder of all of it leaves, while the queue of parts rules.
    #[inline(never)]
    pub(super) fn leave_whole(&mut self, who: Option<T>, mode: Mode, effect: Effect) {
        let parts = self.parts(None);
        let whole = parts.whole();
        parts.leave(who, mode, &whole, effect);
        self.go_back();
    }

    /// As [`AccessQueue::combined`], while the queue of parts rules: since who combines is in there.
    #[cold]
    pub(super) fn combined_in_parts(&mut self, effect: Effect) {
        let parts = self.parts(None);
        let before = parts.poison_in(&parts.whole());
        self.leave_whole(None, Mode::Exclusive, before.map_or(effect, Effect::Failed));
    }

    /// Who is to be told next, while the queue of parts rules.
    #[inline(never)]
    pub(super) fn next_of_parts(&mut self) -> Option<Grant<T>> {
        self.parts(None).next_grant()
    }

    /// Whether the queue of parts rules.
    #[inline]
    pub(super) fn in_parts(&self) -> bool {
        self.holders == PARTS
    }

    /// Whether the queue of parts rules or could do so: nobody is in there but who can be taken along.
    pub(super) fn can_be_parts(&self) -> bool {
        let in_the_way = match self.holders {
            0 => matches!(self.held, Mode::Reduce(_)),
            _ => !joins(self.held),
        };
        !in_the_way
    }

    /// The queue of parts rules from now on, and takes all along that can be.
    pub(super) fn be_parts(&mut self, whole: Option<Extent>) {
        if self.in_parts() {
            return;
        }
        let (holders, held, last) = (self.holders, self.held, self.last);
        let poison = self.poison();
        self.set_poison(Effect::Done);
        self.special().left = None;
        let parts = self.parts(whole);
        if let Some(poison) = poison {
            parts.set_poison(&parts.whole(), Effect::Failed(poison));
        }
        // Of those that share it nobody knows who is still there.
        let holder = (!held.shares() && last != T::default()).then_some(last);
        (0..holders).for_each(|_| parts.hold(holder, held));
        (self.holders, self.held) = (PARTS, Mode::Exclusive);
        while let Some(&Ticket { who, mode, place }) = self.waiting.front()
            && joins(mode)
        {
            self.waiting.pop_front();
            let (weak, part) = (place == Place::Weak, place == Place::Part);
            self.parts(None).enter_late(who, mode, weak, part);
        }
    }

    /// The plain queue rules again if it can.
    fn go_back(&mut self) {
        let awaited = !self.waiting.is_empty();
        let parts = self.parts(None);
        if !parts.is_drained() {
            return;
        }
        let whole = parts.whole();
        let poison = match *parts.poisoned() {
            [] => None,
            [(extent, poison)] if extent == whole => Some(poison),
            [(_, poison), ..] if awaited => Some(poison),
            // Some of it: the plain queue could not tell which.
            _ => return,
        };
        parts.set_poison(&whole, Effect::Done);
        if let Some(poison) = poison {
            self.set_poison(Effect::Failed(poison));
        }
        self.holders = 0;
    }
}

#[cfg(test)]
mod tests;
