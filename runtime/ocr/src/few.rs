//! A list of few: the first needs no memory apart.

/// See the module.
pub(crate) struct Few<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Default for Few<T> {
    #[inline]
    fn default() -> Self {
        Few {
            first: None,
            more: Vec::new(),
        }
    }
}

impl<T> Few<T> {
    #[inline]
    pub(crate) fn push(&mut self, thing: T) {
        match self.first {
            None => self.first = Some(thing),
            Some(_) => self.more.push(thing),
        }
    }

    /// Takes one out that is so.
    #[inline]
    pub(crate) fn take(&mut self, mut is: impl FnMut(&T) -> bool) -> Option<T> {
        if self.first.as_ref().is_some_and(&mut is) {
            return self.first.take();
        }
        let at = self.more.iter().rposition(is)?;
        Some(self.more.swap_remove(at))
    }

    /// Finds one that is so.
    pub(crate) fn find(&self, mut is: impl FnMut(&T) -> bool) -> Option<&T> {
        self.first.iter().chain(&self.more).find(|thing| is(thing))
    }

    /// Whether there is nothing in it, nor any memory for more.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        self.first.is_none() && self.more.capacity() == 0
    }

    /// Takes any of them out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.first.take().or_else(|| self.more.pop())
    }
}
