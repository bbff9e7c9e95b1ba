//! Parts of blocks as users hold them: ranges and tiles, and the accesses to them.

use crate::access::{Access, BlockKey, Declared, Mode, PartKey, Slots};
use crate::bounds::{RANGE, TO_THE_END};
use crate::data_block::{Block, Data};
use crate::tile::{TileMut, TileRef};
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};

/// A range of a block's elements, as a name for accesses; copied freely, and nothing to make or to destroy.
///
/// A block and its parts are ordered as one would expect: an access waits for the earlier accesses (in program order) that
/// overlap it, unless both only read. What does not overlap runs side by side. See [`Block::part`].
pub struct Part<T> {
    block: Block<T>,
    start: usize,
    end: usize,
}

/// Rows and columns of a block that holds a matrix in row-major order, as a name for accesses; copied freely. See
/// [`Block::tile`].
pub struct Tile<T> {
    block: Block<T>,
    // Not `Range`, which is not `Copy`.
    rows: (usize, usize),
    columns: (usize, usize),
    leading: usize,
}

macro_rules! copied {
    ($($name:ident)*) => {$(
        impl<T> Clone for $name<T> {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $name<T> {}
    )*};
}
copied! { Part Tile }

impl<T: Data> Block<T> {
    /// A range of the block's elements, to be used like a block of its own: `block.part(100..200).write()`. The range may be
    /// open at either side.
    ///
    /// Whether it lies inside the block is checked when a codelet that names it is spawned; that codelet fails if not, with
    /// an error ([`ErrorKind::Access`](crate::ErrorKind::Access)) that says the block's length and the part. One codelet may
    /// name any number of parts of a block, but none of those that it writes may overlap another one. A codelet's children
    /// may name parts of what it declared itself.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let u = rt.block::<f64>(1000)?;
    /// rt.finish(|s| {
    ///     for i in 0..10 {
    ///         // These run side by side ...
    ///         s.spawn(u.part(i * 100..(i + 1) * 100).write(), move |_, u| u.fill(i as f64));
    ///     }
    ///     // ... this waits for the second and the third of them ...
    ///     s.spawn(u.part(150..250).read_write(), |_, u| u.iter_mut().for_each(|u| *u += 0.5));
    ///     // ... and this for all.
    ///     s.spawn(u.read(), |_, u| assert_eq!((u[149], u[150], u[999]), (1.0, 1.5, 9.0)));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Cost
    /// While parts of a block are in use, each access to it costs about a nanosecond for each of the accesses to it that
    /// live then, twice: when it is spawned and when it ends. Blocks of which no parts are in use cost what they always cost.
    ///
    /// # Failures
    /// A codelet that fails poisons the parts that it was to write and nothing else; a write heals what it covers. Who reads
    /// anything poisoned is skipped, so the whole can be read when all of it is healed.
    #[inline]
    pub fn part(self, range: impl RangeBounds<usize>) -> Part<T> {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => TO_THE_END,
        };
        Part {
            block: self,
            start,
            end,
        }
    }

    /// Some rows and columns of a matrix that the block holds in row-major order (a column-major one is the same with rows
    /// and columns exchanged): element (i, j) is the block's element `i * leading_dimension + j`. Used like a part, see
    /// [`Block::part`]; the views are [`TileRef`] and [`TileMut`].
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let (n, b) = (64, 16);
    /// let a = rt.block::<f64>(n * n)?;
    /// rt.finish(|s| {
    ///     for i in (0..n).step_by(b) {
    ///         for j in (0..n).step_by(b) {
    ///             s.spawn(a.tile(i..i + b, j..j + b, n).write(), move |_, mut tile| {
    ///                 for k in 0..b {
    ///                     tile.row_mut(k).fill(0.0);
    ///                     tile[(k, k)] = if i == j { 1.0 } else { 0.0 };
    ///                 }
    ///             });
    ///         }
    ///     }
    ///     s.spawn(a.part(n..2 * n).read(), move |_, row| assert_eq!(row.iter().sum::<f64>(), 1.0));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    ///
    /// # Overlap
    /// Tiles of one leading dimension, and ranges with anything, are kept apart exactly. Tiles of different leading
    /// dimensions in one block wait for each other if the spans from their first to their last elements overlap, even where
    /// their elements do not.
    #[inline]
    pub fn tile(
        self,
        rows: Range<usize>,
        columns: Range<usize>,
        leading_dimension: usize,
    ) -> Tile<T> {
        Tile {
            block: self,
            rows: (rows.start, rows.end),
            columns: (columns.start, columns.end),
            // No block is longer than that, so it makes no difference to any tile.
            leading: leading_dimension.min(RANGE - 1),
        }
    }
}

/// Lists a part as declared.
#[inline]
fn list_part<T>(
    list: &mut Vec<Declared>,
    (block, mode): (Block<T>, Mode),
    rows: (usize, usize),
    columns: (usize, usize),
    leading: usize,
) {
    const { assert!(size_of::<T>() <= u32::MAX as usize, "an element of 4 GiB") };
    list.push(Declared::Part(PartKey {
        block: BlockKey(block.id),
        leading,
        // A block of elements without size cannot be made, but named by code that is never run.
        element: size_of::<T>().max(1) as u32,
        mode,
    }));
    list.push(Declared::Bounds(rows.0, rows.1));
    list.push(Declared::Bounds(columns.0, columns.1));
}

