//! Affinity.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrAffinityCount(kind: u32, count: *mut u64) -> u8 {
    // SAFETY: C's pointer.
    unsafe { answer(count, affinity::count(kind)) }
}

/// Fills an array of affinities.
///
/// # Safety
/// C's pointers: the array has as many elements as `count` says.
unsafe fn fill(
    count: *mut u64,
    to: *mut ocrGuid_t,
    there: u64,
    at: impl Fn(u64) -> Answer<Guid>,
) -> Answer {
    if count.is_null() || to.is_null() {
        return Err(EINVAL);
    }
    // SAFETY: the caller's promise.
    let given = unsafe { count.read() }.min(there);
    for index in 0..given {
        let affinity = at(index)?.into();
        // SAFETY: the caller's promise.
        unsafe { to.wrapping_add(index as usize).write(affinity) };
    }
    // SAFETY: the caller's promise.
    unsafe { count.write(given) };
    Ok(())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrAffinityGet(
    kind: u32,
    count: *mut u64,
    affinities: *mut ocrGuid_t,
) -> u8 {
    let filled = affinity::count(kind).and_then(|there| {
        // SAFETY: C's pointers.
        unsafe { fill(count, affinities, there, |index| affinity::at(kind, index)) }
    });
    number(filled)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrAffinityGetAt(kind: u32, index: u64, out: *mut ocrGuid_t) -> u8 {
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(affinity::at(kind, index))) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrAffinityGetCurrent(out: *mut ocrGuid_t) -> u8 {
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(affinity::current())) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrAffinityQuery(
    guid: ocrGuid_t,
    count: *mut u64,
    affinities: *mut ocrGuid_t,
) -> u8 {
    let known = context::with(|context| {
        let guid = Guid::from(guid);
        match guid.is_null() || label::user_kind(context, guid) != 0 {
            true => Ok(()),
            false => Err(EINVAL),
        }
    });
    // Everything is on this node, and moves to where it is used.
    // SAFETY: C's pointers.
    number(known.and_then(|()| unsafe { fill(count, affinities, 1, |_| affinity::current()) }))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrAffinityToHintValue(affinity: ocrGuid_t) -> u64 {
    Guid::from(affinity).0
}
