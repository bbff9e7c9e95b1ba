//! For runtimes on top.

use super::*;
use crate::running;

#[unsafe(no_mangle)]
pub extern "C" fn ocrElsUserGet(offset: u8) -> ocrGuid_t {
    let there = context::edt(|_, edt| {
        let els = edt.els.borrow();
        els.as_ref()?.get(usize::from(offset)).copied()
    });
    there.flatten().unwrap_or(Guid::NULL).into()
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrElsUserSet(offset: u8, data: ocrGuid_t) {
    context::edt(|_, edt| {
        let mut els = edt.els.borrow_mut();
        let all = els.get_or_insert_with(|| Box::new([Guid::NULL; context::ELS]));
        if let Some(place) = all.get_mut(usize::from(offset)) {
            *place = data.into();
        }
    });
}

#[unsafe(no_mangle)]
pub extern "C" fn currentEdtUserGet() -> ocrGuid_t {
    context::edt(|_, edt| edt.guid).unwrap_or(Guid::NULL).into()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrCurrentEdtGet(out: *mut ocrGuid_t) -> u8 {
    let edt = context::edt(|_, edt| edt.guid).ok_or(EPERM);
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(edt)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrCurrentEdtOutputGet(out: *mut ocrGuid_t) -> u8 {
    let output = context::edt(|_, edt| Guid(edt.body.output)).ok_or(EPERM);
    // SAFETY: C's pointer.
    unsafe { answer(out, guid_of(output)) }
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrNbWorkers() -> u64 {
    program::program().map_or(0, |program| program.runtime.xes() as u64)
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrCurrentWorkerGuid() -> ocrGuid_t {
    let worker = context::edt(|_, _| ()).and_then(|()| {
        let cpu = topology::current_cpu();
        let program = program::program()?;
        let xes = &program.runtime.plan().xes;
        xes.iter().position(|xe| Some(xe.cpu) == cpu).or(Some(0))
    });
    worker
        .map_or(Guid::NULL, |at| Guid::other(WORKER, at as u64))
        .into()
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrInformLegacyCodeBlocking() -> u8 {
    // One codelet that is ready runs now, if there is one.
    let helped = context::edt(|context, _| {
        let looked = std::cell::Cell::new(0);
        running::help(context, &|| looked.replace(looked.get() + 1) > 1)
    });
    number(helped.unwrap_or(Err(EPERM)))
}
