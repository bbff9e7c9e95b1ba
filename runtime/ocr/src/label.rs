//! Labelled GUIDs: numbers that programs agree on before there are objects. A map says which object has a number now.

use crate::code::{Answer, EAGAIN, ECANCELED, EGUIDEXISTS, EINVAL, ENOENT, ENOMEM};
use crate::context::Context;
use crate::guid::{Guid, Kind};
use crate::types::*;
use crate::{event, program, running, template};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, RwLock};

/// What is done with the object of a label when there is one.
type Later = Box<dyn FnOnce(&Context<'_>, Guid) + Send>;

/// What a number stands for.
enum State {
    Made(Guid),
    /// It is made, and what was to be done then is being done; so much has come meanwhile, and is done after that.
    Making(Guid, Vec<Later>),
    /// Nobody has made it yet; so much is to be done then.
    Awaited(Vec<Later>),
}

const SHARDS: usize = 64;
static LABELS: LazyLock<[Mutex<HashMap<u64, State>>; SHARDS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::new(HashMap::new())));

fn shard(label: Guid) -> std::sync::MutexGuard<'static, HashMap<u64, State>> {
    let (_, number) = label.label();
    let shard = &LABELS[number as usize % SHARDS];
    shard.lock().unwrap_or_else(|e| e.into_inner())
}

/// At the end of a program: its objects are gone.
pub(crate) fn clear() {
    for shard in LABELS.iter() {
        shard.lock().unwrap_or_else(|e| e.into_inner()).clear();
    }
}

/// The kinds that programs name.
pub(crate) const USER_DB: u32 = 2;
pub(crate) const USER_EDT: u32 = 3;
pub(crate) const USER_TEMPLATE: u32 = 4;
const USER_EVENTS: std::ops::RangeInclusive<u32> = 17..=23;

/// What kind of object a label is for.
pub(crate) fn kind_of(label: Guid) -> Kind {
    match label.label().0 {
        USER_DB => Kind::Block,
        USER_EDT => Kind::Edt,
        USER_TEMPLATE => Kind::Template,
        _ => Kind::Event,
    }
}

/// The object of a label, or what is none as it is.
///
/// # Errors
/// [`ENOENT`] if nothing was made with it.
#[inline]
pub(crate) fn resolve(guid: Guid) -> Answer<Guid> {
    match guid.is(Kind::Label) {
        true => made(guid),
        false => Ok(guid),
    }
}

fn made(label: Guid) -> Answer<Guid> {
    match shard(label).get(&label.label().1) {
        Some(State::Made(guid)) => Ok(*guid),
        _ => Err(ENOENT),
    }
}

/// Does something with the object of a label as soon as there is one.
pub(crate) fn later(
    context: &Context<'_>,
    label: Guid,
    what: impl FnOnce(&Context<'_>, Guid) + Send + 'static,
) -> Answer {
    check(label)?;
    let mut shard = shard(label);
    let state = shard
        .entry(label.label().1)
        .or_insert_with(|| State::Awaited(Vec::new()));
    match state {
        State::Awaited(all) | State::Making(_, all) => all.push(Box::new(what)),
        State::Made(guid) => {
            let guid = *guid;
            drop(shard);
            what(context, guid);
        }
    }
    Ok(())
}

/// Whether an object is still there.
fn lives(context: &Context<'_>, guid: Guid) -> bool {
    match guid.kind() {
        Some(Kind::Event) => event::kind(guid).is_ok(),
        Some(Kind::Block) => crate::block::exists(context, guid).is_ok(),
        Some(Kind::Template) => template::exists(guid).is_ok(),
        // One that runs or has run made room for another.
        Some(Kind::Edt) => crate::edt::waiting(context, guid).is_ok(),
        _ => false,
    }
}

/// Makes the object of a label, which the properties say how.
///
/// # Errors
/// [`EGUIDEXISTS`] if there is one and the caller wants to know; [`EINVAL`] if it is no label of a range; [`ECANCELED`] if the
/// program is shut down and the one that is waited for has not gone; [`EAGAIN`] to a thread outside of all EDTs that has to wait.
pub(crate) fn bind(
    context: &Context<'_>,
    label: Guid,
    properties: u16,
    make: impl FnOnce(&Context<'_>) -> Answer<Guid>,
) -> Answer<Guid> {
    if !label.is(Kind::Label) {
        return Err(EINVAL);
    }
    check(label)?;
    let blocks = properties & GUID_PROP_BLOCK == GUID_PROP_BLOCK;
    let checks = properties & GUID_PROP_CHECK == GUID_PROP_CHECK;
    let number = label.label().1;
    let mut all = shard(label);
    while let Some(State::Made(guid) | State::Making(guid, _)) = all.get(&number)
        && lives(context, *guid)
    {
        if checks {
            return Err(EGUIDEXISTS);
        }
        if !blocks {
            // The program promised that there is one creator at a time; the last one counts.
            break;
        }
        let guid = *guid;
        drop(all);
        if program::is_shut_down() {
            return Err(ECANCELED);
        }
        if context.edt.is_none() {
            return Err(EAGAIN);
        }
        let done = || program::is_shut_down() || !lives(context, guid);
        running::help(context, &done)?;
        all = shard(label);
    }
    let guid = make(context)?;
    let waiting = match all.remove(&number) {
        Some(State::Awaited(waiting) | State::Making(_, waiting)) => waiting,
        Some(State::Made(_)) | None => Vec::new(),
    };
    if waiting.is_empty() {
        all.insert(number, State::Made(guid));
        return Ok(guid);
    }
    all.insert(number, State::Making(guid, waiting));
    drop(all);
    catch_up(context, label, guid);
    Ok(guid)
}

/// Does what was to be done when the object is there, in the order in which it was asked for. What is asked for meanwhile goes
/// behind it, so that nothing overtakes it; only then others see the object.
fn catch_up(context: &Context<'_>, label: Guid, guid: Guid) {
    loop {
        let mut all = shard(label);
        let waiting = match all.get_mut(&label.label().1) {
            Some(State::Making(made, waiting)) if *made == guid => std::mem::take(waiting),
            // Another creator came, and has what was left.
            _ => return,
        };
        if waiting.is_empty() {
            all.insert(label.label().1, State::Made(guid));
            return;
        }
        drop(all);
        waiting.into_iter().for_each(|what| what(context, guid));
    }
}

/// A range of labels, perhaps with a map.
struct Range {
    start: u64,
    count: u64,
    kind: u32,
    map: Option<(MapFunction, Box<[i64]>)>,
}

static RANGES: RwLock<Vec<Option<Range>>> = RwLock::new(Vec::new());
/// The map that is used where none is named; one more than its number.
static DEFAULT: AtomicU64 = AtomicU64::new(0);
/// The first number that is not reserved.
static NEXT: AtomicU64 = AtomicU64::new(1);
const MOST: u64 = 1 << 47;

/// Whether a label is of a range that was reserved.
pub(crate) fn check(label: Guid) -> Answer {
    let reserved = 1..NEXT.load(Ordering::Relaxed);
    (reserved.contains(&label.label().1))
        .then_some(())
        .ok_or(EINVAL)
}

pub(crate) fn create_range(
    count: u64,
    kind: u32,
    map: Option<(MapFunction, Box<[i64]>)>,
) -> Answer<Guid> {
    let known = matches!(kind, USER_DB | USER_EDT | USER_TEMPLATE) || USER_EVENTS.contains(&kind);
    if count == 0 || !known {
        return Err(EINVAL);
    }
    let start = NEXT
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            next.checked_add(count).filter(|&next| next < MOST)
        })
        .map_err(|_| ENOMEM)?;
    let mut ranges = RANGES.write().unwrap_or_else(|e| e.into_inner());
    ranges.push(Some(Range {
        start,
        count,
        kind,
        map,
    }));
    Ok(Guid::labelled(Kind::Range, kind, ranges.len() as u64 - 1))
}

