//! Which cells of a graph are poisoned while it is replayed. Who uses a cell is ordered by the graph's protocol, so plain
//! loads and stores do.

use super::Compiled;
use crate::access::{BlockKey, Declared, Mode};
use crate::codelet::{Body, flag};
use crate::decide::graph::Use;
use crate::engine::Frame;
use crate::spawn::Spec;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// See the module.
pub(crate) struct Poisons {
    /// Some cell is, or was. Set before the lane's progress is published, so who depends on the cell sees it.
    any: AtomicBool,
    /// For each cell the number of the failure, or 0.
    cells: Box<[AtomicU32]>,
}

impl Poisons {
    pub(crate) fn new(cells: usize) -> Self {
        Poisons {
            any: AtomicBool::new(false),
            cells: (0..cells).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// A replay begins.
    pub(super) fn begin(&self) {
        if self.any() {
            self.any.store(false, Ordering::Relaxed);
            let cells = self.cells.iter();
            cells.for_each(|cell| cell.store(0, Ordering::Relaxed));
        }
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    fn of(&self, one: &Use) -> &AtomicU32 {
        &self.cells[one.cell as usize]
    }

    /// The failure that poisons a codelet with these uses.
    pub(super) fn among(&self, uses: &[Use]) -> Option<u32> {
        let read = uses.iter().filter(|one| one.mode.reads());
        read.map(|one| self.of(one).load(Ordering::Relaxed))
            .find(|&poison| poison != 0)
    }

    /// What a codelet was to write is poisoned.
    pub(super) fn spread(&self, uses: &[Use], poison: u32) {
        self.any.store(true, Ordering::Relaxed);
        for one in uses.iter().filter(|one| one.mode.writes()) {
            self.of(one).store(poison, Ordering::Relaxed);
        }
    }

    /// A codelet has ended well: what it wrote whole is good again.
    pub(super) fn heal(&self, uses: &[Use]) {
        for one in uses.iter().filter(|one| one.mode == Mode::Write) {
            self.of(one).store(0, Ordering::Relaxed);
        }
    }

    /// At a replay's end: the blocks that are poisoned are left so, by children of the codelet that holds them all.
    pub(super) fn leave(&self, graph: &Compiled, frame: &Frame<'_>) {
        if !self.any() {
            return;
        }
        for block in &graph.blocks {
            let poison = self.cells[block.cell as usize].load(Ordering::Relaxed);
            if poison != 0 {
                leave_poisoned(block.key, poison, frame);
            }
        }
    }
}

/// A child that was to write the block and has failed, with a failure that has been counted already.
fn leave_poisoned(key: BlockKey, poison: u32, frame: &Frame<'_>) {
    let body = Body::unnamed("replay");
    let mut spec = Spec::default();
    let declared = [Declared::Block(key, Mode::Write)];
    match frame.begin(body, &declared, &mut spec) {
        Ok(begun) => {
            let record = frame.engine.shared.arena.record(begun.id.record());
            // It has no captures, so nothing is run or dropped.
            record.set_flags(record.flags() & !flag::CAPTURES);
            record.poison(poison);
            frame.launch(begun, body, &spec);
        }
        Err(error) => _ = frame.fail(body.name, body.spawned_at, error),
    }
}
