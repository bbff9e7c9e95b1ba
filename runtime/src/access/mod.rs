//! Accesses: how a codelet declares what it uses, and the views it gets for it.

mod any;
mod mode;
mod operator_table;
mod param;
mod plain_list;
mod raw;
mod reduction;
mod scratch;
mod slots;
mod value;
mod weak;

pub use any::AnyAccess;
pub(crate) use any::{AnyList, AnyViews};
pub use mode::{Mode, Operator};
pub(crate) use operator_table::OperatorTable;
pub use operator_table::{Around, CombineBytes, FillBytes, ForeignOperator};
pub use param::{AnyArgument, Param};
pub use plain_list::PlainList;
pub(crate) use plain_list::{FEW, FEW_VALUES, Shape};
pub use raw::{ExclusiveAccess, Raw, SharedWrite};
pub use reduction::{Max, Min, Product, Reduce, ReduceOp, Sum};
pub use scratch::{Scratch, scratch};
pub use slots::Slots;
pub(crate) use slots::{ARGUMENT, Desk};
pub(crate) use value::is_kept;
pub use value::{ReadValue, Value};
pub use weak::{CanBeWeak, Weak};

use crate::data_block::{Block, Data};
use crate::id::{BlockId, CodeletId};

/// One declared access, as engines see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    #[doc(hidden)]
    Block(BlockKey, Mode),
    /// A block, for the children only; nothing is lent.
    #[doc(hidden)]
    Weak(BlockKey, Mode),
    /// Memory of the engine's own: so many bytes, or more than there can be.
    #[doc(hidden)]
    Scratch(Option<usize>),
    /// A value; whether there is anything to look at.
    #[doc(hidden)]
    Value(ValueKey, bool),
    /// A part of a block. Two `Bounds` follow: rows, then columns, in elements.
    #[doc(hidden)]
    Part(PartKey),
    #[doc(hidden)]
    Bounds(usize, usize),
    /// The argument of a round, in the recording with this number.
    #[doc(hidden)]
    Param(u64),
}

/// A part of a block, but for its bounds, opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartKey {
    pub(crate) block: BlockKey,
    /// Elements from one row's start to the next one's; of a range, which has one row, [`usize::MAX`].
    pub(crate) leading: usize,
    /// Bytes of an element.
    pub(crate) element: u32,
    pub(crate) mode: Mode,
}

/// A block's id, opaque.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockKey(pub(crate) BlockId);

impl std::fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "block {}", self.0.slot())
    }
}

/// A value's id, opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueKey(pub(crate) CodeletId);

/// Memory that an engine lends to one codelet: a block's bytes, or a value. Two words, as a struct of C has them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Lent {
    pub(crate) start: *mut u8,
    /// Bytes of a block; unused for a value, whose type is known.
    pub(crate) bytes: usize,
}

impl Lent {
    /// Where it starts.
    #[inline]
    pub fn start(self) -> *mut u8 {
        self.start
    }

    /// How many bytes there are.
    #[inline]
    pub fn bytes(self) -> usize {
        self.bytes
    }
}

impl Default for Lent {
    fn default() -> Self {
        Lent {
            start: std::ptr::dangling_mut(),
            bytes: 0,
        }
    }
}

/// An access, or a shape made of accesses: tuples up to eight, arrays, `Vec`s, nested as you like.
///
/// # Safety
/// `view` takes from the slots exactly what `declare` declared, in the same order and with the same types. Only
/// this crate implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an access",
    label = "not an access",
    note = "declare how the codelet uses the block: `block.read()`, `block.write()`, `block.read_write()`, `block.commute()`, `block.reduce(Sum)`",
    note = "accesses can be grouped: tuples up to eight, arrays, `Vec`s, and `()` for none"
)]
pub unsafe trait Access: Send + Sync + 'static {
    /// What the body gets.
    type View<'v>;

    /// Lists the accesses in order.
    #[doc(hidden)]
    fn declare(&self, list: &mut Vec<Declared>);

    /// Lists the accesses if they are few and plain; else spoils the list.
    #[doc(hidden)]
    #[inline]
    fn list_plain(&self, list: &mut PlainList) {
        list.spoil();
    }

    /// Lends the views.
    ///
    /// # Safety
    /// The slots hold what `declare` declared, and the engine holds it for the codelet during `'v`.
    #[doc(hidden)]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v>;
}

