//! Hints.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrHintInit(hint: *mut ocrHint_t, kind: u32) -> u8 {
    // SAFETY: C's pointer.
    number(unsafe { hint::init(hint, kind) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrSetHintValue(hint: *mut ocrHint_t, property: u32, value: u64) -> u8 {
    // SAFETY: C's pointer.
    number(unsafe { hint::set_value(hint, property, value) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrUnsetHintValue(hint: *mut ocrHint_t, property: u32) -> u8 {
    // SAFETY: C's pointer.
    number(unsafe { hint::unset_value(hint, property) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetHintValue(
    hint: *mut ocrHint_t,
    property: u32,
    value: *mut u64,
) -> u8 {
    // SAFETY: C's pointer.
    let there = unsafe { hint::value(hint, property) };
    // SAFETY: C's pointer.
    unsafe { answer(value, there) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrSetHint(guid: ocrGuid_t, hint: *mut ocrHint_t) -> u8 {
    // SAFETY: C's pointer.
    number(context::with(|context| unsafe {
        hint::set(context, guid.into(), hint)
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetHint(guid: ocrGuid_t, hint: *mut ocrHint_t) -> u8 {
    // SAFETY: C's pointer.
    number(context::with(|context| unsafe {
        hint::get(context, guid.into(), hint)
    }))
}
