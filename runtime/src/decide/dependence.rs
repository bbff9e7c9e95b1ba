//! A block's access queue as a state machine: `(state, event) -> (state, actions)`.
//!
//! Accesses enter in program order (the order of entrance is the meaning, see the oracle in the tests) and are
//! granted in that order; readers that stand next to each other share. Nobody overtakes, so nobody starves.
//!
//! Whoever enters several queues enters all of them as one step (the caller holds all their locks, taken in the
//! order of block ids). Then the relation "waits for" follows the order of these steps and has no circle.
//!
//! Nesting needs no second mechanism: a codelet's children enter a queue of the codelet's own, in which its body
//! is the first holder ([`AccessQueue::held`]).
//!
//! While all accesses are to the whole block this is a plain queue. The first access to a part makes it a queue of parts
//! ([`PartsQueue`]) until that has drained.

mod parts;
mod switch;

pub use crate::access::Mode;
pub use crate::extent::Extent;
pub use parts::PartsQueue;
use std::collections::VecDeque;

/// Why a block's contents are not to be trusted: the number of a failure in the runtime's log.
pub type Poison = std::num::NonZeroU32;

/// The answer to an access that enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It holds the block from now on. If it reads, this is the poison it reads.
    Granted(Option<Poison>),
    /// It waits; a later [`AccessQueue::next_grant`] names it.
    Queued,
}

/// An action: tell `who` that it holds the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<T> {
    /// Who entered.
    pub who: T,
    /// The poison it reads, if it reads any.
    pub poison: Option<Poison>,
}

/// What the holder that leaves did to the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It did what it had declared. A write heals the block.
    Done,
    /// It failed or was skipped: what it was to write is poisoned.
    Failed(Poison),
}

/// See the module. `T` names a codelet.
#[derive(Clone, Debug)]
pub struct AccessQueue<T> {
    waiting: VecDeque<(T, Mode)>,
    /// How many hold it for reading, or [`WRITER`].
    holders: u32,
    poison: Option<Poison>,
    closed: bool,
    /// The queue of parts rules: see `switch.rs`. Then `holders` is [`WRITER`] and nobody is in `waiting`.
    in_parts: bool,
    /// Kept once made.
    parts: Option<Box<PartsQueue<T>>>,
}

const WRITER: u32 = u32::MAX;

impl<T> Default for AccessQueue<T> {
    fn default() -> Self {
        AccessQueue {
            waiting: VecDeque::new(),
            holders: 0,
            poison: None,
            closed: false,
            in_parts: false,
            parts: None,
        }
    }
}

impl<T: Copy + PartialEq> AccessQueue<T> {
    /// A queue whose first holder is already in: the body of the codelet whose children will enter here, or the
    /// codelet that makes the block.
    #[inline]
    pub fn held(mode: Mode) -> Self {
        AccessQueue {
            holders: if mode.writes() { WRITER } else { 1 },
            ..Self::default()
        }
    }

    /// An access enters. The queue is not closed.
    #[inline]
    pub fn enter(&mut self, who: T, mode: Mode) -> Entered {
        debug_assert!(!self.closed);
        let overtakes = cfg!(sprat_mutant = "dependence_readers_overtake") && !mode.writes();
        if (self.waiting.is_empty() || overtakes) && self.admits(mode) {
            Entered::Granted(self.grant(mode))
        } else if self.in_parts {
            self.enter_whole(who, mode)
        } else {
            self.waiting.push_back((who, mode));
            Entered::Queued
        }
    }

    /// A holder leaves. Follow with [`AccessQueue::next_grant`] until it gives nothing.
    #[inline]
    pub fn leave(&mut self, mode: Mode, effect: Effect) {
        if self.in_parts {
            return self.leave_whole(mode, effect);
        }
        if mode.writes() {
            debug_assert_eq!(self.holders, WRITER);
            self.holders = 0;
            self.poison = match effect {
                Effect::Done => None,
                Effect::Failed(poison) => Some(poison),
            };
        } else {
            debug_assert!(self.holders != 0 && self.holders != WRITER);
            self.holders -= 1;
        }
    }

