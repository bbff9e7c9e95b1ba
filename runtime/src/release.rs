//! Blocks that a body gives back before its codelet ends.

use crate::codelet::flag;
use crate::decide::dependence::{Effect, Mode};
use crate::engine::{Engine, Followers, Frame};
use crate::entry::EntryKind;
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
            if Engine::children_of(entry).is_some() {
                return refuse(
                    "a block was released that children of the codelet use; it is given back when they have ended",
                );
            }
            if let Some(ledgers) = &engine.shared.ledgers {
                engine.enter_released(ledgers, id, (cell, mode));
            }
            entry.void();
            if let Some(check) = &engine.shared.check {
                check.release(cell.slot);
            }
            let followers = &mut Followers::posted();
            if mode == Mode::Commute {
                engine.pass_turn(cell, id, followers);
            }
            engine.leave(cell, id, mode, Effect::Done, followers);
            return Ok(());
        }
        refuse(
            "no block of this codelet starts at the address that was released; give the view as the body got it, once",
        )
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
