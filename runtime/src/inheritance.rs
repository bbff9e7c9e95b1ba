//! A codelet of the high level that must wait gives its level to those it waits for, so that it does not wait behind
//! what is less urgent (Sha, Rajkumar and Lehoczky, "Priority inheritance protocols", IEEE Transactions on Computers
//! 39(9), 1990).
//!
//! Who gets it: those who hold its blocks or wait for them before it, the producers of the values that it reads, the
//! codelets whose end it waits for; and what these wait for, in turn; each unless it has started, and no more than
//! [`REACH`] for one spawn. Levels are hints: none of this changes what a program means, and so nothing here waits for
//! certainty. What must be certain is that whoever is looked into lives: see `docs/design/priorities.md`.

use crate::access::Mode;
use crate::block_table::QueueCell;
use crate::bounds::Bounds;
use crate::decide::priority::REACH;
use crate::engine::Frame;
use crate::entry::EntryKind;
use crate::extent::Extent;
use crate::sync::atomic::Ordering;

/// One spawn's walk through what it will wait for.
struct Walk<'a> {
    frame: &'a Frame<'a>,
    /// How many more may be given the level.
    left: usize,
    places: Vec<Place>,
}

/// An access in a queue: those in front of it are meant.
struct Place {
    cell: *const QueueCell,
    mode: Mode,
    /// `None` for all of the block.
    part: Option<Extent>,
    /// Who waits there; `None` for the one that is about to enter.
    who: Option<u32>,
}

impl Frame<'_> {
    /// Gives the level of a codelet that is about to enter its queues and to join its events to those before it.
    #[cold]
    pub(crate) fn give_level(&self, id: u32, payload: usize) {
        let arena = &self.engine.shared.arena;
        let mut walk = Walk {
            frame: self,
            left: REACH,
            places: Vec::new(),
        };
        for (_, entry) in arena.entries(id, payload) {
            if entry.kind() == EntryKind::End {
                let other = entry.target_record();
                // Not looked into: its record is nobody's to keep.
                if arena.record(other).ended.generation() == entry.expected_generation() {
                    walk.left -= usize::from(walk.left > 0 && self.engine.raise(other));
                }
            }
        }
        walk.look_into(id, payload, None);
        while walk.left > 0
            && let Some(place) = walk.places.pop()
        {
            walk.visit(place);
        }
        if walk.left < REACH {
            self.engine.shared.levels.raise();
        }
    }
}

impl Walk<'_> {
    /// Notes the places of a codelet that lives, and gives the level to the producers of its values. It is `who` in its
    /// queues, or `None` if it is still to enter.
    fn look_into(&mut self, id: u32, payload: usize, who: Option<u32>) {
        let arena = &self.frame.engine.shared.arena;
        let mut entries = arena.entries(id, payload);
        while let Some((_, entry)) = entries.next() {
            let (kind, target) = (entry.kind(), entry.target());
            // Who starts makes entries void without the lock: one may be of this kind no more.
            if target.is_null() {
                continue;
            }
            let (mode, part) = match kind {
                EntryKind::Block(mode) => (mode, None),
                // How it is declared is not told here any more: as if it were alone.
                EntryKind::Weak => (Mode::Exclusive, None),
                EntryKind::Part(mode) => match Bounds::take(&mut entries).extent {
                    // Nobody waits for nothing.
                    nothing if nothing.is_empty() => continue,
                    part => (mode, Some(part)),
                },
                EntryKind::Value => {
                    self.give(target.addr() as u32, true);
                    continue;
                }
                _ => continue,
            };
            let cell: *const QueueCell = target.cast();
            if self.stays(cell) {
                self.places.push(Place {
                    cell,
                    mode,
                    part,
                    who,
                });
            }
        }
    }

    /// Gives the level to a codelet, if there are some left, and looks into it if it certainly lives.
    fn give(&mut self, id: u32, lives: bool) {
        if self.left == 0 || !self.frame.engine.raise(id) {
            return;
        }
        self.left -= 1;
        let record = self.frame.engine.shared.arena.record(id);
        // Extensions go before their codelet does.
        if lives && record.extension.load(Ordering::Relaxed) == 0 {
            // SAFETY: it lives: it stands in a queue whose lock we hold, or has a value that such a one, or one that we
            // are about to spawn, reads, and is kept for that.
            let payload = unsafe { record.vtable() }.payload;
            self.look_into(id, payload, Some(id));
        }
    }

    /// Whether a queue stays as long as this body runs: a block's own one always does, and those of this codelet's
    /// children do. (The others belong to codelets that may end at any time.)
    fn stays(&self, cell: *const QueueCell) -> bool {
        let shared = self.frame.engine.shared;
        let arena = &shared.arena;
        // SAFETY: of an entry of a codelet that lives; its parent lives too.
        let slot = unsafe { (*cell).slot };
        if std::ptr::eq(cell, &raw const shared.blocks.slot(slot).root) {
            return true;
        }
        let codelet = self.frame.codelet;
        if codelet == 0 {
            return false;
        }
        // SAFETY: the codelet runs this body, so it lives.
        let payload = unsafe { arena.record(codelet).vtable() }.payload;
        let mut entries = arena.entries(codelet, payload);
        entries.any(|(_, entry)| {
            entry.kind().is_block() && std::ptr::eq(entry.children().cast(), cell)
        })
    }

    /// Gives the level to those in front of an access in a queue.
    fn visit(&mut self, at: Place) {
        // SAFETY: it stays: `stays`.
        let cell = unsafe { &*at.cell };
        cell.queue.with(|queue| {
            for (other, certain) in queue.in_front(at.who, at.mode, at.part.as_ref(), REACH) {
                // One that is high already has given its level on.
                self.give(other, certain);
            }
        });
    }
}
