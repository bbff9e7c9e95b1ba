//! What a codelet leaves at its end, and to whom: values to who forwards them, blocks it made and children that failed
//! to its parent, memory to the pools.

use crate::block_table::Memory;
use crate::codelet::{Record, flag};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::id::CodeletId;
use crate::memory_region::Chunk;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::lock;

impl Engine<'_> {
    /// The last access to a block has left its queue, which is closed.
    #[inline]
    pub(crate) fn destroy(&self, slot: u32) {
        let block = self.shared.blocks.slot(slot);
        let memory = block.take_out_memory();
        match &self.shared.check {
            Some(check) => self.check_destroyed(check, slot, memory.alone()),
            None => self.give_memory(memory),
        }
        self.local(|local| self.shared.blocks.end(slot, &mut local.slots));
    }

    /// A block is gone that nobody owns: so does its memory, and its slot is free.
    #[inline]
    pub(crate) fn free_ended(&self, slot: u32) {
        self.give_memory(self.shared.blocks.slot(slot).take_out_memory());
        self.local(|local| self.shared.blocks.free(slot, &mut local.slots));
    }

    /// Gives memory back to its region's pool.
    #[inline]
    pub(crate) fn give_chunk(&self, chunk: Chunk) {
        self.local(|local| self.shared.homes.give(chunk, &mut local.magazine));
    }

    /// Gives a block's memory back.
    #[inline]
    fn give_memory(&self, memory: Memory) {
        self.trace_turns_aside();
        let (chunk, copies) = memory.apart();
        if let Some(chunk) = chunk {
            self.give_chunk(chunk);
        }
        if !copies.is_empty() {
            self.local(|local| self.shared.homes.give_copies(copies, &mut local.magazine));
        }
    }

    /// The body returned a child's value as its own: noted until the child has ended too.
    pub(crate) fn forward(&self, id: u32, record: &Record, child: CodeletId) {
        let arena = &self.shared.arena;
        let known = child.runtime() == self.shared.id && child.record() != 0 && {
            let other = arena.record(child.record());
            let mine = other.parent.load(Ordering::Relaxed) == id;
            match other.ended.generation() == child.generation() {
                true => mine,
                // A child without anything to look at may be gone already; a failed one is not, so it ended well.
                // SAFETY: we run it, so it lives.
                false => !unsafe { record.vtable() }.has_value,
            }
        };
        if !known {
            let kind = match child.runtime() == self.shared.id {
                true => ErrorKind::Undeclared,
                false => ErrorKind::Foreign,
            };
            let message = "it returned a value of a codelet that it did not spawn itself; return the value of a child";
            return self.record_failure(id, &Error::new(kind, message));
        }
        record.set_flags(record.flags() | flag::FORWARDS);
        let note = [child.record(), child.generation()];
        // SAFETY: the captures are gone, so the payload is free, and it has room: see `Vtable::payload`.
        unsafe { arena.payload(id).cast::<[u32; 2]>().write(note) };
    }

    /// Takes over the value of the child noted by [`Engine::forward`], or its failure.
    #[cold]
    pub(crate) fn take_over_value(&self, id: u32, record: &Record) {
        let arena = &self.shared.arena;
        // SAFETY: the flag says that `forward` wrote it.
        let [child, generation] = unsafe { arena.payload(id).cast::<[u32; 2]>().read() };
        let from = arena.record(child);
        // SAFETY: we end it, so it lives.
        let vtable = unsafe { record.vtable() };
        if !vtable.has_value {
            // Kept if it failed, gone if not.
            if self.failed_child(record, child) && from.ended.generation() == generation {
                record.poison(from.cause.load(Ordering::Relaxed));
            }
            return;
        }
        let flags = from.flags();
        if flags & flag::VALUE == 0 {
            return record.poison(from.cause.load(Ordering::Relaxed));
        }
        from.set_flags(flags & !flag::VALUE);
        // SAFETY: the child's payload holds the value (its flag), ours nothing any more; the types are the same, since
        // the body returned the child's handle as its own outcome; and all who could read it have ended.
        unsafe { (vtable.move_value)(arena.payload(child), arena.payload(id)) };
        record.set_flags(record.flags() | flag::VALUE);
    }

    #[inline]
    fn failed_child(&self, record: &Record, child: u32) -> bool {
        // Acquire pairs with the Release in `keep`.
        let mut at = record.failed.load(Ordering::Acquire);
        while at != 0 && at != child {
            at = self.shared.arena.record(at).sibling.load(Ordering::Relaxed);
        }
        at != 0
    }

    /// At a codelet's end: its children's records go, failed ones and blocks that it made go to its parent.
    #[inline]
    pub(crate) fn hand_up(&self, record: &Record) {
        let kept = record.retained.load(Ordering::Relaxed) | record.failed.load(Ordering::Relaxed);
        if kept != 0 {
            let parent = record.parent.load(Ordering::Relaxed);
            self.free_kept(record, Some(self.shared.arena.record(parent)));
        }
        let first = record.made.load(Ordering::Relaxed);
        if first != 0 {
            let parent = record.parent.load(Ordering::Relaxed);
            self.local(|local| self.shared.hand_up_blocks(first, parent, &mut local.slots));
        }
    }

    /// A failed codelet whose host's scope has ended is kept on, since poison outlives the scope: as one of the last so
    /// many. Of those before them it is forgotten that they failed.
    #[cold]
    fn keep_for_good(&self, id: u32) {
        const KEPT: usize = 1 << 16;
        let forgotten = {
            let mut failed = lock(&self.shared.failed_ends);
            failed.push_back(id);
            (failed.len() > KEPT).then(|| failed.pop_front()).flatten()
        };
        if let Some(id) = forgotten {
            self.recycle(id, self.shared.arena.record(id));
        }
    }

    /// Frees the records of children that were kept because somebody might name them. Failed ones are kept on by the
    /// `heir`, then by the runtime: whoever still holds their end's event must learn of the failure.
    pub(crate) fn free_kept(&self, record: &Record, heir: Option<&Record>) {
        // Acquire pairs with the Release in `keep`.
        self.free_list(record.retained.load(Ordering::Acquire), heir);
        let failed = record.failed.load(Ordering::Acquire);
        if failed != 0 {
            self.free_list(failed, heir);
        }
    }

    /// The same for a list of them, linked through `sibling`.
    fn free_list(&self, first: u32, heir: Option<&Record>) {
        let arena = &self.shared.arena;
        let mut at = first;
        while at != 0 {
            let child = arena.record(at);
            let next = child.sibling.load(Ordering::Relaxed);
            let flags = child.flags();
            // SAFETY: it has ended and is kept, so its body is as it was published to its parent's end.
            let drop_value = unsafe { child.vtable() }.drop_value;
            if flags & flag::VALUE != 0
                && let Some(drop_value) = drop_value
            {
                child.set_flags(flags & !flag::VALUE);
                // SAFETY: the flag says that the payload holds the value; nobody can name it any more.
                unsafe { drop_value(arena.payload(at)) };
            }
            match (child.cause.load(Ordering::Relaxed), heir) {
                (0, _) => self.recycle(at, child),
                (_, Some(heir)) => keep(&heir.failed, at, child),
                (_, None) => self.keep_for_good(at),
            }
            at = next;
        }
    }
}

/// Keeps a child's record in a list of another record, which nobody takes from until all who push have ended.
#[inline]
pub(crate) fn keep(list: &AtomicU32, id: u32, child: &Record) {
    let mut head = list.load(Ordering::Relaxed);
    loop {
        child.sibling.store(head, Ordering::Relaxed);
        // Release pairs with the Acquire in `free_kept`.
        match list.compare_exchange_weak(head, id, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}
