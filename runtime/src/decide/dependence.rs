//! A block's access queue as a state machine: `(state, event) -> (state, actions)`.
//!
//! Accesses enter in program order (the order of entrance is the meaning, see the oracle in the tests) and are
//! granted in that order; neighbours whose mode shares, such as readers, hold the block as a group. Nobody overtakes, so
//! nobody starves.
//!
//! Whoever enters several queues enters all of them as one step (the caller holds all their locks, taken in the
//! order of block ids). Then the relation "waits for" follows the order of these steps and has no circle.
//!
//! Nesting needs no second mechanism: a codelet's children enter a queue of the codelet's own, in which its body
//! is the first holder ([`AccessQueue::held`]). If it takes its place for its children only, nobody is in there until that
//! place has come ([`AccessQueue::shut`]).
//!
//! Which accesses form a group is a matter of the order of entrance alone: a group that all have left goes on if the
//! next access belongs to it. What its members did becomes visible at its end, when an access of another kind comes:
//! their poison, and the sums of a reduction ([`Step::Combine`]).
//!
//! While all accesses are to the whole block this is a plain queue. Accesses to parts, and those to the whole among them,
//! form a group with an order of its own ([`PartsQueue`]).

mod front;
mod groups;
mod parts;
mod poisoned;
mod soon;
mod switch;

use super::lanes::{Lanes, Sums};
use super::ring::Ring;
use super::turns::Turns;
pub use super::turns::Waits;
pub use crate::access::{Mode, Operator};
pub use crate::extent::Extent;
use crate::mutants::mutant;
pub use parts::PartsQueue;
pub use poisoned::Poisoned;

/// Why a block's contents are not to be trusted: the number of a failure in the runtime's log.
pub type Poison = std::num::NonZeroU32;

/// The answer to an access that enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It holds the block from now on. If it reads, this is the poison it reads.
    Granted(Option<Poison>),
    /// It waits; a later [`AccessQueue::next_step`] names it.
    Queued,
    /// It waits, and whoever let it enter must first do what [`Step::Combine`] asks for.
    Combine,
}

/// An action: tell `who` that it holds the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<T> {
    /// Who entered.
    pub who: T,
    /// The poison it reads, if it reads any.
    pub poison: Option<Poison>,
    /// It holds the block for its children only.
    pub weak: bool,
}

impl<T> Grant<T> {
    /// Whether there is nothing to say but that.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.poison.is_none() && !self.weak
    }
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Tell somebody.
    Grant(Grant<T>),
    /// A reduction has come to its end: take the lanes by [`AccessQueue::take_sums`], put them together and to the block,
    /// and say so by [`AccessQueue::combined`]. Until then nobody holds the block but who does this.
    Combine,
}

/// What the holder that leaves did to the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It did what it had declared. A write heals the block.
    Done,
    /// It failed or was skipped: what it was to write is poisoned.
    Failed(Poison),
}

#[derive(Clone, Copy, Debug)]
struct Ticket<T> {
    who: T,
    mode: Mode,
    place: Place,
}

/// What somebody who waits wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The block.
    Whole,
    /// The block, for the children only.
    Weak,
    /// A part: the next one in the list of parts to come.
    Part,
}

impl Place {
    #[inline]
    fn of(weak: bool) -> Self {
        if weak { Place::Weak } else { Place::Whole }
    }
}

/// What few queues have.
#[derive(Clone, Debug)]
struct Special<T, M> {
    /// What the group that holds the block finds.
    poison: Option<Poison>,
    /// What the members of the group that holds it leave behind.
    left: Option<Poison>,
    turns: Turns<T>,
    lanes: Option<Lanes<T, M>>,
    parts: Option<PartsQueue<T>>,
}

/// See the module. `T` names a codelet (its default names nobody), `M` is the memory of a reduction's lane.
#[derive(Clone, Debug)]
pub struct AccessQueue<T, M = ()> {
    waiting: Ring<Ticket<T>>,
    special: Option<Box<Special<T, M>>>,
    /// How many hold it, or [`PARTS`].
    holders: u32,
    /// Who got it last, other than in a queue of parts; what nobody is called, if that is not known.
    last: T,
    /// How it is held, or was held last.
    held: Mode,
    closed: bool,
}

/// The number of holders that says that the queue of parts rules, see `switch.rs`. `held` is exclusive then.
const PARTS: u32 = u32::MAX;

impl<T: Default, M> Default for AccessQueue<T, M> {
    fn default() -> Self {
        AccessQueue {
            waiting: Ring::default(),
            special: None,
            holders: 0,
            last: T::default(),
            held: Mode::Exclusive,
            closed: false,
        }
    }
}

impl<T: Copy + Default + PartialEq, M> AccessQueue<T, M> {
    /// A queue whose first holder is already in: the body of the codelet whose children will enter here.
    #[inline]
    pub fn held(mode: Mode) -> Self {
        AccessQueue {
            holders: 1,
            held: mode.among_children(),
            ..Self::default()
        }
    }

