//! EDTs.

use super::*;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrEdtTemplateCreate_internal(
    guid: *mut ocrGuid_t,
    function: Option<ocrEdt_t>,
    paramc: u32,
    depc: u32,
    name: *const c_char,
) -> u8 {
    // SAFETY: C's string.
    let template = unsafe { template::create(function, paramc, depc, name) };
    // SAFETY: C's pointer.
    unsafe { answer(guid, guid_of(template)) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEdtTemplateDestroy(guid: ocrGuid_t) -> u8 {
    let guid = Guid::from(guid);
    let hinted = template::read(guid, |template| Ok(template.hinted)) == Ok(true);
    let destroyed = template::destroy(guid);
    if hinted {
        hint::forget(guid);
    }
    number(destroyed)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrEdtCreate(
    guid: *mut ocrGuid_t,
    template: ocrGuid_t,
    paramc: u32,
    paramv: *mut u64,
    depc: u32,
    depv: *mut ocrGuid_t,
    properties: u16,
    hint: *mut ocrHint_t,
    output: *mut ocrGuid_t,
) -> u8 {
    let new = New {
        template: template.into(),
        paramc,
        paramv,
        depc,
        depv,
        properties,
        hint,
        output,
    };
    // SAFETY: C's pointers, which are good for what is said.
    let create = |context: &context::Context<'_>| unsafe { edt::create(context, guid, &new) };
    number(match properties & GUID_PROP_IS_LABELED {
        0 => context::with(create),
        _ => context::with_again(create),
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEdtDestroy(guid: ocrGuid_t) -> u8 {
    number(context::with(|context| {
        edt::destroy(context, label::resolve(guid.into())?)
    }))
}
