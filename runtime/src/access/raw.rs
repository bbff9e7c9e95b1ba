//! Accesses whose view is a bare pointer, for C and other interfaces that bring their own rules.

use super::{Access, BlockKey, Commute, Declared, Mode, Read, ReadWrite, Slots, Write};
use crate::data_block::{Block, Data};

/// An access like the one inside, whose view is a bare pointer to the elements, `*mut [T]`: see [`Read::raw`].
#[derive(Clone, Copy, Debug)]
pub struct Raw<A>(A);

macro_rules! raw {
    ($($name:ident)*) => {$(
        // SAFETY: one slot, declared as the block of `T` that the access names.
        unsafe impl<T: Data> Access for Raw<$name<T>> {
            type View<'v> = *mut [T];
            #[inline]
            fn declare(&self, list: &mut Vec<Declared>) {
                self.0.declare(list);
            }
            #[inline]
            unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
                // SAFETY: the caller's promise, for this access.
                unsafe { slots.bare::<T>() }
            }
        }

        impl<T: Data> $name<T> {
            /// The same access with a bare pointer as its view, which is good as long as the body runs or until the
            /// block is [released](crate::Scope::release): for C, and for bodies that give blocks back before they end.
            #[inline]
            pub fn raw(self) -> Raw<Self> {
                Raw(self)
            }
        }
    )*};
}

raw! { Read Write ReadWrite Commute }

macro_rules! bare_access {
    ($(#[$doc:meta])* $name:ident, $mode:ident) => {
        $(#[$doc])*
        pub struct $name<T>(Block<T>);

        impl<T> Clone for $name<T> {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $name<T> {}

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        // SAFETY: one slot, declared as the block of `T` that the access names.
        unsafe impl<T: Data> Access for $name<T> {
            type View<'v> = *mut [T];
            #[inline]
            fn declare(&self, list: &mut Vec<Declared>) {
                list.push(Declared::Block(BlockKey(self.0.id), Mode::$mode));
            }
            #[inline]
            unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
                // SAFETY: the caller's promise, for this access.
                unsafe { slots.bare::<T>() }
            }
        }
    };
}

bare_access!(
    /// Reads and writes a block together with its neighbours that do so. The view is `*mut [T]`.
    SharedWrite, SharedWrite
);
bare_access!(
    /// Reads and writes a block alone. The view is `*mut [T]`.
    ExclusiveAccess, Exclusive
);

impl<T: Data> Block<T> {
    /// Access for reading and writing **at the same time** as neighbours that do so; ordered against all others. The view
    /// is a bare pointer, `*mut [T]`. For the interfaces of C and OCR, whose read-write mode this is; the result depends on
    /// time unless the codelets see to it themselves. One that fails poisons the block for what comes after its neighbours.
    ///
    /// # Safety
    /// The pointer is used while the body runs, and no longer; and the codelets that share the block do not race for
    /// its elements: two use the same element at the same time only by atomics, or only to read.
    #[inline]
    pub unsafe fn shared_write(self) -> SharedWrite<T> {
        SharedWrite(self)
    }

    /// Access for reading and writing alone, with a bare pointer as its view, `*mut [T]`: the exclusive mode of the
    /// interfaces of C and OCR.
    ///
    /// # Safety
    /// The pointer is used while the body runs, and no longer.
    #[inline]
    pub unsafe fn exclusive(self) -> ExclusiveAccess<T> {
        ExclusiveAccess(self)
    }
}
