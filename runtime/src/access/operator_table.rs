//! The operators of reductions as the runtime knows them: by numbers.

use super::Operator;
use crate::memory_region::LEAST_ALIGNMENT;
use crate::sync::plain::{AtomicPtr, Ordering};
use std::alloc::Layout;
use std::any::TypeId;

/// An operator without its types.
pub(crate) enum OperatorTable {
    /// A [`ReduceOp`](super::ReduceOp) on a type of elements.
    Typed {
        kind: fn() -> TypeId,
        /// What its elements are in memory.
        element: Layout,
        /// Fills memory with what changes nothing. Premises: that of `Erased::fill`.
        fill: unsafe fn(start: *mut u8, bytes: usize),
        /// Adds one piece of memory to another. Premises: that of `Erased::combine`.
        combine: unsafe fn(into: *mut u8, from: *const u8, bytes: usize),
    },
    /// One of another language.
    Foreign {
        fill: FillBytes,
        combine: CombineBytes,
        around: Around,
    },
}

/// Fills so many bytes, all of a block, with elements that change nothing.
pub type FillBytes = unsafe extern "C-unwind" fn(into: *mut u8, bytes: usize);

/// Adds all elements of a block of so many bytes to those of another one.
pub type CombineBytes = unsafe extern "C-unwind" fn(into: *mut u8, from: *const u8, bytes: usize);

/// Calls what it is given, once: what an interface of another language does around each call of an operator's functions, which run where no
/// body of the language's does.
pub type Around = fn(call: &mut dyn FnMut());

/// An operator of a reduction that another language defines, for
/// [`AnyAccess::reduce_by`](super::AnyAccess::reduce_by).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignOperator(pub(crate) Operator);

impl ForeignOperator {
    /// The operator of these two functions, one for each pair; `None` if the process has 4,096 operators already.
    ///
    /// # Safety
    /// They may be called by any thread, several at a time, with memory of blocks that are reduced by this, which is `into` for them
    /// alone. It is aligned to 64 bytes, but adopted memory only as whoever adopted it had it. They do not unwind.
    pub unsafe fn new(fill: FillBytes, combine: CombineBytes, around: Around) -> Option<Self> {
        let asked = OperatorTable::Foreign {
            fill,
            combine,
            around,
        };
        let number = match asked.find() {
            Some(number) => number,
            None => {
                let made = Box::into_raw(Box::new(asked));
                // SAFETY: it was made just now. What is in the table stays, and so do the functions.
                let number = unsafe { &*made }.number();
                let is_there = number.is_some_and(|number| OperatorTable::is_at(number, made));
                if !is_there {
                    // The table is full, or somebody was faster.
                    // SAFETY: it is not in the table, so it is nobody else's.
                    drop(unsafe { Box::from_raw(made) });
                }
                number?
            }
        };
        Some(ForeignOperator(number))
    }
}

/// How many operators a process can have, counted by operator and type of elements.
const MOST: usize = 4096;

/// All operators, in the order in which they were named first; then null.
static TABLE: [AtomicPtr<OperatorTable>; MOST] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; MOST];

