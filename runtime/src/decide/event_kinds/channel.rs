//! Channels: satisfactions and waiters, paired in order.

use super::{Action, Input, Kind, Misuse, Poison, Sink, Verdict};
use std::collections::VecDeque;
use std::num::NonZeroUsize;

/// The i-th satisfaction, or poison, is for the i-th who waits, whichever of the two comes first; at most as many of
/// one side as the bound allows are ahead of the other. Once closed, those who wait in vain are poisoned, now and later.
#[derive(Clone, Debug)]
pub struct Channel<W, P> {
    waiters: VecDeque<W>,
    /// Verdicts that nobody has waited for yet. Only while `waiters` is empty.
    verdicts: VecDeque<Verdict<P>>,
    bound: Option<NonZeroUsize>,
    closed: Option<Poison>,
    destroyed: bool,
}

impl<W, P> Channel<W, P> {
    /// One where either side may be ahead of the other by so many, or by any number.
    pub fn new(bound: Option<NonZeroUsize>) -> Self {
        Channel {
            waiters: VecDeque::new(),
            verdicts: VecDeque::new(),
            bound,
            closed: None,
            destroyed: false,
        }
    }

    fn fits(&self, ahead: usize) -> Result<(), Misuse> {
        match self.bound {
            Some(bound) if ahead >= bound.get() => Err(Misuse::Full),
            _ => Ok(()),
        }
    }

    fn satisfy(&mut self, verdict: Verdict<P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        if self.closed.is_some() {
            return Err(Misuse::Gone);
        }
        match self.waiters.pop_front() {
            Some(waiter) => act(Action::Tell(waiter, verdict)),
            None => {
                self.fits(self.verdicts.len())?;
                self.verdicts.push_back(verdict);
            }
        }
        Ok(())
    }

    fn register(&mut self, waiter: W, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        match (self.verdicts.pop_front(), self.closed) {
            (Some(verdict), _) => act(Action::Tell(waiter, verdict)),
            (None, Some(cause)) => act(Action::Tell(waiter, Verdict::Poisoned(cause))),
            (None, None) => {
                self.fits(self.waiters.len())?;
                self.waiters.push_back(waiter);
            }
        }
        Ok(())
    }
}

impl<W, P: Clone> Channel<W, P> {
    fn tell_all(&mut self, verdict: &Verdict<P>, act: Sink<'_, W, P>) {
        for waiter in self.waiters.drain(..) {
            act(Action::Tell(waiter, verdict.clone()));
        }
    }
}

impl<W, P: Clone> Kind<W, P> for Channel<W, P> {
    fn step(&mut self, input: Input<W, P>, act: Sink<'_, W, P>) -> Result<(), Misuse> {
        match input {
            Input::Increment | Input::Decrement => Err(Misuse::NoLatch),
            _ if self.destroyed => Err(Misuse::Gone),
            Input::Register(waiter) => self.register(waiter, act),
            Input::Satisfy(payload) => self.satisfy(Verdict::Satisfied(payload), act),
            Input::Poison(cause) => self.satisfy(Verdict::Poisoned(cause), act),
            Input::Close(cause) => {
                self.closed.get_or_insert(cause);
                self.tell_all(&Verdict::Poisoned(cause), act);
                Ok(())
            }
            Input::Destroy => {
                self.destroyed = true;
                self.verdicts.clear();
                self.tell_all(&Verdict::Destroyed, act);
                act(Action::Gone);
                Ok(())
            }
        }
    }
}
