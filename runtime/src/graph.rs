//! Recorded graphs as users hold them.

use crate::access::{BlockKey, Lent, Mode};
use crate::captures::Captures;
use crate::decide::graph::{Program, Schedule, owners, schedule};
use crate::error::{Error, ErrorKind, Result};
use crate::id::RuntimeId;
use crate::instead::Instead;
use crate::recorded::Recorded;
use crate::recorder::{CellOf, Recorder, Recording, Site};
use crate::replay::lanes::Lanes;
use crate::replay::{Held, Place, Poisons, Replay};
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::shared::Shared;
use crate::sync::UnsafeCell;
use crate::sync::atomic::AtomicBool;
use std::marker::PhantomData;
use std::panic::Location;

/// Codelets that were recorded with their dependences, to be replayed many times: see [`Runtime::record`].
pub struct Graph<'g> {
    inner: Inner,
    /// Bodies borrow what lives for `'g`.
    marker: PhantomData<fn(&'g ()) -> &'g ()>,
}

/// A graph without the lifetime of what it borrows.
pub(crate) struct Inner {
    runtime: RuntimeId,
    /// Somebody replays it.
    pub(crate) held: AtomicBool,
    pub(crate) codelets: Box<[Recorded]>,
    sites: Box<[Site]>,
    pub(crate) program: Program,
    pub(crate) cells: Box<[CellOf]>,
    pub(crate) blocks: Box<[(BlockKey, Mode)]>,
    /// The blocks' memory in the present replay, or the last one. Written before codelets run, by who leads the replay.
    pub(crate) memory: UnsafeCell<Box<[Lent]>>,
    /// What codelets are lent, codelet by codelet. Written like `memory`.
    pub(crate) lents: UnsafeCell<Box<[Lent]>>,
    /// Which of these are blocks, and which.
    pub(crate) block_lents: Box<[(u32, u32)]>,
    pub(crate) schedule: Schedule,
    pub(crate) lanes: Lanes,
    /// One for each engine.
    pub(crate) places: Box<[Place]>,
    pub(crate) poisons: Poisons,
    /// Where the codelets' captures lie.
    _captures: Captures,
}

// SAFETY: bodies, accesses and values are `Send` and `Sync`; lent memory is only an address until a codelet runs, which has it
// by the blocks' queues and the protocol of the lanes; and the cells are written by who has the graph alone.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Inner {
    fn compile(shared: &Shared, recording: Recording) -> Self {
        let program = recording.program;
        let owners = owners(&program, shared.seats.len() as u16);
        let schedule = schedule(&program, &owners);
        let count = schedule.lanes.len();
        let block = |&(cell, mode): &(u32, Mode)| match recording.cells[cell as usize] {
            CellOf::Block(key) => (key, mode),
            _ => unreachable!("a block's cell"),
        };
        Inner {
            runtime: shared.id,
            held: AtomicBool::new(false),
            blocks: recording.blocks.iter().map(block).collect(),
            memory: UnsafeCell::new(vec![Lent::default(); recording.blocks.len()].into()),
            lents: UnsafeCell::new(recording.lents.into()),
            block_lents: recording.block_lents.into(),
            poisons: Poisons::new(program.cells()),
            cells: recording.cells.into(),
            codelets: recording.codelets.into(),
            sites: recording.sites.into(),
            program,
            schedule,
            lanes: Lanes::new(count),
            places: (shared.seats.iter()).map(|_| Place::new(count)).collect(),
            _captures: recording.captures,
        }
    }

    pub(crate) fn site(&self, codelet: u32) -> Site {
        self.sites[self.codelets[codelet as usize].site as usize]
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for codelet in &self.codelets {
            // SAFETY: nobody replays a graph that goes.
            unsafe { codelet.discard() };
        }
    }
}

impl std::fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (codelets, blocks) = (self.inner.codelets.len(), self.inner.blocks.len());
        write!(f, "Graph({codelets} codelets, {blocks} blocks)")
    }
}

impl Graph<'_> {
    /// How many codelets it has.
    pub fn codelets(&self) -> usize {
        self.inner.codelets.len()
    }

    /// The engine that each codelet belongs to, in the order of their spawns. Another one runs it if that one does not come.
    pub fn owners(&self) -> Vec<usize> {
        let mut owners = vec![0; self.codelets()];
        for lane in &self.inner.schedule.lanes {
            for step in &lane.steps {
                owners[step.codelet as usize] = usize::from(lane.owner.xe);
            }
        }
        owners
    }
}

impl Runtime {
    /// Records what `body` spawns, without running it, as a graph that [`replay`](Runtime::replay) runs as often as one likes.
    pub fn record<'g, F>(&self, body: F) -> Result<Graph<'g>>
    where
        F: FnOnce(&Scope<'g>) -> Result<()>,
    {
        let recorder = Recorder::new();
        self.finish(|s: &Scope<'g>| {
            let _records = Records::begin(s, &recorder);
            body(s)
        })?;
        let recording = recorder.finish()?;
        Ok(Graph {
            inner: Inner::compile(self.shared(), recording),
            marker: PhantomData,
        })
    }

    /// Runs a graph so many times.
    #[track_caller]
    pub fn replay(&self, graph: &Graph<'_>, rounds: usize) -> Result<()> {
        self.replay_from(&graph.inner, rounds, 0, Location::caller())
    }

    /// Runs a graph again and again until `done`, which is told the number of the round that has ended, from 0, says so.
    #[track_caller]
    pub fn replay_until(
        &self,
        graph: &Graph<'_>,
        mut done: impl FnMut(usize) -> bool,
    ) -> Result<()> {
        let at = Location::caller();
        for round in 0.. {
            self.replay_from(&graph.inner, 1, round as u64, at)?;
            if done(round) {
                break;
            }
        }
        Ok(())
    }

    fn replay_from(
        &self,
        graph: &Inner,
        rounds: usize,
        first: u64,
        at: &'static Location<'static>,
    ) -> Result<()> {
        if graph.runtime != self.shared().id {
            return Err(Error::new(
                ErrorKind::Foreign,
                "a graph of another runtime; replay it with the runtime that recorded it",
            ));
        }
        let rounds = u32::try_from(rounds).ok().filter(|&rounds| rounds < u32::MAX);
        let Some(rounds) = rounds else {
            return Err(Error::new(
                ErrorKind::Graph,
                "a replay has at most 4,294,967,294 rounds; replay it several times",
            ));
        };
        let _held = Held::take(graph)?;
        if rounds == 0 || graph.codelets.is_empty() {
            return Ok(());
        }
        let replay = Replay {
            graph,
            rounds,
            first,
            at,
        };
        self.finish(|s| {
            replay.spawn(s);
            Ok(())
        })
    }
}

/// While it is there, spawns of the scope's engine are recorded.
struct Records<'a, 's>(&'a Scope<'s>);

impl<'a, 's> Records<'a, 's> {
    fn begin(scope: &'a Scope<'s>, recorder: &Recorder) -> Self {
        let recorder = Instead::Record(std::ptr::from_ref(recorder).cast());
        (scope.frame().engine).local(|local| local.instead = recorder);
        Records(scope)
    }
}

impl Drop for Records<'_, '_> {
    fn drop(&mut self) {
        let engine = self.0.frame().engine;
        engine.local(|local| local.instead = Instead::Spawn);
    }
}