impl OperatorTable {
    /// The operator with this number, which [`OperatorTable::number`] gave.
    pub(crate) fn of(operator: Operator) -> &'static OperatorTable {
        let at = usize::from(operator.number());
        // Acquire pairs with the compare-and-swap in `number`.
        let table = TABLE[at].load(Ordering::Acquire);
        assert!(!table.is_null(), "numbers come from the table");
        // SAFETY: what is in the table is static.
        unsafe { &*table }
    }

    /// The number of an operator; `None` if there are too many.
    pub(super) fn number(&'static self) -> Option<Operator> {
        let mine = std::ptr::from_ref(self).cast_mut();
        for (at, place) in TABLE.iter().enumerate() {
            // Acquire and Release pair with each other: who sees the address sees what is there.
            let mut found = place.load(Ordering::Acquire);
            if found.is_null() {
                let (free, put) = (std::ptr::null_mut(), Ordering::AcqRel);
                match place.compare_exchange(free, mine, put, Ordering::Acquire) {
                    Ok(_) => return Some(Operator::new(at as u16)),
                    Err(other) => found = other,
                }
            }
            // The same table can have more than one address, so what is in it decides.
            // SAFETY: what is in the table is static.
            if found == mine || unsafe { &*found }.is_the_same(self) {
                return Some(Operator::new(at as u16));
            }
        }
        None
    }

    /// The number of an operator, if it has one.
    fn find(&self) -> Option<Operator> {
        // Acquire pairs with the compare-and-swap in `number`.
        let tables = TABLE.iter().map(|place| place.load(Ordering::Acquire));
        let mut used = tables.take_while(|table| !table.is_null()).enumerate();
        // SAFETY: what is in the table is static.
        let same = used.find(|&(_, table)| unsafe { &*table }.is_the_same(self));
        same.map(|(at, _)| Operator::new(at as u16))
    }

    fn is_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (OperatorTable::Typed { kind: a, .. }, OperatorTable::Typed { kind: b, .. }) => {
                a() == b()
            }
            (
                OperatorTable::Foreign { fill, combine, .. },
                OperatorTable::Foreign {
                    fill: other,
                    combine: another,
                    ..
                },
            ) => *fill as usize == *other as usize && *combine as usize == *another as usize,
            _ => false,
        }
    }

    /// Whether the operator with this number is the one at this address.
    fn is_at(operator: Operator, address: *const Self) -> bool {
        // Acquire as in `of`, though nothing is read there.
        let there = TABLE[usize::from(operator.number())].load(Ordering::Acquire);
        std::ptr::eq(there, address)
    }

    /// What is wrong with reducing into memory that begins there and has so many bytes, if it is: the elements must fit it.
    pub(crate) fn misfit(&self, start: Option<*const u8>, bytes: usize) -> Option<String> {
        let OperatorTable::Typed { element, .. } = self else {
            return None;
        };
        let (size, align) = (element.size(), element.align());
        if !bytes.is_multiple_of(size) {
            return Some(format!(
                "has {bytes} bytes, which are no elements of {size}; reduce as elements that it is made of"
            ));
        }
        // Lanes are our own memory.
        if align > LEAST_ALIGNMENT || start.is_some_and(|start| !start.addr().is_multiple_of(align))
        {
            return Some(format!(
                "is not aligned to {align} bytes, as elements of a reduction are; adopt memory that is"
            ));
        }
        None
    }

    /// Fills memory with what changes nothing.
    ///
    /// # Safety
    /// `start` points to a block's worth of memory for its elements, `bytes` long and initialised, that nobody else uses.
    pub(crate) unsafe fn fill(&self, start: *mut u8, bytes: usize) {
        match self {
            // SAFETY: the caller's promise; its number came from an operator that there is.
            OperatorTable::Typed { fill, .. } => unsafe { fill(start, bytes) },
            OperatorTable::Foreign { fill, around, .. } => around(&mut || {
                // SAFETY: the caller's promise, and that given to `ForeignOperator::new`.
                unsafe { fill(start, bytes) }
            }),
        }
    }

    /// Adds one piece of memory to another.
    ///
    /// # Safety
    /// `into` and `from` are as `start` of `fill`, and not the same.
    pub(crate) unsafe fn combine(&self, into: *mut u8, from: *const u8, bytes: usize) {
        match self {
            // SAFETY: the caller's promise; its number came from an operator that there is.
            OperatorTable::Typed { combine, .. } => unsafe { combine(into, from, bytes) },
            OperatorTable::Foreign {
                combine, around, ..
            } => around(&mut || {
                // SAFETY: the caller's promise, and that given to `ForeignOperator::new`.
                unsafe { combine(into, from, bytes) }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C-unwind" fn ones(into: *mut u8, bytes: usize) {
        // SAFETY: the test's memory.
        unsafe { into.write_bytes(1, bytes) };
    }

    unsafe extern "C-unwind" fn nothing(into: *mut u8, bytes: usize) {
        // SAFETY: the test's memory.
        unsafe { into.write_bytes(0, bytes) };
    }

    unsafe extern "C-unwind" fn copies(into: *mut u8, from: *const u8, bytes: usize) {
        // SAFETY: the test's memory.
        unsafe { into.copy_from_nonoverlapping(from, bytes) };
    }

    #[test]
    fn a_pair_of_functions_is_one_operator() {
        // SAFETY: they do what they shall with any memory.
        let of = |fill| unsafe { ForeignOperator::new(fill, copies, |call| call()) }.unwrap();
        let (first, other) = (of(ones), of(nothing));
        assert_eq!(first, of(ones));
        assert_ne!(first, other);
        let mut memory = [7; 4];
        let table = OperatorTable::of(first.0);
        // SAFETY: memory of our own.
        unsafe { table.fill(memory.as_mut_ptr(), 4) };
        assert_eq!(memory, [1; 4]);
        // SAFETY: memory of our own.
        unsafe { table.combine(memory.as_mut_ptr(), [5, 6, 7, 8].as_ptr(), 4) };
        assert_eq!(memory, [5, 6, 7, 8]);
    }
}
