//! Lanes at work: how far each is, who has it, and what it waits for. Protocol and proof: `docs/design/replay.md`, whose step
//! names stand here; model: `models/replay.rs`.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `reached` | who has the lane | anybody |
//! | `wanted_from` | a sleeper, and who has the lane | who has the lane |
//! | `taken` | who takes the lane or gives it back | anybody |
//! | `wanted` | the owner, who finds it taken | who has it, and does not own it |
//! | `place` | who has the lane | who has the lane |
//! | `rounds` | who has all lanes | who has a lane |

mod stop;

use crate::decide::graph::{Lane as Plan, Schedule, Step, Wait, reached};
use crate::mutants::mutant;
use crate::stop::Stop;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use crate::sync::{UnsafeCell, spin_hint};
use crossbeam_utils::CachePadded;
use std::sync::Arc;

/// See the module.
pub(crate) struct Lanes {
    lanes: Box<[Lane]>,
    /// Looked at between rounds.
    pub(crate) stop: Arc<Stop>,
    /// The last round.
    rounds: AtomicU32,
    /// Lanes that have not ended.
    left: CachePadded<AtomicU32>,
}

struct Lane {
    progress: CachePadded<Progress>,
    hold: CachePadded<Hold>,
}

/// In a line of its own: others look at it while its lane runs.
struct Progress {
    reached: AtomicU64,
    /// Somebody sleeps until the lane has reached this, or more.
    wanted_from: AtomicU64,
}

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

// SAFETY: `place` is touched by who has the lane, and the lane changes hands by `taken`, whose Acquire and Release hand it on.
unsafe impl Sync for Lanes {}
// SAFETY: as above.
unsafe impl Send for Lanes {}

/// Nobody sleeps.
const NOBODY: u64 = u64::MAX;

/// Why a lane does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It waits until this other lane has reached this.
    Blocked(usize, u64),
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
    pub(crate) fn new(count: usize, stop: Arc<Stop>) -> Self {
        let lane = |_| Lane {
            progress: CachePadded::new(Progress {
                reached: AtomicU64::new(0),
                wanted_from: AtomicU64::new(NOBODY),
            }),
            hold: CachePadded::new(Hold {
                taken: AtomicBool::new(false),
                wanted: AtomicBool::new(false),
                place: UnsafeCell::new(Place::first(1)),
            }),
        };
        Lanes {
            lanes: (0..count).map(lane).collect(),
            stop,
            rounds: AtomicU32::new(0),
            left: CachePadded::new(AtomicU32::new(0)),
        }
    }

    /// All lanes stand before this round, and the last one is `rounds`. The caller has the graph alone, and whoever works on it later learns of it
    /// from the caller.
    pub(crate) fn begin(&self, first: u32, rounds: u32) {
        self.rounds.store(rounds, Ordering::Relaxed);
        for lane in &self.lanes {
            lane.progress
                .reached
                .store(reached(first, 0), Ordering::Relaxed);
            lane.progress.wanted_from.store(NOBODY, Ordering::Relaxed);
            lane.hold.wanted.store(false, Ordering::Relaxed);
            lane.hold.place.with_mut(|place| {
                // SAFETY: the caller has the graph alone.
                unsafe { *place = Place::first(first) }
            });
        }
        let count = self.lanes.len() as u32;
        self.left.store(count, Ordering::Relaxed);
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
            lane.hold.wanted.store(false, Ordering::Relaxed);
        }
        // SAFETY: we have the lane.
        let place = lane.hold.place.with(|place| unsafe { *place });
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

    /// Whether a lane has reached what is needed.
    #[inline]
    fn look(&self, other: usize, needed: u64, seen: &mut [u64], looks: u32) -> bool {
        if seen[other] >= needed {
            return true;
        }
        for _ in 0..=looks {
            // Acquire pairs with the Release in `publish`: what was done up to there is seen.
            let order = if mutant!("replay_look_relaxed") {
                Ordering::Relaxed
            } else {
                Ordering::Acquire
            };
            seen[other] = self.lanes[other].progress.reached.load(order);
            if seen[other] >= needed {
                return true;
            }
            spin_hint();
        }
        false
    }

    /// Whether a lane has reached this: a hint for who does not have the lane that waits for it.
    #[inline]
    pub(crate) fn may_go_on(&self, other: usize, needed: u64) -> bool {
        self.lanes[other].progress.reached.load(Ordering::Relaxed) >= needed
    }

    /// Whether somebody has the lane: a hint.
    #[inline]
    pub(crate) fn is_taken(&self, at: usize) -> bool {
        self.lanes[at].hold.taken.load(Ordering::Relaxed)
    }

    /// The owner of a lane wants it from whoever has it.
    #[inline]
    pub(crate) fn want(&self, at: usize) {
        let wanted = &self.lanes[at].hold.wanted;
        if !wanted.load(Ordering::Relaxed) {
            wanted.store(true, Ordering::Relaxed);
        }
    }

    /// W1: the caller will sleep until the lane has reached this. False if it has.
    pub(crate) fn watch(&self, other: usize, needed: u64) -> bool {
        let progress = &self.lanes[other].progress;
        progress.wanted_from.fetch_min(needed, Ordering::Relaxed);
        // The one who publishes has no fence, so this one makes a missed wake-up rare, and the sleeper's time limit makes it
        // harmless.
        fence(Ordering::SeqCst);
        progress.reached.load(Ordering::Relaxed) < needed
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
    lane: &'a Lane,
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
    /// The step that has begun and is not over, or [`NONE`].
    begun: u32,
}

