//! Reductions: operators, and how the runtime knows them.

use super::operator_table::OperatorTable;
use super::{Access, BlockKey, Declared, Mode, Operator, Slots};
use crate::data_block::{Block, Data};
use std::alloc::Layout;
use std::any::TypeId;
use std::marker::PhantomData;

/// How a reduction adds up elements of type `T`: an operator without state. Ready-made: [`Sum`], [`Product`], [`Min`],
/// [`Max`].
///
/// ```
/// use sprat::ReduceOp;
///
/// /// The bits that any of them has.
/// #[derive(Clone, Copy)]
/// struct Or;
///
/// impl ReduceOp<u64> for Or {
///     fn identity(&self) -> u64 {
///         0
///     }
///     fn combine(&self, into: &mut [u64], from: &[u64]) {
///         for (into, from) in into.iter_mut().zip(from) {
///             *into |= from;
///         }
///     }
/// }
///
/// # fn main() -> sprat::Result<()> {
/// let rt = sprat::Runtime::new()?;
/// let bits = rt.block::<u64>(1)?;
/// rt.finish(|s| {
///     for n in 0..64 {
///         s.spawn(bits.reduce(Or), move |_, bits| bits[0] |= 1 << n);
///     }
///     Ok(())
/// })?;
/// assert_eq!(rt.read(bits, |bits| bits[0])?, u64::MAX);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not add up elements of type `{T}`",
    label = "not an operator for elements of type `{T}`",
    note = "`Sum`, `Product`, `Min` and `Max` are for blocks of numbers; for other elements implement `ReduceOp` for a type without fields"
)]
pub trait ReduceOp<T>: Copy + Send + Sync + 'static {
    /// What changes nothing: what the elements that a codelet gets begin with.
    fn identity(&self) -> T;

    /// Adds `from` to `into`, element by element; they are equally long. The same input gives the same bits each time. A
    /// panic poisons the block.
    fn combine(&self, into: &mut [T], from: &[T]);
}

/// Adds. Whole numbers wrap around.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum;

/// Multiplies. Whole numbers wrap around.
#[derive(Clone, Copy, Debug, Default)]
pub struct Product;

/// The least. Of floats: what is not a number is left out, and -0.0 is less than 0.0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Min;

/// The greatest. Of floats: what is not a number is left out, and 0.0 is greater than -0.0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Max;

macro_rules! operator {
    ($name:ident for $($type:ty)*, $identity:expr, $combine:expr) => {$(
        impl ReduceOp<$type> for $name {
            #[inline]
            fn identity(&self) -> $type {
                $identity(<$type>::MIN, <$type>::MAX)
            }
            #[inline]
            fn combine(&self, into: &mut [$type], from: &[$type]) {
                let combine: fn($type, $type) -> $type = $combine;
                for (into, from) in into.iter_mut().zip(from) {
                    *into = combine(*into, *from);
                }
            }
        }
    )*};
}

macro_rules! whole_numbers {
    ($($type:ty)*) => {
        operator! { Sum for $($type)*, |_, _| 0, |a, b| a.wrapping_add(b) }
        operator! { Product for $($type)*, |_, _| 1, |a, b| a.wrapping_mul(b) }
        operator! { Min for $($type)*, |_, most| most, |a, b| a.min(b) }
        operator! { Max for $($type)*, |least, _| least, |a, b| a.max(b) }
    };
}

macro_rules! floats {
    ($($type:ident)*) => {$(
        operator! { Sum for $type, |_, _| 0.0, |a, b| a + b }
        operator! { Product for $type, |_, _| 1.0, |a, b| a * b }
        operator! { Min for $type, |_, _| $type::INFINITY, |a, b| {
            if b.is_nan() || (!a.is_nan() && a.total_cmp(&b).is_le()) { a } else { b }
        } }
        operator! { Max for $type, |_, _| $type::NEG_INFINITY, |a, b| {
            if b.is_nan() || (!a.is_nan() && a.total_cmp(&b).is_ge()) { a } else { b }
        } }
    )*};
}

whole_numbers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
floats! { f32 f64 }

/// The functions of an operator on a type of elements.
struct Erased<T, O>(PhantomData<(T, O)>);