impl<T> Part<T> {
    #[inline]
    fn list(&self, mode: Mode, list: &mut Vec<Declared>) {
        list_part(
            list,
            (self.block, mode),
            (0, 1),
            (self.start, self.end),
            RANGE,
        );
    }
}

impl<T> Tile<T> {
    #[inline]
    fn list(&self, mode: Mode, list: &mut Vec<Declared>) {
        let on = (self.block, mode);
        list_part(list, on, self.rows, self.columns, self.leading);
    }

    /// The shape of the tile. Its codelet was spawned, so it was checked.
    #[inline]
    fn shape(&self) -> (usize, usize, usize) {
        let rows = self.rows.1 - self.rows.0;
        (rows, self.columns.1 - self.columns.0, self.leading)
    }
}

macro_rules! accesses {
    ($of:ident: $($(#[$doc:meta])* $name:ident, $call:ident, $mode:ident, $view:ty, $lend:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $name<T>(pub(crate) $of<T>);
            copied! { $name }

            impl<T> fmt::Debug for $name<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}({:?})", stringify!($name), self.0)
                }
            }

            // SAFETY: one slot, declared as the part of the block of `T` that the view names.
            unsafe impl<T: Data> Access for $name<T> {
                type View<'v> = $view;
                #[inline]
                fn declare(&self, list: &mut Vec<Declared>) {
                    self.0.list(Mode::$mode, list);
                }
                #[inline]
                unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
                    let lend = $lend;
                    // SAFETY: the caller's promise, for this access.
                    unsafe { lend(&self.0, slots) }
                }
            }
        )*

        impl<T: Data> $of<T> {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $call(self) -> $name<T> {
                    $name(self)
                }
            )*
        }
    };
}

accesses! { Part:
    /// Access for reading the part; shares with other readers. View: `&[T]`.
    ReadPart, read, Read, &'v [T], lend_shared;
    /// Access for writing **all** of the part: what was there is readable but unspecified, and if it was poisoned it is
    /// healed. View: `&mut [T]`.
    WritePart, write, Write, &'v mut [T], lend_exclusive;
    /// Access for reading and writing the part. View: `&mut [T]`.
    ReadWritePart, read_write, ReadWrite, &'v mut [T], lend_exclusive;
}

accesses! { Tile:
    /// Access for reading the tile; shares with other readers. View: [`TileRef`].
    ReadTile, read, Read, TileRef<'v, T>, lend_tile;
    /// Access for writing **all** of the tile: what was there is readable but unspecified, and if it was poisoned it is
    /// healed. View: [`TileMut`].
    WriteTile, write, Write, TileMut<'v, T>, lend_tile_mut;
    /// Access for reading and writing the tile. View: [`TileMut`].
    ReadWriteTile, read_write, ReadWrite, TileMut<'v, T>, lend_tile_mut;
}

/// # Safety
/// The next slot is a range of a block of `T` that the codelet holds for `'v`, at least for reading.
#[inline]
unsafe fn lend_shared<'v, T: Data>(_: &Part<T>, slots: &mut Slots<'_>) -> &'v [T] {
    // SAFETY: the caller's promise; a range's bytes are lent like a block's.
    unsafe { slots.shared::<T>() }
}

/// # Safety
/// The next slot is a range of a block of `T` that the codelet holds for `'v`, alone.
#[inline]
unsafe fn lend_exclusive<'v, T: Data>(_: &Part<T>, slots: &mut Slots<'_>) -> &'v mut [T] {
    // SAFETY: the caller's promise; a range's bytes are lent like a block's.
    unsafe { slots.exclusive::<T>() }
}

/// # Safety
/// The next slot is this tile, which the codelet holds for `'v`, at least for reading.
#[inline]
unsafe fn lend_tile<'v, T: Data>(tile: &Tile<T>, slots: &mut Slots<'_>) -> TileRef<'v, T> {
    // SAFETY: the caller's promise.
    let lent = unsafe { slots.next() };
    // SAFETY: what is lent starts at the tile's first element, and the spawn has checked that the tile of this shape lies
    // inside the block; the rest is the caller's promise.
    unsafe { TileRef::new(lent.start.cast(), tile.shape()) }
}

/// # Safety
/// The next slot is this tile, which the codelet holds for `'v`, alone.
#[inline]
unsafe fn lend_tile_mut<'v, T: Data>(tile: &Tile<T>, slots: &mut Slots<'_>) -> TileMut<'v, T> {
    // SAFETY: the caller's promise.
    let lent = unsafe { slots.next() };
    // SAFETY: as in `lend_tile`.
    unsafe { TileMut::new(lent.start.cast(), tile.shape()) }
}

impl<T> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            TO_THE_END => write!(f, "{:?}[{}..]", self.block, self.start),
            end => write!(f, "{:?}[{}..{end}]", self.block, self.start),
        }
    }
}

impl<T> fmt::Debug for Tile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((r0, r1), (c0, c1)) = (self.rows, self.columns);
        let leading = self.leading;
        write!(
            f,
            "{:?}[rows {r0}..{r1}, columns {c0}..{c1} of {leading}]",
            self.block
        )
    }
}
