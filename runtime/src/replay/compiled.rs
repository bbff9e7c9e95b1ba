//! A graph without the lifetime of what it borrows: its codelets, their schedule, and what a replay works on.

use super::at_work::Place;
use super::balance::Balance;
use super::lanes::{Lanes, has_room};
use super::poison::Poisons;
use super::traced::Known;
use crate::access::{BlockKey, Desk, Lent, Mode};
use crate::check;
use crate::decide::graph::{Lane, Owner, Program, Schedule, loads, log, owners, schedule};
use crate::extent::Extent;
use crate::id::RuntimeId;
use crate::recorded::Bodies;
use crate::recorder::{PartLent, Recording, Site, UsedBlock};
use crate::shared::Shared;
use crate::stop::Stop;
use crate::sync::atomic::{AtomicBool, AtomicU32};
use crate::sync::{Mutex, UnsafeCell, lock};
use std::sync::Arc;

/// See the module.
pub(crate) struct Compiled {
    pub(crate) runtime: RuntimeId,
    /// Somebody replays it.
    pub(crate) held: AtomicBool,
    sites: Box<[Site]>,
    /// Of each codelet the place in `sites`.
    site_of_codelet: Box<[u32]>,
    pub(crate) program: Program,
    /// In the order of their cells.
    pub(crate) blocks: Box<[UsedBlock]>,
    /// Those of which the graph uses parts, by their numbers: places in `blocks`.
    split_blocks: Box<[u32]>,
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
    /// Who runs what. Read by who works on the graph; written by who has it alone while nobody does, with `planning` locked, which
    /// whoever else looks at it locks.
    dealt: UnsafeCell<Dealt>,
    planning: Mutex<()>,
    pub(crate) balance: Balance,
    stop: Arc<Stop>,
    pub(crate) poisons: Poisons,
    pub(super) known: Known,
}

/// Codelets in their lanes, and what is needed to run them.
pub(crate) struct Dealt {
    pub(crate) schedule: Schedule,
    pub(crate) bodies: Bodies,
    pub(crate) lanes: Lanes,
    /// One for each engine.
    pub(crate) places: Box<[Place]>,
    /// Of each lane what a step costs on average, at least 1.
    pub(crate) weights: Box<[u64]>,
    /// Of each engine what a round costs it.
    pub(super) loads: Box<[u64]>,
    /// The cells with room for a signal, in rising order.
    roomy: Box<[u32]>,
    most_lent: usize,
    /// Engines at work whose seats are open.
    pub(super) open: AtomicU32,
}

impl Dealt {
    fn new(
        program: &Program,
        owners: &[Owner],
        mut bodies: Bodies,
        roomy: Box<[u32]>,
        engines: usize,
        stop: &Arc<Stop>,
    ) -> Self {
        let schedule = schedule(program, owners, is_among(&roomy));
        let lists = bodies.list().iter();
        let most_lent = lists.map(|recorded| usize::from(recorded.lents)).max();
        bodies.deal(&schedule);
        let mut dealt = Dealt {
            schedule,
            bodies,
            lanes: Lanes::new(&Schedule::default(), stop.clone()),
            places: Box::default(),
            weights: Box::default(),
            loads: Box::default(),
            roomy,
            most_lent: most_lent.unwrap_or(0),
            open: AtomicU32::new(0),
        };
        dealt.equip(program, engines);
        dealt
    }

    /// The same codelets in other lanes, whose signals are still to be put where they lie.
    fn deal_anew(&mut self, program: &Program, owners: &[Owner]) {
        let schedule = schedule(program, owners, is_among(&self.roomy));
        self.bodies.deal_anew(&self.schedule, &schedule);
        self.schedule = schedule;
        self.equip(program, self.places.len());
    }

    /// What the lanes need.
    fn equip(&mut self, program: &Program, engines: usize) {
        let count = self.schedule.lanes.len();
        self.lanes = Lanes::new(&self.schedule, self.lanes.stop.clone());
        self.places = (0..engines)
            .map(|_| Place::new(count, self.most_lent))
            .collect();
        let weight = |lane: &Lane| {
            let costs = lane
                .steps
                .iter()
                .map(|step| u64::from(program.cost(step.codelet)));
            (costs.sum::<u64>() / lane.steps.len().max(1) as u64).max(1)
        };
        self.weights = self.schedule.lanes.iter().map(weight).collect();
        self.loads = loads(&self.schedule, &self.weights, engines).into();
    }

