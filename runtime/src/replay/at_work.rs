//! An engine at work on a graph: it goes through its lanes, takes over those of others that nobody runs, looks on for a
//! while when none goes on, and then sleeps.

use super::Replay;
use super::balance::Leader;
use super::compiled::Dealt;
use super::lanes::{Lanes, Pause, Visit};
use crate::access::Lent;
use crate::engine::{Engine, Frame};
use crate::health_watch::PAUSE_NS;
use crate::idle::Parker;
use crate::instead::Instead;
use crate::recorded::Fault;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock, spin_hint};
use crate::trace::Event;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// How often the only lane looks at what it waits for, before its engine looks elsewhere: about a microsecond.
const LOOKS: u32 = 32;
/// After how many turns without a step an engine takes over lanes of others: some microseconds.
const PATIENCE: u32 = 64;
/// The longest sleep, in case that a wake-up was missed.
const NAP: Duration = Duration::from_millis(1);

/// What an engine keeps while it works on a graph.
pub(crate) struct Place {
    state: Mutex<State>,
    bed: Parker,
    sleeps: AtomicBool,
}

/// One of each for each lane.
struct State {
    /// How far this engine has seen each to be.
    seen: Box<[u64]>,
    /// The signal that each waited for when it was seen last, and what it must say; the signal 0 if for nothing.
    blocked: Box<[(u16, u64)]>,
    /// Those that this engine cares for: its own, and others' that it has taken over.
    mine: Box<[bool]>,
    /// Room for as much as a codelet of the graph is lent at most, and the numbers of these places.
    room: Box<[Lent]>,
    up: Box<[u32]>,
}

impl Place {
    pub(crate) fn new(lanes: usize, most_lent: usize) -> Self {
        Place {
            state: Mutex::new(State {
                seen: vec![0; lanes].into(),
                blocked: vec![(0, 0); lanes].into(),
                mine: vec![false; lanes].into(),
                room: vec![Lent::default(); most_lent].into(),
                up: (0..most_lent as u32).collect(),
            }),
            bed: Parker::new(),
            sleeps: AtomicBool::new(false),
        }
    }
}

/// From when to when an engine has found nothing that could go on, in a trace; (0, 0) if not.
type Waited = (u64, u64);

/// The longest sleep of an engine whose seat is shut, and that waits for no lane. (Who suspends the runtime waits for it.)
const LONG_NAP: Duration = Duration::from_millis(16);

/// Nobody is like this: for lanes that have ended.
const NEVER: (u16, u64) = (0, u64::MAX);

impl Replay<'_> {
    /// Runs lanes until all have ended. One of those who do leads.
    pub(super) fn work(&self, engine: &Engine<'_>, holder: u32, leads: bool) {
        let xe = engine.local(|local| local.here.map_or(0, |here| here.xe));
        let (graph, dealt) = (self.graph, self.dealt());
        let place = &dealt.places[usize::from(xe)];
        let mut state = lock(&place.state);
        let lanes = &dealt.schedule.lanes;
        for (at, lane) in lanes.iter().enumerate() {
            state.seen[at] = 0;
            state.blocked[at] = (0, 0);
            state.mine[at] = lane.owner.xe == xe;
        }
        place.bed.adopt();
        let frame = Frame {
            engine,
            record: holder,
            codelet: holder,
            top: holder,
            children: Cell::new(0),
        };
        engine.local(|local| local.instead = Instead::Refuse);
        let traced = engine.notes().then(|| self.trace_number());
        engine.mark_round(self.number, 0);
        if let Some((graph, _)) = traced {
            engine.tracer(|tracer| tracer.replays = Some(graph));
        }
        let leader = || Leader::new(&graph.balance, &graph.program, dealt, graph.stop());
        let ran = Worker {
            replay: self,
            dealt,
            lanes: &dealt.lanes,
            leader: leads.then(leader).flatten(),
            frame: &frame,
            xe,
            only_lane: state.mine.iter().filter(|mine| **mine).count() <= 1,
            is_control: engine.is_control(),
            traced,
            counts: Cell::new(false),
            looked: Cell::new(Instant::now()),
        }
        .work(place, &mut state);
        engine.local(|local| local.instead = Instead::Spawn);
        engine.mark_no_round();
        if let Some(seat) = engine.seat {
            seat.counters.ran.add(ran);
        }
    }

    /// Wakes the engines that sleep.
    #[cold]
    pub(super) fn wake(&self) {
        for place in &self.dealt().places {
            if place.sleeps.load(Ordering::Relaxed) {
                place.bed.wake();
            }
        }
    }
}

