//! Replaying a graph: engines run its lanes, round by round. Protocol and proof: `docs/design/replay.md`.

mod arguments;
mod at_work;
mod compiled;
pub(crate) mod lanes;
mod one;
mod poison;

pub(crate) use arguments::Arguments;
pub(crate) use compiled::Compiled;

use crate::access::{Access, Declared, Slots};
use crate::affinity::Affinity;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::id::CodeletId;
use crate::scope::Scope;
use crate::sync::atomic::Ordering;
use crate::sync::lock;
use crate::trigger::Event;
use std::panic::Location;

/// All blocks of a graph, used as the graph as a whole uses them.
struct Whole(*const Compiled);

// SAFETY: an address; the graph stays during its replay, which holds it alone.
unsafe impl Send for Whole {}
// SAFETY: as above.
unsafe impl Sync for Whole {}

// SAFETY: one slot for each block, in the order of the list.
unsafe impl Access for Whole {
    type View<'v> = ();

    fn declare(&self, list: &mut Vec<Declared>) {
        // SAFETY: it stays during the replay.
        let graph = unsafe { &*self.0 };
        list.extend(graph.blocks().map(|(key, mode)| Declared::Block(key, mode)));
    }

    unsafe fn view<'v>(&self, slots: &mut Slots<'_>) -> Self::View<'v> {
        // SAFETY: it stays during the replay.
        let graph = unsafe { &*self.0 };
        // SAFETY: nobody runs codelets of it yet: the caller is about to begin.
        unsafe { graph.lend(|| slots.next()) };
    }
}

/// A graph that somebody replays; nobody else can meanwhile.
pub(crate) struct Held<'a>(&'a Compiled);

impl<'a> Held<'a> {
    /// Takes it, if nobody has it.
    pub(crate) fn take(graph: &'a Compiled) -> Result<Self> {
        // Acquire pairs with the Release below: we see what the last one left.
        match graph.held.swap(true, Ordering::Acquire) {
            false => Ok(Held(graph)),
            true => Err(Error::new(
                ErrorKind::Graph,
                "this graph is being replayed by another thread; wait for that, or record it twice",
            )),
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Release pairs with the Acquire above.
        self.0.held.store(false, Ordering::Release);
    }
}

/// One call of `replay`.
pub(crate) struct Replay<'a> {
    pub(crate) graph: &'a Compiled,
    pub(crate) rounds: u32,
    /// The number that the first round has in messages.
    pub(crate) first: u64,
    pub(crate) at: &'static Location<'static>,
    pub(crate) arguments: Arguments,
}

impl<'a> Replay<'a> {
    /// Spawns the codelet that holds all blocks of the graph while it is replayed.
    pub(crate) fn spawn<'s>(&'s self, s: &Scope<'s>) {
        s.codelet("replay")
            .at(self.at)
            .spawn_once(Whole(self.graph), |s, ()| match self.before(s) {
                None => self.lead(s),
                Some(before) => {
                    s.codelet("replay")
                        .at(self.at)
                        .after(&before)
                        .spawn_once(Whole(self.graph), |s, ()| self.lead(s));
                }
            });
    }

    /// The end of the replay that this one must not be at work beside, if there is one: who leads a replay stays until it has
    /// ended, so two that need each other's engines would wait forever. They go one after the other, in the order in which they
    /// got all their blocks.
    fn before(&self, s: &Scope<'_>) -> Option<Event> {
        if !self.graph.schedule.lanes.iter().any(|lane| lane.owner.only) {
            return None;
        }
        let frame = s.frame();
        let shared = frame.engine.shared;
        let generation = shared.arena.record(frame.codelet).ended.generation();
        let this = CodeletId::new(shared.id, frame.codelet, generation);
        lock(&shared.bound_replay).replace(this).map(Event::end)
    }

    /// Runs the graph with whoever comes, until all rounds have ended.
    fn lead<'s>(&'s self, s: &Scope<'s>) {
        let (engine, holder) = (s.frame().engine, s.frame().record);
        let lanes = &self.graph.lanes;
        lanes.begin(self.rounds);
        self.graph.poisons.begin();
        if engine.shared.check.is_none() {
            self.call_others(s, engine, holder);
        }
        self.work(engine, holder);
        self.graph.poisons.leave(self.graph, s.frame());
    }

    /// Asks the other owners of lanes to come.
    fn call_others<'s>(&'s self, s: &Scope<'s>, engine: &Engine<'_>, holder: u32) {
        let here = engine.local(|local| local.here.map(|here| here.xe));
        let mut last = None;
        for lane in &self.graph.schedule.lanes {
            let owner = lane.owner;
            if Some(owner.xe) == here || last == Some(owner) {
                continue;
            }
            last = Some(owner);
            let affinity = match owner.only {
                true => Affinity::Only(owner.xe),
                false => Affinity::Prefer(owner.xe),
            };
            s.codelet("replay")
                .at(self.at)
                .placed(affinity)
                .spawn_once((), move |s, ()| self.work(s.frame().engine, holder));
        }
    }
}