impl<T: Data, O: ReduceOp<T>> Erased<T, O> {
    const TABLE: &'static OperatorTable = &OperatorTable::Typed {
        kind: TypeId::of::<(T, O)>,
        element: Layout::new::<T>(),
        fill: Self::fill,
        combine: Self::combine,
    };

    /// # Safety
    /// There is or was an operator of this type, which has no size.
    unsafe fn operator() -> O {
        const { assert!(size_of::<O>() == 0) };
        // SAFETY: it has no size, so there is nothing to read; and `O` is `Copy`, so a further one may be made of that
        // which was there.
        unsafe { std::ptr::NonNull::<O>::dangling().read() }
    }

    /// # Safety
    /// `start` points to a block's worth of memory for `T`, `bytes` long and initialised, that nobody else uses; and
    /// as for `operator`.
    unsafe fn fill(start: *mut u8, bytes: usize) {
        // SAFETY: the caller's promise.
        let operator = unsafe { Self::operator() };
        let len = bytes / size_of::<T>();
        // SAFETY: the caller's promise.
        let elements = unsafe { std::slice::from_raw_parts_mut(start.cast::<T>(), len) };
        elements.fill(operator.identity());
    }

    /// # Safety
    /// `into` and `from` are as `start` of `fill`, and not the same; and as for `operator`.
    unsafe fn combine(into: *mut u8, from: *const u8, bytes: usize) {
        // SAFETY: the caller's promise.
        let operator = unsafe { Self::operator() };
        let len = bytes / size_of::<T>();
        // SAFETY: the caller's promise.
        let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<T>(), len) };
        // SAFETY: the caller's promise.
        let from = unsafe { std::slice::from_raw_parts(from.cast::<T>(), len) };
        operator.combine(into, from);
    }
}

/// The number of an operator on elements of this type; `None` if the process has too many.
pub(super) fn operator_of<T: Data, O: ReduceOp<T>>() -> Option<Operator> {
    Erased::<T, O>::TABLE.number()
}

/// Adds to a block in a reduction. The view is `&mut [T]`: see [`Block::reduce`].
pub struct Reduce<T, O> {
    block: Block<T>,
    marker: PhantomData<fn() -> O>,
}

impl<T, O> Clone for Reduce<T, O> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, O> Copy for Reduce<T, O> {}

impl<T, O> std::fmt::Debug for Reduce<T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = std::any::type_name::<O>();
        write!(f, "Reduce({:?} by {by})", self.block)
    }
}

impl<T: Data> Block<T> {
    /// Access for adding to the block by an operator, side by side with neighbours that use the same one, **with the
    /// same bits each time**. View: `&mut [T]`, which begins with what the operator calls its identity or with what other
    /// members of the group have added up; the codelet adds its own, and does not look at what it finds.
    ///
    /// A group is what stands next to each other in program order: accesses to the block by `reduce` with this operator,
    /// and no other access to the block between them. Its members add to 16 lanes, private copies of the block: the first to
    /// lane 0, the second to lane 1, the seventeenth to lane 0 again, after the first has ended. When the next access of
    /// another kind comes, all lanes are put together by pairs, 0 and 1, 2 and 3, and so on, then 0 and 2, 4 and 6, until
    /// lane 0 has all, which is added to the block. None of this depends on the number of engines or on time.
    ///
    /// Lanes take memory from the pool, up to 16 times that of the block, until they are put together; so blocks for reduction
    /// should be small, or the members few. A member that fails poisons the block for what comes after the group, the
    /// other members run. Children of a member cannot name the block.
    ///
    /// An operator has no state; one that has does not compile:
    ///
    /// ```compile_fail
    /// #[derive(Clone, Copy)]
    /// struct Scaled(u64);
    ///
    /// impl sprat::ReduceOp<u64> for Scaled {
    ///     fn identity(&self) -> u64 {
    ///         0
    ///     }
    ///     fn combine(&self, into: &mut [u64], from: &[u64]) {
    ///         into[0] += self.0 * from[0];
    ///     }
    /// }
    ///
    /// fn main() -> sprat::Result<()> {
    ///     let rt = sprat::Runtime::new()?;
    ///     let a = rt.block::<u64>(1)?;
    ///     rt.finish(|s| {
    ///         s.spawn(a.reduce(Scaled(2)), |_, a| a[0] += 1);
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// use sprat::Sum;
    ///
    /// let rt = sprat::Runtime::new()?;
    /// let tiles = rt.blocks::<f64>(8, 1000)?;
    /// let norm = rt.block::<f64>(1)?;
    /// rt.finish(|s| {
    ///     for &tile in &tiles {
    ///         s.spawn(tile.write(), |_, x| x.fill(0.1));
    ///         s.spawn((tile.read(), norm.reduce(Sum)), |_, (x, norm)| {
    ///             norm[0] += x.iter().map(|x| x * x).sum::<f64>();
    ///         });
    ///     }
    ///     s.spawn(norm.read_write(), |_, norm| norm[0] = norm[0].sqrt());
    ///     Ok(())
    /// })?;
    /// assert!((rt.read(norm, |norm| norm[0])? - 80f64.sqrt()).abs() < 1e-9);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn reduce<O: ReduceOp<T>>(self, operator: O) -> Reduce<T, O> {
        const {
            assert!(
                size_of::<O>() == 0,
                "an operator of a reduction has no state: the runtime makes it from its type"
            );
        }
        let _ = operator;
        Reduce {
            block: self,
            marker: PhantomData,
        }
    }
}