/// An engine at work.
struct Worker<'a> {
    replay: &'a Replay<'a>,
    dealt: &'a Dealt,
    lanes: &'a Lanes,
    /// It leads, and there is something to balance.
    leader: Option<Leader<'a>>,
    frame: &'a Frame<'a>,
    xe: u16,
    /// There is nothing else to do here while the only lane waits.
    only_lane: bool,
    /// It is the control engine, too, so perhaps nobody else looks at deadlines meanwhile: this one does between rounds.
    is_control: bool,
    /// What the graph is called in the trace and the rounds before, if what runs is noted.
    traced: Option<(u32, u32)>,
    /// It counts among those whose seats are open.
    counts: Cell<bool>,
    /// When it last had a control engine look, since it waited.
    looked: Cell<Instant>,
}

impl Worker<'_> {
    fn work(&self, place: &Place, state: &mut State) -> u64 {
        let spin = Duration::from_nanos(self.frame.engine.shared.tuning.spin_ns);
        let (mut ran, mut turns, mut idle_since) = (0, 0, None);
        let mut waited = Waited::default();
        // All rounds are one body, so the engine does not come to it.
        let mut is_to_bind = true;
        while !self.lanes.have_ended() {
            let rests = (!self.counts.get()
                || (self.frame.engine.shared.cancelling).holds_engines())
                && self.rests();
            is_to_bind =
                is_to_bind && (self.frame.engine).local(|local| local.binding.bind_if_late());
            if self.is_control {
                self.frame.engine.shared.look_at_deadlines();
                self.frame.engine.shared.drain_trace_if_asked();
            }
            if self.lanes.stop.claim() {
                self.stop(place);
            }
            let count = self.turn(state, turns >= PATIENCE, rests);
            if count > 0 {
                if let Some(leader) = &self.leader {
                    leader.ran(count);
                }
                ran += count;
                (turns, idle_since) = (0, None);
                self.trace_waited(&mut waited);
                continue;
            }
            turns += 1;
            self.trace_waits(&mut waited);
            spin_hint();
            if turns <= PATIENCE {
                continue;
            }
            let since = *idle_since.get_or_insert_with(Instant::now);
            if since.elapsed() > spin {
                self.sleep(place, state, rests);
            }
        }
        self.trace_waited(&mut waited);
        if self.counts.get() {
            self.dealt.open.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(leader) = &self.leader {
            leader.pass();
        }
        ran
    }

    /// Between two turns: stops while the runtime is suspended. Whether the engine rests afterwards, since its seat is shut, and
    /// somebody is at work whose seat is open and who takes over its lanes.
    #[cold]
    fn rests(&self) -> bool {
        let engine = self.frame.engine;
        engine.stop_if_shut();
        let is_open = !engine.is_shut_out();
        // Relaxed: who rests looks again and again.
        let open = &self.dealt.open;
        match (is_open, self.counts.replace(is_open)) {
            (true, false) => _ = open.fetch_add(1, Ordering::Relaxed),
            (false, true) => _ = open.fetch_sub(1, Ordering::Relaxed),
            _ => (),
        }
        let rests = !is_open && open.load(Ordering::Relaxed) > 0;
        if rests {
            // Who runs them now would stop behind each step.
            let lanes = self.dealt.schedule.lanes.iter().enumerate();
            let own = lanes.filter(|(_, lane)| lane.owner.xe == self.xe && !lane.owner.only);
            own.for_each(|(at, _)| self.lanes.want_no_more(at));
        }
        rests
    }

    /// Whether this engine, which `rests`, or does not, goes on with a lane that it cares for.
    #[inline]
    fn is_for(&self, at: usize, rests: bool) -> bool {
        !rests || self.dealt.schedule.lanes[at].owner.only
    }

    /// Goes through the lanes once: its own, and those of others if it shall; if it `rests`, those that nobody else may run. How
    /// many steps were run.
    fn turn(&self, state: &mut State, take_over: bool, rests: bool) -> u64 {
        let mut ran = 0;
        for at in 0..state.mine.len() {
            if state.mine[at] && self.is_for(at, rests) {
                ran += self.visit(state, at);
            }
        }
        if ran > 0 || !take_over || rests {
            return ran;
        }
        for at in 0..state.mine.len() {
            let owner = self.dealt.schedule.lanes[at].owner;
            if !state.mine[at] && !owner.only && !self.lanes.is_taken(at) {
                ran += self.visit(state, at);
                state.mine[at] = ran > 0;
                if ran > 0 {
                    return ran;
                }
            }
        }
        0
    }

    /// Nothing can go on now.
    #[inline]
    fn trace_waits(&self, waited: &mut Waited) {
        if self.traced.is_some() {
            let now = self.frame.engine.trace_now().unwrap_or(0);
            let since = if waited.1 == 0 { now } else { waited.0 };
            *waited = (since, now);
        }
    }

    /// Something went on.
    #[inline]
    fn trace_waited(&self, waited: &mut Waited) {
        let (start, end) = std::mem::take(waited);
        if let (Some((graph, _)), true) = (self.traced, end > start) {
            let engine = self.frame.engine;
            engine.trace(|_| Event::Blocked { start, end, graph });
        }
    }

    fn visit(&self, state: &mut State, at: usize) -> u64 {
        let (signal, needed) = state.blocked[at];
        if needed == NEVER.1 || !self.lanes.may_go_on(signal, needed) {
            return 0;
        }
        let own = self.dealt.schedule.lanes[at].owner.xe == self.xe;
        let balance = &self.replay.graph.balance;
        let clock = balance.clock();
        let visit = Visit {
            own,
            // Who is measured does not wait in a visit: that would count as work.
            looks: match clock {
                None if own && self.only_lane => LOOKS,
                _ => 0,
            },
            rounds: if self.is_control {
                1
            } else {
                balance.at_once()
            },
        };
        let Some(mut hand) = self.lanes.take(&self.dealt.schedule, at, visit) else {
            match own {
                true => self.lanes.want(at),
                false => state.mine[at] = false,
            }
            return 0;
        };
        let wake = || self.replay.wake();
        let pause = loop {
            let State { seen, room, up, .. } = &mut *state;
            // SAFETY: this engine is at work on the graph.
            let desk = unsafe { self.replay.graph.desk(room, up) };
            // One catch for all steps up to the next pause: it costs as much as an empty codelet.
            let went = catch_unwind(AssertUnwindSafe(|| match self.traced {
                None => (self.replay).run_lane(self.frame, &mut hand, at, seen, &desk),
                Some(graph) => {
                    (self.replay).run_lane_traced(self.frame, graph, &mut hand, at, seen, &desk)
                }
            }));
            match went {
                Ok(pause) => break pause,
                Err(panic) => {
                    let Some((step, round)) = hand.interrupted() else {
                        // No body's: a mistake of ours.
                        resume_unwind(panic);
                    };
                    self.frame.children.set(0);
                    let fault = Fault::of_panic(panic);
                    self.replay.fail(self.frame, (at, step), round, *fault);
                    if let Some(pause) = hand.skip(wake) {
                        break pause;
                    }
                }
            }
        };
        if let Some(since) = clock
            && hand.ran() > 0
        {
            // Before it is given back: who sees that all has ended sees this, too.
            balance.worked(self.xe, since, hand.ran() * self.dealt.weights[at]);
        }
        if let Some(ledgers) = &self.frame.engine.shared.ledgers {
            // Before it is given back, likewise.
            let steps = (at, hand.taken_at(), hand.ran());
            self.replay
                .enter_in_ledger(ledgers, self.frame.engine, steps);
        }
        let ran = hand.give_back(pause, wake);
        match pause {
            Pause::Wanted => state.mine[at] = own,
            Pause::Blocked(signal, needed) => state.blocked[at] = (signal, needed),
            Pause::Ended => state.blocked[at] = NEVER,
            Pause::Halted => (),
        }
        ran
    }

    /// Ends the replay after the highest round that has begun.
    #[cold]
    fn stop(&self, place: &Place) {
        let mut turns = 0;
        let wait = || {
            turns += 1;
            match turns <= PATIENCE {
                true => spin_hint(),
                false => _ = place.bed.wait_for(NAP),
            }
            // Who has the lane may stand at the gate.
            self.frame.engine.stop_if_shut();
        };
        self.lanes.stop(wait, || self.replay.wake());
    }

    /// Sleeps until a lane that others wait for may go on, or a while.
    #[cold]
    fn sleep(&self, place: &Place, state: &State, rests: bool) {
        if let Some(leader) = &self.leader {
            leader.pass();
        }
        let shared = self.frame.engine.shared;
        shared.look_at_deadlines();
        if self.looked.get().elapsed() >= Duration::from_nanos(PAUSE_NS) {
            self.looked.set(Instant::now());
            shared.watch_replay(self.xe);
        }
        self.frame.engine.local(|local| local.binding.bind());
        place.sleeps.store(true, Ordering::Relaxed);
        let mut stays = !self.lanes.have_ended();
        let mut nap = match rests && !self.is_control {
            true => LONG_NAP,
            false => NAP,
        };
        for (at, &(signal, needed)) in state.blocked.iter().enumerate() {
            if signal != 0 && state.mine[at] && self.is_for(at, rests) {
                nap = NAP;
                stays &= self.lanes.watch(signal, needed);
            }
        }
        if stays {
            place.bed.wait_for(nap);
        }
        place.sleeps.store(false, Ordering::Relaxed);
    }
}
