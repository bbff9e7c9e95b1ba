//! Accesses whose kind is known only when the program runs: for the interfaces of other languages.

use super::reduction::operator_of;
use super::{
    Access, BlockKey, Declared, ForeignOperator, Lent, Mode, PartKey, PlainList, ReduceOp, Slots,
};
use crate::data_block::{Block, Data};
use std::num::NonZeroU32;
use std::ops::Range;

/// The leading dimension of a range: none that a tile can have.
const RANGE: usize = usize::MAX;

/// An access to a block of bytes, of a kind that is chosen at run time. The view is the memory itself, [`Lent`], good as long
/// as the body runs: how it may be used is what the kind says, and what the compiler cannot check.
///
/// For lists of them there is [`Options::spawn_any`](crate::Options::spawn_any).
#[derive(Clone, Copy, Debug)]
pub struct AnyAccess(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    Block(BlockKey, Mode),
    Weak(BlockKey, Mode),
    Scratch(Option<usize>),
    Part(PartKey, (usize, usize), (usize, usize)),
    Argument(u64),
}

impl AnyAccess {
    /// A whole block, in one of the modes that are not reductions. Codelets that share a block in
    /// [`SharedWrite`](Mode::SharedWrite) see to it themselves that they do not race.
    #[inline]
    pub fn whole(block: Block<u8>, mode: Mode) -> Self {
        AnyAccess(Kind::Block(BlockKey(block.id), mode))
    }

    /// A whole block for the codelet's children only, see [`Read::weak`](super::Read::weak). Nothing is lent for it.
    #[inline]
    pub fn weak(block: Block<u8>, mode: Mode) -> Self {
        AnyAccess(Kind::Weak(BlockKey(block.id), mode))
    }

    /// Whether it is for the codelet's children only.
    pub fn is_weak(&self) -> bool {
        matches!(self.0, Kind::Weak(..))
    }

    /// Whether what is lent for it is a sequence that can be cut: a whole block or a range, to be read, written, or both.
    pub(crate) fn is_sequence(&self) -> bool {
        let mode = match self.0 {
            Kind::Block(_, mode) => mode,
            Kind::Part(key, ..) if key.leading == RANGE => key.mode,
            Kind::Part(..) | Kind::Weak(..) | Kind::Scratch(_) | Kind::Argument(_) => return false,
        };
        matches!(mode, Mode::Read | Mode::Write | Mode::ReadWrite)
    }

    /// So many bytes of memory for the codelet alone while it runs: see [`scratch`](super::scratch).
    #[inline]
    pub fn scratch(bytes: usize) -> Self {
        let fits = bytes <= isize::MAX as usize;
        AnyAccess(Kind::Scratch(fits.then_some(bytes)))
    }

    /// A range of a block, counted in elements of so many bytes. See [`Block::part`].
    #[inline]
    pub fn part(block: Block<u8>, mode: Mode, element: NonZeroU32, range: Range<usize>) -> Self {
        let key = PartKey {
            block: BlockKey(block.id),
            leading: RANGE,
            element: element.get(),
            mode,
        };
        AnyAccess(Kind::Part(key, (0, 1), (range.start, range.end)))
    }

    /// Rows and columns of a matrix with elements of so many bytes. See [`Block::tile`]. What is lent begins with the first
    /// element, and has the bytes of one row (of all rows, if nothing lies between them).
    #[inline]
    pub fn tile(
        block: Block<u8>,
        mode: Mode,
        element: NonZeroU32,
        (rows, columns): (Range<usize>, Range<usize>),
        leading_dimension: usize,
    ) -> Self {
        let key = PartKey {
            block: BlockKey(block.id),
            leading: leading_dimension.min(RANGE - 1),
            element: element.get(),
            mode,
        };
        let (rows, columns) = ((rows.start, rows.end), (columns.start, columns.end));
        AnyAccess(Kind::Part(key, rows, columns))
    }

    /// The argument of the round, in the recording with this number, which [`record_any`](crate::Runtime::record_any) told. It may only
    /// be read.
    #[inline]
    pub fn argument(recording: u64) -> Self {
        AnyAccess(Kind::Argument(recording))
    }

