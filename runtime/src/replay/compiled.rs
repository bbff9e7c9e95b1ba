//! A graph without the lifetime of what it borrows: its codelets, their schedule, and what a replay works on.

use super::at_work::Place;
use super::lanes::{Lanes, has_room};
use super::poison::Poisons;
use crate::access::{BlockKey, Lent, Mode};
use crate::decide::graph::{Owner, Program, Schedule, owners, schedule};
use crate::id::RuntimeId;
use crate::recorded::Bodies;
use crate::recorder::{PartLent, Recording, Site, UsedBlock};
use crate::shared::Shared;
use crate::stop::Stop;
use crate::sync::UnsafeCell;
use crate::sync::atomic::AtomicBool;
use std::sync::Arc;

/// See the module.
pub(crate) struct Compiled {
    pub(crate) runtime: RuntimeId,
    /// Somebody replays it.
    pub(crate) held: AtomicBool,
    pub(crate) bodies: Bodies,
    sites: Box<[Site]>,
    /// Of each codelet the place in `sites`.
    site_of_codelet: Box<[u32]>,
    pub(crate) program: Program,
    /// In the order of their cells.
    pub(crate) blocks: Box<[UsedBlock]>,
    /// The blocks' memory in the present replay, or the last one. Written before codelets run, by who leads the replay.
    pub(crate) memory: UnsafeCell<Box<[Lent]>>,
    /// What is lent, each once. Written like `memory`.
    pub(crate) lents: UnsafeCell<Box<[Lent]>>,
    /// Which of these are blocks, and which.
    pub(crate) block_lents: Box<[(u32, u32)]>,
    /// Which of them are parts of blocks.
    part_lents: Box<[PartLent]>,
    /// What each codelet is lent, codelet by codelet: places in `lents`.
    pub(crate) lent_to: Box<[u32]>,
    pub(crate) schedule: Schedule,
    pub(crate) lanes: Lanes,
    /// One for each engine.
    pub(crate) places: Box<[Place]>,
    pub(crate) poisons: Poisons,
}

// SAFETY: bodies, accesses and values are `Send` and `Sync`; lent memory is only an address until a codelet runs, which has it
// by the blocks' queues and the protocol of the lanes; and the cells are written by who has the graph alone.
unsafe impl Send for Compiled {}
// SAFETY: as above.
unsafe impl Sync for Compiled {}

impl Compiled {
    pub(crate) fn new(shared: &Shared, mut recording: Recording) -> Self {
        let mut program = recording.program;
        program.shrink();
        let owners = owners(&program, shared.seats.len() as u16);
        let schedule = schedule(&program, &owners, roomy(shared, &recording.blocks));
        let count = schedule.lanes.len();
        let lists = recording.bodies.list().iter();
        let most_lent = lists.map(|recorded| usize::from(recorded.lents)).max();
        recording.bodies.deal(&schedule);
        Compiled {
            runtime: shared.id,
            held: AtomicBool::new(false),
            memory: UnsafeCell::new(vec![Lent::default(); recording.blocks.len()].into()),
            blocks: recording.blocks.into(),
            lents: UnsafeCell::new(recording.lents.into()),
            block_lents: recording.block_lents.into(),
            part_lents: recording.part_lents.into(),
            lent_to: recording.lent_to.into(),
            poisons: Poisons::new(&program),
            bodies: recording.bodies,
            sites: recording.sites.into(),
            site_of_codelet: recording.site_of_codelet.into(),
            program,
            lanes: Lanes::new(&schedule, Arc::new(Stop::new())),
            places: (shared.seats.iter())
                .map(|_| Place::new(count, most_lent.unwrap_or(0)))
                .collect(),
            schedule,
        }
    }

    /// Where each codelet runs.
    pub(crate) fn owners(&self) -> Vec<Owner> {
        let nowhere = Owner { xe: 0, only: false };
        let mut owners = vec![nowhere; self.program.len()];
        for lane in &self.schedule.lanes {
            for step in &lane.steps {
                owners[step.codelet as usize] = lane.owner;
            }
        }
        owners
    }

    /// What stops its replay.
    pub(crate) fn stop(&self) -> &Arc<Stop> {
        &self.lanes.stop
    }

    pub(crate) fn site(&self, codelet: u32) -> Site {
        self.sites[self.site_of_codelet[codelet as usize] as usize]
    }
}

impl Compiled {
    /// How the graph uses its blocks.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (BlockKey, Mode)> + '_ {
        self.blocks.iter().map(|block| (block.key, block.mode))
    }

    /// Takes the blocks' memory from `next`, one after the other, and tells the codelets of those that have moved.
    ///
    /// # Safety
    /// The caller holds the graph, and nobody runs codelets of it.
    pub(super) unsafe fn lend(&self, mut next: impl FnMut() -> Lent) {
        let moved = self.memory.with_mut(|memory| {
            // SAFETY: the caller's promise.
            let memory = unsafe { &mut *memory };
            let mut moved = false;
            for place in memory.iter_mut() {
                let lent = next();
                moved |= place.start != lent.start || place.bytes != lent.bytes;
                *place = lent;
            }
            moved
        });
        if !moved {
            return;
        }
        self.memory.with(|memory| {
            // SAFETY: the caller's promise; it was written before.
            let memory = unsafe { &*memory };
            let cells = self.schedule.signal_cells.iter();
            let data = cells.map(|cell| {
                let place = self.blocks.binary_search_by_key(cell, |block| block.cell);
                memory[place.expect("signals are in the cells of blocks")].start
            });
            // SAFETY: the caller has the graph alone; `roomy` chose blocks that leave room in their line, and the replay has them
            // until it has ended.
            unsafe { self.lanes.put_signals(data) };
        });
        self.lents.with_mut(|lents| {
            // SAFETY: the caller's promise.
            let lents = unsafe { &mut *lents };
            self.memory.with(|memory| {
                // SAFETY: as above; it was written before.
                let memory = unsafe { &*memory };
                for &(lent, block) in &self.block_lents {
                    lents[lent as usize] = memory[block as usize];
                }
                for part in &self.part_lents {
                    let start = memory[part.block as usize].start;
                    lents[part.lent as usize] = Lent {
                        start: start.wrapping_add(part.extent.start() as usize),
                        bytes: part.extent.columns() as usize,
                    };
                }
            });
        });
    }
}

/// Whether a cell is a block that leaves room for a signal in its line, and that a replay has alone. A block's memory is whole
/// lines from the pools, of which it uses as many bytes as it is long; adopted ones do not outlive the recording. The checking mode
/// looks at what lies behind blocks, so there none leaves room.
fn roomy(shared: &Shared, blocks: &[UsedBlock]) -> impl Fn(u32) -> bool {
    let fits = |block: &&UsedBlock| {
        let is_alone = matches!(block.mode, Mode::Write | Mode::ReadWrite);
        let slot = shared.blocks.find(shared.id, block.key.0);
        is_alone && shared.check.is_none() && slot.is_ok_and(|slot| has_room(slot.bytes()))
    };
    let cells: Vec<u32> = blocks.iter().filter(fits).map(|block| block.cell).collect();
    move |cell| cells.binary_search(&cell).is_ok()
}
