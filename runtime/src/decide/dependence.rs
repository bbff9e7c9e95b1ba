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

pub use crate::access::Mode;
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
    /// Who got it last.
    last: Option<T>,
    poison: Option<Poison>,
    closed: bool,
}

const WRITER: u32 = u32::MAX;

impl<T> Default for AccessQueue<T> {
    fn default() -> Self {
        AccessQueue {
            waiting: VecDeque::new(),
            holders: 0,
            last: None,
            poison: None,
            closed: false,
        }
    }
}

impl<T: Copy> AccessQueue<T> {
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
            Entered::Granted(self.grant(who, mode))
        } else {
            self.waiting.push_back((who, mode));
            Entered::Queued
        }
    }

    /// A holder leaves. Follow with [`AccessQueue::next_grant`] until it gives nothing.
    #[inline]
    pub fn leave(&mut self, mode: Mode, effect: Effect) {
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
        let &(who, mode) = self.waiting.front()?;
        if !self.admits(mode) {
            return None;
        }
        self.waiting.pop_front();
        let poison = self.grant(who, mode);
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

    /// Why the contents are not to be trusted, if so.
    #[inline]
    pub fn poison(&self) -> Option<Poison> {
        self.poison
    }

    /// Whether nobody holds it and nobody waits.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.holders == 0 && self.waiting.is_empty()
    }

    /// Those who wait, in order, with how they want it.
    #[inline]
    pub fn waiting(&self) -> impl Iterator<Item = (T, Mode)> + '_ {
        self.waiting.iter().copied()
    }

    /// Whom an access in `mode` waits for here: those in front of `who`, or with `None` of all that could still enter.
    /// The newest first, at most `most` and the holder, each with whether it is certain to be here: who holds it for
    /// reading is not (it is the one that came last of those who read side by side). Nobody, if `who` does not wait.
    pub fn in_front(&self, who: Option<T>, mode: Mode, most: usize) -> Vec<(T, bool)>
    where
        T: PartialEq,
    {
        /// A place further in front than this is not looked for, since the queue is locked meanwhile.
        const NEAR: usize = 1024;
        let behind = match who {
            None => 0,
            Some(who) => match self
                .waiting
                .iter()
                .rev()
                .take(NEAR)
                .position(|w| w.0 == who)
            {
                None => return Vec::new(),
                Some(place) => place + 1,
            },
        };
        // Readers do not wait for the readers next to them.
        let shares = |other: &&(T, Mode)| !mode.writes() && !other.1.writes();
        let before = self.waiting.iter().rev().skip(behind).skip_while(shares);
        let mut front: Vec<(T, bool)> = before.take(most).map(|&(who, _)| (who, true)).collect();
        let certain = self.holders == WRITER;
        if let Some(last) = self.last
            && self.holders != 0
            && (certain || mode.writes() || !front.is_empty())
        {
            front.push((last, certain));
        }
        front
    }

    #[inline]
    fn admits(&self, mode: Mode) -> bool {
        self.holders == 0 || (self.holders != WRITER && !mode.writes())
    }

    #[inline]
    fn grant(&mut self, who: T, mode: Mode) -> Option<Poison> {
        self.last = Some(who);
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
    fn who_is_in_front_is_known() {
        let front = |q: &AccessQueue<u32>, who, mode| q.in_front(who, mode, 9);
        let mut q = AccessQueue::default();
        assert_eq!(front(&q, None, Mode::Write), []);
        q.enter(1, Mode::Read);
        q.enter(2, Mode::Read);
        assert_eq!(front(&q, None, Mode::Write), [(2, false)]);
        assert_eq!(front(&q, None, Mode::Read), []);
        q.enter(3, Mode::Write);
        q.enter(4, Mode::Read);
        q.enter(5, Mode::Read);
        let all = [(5, true), (4, true), (3, true), (2, false)];
        assert_eq!(front(&q, None, Mode::Write), all);
        assert_eq!(front(&q, None, Mode::Read), all[2..]);
        assert_eq!(front(&q, Some(5), Mode::Read), all[2..]);
        assert_eq!(front(&q, Some(3), Mode::Write), all[3..]);
        assert_eq!(front(&q, Some(2), Mode::Read), []);
        assert_eq!(q.in_front(None, Mode::Write, 1), [all[0], all[3]]);
        q.leave(Mode::Read, Effect::Done);
        q.leave(Mode::Read, Effect::Done);
        assert_eq!(front(&q, None, Mode::Write), all[..3]);
        assert_eq!(grants(&mut q), [3]);
        assert_eq!(front(&q, None, Mode::Read), [(3, true)]);
        // Nobody knows who: the body whose children enter here.
        assert_eq!(front(&AccessQueue::held(Mode::Write), None, Mode::Read), []);
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
