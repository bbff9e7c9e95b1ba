//! The kinds of events as state machines: `(state, input) -> (state, actions)`, or an error where a kind's rules say so.
//!
//! | kind | meaning |
//! |---|---|
//! | [`Once`] | those who wait when it is satisfied are told, and it is gone |
//! | [`Sticky`] | satisfied once; whoever waits, before or after, is told the same |
//! | [`Idempotent`] | the same, and what comes after the first satisfaction is ignored |
//! | [`Latch`] | counts up and down; those who wait when it comes to zero are told, and it is gone |
//! | [`Counted`] | like a sticky one that is gone when it was satisfied and so many have joined |
//! | [`Channel`] | the i-th satisfaction is for the i-th who waits |
//!
//! The kinds and their rules are those of the Open Community Runtime (OCR 1.2, section on events). There a waiter is a
//! slot of a codelet or of another event, and what comes with a satisfaction a block; here both are whatever the caller
//! says: `W` names a waiter, `P` a payload. Poison, and an end of all hope of a satisfaction ([`Input::Close`]), are
//! ours. What is refused changes nothing.

mod channel;
mod waiters;

pub use super::dependence::Poison;
pub use channel::Channel;
use std::num::NonZeroUsize;
use waiters::Waiters;

/// What happens to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<W, P> {
    /// This one waits for it.
    Register(W),
    /// It is satisfied, with a payload or without. For a latch it is [`Input::Decrement`], and the payload is ignored.
    Satisfy(Option<P>),
    /// It is satisfied with the failure of this number.
    Poison(Poison),
    /// Nobody will satisfy it any more: if somebody waits in vain by that, it is for the failure of this number.
    Close(Poison),
    /// It goes.
    Destroy,
    /// A latch goes up by one.
    Increment,
    /// A latch goes down by one.
    Decrement,
}

/// What a waiter is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<P> {
    /// It has come, with this.
    Satisfied(Option<P>),
    /// It has failed.
    Poisoned(Poison),
    /// It was destroyed, and will never come.
    Destroyed,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<W, P> {
    /// Tell this one, who waits no longer.
    Tell(W, Verdict<P>),
    /// The event is gone: its name means nothing any more.
    Gone,
}

/// What is against the rules of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// It has been satisfied before, and this kind is satisfied once.
    Repeated,
    /// It has destroyed itself or was destroyed.
    Gone,
    /// Only latches count.
    NoLatch,
    /// It would go below zero.
    BelowZero,
    /// The count does not fit into 64 bits.
    Overflow,
    /// More wait for it than were declared.
    TooMany,
    /// So many satisfactions, or waiters, as the channel's bound allows have no partner yet.
    Full,
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Misuse::Repeated => "it was satisfied before, and can be satisfied once",
            Misuse::Gone => "it has fired or was destroyed, and is gone",
            Misuse::NoLatch => "it does not count; only a latch goes up and down",
            Misuse::BelowZero => {
                "it would go below zero; count it up, or make it with the count that will be taken off"
            }
            Misuse::Overflow => "its count does not fit into 64 bits",
            Misuse::TooMany => "more wait for it than were declared when it was made",
            Misuse::Full => {
                "its bound is reached: so many have no partner yet; wait for the other side, or make it with a larger bound"
            }
        })
    }
}

/// Where actions go.
pub type Sink<'a, W, P> = &'a mut dyn FnMut(Action<W, P>);

/// An event of some kind.
pub trait Kind<W, P> {
    /// Takes an input; what is to be done goes to `act`, in order.
    ///
    /// # Errors
    /// What the kind's rules forbid. Nothing has changed then, and nothing is to be done.
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse>;
}

/// Each who waits when it is satisfied or poisoned is told, and it is gone: it can be neither waited for nor satisfied
/// after that.
#[derive(Clone, Debug)]
pub struct Once<W> {
    waiters: Waiters<W>,
    state: Life,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    Fired,
    Destroyed,
}

impl<W> Default for Once<W> {
    fn default() -> Self {
        Once {
            waiters: Waiters::default(),
            state: Life::Open,
        }
    }
}

impl<W> Once<W> {
    /// The short way for [`Input::Satisfy`] where no more than one waits, who is to be told: then it is gone. `None` if more do, or it is
    /// not open: nothing has changed.
    #[inline]
    pub fn satisfy_alone(&mut self) -> Option<Option<W>> {
        if self.state != Life::Open {
            return None;
        }
        let waited = self.waiters.take_alone()?;
        self.state = Life::Fired;
        Some(waited)
    }

