//! Lanes at work: how far each is, who has it, and what it waits for. Protocol and proof: `docs/design/replay.md`, whose step
//! names stand here; model: `models/replay.rs`.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `places` | who leads a replay, before it begins | anybody |
//! | `reached` of a signal | who has its lane | anybody |
//! | `wanted_from` of a signal | a sleeper, and who has its lane | who has its lane |
//! | `taken` | who takes the lane or gives it back | anybody |
//! | `wanted` | the owner, who finds it taken | who has it, and does not own it |
//! | `place` | who has the lane | who has the lane |
//! | `rounds` | who has all lanes | who has a lane |

mod signal;
mod stop;

use self::signal::Signal;
pub(crate) use self::signal::has_room;
use crate::decide::graph::{LINES, Lane as Plan, Schedule, Step, Wait, reached};
use crate::mutants::mutant;
use crate::stop::Stop;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{UnsafeCell, spin_hint};
use crossbeam_utils::CachePadded;
use std::ptr;
use std::sync::Arc;

/// See the module.
pub(crate) struct Lanes {
    lanes: Box<[CachePadded<Hold>]>,
    /// The signals that lie in no cell: so many of each lane.
    lines: Box<[CachePadded<Signal>]>,
    /// Where each signal lies, by its number; there is none with the number 0.
    places: UnsafeCell<Box<[*const Signal]>>,
    /// Looked at between rounds.
    pub(crate) stop: Arc<Stop>,
    /// The last round.
    rounds: AtomicU32,
    /// Lanes that have not ended.
    left: CachePadded<AtomicU32>,
}

/// A lane, but for its signals.
struct Hold {
    taken: AtomicBool,
    wanted: AtomicBool,
    place: UnsafeCell<Place>,
}

/// Where a lane is: the next step.
#[derive(Clone, Copy)]
struct Place {
    round: u32,
    step: u32,
    /// The first of the step's waits.
    wait: u32,
}

impl Place {
    /// The start of a round.
    fn first(round: u32) -> Self {
        Place {
            round,
            step: 0,
            wait: 0,
        }
    }
}

// SAFETY: `place` is touched by who has the lane, and the lane changes hands by `taken`, whose Acquire and Release hand it on;
// signals are atomic, and where they lie is written by who has the graph alone.
unsafe impl Sync for Lanes {}
// SAFETY: as above.
unsafe impl Send for Lanes {}

/// Why a lane does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It waits until this signal says that another lane has reached this.
    Blocked(u16, u64),
    /// Its owner wants it.
    Wanted,
    /// It has run all its rounds.
    Ended,
    /// It stands before a round, and who had it has something to do first: the replay shall stop, and it is not known yet after
    /// which round; or it was taken for one round.
    Halted,
}

/// How a lane is visited.
#[derive(Clone, Copy)]
pub(crate) struct Visit {
    /// By its owner, who does not give it back because somebody wants it.
    pub(crate) own: bool,
    /// How often to look again at what it waits for, before it is given back.
    pub(crate) looks: u32,
    /// For so many rounds at once, since whoever visits it has other duties between rounds.
    pub(crate) rounds: u32,
}

impl Lanes {
    pub(crate) fn new(schedule: &Schedule, stop: Arc<Stop>) -> Self {
        let count = schedule.lanes.len();
        let hold = |_| {
            CachePadded::new(Hold {
                taken: AtomicBool::new(false),
                wanted: AtomicBool::new(false),
                place: UnsafeCell::new(Place::first(1)),
            })
        };
        let line = |_| CachePadded::new(Signal::before(1));
        let lines: Box<[_]> = (0..LINES * count).map(line).collect();
        let mut places = vec![ptr::null()];
        places.extend(lines.iter().map(|line| ptr::from_ref(&**line)));
        places.resize(places.len() + schedule.signal_cells.len(), ptr::null());
        Lanes {
            lanes: (0..count).map(hold).collect(),
            lines,
            places: UnsafeCell::new(places.into()),
            stop,
            rounds: AtomicU32::new(0),
            left: CachePadded::new(AtomicU32::new(0)),
        }
    }

