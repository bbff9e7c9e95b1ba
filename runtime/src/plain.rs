//! Codelets whose accesses are few and plain: whole blocks, each named once, to be read, written, or changed in turn,
//! through the door at spawn, and nothing else to wait for. Most are. What else an access can be is looked at once for such
//! a codelet, where it is spawned, and not again at each step of its life: the same steps as everybody's, in short loops.
//!
//! A record says so by [`Record::shape`]; a codelet that turns out not to be plain goes the general way from there on.

use crate::access::{BlockKey, Declared, FEW, Lent, Mode, Shape};
use crate::affinity::Priority;
use crate::block_table::QueueCell;
use crate::codelet::{Body, Ran, Record, Vtable, capacity, flag};
use crate::commuting::turn_at_entrance;
use crate::completion::effect;
use crate::engine::{Engine, Followers, Frame};
use crate::entrance::{self, Door};
use crate::entry::{Entry, EntryKind, Found};
use crate::error::Result;
use crate::id::CodeletId;
use crate::spawn::Spec;
use crate::sync::atomic::Ordering;
use std::mem::MaybeUninit;

/// Of those who hold blocks next, so many are told when all blocks have been given back, and one more for each block.
const TOLD: usize = 8;

/// The doors of a codelet with few accesses, while it is spawned: as many as it has.
pub(crate) struct PlainDoors(pub(crate) [MaybeUninit<Door>; FEW]);

impl PlainDoors {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        PlainDoors([const { MaybeUninit::uninit() }; FEW])
    }

    /// The first `N`.
    ///
    /// # Safety
    /// They were written.
    #[inline(always)]
    pub(crate) unsafe fn written<const N: usize>(&self) -> &[Door; N] {
        let doors: &[_; N] = self.0.first_chunk().expect("no more than few");
        // SAFETY: the caller's promise; it is laid out as what it holds.
        unsafe { &*std::ptr::from_ref(doors).cast() }
    }
}

