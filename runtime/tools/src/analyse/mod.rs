//! What a run shows: pure functions from a [`Run`] to figures, and from figures to sentences.

mod blocks;
mod findings;
mod idle;
mod kinds;
mod memory;
mod moves;
mod path;
mod time;
mod users;
mod waits;

pub use blocks::BlockRow;
pub use findings::Finding;
pub use idle::{Idle, Series, Why};
pub use kinds::KindRow;
pub use memory::MemoryRow;
pub use moves::MoveRow;
pub use path::{Bounds, Chain, Free, Link};
pub use time::{Class, Diagnosis, Split, classes};
pub use users::{Counter, SpanRow};
pub use waits::{REASONS, Waits};

use crate::interval::{self, Interval};
use crate::run::{Doing, Run, Sort, Task};
use serde::Serialize;
use std::collections::BTreeMap;

/// All that is known about a run. Times are in nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// What the trace says about the run.
    pub about: BTreeMap<String, String>,
    /// How long the trace is.
    pub wall_ns: u64,
    /// How long scopes of host threads were open.
    pub in_scopes_ns: u64,
    /// Execution engines.
    pub xes: u32,
    /// Codelets that ran; those of graphs once for each round.
    pub codelets: u64,
    /// Of these, those of graphs.
    pub steps: u64,
    /// Codelets that were skipped since they depend on failed ones.
    pub skipped: u64,
    /// Codelets that were not started since their scope was cancelled.
    pub cancelled: u64,
    /// Codelets that were spawned and neither ran nor were skipped.
    pub never_ran: u64,
    /// Thefts.
    pub steals: u64,
    /// Events that had no room.
    pub dropped: u64,
    /// The trace has all of the run.
    pub whole: bool,
    /// What is wrong with the file.
    pub flaws: Vec<String>,
    /// What it all means, the most important first.
    pub findings: Vec<Finding>,
    /// How each engine spent its time while scopes were open.
    pub engines: Vec<Split>,
    /// Why engines that had nothing to run had nothing, all together.
    pub idle: Idle,
    /// What engines waited for, by kinds whose ends let them go on, the most first.
    pub awaited: Vec<Awaited>,
    /// The least time that the run takes, by work and by path.
    pub bounds: Bounds,
    /// The longest chain of codelets that depend on each other.
    pub chain: Chain,
    /// What it would take if each kind cost nothing.
    pub free: Vec<Free>,
    /// The kinds of codelets.
    pub kinds: Vec<KindRow>,
    /// The blocks that were used most.
    pub blocks: Vec<BlockRow>,
    /// What the memory regions had.
    pub memory: Vec<MemoryRow>,
    /// Which bytes went from region to region.
    pub moves: Vec<MoveRow>,
    /// The user's counters.
    pub counters: Vec<Counter>,
    /// The user's spans.
    pub spans: Vec<SpanRow>,
    /// How many were ready, and ran, over time.
    pub series: Series,
    /// What each engine did over the whole trace, with the reason where it had nothing to run.
    #[serde(skip)]
    pub rows: Vec<Vec<(Interval, Diagnosis)>>,
    #[serde(skip)]
    unused: waits::Unused,
}

/// How long one task waited, by reasons.
pub fn waits_of(run: &Run, analysis: &Analysis, task: &Task) -> Waits {
    analysis.unused.waits(run, task)
}

/// What engines waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Awaited {
    /// The kind.
    pub kind: u16,
    /// Its name.
    pub name: String,
    /// The time of engines that had nothing to run until one of these had ended.
    pub time_ns: u64,
}

/// Looks at a run.
pub fn analyse(run: &Run) -> Analysis {
    let scopes = open(run);
    let streams = run.streams();
    let did: Vec<_> = (0..run.xes)
        .map(|xe| time::cut(classes(run, &streams, xe), &scopes))
        .collect();
    let whys = idle::whys(run, &did, &scopes);
    let engines: Vec<Split> = (did.iter().zip(&whys.engines).zip(0..))
        .map(|((list, why), xe)| Split {
            why: *why,
            ..time::split(xe, list, &scopes)
        })
        .collect();
    let idle = idle::all(&whys.engines);
    let unused = waits::Unused::new(&did);
    let kinds = kinds::kinds(run, &unused);
    let mut awaited: Vec<Awaited> = (whys.awaited.iter())
        .map(|(&kind, &time_ns)| Awaited {
            kind,
            name: run.name(kind).to_owned(),
            time_ns,
        })
        .collect();
    awaited.sort_by_key(|one| (std::cmp::Reverse(one.time_ns), one.kind));
    let rows = (did.into_iter().zip(&whys.spans))
        .map(|(list, whys)| time::diagnoses(list, whys))
        .collect();
    let known = path::Known::new(run, &scopes);
    let path = path::Path::new(&known);
    let bounds = path.bounds(&known, interval::total(&scopes));
    let free = path::free(&known, &bounds, &kinds);
    let tasks = || run.tasks.iter();
    let mut analysis = Analysis {
        about: run.about.clone(),
        wall_ns: run.length,
        in_scopes_ns: interval::total(&scopes),
        xes: run.xes,
        codelets: tasks().filter(|task| task.is_work()).count() as u64,
        steps: tasks().filter(|task| task.sort == Sort::Step).count() as u64,
        skipped: run.skipped.0,
        cancelled: run.skipped.1,
        never_ran: run.never_ran,
        steals: run.steals,
        dropped: run.dropped,
        whole: run.whole,
        flaws: run.flaws.clone(),
        findings: Vec::new(),
        engines,
        chain: path.chain(run),
        idle,
        awaited,
        bounds,
        free,
        blocks: blocks::blocks(run),
        kinds,
        memory: memory::memory(run),
        moves: moves::moves(run),
        counters: users::counters(run),
        spans: users::spans(run),
        series: idle::series(run),
        rows,
        unused,
    };
    analysis.findings = findings::findings(run, &analysis);
    analysis
}

/// When scopes of hosts were open.
pub fn open(run: &Run) -> Vec<Interval> {
    let bodies = (run.tasks.iter())
        .filter(|task| task.sort == Sort::Body)
        .map(|task| task.interval());
    let seated = (run.doings.iter())
        .filter(|(_, doing, _)| *doing == Doing::Seated)
        .map(|(_, _, interval)| *interval);
    let mut all: Vec<Interval> = bodies.chain(seated).collect();
    if !run.whole {
        // The last scope has not told its end.
        let work = run.tasks.iter().filter(|task| task.is_work());
        all.extend(work.map(|task| task.interval()));
    }
    interval::union(all)
}
