//! Whether the engines that replay a graph are in balance: measured for a while now and then, judged by who leads the replay, and
//! what follows from that. What is decided is decided in `decide/graph/balance.rs`. Page: `docs/design/replay.md`, "Balance".
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `measuring`, `at_once` | who leads | who is at work |
//! | an engine's `busy_ns`, `work` | that engine, which only adds | who leads |

use super::compiled::Dealt;
use crate::decide::graph::{
    Next, Owner, Program, Share, Verdict, Watch, in_balance, loads, rebalanced, speeds,
};
use crate::stop::Stop;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::time::Instant;

/// See the module. One for each graph.
pub(crate) struct Balance {
    /// There is more than one engine to choose from.
    is_watched: bool,
    measuring: AtomicBool,
    /// So many rounds of a lane are run at once, so that who leads looks at the clock now and then.
    at_once: AtomicU32,
    engines: Box<[CachePadded<Engine>]>,
    plan: Mutex<Planned>,
}

/// What an engine did while engines were measured.
#[derive(Default)]
struct Engine {
    busy_ns: AtomicU64,
    work: AtomicU64,
}

#[derive(Default)]
struct Planned {
    watch: Watch,
    /// What engines had done when the present measure began, and when the first of those that follow each other did.
    from: Vec<Share>,
    from_first: Vec<Share>,
    /// Who shall run what, from the next leg on, and for which speeds.
    next: Option<(Vec<Owner>, Vec<u32>)>,
    /// The speeds of all plans so far but the first one.
    speeds: Vec<Vec<u32>>,
}

/// Between two looks at the clock: more codelets are run at once if it is less than the first, fewer if it is more than the
/// second.
const SOON: u64 = 50_000;
const LATE: u64 = 200_000;

impl Balance {
    pub(super) fn new(engines: usize, codelets: usize) -> Self {
        let is_watched = engines > 1 && codelets > 1;
        Balance {
            is_watched,
            measuring: AtomicBool::new(false),
            at_once: AtomicU32::new(if is_watched { 1 } else { u32::MAX }),
            engines: (0..engines).map(|_| CachePadded::default()).collect(),
            plan: Mutex::new(Planned::default()),
        }
    }

    /// How many rounds of a lane are run at once.
    #[inline]
    pub(super) fn at_once(&self) -> u32 {
        self.at_once.load(Ordering::Relaxed)
    }

    /// The time, if it is to be measured.
    #[inline]
    pub(super) fn clock(&self) -> Option<Instant> {
        self.measuring.load(Ordering::Relaxed).then(Instant::now)
    }

    /// This engine has done so much work since then.
    #[cold]
    pub(super) fn worked(&self, xe: u16, since: Instant, work: u64) {
        let engine = &self.engines[usize::from(xe)];
        let add = |to: &AtomicU64, more: u64| {
            let sum = to.load(Ordering::Relaxed) + more;
            to.store(sum, Ordering::Relaxed);
        };
        add(&engine.busy_ns, since.elapsed().as_nanos() as u64);
        add(&engine.work, work);
    }

    /// Who shall run what from now on, if that is to change.
    pub(super) fn take_plan(&self) -> Option<Vec<Owner>> {
        let mut plan = lock(&self.plan);
        let (owners, speeds) = plan.next.take()?;
        plan.speeds.push(speeds);
        Some(owners)
    }

    /// From the next leg on codelets run there, whatever was measured.
    #[cfg(test)]
    pub(super) fn demand(&self, owners: Vec<Owner>, speeds: Vec<u32>) {
        lock(&self.plan).next = Some((owners, speeds));
    }

    /// The speeds of engines that plans were made for, but for the first plan.
    pub(crate) fn plans(&self) -> Vec<Vec<u32>> {
        lock(&self.plan).speeds.clone()
    }

    /// What engines have done so far.
    fn done(&self) -> Vec<Share> {
        let share = |engine: &CachePadded<Engine>| Share {
            busy_ns: engine.busy_ns.load(Ordering::Relaxed),
            work: engine.work.load(Ordering::Relaxed),
        };
        self.engines.iter().map(share).collect()
    }

