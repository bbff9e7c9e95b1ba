//! The argument that each round of a replay gives to its codelets.

use super::{Access, Declared, Slots};
use std::marker::PhantomData;

/// The argument of the round, in a graph that was recorded by [`record_with`](crate::Runtime::record_with): a codelet that
/// declares it among its accesses gets it as a copy. View: `Q`.
pub struct Param<Q> {
    recording: u64,
    marker: PhantomData<fn() -> Q>,
}

/// In the place of an argument's type: it is a number of bytes, known only when the program runs. See
/// [`record_any`](crate::Runtime::record_any).
#[derive(Clone, Copy, Debug)]
pub struct AnyArgument(());

impl<Q> Param<Q> {
    /// That of a recording. The caller makes one type of them for each recording.
    pub(crate) fn new(recording: u64) -> Self {
        Param {
            recording,
            marker: PhantomData,
        }
    }
}

impl<Q> Clone for Param<Q> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<Q> Copy for Param<Q> {}

impl<Q> std::fmt::Debug for Param<Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Param<{}>", std::any::type_name::<Q>())
    }
}

// SAFETY: one slot, declared as the argument of this recording, all of which are of type `Q`.
unsafe impl<Q: Copy + Send + Sync + 'static> Access for Param<Q> {
    type View<'v> = Q;
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        list.push(Declared::Param(self.recording));
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: it has a slot.
        let argument = unsafe { slots.argument() };
        // SAFETY: the slot is the round's argument, there and not written to while codelets run: the caller's promise.
        unsafe { *argument.start.cast::<Q>() }
    }
}
