//! What a codelet is lent, as its accesses take it: one slot after the other.

use super::Lent;
use crate::data_block::Data;
use std::cell::Cell;
use std::{ptr, slice};

/// The resolved accesses of one codelet, in the order of their declaration.
pub struct Slots<'a>(Source<'a>);

/// Where they are read. Views are compiled into whoever lends, so that this is known there.
enum Source<'a> {
    /// A list of the codelet's own.
    List(slice::Iter<'a, Lent>),
    /// A graph's table of what it lends, and the codelet's places there.
    Table(slice::Iter<'a, u32>, &'a Desk<'a>),
}

/// What an engine lends codelets of a graph from: a table, in which each thing stands once, so that an access of a codelet is a place
/// there. It lends to one codelet at a time.
pub(crate) struct Desk<'a> {
    table: &'a [Lent],
    /// The places of all codelets, codelet by codelet.
    places: &'a [u32],
    /// The numbers from 0 on: the places in a list, which is as long as `room` at most.
    up: &'a [u32],
    /// The argument of the round; in the table it stands without a place in memory.
    argument: Cell<*mut u8>,
    /// Room for a list of as much as a codelet is lent at most.
    room: &'a [Cell<Lent>],
}

impl<'a> Desk<'a> {
    /// Without an argument. The other two have room for as much as a codelet is lent at most: a list of it, and its places there, from
    /// 0 on.
    ///
    /// # Safety
    /// All places are in the table.
    #[inline]
    pub(crate) unsafe fn new(
        table: &'a [Lent],
        places: &'a [u32],
        room: &'a mut [Lent],
        up: &'a [u32],
    ) -> Self {
        Desk {
            table,
            places,
            up,
            argument: Cell::new(ptr::null_mut()),
            room: Cell::from_mut(room).as_slice_of_cells(),
        }
    }

    /// Another round begins, with this argument.
    #[inline]
    pub(crate) fn set_argument(&self, argument: *mut u8) {
        self.argument.set(argument);
    }

    /// One that lends this list to the same codelet, whose first place is 0 then.
    pub(crate) fn with_list(&'a self, list: &'a [Lent]) -> Self {
        Desk {
            table: list,
            places: &self.up[..list.len()],
            up: self.up,
            argument: self.argument.clone(),
            room: self.room,
        }
    }

    #[inline]
    fn at(&self, place: u32) -> Lent {
        debug_assert!((place as usize) < self.table.len());
        // SAFETY: the promise given to `new`; a list has its own places.
        unsafe { *self.table.get_unchecked(place as usize) }
    }
}

/// In a graph's table: the round's argument lies here.
pub(crate) const ARGUMENT: *mut u8 = ptr::without_provenance_mut(usize::MAX);

impl std::fmt::Debug for Slots<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left = match &self.0 {
            Source::List(lent) => lent.len(),
            Source::Table(places, _) => places.len(),
        };
        write!(f, "Slots({left} left)")
    }
}

impl<'a> Slots<'a> {
    #[inline]
    pub(crate) fn new(lent: &'a [Lent]) -> Self {
        Slots(Source::List(lent.iter()))
    }

    /// Of a codelet of a graph, whose places are so many from the first one on.
    ///
    /// # Safety
    /// The desk has so many places.
    #[inline]
    pub(crate) unsafe fn of_graph(desk: &'a Desk<'a>, first: u32, count: u16) -> Self {
        let range = first as usize..first as usize + usize::from(count);
        debug_assert!(range.end <= desk.places.len());
        // SAFETY: the caller's promise.
        let places = unsafe { desk.places.get_unchecked(range) };
        Slots(Source::Table(places.iter(), desk))
    }

    /// The next one.
    ///
    /// # Safety
    /// There is one: views take no more than was declared.
    #[inline]
    pub(crate) unsafe fn next(&mut self) -> Lent {
        match &mut self.0 {
            Source::List(lent) => *lent.next().expect("one slot for each declared access"),
            Source::Table(places, desk) => {
                debug_assert!(places.len() > 0, "one slot for each declared access");
                // SAFETY: the caller's promise.
                desk.at(*unsafe { places.next().unwrap_unchecked() })
            }
        }
    }

    /// The next one, which is the argument of a round.
    ///
    /// # Safety
    /// As for [`Slots::next`].
    #[inline]
    pub(crate) unsafe fn argument(&mut self) -> Lent {
        // SAFETY: the caller's promise.
        let lent = unsafe { self.next() };
        match &self.0 {
            Source::List(_) => lent,
            Source::Table(_, desk) => Lent {
                start: desk.argument.get(),
                ..lent
            },
        }
    }

    /// All that are left.
    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [Lent] {
        match &mut self.0 {
            Source::List(lent) => std::mem::take(lent).as_slice(),
            Source::Table(places, desk) => {
                let places = std::mem::take(places);
                let room = &desk.room[..places.len()];
                for (room, &place) in room.iter().zip(places) {
                    let mut lent = desk.at(place);
                    if lent.start == ARGUMENT {
                        lent.start = desk.argument.get();
                    }
                    room.set(lent);
                }
                // SAFETY: cells lie like what is in them, and nobody writes there before the desk lends to another codelet.
                unsafe { slice::from_raw_parts(room.as_ptr().cast(), room.len()) }
            }
        }
    }

