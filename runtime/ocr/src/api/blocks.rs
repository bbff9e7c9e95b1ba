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
    let made = context::with_again(|context| {
        let mut start = std::ptr::null_mut();
        let mut make = |context: &context::Context<'_>| {
            let (guid, address) = block::create(context, len, acquires)?;
            start = address;
            Ok(guid)
        };
        let guid = if flags & GUID_PROP_IS_LABELED == 0 {
            make(context)?
        } else {
            // SAFETY: it is not null.
            label::bind(context, Guid::from(unsafe { db.read() }), flags, make)?
        };
        // SAFETY: the hint is null or good.
        unsafe { hint::keep(guid, None, hint) };
        Ok((guid, start))
    });
    match made {
        Ok((guid, start)) => {
            if flags & GUID_PROP_IS_LABELED == 0 {
                // SAFETY: it is not null.
                unsafe { db.write(guid.into()) };
            }
            // SAFETY: it is null or good.
            unsafe { put(addr, start.cast()) };
            0
        }
        Err(code) => {
            // SAFETY: it is null or good.
            unsafe { put(addr, std::ptr::null_mut()) };
            code.0
        }
    }
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
