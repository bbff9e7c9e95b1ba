//! The functions of `ocr.h`, as C calls them. What comes in is checked where that is possible at all; what is done is in the
//! other modules, and what they mean in `ocr.h`. A null pointer where something is to be written, if OCR does not say that it may be left out, is an error.

#![allow(missing_docs)] // The header documents them.

mod affinities;
mod blocks;
mod edts;
mod ends;
mod events;
mod hints;
mod labels;
mod own_main;
mod pauses;
mod runtimes;

pub use affinities::*;
pub use blocks::*;
pub use edts::*;
pub use ends::*;
pub use events::*;
pub use hints::*;
pub use labels::*;
pub use own_main::*;
pub use pauses::*;
pub use runtimes::*;

use crate::code::{Answer, EFAULT, EINVAL, ENOP, ENOTSUP, EPERM, number};
use crate::context;
use crate::edt::{self, New};
use crate::guid::{Guid, WORKER};
use crate::types::*;
use crate::{
    affinity, block, collective, depend, entry, event, hint, label, legacy, pause, program,
    template,
};
use sprat::topology;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::Write;

/// Writes a result, if it is wanted.
///
/// # Safety
/// The pointer is null or good.
#[inline]
unsafe fn put<T>(to: *mut T, what: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(what) };
    }
}

/// Writes a result that must be wanted.
///
/// # Safety
/// The pointer is null or good.
unsafe fn answer<T>(to: *mut T, what: Answer<T>) -> u8 {
    if to.is_null() {
        return EINVAL.0;
    }
    match what {
        Ok(what) => {
            // SAFETY: the caller's promise.
            unsafe { to.write(what) };
            0
        }
        Err(code) => code.0,
    }
}

fn guid_of(guid: Answer<Guid>) -> Answer<ocrGuid_t> {
    guid.map(ocrGuid_t::from)
}
