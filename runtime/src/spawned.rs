//! What a spawn gives: a name for the codelet.

use crate::access::{ReadValue, Value};
use crate::id::CodeletId;
use crate::trigger::Event;
use std::marker::PhantomData;

/// A codelet that was spawned: a name for its end and its value.
pub struct Spawned<R> {
    id: CodeletId,
    marker: PhantomData<fn() -> R>,
}

impl<R> Clone for Spawned<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Spawned<R> {}

impl<R> std::fmt::Debug for Spawned<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = std::any::type_name::<R>();
        write!(f, "Spawned<{of}>({:?})", self.id)
    }
}

impl<R: Send + Sync + 'static> Spawned<R> {
    pub(crate) fn new(id: CodeletId) -> Self {
        Spawned {
            id,
            marker: PhantomData,
        }
    }

    /// Whether there was a record for it.
    pub(crate) fn is_there(self) -> bool {
        self.id.record() != 0
    }

    /// What it will return, as a name.
    pub fn value(self) -> Value<R> {
        Value::new(self.id)
    }

    /// Access that reads what it will return.
    pub fn read(self) -> ReadValue<R> {
        self.value().read()
    }

    /// The event of its end: it and its descendants have ended.
    ///
    /// It is poisoned, so that those after it are skipped, if the codelet itself failed or was skipped, or forwards the
    /// value of a child that was. If only others in it failed, its children or what they spawned, then it is not: they
    /// poison what they were to write, and the scope's error tells of them.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::{Error, Runtime};
    ///
    /// let rt = Runtime::new()?;
    /// let error = rt
    ///     .finish(|s| {
    ///         let parent = s.spawn((), |s, ()| {
    ///             s.codelet("child").spawn((), |_, ()| Err::<(), _>(Error::msg("no")));
    ///         });
    ///         s.codelet("runs").after(&parent.event()).spawn((), |_, ()| ());
    ///         Ok(())
    ///     })
    ///     .unwrap_err();
    /// let failure = error.failure().unwrap();
    /// assert_eq!((failure.failed, failure.skipped), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn event(self) -> Event {
        Event::end(self.id)
    }
}
