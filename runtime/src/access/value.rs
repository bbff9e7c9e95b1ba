//! Values: what codelets return, for others to read.

use super::{Access, Declared, PlainList, Slots, ValueKey};
use crate::id::CodeletId;
use std::marker::PhantomData;

/// The value that a codelet returns, as a name for others to read; copied freely.
///
/// It can be named where its codelet was spawned, and by codelets that declared it; it lives until the codelet or scope
/// around that place ends.
pub struct Value<R> {
    pub(crate) id: CodeletId,
    marker: PhantomData<fn() -> R>,
}

impl<R> Value<R> {
    pub(crate) fn new(id: CodeletId) -> Self {
        Value {
            id,
            marker: PhantomData,
        }
    }
}

impl<R: Send + Sync + 'static> Value<R> {
    /// Access for reading: the codelet waits until the value is there. View: `&R`.
    #[inline]
    pub fn read(self) -> ReadValue<R> {
        ReadValue(self)
    }
}

impl<R> Clone for Value<R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Value<R> {}

impl<R> std::fmt::Debug for Value<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = std::any::type_name::<R>();
        write!(f, "Value<{of}>({:?})", self.id)
    }
}

/// Whether values of this type must be kept for their readers: all but `()`, of which there is only one.
#[inline]
pub(crate) fn is_kept<R: 'static>() -> bool {
    std::any::TypeId::of::<R>() != std::any::TypeId::of::<()>()
}

/// Reads a value. The view is `&R`.
pub struct ReadValue<R>(Value<R>);

impl<R> Clone for ReadValue<R> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for ReadValue<R> {}

impl<R> std::fmt::Debug for ReadValue<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReadValue({:?})", self.0)
    }
}

// SAFETY: one slot, declared as the value of type `R` that the handle names.
unsafe impl<R: Send + Sync + 'static> Access for ReadValue<R> {
    type View<'v> = &'v R;
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        list.push(Declared::Value(ValueKey(self.0.id), is_kept::<R>()));
    }
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn list_plain(&self, list: &mut PlainList) {
        match is_kept::<R>() {
            true => list.push_value(ValueKey(self.0.id)),
            false => list.spoil(),
        }
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: the caller's promise, for this access.
        unsafe { slots.value::<R>() }
    }
}
