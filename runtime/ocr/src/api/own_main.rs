//! Programs with a main of their own.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrParseArgs(
    argc: c_int,
    argv: *mut *const c_char,
    config: *mut ocrConfig_t,
) {
    if config.is_null() || argv.is_null() {
        return;
    }
    // SAFETY: as `main` gets them.
    let kept = unsafe { entry::programs_arguments(argc, argv) };
    for (at, &argument) in kept.iter().enumerate() {
        // SAFETY: there were at least as many.
        unsafe { argv.wrapping_add(at).write(argument) };
    }
    let parsed = ocrConfig_t {
        argc: kept.len() as c_int,
        argv: argv.cast(),
        ini_file: std::ptr::null(),
    };
    // SAFETY: C's pointer.
    unsafe { config.write(parsed) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrLegacyInit(out: *mut ocrGuid_t, _: *mut ocrConfig_t) {
    let context = legacy::init().unwrap_or(Guid::ERROR);
    // SAFETY: C's pointer.
    unsafe { put(out, context.into()) };
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrLegacyFinalize(context: ocrGuid_t, until_shutdown: bool) -> u8 {
    legacy::finalize(context.into(), until_shutdown).unwrap_or_else(|code| code.0)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrLegacySpawnOCR(
    handle: *mut ocrGuid_t,
    template: ocrGuid_t,
    paramc: u64,
    paramv: *mut u64,
    depc: u64,
    depv: *mut ocrGuid_t,
    _: ocrGuid_t,
) -> u8 {
    if handle.is_null() {
        return EINVAL.0;
    }
    // SAFETY: C's pointers.
    let spawned = unsafe { legacy::spawn(template.into(), (paramc, paramv), (depc, depv)) };
    // SAFETY: it is not null.
    unsafe { answer(handle, guid_of(spawned)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrLegacyBlockProgress(
    handle: ocrGuid_t,
    guid: *mut ocrGuid_t,
    result: *mut *mut c_void,
    size: *mut u64,
    properties: u16,
) -> u8 {
    let came = match legacy::wait(handle.into(), properties) {
        Ok(came) => came,
        Err(code) => return code.0,
    };
    let nothing = Ok((std::ptr::null_mut(), 0));
    let acquired = match (came.is_null(), result.is_null(), size.is_null()) {
        (true, ..) | (false, true, true) => nothing,
        (false, true, false) => {
            let bytes = context::with(|context| block::size(context, came));
            bytes.map(|bytes| (std::ptr::null_mut(), bytes))
        }
        (false, false, _) => context::with_again(|context| block::acquire(context, came)),
    };
    let (start, bytes) = acquired.unwrap_or((std::ptr::null_mut(), 0));
    // SAFETY: C's pointers.
    unsafe { put(guid, came.into()) };
    // SAFETY: as above.
    unsafe { put(result, start.cast()) };
    // SAFETY: as above.
    unsafe { put(size, bytes) };
    number(acquired.map(drop))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrWait(event: ocrGuid_t) -> ocrGuid_t {
    legacy::wait(event.into(), 0).unwrap_or(Guid::ERROR).into()
}
