//! What an EDT carries: its function, its slots and its parameters, in the payload of its codelet.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | the head | the creator, before the GUID is known | anybody who knows that the EDT waits, or runs it |
//! | slots | see [`crate::slot`] | |
//! | parameters | the creator; then the EDT | the EDT |

use crate::code::{Answer, EINVAL};
use crate::program::{self, Name};
use crate::slot::{Slot, WORDS, WaitsFor};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::types::ocrEdt_t;
use sprat::ScopeKey;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// The same for all lengths; the words lie behind it, or where it says.
#[repr(C, align(16))]
pub(crate) struct Edt {
    pub(crate) function: ocrEdt_t,
    pub(crate) name: Name,
    /// Where the words are, if not behind this: [`Sized::make`] sees to it.
    pub(crate) apart: *mut AtomicU64,
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
/// Its creation failed when some of its slots had been connected: when these are filled it ends, and its function is not called.
pub(crate) const REFUSED: u32 = 8;

// SAFETY: addresses of what stays, or belongs to this alone; shared fields are atomics.
unsafe impl Send for Edt {}
// SAFETY: as above.
unsafe impl Sync for Edt {}

impl Edt {
    /// How many words it needs.
    pub(crate) fn words_for(paramc: u32, depc: u32) -> usize {
        depc as usize * WORDS + paramc as usize
    }

    /// So many words in memory of their own.
    #[cold]
    fn words_apart(words: usize) -> *mut AtomicU64 {
        let words: Box<[AtomicU64]> = (0..words).map(|_| AtomicU64::new(0)).collect();
        Box::into_raw(words).cast()
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

    /// Where its words begin: those of its slots, then its parameters.
    #[inline]
    fn start(self) -> *const AtomicU64 {
        match self.apart.is_null() {
            // SAFETY: the words lie behind the head: the promise given to `new`.
            true => unsafe { self.0.as_ptr().add(1) }.cast::<AtomicU64>(),
            false => self.apart,
        }
    }

    /// Its parameters.
    #[inline]
    pub(crate) fn params(self) -> &'a [AtomicU64] {
        let start = self.start().wrapping_add(self.depc as usize * WORDS);
        // SAFETY: so many there are behind the slots, in the `Sized` or the box.
        unsafe { std::slice::from_raw_parts(start, self.paramc as usize) }
    }

    /// A slot from outside, which may not be there.
    #[inline]
    pub(crate) fn slot(self, slot: u32) -> Answer<Slot<'a>> {
        match slot < self.depc {
            true => Ok(self.own(slot)),
            false => Err(EINVAL),
        }
    }

    /// A slot that is there.
    #[inline]
    pub(crate) fn own(self, slot: u32) -> Slot<'a> {
        assert!(slot < self.depc, "the slot is there");
        let words = self.start().wrapping_add(slot as usize * WORDS);
        // SAFETY: the words of a slot that is there, in the `Sized` or the box.
        let [guid, state] = unsafe { &*words.cast::<[AtomicU64; WORDS]>() };
        Slot { guid, state }
    }

    /// All its slots.
    #[inline]
    pub(crate) fn slots(self) -> impl Iterator<Item = Slot<'a>> {
        (0..self.depc).map(move |slot| self.own(slot))
    }

    /// In words, for the report: which slots nobody has filled.
    fn describe(self) -> String {
        let mut text = format!("EDT `{}` never ran", self.name);
        let mut shown = 0;
        for slot in 0..self.depc {
            let why = match self.own(slot).waits_for() {
                Some(WaitsFor::Dependence) => "to which nothing was added",
                Some(WaitsFor::Event) => "whose event was not satisfied",
                None => continue,
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
            text += ": a block that came on its slots was destroyed before it could have it, or is held by a thread of the program's own";
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
            // SAFETY: made by `Box::into_raw` in `words_apart`, with this length.
            drop(unsafe { Box::from_raw(words) });
        }
    }
}

/// An EDT with room for so many words behind its head, of which as many are there as it needs; or for none.
#[repr(C, align(16))]
pub(crate) struct Sized<const N: usize> {
    head: Edt,
    words: [MaybeUninit<AtomicU64>; N],
}

impl<const N: usize> Sized<N> {
    /// Makes an EDT where it is to stay, with these parameters and slots in these states.
    #[inline(always)]
    pub(crate) fn make(
        place: &mut MaybeUninit<Self>,
        mut head: Edt,
        states: impl Fn(usize) -> u64,
        params: impl ExactSizeIterator<Item = u64>,
    ) {
        let count = Edt::words_for(head.paramc, head.depc);
        let slots = head.depc as usize * WORDS;
        debug_assert!(params.len() == head.paramc as usize);
        let at_head = place.as_mut_ptr().cast::<Edt>();
        let start = if N == 0 && count > 0 {
            head.apart = Edt::words_apart(count);
            head.apart
        } else {
            assert!(count <= N, "the words fit in");
            at_head.wrapping_add(1).cast::<AtomicU64>()
        };
        // SAFETY: the head is what lies first there.
        unsafe { at_head.write(head) };
        for slot in 0..slots / WORDS {
            let words = start.wrapping_add(slot * WORDS);
            // SAFETY: so many words there are, behind the head or apart.
            unsafe { words.write(AtomicU64::new(0)) };
            // SAFETY: as above.
            unsafe { words.wrapping_add(1).write(AtomicU64::new(states(slot))) };
        }
        for (at, param) in (slots..count).zip(params) {
            // SAFETY: as above.
            unsafe { start.wrapping_add(at).write(AtomicU64::new(param)) };
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
        if self.head.flags.load(Ordering::Relaxed) & DONE == 0 && !program::is_shut_down() {
            program::never_ran(|| self.as_edt().describe());
        }
    }
}
