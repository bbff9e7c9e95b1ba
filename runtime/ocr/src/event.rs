//! Events: the runtime's state machines, each in a place of a table, behind a spin lock.

use crate::code::{Answer, Code, EINVAL, ENOMEM, EPERM};
use crate::collective::Collective;
use crate::context::Context;
use crate::depend;
use crate::guid::{Guid, Kind};
use crate::hint;
use crate::program;
use crate::table::{Spare, Table};
use crate::types::ocrEventParams_t;
use sprat::decide::event_kinds::{
    Action, Channel, Counted, Idempotent, Input, Kind as Steps, Latch, Once, Sticky, Verdict,
};
use std::cell::RefCell;
use std::num::NonZeroUsize;

/// A slot of an EDT or event that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) target: std::num::NonZeroU64,
    pub(crate) slot: u32,
}

/// An event of some kind.
#[derive(Default)]
pub(crate) enum Event {
    /// The place is free.
    #[default]
    Free,
    Once(Once<Waiter>),
    Sticky(Sticky<Waiter, Guid>),
    Idem(Idempotent<Waiter, Guid>),
    Latch(Latch<Waiter>),
    Counted(Counted<Waiter, Guid>),
    Channel(Box<Channel<Waiter, Guid>>),
    Collective(Box<Collective>),
}

/// With what it was made for.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    /// A block may come with a satisfaction.
    takes_arg: bool,
    /// Whether it was satisfied, for the report of what is left.
    satisfied: bool,
}

thread_local! {
    static SPARE: Spare = const { RefCell::new(Vec::new()) };
}

static EVENTS: Table<Entry> = Table::new(&SPARE);

/// OCR's numbers of kinds.
pub(crate) const ONCE: u32 = 1;
const IDEM: u32 = 2;
pub(crate) const STICKY: u32 = 3;
const LATCH: u32 = 4;
const COUNTED: u32 = 5;
const CHANNEL: u32 = 6;
const COLLECTIVE: u32 = 7;
const UNBOUNDED: u32 = u32::MAX;

/// Makes an event of a kind.
#[inline]
pub(crate) fn create(
    kind: u32,
    takes_arg: bool,
    params: Option<&ocrEventParams_t>,
) -> Answer<Guid> {
    // Made where it is to stay.
    let put = match kind {
        ONCE => put(takes_arg, || Event::Once(Once::default())),
        STICKY => put(takes_arg, || Event::Sticky(Sticky::default())),
        IDEM => put(takes_arg, || Event::Idem(Idempotent::default())),
        _ => {
            let event = special(kind, params)?;
            put(takes_arg, || event)
        }
    };
    let (place, generation) = put.ok_or(ENOMEM)?;
    Ok(Guid::placed(Kind::Event, place, generation))
}

#[inline(always)]
fn put(takes_arg: bool, event: impl FnOnce() -> Event) -> Option<(u32, u32)> {
    EVENTS.put(|entry| {
        entry.event = event();
        entry.takes_arg = takes_arg;
        entry.satisfied = false;
    })
}

fn special(kind: u32, params: Option<&ocrEventParams_t>) -> Answer<Event> {
    Ok(match kind {
        LATCH => {
            // SAFETY: of whatever kind the parameters are, the word is there; any bits are a number.
            let count = params.map_or(0, |params| unsafe { params.latch });
            let count = i64::try_from(count).map_err(|_| EINVAL)?;
            Event::Latch(Latch::new(count, true))
        }
        COUNTED => {
            // SAFETY: as above.
            let count = params.map_or(0, |params| unsafe { params.counted });
            let count = usize::try_from(count).ok().and_then(NonZeroUsize::new);
            Event::Counted(Counted::new(count.ok_or(EINVAL)?))
        }
        CHANNEL => {
            // SAFETY: as above.
            let params = params.map(|params| unsafe { params.channel });
            let [generations, satisfactions, dependences] = params.unwrap_or([UNBOUNDED, 1, 1]);
            if satisfactions != 1 || dependences != 1 || generations == 0 {
                return Err(EINVAL);
            }
            let bound =
                NonZeroUsize::new(generations as usize).filter(|_| generations != UNBOUNDED);
            Event::Channel(Box::new(Channel::new(bound)))
        }
        COLLECTIVE => {
            // SAFETY: as above; all its fields are numbers.
            let params = unsafe { params.ok_or(EINVAL)?.collective };
            Event::Collective(Box::new(Collective::new(&params)?))
        }
        _ => return Err(EINVAL),
    })
}

/// What is to be told: in the order in which it came. Of the first, which mostly is the only one, each word lies by itself, so that
/// it goes through registers: what is written in words and read at once as a whole waits for the memory.
#[derive(Default)]
pub(crate) struct Told {
    target: Option<std::num::NonZeroU64>,
    slot: u32,
    what: Guid,
    more: Vec<(Waiter, Guid)>,
    next: usize,
}

