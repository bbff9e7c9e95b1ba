//! What an EDT carries: its function, its slots and its parameters, in the payload of its codelet.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | the head | the creator, before the GUID is known | anybody who knows that the EDT waits, or runs it |
//! | a slot's state | who connects it or fills it unconnected, by compare-and-swap; then its event alone, which fills it once | the same |
//! | a slot's GUID | who filled it, before its arrival | who fills the last slot, after all arrivals, and the EDT |
//! | parameters | the creator; then the EDT | the EDT |

use crate::code::{Answer, EINVAL, EPERM};
use crate::guid::Guid;
use crate::program::{self, Name};
use crate::types::ocrEdt_t;
use sprat::ScopeKey;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The same for all lengths; the words lie behind it, or where it says.
#[repr(C, align(16))]
pub(crate) struct Edt {
    pub(crate) function: ocrEdt_t,
    pub(crate) name: Name,
    /// Where the words are, if not behind this.
    apart: *mut AtomicU64,
    pub(crate) paramc: u32,
    pub(crate) depc: u32,
    /// The event to satisfy at the end, if any.
    pub(crate) output: u64,
    /// Where what it creates belongs.
    pub(crate) place: ScopeKey,
    /// Its own name.
    pub(crate) guid: AtomicU64,
    /// See below.
    pub(crate) flags: AtomicU32,
}

/// An EDT with what lies behind its head.
#[derive(Clone, Copy)]
pub(crate) struct EdtRef<'a>(NonNull<Edt>, PhantomData<&'a Edt>);

impl std::ops::Deref for EdtRef<'_> {
    type Target = Edt;

    #[inline]
    fn deref(&self) -> &Edt {
        // SAFETY: it stays for the reference's life: the promise given to `new`.
        unsafe { self.0.as_ref() }
    }
}

/// The event is satisfied when its finish scope has ended, and not by itself.
pub(crate) const FINISH: u32 = 1;
/// It has run, or was destroyed on purpose.
pub(crate) const DONE: u32 = 2;
/// It has hints that are kept elsewhere.
pub(crate) const HINTED: u32 = 4;

// SAFETY: addresses of what stays, or belongs to this alone; shared fields are atomics.
unsafe impl Send for Edt {}
// SAFETY: as above.
unsafe impl Sync for Edt {}

/// A slot takes two words: what came, and its state.
pub(crate) const SLOT: usize = 2;

/// Nothing is connected to it. (The default mode is there already.)
const FREE: u64 = 0;
/// An event will fill it.
const CONNECTED: u64 = 1;
/// It is filled.
const FILLED: u64 = 2;
const STATE: u64 = 3;
/// Where the mode begins.
const MODE: u32 = 8;
/// Where the place among what is lent begins; one more than that.
const LENT: u32 = 32;

impl Edt {
    /// Needs `words` set by [`Edt::words_for`] if they lie apart.
    pub(crate) fn new(
        function: ocrEdt_t,
        name: Name,
        (paramc, depc): (u32, u32),
        place: ScopeKey,
    ) -> Self {
        Edt {
            function,
            name,
            apart: std::ptr::null_mut(),
            paramc,
            depc,
            output: 0,
            place,
            guid: AtomicU64::new(0),
            flags: AtomicU32::new(0),
        }
    }

    /// How many words it needs.
    pub(crate) fn words_for(paramc: u32, depc: u32) -> usize {
        depc as usize * SLOT + paramc as usize
    }

    /// Puts its words into memory of their own.
    pub(crate) fn set_apart(&mut self) {
        let words = Edt::words_for(self.paramc, self.depc);
        let words: Box<[AtomicU64]> = (0..words).map(|_| AtomicU64::new(0)).collect();
        self.apart = Box::into_raw(words).cast();
    }
}

impl<'a> EdtRef<'a> {
    /// # Safety
    /// The EDT is there for `'a`: the head of a [`Sized`] with room for its words, or with words apart; the pointer is good for
    /// all of that.
    #[inline]
    pub(crate) unsafe fn new(edt: NonNull<Edt>) -> Self {
        EdtRef(edt, PhantomData)
    }

