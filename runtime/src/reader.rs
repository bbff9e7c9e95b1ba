//! Codelets that read values and nothing else: few of them, which the body around the spawn made itself, and nothing else to
//! wait for. As with blocks (see [`crate::plain`]) it is known where such a codelet is spawned what all its steps are: the
//! same as everybody's, in short loops.
//!
//! A value's one writer is its codelet, so who reads it waits for that codelet's end, in the list of its one-shot. A record
//! says by [`crate::codelet::Record::shape`] that this is all it waits for; what is not so goes the general way.

use crate::access::{FEW_VALUES, Lent, Shape, ValueKey};
use crate::codelet::{Body, HEADER, Ran, Vtable, capacity};
use crate::engine::{Engine, Frame};
use crate::entry::{Entry, EntryKind, Found};
use crate::event::Registered;
use crate::id::CodeletId;
use crate::spawn::Traits;
use crate::sync::atomic::Ordering;

/// Nodes before the payload.
const FIRST: usize = HEADER / size_of::<Entry>();

impl Frame<'_> {
    /// Takes a record of so many bytes for a codelet that reads these values, and writes the entries. `None` if a value is not of a child of
    /// this body or scope, if they and the captures do not fit in a record, if anything else is not plain, or if there is no record: then
    /// nothing has been done.
    pub(crate) fn begin_reader<const N: usize>(
        &self,
        body: Body,
        traits: Traits,
        bytes: usize,
        values: &[ValueKey; N],
    ) -> Option<CodeletId> {
        let shared = self.engine.shared;
        if shared.check.is_some() {
            return None;
        }
        if !values.iter().all(|value| self.is_of_child(value.0)) {
            return None;
        }
        let payload = body.vtable.payload;
        if N > capacity(payload) {
            // Some of its entries would lie in records of their own.
            return None;
        }
        let record = self.take_record(body, traits, (N, bytes)).ok()?;
        let arena = &shared.arena;
        let taken = arena.record(record);
        taken.gives_nothing_back();
        taken.set_shape(Shape::Values(N));
        let first = arena.first_place(record, payload);
        for (at, ValueKey(id)) in values.iter().enumerate() {
            let found = Found::record(EntryKind::Value, id.record(), id.generation());
            let distance = FIRST + payload / size_of::<Entry>() + at;
            // SAFETY: a place of a record that is ours and not published.
            unsafe {
                first
                    .wrapping_add(at)
                    .write(Entry::new(found, distance as u32));
            }
        }
        Some(self.id_of(record))
    }

    /// Whether it is a codelet that was spawned here, in this body or scope: one with a value is kept.
    #[inline(always)]
    fn is_of_child(&self, id: CodeletId) -> bool {
        let shared = self.engine.shared;
        if id.runtime() != shared.id || id.record() == 0 {
            return false;
        }
        let record = shared.arena.record(id.record());
        // The generation is looked at after the parent: both together mean a child of ours, which is kept.
        record.parent.load(Ordering::Relaxed) == self.record
            && record.ended.generation() == id.generation()
    }

    /// Publishes a record whose payload holds the captures: joins those who wait for the values.
    pub(crate) fn launch_reader<const N: usize>(
        &self,
        id: CodeletId,
        vtable: &Vtable,
        values: &[ValueKey; N],
    ) {
        let arena = &self.engine.shared.arena;
        let id = id.record();
        let record = arena.record(id);
        self.count_child(id, vtable);
        record.pending.set(N as u32);
        let first = id + (FIRST + vtable.payload / size_of::<Entry>()) as u32;
        let mut there = 0;
        // The record is not looked at after the last of these, unless something was there: it may be somebody else's.
        for (at, ValueKey(value)) in values.iter().enumerate() {
            let other = arena.record(value.record());
            match (other.ended).register(value.generation(), first + at as u32, arena) {
                Registered::Waiting => continue,
                Registered::Fired | Registered::Stale => (),
                Registered::Poisoned => record.poison(other.cause.load(Ordering::Relaxed)),
            }
            there += 1;
        }
        if there == N as u32 || (there > 0 && record.pending.arrive(there)) {
            self.engine.post(id);
        }
    }
}

impl Engine<'_> {
    /// Runs the body of a codelet that reads so many values and nothing else.
    #[inline(always)]
    pub(crate) fn run_reader(
        &self,
        id: u32,
        vtable: &Vtable,
        payload: *mut u8,
        frame: *const (),
        count: usize,
    ) -> Ran {
        match count {
            1 => self.run_reader_of::<1>(id, vtable, payload, frame),
            2 => self.run_reader_of::<2>(id, vtable, payload, frame),
            3 => self.run_reader_of::<3>(id, vtable, payload, frame),
            4 => self.run_reader_of::<4>(id, vtable, payload, frame),
            5 => self.run_reader_of::<5>(id, vtable, payload, frame),
            6 => self.run_reader_of::<6>(id, vtable, payload, frame),
            _ => self.run_reader_of::<FEW_VALUES>(id, vtable, payload, frame),
        }
    }

    #[inline(never)]
    fn run_reader_of<const N: usize>(
        &self,
        id: u32,
        vtable: &Vtable,
        payload: *mut u8,
        frame: *const (),
    ) -> Ran {
        let entries = self.shared.arena.first_entries(id, vtable.payload, N);
        let lent: [Lent; N] = std::array::from_fn(|at| self.lend_value(&entries[at]));
        // SAFETY: the codelet is ready: the values are there, and were lent in their order; and it holds its captures.
        unsafe { (vtable.run)(payload, frame, &lent) }
    }

    /// The value that an entry names, which is there.
    #[inline(always)]
    pub(crate) fn lend_value(&self, entry: &Entry) -> Lent {
        let arena = &self.shared.arena;
        let producer = entry.target_record();
        // SAFETY: the producer's record is kept until its parent ends, which waits for the reader.
        let vtable = unsafe { arena.record(producer).vtable() };
        let payload = arena.payload(producer);
        let start = match vtable.value {
            None => payload,
            // SAFETY: it has ended well, or the reader was poisoned: its payload holds the value.
            Some(value) => unsafe { value(payload) },
        };
        Lent { start, bytes: 0 }
    }
}