    /// The signals in cells lie from now on behind the data that begin here, in the order of the signals.
    ///
    /// # Safety
    /// The caller has the graph alone. To each of these addresses belong [`LINE`](signal::LINE) bytes that are there
    /// until a replay has ended, of which all but the first [`ROOM`](signal::ROOM) are nobody else's; it is a multiple of `LINE`.
    pub(super) unsafe fn put_signals(&self, data: impl Iterator<Item = *mut u8>) {
        self.places.with_mut(|places| {
            // SAFETY: the caller has the graph alone.
            let places = unsafe { &mut *places };
            for (place, data) in places[1 + self.lines.len()..].iter_mut().zip(data) {
                *place = data.wrapping_add(signal::ROOM).cast::<Signal>();
            }
        });
    }

    /// All lanes stand before this round, and the last one is `rounds`. The caller has the graph alone, has put the signals where they
    /// lie, and whoever works on it later learns of it from the caller.
    pub(crate) fn begin(&self, first: u32, rounds: u32) {
        self.rounds.store(rounds, Ordering::Relaxed);
        for lane in &self.lanes {
            lane.wanted.store(false, Ordering::Relaxed);
            lane.place.with_mut(|place| {
                // SAFETY: the caller has the graph alone.
                unsafe { *place = Place::first(first) }
            });
        }
        self.lines.iter().for_each(|line| line.begin(first));
        self.places.with(|places| {
            // SAFETY: the caller has the graph alone.
            let places = unsafe { &**places };
            for &place in &places[1 + self.lines.len()..] {
                // SAFETY: the promise given to `put_signals`: memory for it, that nobody else has.
                unsafe { place.cast_mut().write(Signal::before(first)) };
            }
        });
        let count = self.lanes.len() as u32;
        self.left.store(count, Ordering::Relaxed);
    }

    /// A signal, while a replay runs.
    #[inline]
    fn signal(&self, number: u16) -> &Signal {
        // SAFETY: nobody writes to the table while a replay runs.
        let place = (self.places).with(|places| unsafe { (&**places)[usize::from(number)] });
        debug_assert!(!place.is_null(), "no step has the signal {number}");
        // SAFETY: it is there: a line of ours, or what `begin` has written at a place that stays: the promise given to
        // `put_signals`.
        unsafe { &*place }
    }

    /// The number of rounds: less than at the beginning once the replay was stopped. Asked by who has a lane, or knows that
    /// all have ended.
    #[inline]
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Whether all lanes have ended. What their codelets did is seen after a yes.
    #[inline]
    pub(crate) fn have_ended(&self) -> bool {
        // Acquire pairs with the AcqRel in `end`.
        self.left.load(Ordering::Acquire) == 0
    }

