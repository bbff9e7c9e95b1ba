//! Accesses that loops can cut into chunks.

use crate::access::{Access, AnyAccess, Declared, Lent, Read, ReadWrite, Slots, Write};
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

/// So many accesses a loop can go over side by side if they are chosen at run time.
const MOST: usize = 8;

/// Up to eight accesses of kinds that are chosen at run time, side by side, each cut into the same number of elements: for the
/// interfaces of other languages. See [`Scope::for_each`](crate::Scope::for_each).
///
/// ```
/// # fn main() -> sprat::Result<()> {
/// use sprat::{AnyAccess, AnyChunks, Mode};
/// let rt = sprat::Runtime::new()?;
/// let x = rt.block::<u8>(8000)?;
/// rt.finish(|s| {
///     let all = AnyChunks::new(&[AnyAccess::whole(x, Mode::Write)], 1000)?;
///     s.for_each(all, 100, |_, chunk| {
///         let lent = chunk.lent()[0];
///         // SAFETY: the block is written, by this chunk alone.
///         unsafe { lent.start().write_bytes(7, lent.bytes()) };
///     });
///     Ok(())
/// })?;
/// assert_eq!(rt.read(x, |x| (x[0], x[7999]))?, (7, 7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AnyChunks {
    list: Vec<AnyAccess>,
    elements: usize,
}

impl AnyChunks {
    /// These accesses, each of so many elements of one size. Without accesses it is a loop over indices.
    ///
    /// # Errors
    /// [`ErrorKind::Access`] if there are more than eight, or one is neither a whole block nor a range that is read, written, or both.
    pub fn new(list: &[AnyAccess], elements: usize) -> Result<Self> {
        let wrong = |why: String| Err(Error::new(ErrorKind::Access, why));
        if list.len() > MOST {
            return wrong(format!(
                "a loop over {} accesses; at most {MOST} are possible, so put what is used together into one block",
                list.len()
            ));
        }
        if let Some(at) = list.iter().position(|one| !one.is_sequence()) {
            return wrong(format!(
                "access {at} of a loop cannot be cut; use whole blocks or ranges that are read, written, or both"
            ));
        }
        let list = list.to_vec();
        Ok(AnyChunks { list, elements })
    }
}

/// What a chunk of [`AnyChunks`] has.
#[derive(Clone, Copy, Debug)]
pub struct AnyChunk {
    lent: [Lent; MOST],
    count: usize,
    elements: usize,
}

impl AnyChunk {
    /// The chunk's memory for each access.
    pub fn lent(&self) -> &[Lent] {
        &self.lent[..self.count]
    }

    /// How many elements it has.
    pub fn elements(&self) -> usize {
        self.elements
    }
}

// SAFETY: addresses; who follows one says why that is allowed. They are of blocks, whose bytes may be used on any thread.
unsafe impl Send for AnyChunk {}
// SAFETY: as above.
unsafe impl Sync for AnyChunk {}

// SAFETY: each of the list takes what it declared, in order.
unsafe impl Access for AnyChunks {
    type View<'v> = AnyChunk;

    fn declare(&self, list: &mut Vec<Declared>) {
        self.list.declare(list);
    }

    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        let mut chunk = AnyChunk {
            lent: [Lent::default(); MOST],
            count: self.list.len(),
            elements: self.elements,
        };
        for (place, one) in chunk.lent.iter_mut().zip(&self.list) {
            // SAFETY: the caller's promise.
            *place = unsafe { one.view(slots) };
        }
        chunk
    }
}

// SAFETY: ranges of elements that do not overlap are bytes that do not.
unsafe impl Chunks for AnyChunks {
    type Raw = AnyChunk;

    fn raw(view: AnyChunk) -> AnyChunk {
        view
    }

    fn len(raw: &AnyChunk) -> Result<usize> {
        let elements = raw.elements;
        let uneven = |lent: &Lent| elements != 0 && !lent.bytes().is_multiple_of(elements);
        match raw.lent().iter().position(uneven) {
            None => Ok(elements),
            Some(at) => Err(Error::new(
                ErrorKind::Access,
                format!(
                    "a loop over {elements} elements, and access {at} has {} bytes, which is no whole number of bytes for each",
                    raw.lent[at].bytes()
                ),
            )),
        }
    }

    unsafe fn chunk<'v>(raw: &AnyChunk, range: Range<usize>) -> Self::View<'v> {
        let mut chunk = AnyChunk {
            elements: range.len(),
            ..*raw
        };
        for lent in &mut chunk.lent[..raw.count] {
            // Of none, as a reduction over nothing has them, there are none to lend.
            let size = lent.bytes.checked_div(raw.elements).unwrap_or(0);
            // SAFETY: the range lies in the view: the caller's promise.
            lent.start = unsafe { lent.start.add(range.start * size) };
            lent.bytes = range.len() * size;
        }
        chunk
    }
}