    /// Its words.
    #[inline]
    pub(crate) fn words(self) -> &'a [AtomicU64] {
        let count = Edt::words_for(self.paramc, self.depc);
        let start = match self.apart.is_null() {
            // SAFETY: the words lie behind the head: the promise given to `new`.
            true => unsafe { self.0.as_ptr().add(1) }.cast::<AtomicU64>(),
            false => self.apart,
        };
        // SAFETY: so many there are, in the `Sized` or the box.
        unsafe { std::slice::from_raw_parts(start, count) }
    }

    /// Its parameters.
    #[inline]
    pub(crate) fn params(self) -> &'a [AtomicU64] {
        &self.words()[self.depc as usize * SLOT..]
    }

    #[inline]
    fn slot(self, slot: u32) -> Answer<(&'a AtomicU64, &'a AtomicU64)> {
        if slot >= self.depc {
            return Err(EINVAL);
        }
        let words = &self.words()[slot as usize * SLOT..][..SLOT];
        Ok((&words[0], &words[1]))
    }

    /// An event will fill the slot, in this mode.
    #[inline]
    pub(crate) fn connect(self, slot: u32, mode: u32) -> Answer {
        let (_, state) = self.slot(slot)?;
        let to = CONNECTED | u64::from(mode) << MODE;
        // Relaxed: nothing is handed on.
        match state.compare_exchange(FREE, to, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(_) => Err(EPERM),
        }
    }

    /// The event that was to fill the slot will not be: it was none.
    pub(crate) fn disconnect(self, slot: u32) {
        if let Ok((_, state)) = self.slot(slot) {
            state.store(FREE, Ordering::Relaxed);
        }
    }

    /// Fills the slot with what came: by its event, or with a mode if nothing was connected. Follow with an arrival.
    #[inline]
    pub(crate) fn fill(self, slot: u32, what: Guid, mode: Option<u32>) -> Answer {
        let (guid, state) = self.slot(slot)?;
        let now = state.load(Ordering::Relaxed);
        // Relaxed: the arrival hands on.
        match (now & STATE, mode) {
            (FREE, Some(mode)) => {
                let to = FILLED | u64::from(mode) << MODE;
                let filled = state.compare_exchange(now, to, Ordering::Relaxed, Ordering::Relaxed);
                filled.map_err(|_| EPERM)?;
            }
            // One event was connected, which tells each who waits once; others find the slot taken.
            (CONNECTED, None) => state.store(now & !STATE | FILLED, Ordering::Relaxed),
            _ => return Err(EPERM),
        }
        guid.store(what.0, Ordering::Relaxed);
        Ok(())
    }

    /// What came on a slot that is filled, and the mode. By who filled the last, or the EDT.
    #[inline]
    pub(crate) fn filled(self, slot: u32) -> (Guid, u32) {
        let words = &self.words()[slot as usize * SLOT..][..SLOT];
        let state = words[1].load(Ordering::Relaxed);
        (
            Guid(words[0].load(Ordering::Relaxed)),
            (state >> MODE) as u32 & 0xff,
        )
    }

    /// Notes which of what is lent is this slot's.
    #[inline]
    pub(crate) fn set_lent(self, slot: u32, place: usize) {
        let state = &self.words()[slot as usize * SLOT + 1];
        let now = state.load(Ordering::Relaxed);
        state.store(now | (place as u64 + 1) << LENT, Ordering::Relaxed);
    }

    /// Which of what is lent is this slot's, if any.
    #[inline]
    pub(crate) fn lent(self, slot: u32) -> Option<usize> {
        let state = self.words()[slot as usize * SLOT + 1].load(Ordering::Relaxed);
        ((state >> LENT) as usize).checked_sub(1)
    }

    /// In words, for the report: which slots nobody has filled.
    fn describe(self) -> String {
        let mut text = format!("EDT `{}` never ran", self.name);
        let mut shown = 0;
        for slot in 0..self.depc {
            let state = self.words()[slot as usize * SLOT + 1].load(Ordering::Relaxed);
            let why = match state & STATE {
                FREE => "to which nothing was added",
                CONNECTED => "whose event was not satisfied",
                _ => continue,
            };
            if shown < 3 {
                text += if shown == 0 {
                    ": it waits for slot "
                } else {
                    "; slot "
                };
                text += &format!("{slot}, {why}");
            }
            shown += 1;
        }
        if shown == 0 {
            text += ": a block that came on its slots was destroyed before it could have it";
        }
        if shown > 3 {
            text += &format!("; and {} more", shown - 3);
        }
        text
    }
}

impl Drop for Edt {
    fn drop(&mut self) {
        if !self.apart.is_null() {
            let count = Edt::words_for(self.paramc, self.depc);
            let words = std::ptr::slice_from_raw_parts_mut(self.apart, count);
            // SAFETY: made by `Box::into_raw` in `set_apart`, with this length.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}

/// An EDT with room for so many words behind its head.
#[repr(C, align(16))]
pub(crate) struct Sized<const N: usize> {
    pub(crate) head: Edt,
    words: [AtomicU64; N],
}

impl<const N: usize> Sized<N> {
    pub(crate) fn new(head: Edt) -> Self {
        Sized {
            head,
            words: [const { AtomicU64::new(0) }; N],
        }
    }

    /// The whole of it.
    pub(crate) fn as_edt(&mut self) -> EdtRef<'_> {
        // SAFETY: the head of this, and the pointer is to all of it.
        unsafe { EdtRef::new(NonNull::from(self).cast()) }
    }
}

impl<const N: usize> Drop for Sized<N> {
    fn drop(&mut self) {
        if *self.head.flags.get_mut() & DONE == 0 && !program::is_shut_down() {
            program::never_ran(|| self.as_edt().describe());
        }
    }
}
