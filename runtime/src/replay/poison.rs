//! Which cells of a graph are poisoned while it is replayed. Who uses a cell is ordered by the graph's protocol, so plain
//! loads and stores do; but parts of a block are used side by side, so their poison, which is kept by extents, has a lock.

use super::Compiled;
use crate::access::{BlockKey, Declared, Mode, PartKey};
use crate::bounds::RANGE;
use crate::codelet::{Body, flag};
use crate::decide::dependence::{Effect, Extent, Poison, Poisoned};
use crate::decide::graph::{Program, Use};
use crate::engine::Frame;
use crate::gate::{POISON, Watch};
use crate::spawn::Spec;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Mutex, lock};
use std::sync::Arc;

/// See the module.
pub(crate) struct Poisons {
    /// Whether some cell is, or was. Set before the lane's progress is published, so who depends on the cell sees it.
    pub(crate) watch: Arc<Watch>,
    /// For each cell the number of the failure, or 0.
    cells: Box<[AtomicU32]>,
    /// For each block of which parts are used. The cells of these are not looked at.
    split: Box<[Mutex<Poisoned>]>,
}

impl Poisons {
    pub(crate) fn new(program: &Program) -> Self {
        let split = 0..program.split_blocks();
        Poisons {
            watch: Arc::new(Watch::new()),
            cells: (0..program.cells()).map(|_| AtomicU32::new(0)).collect(),
            split: split.map(|_| Mutex::new(Poisoned::default())).collect(),
        }
    }

    /// A replay begins.
    pub(super) fn begin(&self) {
        if self.any() {
            self.watch.remove(POISON);
            let cells = self.cells.iter();
            cells.for_each(|cell| cell.store(0, Ordering::Relaxed));
            self.split.iter().for_each(|one| _ = lock(one).take());
        }
    }

    #[inline]
    pub(super) fn any(&self) -> bool {
        self.watch.reasons() & POISON != 0
    }

    /// The poison of what is used.
    fn of(&self, program: &Program, one: &Use) -> Option<Poison> {
        match program.piece(one.cell) {
            None => Poison::new(self.cells[one.cell as usize].load(Ordering::Relaxed)),
            Some(piece) => lock(&self.split[piece.of as usize]).among(&piece.extent),
        }
    }

    fn set(&self, program: &Program, one: &Use, effect: Effect) {
        match program.piece(one.cell) {
            None => {
                let poison = match effect {
                    Effect::Done => 0,
                    Effect::Failed(poison) => poison.get(),
                };
                self.cells[one.cell as usize].store(poison, Ordering::Relaxed);
            }
            Some(piece) => lock(&self.split[piece.of as usize]).set(&piece.extent, effect),
        }
    }

    /// The failure that poisons a codelet with these uses.
    pub(super) fn among(&self, program: &Program, uses: &[Use]) -> Option<Poison> {
        // A lane does not matter to those who add to it: what failed there fails who puts it together.
        let looks = |one: &&Use| one.mode.reads() && !matches!(one.mode, Mode::Reduce(_));
        let mut read = uses.iter().filter(looks);
        read.find_map(|one| self.of(program, one))
    }

    /// What a codelet was to write is poisoned.
    pub(super) fn spread(&self, program: &Program, uses: &[Use], poison: Poison) {
        self.watch.add(POISON);
        for one in uses.iter().filter(|one| one.mode.writes()) {
            self.set(program, one, Effect::Failed(poison));
        }
    }

    /// A codelet has ended well: what it wrote whole is good again.
    pub(super) fn heal(&self, program: &Program, uses: &[Use]) {
        for one in uses.iter().filter(|one| one.mode == Mode::Write) {
            self.set(program, one, Effect::Done);
        }
    }

    /// At a replay's end: the blocks that are poisoned are left so, by children of the codelet that holds them all.
    pub(super) fn leave(&self, graph: &Compiled, frame: &Frame<'_>) {
        if !self.any() {
            return;
        }
        for block in &graph.blocks {
            match block.split {
                None => {
                    let poison = self.cells[block.cell as usize].load(Ordering::Relaxed);
                    leave_whole_poisoned(block.key, Poison::new(poison), frame);
                }
                Some(split) => {
                    let pieces = lock(&self.split[split as usize]);
                    leave_pieces_poisoned(block.key, pieces.list(), frame);
                }
            }
        }
    }
}

/// At the end of a replay that ran no round: what the graph was to write whole, and has not, is left poisoned as it was found. The
/// end of the codelet that holds the blocks would heal it, and what that was to read as well is not poisoned, or it had not begun.
pub(super) fn leave_as_found(graph: &Compiled, frame: &Frame<'_>) {
    let blocks = &frame.engine.shared.blocks;
    for block in graph.blocks.iter().filter(|one| one.mode == Mode::Write) {
        // A replay is called in no codelet: whoever holds the blocks for it stands in their own queues.
        let queue = &blocks.slot(block.key.0.slot()).root.queue;
        let (all, pieces) = queue.with(|queue| (queue.poison(), queue.poisoned_parts().to_vec()));
        match &pieces[..] {
            [] => leave_whole_poisoned(block.key, all, frame),
            pieces => leave_pieces_poisoned(block.key, pieces, frame),
        }
    }
}

fn leave_whole_poisoned(block: BlockKey, poison: Option<Poison>, frame: &Frame<'_>) {
    if let Some(poison) = poison {
        leave_poisoned(&[Declared::Block(block, Mode::Write)], poison, frame);
    }
}

fn leave_pieces_poisoned(block: BlockKey, pieces: &[(Extent, Poison)], frame: &Frame<'_>) {
    for (extent, poison) in pieces {
        leave_poisoned(&bytes_of(block, extent), *poison, frame);
    }
}

/// How an access for writing these bytes is declared.
fn bytes_of(block: BlockKey, extent: &Extent) -> [Declared; 3] {
    let (start, columns) = (extent.start() as usize, extent.columns() as usize);
    let (rows, stride) = (extent.rows() as usize, extent.stride() as usize);
    let (leading, row, column) = match stride {
        0 => (RANGE, 0, start),
        _ => (stride, start / stride, start % stride),
    };
    [
        Declared::Part(PartKey {
            block,
            leading,
            element: 1,
            mode: Mode::Write,
        }),
        Declared::Bounds(row, row + rows),
        Declared::Bounds(column, column + columns),
    ]
}

/// A child that was to write what is declared and has failed, with a failure that has been counted already.
fn leave_poisoned(declared: &[Declared], poison: Poison, frame: &Frame<'_>) {
    let body = Body::unnamed("replay");
    let mut spec = Spec::default();
    match frame.begin(body, declared, &mut spec) {
        Ok(begun) => {
            let record = frame.engine.shared.arena.record(begun.id.record());
            // It has no captures, so nothing is run or dropped.
            record.set_flags(record.flags() & !flag::CAPTURES);
            record.poison(poison.get());
            frame.launch(begun, body, &spec);
        }
        Err(error) => _ = frame.fail(body.name, body.spawned_at, error),
    }
}
