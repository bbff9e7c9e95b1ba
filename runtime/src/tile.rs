//! Views of tiles: rows at equal distances, with other tiles' elements between them. So there is never a slice over more
//! than one row.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// A tile that a codelet reads: rows of `columns()` elements, the starts of which are `leading_dimension()` apart.
///
/// Indexed by (row, column). For BLAS there are [`as_ptr`](TileRef::as_ptr) and
/// [`leading_dimension`](TileRef::leading_dimension).
pub struct TileRef<'v, T> {
    place: Place<T>,
    marker: PhantomData<&'v [T]>,
}

/// A tile that a codelet writes: rows of `columns()` elements, the starts of which are `leading_dimension()` apart.
///
/// Indexed by (row, column). For BLAS there are [`as_mut_ptr`](TileMut::as_mut_ptr) and
/// [`leading_dimension`](TileMut::leading_dimension); what lies between the rows may be in others' hands.
pub struct TileMut<'v, T> {
    place: Place<T>,
    marker: PhantomData<&'v mut [T]>,
}

// SAFETY: it gives what a `&[T]` for each row gives.
unsafe impl<T: Sync> Send for TileRef<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for TileRef<'_, T> {}
// SAFETY: it gives what a `&mut [T]` for each row gives.
unsafe impl<T: Send> Send for TileMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for TileMut<'_, T> {}

impl<T> Clone for TileRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for TileRef<'_, T> {}

/// Where a tile is. Element (i, j) is `leading * i + j` elements behind the start, for i below `rows` and j below
/// `columns`.
struct Place<T> {
    start: *mut T,
    rows: usize,
    columns: usize,
    leading: usize,
}

impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Place<T> {}

impl<T> Place<T> {
    /// The start of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    fn row(&self, row: usize) -> *mut T {
        if row >= self.rows {
            no_such("row", row, self.rows);
        }
        if self.columns == 0 {
            // Nothing will be read there, and the tile need not lie in any memory.
            return std::ptr::dangling_mut();
        }
        // SAFETY: the row is there and not empty, so it lies in the memory that the view was made for.
        unsafe { self.start.add(row * self.leading) }
    }

    /// The place of an element.
    ///
    /// # Panics
    /// If there is no such element.
    #[inline]
    fn element(&self, (row, column): (usize, usize)) -> *mut T {
        let row = self.row(row);
        if column >= self.columns {
            no_such("column", column, self.columns);
        }
        // SAFETY: the row has so many elements.
        unsafe { row.add(column) }
    }
}

#[cold]
#[inline(never)]
fn no_such(what: &str, which: usize, count: usize) -> ! {
    panic!("{what} {which} of a tile that has {count}")
}

impl<'v, T> TileRef<'v, T> {
    /// A view of so many rows and columns, with this leading dimension.
    ///
    /// # Safety
    /// The elements of the tile with its first element at `start` are there for `'v`, and nobody writes them.
    #[inline]
    pub(crate) unsafe fn new(
        start: *mut T,
        (rows, columns, leading): (usize, usize, usize),
    ) -> Self {
        TileRef {
            place: Place {
                start,
                rows,
                columns,
                leading,
            },
            marker: PhantomData,
        }
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(self, row: usize) -> &'v [T] {
        let start = self.place.row(row);
        // SAFETY: so many elements lie there for `'v`, and nobody writes them: the promise given to `new`.
        unsafe { std::slice::from_raw_parts(start, self.place.columns) }
    }

    /// The rows, from the first.
    pub fn iter(self) -> impl Iterator<Item = &'v [T]> {
        (0..self.place.rows).map(move |row| self.row(row))
    }
}

impl<'v, T> TileMut<'v, T> {
    /// A view of so many rows and columns, with this leading dimension.
    ///
    /// # Safety
    /// The elements of the tile with its first element at `start` are there for `'v`, and nobody else uses them.
    #[inline]
    pub(crate) unsafe fn new(start: *mut T, shape: (usize, usize, usize)) -> Self {
        // SAFETY: the caller's promise is more than is needed for reading.
        let TileRef { place, .. } = unsafe { TileRef::new(start, shape) };
        TileMut {
            place,
            marker: PhantomData,
        }
    }

    /// The tile for reading.
    #[inline]
    pub fn as_ref(&self) -> TileRef<'_, T> {
        TileRef {
            place: self.place,
            marker: PhantomData,
        }
    }

    /// The same view, for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> TileMut<'_, T> {
        TileMut {
            place: self.place,
            marker: PhantomData,
        }
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row(&self, row: usize) -> &[T] {
        self.as_ref().row(row)
    }

    /// A row, for writing.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        let start = self.place.row(row);
        // SAFETY: so many elements lie there, nobody else uses them (the promise given to `new`), and we are borrowed.
        unsafe { std::slice::from_raw_parts_mut(start, self.place.columns) }
    }

    /// The rows, from the first.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.as_ref().iter()
    }

    /// The rows, from the first, for writing.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [T]> {
        let place = self.place;
        (0..place.rows).map(move |row| {
            // SAFETY: as in `row_mut`; the rows do not overlap, and each is given once.
            unsafe { std::slice::from_raw_parts_mut(place.row(row), place.columns) }
        })
    }

    /// Writes this value everywhere.
    pub fn fill(&mut self, value: T)
    where
        T: Copy,
    {
        self.iter_mut().for_each(|row| row.fill(value));
    }

    /// The first element's address, for BLAS. Elements of others may lie between the rows.
    #[inline]
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.place.start
    }
}

macro_rules! both {
    ($($name:ident)*) => {$(
        impl<T> $name<'_, T> {
            /// How many rows there are.
            #[inline]
            pub fn rows(&self) -> usize {
                self.place.rows
            }

            /// How many elements a row has.
            #[inline]
            pub fn columns(&self) -> usize {
                self.place.columns
            }

            /// How many elements the starts of two neighbouring rows are apart.
            #[inline]
            pub fn leading_dimension(&self) -> usize {
                self.place.leading
            }

            /// The first element's address, for BLAS. Elements of others may lie between the rows.
            #[inline]
            pub fn as_ptr(&self) -> *const T {
                self.place.start
            }
        }

        impl<T> Index<(usize, usize)> for $name<'_, T> {
            type Output = T;
            #[inline]
            fn index(&self, at: (usize, usize)) -> &T {
                // SAFETY: the element is there for at least as long as we are borrowed, and nobody else writes it: the
                // promise given to `new`.
                unsafe { &*self.place.element(at) }
            }
        }

        impl<T: fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.iter()).finish()
            }
        }
    )*};
}
both! { TileRef TileMut }

impl<T> IndexMut<(usize, usize)> for TileMut<'_, T> {
    #[inline]
    fn index_mut(&mut self, at: (usize, usize)) -> &mut T {
        // SAFETY: the element is there, nobody else uses it (the promise given to `new`), and we are borrowed.
        unsafe { &mut *self.place.element(at) }
    }
}