impl Told {
    #[inline]
    pub(crate) fn push(&mut self, waiter: Waiter, what: Guid) {
        match self.target {
            None if self.more.is_empty() => {
                self.target = Some(waiter.target);
                self.slot = waiter.slot;
                self.what = what;
            }
            _ => self.more.push((waiter, what)),
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(Waiter, Guid)> {
        if let Some(target) = self.target.take() {
            let slot = self.slot;
            return Some((Waiter { target, slot }, self.what));
        }
        let next = self.more.get(self.next).copied();
        self.next += 1;
        next
    }
}

/// Works on an event, under its lock.
#[inline]
fn locked<R>(guid: Guid, f: impl FnOnce(&mut Entry) -> Answer<R>) -> Answer<R> {
    if guid.kind() != Some(Kind::Event) {
        return Err(EINVAL);
    }
    let (number, generation) = guid.place();
    let place = EVENTS.at(number).ok_or(EINVAL)?;
    place
        .thing
        .with(|entry| match place.generation() == generation {
            true => f(entry),
            false => Err(EINVAL),
        })
}

/// A step of an event: what is to be told goes to `told`, and an event that is gone by it goes. `shortly` takes it at once if it is one
/// of the common, and says whether the event is gone; else `allow` says whether it may be taken the general way.
#[inline(always)]
fn step(
    guid: Guid,
    input: Input<Waiter, Guid>,
    told: &mut Told,
    shortly: impl FnOnce(&mut Entry, &mut Told) -> Option<bool>,
    allow: impl FnOnce(&mut Entry) -> Answer,
) -> Answer {
    if guid.kind() != Some(Kind::Event) {
        return Err(EINVAL);
    }
    let (number, generation) = guid.place();
    let place = EVENTS.at(number).ok_or(EINVAL)?;
    let gone = place.thing.with(|entry| {
        if place.generation() != generation {
            return Err(EINVAL);
        }
        let gone = match shortly(entry, told) {
            Some(gone) => gone,
            None => {
                allow(entry)?;
                general_step(entry, input, told)?
            }
        };
        if gone {
            Table::end(place, entry);
        }
        Ok(gone)
    })?;
    if gone {
        hint::gone(guid);
        EVENTS.give(number);
    }
    Ok(())
}

/// A step of any kind of event, under its lock; whether it is gone by that.
#[inline(never)]
fn general_step(entry: &mut Entry, input: Input<Waiter, Guid>, told: &mut Told) -> Answer<bool> {
    let mut gone = false;
    let act = &mut |action| match action {
        Action::Tell(waiter, Verdict::Satisfied(what)) => {
            told.push(waiter, what.unwrap_or(Guid::NULL))
        }
        // Whoever waits for what was destroyed waits in vain, which the report tells.
        Action::Tell(..) => (),
        Action::Gone => gone = true,
    };
    let stepped = match &mut entry.event {
        Event::Free => return Err(EINVAL),
        Event::Once(event) => event.step(input, act),
        Event::Sticky(event) => event.step(input, act),
        Event::Idem(event) => event.step(input, act),
        Event::Latch(event) => event.step(input, act),
        Event::Counted(event) => event.step(input, act),
        Event::Channel(event) => event.step(input, act),
        Event::Collective(_) => match input {
            Input::Destroy => return Ok(true),
            _ => return Err(EINVAL),
        },
    };
    stepped.map_err(Code::from)?;
    Ok(gone)
}

/// Adds who waits; `told` is told if it was satisfied already.
#[inline]
pub(crate) fn register(guid: Guid, waiter: Waiter, told: &mut Told) -> Answer {
    let shortly = |entry: &mut Entry, _: &mut Told| match &mut entry.event {
        Event::Once(event) => event.register_first(waiter).then_some(false),
        _ => None,
    };
    step(guid, Input::Register(waiter), told, shortly, |_| Ok(()))
}

/// Satisfies a slot of an event with a block, or with nothing. The code is not that of a failure if it says that the event
/// takes no block: it was satisfied all the same, as programs rely on.
#[inline]
pub(crate) fn satisfy(guid: Guid, slot: u32, what: Guid, told: &mut Told) -> Answer {
    let mut refused = false;
    let input = match (slot, what.is_null()) {
        (0, true) => Input::Satisfy(None),
        (0, false) => Input::Satisfy(Some(what)),
        (1, _) => Input::Increment,
        _ => return Err(EINVAL),
    };
    // Anything else is told of by the general way.
    let shortly = |entry: &mut Entry, told: &mut Told| {
        let plain = slot == 0 && (entry.takes_arg || what.is_null());
        let (waited, gone) = match &mut entry.event {
            Event::Once(event) if plain => (event.satisfy_alone()?, true),
            Event::Sticky(event) if plain => {
                let payload = (!what.is_null()).then_some(what);
                (event.satisfy_alone(payload)?, false)
            }
            _ => return None,
        };
        entry.satisfied = true;
        if let Some(waiter) = waited {
            told.push(waiter, what);
        }
        Some(gone)
    };
    let stepped = step(guid, input, told, shortly, |entry| {
        if slot == 1 && !matches!(entry.event, Event::Latch(_)) {
            return Err(EINVAL);
        }
        // Latches ignore blocks. Counted events and channels are younger than the rule, and were never held to it.
        let strict = matches!(
            entry.event,
            Event::Once(_) | Event::Sticky(_) | Event::Idem(_)
        );
        refused = strict && !entry.takes_arg && !what.is_null();
        entry.satisfied = true;
        Ok(())
    });
    match (stepped, refused) {
        (Ok(()), true) => {
            program::find(|| {
                format!(
                    "a block was passed to event {:#x}, which was made without EVT_PROP_TAKES_ARG",
                    guid.0
                )
            });
            Err(EPERM)
        }
        (Err(code), _) => {
            program::find(|| describe(guid, code));
            Err(code)
        }
        (Ok(()), false) => Ok(()),
    }
}

#[cold]
fn describe(guid: Guid, code: Code) -> String {
    let why = match code {
        EPERM => "it was satisfied before, and this kind is satisfied once",
        EINVAL => {
            "there is no such event (any more), or it has no such slot; a once event is gone when it was satisfied"
        }
        _ => "its bound is reached",
    };
    format!("event {:#x} was satisfied in vain: {why}", guid.0)
}

pub(crate) fn destroy(guid: Guid) -> Answer {
    let told = &mut Told::default();
    step(guid, Input::Destroy, told, |_, _| None, |_| Ok(()))
}

/// Works on a collective event.
pub(crate) fn collective<R>(guid: Guid, f: impl FnOnce(&mut Collective) -> Answer<R>) -> Answer<R> {
    locked(guid, |entry| match &mut entry.event {
        Event::Collective(event) => f(event),
        _ => Err(EINVAL),
    })
}

/// OCR's number of the kind of an event that is there.
pub(crate) fn kind(guid: Guid) -> Answer<u32> {
    locked(guid, |entry| {
        Ok(match entry.event {
            Event::Free => return Err(EINVAL),
            Event::Once(_) => ONCE,
            Event::Sticky(_) => STICKY,
            Event::Idem(_) => IDEM,
            Event::Latch(_) => LATCH,
            Event::Counted(_) => COUNTED,
            Event::Channel(_) => CHANNEL,
            Event::Collective(_) => COLLECTIVE,
        })
    })
}

/// Whether there is such an event, as far as can be seen without its lock.
#[inline]
pub(crate) fn exists(guid: Guid) -> Answer {
    let (number, generation) = guid.place();
    let there = EVENTS
        .at(number)
        .is_some_and(|place| place.generation() == generation);
    there.then_some(()).ok_or(EINVAL)
}

/// Whether an event that is there has such a slot.
pub(crate) fn check_slot(guid: Guid, slot: u32) -> Answer {
    let slots = if kind(guid)? == LATCH { 2 } else { 1 };
    (slot < slots).then_some(()).ok_or(EINVAL)
}

/// Satisfies an event and tells all who waited, and so on.
#[inline]
pub(crate) fn satisfy_all(context: &Context<'_>, guid: Guid, slot: u32, what: Guid) -> Answer {
    let mut told = Told::default();
    let satisfied = satisfy(guid, slot, what, &mut told);
    depend::tell(context, &mut told);
    satisfied
}

/// Those that are there.
pub(crate) fn all() -> Vec<Guid> {
    let mut all = Vec::new();
    EVENTS.each(|(place, generation), entry| {
        if !matches!(entry.event, Event::Free) {
            all.push(Guid::placed(Kind::Event, place, generation));
        }
    });
    all
}

/// At the end of a program: all events go, and whom they would have told with them.
pub(crate) fn clear() {
    for guid in all() {
        let (number, generation) = guid.place();
        let place = EVENTS.at(number).expect("it was there");
        let gone = place.thing.with(|entry| {
            let there = place.generation() == generation;
            if there {
                Table::end(place, entry);
            }
            there
        });
        if gone {
            EVENTS.give(number);
        }
    }
}

/// How many events are there, and how many of them were never satisfied.
pub(crate) fn left() -> (usize, usize) {
    let (mut there, mut open) = (0, 0);
    EVENTS.each(|_, entry| {
        if !matches!(entry.event, Event::Free) {
            there += 1;
            open += usize::from(!entry.satisfied);
        }
    });
    (there, open)
}
