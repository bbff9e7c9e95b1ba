//! Memory for one codelet while it runs.

use super::{Access, Declared, Slots};
use crate::data_block::Data;
use std::marker::PhantomData;

/// Memory for the codelet alone while it runs: see [`scratch`]. The view is `&mut [T]`.
pub struct Scratch<T> {
    len: usize,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Scratch<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Scratch<T> {}

impl<T> std::fmt::Debug for Scratch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let element = std::any::type_name::<T>();
        write!(f, "Scratch<{element}>({})", self.len)
    }
}

/// `len` elements of memory for the codelet alone while it runs; what is in there is unspecified. It comes from the pool
/// of the engine that runs the codelet, mostly what an earlier codelet had there and so warm in its caches, and waits for
/// nothing. View: `&mut [T]`.
///
/// A length that does not fit the address space, or a type aligned to more than 64 bytes, makes the codelet fail.
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let a = rt.block::<f64>(100)?;
/// rt.finish(|s| {
///     s.spawn((a.read_write(), sprat::scratch::<f64>(100)), |_, (a, old)| {
///         old.copy_from_slice(a);
///         for i in 1..99 {
///             a[i] = (old[i - 1] + old[i + 1]) / 2.0;
///         }
///     });
///     Ok(())
/// })
/// # }
/// ```
#[inline]
pub fn scratch<T: Data>(len: usize) -> Scratch<T> {
    Scratch {
        len,
        marker: PhantomData,
    }
}

// SAFETY: one slot, declared as memory for as many `T` as the view has.
unsafe impl<T: Data> Access for Scratch<T> {
    type View<'v> = &'v mut [T];
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        let bytes = self.len.checked_mul(size_of::<T>());
        let fits = |bytes: &usize| {
            *bytes <= isize::MAX as usize
                && align_of::<T>() <= crate::memory_region::LEAST_ALIGNMENT
        };
        list.push(Declared::Scratch(bytes.filter(fits)));
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        if size_of::<T>() == 0 {
            // SAFETY: it has a slot.
            unsafe { slots.next() };
            // SAFETY: elements without size need no memory.
            return unsafe { std::slice::from_raw_parts_mut(std::ptr::dangling_mut(), self.len) };
        }
        // SAFETY: the slot is memory for this many `T` that nobody else has during `'v`: the caller's promise.
        unsafe { slots.exclusive::<T>() }
    }
}
