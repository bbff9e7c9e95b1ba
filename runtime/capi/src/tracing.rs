//! What bodies add to a trace: counters and spans.

use crate::fault::{Fault, ended};
use crate::live::{self, sprat_scope};
use crate::text::{forever, text};
use crate::types::*;
use std::ffi::c_char;

/// Notes a counter's value in the trace.
///
/// # Safety
/// `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_trace_count(
    scope: *mut sprat_scope,
    name: *const c_char,
    value: f64,
) -> sprat_status {
    ended(live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "the name of a counter") }?;
        if live.scope().is_traced() {
            live.scope().count(forever(name), value);
        }
        Ok(())
    }))
}

/// Begins a part of this body, which the trace shows under a name.
///
/// # Safety
/// `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_trace_begin(
    scope: *mut sprat_scope,
    name: *const c_char,
) -> sprat_status {
    ended(live::with(scope, |live| {
        // SAFETY: the caller's promise.
        let name = unsafe { text(name, "the name of a span") }?;
        live.begin_span(match live.scope().is_traced() {
            true => forever(name),
            false => "",
        });
        Ok(())
    }))
}

/// Ends the part of this body that was begun last.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_trace_end(scope: *mut sprat_scope) -> sprat_status {
    ended(live::with(scope, |live| match live.end_span() {
        true => Ok(()),
        false => Err(Fault::argument(
            "no span has begun in this body, or all have ended; begin one with sprat_trace_begin",
        )),
    }))
}
