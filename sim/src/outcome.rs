//! What a simulation tells.

pub use crate::meter::Parts;
use sprat::decide::controller::Decision;

/// See the module. Times are virtual nanoseconds since the host began to spawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// When the last codelet ended.
    pub makespan_ns: u64,
    /// The codelets' runs in the order of their starts.
    pub runs: Vec<Run>,
    /// What each execution engine did.
    pub engines: Vec<Tally>,
    /// What the control engines decided, in order.
    pub decisions: Vec<Decided>,
    /// How often a control engine's routine ran, for each domain, and how long in all.
    pub routines: Vec<(u64, u64)>,
    /// What control engines above those of domains did, where these form a hierarchy.
    pub above: Vec<Above>,
    /// What moved, by the names of memories and links in the machine's file.
    pub moved: Vec<Moved>,
    /// Bytes of blocks that live in each region.
    pub homes: Vec<u64>,
    /// What was drawn.
    pub energy: Parts,
    /// Codelets that failed or were skipped, since an engine died or a region was lost: they stand among the runs, too, and took no time.
    pub skipped: Vec<u32>,
    /// Failures of the machine that were to come after the end.
    pub too_late: usize,
    /// How often a codelet was run again, that an engine had started and not ended.
    pub again: u64,
    /// What control engines concluded of engines, in order: when, of which one, and what.
    pub verdicts: Vec<(u64, u16, Standing)>,
}

/// What a control engine above those of domains did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Above {
    /// The domains that it sees.
    pub domains: usize,
    /// How often its routine ran, and how long in all: these are among the routines of the domain whose control engine does that.
    pub rounds: u64,
    /// See above.
    pub rounds_ns: u64,
    /// How many asked it, and how long they waited until it looked, in all.
    pub asked: u64,
    /// See above.
    pub waited_ns: u64,
}

/// Bytes that went through a kind of memory or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The kind's name.
    pub level: String,
    /// The bytes; those that a cache takes in and those that it gives out both count.
    pub bytes: u64,
    /// Their energy in femtojoules.
    pub energy_fj: u128,
}

/// What a control engine thinks of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is trusted again.
    Trusted,
    /// It is slow or silent.
    Relieved,
    /// It is taken for dead.
    GivenUp,
}

/// One codelet's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The codelet, by its place in the workload.
    pub codelet: u32,
    /// The engine that ran it.
    pub xe: u16,
    /// When its body began.
    pub start_ns: u64,
    /// When its body ended.
    pub end_ns: u64,
}

/// What an execution engine did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Time in codelets' bodies.
    pub busy_ns: u64,
    /// Codelets that it ran.
    pub ran: u64,
    /// Times that it took work from another engine.
    pub steals: u64,
    /// Times that it went to sleep.
    pub parks: u64,
}

/// A decision of a control engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// When it was carried out.
    pub at_ns: u64,
    /// The domain whose control engine decided.
    pub by: usize,
    /// What it decided.
    pub decision: Decision,
}

impl Outcome {
    /// What comes when this has ended, with codelets that stand behind those of this one.
    pub(crate) fn then(&mut self, next: Outcome) {
        let (at_ns, before) = (self.makespan_ns, self.runs.len() as u32);
        self.makespan_ns += next.makespan_ns;
        self.runs.extend(next.runs.into_iter().map(|run| Run {
            codelet: run.codelet + before,
            start_ns: run.start_ns + at_ns,
            end_ns: run.end_ns + at_ns,
            ..run
        }));
        for (all, more) in self.engines.iter_mut().zip(next.engines) {
            all.busy_ns += more.busy_ns;
            all.ran += more.ran;
            all.steals += more.steals;
            all.parks += more.parks;
        }
        self.decisions
            .extend(next.decisions.into_iter().map(|one| Decided {
                at_ns: one.at_ns + at_ns,
                ..one
            }));
        for (all, more) in self.routines.iter_mut().zip(next.routines) {
            *all = (all.0 + more.0, all.1 + more.1);
        }
        for (all, more) in self.above.iter_mut().zip(next.above) {
            all.rounds += more.rounds;
            all.rounds_ns += more.rounds_ns;
            all.asked += more.asked;
            all.waited_ns += more.waited_ns;
        }
        if self.moved.is_empty() {
            self.moved = next.moved;
        } else {
            for (all, more) in self.moved.iter_mut().zip(next.moved) {
                all.bytes += more.bytes;
                all.energy_fj += more.energy_fj;
            }
        }
        if self.homes.len() < next.homes.len() {
            self.homes.resize(next.homes.len(), 0);
        }
        for (all, more) in self.homes.iter_mut().zip(next.homes) {
            *all = (*all).max(more);
        }
        self.skipped
            .extend(next.skipped.iter().map(|codelet| codelet + before));
        self.too_late += next.too_late;
        self.again += next.again;
        let later = |(ns, xe, standing)| (ns + at_ns, xe, standing);
        self.verdicts.extend(next.verdicts.into_iter().map(later));
        self.energy.compute_fj += next.energy.compute_fj;
        self.energy.idle_fj += next.energy.idle_fj;
        self.energy.asleep_fj += next.energy.asleep_fj;
        self.energy.leakage_fj += next.energy.leakage_fj;
        self.energy.control_fj += next.energy.control_fj;
        self.energy.movement_fj += next.energy.movement_fj;
    }

    /// How often engines took work from each other.
    pub fn steals(&self) -> u64 {
        self.engines.iter().map(|e| e.steals).sum()
    }

    /// How often engines went to sleep.
    pub fn parks(&self) -> u64 {
        self.engines.iter().map(|e| e.parks).sum()
    }

    /// Each codelet's run, by its place in the workload.
    pub fn by_codelet(&self) -> Vec<Run> {
        let mut runs = self.runs.clone();
        runs.sort_by_key(|run| run.codelet);
        runs
    }
}