    /// A queue for the children of a codelet that takes its place for them only: nobody gets in until
    /// [`AccessQueue::open`].
    #[inline]
    pub fn shut() -> Self {
        Self::held(Mode::Exclusive)
    }

    /// The place has come: children may enter, and find this poison. Follow with [`AccessQueue::next_step`] until it
    /// gives nothing.
    pub fn open(&mut self, poison: Option<Poison>) {
        let effect = poison.map_or(Effect::Done, Effect::Failed);
        match self.in_parts() {
            true => self.leave_whole(None, Mode::Exclusive, effect),
            false => self.leave_alone(effect),
        }
    }

    /// An access enters. The queue is not closed.
    #[inline]
    pub fn enter(&mut self, who: T, mode: Mode) -> Entered {
        self.enter_for(who, mode, false)
    }

    /// The same; if `weak`, for the children only.
    #[inline(always)]
    pub fn enter_for(&mut self, who: T, mode: Mode, weak: bool) -> Entered {
        debug_assert!(!self.closed);
        let overtakes = mutant!("dependence_readers_overtake") && !mode.writes();
        if (self.waiting.is_empty() || overtakes) && self.admits(mode) {
            match self.admit(who, mode) {
                true => Entered::Granted(self.found(mode, weak)),
                false => Entered::Queued,
            }
        } else if self.in_parts() {
            self.enter_whole(who, mode, weak)
        } else {
            let place = Place::of(weak);
            self.wait(Ticket { who, mode, place })
        }
    }

    #[inline]
    fn wait(&mut self, ticket: Ticket<T>) -> Entered {
        self.waiting.push_back(ticket);
        match self.ends_reduction() {
            true => Entered::Combine,
            false => Entered::Queued,
        }
    }

    /// A holder leaves. Follow with [`AccessQueue::next_step`] until it gives nothing.
    #[inline(always)]
    pub fn leave(&mut self, who: T, mode: Mode, effect: Effect) {
        if self.in_parts() {
            return self.leave_whole(Some(who), mode, effect);
        }
        if !mode.shares() {
            return self.leave_alone(effect);
        }
        debug_assert!(self.holders != 0 && self.held == mode);
        self.holders -= 1;
        if mode != Mode::Read {
            self.leave_group(who, effect);
        }
    }

    #[inline]
    fn leave_alone(&mut self, effect: Effect) {
        debug_assert!(self.holders == 1 && !self.held.shares());
        self.holders = 0;
        self.set_poison(effect);
    }

    #[inline]
    fn set_poison(&mut self, effect: Effect) {
        match (effect, &mut self.special) {
            (Effect::Done, None) => (),
            (Effect::Done, Some(special)) => special.poison = None,
            (Effect::Failed(poison), _) => self.special().poison = Some(poison),
        }
    }

    #[inline(never)]
    fn leave_group(&mut self, who: T, effect: Effect) {
        if let Effect::Failed(poison) = effect {
            let special = self.special();
            special.left.get_or_insert(poison);
            if mutant!("dependence_group_meets_its_poison") {
                special.poison = special.left;
            }
        }
        if let Some(lanes) = self.lanes() {
            lanes.leave(who);
        }
    }

    /// Whether nobody waits, and there is nothing to know of it but who holds it: then there is no step.
    #[inline(always)]
    pub fn is_unwaited(&self) -> bool {
        self.special.is_none() && self.waiting.is_empty()
    }

    /// What is to be done because of what left.
    #[inline(always)]
    pub fn next_step(&mut self) -> Option<Step<T>> {
        if self.special.is_some() {
            return self.next_special_step();
        }
        // Without groups but readers, lanes, parts and poison.
        let &Ticket { who, mode, place } = self.waiting.front()?;
        if matches!(mode, Mode::Reduce(_)) {
            return self.next_special_step();
        }
        if !self.admits(mode) {
            return None;
        }
        self.waiting.pop_front();
        self.hold(who, mode);
        self.forget_many();
        let (poison, weak) = (None, place == Place::Weak);
        Some(Step::Grant(Grant { who, poison, weak }))
    }

    /// Lets in who is next and holds it like most: who that is hears `told`, which says whether there is room for another.
    /// Gives the next step if that is something else, or there is no room.
    #[inline(always)]
    pub fn let_in(&mut self, mut told: impl FnMut(T) -> bool) -> Option<Step<T>> {
        if self.special.is_some() {
            return match self.next_step() {
                Some(Step::Grant(grant)) if grant.is_plain() && self.rests() => {
                    told(grant.who);
                    None
                }
                other => other,
            };
        }
        loop {
            let &Ticket { who, mode, place } = self.waiting.front()?;
            if place != Place::Whole || matches!(mode, Mode::Reduce(_)) {
                return self.next_step();
            }
            if !self.admits(mode) {
                return None;
            }
            self.waiting.drop_front();
            self.holders += 1;
            self.last = who;
            // A group that begins finds no poison.
            self.held = mode;
            self.forget_many();
            if !told(who) {
                return self.next_step();
            }
            if !mode.shares() {
                return None;
            }
        }
    }

