//! Events.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrEventCreate(guid: *mut ocrGuid_t, kind: u32, properties: u16) -> u8 {
    // SAFETY: the caller's promise.
    unsafe { ocrEventCreateParams(guid, kind, properties, std::ptr::null()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrEventCreateParams(
    guid: *mut ocrGuid_t,
    kind: u32,
    properties: u16,
    params: *const ocrEventParams_t,
) -> u8 {
    if guid.is_null() {
        return EINVAL.0;
    }
    let takes_arg = properties & EVT_PROP_TAKES_ARG != 0;
    // SAFETY: null or good.
    let params = unsafe { params.as_ref() };
    if properties & GUID_PROP_IS_LABELED == 0 {
        let made = event::create(kind, takes_arg, params);
        // SAFETY: it is not null.
        return unsafe { answer(guid, guid_of(made)) };
    }
    // SAFETY: it is not null.
    let label = Guid::from(unsafe { guid.read() });
    let make = |_: &context::Context<'_>| event::create(kind, takes_arg, params);
    number(context::with_again(|context| {
        label::bind(context, label, properties, make).map(drop)
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEventDestroy(guid: ocrGuid_t) -> u8 {
    number(label::resolve(guid.into()).and_then(event::destroy))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEventSatisfy(event: ocrGuid_t, data: ocrGuid_t) -> u8 {
    ocrEventSatisfySlot(event, data, 0)
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEventSatisfySlot(event: ocrGuid_t, data: ocrGuid_t, slot: u32) -> u8 {
    number(context::with(|context| {
        depend::satisfy(context, event.into(), slot, data.into())
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrEventCollectiveSatisfySlot(
    event: ocrGuid_t,
    data: *mut c_void,
    slot: u32,
) -> u8 {
    number(context::with(|context| {
        // SAFETY: C's pointer, to as many elements as the event was made for.
        unsafe { collective::satisfy(context, event.into(), slot, data.cast()) }
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrAddDependence(
    source: ocrGuid_t,
    destination: ocrGuid_t,
    slot: u32,
    mode: u32,
) -> u8 {
    number(context::with(|context| {
        depend::add(context, source.into(), destination.into(), slot, mode)
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrAddDependenceSlot(
    source: ocrGuid_t,
    sslot: u32,
    destination: ocrGuid_t,
    dslot: u32,
    mode: u32,
) -> u8 {
    number(context::with(|context| {
        let there = label::resolve(source.into()).unwrap_or(source.into());
        match event::collective(there, |_| Ok(())) {
            Ok(()) => collective::join(context, there, sslot, (destination.into(), dslot, mode)),
            // Other events have one slot behind.
            Err(_) if sslot == 0 => {
                depend::add(context, source.into(), destination.into(), dslot, mode)
            }
            Err(code) => Err(code),
        }
    }))
}
