//! Labels.

use super::*;

/// The map of a range, if it has one.
///
/// # Safety
/// There are as many parameters as is said.
unsafe fn map_of(
    count: u32,
    function: Option<MapFunction>,
    params: *mut i64,
) -> Answer<(MapFunction, Box<[i64]>)> {
    let function = function.ok_or(EINVAL)?;
    let params: &[i64] = match (count, params.is_null()) {
        (0, _) => &[],
        (_, true) => return Err(EINVAL),
        // SAFETY: the caller's promise.
        (count, false) => unsafe { std::slice::from_raw_parts(params, count as usize) },
    };
    Ok((function, params.into()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGuidMapCreate(
    map: *mut ocrGuid_t,
    count: u32,
    function: Option<MapFunction>,
    params: *mut i64,
    guids: u64,
    kind: u32,
) -> u8 {
    // SAFETY: C's pointer.
    let made = unsafe { map_of(count, function, params) };
    let made = made.and_then(|made| label::create_range(guids, kind, Some(made)));
    // SAFETY: C's pointer.
    unsafe { answer(map, guid_of(made)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGuidMapSetDefaultMap(
    count: u32,
    function: Option<MapFunction>,
    params: *mut i64,
    guids: u64,
    kind: u32,
) -> u8 {
    // SAFETY: C's pointer.
    let made = unsafe { map_of(count, function, params) };
    let made = made.and_then(|made| label::create_range(guids, kind, Some(made)));
    number(made.map(label::set_default))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGuidRangeCreate(range: *mut ocrGuid_t, guids: u64, kind: u32) -> u8 {
    if range.is_null() {
        return EINVAL.0;
    }
    // SAFETY: C's pointer.
    unsafe { answer(range, guid_of(label::create_range(guids, kind, None))) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrGuidMapDestroy(map: ocrGuid_t) -> u8 {
    number(label::destroy_range(map.into()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGuidFromLabel(
    out: *mut ocrGuid_t,
    map: ocrGuid_t,
    tuple: *mut i64,
) -> u8 {
    let map = label::map_or_default(map.into());
    // SAFETY: C's pointer, for the program's own function.
    let label = map.and_then(|map| unsafe { label::from_tuple(map, tuple) });
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(label)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGuidFromIndex(out: *mut ocrGuid_t, range: ocrGuid_t, index: u64) -> u8 {
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(label::from_index(range.into(), index))) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetGuidKind(out: *mut u32, guid: ocrGuid_t) -> u8 {
    let kind = context::with(|context| Ok(label::user_kind(context, guid.into())));
    // SAFETY: C's pointer.
    unsafe { answer(out, kind) }
}