    /// R1: takes a lane, if nobody has it.
    #[inline]
    pub(crate) fn take<'a>(
        &'a self,
        schedule: &'a Schedule,
        at: usize,
        visit: Visit,
    ) -> Option<Hand<'a>> {
        let lane = &self.lanes[at];
        if !lane.take() {
            return None;
        }
        if visit.own {
            lane.wanted.store(false, Ordering::Relaxed);
        }
        // SAFETY: we have the lane.
        let place = lane.place.with(|place| unsafe { *place });
        let rounds = self.rounds();
        Some(Hand {
            lanes: self,
            lane,
            plan: &schedule.lanes[at],
            rounds,
            until: place.round.saturating_add(visit.rounds - 1).min(rounds),
            visit,
            taken_at: place,
            place,
            begun: NONE,
        })
    }

    /// Whether a lane has reached what is needed, by the signal of the step that it needs.
    #[inline]
    fn look(&self, wait: Wait, needed: u64, seen: &mut u64, looks: u32) -> bool {
        if *seen >= needed {
            return true;
        }
        let signal = self.signal(wait.signal());
        for _ in 0..=looks {
            // Acquire pairs with the Release in `publish`: what was done up to there is seen.
            let order = if mutant!("replay_look_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Acquire
            };
            let reached = signal.reached.load(order);
            if reached >= needed {
                *seen = reached;
                return true;
            }
            spin_hint();
        }
        false
    }

    /// Whether a signal says that its lane has reached this: a hint for who does not have the lane that waits for it. Nothing is
    /// needed of the signal 0.
    #[inline]
    pub(crate) fn may_go_on(&self, signal: u16, needed: u64) -> bool {
        signal == 0 || self.signal(signal).reached.load(Ordering::Relaxed) >= needed
    }

    /// Whether somebody has the lane: a hint.
    #[inline]
    pub(crate) fn is_taken(&self, at: usize) -> bool {
        self.lanes[at].taken.load(Ordering::Relaxed)
    }

    /// The owner of a lane wants it from whoever has it.
    #[inline]
    pub(crate) fn want(&self, at: usize) {
        let wanted = &self.lanes[at].wanted;
        if !wanted.load(Ordering::Relaxed) {
            wanted.store(true, Ordering::Relaxed);
        }
    }

    /// The owner does not wait for its lane any more: its seat is shut.
    pub(crate) fn want_no_more(&self, at: usize) {
        let wanted = &self.lanes[at].wanted;
        if wanted.load(Ordering::Relaxed) {
            wanted.store(false, Ordering::Relaxed);
        }
    }

    /// W1: the caller will sleep until the signal says that its lane has reached this. False if it does.
    pub(crate) fn watch(&self, signal: u16, needed: u64) -> bool {
        self.signal(signal).watch(needed)
    }

    fn end(&self, passed: impl Fn()) {
        // AcqRel: who sees that none is left sees what all did.
        let order = if mutant!("replay_end_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::AcqRel
        };
        if self.left.fetch_sub(1, order) == 1 {
            passed();
        }
    }
}

/// A lane in the hands of who runs it, from R1 to R4.
pub(crate) struct Hand<'a> {
    lanes: &'a Lanes,
    lane: &'a Hold,
    plan: &'a Plan,
    /// The last round; nobody changes it meanwhile.
    rounds: u32,
    /// The last one to be run now.
    until: u32,
    visit: Visit,
    /// Where the lane was when it was taken.
    taken_at: Place,
    /// Where it is; while steps run, only the round and the wait are right.
    place: Place,
    /// The last step that has begun, or [`NONE`]: so before anything is done but to run bodies.
    begun: u32,
}

/// No step.
const NONE: u32 = u32::MAX;

