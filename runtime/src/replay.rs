//! Replaying a graph: engines run its lanes, round by round. Protocol and proof: `docs/design/replay.md`.

mod account;
mod arguments;
mod at_work;
mod balance;
mod compiled;
pub(crate) mod lanes;
mod one;
mod poison;
mod traced;

pub(crate) use arguments::Arguments;
pub(crate) use compiled::Compiled;
use compiled::Dealt;

use crate::access::{Access, Declared, Slots};
use crate::affinity::{Affinity, Errand};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::gate::Watch;
use crate::id::CodeletId;
use crate::options::Options;
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
        // SAFETY: `declare` has declared as many.
        let next = || unsafe { slots.next() };
        // SAFETY: nobody runs codelets of it yet: the caller is about to begin.
        unsafe { graph.lend(next) };
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

/// This body holds its blocks for the codelets of a graph: in an account of who touches what, those count.
fn only_holds(s: &Scope<'_>) {
    s.frame().engine.local(|local| local.only_holds = true);
}

/// One call of `replay`.
pub(crate) struct Replay<'a> {
    pub(crate) graph: &'a Compiled,
    /// The graph's: why to take care before each of its codelets.
    pub(crate) watch: &'a Watch,
    pub(crate) rounds: u32,
    /// The number that the first round has in messages.
    pub(crate) first: u64,
    pub(crate) at: &'static Location<'static>,
    pub(crate) arguments: Arguments,
    /// What it is called where the run is shown; 0 if that is nowhere.
    pub(crate) number: u32,
}

impl<'a> Replay<'a> {
    /// Spawns the codelet that holds all blocks of the graph while it is replayed.
    pub(crate) fn spawn<'s>(&'s self, s: &Scope<'s>) {
        self.holder(s)
            .spawn_once(Whole(self.graph), |s, ()| match self.before(s) {
                None => self.lead(s),
                Some(before) => {
                    only_holds(s);
                    self.holder(s)
                        .after(&before)
                        .spawn_once(Whole(self.graph), |s, ()| self.lead(s));
                }
            });
    }

    /// A codelet that holds the graph's blocks. It may end before any round has begun, since the replay is cancelled, and then
    /// the blocks are as they were: what the graph writes, too.
    fn holder<'x, 's>(&self, s: &'x Scope<'s>) -> Options<'x, 's> {
        s.codelet("replay").at(self.at).errand(Errand::Holds)
    }

    /// The end of the replay that this one must not be at work beside, if there is one: who leads a replay stays until it has
    /// ended, so two that need each other's engines would wait forever. They go one after the other, in the order in which they
    /// got all their blocks.
    fn before(&self, s: &Scope<'_>) -> Option<Event> {
        if !self
            .dealt()
            .schedule
            .lanes
            .iter()
            .any(|lane| lane.owner.only)
        {
            return None;
        }
        let frame = s.frame();
        let shared = frame.engine.shared;
        let generation = shared.arena.record(frame.codelet).ended.generation();
        let this = CodeletId::new(shared.id, frame.codelet, generation);
        lock(&shared.bound_replay).replace(this).map(Event::end)
    }

    /// Who runs what.
    #[inline]
    fn dealt(&self) -> &Dealt {
        // SAFETY: a replay's functions are called by who has the graph, or works on it.
        unsafe { self.graph.dealt() }
    }

    /// Runs the graph with whoever comes, until all rounds have ended.
    fn lead<'s>(&'s self, s: &Scope<'s>) {
        self.graph.poisons.begin();
        self.trace_begins(s.frame().engine);
        self.leg(s, 1);
    }

    /// The rounds from this one on, until the last one or a pause. After a pause the codelets are dealt anew when nobody is at work
    /// any more, and a child goes on, which holds the same blocks.
    fn leg<'s>(&'s self, s: &Scope<'s>, first: u32) {
        let (engine, holder) = (s.frame().engine, s.frame().record);
        only_holds(s);
        // SAFETY: the graph is ours, and whoever was at work in the last replay or leg has left.
        unsafe { self.graph.plan_anew() };
        let lanes = &self.dealt().lanes;
        lanes.begin(first, self.rounds);
        let kept = match engine.shared.check.is_some() && first == 1 {
            // SAFETY: nobody works on the graph, which is ours.
            true => unsafe { self.graph.make_unspecified() },
            false => Vec::new(),
        };
        self.graph.stop().go_on();
        let watched = engine.shared.gate.watch(&self.graph.poisons.watch);
        let mut called = Vec::new();
        if engine.shared.check.is_none() {
            self.call_others(s, engine, holder, &mut called);
        }
        self.work(engine, holder, true);
        drop(watched);
        let last = lanes.rounds();
        if last == 0 {
            // SAFETY: nobody works on it any more: one engine does all while programs are checked.
            unsafe { self.graph.put_back(kept) };
            poison::leave_as_found(self.graph, s.frame());
        }
        if last == self.rounds || self.graph.stop().ends_after(last) {
            self.graph.poisons.leave(self.graph, s.frame());
            self.trace_ended(last);
            return;
        }
        let mut next = self.holder(s);
        for one in &called {
            next = next.after(one);
        }
        next.spawn_once(Whole(self.graph), move |s, ()| self.leg(s, last + 1));
    }

    /// Asks the other owners of lanes to come.
    fn call_others<'s>(
        &'s self,
        s: &Scope<'s>,
        engine: &Engine<'_>,
        holder: u32,
        called: &mut Vec<Event>,
    ) {
        let here = engine.local(|local| local.here.map(|here| here.xe));
        let mut last = None;
        for lane in &self.dealt().schedule.lanes {
            let owner = lane.owner;
            if Some(owner.xe) == here || last == Some(owner) {
                continue;
            }
            last = Some(owner);
            let affinity = match owner.only {
                true => Affinity::Only(owner.xe),
                false => Affinity::Prefer(owner.xe),
            };
            let one = (s.codelet("replay").at(self.at).placed(affinity))
                .spawn_once((), move |s, ()| self.work(s.frame().engine, holder, false));
            called.push(one.event());
        }
    }
}
