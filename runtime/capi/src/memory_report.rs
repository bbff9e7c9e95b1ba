//! The account of who touched what from where.

use crate::fault::ended;
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
use crate::text::give_text;
use crate::types::*;
use std::ffi::c_char;

/// What codelets did to blocks, by memory regions.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_memory {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Bytes touched in the codelet's own region.
    pub local_bytes: u64,
    /// Bytes touched in another one.
    pub remote_bytes: u64,
    /// Bytes of memory that no region holds alone.
    pub unplaced_bytes: u64,
    /// Bytes of blocks for which there was no room in the account.
    pub other_bytes: u64,
}

// SAFETY: plain numbers, the first of which is the size.
unsafe impl Sized0 for sprat_memory {
    const NAME: &'static str = "sprat_memory";
    const LEAST: usize = 40;
}

/// Tells the sums of the account.
///
/// # Safety
/// `memory` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_memory_get(
    runtime: *mut sprat_runtime,
    memory: *mut sprat_memory,
) -> sprat_status {
    let tell = || {
        let report = self::runtime(runtime)?.memory_report()?;
        let told = sprat_memory {
            size: 0,
            local_bytes: report.local_bytes,
            remote_bytes: report.remote_bytes,
            unplaced_bytes: report.unplaced_bytes,
            other_bytes: report.other_bytes,
        };
        // SAFETY: the caller's promise.
        unsafe { give(memory, told) }
    };
    ended(tell())
}

/// Writes the report for people.
///
/// # Safety
/// `text` is null and `room` 0, or so many bytes can be written there; `length` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_memory_report(
    runtime: *mut sprat_runtime,
    text: *mut c_char,
    room: usize,
    length: *mut usize,
) -> sprat_status {
    let tell = || {
        let report = self::runtime(runtime)?.memory_report()?.to_string();
        // SAFETY: the caller's promise.
        unsafe { give_text(&report, text, room, length) }
    };
    ended(tell())
}
