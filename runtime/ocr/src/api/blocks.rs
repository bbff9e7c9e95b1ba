//! Data blocks.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrDbCreate(
    db: *mut ocrGuid_t,
    addr: *mut *mut c_void,
    len: u64,
    flags: u16,
    hint: *mut ocrHint_t,
    allocator: u32,
) -> u8 {
    let acquires = flags & DB_PROP_NO_ACQUIRE == 0;
    if db.is_null() || acquires && addr.is_null() || allocator != 0 {
        return EINVAL.0;
    }
    let labelled = flags & GUID_PROP_IS_LABELED != 0;
    let mut start = std::ptr::null_mut();
    // By who is inside: outside the program may have ended, and its hints be those of another.
    let keep = |guid: &Guid| {
        // SAFETY: the hint is null or good.
        unsafe { hint::keep(*guid, None, hint) };
    };
    let made = if labelled {
        context::with_again(|context| {
            let make = |context: &context::Context<'_>| {
                let (guid, address) = block::create(context, len, acquires)?;
                start = address;
                Ok(guid)
            };
            // SAFETY: it is not null.
            let label = Guid::from(unsafe { db.read() });
            label::bind(context, label, flags, make).inspect(keep)
        })
    } else {
        context::with(|context| {
            let (guid, address) = block::create(context, len, acquires)?;
            start = address;
            keep(&guid);
            // SAFETY: it is not null.
            unsafe { db.write(guid.into()) };
            Ok(guid)
        })
    };
    // SAFETY: it is null or good.
    unsafe { put(addr, start.cast()) };
    number(made.map(|_| ()))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbDestroy(db: ocrGuid_t) -> u8 {
    number(context::with(|context| block::destroy(context, db.into())))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbRelease(db: ocrGuid_t) -> u8 {
    number(context::with(|context| block::release(context, db.into())))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrDbGetSize(db: ocrGuid_t, size: *mut u64) -> u8 {
    let bytes = context::with(|context| block::size(context, db.into()));
    // SAFETY: C's pointer.
    unsafe { answer(size, bytes) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbMalloc(_: ocrGuid_t, _: u64, _: *mut *mut c_void) -> u8 {
    ENOTSUP.0
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbMallocOffset(_: ocrGuid_t, _: u64, _: *mut u64) -> u8 {
    ENOTSUP.0
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbFree(_: ocrGuid_t, _: *mut c_void) -> u8 {
    ENOTSUP.0
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbFreeOffset(_: ocrGuid_t, _: u64) -> u8 {
    ENOTSUP.0
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrDbCopy(
    _: ocrGuid_t,
    _: u64,
    _: ocrGuid_t,
    _: u64,
    _: u64,
    _: u64,
    _: *mut ocrGuid_t,
) -> u8 {
    ENOTSUP.0
}
