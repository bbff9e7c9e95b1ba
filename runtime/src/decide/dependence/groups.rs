//! What few queues have: turns among those who commute, and the lanes of reductions.

use super::{AccessQueue, Effect, Lanes, Mode, Place, Special, Sums, Turns, Waits};
use crate::mutants::mutant;

impl<T: Copy + Default + PartialEq, M> AccessQueue<T, M> {
    /// Whether so many hold it, and nobody waits. (Not for a queue of parts, or one with a reduction.)
    #[inline]
    pub fn is_held_by(&self, holders: u32) -> bool {
        self.holders == holders && self.waiting.is_empty() && self.special.is_none()
    }

    /// Whoever holds it, if anybody does, leaves it to somebody whose name is not told, and who holds it in this mode from now on,
    /// alone so far. Nobody waits. (Not for a queue of parts, or one with a reduction.)
    #[inline]
    pub fn hand_on(&mut self, mode: Mode) {
        debug_assert!(self.waiting.is_empty() && self.special.is_none());
        self.holders = 1;
        self.held = mode;
        self.last = T::default();
    }

    /// Whether who enters in this mode holds the block at once. (Not for reductions.)
    pub fn admits_now(&self, mode: Mode) -> bool {
        self.waiting.is_empty() && !self.in_parts() && self.admits(mode)
    }

    pub(super) fn special(&mut self) -> &mut Special<T, M> {
        self.special.get_or_insert_with(|| {
            Box::new(Special {
                poison: None,
                left: None,
                turns: Turns::default(),
                lanes: None,
                parts: None,
            })
        })
    }

    #[inline]
    pub(super) fn lanes(&mut self) -> Option<&mut Lanes<T, M>> {
        self.special.as_mut()?.lanes.as_mut()
    }

    /// Whether it could be the turn of `who`, which commutes here.
    #[inline]
    pub fn turn_is_free_for(&self, who: T) -> bool {
        let special = self.special.as_deref();
        special.is_none_or(|special| special.turns.is_free_for(who))
    }

    /// Whether nobody has a turn here, and nobody waits for one.
    #[inline]
    pub fn turn_is_nobodys(&self) -> bool {
        let special = self.special.as_deref();
        special.is_none_or(|special| special.turns.are_nobodys())
    }

    /// `who`, which commutes here, takes its turn, which is free for it.
    #[inline]
    pub fn take_turn(&mut self, who: T) {
        self.special().turns.take(who);
    }

    /// `who` waits for its turn, before all that do not go `first`.
    #[inline]
    pub fn wait_for_turn(&mut self, who: T, waits: Waits, first: bool) {
        self.special().turns.wait(who, waits, first);
    }

    /// Those who have their turns next, in order, and may be run by who has the turn now, without being woken: that one says so by
    /// [`AccessQueue::turn_went_on`].
    #[inline]
    pub fn next_turns(&self) -> impl Iterator<Item = T> + '_ {
        let special = self.special.as_deref();
        special.into_iter().flat_map(|special| special.turns.next())
    }

    /// Who had the turn has left, and so have the first of those whom [`AccessQueue::next_turns`] gave after it, `count` in all. They
    /// did what they had declared. The next one, `who`, has its turn now.
    pub fn turn_went_on(&mut self, count: usize, who: T) {
        debug_assert!(self.held == Mode::Commute && self.holders as usize > count);
        self.special().turns.went_on(count, who);
        self.holders -= count as u32;
    }

    /// `who` is done with its turn, or could have it and cannot take it. Gives who is to be woken.
    #[inline]
    pub fn pass_turn(&mut self, who: T) -> Option<T> {
        self.special.as_mut()?.turns.pass(who)
    }

    /// Whether it is the turn of `who`, which commutes here: taken, or handed over.
    #[inline]
    pub fn has_turn(&self, who: T) -> bool {
        let special = self.special.as_deref();
        special.is_some_and(|special| special.turns.is_held_by(who))
    }

    /// The memory of the lane that `who` holds, once it was taken.
    pub fn lane_of(&mut self, who: T) -> Option<&mut Option<M>> {
        self.lanes()?.memory_of(who)
    }

    /// All members of a reduction have left, and somebody waits for its result: then whoever finds this holds the block
    /// until it has been put together.
    #[inline]
    pub(super) fn ends_reduction(&mut self) -> bool {
        let ends = self.holders == 0 && matches!(self.held, Mode::Reduce(_));
        if ends {
            self.begin_group(Mode::Exclusive);
            self.holders = u32::from(!mutant!("dependence_reduction_unheld"));
            self.last = T::default();
        }
        ends
    }

    /// The lanes of the reduction that has come to its end.
    pub fn take_sums(&mut self) -> Option<Sums<M>> {
        let lanes = self.special.as_mut()?.lanes.take()?;
        // Children may read what nobody has written before them.
        let looks = (self.waiting.front())
            .is_none_or(|next| next.mode.reads() || next.place != Place::Whole);
        Some(lanes.end(self.poison().is_none() && looks))
    }

    /// What [`Step::Combine`](super::Step::Combine) asked for was done. Follow with [`AccessQueue::next_step`] until it gives nothing.
    pub fn combined(&mut self, effect: Effect) {
        if self.in_parts() {
            return self.combined_in_parts(effect);
        }
        debug_assert!(self.holders == 1 && self.held == Mode::Exclusive);
        self.holders = 0;
        // What was poisoned before still is.
        if let Effect::Failed(_) = effect {
            self.set_poison(effect);
        }
    }
}