    /// The next access that holds the block because of what left.
    #[inline]
    pub fn next_grant(&mut self) -> Option<Grant<T>> {
        let Some(&(who, mode)) = self.waiting.front() else {
            return self.next_of_parts();
        };
        if !self.admits(mode) {
            return None;
        }
        self.waiting.pop_front();
        let poison = self.grant(mode);
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            self.waiting = VecDeque::new();
        }
        Some(Grant { who, poison })
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
        self.poison
    }

    /// Whether nobody holds it and nobody waits.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.holders == 0 && self.waiting.is_empty()
    }

    /// Those who wait, in order, with how they want it; of a queue of parts see [`AccessQueue::waiting_for_parts`].
    #[inline]
    pub fn waiting(&self) -> impl Iterator<Item = (T, Mode)> + '_ {
        self.waiting.iter().copied()
    }

    #[inline]
    fn admits(&self, mode: Mode) -> bool {
        self.holders == 0 || (self.holders != WRITER && !mode.writes())
    }

    #[inline]
    fn grant(&mut self, mode: Mode) -> Option<Poison> {
        if mode.writes() {
            self.holders = WRITER;
        } else {
            self.holders += 1;
        }
        self.poison.filter(|_| mode.reads())
    }
}

/// A list of waiters longer than this is given back when it has drained.
const KEPT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(queue: &mut AccessQueue<u32>) -> Vec<u32> {
        std::iter::from_fn(|| queue.next_grant())
            .map(|g| g.who)
            .collect()
    }

    #[test]
    fn readers_share_and_a_writer_waits_for_them() {
        let mut q = AccessQueue::default();
        assert_eq!(q.enter(1, Mode::Read), Entered::Granted(None));
        assert_eq!(q.enter(2, Mode::Read), Entered::Granted(None));
        assert_eq!(q.enter(3, Mode::Write), Entered::Queued);
        q.leave(Mode::Read, Effect::Done);
        assert_eq!(grants(&mut q), []);
        q.leave(Mode::Read, Effect::Done);
        assert_eq!(grants(&mut q), [3]);
    }

    #[test]
    fn a_reader_does_not_overtake_a_waiting_writer() {
        let mut q = AccessQueue::default();
        q.enter(1, Mode::Read);
        q.enter(2, Mode::ReadWrite);
        assert_eq!(q.enter(3, Mode::Read), Entered::Queued);
        q.leave(Mode::Read, Effect::Done);
        assert_eq!(grants(&mut q), [2]);
        q.leave(Mode::ReadWrite, Effect::Done);
        assert_eq!(grants(&mut q), [3]);
    }

    #[test]
    fn neighbouring_readers_are_granted_together_up_to_the_next_writer() {
        let mut q = AccessQueue::default();
        q.enter(1, Mode::Write);
        for who in 2..5 {
            q.enter(who, Mode::Read);
        }
        q.enter(5, Mode::Write);
        q.enter(6, Mode::Read);
        q.leave(Mode::Write, Effect::Done);
        assert_eq!(grants(&mut q), [2, 3, 4]);
        for _ in 0..3 {
            q.leave(Mode::Read, Effect::Done);
        }
        assert_eq!(grants(&mut q), [5]);
    }

    #[test]
    fn poison_reaches_readers_and_a_full_write_heals() {
        let poison = Poison::new(7).unwrap();
        let mut q = AccessQueue::default();
        q.enter(1, Mode::Write);
        q.enter(2, Mode::Read);
        q.enter(3, Mode::ReadWrite);
        q.enter(4, Mode::Write);
        q.enter(5, Mode::Read);
        q.leave(Mode::Write, Effect::Failed(poison));
        let grant = q.next_grant().unwrap();
        assert_eq!((grant.who, grant.poison), (2, Some(poison)));
        q.leave(Mode::Read, Effect::Failed(poison));
        assert_eq!(q.next_grant().unwrap().poison, Some(poison));
        q.leave(Mode::ReadWrite, Effect::Failed(poison));
        assert_eq!(
            q.next_grant().unwrap(),
            Grant {
                who: 4,
                poison: None
            }
        );
        q.leave(Mode::Write, Effect::Done);
        assert_eq!(
            q.next_grant().unwrap(),
            Grant {
                who: 5,
                poison: None
            }
        );
        assert_eq!(q.poison(), None);
    }

    #[test]
    fn a_failed_reader_leaves_the_block_as_it_was() {
        let mut q = AccessQueue::default();
        q.enter(1, Mode::Read);
        q.leave(Mode::Read, Effect::Failed(Poison::MIN));
        assert_eq!(q.poison(), None);
        assert!(q.is_idle());
    }

    #[test]
    fn children_wait_for_the_body_that_writes_and_share_with_the_body_that_reads() {
        let mut q = AccessQueue::held(Mode::ReadWrite);
        assert_eq!(q.enter(1, Mode::Read), Entered::Queued);
        q.leave(Mode::ReadWrite, Effect::Done);
        assert_eq!(grants(&mut q), [1]);
        let mut q = AccessQueue::held(Mode::Read);
        assert_eq!(q.enter(1, Mode::Read), Entered::Granted(None));
    }
}
