//! Pause.

use super::*;

#[unsafe(no_mangle)]
pub extern "C" fn ocrPause(waits: bool) -> u32 {
    u32::from(pause::pause(waits))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrResume(_: u32) {
    pause::resume();
}

/// The events that are there, in a block that is the caller's. Of EDTs nothing is told: they are with the engines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrQuery(
    query: u32,
    _: ocrGuid_t,
    result: *mut *mut c_void,
    size: *mut u32,
    _: u8,
) -> ocrGuid_t {
    const EVENTS: u32 = 1;
    let listed = context::with(|context| {
        if query != EVENTS || !pause::is_paused() {
            return Err(ENOP);
        }
        let all = event::all();
        let bytes = u32::try_from(all.len() * size_of::<ocrGuid_t>()).map_err(|_| EFAULT)?;
        let (guid, start) = block::create(context, u64::from(bytes), true)?;
        // SAFETY: the block's memory, which is as long, and which we hold.
        unsafe { start.copy_from_nonoverlapping(all.as_ptr().cast(), bytes as usize) };
        Ok((guid, start, bytes))
    });
    let (guid, start, bytes) = listed.unwrap_or((Guid::NULL, std::ptr::null_mut(), 0));
    // SAFETY: C's pointers.
    unsafe { put(result, start.cast()) };
    // SAFETY: as above.
    unsafe { put(size, bytes) };
    guid.into()
}