fn with<R>(range: Guid, f: impl FnOnce(&Range) -> Answer<R>) -> Answer<R> {
    if !range.is(Kind::Range) {
        return Err(EINVAL);
    }
    let ranges = RANGES.read().unwrap_or_else(|e| e.into_inner());
    let (kind, number) = range.label();
    match ranges.get(number as usize) {
        Some(Some(range)) if range.kind == kind => f(range),
        _ => Err(EINVAL),
    }
}

pub(crate) fn destroy_range(range: Guid) -> Answer {
    with(range, |_| Ok(()))?;
    let mut ranges = RANGES.write().unwrap_or_else(|e| e.into_inner());
    let number = range.label().1 as usize;
    match ranges.get_mut(number).and_then(Option::take) {
        Some(_) => Ok(()),
        None => Err(EINVAL),
    }
}

pub(crate) fn set_default(map: Guid) {
    DEFAULT.store(map.label().1 + 1, Ordering::Relaxed);
}

/// The map to use.
pub(crate) fn map_or_default(map: Guid) -> Answer<Guid> {
    if !map.is_null() {
        return Ok(map);
    }
    let number = DEFAULT
        .load(Ordering::Relaxed)
        .checked_sub(1)
        .ok_or(EINVAL)?;
    let ranges = RANGES.read().unwrap_or_else(|e| e.into_inner());
    match ranges.get(number as usize) {
        Some(Some(range)) => Ok(Guid::labelled(Kind::Range, range.kind, number)),
        _ => Err(EINVAL),
    }
}

pub(crate) fn from_index(range: Guid, index: u64) -> Answer<Guid> {
    with(range, |range| match index < range.count {
        true => Ok(Guid::labelled(Kind::Label, range.kind, range.start + index)),
        false => Err(EINVAL),
    })
}

/// # Safety
/// The tuple is as long as the program's function reads.
pub(crate) unsafe fn from_tuple(map: Guid, tuple: *mut i64) -> Answer<Guid> {
    let (function, mut params, start, kind, count) = with(map, |range| {
        let (function, params) = range.map.as_ref().ok_or(EINVAL)?;
        Ok((
            *function,
            params.clone(),
            range.start,
            range.kind,
            range.count,
        ))
    })?;
    let first = Guid::labelled(Kind::Label, kind, start);
    // SAFETY: the program's function, called as it was promised.
    let label = Guid::from(unsafe { function(first.into(), 1, params.as_mut_ptr(), tuple) });
    let inside = label.is(Kind::Label) && (start..start + count).contains(&label.label().1);
    inside.then_some(label).ok_or(EINVAL)
}

/// The kind of an object that is there, in programs' numbers; 0 if there is none.
pub(crate) fn user_kind(context: &Context<'_>, guid: Guid) -> u32 {
    let Ok(guid) = resolve(guid) else {
        return 0;
    };
    match guid.kind() {
        Some(Kind::Block) if lives(context, guid) => USER_DB,
        Some(Kind::Edt) if lives(context, guid) => USER_EDT,
        Some(Kind::Template) if lives(context, guid) => USER_TEMPLATE,
        Some(Kind::Event) => match event::kind(guid) {
            Ok(1) => 17,
            Ok(2) => 19,
            Ok(3) => 21,
            Ok(4) => 22,
            Ok(5) => 18,
            Ok(6) => 20,
            Ok(7) => 23,
            _ => 0,
        },
        _ => 0,
    }
}
