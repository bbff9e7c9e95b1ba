//! Accesses and views as C has them.

use crate::fault::Fault;
use crate::operators;
use crate::types::*;
use sprat::{AnyAccess, Block, Data, Lent, Max, Min, Mode, Product, ReduceOp, Scope, Sum};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::num::NonZeroU32;

/// Memory that a codelet's body has while it runs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_view {
    /// Where it starts.
    pub data: *mut c_void,
    /// How many bytes; of a tile, those of one row.
    pub bytes: usize,
}

// What the runtime lends is handed on as it is.
const _: () = assert!(size_of::<sprat_view>() == size_of::<Lent>());
const _: () = assert!(align_of::<sprat_view>() == align_of::<Lent>());

/// How a codelet uses a block or a part of it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_access {
    /// The block.
    pub block: sprat_block,
    /// How it is used.
    pub mode: sprat_mode,
    /// 0: all of the block; else the bytes of an element, in which the following are counted.
    pub element_size: u32,
    /// The first row of a tile.
    pub row_begin: usize,
    /// The row behind the last one.
    pub row_end: usize,
    /// The first element of a range, or the first column of a tile. Of scratch memory: unused.
    pub column_begin: usize,
    /// The one behind the last one. Of scratch memory: how many bytes.
    pub column_end: usize,
    /// Of a tile: how many elements the starts of two rows are apart. 0: a range.
    pub leading_dimension: usize,
    /// Of a reduction: how it adds up.
    pub reduce_operator: sprat_operator,
    /// Of a reduction: what the elements are.
    pub reduce_type: sprat_type,
}

/// A mode that is not a reduction's or scratch memory's.
fn plain_mode(mode: sprat_mode) -> Option<Mode> {
    Some(match mode {
        SPRAT_READ => Mode::Read,
        SPRAT_WRITE => Mode::Write,
        SPRAT_READ_WRITE => Mode::ReadWrite,
        SPRAT_COMMUTE => Mode::Commute,
        SPRAT_SHARED_WRITE => Mode::SharedWrite,
        SPRAT_EXCLUSIVE => Mode::Exclusive,
        _ => return None,
    })
}

impl sprat_access {
    /// The block's name, which may be none, and the mode, if it is the whole of a block, to be read, written, both, or changed in turn.
    #[inline(always)]
    pub(crate) fn whole(&self) -> Option<(u64, Mode)> {
        let mode = match self.mode {
            SPRAT_READ => Mode::Read,
            SPRAT_WRITE => Mode::Write,
            SPRAT_READ_WRITE => Mode::ReadWrite,
            SPRAT_COMMUTE => Mode::Commute,
            _ => return None,
        };
        (self.element_size == 0).then_some((self.block.id, mode))
    }

    /// Puts it in place for the runtime: that is written to, unless there is a fault.
    #[inline]
    pub(crate) fn list(
        &self,
        scope: &Scope<'static>,
        place: &mut MaybeUninit<AnyAccess>,
    ) -> Result<(), Fault> {
        place.write(match self.whole() {
            Some((block @ 1.., mode)) => AnyAccess::whole(scope.block_from_bits(block)?, mode),
            _ => self.rare(scope)?,
        });
        Ok(())
    }

    #[inline]
    fn block_in(&self, scope: &Scope<'static>) -> Result<Block<u8>, Fault> {
        match self.block.id {
            0 => Err(Fault::nameless("the block of an access")),
            id => Ok(scope.block_from_bits(id)?),
        }
    }

