//! What a codelet's body may return.

use crate::access::Value;
use crate::error::{Error, Result};

/// What a codelet's body may return: nothing, a `Result` with the value that others can read, or a child's value.
#[diagnostic::on_unimplemented(
    message = "a codelet returns `()`, `Result<R>` or a `Value<R>`, not `{Self}`",
    label = "this codelet's body returns `{Self}`",
    note = "return `Ok(value)` to let others read it with `spawned.read()`"
)]
pub trait Outcome {
    /// What others can read.
    type Value: Send + Sync + 'static;
    #[doc(hidden)]
    fn end(self) -> End<Self::Value>;
}

/// How a body ended.
#[doc(hidden)]
#[derive(Debug)]
pub enum End<R> {
    Value(R),
    Forward(Value<R>),
    Failed(Error),
}

impl Outcome for () {
    type Value = ();
    #[inline]
    fn end(self) -> End<()> {
        End::Value(())
    }
}

impl<R: Send + Sync + 'static> Outcome for Result<R> {
    type Value = R;
    #[inline]
    fn end(self) -> End<R> {
        match self {
            Ok(value) => End::Value(value),
            Err(error) => End::Failed(error),
        }
    }
}

/// Forwards a child's value as one's own.
impl<R: Send + Sync + 'static> Outcome for Value<R> {
    type Value = R;
    #[inline]
    fn end(self) -> End<R> {
        End::Forward(self)
    }
}

/// Names the type `!`, which cannot be written yet, so that `|_, ()| panic!()` is a body too.
#[doc(hidden)]
pub trait Returns {
    type Type;
}
impl<O> Returns for fn() -> O {
    type Type = O;
}
impl Outcome for <fn() -> ! as Returns>::Type {
    type Value = ();
    fn end(self) -> End<()> {
        self
    }
}