    /// Where each of so many codelets runs.
    pub(super) fn owners(&self, codelets: usize) -> Vec<Owner> {
        let nowhere = Owner { xe: 0, only: false };
        let mut owners = vec![nowhere; codelets];
        for lane in &self.schedule.lanes {
            for step in &lane.steps {
                owners[step.codelet as usize] = lane.owner;
            }
        }
        owners
    }
}

// SAFETY: bodies, accesses and values are `Send` and `Sync`; lent memory is only an address until a codelet runs, which has it
// by the blocks' queues and the protocol of the lanes; and the cells are written by who has the graph alone.
unsafe impl Send for Compiled {}
// SAFETY: as above.
unsafe impl Sync for Compiled {}

impl Compiled {
    pub(crate) fn new(shared: &Shared, recording: Recording) -> Self {
        // Bodies look there unasked.
        let places = recording.lents.len();
        assert!(
            (recording.lent_to.iter()).all(|place| (*place as usize) < places),
            "each place that is lent is in the table"
        );
        let mut program = recording.program;
        program.shrink();
        let owners = owners(&program, shared.seats.len() as u16);
        let roomy = roomy(shared, &recording.blocks);
        let (stop, engines) = (Arc::new(Stop::new()), shared.seats.len());
        let dealt = Dealt::new(&program, &owners, recording.bodies, roomy, engines, &stop);
        // One engine does all while programs are checked.
        let choice = if shared.check.is_some() { 1 } else { engines };
        Compiled {
            runtime: shared.id,
            held: AtomicBool::new(false),
            memory: UnsafeCell::new(vec![Lent::default(); recording.blocks.len()].into()),
            split_blocks: split_blocks(&recording.blocks, program.split_blocks()),
            blocks: recording.blocks.into(),
            lents: UnsafeCell::new(recording.lents.into()),
            block_lents: recording.block_lents.into(),
            part_lents: recording.part_lents.into(),
            lent_to: recording.lent_to.into(),
            poisons: Poisons::new(&program),
            known: Known::new(),
            sites: recording.sites.into(),
            site_of_codelet: recording.site_of_codelet.into(),
            balance: Balance::new(choice, program.len()),
            dealt: UnsafeCell::new(dealt),
            planning: Mutex::new(()),
            stop,
            program,
        }
    }

    /// Where each codelet runs.
    pub(crate) fn owners(&self) -> Vec<Owner> {
        let _planning = lock(&self.planning);
        // SAFETY: who writes to it locks the same.
        (self.dealt).with(|dealt| unsafe { (*dealt).owners(self.program.len()) })
    }

    /// What was decided, as text.
    pub(crate) fn decisions(&self) -> String {
        let _planning = lock(&self.planning);
        let plans = self.balance.plans();
        self.dealt.with(|dealt| {
            // SAFETY: who writes to it locks the same.
            let dealt = unsafe { &*dealt };
            log(
                dealt.places.len() as u16,
                &self.program,
                &dealt.roomy,
                &plans,
                &dealt.schedule,
            )
        })
    }

    /// Who runs what.
    ///
    /// # Safety
    /// The caller works on the graph, or has it alone, as long as it uses this.
    #[inline]
    pub(super) unsafe fn dealt(&self) -> &Dealt {
        // SAFETY: it is written while nobody works on the graph, by who has it alone.
        self.dealt.with(|dealt| unsafe { &*dealt })
    }

    /// Deals the codelets anew, if that was decided.
    ///
    /// # Safety
    /// The caller has the graph, and nobody works on it.
    pub(super) unsafe fn plan_anew(&self) {
        let _planning = lock(&self.planning);
        let Some(owners) = self.balance.take_plan() else {
            return;
        };
        self.dealt.with_mut(|dealt| {
            // SAFETY: the caller's promise, and who only looks locks `planning`.
            unsafe { (*dealt).deal_anew(&self.program, &owners) }
        });
        // The blocks may not have moved since the last leg: then nobody else puts the new lanes' signals anywhere.
        // SAFETY: the caller's promise; who only looks at what was dealt looks at no lanes.
        unsafe { self.put_signals() };
    }

    /// The signals of the lanes lie from now on behind the blocks' memory of this replay.
    ///
    /// # Safety
    /// The caller has the graph, and nobody works on it; its memory was lent.
    unsafe fn put_signals(&self) {
        // SAFETY: the caller has the graph alone.
        let dealt = unsafe { self.dealt() };
        self.memory.with(|memory| {
            // SAFETY: as above.
            let memory = unsafe { &*memory };
            let cells = dealt.schedule.signal_cells.iter();
            let data = cells.map(|cell| {
                let place = self.blocks.binary_search_by_key(cell, |block| block.cell);
                memory[place.expect("signals are in the cells of blocks")].start
            });
            // SAFETY: the caller has the graph alone; `roomy` chose blocks that leave room in their line, and the replay has them
            // until it has ended.
            unsafe { dealt.lanes.put_signals(data) };
        });
    }

