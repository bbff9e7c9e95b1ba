//! The functions of `ocr.h`, as C calls them. What comes in is checked where that is possible at all; what is done is in the
//! other modules, and what they mean in `ocr.h`. A null pointer where something is to be written, if OCR does not say that it may be left out, is an error.

#![allow(missing_docs)] // The header documents them.

use crate::code::{Answer, EFAULT, EINVAL, ENOP, ENOTSUP, EPERM, number};
use crate::context;
use crate::edt::{self, New};
use crate::guid::{Guid, WORKER};
use crate::types::*;
use crate::{
    affinity, block, collective, depend, entry, event, hint, label, legacy, pause, program,
    template,
};
use sprat::topology;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::Write;

/// Writes a result, if it is wanted.
///
/// # Safety
/// The pointer is null or good.
#[inline]
unsafe fn put<T>(to: *mut T, what: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(what) };
    }
}

/// Writes a result that must be wanted.
///
/// # Safety
/// The pointer is null or good.
unsafe fn answer<T>(to: *mut T, what: Answer<T>) -> u8 {
    if to.is_null() {
        return EINVAL.0;
    }
    match what {
        Ok(what) => {
            // SAFETY: the caller's promise.
            unsafe { to.write(what) };
            0
        }
        Err(code) => code.0,
    }
}

fn guid_of(guid: Answer<Guid>) -> Answer<ocrGuid_t> {
    guid.map(ocrGuid_t::from)
}

// ---- Ends and arguments ----

#[unsafe(no_mangle)]
pub extern "C" fn ocrShutdown() {
    program::shut_down(0);
    legacy::tell();
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrAbort(code: u8) {
    program::shut_down(code);
    legacy::tell();
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetArgc(arguments: *mut c_void) -> u64 {
    if arguments.is_null() {
        return 0;
    }
    // SAFETY: the block that `mainEdt` was given.
    unsafe { arguments.cast::<u64>().read() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ocrGetArgv(arguments: *mut c_void, count: u64) -> *mut c_char {
    // SAFETY: the block that `mainEdt` was given.
    if count >= unsafe { ocrGetArgc(arguments) } {
        return std::ptr::null_mut();
    }
    let word = arguments.cast::<u64>().wrapping_add(1 + count as usize);
    // SAFETY: there is a word for each argument.
    let offset = unsafe { word.read() };
    // SAFETY: where the argument begins, inside the block.
    unsafe { arguments.cast::<c_char>().add(offset as usize) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_ocr_put(text: *const c_char, length: usize) {
    unsafe extern "C" {
        static mut stdout: *mut c_void;
        fn fwrite(from: *const c_void, size: usize, count: usize, file: *mut c_void) -> usize;
    }
    // SAFETY: C's own.
    let file = unsafe { stdout };
    // SAFETY: so much text there is; C's streams have locks of their own. What does not fit on a full disk is lost, as with
    // `printf`.
    unsafe { fwrite(text.cast(), 1, length, file) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_ocr_assert_failed(
    condition: *const c_char,
    file: *const c_char,
    line: u32,
) {
    // SAFETY: strings that the compiler made.
    let text = |text: *const c_char| unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let edt = context::edt(|_, edt| edt.body.name.to_string());
    let edt = edt.map_or_else(String::new, |name| format!(" in EDT `{name}`"));
    let said = format!(
        "assertion `{}` failed{edt}, at {}:{line}\n",
        text(condition),
        text(file)
    );
    // Nothing can be done if that is lost, too.
    let _ = std::io::stderr().write_all(said.as_bytes());
    std::process::abort();
}

// ---- Data blocks ----

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
    let made = context::with(|context| {
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

// ---- EDTs ----

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
    let hinted = template::get(guid).is_ok_and(|template| template.hinted);
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
    number(context::with(|context| {
        // SAFETY: C's pointers, which are good for what is said.
        unsafe { edt::create(context, guid, &new) }
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrEdtDestroy(guid: ocrGuid_t) -> u8 {
    number(context::with(|context| {
        edt::destroy(context, label::resolve(guid.into())?)
    }))
}

// ---- Events ----

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
    number(context::with(|context| {
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

// ---- Hints ----

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

// ---- Labels ----

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

// ---- Affinity ----

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

// ---- For runtimes on top ----

#[unsafe(no_mangle)]
pub extern "C" fn ocrElsUserGet(offset: u8) -> ocrGuid_t {
    let there = context::edt(|_, edt| edt.els.get().get(usize::from(offset)).copied());
    there.flatten().unwrap_or(Guid::NULL).into()
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrElsUserSet(offset: u8, data: ocrGuid_t) {
    context::edt(|_, edt| {
        let mut all = edt.els.get();
        if let Some(place) = all.get_mut(usize::from(offset)) {
            *place = data.into();
            edt.els.set(all);
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
        context
            .scope
            .help_until(&|| looked.replace(looked.get() + 1) > 1);
    });
    number(helped.ok_or(EPERM))
}

// ---- Programs with a main of their own ----

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
    let looked = context::with(|context| block::look(context, came));
    let (start, bytes) = looked.unwrap_or((std::ptr::null_mut(), 0));
    // SAFETY: C's pointers.
    unsafe { put(guid, came.into()) };
    // SAFETY: as above.
    unsafe { put(result, start.cast()) };
    // SAFETY: as above.
    unsafe { put(size, bytes) };
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn ocrWait(event: ocrGuid_t) -> ocrGuid_t {
    legacy::wait(event.into(), 0).unwrap_or(Guid::ERROR).into()
}

// ---- Pause ----

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