    /// The short way for [`Input::Register`] for the first who waits. False if it is not that, or the event is not open: nothing has
    /// changed.
    #[inline]
    pub fn register_first(&mut self, waiter: W) -> bool {
        self.state == Life::Open && self.waiters.push_first(waiter)
    }

    /// One that is gone is as new.
    #[inline]
    pub fn renew(&mut self) {
        debug_assert!(self.state != Life::Open);
        self.state = Life::Open;
    }

    #[inline(always)]
    fn end<P: Clone>(&mut self, life: Life, verdict: &Verdict<P>, act: Sink<'_, W, P>) {
        self.state = life;
        self.waiters.tell_all(verdict, act);
        act(Action::Gone);
    }
}

impl<W, P: Clone> Kind<W, P> for Once<W> {
    // So that whoever knows what `act` is calls it without a look into its table.
    #[inline(always)]
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        match (self.state, input) {
            (_, Input::Increment | Input::Decrement) => return Err(Misuse::NoLatch),
            (Life::Fired, Input::Satisfy(_) | Input::Poison(_)) => return Err(Misuse::Repeated),
            (Life::Fired, Input::Close(_)) => (),
            (Life::Fired | Life::Destroyed, _) => return Err(Misuse::Gone),
            (Life::Open, Input::Register(waiter)) => self.waiters.push(waiter),
            (Life::Open, Input::Satisfy(payload)) => {
                self.end(Life::Fired, &Verdict::Satisfied(payload), act);
            }
            (Life::Open, Input::Poison(cause) | Input::Close(cause)) => {
                self.end(Life::Fired, &Verdict::Poisoned(cause), act);
            }
            (Life::Open, Input::Destroy) => self.end(Life::Destroyed, &Verdict::Destroyed, act),
        }
        Ok(())
    }
}

/// It is satisfied or poisoned once, and stays until it is destroyed; each who waits, before or after, is told the same.
/// To satisfy it again is an error.
#[derive(Clone, Debug)]
pub struct Sticky<W, P> {
    state: Lasting<W, P>,
}

/// As [`Sticky`]; to satisfy it again does nothing.
#[derive(Clone, Debug)]
pub struct Idempotent<W, P> {
    state: Lasting<W, P>,
}

impl<W, P> Sticky<W, P> {
    /// The short way for [`Input::Satisfy`] where no more than one waits, who is to be told. `None` if more do, or it was satisfied or is
    /// gone: nothing has changed.
    #[inline]
    pub fn satisfy_alone(&mut self, payload: Option<P>) -> Option<Option<W>> {
        let Lasting::Open(waiters) = &mut self.state else {
            return None;
        };
        let waited = waiters.take_alone()?;
        self.state = Lasting::Fired(Verdict::Satisfied(payload));
        Some(waited)
    }

    /// The short way for [`Input::Register`] for the first who waits. False if it is not that, or the event was satisfied or is gone:
    /// nothing has changed.
    #[inline]
    pub fn register_first(&mut self, waiter: W) -> bool {
        match &mut self.state {
            Lasting::Open(waiters) => waiters.push_first(waiter),
            _ => false,
        }
    }

    /// One that is gone is as new.
    #[inline]
    pub fn renew(&mut self) {
        debug_assert!(matches!(self.state, Lasting::Destroyed));
        self.state = Lasting::Open(Waiters::default());
    }
}

#[derive(Clone, Debug)]
enum Lasting<W, P> {
    Open(Waiters<W>),
    Fired(Verdict<P>),
    Destroyed,
}

impl<W, P> Default for Sticky<W, P> {
    fn default() -> Self {
        let state = Lasting::Open(Waiters::default());
        Sticky { state }
    }
}

impl<W, P> Default for Idempotent<W, P> {
    fn default() -> Self {
        let state = Lasting::Open(Waiters::default());
        Idempotent { state }
    }
}