    /// The next block as a slice.
    ///
    /// # Safety
    /// The next slot is a block of `T` that the codelet holds for `'v`, at least for reading.
    #[inline]
    pub(crate) unsafe fn shared<'v, T: Data>(&mut self) -> &'v [T] {
        // SAFETY: the caller's promise.
        let lent = unsafe { self.next() };
        // SAFETY: the block's memory is `bytes` long, aligned for `T` (`block_bytes` refuses others), initialised (zeroed when taken, plain
        // old data since), and nobody writes it while a reader holds the block: the caller's promise.
        unsafe { slice::from_raw_parts(lent.start.cast(), lent.bytes / size_of::<T>()) }
    }

    /// The next block as a mutable slice.
    ///
    /// # Safety
    /// The next slot is a block of `T` that the codelet holds for `'v`, alone.
    #[inline]
    pub(crate) unsafe fn exclusive<'v, T: Data>(&mut self) -> &'v mut [T] {
        // SAFETY: the caller's promise.
        let lent = unsafe { self.next() };
        // SAFETY: as in `shared`, and nobody else has access while a writer holds the block.
        unsafe { slice::from_raw_parts_mut(lent.start.cast(), lent.bytes / size_of::<T>()) }
    }

    /// The next block as a bare pointer.
    ///
    /// # Safety
    /// The next slot is a block of `T`.
    #[inline]
    pub(super) unsafe fn bare<T: Data>(&mut self) -> *mut [T] {
        // SAFETY: the caller's promise.
        let lent = unsafe { self.next() };
        ptr::slice_from_raw_parts_mut(lent.start.cast(), lent.bytes / size_of::<T>())
    }

    /// The next value.
    ///
    /// # Safety
    /// The next slot is a value of type `R`, there and kept for `'v`.
    #[inline]
    pub(super) unsafe fn value<'v, R>(&mut self) -> &'v R {
        // SAFETY: the caller's promise.
        let lent = unsafe { self.next() };
        // SAFETY: as above.
        unsafe { &*lent.start.cast::<R>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lent(start: usize) -> Lent {
        Lent {
            start: ptr::without_provenance_mut(start),
            bytes: start + 1,
        }
    }

    fn starts(list: &[Lent]) -> Vec<usize> {
        list.iter().map(|lent| lent.start.addr()).collect()
    }

    /// A table of four things, of which the third is the argument, and two codelets with three places each.
    fn with_desk(test: impl FnOnce(&Desk<'_>)) {
        let mut table = [10, 20, 30, 40].map(lent);
        table[2].start = ARGUMENT;
        let places = [3, 0, 2, 1, 2, 1];
        let (mut room, up) = ([Lent::default(); 3], [0, 1, 2]);
        // SAFETY: all places are in the table.
        let desk = unsafe { Desk::new(&table, &places, &mut room, &up) };
        desk.set_argument(ptr::without_provenance_mut(77));
        test(&desk);
    }

    #[test]
    fn a_codelet_is_lent_what_stands_at_its_places() {
        with_desk(|desk| {
            // SAFETY: there are six places.
            let mut slots = unsafe { Slots::of_graph(desk, 0, 3) };
            // SAFETY: there are three.
            let first = unsafe { slots.next() };
            assert_eq!((first.start.addr(), first.bytes), (40, 41));
            // SAFETY: as above.
            assert_eq!(unsafe { slots.next() }.start.addr(), 10);
            // SAFETY: as above.
            let argument = unsafe { slots.argument() };
            assert_eq!((argument.start.addr(), argument.bytes), (77, 31));
            assert_eq!(format!("{slots:?}"), "Slots(0 left)");
        });
    }

    #[test]
    fn a_list_has_the_argument_in_it_and_begins_where_views_have_come_to() {
        with_desk(|desk| {
            // SAFETY: there are six places.
            let mut slots = unsafe { Slots::of_graph(desk, 3, 3) };
            // SAFETY: there are three.
            assert_eq!(unsafe { slots.next() }.start.addr(), 20);
            assert_eq!(starts(slots.rest()), [77, 20]);
            assert!(slots.rest().is_empty());
            // Another round.
            desk.set_argument(ptr::without_provenance_mut(88));
            // SAFETY: as above.
            let mut slots = unsafe { Slots::of_graph(desk, 3, 3) };
            assert_eq!(starts(slots.rest()), [20, 88, 20]);
        });
    }

    #[test]
    fn a_desk_with_a_list_lends_that() {
        with_desk(|desk| {
            let list = [5, 6].map(lent);
            let desk = desk.with_list(&list);
            // SAFETY: the list has two places.
            let mut slots = unsafe { Slots::of_graph(&desk, 0, 2) };
            // SAFETY: as above.
            assert_eq!(unsafe { slots.argument() }.start.addr(), 77);
            assert_eq!(starts(slots.rest()), [6]);
        });
    }
}