impl Hand<'_> {
    /// R2 and R3: runs steps, each by `run` with what belongs to it in the lane's list, its number in the lane and the round's, until the
    /// lane cannot go on; `begins` is told the round before steps of another one are run, and at first. `seen` is how far this thread has
    /// seen each lane to be; `passed` is called when sleepers wait for what the lane has reached.
    #[inline]
    pub(crate) fn go_on<T>(
        &mut self,
        list: &[T],
        seen: &mut [u64],
        mut begins: impl FnMut(u32),
        mut run: impl FnMut(&T, u32, u32),
        passed: impl Fn(),
    ) -> Pause {
        let plan = self.plan;
        while self.place.round <= self.until {
            // C1.
            if self.place.step == 0 && self.lanes.stop.is_asked() {
                return Pause::Halted;
            }
            let (round, from) = (self.place.round, self.place.step);
            begins(round);
            debug_assert_eq!(plan.steps.len(), list.len(), "each step has its body");
            let steps = plan.steps[from as usize..].iter();
            for ((step, one), at) in steps.zip(&list[from as usize..]).zip(from..) {
                // R2.
                if step.waits != 0 {
                    self.begun = NONE;
                    if let Some((signal, needed)) = self.blocked(step, seen) {
                        self.place.step = at;
                        return Pause::Blocked(signal, needed);
                    }
                    self.place.wait += u32::from(step.waits);
                }
                // R3.
                self.begun = at;
                run(one, at, round);
                if self.pass(at, step, &passed) {
                    return self.stop_behind(at);
                }
            }
            self.begun = NONE;
            self.place = Place::first(round + 1);
        }
        match self.place.round > self.rounds {
            true => Pause::Ended,
            false => Pause::Halted,
        }
    }

    /// The step and the round that have begun, if `run` has not returned from them, when something unwinds.
    pub(crate) fn interrupted(&self) -> Option<(u32, u32)> {
        (self.begun != NONE).then_some((self.begun, self.place.round))
    }

    /// The step that was interrupted is over. Why the lane does not go on, if it does not.
    pub(crate) fn skip(&mut self, passed: impl Fn()) -> Option<Pause> {
        let at = self.begun;
        let wanted = self.pass(at, &self.plan.steps[at as usize], passed);
        self.begun = NONE;
        let pause = self.stop_behind(at);
        (wanted || pause == Pause::Ended).then_some(pause)
    }

    /// What the next step waits for. Most steps wait for nothing: apart from these.
    #[inline(never)]
    fn blocked(&self, step: &Step, seen: &mut [u64]) -> Option<(u16, u64)> {
        let waits = &self.plan.waits[self.place.wait as usize..][..usize::from(step.waits)];
        waits.iter().find_map(|&wait| {
            let needed = needed(wait, self.place.round)?;
            let looks = self.visit.looks;
            let seen = &mut seen[wait.lane()];
            (!self.lanes.look(wait, needed, seen, looks)).then_some((wait.signal(), needed))
        })
    }

    /// The second half of R3: a step is over. Whether its owner wants the lane from us.
    #[inline]
    fn pass(&mut self, at: u32, step: &Step, passed: impl Fn()) -> bool {
        if step.publishes() {
            self.begun = NONE;
            let reached = reached(self.place.round, at + 1);
            self.lanes.signal(step.signal).publish(reached, passed);
        }
        !self.visit.own && self.lane.wanted.load(Ordering::Relaxed)
    }

    /// The lane stands behind this step, because it is wanted, unless this was its last: whoever runs that one says that the lane has
    /// ended.
    fn stop_behind(&mut self, at: u32) -> Pause {
        self.place.step = at + 1;
        if self.place.step as usize == self.plan.steps.len() {
            self.place = Place::first(self.place.round + 1);
        }
        match self.place.round > self.rounds {
            true => Pause::Ended,
            false => Pause::Wanted,
        }
    }

    /// How many steps were run since R1.
    #[inline]
    pub(crate) fn ran(&self) -> u64 {
        let steps = |place: Place| {
            u64::from(place.round) * self.plan.steps.len() as u64 + u64::from(place.step)
        };
        steps(self.place) - steps(self.taken_at)
    }

    /// The step that was next at R1.
    pub(crate) fn taken_at(&self) -> u32 {
        self.taken_at.step
    }

    /// R4: how many steps were run.
    #[inline]
    pub(crate) fn give_back(self, pause: Pause, passed: impl Fn()) -> u64 {
        // SAFETY: we have the lane.
        (self.lane.place).with_mut(|there| unsafe { *there = self.place });
        let ran = self.ran();
        self.lane.give_back();
        if pause == Pause::Ended && ran > 0 {
            self.lanes.end(passed);
        }
        ran
    }
}

/// What the other lane must have reached; `None` if there is nothing to wait for in a mutant.
#[inline]
fn needed(wait: Wait, round: u32) -> Option<u64> {
    if mutant!("replay_no_round_before") && wait.is_in_the_round_before() {
        return None;
    }
    if mutant!("replay_round_forgotten") {
        return Some(wait.reached_in(1));
    }
    Some(wait.reached_in(round))
}

impl Hold {
    /// R1.
    #[inline]
    fn take(&self) -> bool {
        // Acquire pairs with the Release in `give_back`: we see what was done in the lane, and where it is.
        let order = if mutant!("replay_take_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let taken = &self.taken;
        // Not a swap, which would write though somebody has it.
        let take = || taken.compare_exchange(false, true, order, Ordering::Relaxed);
        !taken.load(Ordering::Relaxed) && take().is_ok()
    }

    /// R4.
    #[inline]
    fn give_back(&self) {
        // Release pairs with the Acquire in `take`.
        let order = if mutant!("replay_give_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.taken.store(false, order);
    }
}
