//! Operators of reductions that callers define.

use crate::fault::{Fault, ended};
use crate::loops::aside;
use crate::types::*;
use sprat::ForeignOperator;
use std::ffi::c_void;
use std::sync::{PoisonError, RwLock};

/// Fills so many bytes, all of a block, with elements that change nothing.
pub type sprat_neutral = Option<unsafe extern "C-unwind" fn(into: *mut c_void, bytes: usize)>;

/// Adds all elements of a block of so many bytes to those of another one.
pub type sprat_merge =
    Option<unsafe extern "C-unwind" fn(into: *mut c_void, from: *const c_void, bytes: usize)>;

/// Those that were defined, in this order. They stay.
static DEFINED: RwLock<Vec<ForeignOperator>> = RwLock::new(Vec::new());

/// Why there is no further one.
pub(crate) const TOO_MANY: &str = "the process has 4,096 operators of reductions already, counted with their types of elements; use them again";

/// The number of the first.
const FIRST: sprat_operator = 1 << 16;

/// The operator of a caller's, if that is the number of one.
pub(crate) fn own(number: sprat_operator) -> Option<Result<ForeignOperator, Fault>> {
    let at = usize::try_from(number.checked_sub(FIRST)?).ok()?;
    let defined = DEFINED.read().unwrap_or_else(PoisonError::into_inner);
    Some(defined.get(at).copied().ok_or_else(|| {
        Fault::new(
            SPRAT_STALE,
            format!("there is no operator {number}; define it with sprat_operator_define first"),
        )
    }))
}

/// Defines an operator for reductions.
///
/// # Safety
/// The functions do with memory of blocks what they shall; `defined` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_operator_define(
    neutral: sprat_neutral,
    merge: sprat_merge,
    defined: *mut sprat_operator,
) -> sprat_status {
    let define = || {
        let neutral = neutral
            .ok_or_else(|| Fault::null("the function that fills with what changes nothing"))?;
        let merge = merge.ok_or_else(|| Fault::null("the function that adds"))?;
        if defined.is_null() {
            return Err(Fault::null("the place for the operator"));
        }
        // SAFETY: a pointer to void and one to bytes are passed alike; the caller's promise.
        let neutral = unsafe {
            std::mem::transmute::<unsafe extern "C-unwind" fn(*mut c_void, usize), sprat::FillBytes>(
                neutral,
            )
        };
        // SAFETY: as above.
        let merge = unsafe {
            std::mem::transmute::<
                unsafe extern "C-unwind" fn(*mut c_void, *const c_void, usize),
                sprat::CombineBytes,
            >(merge)
        };
        // SAFETY: the caller's promise.
        let Some(operator) = (unsafe { ForeignOperator::new(neutral, merge, |call| aside(call)) })
        else {
            return Err(Fault::new(SPRAT_SYSTEM, TOO_MANY));
        };
        let mut all = DEFINED.write().unwrap_or_else(PoisonError::into_inner);
        let at = match all.iter().position(|one| *one == operator) {
            Some(at) => at,
            None => {
                all.push(operator);
                all.len() - 1
            }
        };
        // SAFETY: the caller's promise, and it is not null.
        unsafe { defined.write(FIRST + at as sprat_operator) };
        Ok(())
    };
    ended(define())
}