    /// A reduction of the block's bytes as elements of type `T`, see [`Block::reduce`]; `None` if the process has 4,096 operators
    /// already. The codelet fails with [`ErrorKind::Access`](crate::ErrorKind::Access) if the block does not begin and end as such elements do.
    pub fn reduce<T: Data, O: ReduceOp<T>>(block: Block<u8>, _: O) -> Option<Self> {
        let number = operator_of::<T, O>()?;
        Some(AnyAccess(Kind::Block(
            BlockKey(block.id),
            Mode::Reduce(number),
        )))
    }

    /// A reduction of the block's bytes by an operator of another language.
    #[inline]
    pub fn reduce_by(block: Block<u8>, operator: ForeignOperator) -> Self {
        AnyAccess(Kind::Block(BlockKey(block.id), Mode::Reduce(operator.0)))
    }
}

// SAFETY: one slot, whatever it is, unless the access is weak: then it is not taken, see `view`.
unsafe impl Access for AnyAccess {
    type View<'v> = Lent;

    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        match self.0 {
            Kind::Block(key, mode) => list.push(Declared::Block(key, mode)),
            Kind::Weak(key, mode) => list.push(Declared::Weak(key, mode)),
            Kind::Scratch(bytes) => list.push(Declared::Scratch(bytes)),
            Kind::Argument(recording) => list.push(Declared::Param(recording)),
            Kind::Part(key, rows, columns) => list.extend([
                Declared::Part(key),
                Declared::Bounds(rows.0, rows.1),
                Declared::Bounds(columns.0, columns.1),
            ]),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn list_plain(&self, list: &mut PlainList) {
        match self.0 {
            // As in each mode's own type: these are plain.
            Kind::Block(
                key,
                mode @ (Mode::Read | Mode::Write | Mode::ReadWrite | Mode::Commute),
            ) => list.push(key, mode),
            _ => list.spoil(),
        }
    }

    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        match self.0 {
            Kind::Weak(..) => Lent::default(),
            // SAFETY: it has a slot.
            Kind::Argument(_) => unsafe { slots.argument() },
            // SAFETY: as above.
            _ => unsafe { slots.next() },
        }
    }
}

/// A list of accesses that is borrowed until the spawn is over. With the codelet goes an [`AnyViews`].
#[derive(Debug)]
pub(crate) struct AnyList {
    list: *const AnyAccess,
    len: usize,
}

impl AnyList {
    /// # Safety
    /// The list is there until the call that spawns or records the codelet returns, and the codelet is not repeatable (those
    /// look at their accesses again when they run).
    #[inline]
    pub(crate) unsafe fn new(list: &[AnyAccess]) -> Self {
        AnyList {
            list: list.as_ptr(),
            len: list.len(),
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn list(&self) -> &[AnyAccess] {
        // SAFETY: called while the codelet is spawned, and so far the list is there: the promise given to `new`.
        unsafe { std::slice::from_raw_parts(self.list, self.len) }
    }
}

// SAFETY: the address is used by the thread that spawns and by no other; a number is left then.
unsafe impl Send for AnyList {}
// SAFETY: as above.
unsafe impl Sync for AnyList {}

// SAFETY: all slots that there are, which are those of its accesses.
unsafe impl Access for AnyList {
    type View<'v> = &'v [Lent];

    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        self.list().iter().for_each(|one| one.declare(list));
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn list_plain(&self, list: &mut PlainList) {
        self.list().iter().for_each(|one| one.list_plain(list));
    }

    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: the caller's promise.
        unsafe { AnyViews.view(slots) }
    }
}

/// What goes with a codelet that an [`AnyList`] was declared for: nothing. Its view are all slots that there are.
#[derive(Debug)]
pub(crate) struct AnyViews;

// SAFETY: what was declared for it are all slots that there are.
unsafe impl Access for AnyViews {
    type View<'v> = &'v [Lent];

    fn declare(&self, _: &mut Vec<Declared>) {
        unreachable!("its list was declared");
    }

    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        let lent = slots.rest();
        // SAFETY: the list of what is lent stays as long as the body runs, as what it names does: the caller's promise.
        unsafe { std::slice::from_raw_parts(lent.as_ptr(), lent.len()) }
    }
}
