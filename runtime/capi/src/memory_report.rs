//! The account of who touched what from where.

use crate::fault::{Fault, ended};
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
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
        if text.is_null() && room != 0 {
            return Err(Fault::null("the place for the report"));
        }
        if room == 0 && length.is_null() {
            return Err(Fault::argument(
                "there is no room for the report, and no place for its length; give one of them",
            ));
        }
        if room != 0 {
            // At a letter's border, so that it stays UTF-8.
            let fits = report.floor_char_boundary(room - 1);
            let target = text.cast::<u8>();
            // SAFETY: the caller's promise; it is less than the room.
            unsafe { std::ptr::copy_nonoverlapping(report.as_ptr(), target, fits) };
            // SAFETY: as above.
            unsafe { target.wrapping_add(fits).write(0) };
        }
        if !length.is_null() {
            // SAFETY: the caller's promise.
            unsafe { length.write(report.len()) };
        }
        Ok(())
    };
    ended(tell())
}