impl<T: Data, O: ReduceOp<T>> Reduce<T, O> {
    /// How it uses the block.
    fn mode(&self) -> Mode {
        let number = operator_of::<T, O>();
        Mode::Reduce(number.expect("a process has at most 4096 operators of reductions"))
    }
}

// SAFETY: one slot, declared as a lane of the block of `T` that the access names.
unsafe impl<T: Data, O: ReduceOp<T>> Access for Reduce<T, O> {
    type View<'v> = &'v mut [T];
    fn declare(&self, list: &mut Vec<Declared>) {
        list.push(Declared::Block(BlockKey(self.block.id), self.mode()));
    }
    #[inline]
    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: the slot is a lane, as long as the block, that the codelet holds alone during `'v`: the caller's promise.
        unsafe { slots.exclusive::<T>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add<T: Data, O: ReduceOp<T>>(operator: O, a: T, b: T) -> T {
        let mut into = [operator.identity()];
        operator.combine(&mut into, &[a]);
        operator.combine(&mut into, &[b]);
        into[0]
    }

    #[test]
    fn operators_add_up() {
        assert_eq!(add(Sum, 250u8, 10), 4);
        assert_eq!(add(Product, -3i64, 5), -15);
        assert_eq!(add(Min, -3i8, 5), -3);
        assert_eq!(add(Max, 3u128, 5), 5);
        assert_eq!(add(Sum, 0.5f32, 0.25), 0.75);
        assert_eq!(add(Product, 0.5f64, 0.25), 0.125);
    }

    #[test]
    fn the_least_and_the_greatest_of_floats_do_not_depend_on_the_order() {
        let floats = [
            f64::NAN,
            -f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -0.0,
            1.0,
        ];
        for a in floats {
            for b in floats {
                for both in [
                    (add(Min, a, b), add(Min, b, a)),
                    (add(Max, a, b), add(Max, b, a)),
                ] {
                    assert_eq!(both.0.to_bits(), both.1.to_bits(), "{a} and {b}");
                    assert!(!both.0.is_nan());
                }
            }
        }
        assert_eq!(add(Min, 0.0, -0.0f64).to_bits(), (-0.0f64).to_bits());
        assert_eq!(add(Max, f64::NAN, -1.0), -1.0);
    }

    #[test]
    fn an_operator_has_one_number_for_each_type() {
        let number = |table: &'static OperatorTable| table.number().unwrap();
        let sum = number(Erased::<f64, Sum>::TABLE);
        assert_eq!(sum, number(Erased::<f64, Sum>::TABLE));
        assert_ne!(sum, number(Erased::<u64, Sum>::TABLE));
        assert_ne!(sum, number(Erased::<f64, Max>::TABLE));
        let mut ones = [1.0, 1.0];
        // SAFETY: memory for two `f64` of our own, and there is a `Sum`.
        unsafe { OperatorTable::of(sum).fill(ones.as_mut_ptr().cast(), 16) };
        assert_eq!(ones, [0.0, 0.0]);
    }
}
