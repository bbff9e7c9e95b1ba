//! Codelets whose accesses are few and plain: whole blocks, each named once, to be read, written, or changed in turn,
//! through the door at spawn, and nothing else to wait for. Most are. What else an access can be is looked at once for such
//! a codelet, where it is spawned, and not again at each step of its life: the same steps as everybody's, in short loops.
//!
//! A record says so by [`Record::shape`]; a codelet that turns out not to be plain goes the general way from there on.

use crate::access::{BlockKey, FEW, Lent, Mode, PlainList, Shape};
use crate::affinity::Priority;
use crate::block_table::QueueCell;
use crate::codelet::{Body, Ran, Record, Vtable, capacity, flag};
use crate::completion::effect;
use crate::decide::dependence::Step;
use crate::engine::{Engine, Followers, Frame};
use crate::entrance::{self, Door};
use crate::entry::{Entry, EntryKind, Found};
use crate::error::Result;
use crate::guard::guarded;
use crate::id::CodeletId;
use crate::prefetch::prefetch_to_write;
use crate::spawn::Spec;
use crate::sync::atomic::Ordering;

/// A record whose payload is to be filled, and the queues it will enter, of which it has so many.
struct BegunPlain<const N: usize> {
    id: CodeletId,
    doors: [Door; N],
}

/// Where the runtime's own code runs in a body: what unwinds there is not the body's.
const PLACE: &str = "a spawn";

impl Frame<'_> {
    /// Spawns a codelet with so many accesses, whose captures `put` puts into the payload; or gives back what was not used,
    /// see [`Frame::begin_plain`].
    #[inline(always)]
    pub(crate) fn spawn_plain<const N: usize, A, P: FnOnce(*mut u8, A)>(
        &self,
        about: Body,
        spec: &Spec,
        list: &PlainList,
        access: A,
        put: P,
    ) -> std::result::Result<CodeletId, (A, P)> {
        let Some(begun) = guarded(PLACE, || self.begin_plain::<N>(about, spec, list)) else {
            return Err((access, put));
        };
        let id = begun.id;
        put(self.engine.shared.arena.payload(id.record()), access);
        guarded(PLACE, || self.launch_plain(begun, about, spec));
        Ok(id)
    }

    /// Takes a record for a codelet with these accesses, and writes the entries. `None` if anything about them is not plain or
    /// not right, or there is no record: then nothing has been done.
    fn begin_plain<const N: usize>(
        &self,
        body: Body,
        spec: &Spec,
        list: &PlainList,
    ) -> Option<BegunPlain<N>> {
        let shared = self.engine.shared;
        if shared.check.is_some() {
            return None;
        }
        let accesses: &[(BlockKey, Mode); N] = list.blocks();
        for (at, (key, _)) in accesses.iter().enumerate() {
            if accesses[..at].iter().any(|(other, _)| other == key) {
                return None;
            }
        }
        let mut found = [Found::nothing(); N];
        let mut doors = [const { Door::nowhere() }; N];
        for at in 0..N {
            let (key, mode) = accesses[at];
            (found[at], doors[at]) = self.find_plain(key, mode)?;
        }
        let record = self.take_record(body, spec.traits(), N).ok()?;
        let arena = &shared.arena;
        debug_assert!(N <= capacity(body.vtable.payload));
        let first = arena.first_place(record, body.vtable.payload);
        for (at, found) in found.into_iter().enumerate() {
            // SAFETY: a place of a record that is ours and not published.
            unsafe { first.wrapping_add(at).write(Entry::new(found, 0)) };
        }
        let taken = arena.record(record);
        taken.set_shape(Shape::Blocks(N));
        if accesses.iter().any(|&(_, mode)| mode == Mode::Commute) {
            taken.set_flags(taken.flags() | flag::COMMUTES);
        }
        let id = self.id_of(record);
        Some(BegunPlain { id, doors })
    }

    /// As `find_block`, without saying what is wrong.
    #[inline(always)]
    fn find_plain(&self, key: BlockKey, mode: Mode) -> Option<(Found, Door)> {
        let shared = self.engine.shared;
        let id = key.0;
        if self.codelet != 0 || id.runtime() != shared.id.number() {
            return self.find_plain_in_parent(key, mode);
        }
        let slot = shared.blocks.slot(id.slot());
        if slot.owner.load(Ordering::Relaxed) != 0 {
            return self.find_plain_in_parent(key, mode);
        }
        if !slot.is(id) {
            return None;
        }
        let found = Found::plain(mode, (&raw const slot.root).cast());
        // SAFETY: slots stay as long as the runtime.
        let door = unsafe {
            Door::new(
                &slot.root,
                mode,
                Some((slot.generation_cell(), id.generation())),
            )
        };
        Some((found, door))
    }

    /// The same in a body of a codelet, or for a block of its own.
    #[inline(never)]
    fn find_plain_in_parent(&self, key: BlockKey, mode: Mode) -> Option<(Found, Door)> {
        let shared = self.engine.shared;
        let id = key.0;
        let found = self
            .find_block(id, EntryKind::Block(mode), mode, false)
            .ok()?;
        let slot = shared.blocks.slot(id.slot());
        // SAFETY: the queue of a block slot, which lives as long as the runtime, or of an access of this body's codelet.
        let cell = unsafe { &*found.target().cast::<QueueCell>() };
        let own = std::ptr::eq(cell, &raw const slot.root);
        let generation = own.then(|| (slot.generation_cell(), id.generation()));
        // SAFETY: as above.
        let door = unsafe { Door::new(cell, mode, generation) };
        Some((Found::plain(mode, found.target()), door))
    }

    /// Publishes a record whose payload holds the captures.
    fn launch_plain<const N: usize>(&self, begun: BegunPlain<N>, body: Body, spec: &Spec) {
        let engine = self.engine;
        let BegunPlain { id, mut doors } = begun;
        let id = id.record();
        let record = engine.shared.arena.record(id);
        self.count_child(id, body);
        if spec.priority == Priority::High {
            self.give_level(id, body.vtable.payload);
        }
        record.pending.set(N as u32);
        let there = match entrance::enter(&mut doors, &[], id, false) {
            Ok(granted) => {
                if granted.poison != 0 {
                    record.poison(granted.poison);
                }
                if granted.more {
                    engine.after_entrance(id, &doors);
                }
                granted.count
            }
            Err(_) => self.enter_what_is_left(id, body, &doors),
        };
        if there == N as u32 || (there > 0 && record.pending.arrive(there)) {
            engine.post(id);
        }
    }

    /// A block was destroyed since the record was begun: the general way, which tells.
    #[cold]
    #[inline(never)]
    fn enter_what_is_left(&self, id: u32, body: Body, doors: &[Door]) -> u32 {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let record = arena.record(id);
        let payload = body.vtable.payload;
        for entry in arena.first_entries(id, payload, doors.len()) {
            let door = doors
                .iter()
                .find(|door| door.is_of(Engine::queue_of(entry)));
            entry.expect_generation(door.map_or(0, Door::generation));
        }
        record.set_shape(Shape::Other);
        let (there, error) = engine.enter(id, payload, false);
        if let Some(error) = error {
            engine.refuse(id, record, &error);
        }
        there
    }
}

