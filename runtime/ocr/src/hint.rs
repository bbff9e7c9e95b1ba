//! Hints. They change no result: of an EDT's, priority and affinity are heeded; all are kept and told.

use crate::code::{Answer, EINVAL, ENOENT};
use crate::context::Context;
use crate::guid::{AFFINITY, Guid, Kind};
use crate::slots::{EdtRef, HINTED};
use crate::types::ocrHint_t;
use crate::{affinity, block, edt, event, label, template};
use sprat::{OpenHints, Priority};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Kinds, and where their properties lie among all: the one before the first, the one behind the last.
const KINDS: [(u32, u32, u32); 4] = [(1, 0, 11), (2, 12, 20), (3, 21, 23), (4, 24, 25)];
const EDT: u32 = 1;
const BLOCK: u32 = 2;
const EVENT: u32 = 3;
const PRIORITY: usize = 0;
const NEAR: usize = 2;

/// Hints that were set on objects.
static SET: Mutex<Option<HashMap<u64, ocrHint_t>>> = Mutex::new(None);
/// Whether there have ever been any: a copy, for a look without the lock.
static ANY: AtomicBool = AtomicBool::new(false);

fn with<R>(f: impl FnOnce(&mut HashMap<u64, ocrHint_t>) -> R) -> R {
    f(SET
        .lock()
        .unwrap_or_else(|e| e.into_inner())
        .get_or_insert_default())
}

/// # Safety
/// The pointer is null or good.
pub(crate) unsafe fn init(hint: *mut ocrHint_t, kind: u32) -> Answer {
    if hint.is_null() || !(1..=4).contains(&kind) {
        return Err(EINVAL);
    }
    let new = ocrHint_t {
        kind,
        mask: 0,
        props: [0; 16],
    };
    // SAFETY: the caller's promise.
    unsafe { hint.write(new) };
    Ok(())
}

/// The hint and where the property lies in it.
///
/// # Safety
/// As for [`init`], and it was initialised.
unsafe fn property<'a>(hint: *mut ocrHint_t, property: u32) -> Answer<(&'a mut ocrHint_t, usize)> {
    // SAFETY: the caller's promise.
    let hint = unsafe { hint.as_mut() }.ok_or(EINVAL)?;
    let (_, start, end) = KINDS
        .into_iter()
        .find(|kind| kind.0 == hint.kind)
        .ok_or(EINVAL)?;
    match property > start && property < end {
        true => Ok((hint, (property - start - 1) as usize)),
        false => Err(EINVAL),
    }
}

/// # Safety
/// As for [`init`].
pub(crate) unsafe fn set_value(hint: *mut ocrHint_t, which: u32, value: u64) -> Answer {
    // SAFETY: the caller's promise.
    let (hint, at) = unsafe { property(hint, which) }?;
    hint.mask |= 1 << at;
    hint.props[at] = value;
    Ok(())
}

/// # Safety
/// As for [`init`].
pub(crate) unsafe fn unset_value(hint: *mut ocrHint_t, which: u32) -> Answer {
    // SAFETY: the caller's promise.
    let (hint, at) = unsafe { property(hint, which) }?;
    hint.mask &= !(1 << at);
    Ok(())
}

/// # Safety
/// As for [`init`].
pub(crate) unsafe fn value(hint: *mut ocrHint_t, which: u32) -> Answer<u64> {
    // SAFETY: the caller's promise.
    let (hint, at) = unsafe { property(hint, which) }?;
    match hint.mask & 1 << at {
        0 => Err(ENOENT),
        _ => Ok(hint.props[at]),
    }
}

/// An EDT that is there: it waits, or runs here.
fn edt_of<'a>(context: &'a Context<'_>, guid: Guid) -> Answer<EdtRef<'a>> {
    let running = context.edt.as_ref().filter(|edt| edt.guid == guid);
    running.map_or_else(|| edt::waiting(context, guid), |edt| Ok(edt.body))
}

/// Which kind of hints an object takes, if it is there.
fn kind_for(context: &Context<'_>, guid: Guid) -> Answer<u32> {
    match guid.kind() {
        Some(Kind::Template) => template::exists(guid).map(|()| EDT),
        Some(Kind::Edt) => edt_of(context, guid).map(|_| EDT),
        Some(Kind::Block) => block::exists(context, guid).map(|()| BLOCK),
        Some(Kind::Event) => event::kind(guid).map(|_| EVENT),
        _ => Err(EINVAL),
    }
}

