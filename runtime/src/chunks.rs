//! Accesses that loops can cut into chunks.

use crate::access::{Access, Declared, Read, ReadWrite, Slots, Write};
use crate::data_block::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::part::{ReadPart, ReadWritePart, WritePart};
use std::ops::Range;

/// Accesses whose views are sequences: blocks and ranges of them, ranges of numbers (`0..n`, to loop over indices), and up to
/// four of these side by side, of one length. What [`Scope::for_each`](crate::Scope::for_each) and
/// [`Scope::map_reduce`](crate::Scope::map_reduce) go over.
///
/// # Safety
/// Chunks of ranges that do not overlap do not overlap. Only this crate implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cut into chunks",
    label = "not a sequence, or not one that can be cut",
    note = "use accesses to blocks or ranges of them, `0..n`, or up to four of these in a tuple"
)]
pub unsafe trait Chunks: Access + Clone {
    /// A view without its lifetime.
    #[doc(hidden)]
    type Raw: Copy + Send + Sync + 'static;

    #[doc(hidden)]
    fn raw(view: Self::View<'_>) -> Self::Raw;

    /// The length, if it is one.
    #[doc(hidden)]
    fn len(raw: &Self::Raw) -> Result<usize>;

    /// The part of a view.
    ///
    /// # Safety
    /// The range lies in the view, which is there for `'v`, and nobody else has anything of this part that clashes.
    #[doc(hidden)]
    unsafe fn chunk<'v>(raw: &Self::Raw, range: Range<usize>) -> Self::View<'v>;
}

/// A slice without its lifetime.
pub struct RawSlice<T> {
    start: *mut T,
    len: usize,
}

impl<T> Clone for RawSlice<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for RawSlice<T> {}

impl<T> std::fmt::Debug for RawSlice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawSlice({} elements)", self.len)
    }
}

// SAFETY: an address; who follows it says why that is allowed. The elements may be used on any thread (`Data`).
unsafe impl<T: Data> Send for RawSlice<T> {}
// SAFETY: as above.
unsafe impl<T: Data> Sync for RawSlice<T> {}

macro_rules! shared {
    ($($name:ident)*) => {$(
        // SAFETY: parts of a slice that do not overlap do not.
        unsafe impl<T: Data> Chunks for $name<T> {
            type Raw = RawSlice<T>;
            fn raw(view: &[T]) -> RawSlice<T> {
                RawSlice {
                    start: view.as_ptr().cast_mut(),
                    len: view.len(),
                }
            }
            fn len(raw: &RawSlice<T>) -> Result<usize> {
                Ok(raw.len)
            }
            unsafe fn chunk<'v>(raw: &RawSlice<T>, range: Range<usize>) -> &'v [T] {
                // SAFETY: the range lies in the slice: the caller's promise.
                let start = unsafe { raw.start.add(range.start) };
                // SAFETY: as above; it is there for `'v`, and nobody writes it.
                unsafe { std::slice::from_raw_parts(start, range.len()) }
            }
        }
    )*};
}
shared! { Read ReadPart }

macro_rules! exclusive {
    ($($name:ident)*) => {$(
        // SAFETY: parts of a slice that do not overlap do not.
        unsafe impl<T: Data> Chunks for $name<T> {
            type Raw = RawSlice<T>;
            fn raw(view: &mut [T]) -> RawSlice<T> {
                RawSlice {
                    start: view.as_mut_ptr(),
                    len: view.len(),
                }
            }
            fn len(raw: &RawSlice<T>) -> Result<usize> {
                Ok(raw.len)
            }
            unsafe fn chunk<'v>(raw: &RawSlice<T>, range: Range<usize>) -> &'v mut [T] {
                // SAFETY: the range lies in the slice: the caller's promise.
                let start = unsafe { raw.start.add(range.start) };
                // SAFETY: as above; it is there for `'v`, and nobody else uses it.
                unsafe { std::slice::from_raw_parts_mut(start, range.len()) }
            }
        }
    )*};
}
exclusive! { Write ReadWrite WritePart ReadWritePart }

// SAFETY: it declares nothing and takes no slot.
unsafe impl Access for Range<usize> {
    type View<'v> = Range<usize>;
    fn declare(&self, _: &mut Vec<Declared>) {}
    unsafe fn view<'v>(&self, _: &mut Slots<'_>) -> Self::View<'v> {
        self.clone()
    }
}

// SAFETY: parts of a range that do not overlap do not.
unsafe impl Chunks for Range<usize> {
    /// The start and the length.
    type Raw = (usize, usize);
    fn raw(view: Range<usize>) -> (usize, usize) {
        (view.start, view.len())
    }
    fn len(&(_, len): &(usize, usize)) -> Result<usize> {
        Ok(len)
    }
    unsafe fn chunk<'v>(&(start, _): &(usize, usize), range: Range<usize>) -> Self::View<'v> {
        start + range.start..start + range.end
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:tt)*))*) => {$(
        // SAFETY: as for each of them.
        unsafe impl<$($name: Chunks),*> Chunks for ($($name,)*) {
            type Raw = ($($name::Raw,)*);
            fn raw(view: Self::View<'_>) -> Self::Raw {
                ($($name::raw(view.$at),)*)
            }
            fn len(raw: &Self::Raw) -> Result<usize> {
                let lens = [$($name::len(&raw.$at)?),*];
                match lens.iter().all(|len| *len == lens[0]) {
                    true => Ok(lens[0]),
                    false => Err(Error::new(
                        ErrorKind::Access,
                        format!("a loop over accesses of the lengths {lens:?}; use parts of one length"),
                    )),
                }
            }
            unsafe fn chunk<'v>(raw: &Self::Raw, range: Range<usize>) -> Self::View<'v> {
                // SAFETY: the caller's promise, for each of them.
                ($(unsafe { $name::chunk(&raw.$at, range.clone()) },)*)
            }
        }
    )*};
}
tuples! { (A 0) (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) }