    #[inline(never)]
    fn rare(&self, scope: &Scope<'static>) -> Result<AnyAccess, Fault> {
        let wrong = |why: &str| Err(Fault::new(SPRAT_ACCESS, why));
        let element = NonZeroU32::new(self.element_size);
        match (self.mode, element) {
            (SPRAT_SCRATCH, None) => Ok(AnyAccess::scratch(self.column_end)),
            (SPRAT_ROUND, None) => match self.block.id {
                0 => Err(Fault::nameless("the argument of a round")),
                recording => Ok(AnyAccess::argument(recording)),
            },
            (SPRAT_REDUCE, None) => self.reduction(self.block_in(scope)?),
            (SPRAT_READ | SPRAT_WRITE | SPRAT_READ_WRITE | SPRAT_COMMUTE, None) => {
                Err(Fault::nameless("the block of an access"))
            }
            (mode @ (SPRAT_SHARED_WRITE | SPRAT_EXCLUSIVE), None) => {
                let mode = plain_mode(mode).expect("it is one of these");
                Ok(AnyAccess::whole(self.block_in(scope)?, mode))
            }
            (SPRAT_SCRATCH | SPRAT_REDUCE | SPRAT_ROUND, Some(_)) => wrong(
                "scratch memory, reductions and arguments have no parts; use all of it, with an element size of 0",
            ),
            (mode, None) if mode & SPRAT_WEAK != 0 => match plain_mode(mode & !SPRAT_WEAK) {
                Some(mode @ (Mode::Read | Mode::Write | Mode::ReadWrite)) => {
                    Ok(AnyAccess::weak(self.block_in(scope)?, mode))
                }
                _ => wrong("only reading, writing and both can be weak"),
            },
            (mode, Some(element)) => match plain_mode(mode) {
                Some(mode @ (Mode::Read | Mode::Write | Mode::ReadWrite)) => {
                    Ok(self.part(self.block_in(scope)?, mode, element))
                }
                _ => wrong(
                    "parts of blocks can be read, written, or both; other modes are for whole blocks",
                ),
            },
            (mode, None) => Err(Fault::argument(format!(
                "{mode} is no mode of an access; use one of the SPRAT_ constants"
            ))),
        }
    }

    fn part(&self, block: Block<u8>, mode: Mode, element: NonZeroU32) -> AnyAccess {
        let columns = self.column_begin..self.column_end;
        match self.leading_dimension {
            0 => AnyAccess::part(block, mode, element, columns),
            leading => {
                let rows = self.row_begin..self.row_end;
                AnyAccess::tile(block, mode, element, (rows, columns), leading)
            }
        }
    }

    fn reduction(&self, block: Block<u8>) -> Result<AnyAccess, Fault> {
        if let Some(own) = operators::own(self.reduce_operator) {
            return match self.reduce_type {
                0 => Ok(AnyAccess::reduce_by(block, own?)),
                other => Err(Fault::argument(format!(
                    "an operator of one's own knows its elements, so their type is 0, and not {other}"
                ))),
            };
        }
        match self.reduce_type {
            SPRAT_F32 => self.adding::<f32>(block),
            SPRAT_F64 => self.adding::<f64>(block),
            SPRAT_I32 => self.adding::<i32>(block),
            SPRAT_I64 => self.adding::<i64>(block),
            SPRAT_U32 => self.adding::<u32>(block),
            SPRAT_U64 => self.adding::<u64>(block),
            other => Err(Fault::argument(format!(
                "{other} is no type of a reduction's elements; use SPRAT_F32, F64, I32, I64, U32 or U64"
            ))),
        }
    }

    fn adding<T: Data>(&self, block: Block<u8>) -> Result<AnyAccess, Fault>
    where
        Sum: ReduceOp<T>,
        Product: ReduceOp<T>,
        Min: ReduceOp<T>,
        Max: ReduceOp<T>,
    {
        let made = match self.reduce_operator {
            SPRAT_SUM => AnyAccess::reduce::<T, _>(block, Sum),
            SPRAT_PRODUCT => AnyAccess::reduce::<T, _>(block, Product),
            SPRAT_MIN => AnyAccess::reduce::<T, _>(block, Min),
            SPRAT_MAX => AnyAccess::reduce::<T, _>(block, Max),
            other => {
                return Err(Fault::argument(format!(
                    "{other} is no operator of a reduction; use SPRAT_SUM, PRODUCT, MIN or MAX, or define one"
                )));
            }
        };
        made.ok_or_else(|| Fault::new(SPRAT_SYSTEM, operators::TOO_MANY))
    }
}
