//! What happens when a body ends, when a codelet ends (it and its descendants), and who becomes ready by that.
//!
//! The order at a codelet's end: its blocks are given back, its value stands, its end event fires, its blocks made and
//! its failed children go to its parent, its record goes, its parent's count goes down. Written out and argued in
//! `docs/design/codelets.md`.

use crate::access::Mode;
use crate::block_table::{QueueCell, destroyed};
use crate::codelet::{Body, Entry, EntryKind, Record, flag};
use crate::decide::dependence::{Effect, Grant, Poison};
use crate::engine::{AtReady, Engine, Followers};
use crate::entrance::{self, Door};
use crate::error::Result;
use crate::event::Links;
use crate::id::{BlockId, CodeletId};
use crate::root::Root;
use crate::sync::atomic::{AtomicU32, Ordering};

impl Engine<'_> {
    /// The queue that a block's entry enters.
    #[inline]
    pub(crate) fn queue_of(entry: &Entry) -> &QueueCell {
        // SAFETY: the target of a block's entry is the queue of a block slot, which lives as long as the runtime, or
        // of a parent's access, which lives until the parent ends, after this codelet.
        unsafe { &*entry.target().cast::<QueueCell>() }
    }

    /// The queue that a codelet's access gives its children, if there is one.
    #[inline]
    fn children_of(entry: &Entry) -> Option<&QueueCell> {
        // SAFETY: made by `Box::into_raw` in this codelet's body, and removed when the codelet ends.
        unsafe { entry.children().cast::<QueueCell>().as_ref() }
    }

    /// Enters the queues of a codelet's blocks, whose pending count covers them; how many it holds at once. An error
    /// if a block is gone; then it is in none.
    pub(crate) fn enter(&self, id: u32, body: Body, last: bool) -> Result<u32> {
        let shared = self.shared;
        let mut doors = self.local(|local| std::mem::take(&mut local.doors));
        for node in shared.arena.nodes(id, body.vtable.payload) {
            let entry = shared.arena.entry(node);
            if let EntryKind::Block(mode) = entry.kind() {
                let cell = Self::queue_of(entry);
                let own = std::ptr::eq(cell, &raw const shared.blocks.slot(cell.slot).root);
                let generation = own.then(|| entry.expected_generation());
                // From here on the word is for the children's queue.
                entry.set_children(std::ptr::null_mut());
                // SAFETY: see `queue_of`.
                doors.push(unsafe { Door::new(cell, mode, generation) });
            }
        }
        let generation = |slot| shared.blocks.slot(slot).generation();
        let entered = entrance::enter(&mut doors, id, last, generation);
        doors.clear();
        self.local(|local| local.doors = doors);
        let granted = entered.map_err(|slot| destroyed(BlockId::new(shared.id, slot, 0)))?;
        if granted.poison != 0 {
            poison(shared.arena.record(id), granted.poison);
        }
        Ok(granted.count)
    }

    /// The at-ready door: the codelet's events are there, so it enters its queues now.
    pub(crate) fn enter_at_ready(&self, id: u32, body: Body) -> AtReady {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        record.set_flags(record.flags() & !flag::AT_READY);
        let blocks = arena
            .nodes(id, body.vtable.payload)
            .filter(|&node| matches!(arena.entry(node).kind(), EntryKind::Block(_)));
        let count = blocks.count() as u32;
        record.pending.set(1 + count);
        match self.enter(id, body, record.flags() & flag::DESTROYS != 0) {
            Ok(granted) if granted == count || record.pending.arrive(1 + granted) => AtReady::Go,
            Ok(_) => AtReady::Wait,
            Err(error) => {
                // It holds nothing, so it must give nothing back.
                record.forget_entries();
                self.record_failure(id, body, error.to_string(), false);
                AtReady::Go
            }
        }
    }

    /// The body ended (or was skipped) after it spawned `children`.
    #[inline]
    pub(crate) fn body_ended(&self, id: u32, body: Body, children: u64, followers: &mut Followers) {
        let record = self.shared.arena.record(id);
        if children == 0 {
            // Nobody else knows of its inside.
            return self.end(id, followers);
        }
        self.leave_to_children(id, body, followers);
        if record.live.body_ended(children) {
            self.end(id, followers);
        }
    }

    /// The body leaves the queues that it shares with its children.
    fn leave_to_children(&self, id: u32, body: Body, followers: &mut Followers) {
        let arena = &self.shared.arena;
        let effect = effect(arena.record(id));
        for node in arena.nodes(id, body.vtable.payload) {
            let entry = arena.entry(node);
            if let EntryKind::Block(mode) = entry.kind()
                && let Some(cell) = Self::children_of(entry)
            {
                self.leave(cell, mode, effect, followers);
            }
        }
    }

    /// Leaves a queue, and tells those who hold the block because of that.
    fn leave(&self, cell: &QueueCell, mode: Mode, effect: Effect, followers: &mut Followers) {
        // Told outside the lock, a batch at a time: telling may cost a trip to another core.
        const BATCH: usize = 8;
        let mut left = false;
        loop {
            let mut grants: [Option<Grant<u32>>; BATCH] = [None; BATCH];
            cell.queue.with(|queue| {
                if !left {
                    queue.leave(mode, effect);
                }
                for place in &mut grants {
                    *place = queue.next_grant();
                    if place.is_none() {
                        break;
                    }
                }
            });
            left = true;
            for grant in grants.iter().flatten() {
                let record = self.shared.arena.record(grant.who);
                if let Some(p) = grant.poison {
                    poison(record, p.get());
                }
                if record.pending.arrive(1) {
                    self.ready(grant.who, followers);
                }
            }
            if grants[BATCH - 1].is_none() {
                return;
            }
        }
    }

    /// A codelet has ended: it and all its descendants. Ends those, too, that end by this.
    pub(crate) fn end(&self, id: u32, followers: &mut Followers) {
        let mut at = id;
        loop {
            let arena = &self.shared.arena;
            let record = arena.record(at);
            let flags = record.flags();
            // SAFETY: it lives until we recycle it below, and its last child's end published it to us.
            let body = unsafe { record.body() };
            if flags & flag::ROOT != 0 {
                self.free_kept(record);
                // SAFETY: a root's payload holds the root's address.
                let root = unsafe { arena.payload(at).cast::<*const Root>().read() };
                let here = self.local(|local| local.here.map(|here| here.xe));
                // SAFETY: the root stays until it is told, here.
                return unsafe { Root::end(root, self.shared, here) };
            }
            if record.count() != 0 {
                self.give_back(at, body, followers);
            }
            if flags & flag::FORWARDS != 0 {
                self.take_over_value(at, record, body);
            }
            let extension = record.extension.load(Ordering::Relaxed);
            if extension != 0 {
                self.free_extensions(extension);
            }
            self.hand_up(record);
            let parent = record.parent.load(Ordering::Relaxed);
            let cause = record.cause.load(Ordering::Relaxed);
            if cause == 0 && flags & flag::RETAINED == 0 {
                record.set_flags(0);
                let (waiters, again) = record.ended.fire_and_recycle();
                self.tell(waiters, 0, followers);
                if again {
                    self.local(|local| local.records.give(arena, at));
                }
            } else {
                let waiters = record.ended.fire(cause != 0);
                self.tell(waiters, cause, followers);
                if flags & flag::RETAINED == 0 {
                    push(&arena.record(parent).failed, at, &record.sibling);
                }
            }
            match self.child_ended(parent) {
                Some(next) => at = next,
                None => return,
            }
        }
    }

    /// Gives the codelet's blocks back.
    #[inline]
    fn give_back(&self, id: u32, body: Body, followers: &mut Followers) {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        let own_effect = effect(record);
        for node in arena.nodes(id, body.vtable.payload) {
            let entry = arena.entry(node);
            let EntryKind::Block(mode) = entry.kind() else {
                continue;
            };
            let cell = Self::queue_of(entry);
            let effect = match Self::children_of(entry) {
                None => own_effect,
                Some(children) => {
                    let left = children.queue.with(|queue| queue.poison());
                    let children = entry.children().cast::<QueueCell>();
                    entry.set_children(std::ptr::null_mut());
                    // SAFETY: made by `Box::into_raw`, and all children, who alone knew it, have ended.
                    drop(unsafe { Box::from_raw(children) });
                    left.map_or(Effect::Done, Effect::Failed)
                }
            };
            self.leave(cell, mode, effect, followers);
            if record.flags() & flag::DESTROYS != 0 {
                self.destroy(cell.slot);
            }
        }
    }

    /// Frees the records that hold more of a codelet's entries.
    #[cold]
    fn free_extensions(&self, first: u32) {
        let arena = &self.shared.arena;
        let mut at = first;
        while at != 0 {
            let next = arena.record(at).extension.load(Ordering::Relaxed);
            self.recycle(at, arena.record(at));
            at = next;
        }
    }

    /// The last access to a block has left its queue, which is closed.
    fn destroy(&self, slot: u32) {
        let block = self.shared.blocks.slot(slot);
        let memory = block.take_out_memory();
        self.local(|local| {
            if let Some(chunk) = memory {
                let region = chunk.region();
                if region == local.magazine.pool().region() {
                    let given = local.magazine.give(chunk);
                    given.expect("the memory came from this region's pool");
                } else {
                    let given = self.shared.pools[usize::from(region)].give(chunk);
                    given.expect("the memory came from this region's pool");
                }
            }
            self.shared.blocks.end(slot, &mut local.slots);
        });
    }

    /// The body returned a child's value as its own: noted until the child has ended too.
    pub(crate) fn forward(&self, id: u32, child: CodeletId, body: Body) {
        let arena = &self.shared.arena;
        let record = arena.record(id);
        let known = child.runtime == self.shared.id.0 && arena.is_record(child.record) && {
            let child_record = arena.record(child.record);
            child_record.ended.generation() == child.generation
                && child_record.parent.load(Ordering::Relaxed) == id
        };
        if !known {
            let message = "it returned a value of a codelet that it did not spawn itself; return the value of a child";
            return self.record_failure(id, body, message.to_owned(), false);
        }
        record.set_flags(record.flags() | flag::FORWARDS);
        // SAFETY: the captures are gone, so the payload is free, and it has room: see `Vtable::payload`.
        unsafe { arena.payload(id).cast::<u32>().write(child.record) };
    }

    /// Takes over the value of the child noted by [`Engine::forward`].
    fn take_over_value(&self, id: u32, record: &Record, body: Body) {
        let arena = &self.shared.arena;
        // SAFETY: the flag says that `forward` wrote it.
        let child = unsafe { arena.payload(id).cast::<u32>().read() };
        let from = arena.record(child);
        let flags = from.flags();
        if flags & flag::VALUE == 0 {
            return poison(record, from.cause.load(Ordering::Relaxed));
        }
        from.set_flags(flags & !flag::VALUE);
        // SAFETY: the child's payload holds the value (its flag), ours nothing any more; the types are the same, since
        // the body returned the child's handle as its own outcome; and all who could read it have ended.
        unsafe { (body.vtable.move_value)(arena.payload(child), arena.payload(id)) };
        record.set_flags(record.flags() | flag::VALUE);
    }

    /// What the codelet made, and keeps, passes on: blocks to its parent, kept children to the free list.
    #[inline]
    fn hand_up(&self, record: &Record) {
        let kept = record.retained.load(Ordering::Relaxed) | record.failed.load(Ordering::Relaxed);
        if kept != 0 {
            self.free_kept(record);
        }
        let first = record.made.load(Ordering::Relaxed);
        if first != 0 {
            self.shared
                .hand_up_blocks(first, record.parent.load(Ordering::Relaxed));
        }
    }

    /// Frees the records of children that were kept because somebody might name them.
    fn free_kept(&self, record: &Record) {
        let arena = &self.shared.arena;
        for list in [&record.retained, &record.failed] {
            // Acquire pairs with the Release in `push`.
            let mut at = list.load(Ordering::Acquire);
            while at != 0 {
                let child = arena.record(at);
                let next = child.sibling.load(Ordering::Relaxed);
                if child.flags() & flag::VALUE != 0 {
                    // SAFETY: it has ended and is kept, so its body is as it was published to its parent's end.
                    let vtable = unsafe { child.body() }.vtable;
                    // SAFETY: the flag says that the payload holds the value; nobody can name it any more.
                    unsafe { (vtable.drop_value)(arena.payload(at)) };
                }
                self.recycle(at, child);
                at = next;
            }
        }
    }

    /// Tells those who wait in a list that what they wait for has come: with the number of the failure that poisons
    /// it, or 0.
    #[inline]
    pub(crate) fn tell(&self, waiters: u32, cause: u32, followers: &mut Followers) {
        let arena = &self.shared.arena;
        let mut node = waiters;
        while node != 0 {
            // Read before telling: the waiter may run and be gone at once.
            let next = arena.next(node);
            let waiter = arena.owner_of_entry(node);
            let record = arena.record(waiter);
            let entry = arena.entry(node);
            if entry.kind() == EntryKind::Event {
                entry.forget_target();
            }
            if cause != 0 {
                poison(record, cause);
            }
            if record.pending.arrive(1) {
                self.ready(waiter, followers);
            }
            node = next;
        }
    }

    fn recycle(&self, id: u32, record: &Record) {
        record.set_flags(0);
        if record.ended.recycle() {
            self.local(|local| local.records.give(&self.shared.arena, id));
        }
    }

    /// A child of `parent` has ended here. Counted here first, so that a parent with many children is told of them in
    /// batches; gives a codelet that has ended by that.
    #[inline]
    fn child_ended(&self, parent: u32) -> Option<u32> {
        let (before, count) = self.local(|local| {
            if local.ended.0 == parent {
                local.ended.1 += 1;
                (0, 0)
            } else {
                std::mem::replace(&mut local.ended, (parent, 1))
            }
        });
        let ends = count > 0 && self.shared.arena.record(before).live.children_ended(count);
        ends.then_some(before)
    }

    /// Tells the parent of the children counted here, unless the engine goes on with a child of the same parent: so no
    /// parent's end is held up by what runs next.
    #[inline]
    pub(crate) fn settle_ended_unless(&self, parent: u32, followers: &mut Followers) {
        // Ending a parent leaves one for its own parent here, and so on up.
        while self.local(|local| local.ended.1 != 0 && local.ended.0 != parent) {
            let (before, count) = self.local(|local| std::mem::take(&mut local.ended));
            if self.shared.arena.record(before).live.children_ended(count) {
                self.end(before, followers);
            }
        }
    }

    /// Works on the scope of a host thread that a codelet belongs to.
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
fn effect(record: &Record) -> Effect {
    let cause = Poison::new(record.cause.load(Ordering::Relaxed));
    cause.map_or(Effect::Done, Effect::Failed)
}

/// Notes that what the codelet was to read is poisoned. Before its pending count goes down for that.
#[inline]
pub(crate) fn poison(record: &Record, cause: u32) {
    record.cause.store(cause, Ordering::Relaxed);
}

/// Pushes a record on a list in another record that nobody takes from until all pushers are done.
fn push(list: &AtomicU32, id: u32, link: &AtomicU32) {
    let mut head = list.load(Ordering::Relaxed);
    loop {
        link.store(head, Ordering::Relaxed);
        // Release pairs with the Acquire in `free_kept`.
        match list.compare_exchange_weak(head, id, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}
