//! Blocks that a body gives back before its codelet ends.

use crate::block_table::QueueCell;
use crate::codelet::{capacity, flag};
use crate::decide::dependence::{Effect, Mode};
use crate::engine::{Engine, Followers, Frame};
use crate::entry::{Entry, EntryKind};
use crate::error::{Error, ErrorKind, Result};
use crate::sync::atomic::Ordering;

impl Frame<'_> {
    /// Gives back the block that starts at this address, which the body of the codelet around this frame has in view.
    pub(crate) fn release(&self, start: *mut u8) -> Result<()> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::Access, why));
        let (engine, id) = (self.engine, self.codelet);
        if self.is_of_a_graph() {
            return Err(Error::new(
                ErrorKind::Graph,
                "codelets of a graph give nothing back before they end; do it in two codelets, the first of which has the block",
            ));
        }
        if id == 0 {
            return refuse(
                "a block was released outside of all codelets; only the body that has it in view can do that",
            );
        }
        let arena = &engine.shared.arena;
        let record = arena.record(id);
        if record.flags() & flag::RELEASES == 0 {
            return refuse(
                "a block was released by a codelet that took its place at its spawn; spawn it with `at_ready()`",
            );
        }
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { record.vtable() }.payload;
        for (_, entry) in arena.entries(id, payload) {
            let EntryKind::Block(mode) = entry.kind() else {
                continue;
            };
            let cell = Engine::queue_of(entry);
            let block = engine.shared.blocks.slot(cell.slot);
            // The address in a reduction is that of a lane.
            if matches!(mode, Mode::Reduce(_)) || !block.is_lent_at(start) {
                continue;
            }
            return self.release_entry(entry, (cell, mode));
        }
        refuse(
            "no block of this codelet starts at the address that was released; give the view as the body got it, once",
        )
    }

    /// Gives back the block of the access in this place, counted from 0, of the open codelet around this frame.
    #[inline]
    pub(crate) fn release_nth(&self, at: usize) -> Result<()> {
        let entry = self.nth_entry(at);
        match entry.kind() {
            EntryKind::Block(mode) => self.release_entry(entry, (Engine::queue_of(entry), mode)),
            _ => Err(Error::new(
                ErrorKind::Access,
                "a block was released twice by a codelet; it went back with the first, so leave the second out",
            )),
        }
    }

    /// The access in this place, counted from 0, of the codelet around this frame, which has so many.
    #[inline]
    pub(crate) fn nth_entry(&self, at: usize) -> &Entry {
        let arena = &self.engine.shared.arena;
        let record = arena.record(self.codelet);
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { record.vtable() }.payload;
        let inside = record.count().min(capacity(payload));
        match arena.first_entries(self.codelet, payload, inside).get(at) {
            Some(entry) => entry,
            None => {
                let found = arena.entries(self.codelet, payload).nth(at);
                found.expect("it has so many accesses").1
            }
        }
    }

    /// Gives back the block of an access of the codelet around this frame, which has not been given back.
    #[inline]
    fn release_entry(&self, entry: &Entry, (cell, mode): (&QueueCell, Mode)) -> Result<()> {
        let (engine, id) = (self.engine, self.codelet);
        if Engine::children_of(entry).is_some() {
            return Err(Error::new(
                ErrorKind::Access,
                "a block was released that children of the codelet use; it is given back when they have ended",
            ));
        }
        if let Some(ledgers) = &engine.shared.ledgers {
            engine.enter_released(ledgers, id, (cell, mode));
        }
        self.void_entry(entry);
        if let Some(check) = &engine.shared.check {
            check.release(cell.slot);
        }
        let followers = &mut Followers::posted();
        if mode == Mode::Commute {
            engine.pass_turn(cell, id, followers);
        }
        engine.leave(cell, id, mode, Effect::Done, followers);
        Ok(())
    }

    /// The block of an access of the codelet around this frame has been given back, or is about to be.
    #[inline]
    pub(crate) fn void_entry(&self, entry: &Entry) {
        entry.void();
        self.engine
            .shared
            .arena
            .record(self.codelet)
            .gave_one_back();
    }

    /// Gives all whole blocks back that the codelet around this frame holds. It came through the at-ready door, has no children
    /// that use them, and touches them no more.
    pub(crate) fn release_all(&self) {
        let (engine, id) = (self.engine, self.codelet);
        let arena = &engine.shared.arena;
        let record = arena.record(id);
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { record.vtable() }.payload;
        for (_, entry) in arena.entries(id, payload) {
            let EntryKind::Block(mode) = entry.kind() else {
                continue;
            };
            let cell = Engine::queue_of(entry);
            if let Some(ledgers) = &engine.shared.ledgers {
                engine.enter_released(ledgers, id, (cell, mode));
            }
            entry.void();
            engine.leave(cell, id, mode, Effect::Done, &mut Followers::posted());
        }
        if record.extension.load(Ordering::Relaxed) == 0 {
            record.gives_nothing_back();
        }
    }
}