    /// What an engine lends the codelets from, with room for as much as one of them is lent at most, and the numbers from 0 on.
    ///
    /// # Safety
    /// The caller works on the graph as long as it uses this.
    #[inline]
    pub(super) unsafe fn desk<'a>(&'a self, room: &'a mut [Lent], up: &'a [u32]) -> Desk<'a> {
        // SAFETY: it is written while nobody works on the graph, and the caller does: also after this look has ended.
        let lents = self.lents.with(|lents| unsafe { &**lents });
        // SAFETY: each place that is noted is in the table: `new` has looked.
        unsafe { Desk::new(lents, &self.lent_to, room, up) }
    }

    /// What stops its replay.
    pub(crate) fn stop(&self) -> &Arc<Stop> {
        &self.stop
    }

    /// The block that a cell is, or is a part of, and which part; `None` if it is something else.
    pub(super) fn block_of(&self, cell: u32) -> Option<(BlockKey, Option<Extent>)> {
        let piece = self.program.piece(cell);
        let at = match piece {
            Some(piece) => self.split_blocks[piece.of as usize] as usize,
            None => {
                let found = self.blocks.binary_search_by_key(&cell, |block| block.cell);
                found.ok()?
            }
        };
        Some((self.blocks[at].key, piece.map(|piece| piece.extent)))
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

    /// In the checking mode, before the first round: what the graph writes whole is filled as for codelets that do. Gives what was
    /// there.
    ///
    /// # Safety
    /// The caller has the graph and its blocks, and nobody runs codelets of it.
    pub(super) unsafe fn make_unspecified(&self) -> Vec<(Lent, Vec<u8>)> {
        // SAFETY: the caller's promise.
        let memory = self.memory.with(|memory| unsafe { &*memory });
        let places = self.blocks.iter().zip(memory);
        places
            .filter(|(block, _)| block.mode == Mode::Write)
            .map(|(_, &lent)| {
                // SAFETY: the block's bytes, which are the caller's.
                let contents = unsafe { std::slice::from_raw_parts_mut(lent.start, lent.bytes) };
                let kept = (lent, contents.to_vec());
                check::make_unspecified(contents);
                kept
            })
            .collect()
    }

    /// Puts back what [`Compiled::make_unspecified`] gave, since no round was run.
    ///
    /// # Safety
    /// As there, in the same replay.
    pub(super) unsafe fn put_back(&self, kept: Vec<(Lent, Vec<u8>)>) {
        for (lent, contents) in kept {
            // SAFETY: the block's bytes, as many, which are the caller's.
            unsafe {
                lent.start
                    .copy_from_nonoverlapping(contents.as_ptr(), contents.len())
            };
        }
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
        // SAFETY: the caller's promise; the memory was written before.
        unsafe { self.put_signals() };
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

/// The cells, in rising order, of the blocks that leave room for a signal in their line, and that a replay has alone. A block's memory is whole
/// lines from the pools, of which it uses as many bytes as it is long; adopted ones do not outlive the recording. The checking mode
/// looks at what lies behind blocks, so there none leaves room.
fn roomy(shared: &Shared, blocks: &[UsedBlock]) -> Box<[u32]> {
    let fits = |block: &&UsedBlock| {
        let is_alone = matches!(block.mode, Mode::Write | Mode::ReadWrite);
        let slot = shared.blocks.find(shared.id, block.key.0);
        is_alone && shared.check.is_none() && slot.is_ok_and(|slot| has_room(slot.bytes()))
    };
    blocks.iter().filter(fits).map(|block| block.cell).collect()
}

/// Where the blocks are that have parts, by their numbers.
fn split_blocks(blocks: &[UsedBlock], count: usize) -> Box<[u32]> {
    let mut places = vec![0; count];
    for (block, at) in blocks.iter().zip(0..) {
        if let Some(number) = block.split {
            places[number as usize] = at;
        }
    }
    places.into()
}

/// Whether a cell is among these, which are in rising order.
fn is_among(cells: &[u32]) -> impl Fn(u32) -> bool {
    move |cell| cells.binary_search(&cell).is_ok()
}
