//! What lies in an event's place. It is small, so that the place is one cache line: kinds that need more have that apart.

use super::{ONCE, STICKY, Waiter};
use crate::collective::Collective;
use crate::guid::Guid;
#[cfg(not(sprat_loom))]
use crate::table::Place;
use sprat::decide::event_kinds::{Channel, Counted, Idempotent, Latch, Once, Sticky};

/// An event of some kind.
#[derive(Default)]
pub(crate) enum Event {
    /// The place is free.
    #[default]
    Free,
    Once(Once<Waiter>),
    Sticky(Sticky<Waiter, Guid>),
    Idem(Idempotent<Waiter, Guid>),
    Latch(Box<Latch<Waiter>>),
    Counted(Box<Counted<Waiter, Guid>>),
    Channel(Box<Channel<Waiter, Guid>>),
    Collective(Box<Collective>),
}

/// With what it was made for.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    /// A block may come with a satisfaction.
    pub(crate) takes_arg: bool,
    /// Whether it was satisfied, for the report of what is left.
    pub(crate) satisfied: bool,
}

#[cfg(not(sprat_loom))]
const _: () = assert!(size_of::<Place<Entry>>() == 64);

/// A kind of events, with or without an argument, of which another is there as soon as one is gone: most events that programs make
/// are of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Renewed(usize);

impl Renewed {
    /// How many of them there are.
    pub(crate) const COUNT: usize = 4;

    /// By OCR's number of the kind.
    #[inline]
    pub(crate) fn of(kind: u32, takes_arg: bool) -> Option<Self> {
        let kind = match kind {
            ONCE => 0,
            STICKY => 2,
            _ => return None,
        };
        Some(Renewed(kind + usize::from(takes_arg)))
    }

    /// Its place among all.
    #[inline]
    pub(crate) fn at(self) -> usize {
        self.0
    }
}

impl Entry {
    /// The event is gone: puts another there that is as it was when it was made, if it is of one of these kinds.
    #[inline]
    pub(super) fn renew(&mut self) -> Option<Renewed> {
        let kind = match &mut self.event {
            Event::Once(event) => {
                event.renew();
                ONCE
            }
            Event::Sticky(event) => {
                event.renew();
                STICKY
            }
            _ => return None,
        };
        self.satisfied = false;
        Renewed::of(kind, self.takes_arg)
    }
}