/// No step.
const NONE: u32 = u32::MAX;

impl Hand<'_> {
    /// R2 and R3: runs steps, each by `run` with its number in the lane and the round's, until the lane cannot go on. `seen`
    /// is how far this thread has seen each lane to be; `passed` is called when sleepers wait for what the lane has reached.
    #[inline]
    pub(crate) fn go_on(
        &mut self,
        seen: &mut [u64],
        mut run: impl FnMut(u32, u32),
        passed: impl Fn(),
    ) -> Pause {
        let plan = self.plan;
        while self.place.round <= self.until {
            // C1.
            if self.place.step == 0 && self.lanes.stop.is_asked() {
                return Pause::Halted;
            }
            let (round, from) = (self.place.round, self.place.step);
            for (&step, at) in plan.steps[from as usize..].iter().zip(from..) {
                // R2.
                if step.waits != 0 {
                    if let Some((other, needed)) = self.blocked(step, seen) {
                        self.place.step = at;
                        return Pause::Blocked(other, needed);
                    }
                    self.place.wait += u32::from(step.waits);
                }
                // R3.
                self.begun = at;
                run(at, round);
                if self.pass(at, step, &passed) {
                    return self.stop_behind(at);
                }
            }
            self.place = Place::first(round + 1);
        }
        match self.place.round > self.rounds {
            true => Pause::Ended,
            false => Pause::Halted,
        }
    }

    /// The step and the round that have begun, if `run` has not returned from them: it unwinds.
    pub(crate) fn interrupted(&self) -> Option<(u32, u32)> {
        (self.begun != NONE).then_some((self.begun, self.place.round))
    }

    /// The step that was interrupted is over. Why the lane does not go on, if it does not.
    pub(crate) fn skip(&mut self, passed: impl Fn()) -> Option<Pause> {
        let at = self.begun;
        let wanted = self.pass(at, self.plan.steps[at as usize], passed);
        let pause = self.stop_behind(at);
        (wanted || pause == Pause::Ended).then_some(pause)
    }

    /// What the next step waits for. Most steps wait for nothing: apart from these.
    #[inline(never)]
    fn blocked(&self, step: Step, seen: &mut [u64]) -> Option<(usize, u64)> {
        let waits = &self.plan.waits[self.place.wait as usize..][..usize::from(step.waits)];
        waits.iter().find_map(|&wait| {
            let needed = needed(wait, self.place.round)?;
            let looks = self.visit.looks;
            (!self.lanes.look(wait.lane(), needed, seen, looks)).then_some((wait.lane(), needed))
        })
    }

    /// The second half of R3: a step is over. Whether its owner wants the lane from us.
    #[inline]
    fn pass(&mut self, at: u32, step: Step, passed: impl Fn()) -> bool {
        self.begun = NONE;
        if step.publishes {
            let reached = reached(self.place.round, at + 1);
            self.lane.publish(reached, passed);
        }
        !self.visit.own && self.lane.hold.wanted.load(Ordering::Relaxed)
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

    /// R4: how many steps were run.
    #[inline]
    pub(crate) fn give_back(self, pause: Pause, passed: impl Fn()) -> u64 {
        // SAFETY: we have the lane.
        (self.lane.hold.place).with_mut(|there| unsafe { *there = self.place });
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

impl Lane {
    /// R1.
    #[inline]
    fn take(&self) -> bool {
        // Acquire pairs with the Release in `give_back`: we see what was done in the lane, and where it is.
        let order = if mutant!("replay_take_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let taken = &self.hold.taken;
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
        self.hold.taken.store(false, order);
    }

    #[inline]
    fn publish(&self, reached: u64, passed: impl Fn()) {
        // Release pairs with the Acquire in `look`.
        let order = if mutant!("replay_publish_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.progress.reached.store(reached, order);
        if reached >= self.progress.wanted_from.load(Ordering::Relaxed) {
            self.progress.wanted_from.store(NOBODY, Ordering::Relaxed);
            passed();
        }
    }
}
