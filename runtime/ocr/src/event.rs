//! Events: the runtime's state machines, each in a place of a table, behind a spin lock.

mod entry;
mod steps;
mod told;

pub(crate) use entry::{Entry, Event, Renewed};
use steps::locked;
pub(crate) use steps::{destroy, register, register_first, satisfy, satisfy_all};
pub(crate) use told::{Told, Waiter};

use crate::code::{Answer, EINVAL, ENOMEM};
use crate::collective::Collective;
use crate::guid::{Guid, Kind};
use crate::table::{Kept, Place, Spare, Table};
use crate::types::ocrEventParams_t;
use sprat::decide::event_kinds::{Channel, Counted, Idempotent, Latch, Once, Sticky};
use std::num::NonZeroUsize;

thread_local! {
    static SPARE: Spare = const { Spare::new(|places| EVENTS.take_back(places)) };
    static RENEWED: RenewedHere = const { RenewedHere([const { Kept::new() }; Renewed::COUNT]) };
}

/// Places whose event went here and left another of its kind, for each of [`Renewed`]: who makes one takes no lock. They go back to
/// the table when the thread ends.
struct RenewedHere([Kept; Renewed::COUNT]);

impl Drop for RenewedHere {
    fn drop(&mut self) {
        let all = self.0.iter();
        EVENTS.take_back(
            all.flat_map(|kept| std::iter::from_fn(|| kept.pop()))
                .collect(),
        );
    }
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
    if let Some(renewed) = Renewed::of(kind, takes_arg)
        && let Ok(Some(number)) = RENEWED.try_with(|all| all.0[renewed.at()].pop())
    {
        let place = EVENTS.at(number).expect("a place that is kept is one");
        return Ok(Guid::placed(Kind::Event, number, place.begin()));
    }
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

/// An event goes from its place, under whose lock the caller is. Gives where the place is kept, if it has another event of the kind;
/// else it is to be given back to the table.
#[inline]
fn end(place: &Place<Entry>, entry: &mut Entry) -> Option<Renewed> {
    place.end();
    let renewed = entry.renew();
    if renewed.is_none() {
        *entry = Entry::default();
    }
    renewed
}

/// The place of an event that went so.
#[inline]
fn keep(number: u32, renewed: Option<Renewed>) {
    let push = |renewed: Renewed| RENEWED.try_with(|all| all.0[renewed.at()].push(number));
    // Not if the thread ends and has none any more.
    if !renewed.is_some_and(|renewed| push(renewed).unwrap_or(false)) {
        EVENTS.give(number);
    }
}

fn special(kind: u32, params: Option<&ocrEventParams_t>) -> Answer<Event> {
    Ok(match kind {
        LATCH => {
            // SAFETY: of whatever kind the parameters are, the word is there; any bits are a number.
            let count = params.map_or(0, |params| unsafe { params.latch });
            let count = i64::try_from(count).map_err(|_| EINVAL)?;
            Event::Latch(Box::new(Latch::new(count, true)))
        }
        COUNTED => {
            // SAFETY: as above.
            let count = params.map_or(0, |params| unsafe { params.counted });
            let count = usize::try_from(count).ok().and_then(NonZeroUsize::new);
            Event::Counted(Box::new(Counted::new(count.ok_or(EINVAL)?)))
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
    let there = EVENTS.at(number).is_some_and(|place| place.has(generation));
    there.then_some(()).ok_or(EINVAL)
}

/// Whether an event that is there has such a slot.
pub(crate) fn check_slot(guid: Guid, slot: u32) -> Answer {
    let slots = if kind(guid)? == LATCH { 2 } else { 1 };
    (slot < slots).then_some(()).ok_or(EINVAL)
}

/// Those that are there.
pub(crate) fn all() -> Vec<Guid> {
    let mut all = Vec::new();
    EVENTS.each(|(place, generation), _| {
        all.push(Guid::placed(Kind::Event, place, generation));
    });
    all
}

/// At the end of a program: all events go, and whom they would have told with them.
pub(crate) fn clear() {
    for guid in all() {
        let (number, generation) = guid.place();
        let place = EVENTS.at(number).expect("it was there");
        let gone = place.thing.with(|entry| {
            let there = place.has(generation);
            if there {
                place.end();
                *entry = Entry::default();
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
        there += 1;
        open += usize::from(!entry.satisfied);
    });
    (there, open)
}

// Under loom its locks work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