impl Engine<'_> {
    /// Runs the body of a plain codelet.
    #[inline]
    pub(crate) fn run_plain(
        &self,
        id: u32,
        vtable: &Vtable,
        payload: *mut u8,
        frame: *const (),
        count: usize,
    ) -> Ran {
        match self.lend_plain(id, vtable.payload, count) {
            // SAFETY: the codelet is ready: it holds its accesses, which were lent in their order, and its captures.
            Ok(lent) => unsafe { (vtable.run)(payload, frame, &lent[..count]) },
            Err(error) => {
                // SAFETY: the payload still holds the captures.
                unsafe { (vtable.discard)(payload) };
                Ran::Failed(error)
            }
        }
    }

    #[inline(always)]
    fn lend_plain(&self, id: u32, payload: usize, count: usize) -> Result<[Lent; FEW]> {
        let mut lent = [Lent::default(); FEW];
        let entries = self.shared.arena.first_entries(id, payload, count);
        for (at, entry) in entries.iter().enumerate() {
            let slot = self.shared.blocks.slot(Self::queue_of(entry).slot);
            let mode = entry.plain_mode();
            let start = self.local(|local| slot.memory(mode, &mut local.magazine))?;
            let bytes = slot.bytes();
            lent[at] = Lent { start, bytes };
        }
        Ok(lent)
    }

    /// Gives the blocks of a plain codelet back. Who holds them next is told when all of them have been given back, so that
    /// the records of those come here meanwhile.
    #[inline]
    pub(crate) fn give_back_plain(
        &self,
        id: u32,
        record: &Record,
        (payload, entries): (usize, usize),
        followers: &mut Followers,
    ) {
        let arena = &self.shared.arena;
        let effect = effect(record);
        let mut told = [0; FEW];
        let mut count = 0;
        for entry in arena.first_entries(id, payload, entries) {
            let cell = Self::queue_of(entry);
            let mode = entry.plain_mode();
            if mode == Mode::Commute || !entry.children().is_null() {
                self.give_back_whole(id, record, (entry, mode, false), followers);
                continue;
            }
            let (step, rests) = cell.queue.with(|queue| {
                // For who leaves it is all the same how it was alone.
                match mode {
                    Mode::Read => queue.leave(id, Mode::Read, effect),
                    _ => queue.leave(id, Mode::ReadWrite, effect),
                }
                (queue.next_step(), queue.rests())
            });
            match step {
                None => (),
                Some(Step::Grant(grant)) if rests && grant.is_plain() => {
                    prefetch_to_write(arena.address(grant.who));
                    told[count] = grant.who;
                    count += 1;
                }
                _ => self.go_on(cell, id, step, followers),
            }
        }
        for &who in &told[..count] {
            if arena.record(who).pending.arrive(1) {
                self.ready(who, followers);
            }
        }
    }
}
