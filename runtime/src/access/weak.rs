//! Accesses of a codelet that are for its children only.

use super::{Access, BlockKey, Declared, Mode, Read, ReadWrite, Slots, Write};
use crate::data_block::{Block, Data};

/// Takes the codelet's place for its children only: see [`Read::weak`]. The view is `()`.
#[derive(Clone, Copy, Debug)]
pub struct Weak<A>(A);

/// Accesses that can be [`Weak`]: reads, writes and read-writes of blocks.
///
/// # Safety
/// `block_and_mode` gives what the access would declare. Only this crate implements it.
pub unsafe trait CanBeWeak: Access + Copy {
    #[doc(hidden)]
    fn block_and_mode(&self) -> (BlockKey, Mode);
}

// SAFETY: nothing is declared that would be lent, and no slot is taken.
unsafe impl<A: CanBeWeak> Access for Weak<A> {
    type View<'v> = ();
    #[inline]
    fn declare(&self, list: &mut Vec<Declared>) {
        let (key, mode) = self.0.block_and_mode();
        list.push(Declared::Weak(key, mode));
    }
    #[inline]
    unsafe fn view<'v>(&self, _: &mut Slots<'_>) -> Self::View<'v> {}
}

macro_rules! weak {
    ($($name:ident)*) => {$(
        // SAFETY: as declared by the access.
        unsafe impl<T: Data> CanBeWeak for $name<T> {
            #[inline]
            fn block_and_mode(&self) -> (BlockKey, Mode) {
                let Block { id, .. } = self.0;
                (BlockKey(id), Mode::$name)
            }
        }

        impl<T: Data> $name<T> {
            /// The same access for the codelet's children only: the codelet takes its place in the block's queue, but its
            /// own body does not wait for the block, does not see it (the view is `()`), and is not skipped if the block is
            /// poisoned. Its children, who may name the block as if their parent had declared it plainly, wait until that
            /// place has come. So whole trees of codelets can be spawned ahead of their data.
            ///
            /// Poison in the block is what the children find, and a full write among them heals it; also if the codelet's access
            /// is a write. The codelet's end comes after the place has come. If its body fails, what it had declared to write is
            /// poisoned after its children. A codelet with a weak access cannot [commute](Block::commute).
            ///
            /// ```
            /// # fn main() -> sprat::Result<()> {
            /// let rt = sprat::Runtime::new()?;
            /// let a = rt.block::<u64>(1)?;
            /// rt.finish(|s| {
            ///     s.spawn(a.write(), |_, a| a[0] = 1);
            ///     s.spawn(a.read_write().weak(), move |s, ()| {
            ///         // Perhaps before `a` was written.
            ///         s.spawn(a.read_write(), |_, a| a[0] += 1);
            ///     });
            ///     s.spawn(a.read(), |_, a| assert_eq!(a[0], 2));
            ///     Ok(())
            /// })
            /// # }
            /// ```
            #[inline]
            pub fn weak(self) -> Weak<Self> {
                Weak(self)
            }
        }
    )*};
}

weak! { Read Write ReadWrite }
