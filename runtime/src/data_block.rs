//! Data blocks as users hold them: ids.

use crate::id::BlockId;
use std::fmt;
use std::marker::PhantomData;

/// What a block's elements can be: plain old data (no padding, any bits valid), so that blocks can be moved, copied,
/// stored and recycled. Implemented for all [`bytemuck::Pod`] types; those aligned to more than 64 bytes are refused when
/// a block of them is made.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of a data block",
    label = "not plain old data",
    note = "elements are `bytemuck::Pod`: numbers, arrays of them, and `#[repr(C)]` structs that derive `Pod` and `Zeroable`",
    note = "other Rust values travel between codelets as return values: `Spawned::read`"
)]
pub trait Data: bytemuck::Pod + Send + Sync {}
impl<T: bytemuck::Pod + Send + Sync> Data for T {}

/// A contiguous chunk of `T` with a home and an access queue: here its name, which is copied freely and
/// gives no access to the data. Only a codelet that declares the block reaches its memory, as a slice.
///
/// A new block reads as zeros. Its memory is taken at the first access, by the engine that makes it.
pub struct Block<T> {
    pub(crate) id: BlockId,
    marker: PhantomData<fn() -> T>,
}

impl<T> Block<T> {
    pub(crate) fn new(id: BlockId) -> Self {
        Block {
            id,
            marker: PhantomData,
        }
    }
}

impl<T> Clone for Block<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Block<T> {}

impl<T> PartialEq for Block<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl<T> Eq for Block<T> {}

impl<T> std::hash::Hash for Block<T> {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<T> fmt::Debug for Block<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Block<{}>#{}",
            std::any::type_name::<T>(),
            self.id.slot()
        )
    }
}