impl Frame<'_> {
    /// Enters the queues of a codelet's blocks and publishes its record, whose payload holds the captures. False if anything about the
    /// accesses is not plain or not right: then the record is as it was, and it has entered nothing.
    ///
    /// # Safety
    /// The record was taken for so many accesses and this vtable, and is not published.
    #[inline(never)]
    pub(crate) unsafe fn launch_plain<const N: usize>(
        &self,
        id: CodeletId,
        vtable: &Vtable,
        is_high: bool,
        accesses: &[(BlockKey, Mode); N],
    ) -> bool {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let mut doors = PlainDoors::new();
        if !self.find_all_plain(accesses, &mut doors) {
            return false;
        }
        // SAFETY: all were found, and written.
        let doors: &[Door; N] = unsafe { doors.written() };
        let id = id.record();
        debug_assert!(N <= capacity(vtable.payload));
        let first = arena.first_place(id, vtable.payload);
        for (door, at) in doors.iter().zip(in_order(slots_of(accesses))) {
            let found = Found::plain(accesses[at].1, door.queue());
            // SAFETY: one of the record's places, which are ours: the caller's promise.
            unsafe { first.wrapping_add(at).write(Entry::new(found, 0)) };
        }
        let record = arena.record(id);
        record.set_shape(Shape::Blocks(N));
        if accesses.iter().any(|&(_, mode)| mode == Mode::Commute) {
            record.set_flags(record.flags() | flag::COMMUTES);
        }
        self.count_child(id, vtable);
        if is_high {
            self.give_level(id, vtable.payload);
        }
        self.enter_plain(id, record, vtable.payload, doors);
        true
    }

    /// The doors to the queues of these accesses, in the order of their blocks, if all are plain and right.
    #[inline(always)]
    fn find_all_plain<const N: usize>(
        &self,
        accesses: &[(BlockKey, Mode); N],
        doors: &mut PlainDoors,
    ) -> bool {
        let slots = slots_of(accesses);
        // A slot has one block at a time; so each door will have a lock of its own.
        let differ = (1..N).all(|at| !slots[..at].contains(&slots[at]));
        // Filled where they are: they are large, and looked at again at once.
        let mut places = doors.0.iter_mut().zip(in_order(slots));
        self.engine.shared.check.is_none()
            && differ
            && places.all(|(door, at)| {
                let (key, mode) = accesses[at];
                self.find_plain(key, mode, door.write(Door::nowhere()))
                    .is_some()
            })
    }

    /// What [`Frame::launch_plain`] would not: the general way, which says what is wrong.
    #[cold]
    #[inline(never)]
    pub(crate) fn launch_declared_blocks(
        &self,
        id: CodeletId,
        body: Body,
        priority: Priority,
        accesses: &[(BlockKey, Mode)],
    ) {
        let declared = accesses.iter();
        let declared: Vec<_> = declared
            .map(|&(key, mode)| Declared::Block(key, mode))
            .collect();
        let mut spec = Spec {
            priority,
            ..Spec::default()
        };
        let begun = self.declare(id, body.vtable.payload, &declared, &mut spec);
        self.launch(begun, body, &spec);
    }

    /// As `find_block`, without saying what is wrong: the door to the queue.
    #[inline(always)]
    fn find_plain(&self, key: BlockKey, mode: Mode, door: &mut Door) -> Option<()> {
        let shared = self.engine.shared;
        let id = key.0;
        if self.codelet != 0 || id.runtime() != shared.id.number() {
            return self.find_plain_in_parent(key, mode, door);
        }
        // It may have come from outside.
        let slot = shared.blocks.slot_if_any(id.slot())?;
        if slot.owner.load(Ordering::Relaxed) != 0 {
            return self.find_plain_in_parent(key, mode, door);
        }
        if !slot.is(id) {
            return None;
        }
        let block = Some((slot.generation_cell(), id.generation()));
        // SAFETY: slots stay as long as the runtime.
        unsafe { door.lead(&slot.root, mode, block) };
        Some(())
    }

    /// The same in a body of a codelet, or for a block of its own.
    #[inline(never)]
    fn find_plain_in_parent(&self, key: BlockKey, mode: Mode, door: &mut Door) -> Option<()> {
        let shared = self.engine.shared;
        let id = key.0;
        let found = self
            .find_block(id, EntryKind::Block(mode), mode, false)
            .ok()?;
        let slot = shared.blocks.slot(id.slot());
        // SAFETY: the queue of a block slot, which lives as long as the runtime, or of an access of this body's codelet.
        let cell = unsafe { &*found.target().cast::<QueueCell>() };
        let own = std::ptr::eq(cell, &raw const slot.root);
        let block = own.then(|| (slot.generation_cell(), id.generation()));
        // SAFETY: as above.
        unsafe { door.lead(cell, mode, block) };
        Some(())
    }

    /// Enters these queues, and posts the codelet if it need not wait.
    #[inline(always)]
    fn enter_plain<const N: usize>(
        &self,
        id: u32,
        record: &Record,
        payload: usize,
        doors: &[Door; N],
    ) {
        let engine = self.engine;
        record.pending.set(N as u32);
        let mut turn = None;
        let takes_turn =
            N == 1 && doors[0].mode() == Mode::Commute && engine.queues_for_turn(record);
        let entered = entrance::enter_plain(doors, id, |queue| {
            if takes_turn {
                turn = Some(turn_at_entrance(queue, id));
            }
        });
        match turn {
            None => (),
            Some(true) => {
                record.need_not_look();
                return engine.post_for_all(id);
            }
            // It may have run.
            Some(false) => return,
        }
        let there = match entered {
            Ok(granted) => {
                if granted.poison != 0 {
                    record.poison(granted.poison);
                }
                if granted.more {
                    engine.after_entrance(id, doors);
                }
                granted.count
            }
            Err(_) => self.enter_what_is_left(id, payload, doors),
        };
        if there == N as u32 || (there > 0 && record.pending.arrive(there)) {
            engine.post(id);
        }
    }

    /// A block was destroyed since it was looked for: the general way, which tells.
    #[cold]
    #[inline(never)]
    fn enter_what_is_left(&self, id: u32, payload: usize, doors: &[Door]) -> u32 {
        let engine = self.engine;
        let arena = &engine.shared.arena;
        let record = arena.record(id);
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

/// The slots of these blocks.
#[inline(always)]
fn slots_of<const N: usize>(accesses: &[(BlockKey, Mode); N]) -> [u32; N] {
    std::array::from_fn(|at| accesses[at].0.0.slot())
}

/// In which order the queues of these blocks, all different, are entered: the doors stand so from the beginning. Without
/// branches, which would be taken or not by chance.
#[inline(always)]
pub(crate) fn in_order<const N: usize>(slots: [u32; N]) -> [usize; N] {
    let mut order = [0; N];
    for at in 0..N {
        let before = |other: usize| match other < at {
            true => slots[other] <= slots[at],
            false => slots[other] < slots[at],
        };
        let place = (0..N).filter(|&other| before(other)).count();
        order[place] = at;
    }
    order
}

impl Engine<'_> {
    /// Runs the body of a plain codelet with so many accesses.
    #[inline(always)]
    pub(crate) fn run_plain(
        &self,
        id: u32,
        vtable: &Vtable,
        payload: *mut u8,
        frame: *const (),
        count: usize,
    ) -> Ran {
        match count {
            1 => self.run_plain_of::<1>(id, vtable, payload, frame),
            2 => self.run_plain_of::<2>(id, vtable, payload, frame),
            3 => self.run_plain_of::<3>(id, vtable, payload, frame),
            _ => self.run_plain_of::<FEW>(id, vtable, payload, frame),
        }
    }

    #[inline(never)]
    fn run_plain_of<const N: usize>(
        &self,
        id: u32,
        vtable: &Vtable,
        payload: *mut u8,
        frame: *const (),
    ) -> Ran {
        match self.lend_plain::<N>(id, vtable.payload) {
            // SAFETY: the codelet is ready: it holds its accesses, which were lent in their order, and its captures.
            Ok(lent) => unsafe { (vtable.run)(payload, frame, &lent) },
            Err(error) => {
                // SAFETY: the payload still holds the captures.
                unsafe { (vtable.discard)(payload) };
                Ran::Failed(error)
            }
        }
    }

    #[inline(always)]
    fn lend_plain<const N: usize>(&self, id: u32, payload: usize) -> Result<[Lent; N]> {
        let mut lent = [Lent::default(); N];
        let entries = self.shared.arena.first_entries(id, payload, N);
        for (place, entry) in lent.iter_mut().zip(entries) {
            let slot = self.shared.blocks.slot(Self::queue_of(entry).slot);
            let start =
                self.local(|local| self.shared.memory_of_entry(slot, entry, false, local))?;
            let bytes = slot.bytes();
            *place = Lent { start, bytes };
        }
        Ok(lent)
    }

    /// Gives the blocks of a plain codelet back. Who holds them next is told when all of them have been given back, so that
    /// the records of those come here meanwhile.
    #[inline(never)]
    pub(crate) fn give_back_plain(
        &self,
        id: u32,
        record: &Record,
        (payload, entries): (usize, usize),
        followers: &mut Followers,
    ) {
        let arena = &self.shared.arena;
        let effect = effect(record);
        let mut told = [0; TOLD + FEW];
        let mut count = 0;
        for entry in arena.first_entries(id, payload, entries) {
            let Some(reads) = entry.is_only_read() else {
                let EntryKind::Block(mode) = entry.kind() else {
                    // Given back before.
                    continue;
                };
                if mode == Mode::Commute && entry.children().is_null() {
                    let cell = Self::queue_of(entry);
                    self.leave_turn(cell, id, effect, followers);
                    continue;
                }
                self.give_back_whole(id, record, (entry, mode, false), followers);
                continue;
            };
            let cell = Self::queue_of(entry);
            let step = cell.queue.with(|queue| {
                // For who leaves it is all the same how it was alone.
                match reads {
                    true => queue.leave(id, Mode::Read, effect),
                    false => queue.leave(id, Mode::ReadWrite, effect),
                }
                queue.let_in(|who| {
                    arena.fetch_whole(who);
                    told[count] = who;
                    count += 1;
                    count < TOLD
                })
            });
            if step.is_some() {
                self.go_on(cell, id, step, followers);
            }
        }
        for &who in &told[..count] {
            if arena.record(who).pending.arrive(1) {
                self.ready(who, followers);
            }
        }
    }
}