    /// Whether, after a step, there is no other until somebody leaves or enters: somebody holds it alone, or nobody waits
    /// who could hold it, too.
    #[inline(always)]
    pub fn rests(&self) -> bool {
        let alone = self.holders == 1 && !self.held.shares();
        let next = self.waiting.front();
        alone || (self.special.is_none() && next.is_none_or(|next| !self.admits(next.mode)))
    }

    #[inline(never)]
    fn next_special_step(&mut self) -> Option<Step<T>> {
        if self.in_parts()
            && let Some(grant) = self.next_of_parts()
        {
            return Some(Step::Grant(grant));
        }
        if let Some(lanes) = self.lanes()
            && let Some(who) = lanes.next()
        {
            let (poison, weak) = (self.found(self.held, false), false);
            return Some(Step::Grant(Grant { who, poison, weak }));
        }
        loop {
            let &Ticket { who, mode, place } = self.waiting.front()?;
            if place == Place::Part && self.can_be_parts() {
                self.be_parts(None);
                return self.next_of_parts().map(Step::Grant);
            }
            if place == Place::Part || !self.admits(mode) {
                return self.ends_reduction().then_some(Step::Combine);
            }
            let weak = place == Place::Weak;
            self.waiting.pop_front();
            let granted = self.admit(who, mode);
            self.forget_many();
            if granted {
                let poison = self.found(mode, weak);
                return Some(Step::Grant(Grant { who, poison, weak }));
            }
        }
    }

    /// Gives the memory of a long list of waiters back when it has drained.
    #[inline]
    fn forget_many(&mut self) {
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.waiting = Ring::default();
    }

    /// The last access to the block, its destruction, has entered: nobody may enter any more.
    #[inline]
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether nobody may enter any more.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Why the contents are not to be trusted, if so; of a queue of parts see [`AccessQueue::poisoned_parts`].
    #[inline]
    pub fn poison(&self) -> Option<Poison> {
        let special = self.special.as_ref()?;
        special.left.or(special.poison)
    }

    /// The poison that somebody finds who is let in.
    #[inline]
    fn found(&self, mode: Mode, weak: bool) -> Option<Poison> {
        let special = self.special.as_ref()?;
        special.poison.filter(|_| mode.reads() || weak)
    }

    /// Whether nobody holds it and nobody waits.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.holders == 0 && self.waiting.is_empty()
    }

    /// Those who wait, in order, with how they want it (but for those inside a queue of parts, see
    /// [`AccessQueue::waiting_for_parts`]); then those who hold their place in a group and wait for their
    /// turn or lane.
    pub fn waiting(&self) -> impl Iterator<Item = (T, Mode)> + '_ {
        let special = self.special.as_deref();
        let turns = special
            .into_iter()
            .flat_map(|special| special.turns.waiting());
        let lanes = special.and_then(|special| special.lanes.as_ref());
        let lanes = lanes.into_iter().flat_map(|lanes| lanes.waiting());
        let inside = turns.chain(lanes).map(|who| (who, self.held));
        let tickets = self.waiting.iter().map(|ticket| (ticket.who, ticket.mode));
        tickets.chain(inside)
    }

    #[inline]
    fn admits(&self, mode: Mode) -> bool {
        match self.holders {
            0 => mode == self.held || !matches!(self.held, Mode::Reduce(_)),
            _ => mode == self.held && mode.shares(),
        }
    }

    /// `who` is in. False if it waits for its lane in there.
    #[inline]
    fn admit(&mut self, who: T, mode: Mode) -> bool {
        self.hold(who, mode);
        match mode {
            Mode::Reduce(operator) => self.join_lane(who, operator),
            _ => true,
        }
    }

    #[inline]
    fn hold(&mut self, who: T, mode: Mode) {
        self.holders += 1;
        self.last = who;
        if self.held != mode {
            self.begin_group(mode);
        }
    }

    #[cold]
    fn join_lane(&mut self, who: T, operator: Operator) -> bool {
        let lanes = &mut self.special().lanes;
        lanes.get_or_insert_with(|| Lanes::new(operator)).join(who)
    }

    #[inline]
    fn begin_group(&mut self, mode: Mode) {
        self.held = mode;
        if let Some(special) = &mut self.special {
            special.poison = special.left.take().or(special.poison);
        }
    }
}

/// A list of waiters longer than this is given back when it has drained.
const KEPT: usize = 256;

#[cfg(test)]
mod tests;
