//! What an engine does in the checking mode ([`crate::check`]): takes what is ready in any order, opens blocks for a body
//! and closes them after it.

use crate::access::{Lent, Mode};
use crate::check::{Check, Mistake, Opened};
use crate::codelet::flag;
use crate::decide::route;
use crate::engine::Engine;
use crate::entry::{Entry, EntryKind};
use crate::error::Result;
use crate::local::Local;
use crate::memory_region::{Chunk, Running, runs};
use crate::seat::Seat;
use crate::shared::{Domain, Shared};
use crate::sync::lock;

impl Shared {
    /// Notes a block that codelet `owner` made, or a host (0).
    #[cold]
    pub(crate) fn check_made(&self, check: &Check, slot: u32, bytes: usize, owner: u32) {
        let maker = (owner != 0).then(|| running(self, owner));
        check.made(slot, bytes, maker);
    }
}

/// Who a codelet is that lives.
fn running(shared: &Shared, id: u32) -> Running {
    // SAFETY: it runs or is about to: it lives, and was published to us.
    let body = unsafe { shared.arena.record(id).body() };
    Running {
        codelet: body.name,
        spawned_at: body.spawned_at,
    }
}

impl Engine<'_> {
    /// One of all codelets that are ready, whichever the seed says.
    #[cold]
    #[inline(never)]
    pub(crate) fn find_in_any_order(&self, domain: &Domain) -> Option<u32> {
        while let Some(id) = self.look_through(route::look_order(true), domain) {
            self.local(|local| {
                local
                    .any_order
                    .iter_mut()
                    .for_each(|any| any.ready.push(id))
            });
        }
        let picked = self.local(|local| {
            let any = local.any_order.as_mut()?;
            let place = any.shuffle.pick(any.ready.len())?;
            Some(any.ready.swap_remove(place))
        });
        runs(picked.map(|id| running(self.shared, id)));
        picked
    }

    /// A host leaves its seat: what it has not run is for who comes next.
    #[cold]
    pub(crate) fn put_back_ready(&self, seat: &Seat<Local>) {
        runs(None);
        let ready = |local: &mut Local| {
            let any = local.any_order.as_mut();
            any.map_or_else(Vec::new, |any| std::mem::take(&mut any.ready))
        };
        for id in self.local(ready) {
            self.shared.domains[usize::from(seat.domain)]
                .injector
                .push(id);
        }
    }

    /// In the checking mode, makes a codelet's blocks accessible. Those that it destroys stay closed: nobody looks at them.
    ///
    /// Errors: `System` if the system refuses.
    #[inline]
    pub(crate) fn open_blocks(
        &self,
        id: u32,
        payload: usize,
        lent: &[Lent],
    ) -> Result<Vec<Opened>> {
        match &self.shared.check {
            None => Ok(Vec::new()),
            Some(check) => self.open_for_body(check, id, payload, lent),
        }
    }

    #[cold]
    fn open_for_body(
        &self,
        check: &Check,
        id: u32,
        payload: usize,
        lent: &[Lent],
    ) -> Result<Vec<Opened>> {
        let (shared, mut opened) = (self.shared, Vec::new());
        let record = shared.arena.record(id);
        if record.flags() & flag::DESTROYS != 0 {
            return Ok(opened);
        }
        let is_lent = |entry: &Entry| {
            !matches!(
                entry.kind(),
                EntryKind::Event | EntryKind::End | EntryKind::Weak | EntryKind::Bounds
            )
        };
        let entries = shared.arena.entries(id, payload).map(|(_, entry)| entry);
        for (entry, lent) in entries.filter(|entry| is_lent(entry)).zip(lent) {
            // All of the block for a part, of which nothing is known here.
            if let EntryKind::Part(_) = entry.kind() {
                let slot = Self::queue_of(entry).slot;
                let block = shared.blocks.slot(slot);
                let all = Lent {
                    start: block.plain_start(),
                    bytes: block.bytes(),
                };
                let chunk = block.chunk_bytes();
                // SAFETY: all of the block's memory; one body runs at a time, and this one has not begun.
                opened
                    .extend(unsafe { check.open((slot, Mode::ReadWrite), &all, chunk, &opened) }?);
            }
            // A reduction lends a lane, which is nobody else's.
            if let EntryKind::Block(mode) = entry.kind()
                && !matches!(mode, Mode::Reduce(_))
            {
                // Who holds it for others does not write, and these may never come.
                let mode = match record.holds() && mode.writes() {
                    true => Mode::ReadWrite,
                    false => mode,
                };
                let block = (Self::queue_of(entry).slot, mode);
                let chunk = shared.blocks.slot(block.0).chunk_bytes();
                // SAFETY: what is lent for the block; one body runs at a time, and this one has not begun.
                opened.extend(unsafe { check.open(block, lent, chunk, &opened) }?);
            }
        }
        Ok(opened)
    }

    /// Works on a block's memory as a body would that declared it: for what the runtime itself does to blocks.
    pub(crate) fn with_block_open<R>(
        &self,
        slot: u32,
        lent: &Lent,
        f: impl FnOnce() -> R,
    ) -> Result<R> {
        let Some(check) = self.shared.check.as_deref() else {
            return Ok(f());
        };
        let chunk = self.shared.blocks.slot(slot).chunk_bytes();
        // SAFETY: what is the block's; the caller holds it, so no body may use it.
        let opened = unsafe { check.open((slot, Mode::ReadWrite), lent, chunk, &[]) }?;
        let result = f();
        if opened.is_some() {
            check.shut(slot);
        }
        Ok(result)
    }

    /// Closes them again, and tells of those that were declared for reading and have changed.
    #[inline]
    pub(crate) fn close_blocks(&self, id: u32, opened: &[Opened]) {
        if let Some(check) = &self.shared.check {
            self.close_after_body(check, id, opened);
        }
    }

    #[cold]
    fn close_after_body(&self, check: &Check, id: u32, opened: &[Opened]) {
        for block in opened {
            // SAFETY: the body has ended that they were opened for.
            for mistake in unsafe { check.close(block) } {
                self.tell_mistake(check, id, block.slot, mistake);
            }
        }
    }

    fn tell_mistake(&self, check: &Check, id: u32, slot: u32, mistake: Mistake) {
        let by = running(self.shared, id);
        let what = match mistake {
            Mistake::Changed(byte) => format!(
                "wrote to block {slot}, which it declared for reading (first at byte {byte}); declare it with `read_write` or `write`"
            ),
            Mistake::Beyond(byte) => {
                format!("wrote beyond the end of block {slot} (first {byte} bytes behind it)")
            }
        };
        let text = format!(
            "codelet `{}`, spawned at {}, {what}. {} replays this",
            by.codelet,
            by.spawned_at,
            check.replay()
        );
        eprintln!("sprat: {text}");
        self.with_root(id, |root| lock(&root.findings).push(text));
    }

    /// The memory of a block that is destroyed.
    #[cold]
    pub(crate) fn check_destroyed(&self, check: &Check, slot: u32, memory: Option<Chunk>) {
        let kept = check.destroyed(slot, memory, self.shared.homes.pools());
        kept.expect("the memory came from this region's pool");
    }
}