    /// The graph was replayed for so long: measures or judges, if it is time. Asks the replay to pause if all is to be planned
    /// anew.
    fn passed(&self, ns: u64, program: &Program, dealt: &Dealt, stop: &Stop) {
        let mut plan = lock(&self.plan);
        let done = match plan.watch.passed(ns) {
            Next::GoOn => return,
            Next::Measure => {
                plan.from = self.done();
                plan.from_first = plan.from.clone();
                return self.measuring.store(true, Ordering::Relaxed);
            }
            Next::Judge => self.done(),
        };
        let since = |from: &[Share]| -> Vec<Share> {
            let both = done.iter().zip(from);
            both.map(|(now, before)| now.since(*before)).collect()
        };
        let loads = loads(&dealt.schedule, &dealt.weights, done.len());
        let measured = since(&plan.from);
        if plan.watch.is_too_early(&measured, &loads) {
            return;
        }
        let better = |measured: &[Share]| {
            let speeds = speeds(measured);
            if in_balance(&loads, &speeds) {
                return None;
            }
            let owners = rebalanced(program, &dealt.owners(program.len()), &speeds)?;
            Some((owners, speeds))
        };
        let begun = Instant::now();
        let is_well = better(&measured).is_none();
        let verdict = (plan.watch).judged(is_well, begun.elapsed().as_nanos() as u64);
        (self.measuring).store(verdict == Verdict::Again, Ordering::Relaxed);
        match verdict {
            Verdict::Rest => (),
            Verdict::Again => plan.from = done,
            Verdict::Plan => {
                // By all that was measured since it looked bad, and not by the last measure alone.
                plan.next = better(&since(&plan.from_first));
                if plan.next.is_some() {
                    stop.pause();
                }
            }
        }
    }
}

/// Who leads a leg of a replay, and looks at the clock.
pub(super) struct Leader<'a> {
    balance: &'a Balance,
    program: &'a Program,
    dealt: &'a Dealt,
    stop: &'a Stop,
    last: Cell<Instant>,
    /// Codelets run since then, and how many are run between two looks.
    ran: Cell<u64>,
    between: Cell<u64>,
}

impl<'a> Leader<'a> {
    /// `None` if there is nothing to balance.
    pub(super) fn new(
        balance: &'a Balance,
        program: &'a Program,
        dealt: &'a Dealt,
        stop: &'a Stop,
    ) -> Option<Self> {
        balance.is_watched.then(|| Leader {
            balance,
            program,
            dealt,
            stop,
            last: Cell::new(Instant::now()),
            ran: Cell::new(0),
            between: Cell::new(8),
        })
    }

    /// So many codelets were run.
    #[inline]
    pub(super) fn ran(&self, count: u64) {
        let ran = self.ran.get() + count;
        self.ran.set(ran);
        if ran >= self.between.get() {
            self.look();
        }
    }

    /// Looks at the clock.
    #[cold]
    fn look(&self) {
        let ns = self.pass();
        let between = match self.between.get() {
            few if ns < SOON => few.saturating_mul(2),
            many if ns > LATE => (many / 2).max(1),
            enough => enough,
        };
        self.between.set(between);
        let longest = self
            .dealt
            .schedule
            .lanes
            .iter()
            .map(|lane| lane.steps.len());
        let longest = longest.max().unwrap_or(1).max(1) as u64;
        let at_once = (between / longest).clamp(1, u64::from(u32::MAX));
        (self.balance.at_once).store(at_once as u32, Ordering::Relaxed);
    }

    /// Tells how much time has passed.
    pub(super) fn pass(&self) -> u64 {
        self.ran.set(0);
        let now = Instant::now();
        let ns = (now - self.last.replace(now)).as_nanos() as u64;
        (self.balance).passed(ns, self.program, self.dealt, self.stop);
        ns
    }
}