macro_rules! block_access {
    ($(#[$doc:meta])* $name:ident, $call:ident, $view:ty, $lend:ident) => {
        $(#[$doc])*
        pub struct $name<T>(pub(crate) Block<T>);

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

        // SAFETY: one slot, declared as the block of `T` that the view names.
        unsafe impl<T: Data> Access for $name<T> {
            type View<'v> = $view;
            #[inline]
            fn declare(&self, list: &mut Vec<Declared>) {
                list.push(Declared::Block(BlockKey(self.0.id), Mode::$name));
            }
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn list_plain(&self, list: &mut PlainList) {
                list.push(BlockKey(self.0.id), Mode::$name);
            }
            #[inline]
            unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
                // SAFETY: the caller's promise, for this access.
                unsafe { slots.$lend::<T>() }
            }
        }
    };
}

block_access!(
    /// Reads a block; shares with other readers. The view is `&[T]`.
    Read, read, &'v [T], shared
);
block_access!(
    /// Writes all of a block. What was there is readable but unspecified. The view is `&mut [T]`.
    Write, write, &'v mut [T], exclusive
);
block_access!(
    /// Reads and writes a block. The view is `&mut [T]`.
    ReadWrite, read_write, &'v mut [T], exclusive
);
block_access!(
    /// Reads and writes a block in turn with its neighbours that commute, in any order. The view is `&mut [T]`.
    Commute, commute, &'v mut [T], exclusive
);

impl<T: Data> Block<T> {
    /// Access for reading: the codelet sees what the writers before it in program order left. View: `&[T]`.
    #[inline]
    pub fn read(self) -> Read<T> {
        Read(self)
    }

    /// Access for writing **all** of the block: what was there is readable but unspecified, and a block that a
    /// failed codelet poisoned is healed. View: `&mut [T]`.
    #[inline]
    pub fn write(self) -> Write<T> {
        Write(self)
    }

    /// Access for reading and writing. View: `&mut [T]`.
    #[inline]
    pub fn read_write(self) -> ReadWrite<T> {
        ReadWrite(self)
    }

    /// Access for reading and writing **in any order** among neighbours: codelets that commute on the block, with no other
    /// access to it between them, run one at a time as they come. All that was spawned before is there, and what comes
    /// after sees what all of them did. View: `&mut [T]`.
    ///
    /// So the result depends on time unless what they do commutes: adding whole numbers does, adding floats does not to the
    /// last bit (see [`Block::reduce`]). A codelet that commutes on several blocks has all of them or none while it runs. If
    /// a block is busy, who comes waits in the block's list, and the engine that is in the block runs the next one right
    /// after: hot shared state stays in one core's cache. That is how remote core locking does it: Lozi, David, Thomas, Lawall, Muller,
    /// "Remote Core Locking", USENIX Annual Technical Conference 2012.
    ///
    /// A codelet that fails poisons the block for what comes after its neighbours, not for these, so that who runs does
    /// not depend on time either; a full [`write`](Block::write) heals. The list is served in order, but who commutes on
    /// several blocks goes to the end of it when another one is busy. A codelet that commutes cannot have
    /// [weak](Weak) accesses beside.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// let rt = sprat::Runtime::new()?;
    /// let counts = rt.block::<u64>(10)?;
    /// rt.finish(|s| {
    ///     for n in 0..100 {
    ///         s.spawn(counts.commute(), move |_, counts| counts[n % 10] += 1);
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(rt.read(counts, |counts| counts.to_vec())?, [10; 10]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn commute(self) -> Commute<T> {
        Commute(self)
    }
}

// SAFETY: each element takes what it declared, in order.
unsafe impl<A: Access> Access for Vec<A> {
    type View<'v> = Vec<A::View<'v>>;
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        self.iter().for_each(|a| a.declare(list));
    }
    #[inline]
    fn list_plain(&self, list: &mut PlainList) {
        self.iter().for_each(|a| a.list_plain(list));
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: the caller's promise, for each element.
        self.iter().map(|a| unsafe { a.view(slots) }).collect()
    }
}

// SAFETY: each element takes what it declared, in order.
unsafe impl<A: Access, const N: usize> Access for [A; N] {
    type View<'v> = [A::View<'v>; N];
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        self.iter().for_each(|a| a.declare(list));
    }
    #[inline]
    fn list_plain(&self, list: &mut PlainList) {
        self.iter().for_each(|a| a.list_plain(list));
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: the caller's promise, for each element.
        std::array::from_fn(|i| unsafe { self[i].view(slots) })
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        // SAFETY: each element takes what it declared, in order.
        #[allow(non_snake_case, unused_variables, clippy::unused_unit)]
        unsafe impl<$($name: Access),*> Access for ($($name,)*) {
            type View<'v> = ($($name::View<'v>,)*);
            #[inline]
            fn declare(&self, list: &mut Vec<Declared>) {
                let ($($name,)*) = self;
                $($name.declare(list);)*
            }
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn list_plain(&self, list: &mut PlainList) {
                let ($($name,)*) = self;
                $($name.list_plain(list);)*
            }
            #[inline]
            unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
                let ($($name,)*) = self;
                // SAFETY: the caller's promise, for each element.
                ($(unsafe { $name.view(slots) },)*)
            }
        }
    )*};
}

tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }
