//! Those who wait for an event. Most often it is one, who needs no memory apart; so an event is small.

use super::{Action, Sink, Verdict};

/// In the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Waiters<W> {
    first: Option<W>,
    /// Those behind the first, if there are any.
    more: Option<Box<More<W>>>,
}

#[derive(Clone, Debug)]
struct More<W>(Vec<W>);

impl<W> Default for Waiters<W> {
    fn default() -> Self {
        let (first, more) = (None, None);
        Waiters { first, more }
    }
}

impl<W> Waiters<W> {
    pub(super) fn push(&mut self, waiter: W) {
        match (&mut self.first, &mut self.more) {
            (first @ None, _) => *first = Some(waiter),
            (_, Some(more)) => more.0.push(waiter),
            (_, more) => *more = Some(Box::new(More(vec![waiter]))),
        }
    }

    /// The same if nobody waits yet; else nothing has changed.
    #[inline]
    pub(super) fn push_first(&mut self, waiter: W) -> bool {
        let first = self.first.is_none();
        if first {
            self.first = Some(waiter);
        }
        first
    }

    /// Takes the one who waits, if anybody does. `None` if more do.
    #[inline]
    pub(super) fn take_alone(&mut self) -> Option<Option<W>> {
        self.more.is_none().then(|| self.first.take())
    }

    /// Tells all of them, who wait no longer.
    #[inline(always)]
    pub(super) fn tell_all<P: Clone>(&mut self, verdict: &Verdict<P>, act: Sink<'_, W, P>) {
        if let Some(first) = self.first.take() {
            act(Action::Tell(first, verdict.clone()));
        }
        for waiter in self.more.take().into_iter().flat_map(|more| more.0) {
            act(Action::Tell(waiter, verdict.clone()));
        }
    }
}
