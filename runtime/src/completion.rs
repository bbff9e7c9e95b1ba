//! How codelets enter the queues of their blocks and leave them, and who becomes ready by that. See
//! `docs/design/codelets.md`.

use crate::access::{Mode, Shape};
use crate::block_table::{Queue, QueueCell, destroyed};
use crate::codelet::{Record, flag};
use crate::decide::dependence::{Effect, Entered, Grant, Poison, Step};
use crate::engine::{AtReady, Engine, Followers};
use crate::entrance::{self, Door};
use crate::entry::{Entry, EntryKind, Waiter};
use crate::error::Error;
use crate::event::EventCell;
use crate::root::Root;
use crate::sync::atomic::Ordering;

/// How many are taken from a queue under one lock when many may hold it side by side.
const MANY: usize = 8;

impl Engine<'_> {
    /// The queue that a block's entry enters.
    #[inline]
    pub(crate) fn queue_of(entry: &Entry) -> &QueueCell {
        // SAFETY: the target of a block's entry is the queue of a block slot, which lives as long as the runtime, or
        // of a parent's access, which lives until the parent ends, after this codelet.
        unsafe { &*entry.target().cast::<QueueCell>() }
    }

    /// The same for who does not run the codelet's body, which may give the block back at any moment: `None` then.
    #[inline]
    pub(crate) fn queue_unless_released(entry: &Entry) -> Option<&QueueCell> {
        // SAFETY: as above, or null, since it was given back.
        unsafe { entry.target().cast::<QueueCell>().as_ref() }
    }

    /// The queue that a codelet's access gives its children, if there is one.
    #[inline]
    pub(crate) fn children_of(entry: &Entry) -> Option<&QueueCell> {
        // SAFETY: made by `Box::into_raw` in this codelet's body or at its entrance, and removed when the codelet ends.
        unsafe { entry.children().cast::<QueueCell>().as_ref() }
    }

    /// Enters the queues of a codelet's blocks, whose pending count covers them; how many it need not wait for. A block
    /// that is gone is left out, and gives the error; the codelet takes its place in the other queues all the same.
    pub(crate) fn enter(&self, id: u32, payload: usize, last: bool) -> (u32, Option<Error>) {
        let shared = self.shared;
        let mut doors = self.local(|local| std::mem::take(&mut local.doors));
        let mut parts = self.local(|local| std::mem::take(&mut local.door_parts));
        let mut entries = shared.arena.entries(id, payload);
        while let Some((_, entry)) = entries.next() {
            let kind = entry.kind();
            if !kind.is_block() {
                continue;
            }
            let cell = Self::queue_of(entry);
            let slot = shared.blocks.slot(cell.slot);
            let own = std::ptr::eq(cell, &raw const slot.root);
            let generation = own.then(|| (slot.generation_cell(), entry.expected_generation()));
            // From here on the word is for the children's queue.
            let (mode, weak) = match kind {
                EntryKind::Block(mode) | EntryKind::Part(mode) => (mode, false),
                _ => (Self::let_children_in(entry), true),
            };
            if !weak && !matches!(mode, Mode::Reduce(_)) {
                entry.set_children(std::ptr::null_mut());
            }
            // SAFETY: see `queue_of`.
            let mut door = unsafe { Door::new(cell, mode, generation) };
            if kind == EntryKind::Part(mode) {
                parts.push(self.door_part(cell, &mut entries));
                door = door.part(parts.len());
            }
            doors.push(if weak { door.weak() } else { door });
        }
        let (mut left_out, mut error) = (0, None);
        let granted = loop {
            match entrance::enter(&mut doors, &parts, id, last) {
                Ok(granted) => break granted,
                Err(gone) => {
                    left_out += self.leave_out(id, payload, gone);
                    doors.retain(|door| door.slot() != gone);
                    error = Some(destroyed(&shared.blocks.label_of_gone(gone)));
                }
            }
        };
        if granted.more {
            self.after_entrance(id, &doors);
        }
        doors.clear();
        parts.clear();
        self.local(|local| (local.doors, local.door_parts) = (doors, parts));
        if granted.poison != 0 {
            shared.arena.record(id).poison(granted.poison);
        }
        (granted.count + left_out, error)
    }

    /// What is left to do when the queues of a codelet have been entered: places for its children that have come at once,
    /// and reductions that end here.
    #[cold]
    pub(crate) fn after_entrance(&self, id: u32, doors: &[Door]) {
        let followers = &mut Followers::posted();
        for door in doors {
            let (cell, weak, entered) = door.entered();
            match entered {
                // The queue stays until the codelet ends, which waits for what is done here.
                Entered::Combine => self.go_on(cell, id, Some(Step::Combine), followers),
                Entered::Granted(poison) if weak => {
                    self.open_for_children(cell, id, poison, followers);
                }
                _ => (),
            }
        }
    }

    /// Makes the entries for a block that is gone stand for nothing; how many.
    #[cold]
    fn leave_out(&self, id: u32, payload: usize, slot: u32) -> u32 {
        let arena = &self.shared.arena;
        let mut count = 0;
        for (_, entry) in arena.entries(id, payload) {
            if entry.kind().is_block() && Self::queue_of(entry).slot == slot {
                if entry.kind() == EntryKind::Weak {
                    Self::free_children(entry);
                }
                entry.void();
                count += 1;
            }
        }
        count
    }

    /// The at-ready door: the codelet's events are there, so it enters its queues now.
    #[cold]
    pub(crate) fn enter_at_ready(&self, id: u32, payload: usize) -> AtReady {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        record.set_flags(record.flags() & !flag::AT_READY);
        let blocks = arena
            .entries(id, payload)
            .filter(|(_, entry)| entry.kind().is_block());
        let count = blocks.count() as u32;
        record.pending.set(count);
        let (granted, error) = self.enter(id, payload, record.flags() & flag::DESTROYS != 0);
        if let Some(error) = error {
            self.refuse(id, record, &error);
        }
        if granted == count || (granted > 0 && record.pending.arrive(granted)) {
            AtReady::Go
        } else {
            AtReady::Wait
        }
    }

    /// The body leaves the queues that it shares with its children.
    #[inline]
    pub(crate) fn leave_to_children(&self, id: u32, record: &Record, followers: &mut Followers) {
        let arena = &self.shared.arena;
        let effect = effect(record);
        // SAFETY: it lives, and was published to us.
        let payload = unsafe { record.vtable() }.payload;
        for (_, entry) in arena.entries(id, payload) {
            if let EntryKind::Block(mode) | EntryKind::Part(mode) = entry.kind()
                && let Some(cell) = Self::children_of(entry)
            {
                self.leave(cell, id, mode.among_children(), effect, followers);
            }
        }
    }

    /// Leaves a queue, and does what is to be done because of that.
    pub(crate) fn leave(
        &self,
        cell: &QueueCell,
        who: u32,
        mode: Mode,
        effect: Effect,
        followers: &mut Followers,
    ) {
        cell.queue.acquire();
        let left = |queue: &mut Queue| {
            queue.leave(who, mode, effect);
            queue.is_unwaited()
        };
        // SAFETY: we hold the lock, and leaving does not come back to it.
        let unwaited = unsafe { cell.queue.locked(left) };
        // Mostly nobody waits: then no step is made, only to be looked at.
        let (step, rests) = match unwaited {
            true => (None, true),
            // SAFETY: as above.
            false => unsafe {
                cell.queue
                    .locked(|queue| (queue.next_step(), queue.rests()))
            },
        };
        // SAFETY: taken above, given back once.
        unsafe { cell.queue.release() };
        if unwaited {
            return;
        }
        match step {
            None => (),
            // Mostly one that holds it alone.
            Some(Step::Grant(grant)) if rests => self.granted(cell, grant, followers),
            _ => self.go_on(cell, who, step, followers),
        }
    }

    /// Does what a queue asks for, `step` first: told outside the lock, since telling may cost a trip to another core;
    /// mostly it is one or none. `who` left or entered the queue.
    pub(crate) fn go_on(
        &self,
        cell: &QueueCell,
        who: u32,
        mut step: Option<Step<u32>>,
        followers: &mut Followers,
    ) {
        while let Some(now) = step {
            if now == Step::Combine {
                self.combine(cell, who);
            }
            // The queue stays: if it is for children, their parent waits for somebody who has not been told, or for our
            // end, or we are the parent. So as long as there is more to do, somebody is left to be told.
            let (mut more, mut count) = ([now; MANY], 0);
            step = cell.queue.with(|queue| {
                loop {
                    match queue.next_step() {
                        Some(next @ Step::Grant(_)) if count < MANY => more[count] = next,
                        end => return end,
                    }
                    count += 1;
                }
            });
            for &told in std::iter::once(&now).chain(&more[..count]) {
                if let Step::Grant(grant) = told {
                    self.granted(cell, grant, followers);
                }
            }
        }
    }

    /// Tells somebody that what it waited for in a queue has come.
    #[inline]
    fn granted(&self, cell: &QueueCell, grant: Grant<u32>, followers: &mut Followers) {
        let Grant { who, poison, weak } = grant;
        if weak {
            return self.open_for_children(cell, who, poison, followers);
        }
        let record = self.shared.arena.record(who);
        if let Some(poison) = poison {
            record.poison(poison.get());
        }
        if record.pending.arrive(1) {
            self.ready(who, followers);
        }
    }

    /// Gives the codelet's blocks back.
    pub(crate) fn give_back(&self, id: u32, record: &Record, followers: &mut Followers) {
        let arena = &self.shared.arena;
        // SAFETY: it lives, and was published to us.
        let payload = unsafe { record.vtable() }.payload;
        if let Shape::Blocks(count) = record.shape() {
            return self.give_back_plain(id, record, (payload, count), followers);
        }
        let own_effect = effect(record);
        let mut entries = arena.entries(id, payload);
        while let Some((_, entry)) = entries.next() {
            match entry.kind() {
                EntryKind::Block(mode) => {
                    self.give_back_whole(id, record, (entry, mode, false), followers);
                }
                EntryKind::Weak => {
                    let mode = Self::weak_mode_of(entry);
                    self.give_back_whole(id, record, (entry, mode, true), followers);
                }
                EntryKind::Part(mode) => {
                    self.give_back_part(id, (entry, mode), &mut entries, own_effect, followers);
                }
                _ => (),
            }
        }
    }

    /// Gives a whole block back; an access of this mode, weak or not.
    pub(crate) fn give_back_whole(
        &self,
        id: u32,
        record: &Record,
        (entry, mode, weak): (&Entry, Mode, bool),
        followers: &mut Followers,
    ) {
        let own_effect = effect(record);
        let cell = Self::queue_of(entry);
        let effect = match Self::children_of(entry) {
            None if own_effect != Effect::Done && record.moves() && mode.writes() => {
                return self.leave_as_it_was(cell, id, mode, followers);
            }
            None => own_effect,
            Some(children) => {
                let pieces = children.queue.with(|queue| queue.poisoned_parts().to_vec());
                let left = self.what_children_left(id, children);
                Self::free_children(entry);
                let whole = weak || record.flags() & flag::FORWARDS != 0;
                let failed = whole && own_effect != Effect::Done;
                if !pieces.is_empty() && !failed {
                    if mode == Mode::Commute {
                        self.pass_turn(cell, id, followers);
                    }
                    self.leave_in_pieces(cell, (id, mode), None, &pieces, followers);
                    return;
                }
                // A body that is in the block has left its own effect to its children; not that of a child whose
                // value it forwards, which is known only now.
                if failed { own_effect } else { left }
            }
        };
        if mode == Mode::Commute {
            self.pass_turn(cell, id, followers);
        }
        self.leave(cell, id, mode, effect, followers);
        if record.flags() & flag::DESTROYS != 0 {
            self.destroy(cell.slot);
        }
    }

    /// Leaves a block that was to be moved, and is not: what was poisoned before still is, and nothing else.
    #[cold]
    fn leave_as_it_was(&self, cell: &QueueCell, id: u32, mode: Mode, followers: &mut Followers) {
        let (poison, pieces) =
            (cell.queue).with(|queue| (queue.poison(), queue.poisoned_parts().to_vec()));
        match &pieces[..] {
            [] => {
                let effect = poison.map_or(Effect::Done, Effect::Failed);
                self.leave(cell, id, mode, effect, followers);
            }
            pieces => self.leave_in_pieces(cell, (id, mode), None, pieces, followers),
        }
    }

    /// Removes the queue for the children of an access.
    pub(crate) fn free_children(entry: &Entry) {
        let children = entry.children().cast::<QueueCell>();
        entry.set_children(std::ptr::null_mut());
        // SAFETY: made by `Box::into_raw`, and all children, who alone knew it, have ended or were never there.
        drop(unsafe { Box::from_raw(children) });
    }

    /// Tells those who wait in a list, if anybody does, that what they wait for has come: with the number of the failure that
    /// poisons it, or 0.
    #[inline(always)]
    pub(crate) fn tell(&self, waiters: u32, cause: u32, followers: &mut Followers) {
        if waiters != 0 {
            self.tell_all(waiters, cause, followers);
        }
    }

    /// The same for a list with somebody in it.
    #[inline(never)]
    fn tell_all(&self, waiters: u32, cause: u32, followers: &mut Followers) {
        let arena = &self.shared.arena;
        let mut node = waiters;
        while node != 0 {
            // Read before telling: the waiter may run and be gone at once.
            let entry = arena.entry(node);
            let Waiter {
                next,
                distance,
                is_for_event,
            } = entry.as_waiter();
            let waiter = arena.owner_of_entry(node, distance);
            let record = arena.record(waiter);
            if is_for_event {
                entry.forget_target();
            }
            if cause != 0 {
                record.poison(cause);
            }
            if record.pending.arrive(1) {
                self.ready(waiter, followers);
            }
            node = next;
        }
    }

    /// Fires an event that a user made: with the number of the failure that poisons it, or 0.
    #[inline]
    pub(crate) fn fire_event(&self, cell: &EventCell, cause: u32, followers: &mut Followers) {
        if let Some(check) = &self.shared.check {
            check.event_fired((&raw const *cell).addr(), cause == 0);
        }
        cell.cause.store(cause, Ordering::Relaxed);
        self.tell(cell.one_shot.fire(cause != 0), cause, followers);
    }

    #[inline]
    pub(crate) fn recycle(&self, id: u32, record: &Record) {
        record.set_flags(0);
        if record.ended.recycle() {
            self.local(|local| local.records.give(&self.shared.arena, id));
        }
    }

    /// Works on the scope of a host thread that a codelet belongs to.
    #[inline]
    pub(crate) fn with_root<R>(&self, id: u32, f: impl FnOnce(&Root) -> R) -> R {
        let arena = &self.shared.arena;
        let mut at = id;
        while arena.record(at).flags() & flag::ROOT == 0 {
            at = arena.record(at).parent.load(Ordering::Relaxed);
        }
        // SAFETY: a root's payload holds the root, which stays until its scope has ended, and `id` lives in it.
        f(unsafe { Root::of(arena.payload(at)) })
    }
}

/// What a codelet did to the blocks it was to write.
#[inline]
pub(crate) fn effect(record: &Record) -> Effect {
    let cause = Poison::new(record.cause.load(Ordering::Relaxed));
    cause.map_or(Effect::Done, Effect::Failed)
}