/// # Safety
/// As for [`init`].
pub(crate) unsafe fn set(context: &Context<'_>, guid: Guid, hint: *const ocrHint_t) -> Answer {
    let guid = label::resolve(guid)?;
    // SAFETY: the caller's promise.
    let hint = unsafe { hint.as_ref() }.ok_or(EINVAL)?;
    if kind_for(context, guid)? != hint.kind {
        return Err(EINVAL);
    }
    ANY.store(true, Ordering::Relaxed);
    let merged = with(|set| {
        let there = set.entry(guid.0).or_insert(ocrHint_t { mask: 0, ..*hint });
        merge(there, hint);
        *there
    });
    if guid.kind() == Some(Kind::Edt) {
        let edt = edt_of(context, guid)?;
        edt.flags.fetch_or(HINTED, Ordering::Relaxed);
    }
    if guid.kind() == Some(Kind::Template) {
        template::change(guid, |template| {
            template.hints = heeded(OpenHints::default(), &merged);
            template.hinted = true;
        })?;
    }
    Ok(())
}

/// # Safety
/// As for [`init`].
pub(crate) unsafe fn get(context: &Context<'_>, guid: Guid, hint: *mut ocrHint_t) -> Answer {
    let guid = label::resolve(guid)?;
    // SAFETY: the caller's promise.
    let hint = unsafe { hint.as_mut() }.ok_or(EINVAL)?;
    if kind_for(context, guid)? != hint.kind {
        return Err(EINVAL);
    }
    with(|set| {
        if let Some(there) = set.get(&guid.0) {
            merge(hint, there);
        }
    });
    Ok(())
}

fn merge(to: &mut ocrHint_t, from: &ocrHint_t) {
    for at in (0..16).filter(|at| from.mask & 1 << at != 0) {
        to.props[at] = from.props[at];
    }
    to.mask |= from.mask;
}

/// What of a hint is heeded, on top of this.
fn heeded(mut hints: OpenHints, hint: &ocrHint_t) -> OpenHints {
    let value = |at: usize| (hint.mask & 1 << at != 0).then_some(hint.props[at]);
    if let Some(priority) = value(PRIORITY) {
        hints.priority = match priority {
            0 => Priority::Normal,
            _ => Priority::High,
        };
    }
    if let Some(affinity) = value(NEAR) {
        hints.region = Guid(affinity).as_other(AFFINITY).and_then(affinity::region);
    }
    hints
}

/// How a new EDT is to be run, and whether there is something to be told later.
///
/// # Safety
/// As for [`init`].
#[inline]
pub(crate) unsafe fn of_edt(template: OpenHints, hint: *const ocrHint_t) -> OpenHints {
    // SAFETY: the caller's promise.
    match unsafe { hint.as_ref() } {
        Some(hint) if hint.kind == EDT && hint.mask != 0 => heeded(template, hint),
        _ => template,
    }
}

/// Keeps the hints of a new object, to be told; whether there are any.
///
/// # Safety
/// As for [`init`].
#[inline(always)]
pub(crate) unsafe fn keep(guid: Guid, from: Option<Guid>, hint: *const ocrHint_t) -> bool {
    // SAFETY: the caller's promise.
    (!hint.is_null() || from.is_some()) && unsafe { keep_some(guid, from, hint) }
}

/// # Safety
/// As for [`init`].
#[cold]
unsafe fn keep_some(guid: Guid, from: Option<Guid>, hint: *const ocrHint_t) -> bool {
    // SAFETY: the caller's promise.
    let own = unsafe { hint.as_ref() }.filter(|hint| hint.mask != 0);
    if own.is_none() && from.is_none() {
        return false;
    }
    ANY.store(true, Ordering::Relaxed);
    with(|set| {
        let inherited = from.and_then(|from| set.get(&from.0).copied());
        if let Some(mut all) = inherited.or(own.copied()) {
            if let Some(own) = own.filter(|own| own.kind == all.kind) {
                merge(&mut all, own);
            }
            set.insert(guid.0, all);
        }
    });
    true
}

/// An object goes that had hints.
#[cold]
pub(crate) fn forget(guid: Guid) {
    with(|set| set.remove(&guid.0));
}

/// An object goes that may have had hints.
#[inline]
pub(crate) fn gone(guid: Guid) {
    // Relaxed: whoever destroys an object knows of it by way of who set its hints.
    if ANY.load(Ordering::Relaxed) {
        forget(guid);
    }
}

/// At the end of a program.
pub(crate) fn clear() {
    with(HashMap::clear);
    ANY.store(false, Ordering::Relaxed);
}