impl<W, P: Clone> Lasting<W, P> {
    /// A step; `again` is the answer to a further satisfaction.
    fn step(
        &mut self,
        input: Input<W, P>,
        again: Result<(), Misuse>,
        act: Sink<'_, W, P>,
    ) -> Result<(), Misuse> {
        if let Input::Increment | Input::Decrement = input {
            return Err(Misuse::NoLatch);
        }
        let verdict = match (&mut *self, input) {
            (Lasting::Destroyed, _) => return Err(Misuse::Gone),
            (Lasting::Open(waiters), Input::Register(waiter)) => {
                waiters.push(waiter);
                return Ok(());
            }
            (Lasting::Fired(verdict), Input::Register(waiter)) => {
                act(Action::Tell(waiter, verdict.clone()));
                return Ok(());
            }
            (Lasting::Open(waiters), Input::Destroy) => {
                waiters.tell_all(&Verdict::Destroyed, act);
                *self = Lasting::Destroyed;
                act(Action::Gone);
                return Ok(());
            }
            (Lasting::Fired(_), Input::Destroy) => {
                *self = Lasting::Destroyed;
                act(Action::Gone);
                return Ok(());
            }
            (Lasting::Fired(_), Input::Close(_)) => return Ok(()),
            (Lasting::Fired(_), _) => return again,
            (Lasting::Open(_), Input::Satisfy(payload)) => Verdict::Satisfied(payload),
            (Lasting::Open(_), Input::Poison(cause) | Input::Close(cause)) => {
                Verdict::Poisoned(cause)
            }
            (Lasting::Open(_), Input::Increment | Input::Decrement) => return Err(Misuse::NoLatch),
        };
        let before = std::mem::replace(self, Lasting::Fired(verdict.clone()));
        if let Lasting::Open(mut waiters) = before {
            waiters.tell_all(&verdict, act);
        }
        Ok(())
    }
}

impl<W, P: Clone> Kind<W, P> for Sticky<W, P> {
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        self.state.step(input, Err(Misuse::Repeated), act)
    }
}

impl<W, P: Clone> Kind<W, P> for Idempotent<W, P> {
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        self.state.step(input, Ok(()), act)
    }
}

/// It counts up and down; when a step brings the count to zero each who waits is told, and it is gone. One made with a
/// count of zero is not there yet: it goes up first (or down, if it may).
#[derive(Clone, Debug)]
pub struct Latch<W> {
    once: Once<W>,
    count: i64,
    below_zero: bool,
}

impl<W> Latch<W> {
    /// One that begins with this count. `below_zero`: it may go down before it goes up, as OCR's may.
    pub fn new(count: i64, below_zero: bool) -> Self {
        Latch {
            once: Once::default(),
            count,
            below_zero,
        }
    }

    /// The count now.
    pub fn count(&self) -> i64 {
        self.count
    }

    fn add<P: Clone>(&mut self, by: i64, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        if self.once.state != Life::Open {
            return Err(Misuse::Gone);
        }
        let count = self.count.checked_add(by).ok_or(Misuse::Overflow)?;
        if count < 0 && by < 0 && !self.below_zero {
            return Err(Misuse::BelowZero);
        }
        self.count = count;
        if count == 0 {
            self.once.end(Life::Fired, &Verdict::Satisfied(None), act);
        }
        Ok(())
    }
}

impl<W, P: Clone> Kind<W, P> for Latch<W> {
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        match input {
            Input::Increment => self.add(1, act),
            Input::Decrement | Input::Satisfy(_) => self.add(-1, act),
            Input::Poison(_) if self.once.state != Life::Open => Err(Misuse::Gone),
            other => self.once.step(other, act),
        }
    }
}

/// It is satisfied or poisoned once, and declared for a number of waiters, at least one; each of them is told the same,
/// whether it joins before or after; it is gone when it was satisfied and all of them have joined.
#[derive(Clone, Debug)]
pub struct Counted<W, P> {
    sticky: Sticky<W, P>,
    to_join: usize,
}

impl<W, P> Counted<W, P> {
    /// One for so many waiters.
    pub fn new(waiters: NonZeroUsize) -> Self {
        Counted {
            sticky: Sticky::default(),
            to_join: waiters.get(),
        }
    }
}

impl<W, P: Clone> Kind<W, P> for Counted<W, P> {
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        let gone = matches!(self.sticky.state, Lasting::Destroyed);
        let joins = matches!(input, Input::Register(_));
        if joins && self.to_join == 0 && !gone {
            return Err(Misuse::TooMany);
        }
        self.sticky.step(input, act)?;
        self.to_join -= usize::from(joins);
        if self.to_join == 0 && matches!(self.sticky.state, Lasting::Fired(_)) {
            self.sticky.state = Lasting::Destroyed;
            act(Action::Gone);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
