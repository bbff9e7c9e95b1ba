//! Cancelling.

use crate::fault::{Fault, ended};
use crate::live::{self, sprat_scope};
use crate::table::Table;
use crate::text::text;
use crate::types::*;
use sprat::Canceller;
use std::ffi::c_char;

static CANCELLERS: Table<Canceller> = Table::new(3);

const WHAT: &str = "the canceller";

/// Cancels a scope.
///
/// # Safety
/// `reason` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_cancel(
    scope: *mut sprat_scope,
    reason: *const c_char,
) -> sprat_status {
    ended(live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let reason = unsafe { text(reason, "the reason") }?;
        // It may be too late, which is no fault; but who cancels in vain is told.
        match live.scope().cancel(reason) || live.scope().is_cancelled() {
            true => Ok(()),
            false => Err(Fault::new(
                SPRAT_GRAPH,
                "a codelet of a graph has no children that could be cancelled; sprat_graph_cancel ends its replay",
            )),
        }
    }))
}

/// Whether a scope is cancelled: 1 if so, else 0. What is no scope of this thread's counts as cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_is_cancelled(scope: *mut sprat_scope) -> i32 {
    let cancelled = live::with(scope, |live| Ok(live.scope().is_cancelled()));
    match cancelled {
        Ok(cancelled) => i32::from(cancelled),
        Err(fault) => {
            ended(Err(fault));
            1
        }
    }
}

/// Makes the right to cancel a scope, for any thread.
///
/// # Safety
/// `canceller` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_canceller_create(
    scope: *mut sprat_scope,
    canceller: *mut sprat_canceller,
) -> sprat_status {
    ended(live::with(scope, |live| {
        if canceller.is_null() {
            return Err(Fault::null("the place for the canceller"));
        }
        let id = CANCELLERS.put(live.scope().canceller())?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { canceller.write(sprat_canceller { id }) };
        Ok(())
    }))
}

/// Cancels a scope, from any thread; of one that has ended that does nothing.
///
/// # Safety
/// `reason` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_canceller_cancel(
    canceller: sprat_canceller,
    reason: *const c_char,
) -> sprat_status {
    let cancel = || {
        let canceller = CANCELLERS.get(canceller.id, WHAT)?;
        // SAFETY: the caller's promise.
        let reason = unsafe { text(reason, "the reason") }?;
        canceller.cancel(reason);
        Ok(())
    };
    ended(cancel())
}

/// Gives the right back.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_canceller_destroy(canceller: sprat_canceller) -> sprat_status {
    ended(CANCELLERS.take(canceller.id, WHAT).map(drop))
}
