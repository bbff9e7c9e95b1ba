//! Who takes part: our runtime in its modes, and its rivals.

use crate::deque::Deque;
use crate::regions::{self, Regions};
use crate::tasks::{self, Tasks};
use sprat::{CeMode, Error, ErrorKind, Graph, Result, Runtime};
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::time::{Duration, Instant};

/// The names of the systems with more than parallel regions, and what they are.
const SYSTEMS: [(&str, &str); 8] = [
    ("sprat", "Sprat, once for each mode that --ce names"),
    (
        "sprat-shared",
        "Sprat; its control engine has no core of its own, and sleeps mostly",
    ),
    (
        "sprat-elastic",
        "Sprat; its control engine is one of the workers",
    ),
    (
        "sprat-dedicated",
        "Sprat; its control engine polls on a core beside the workers'",
    ),
    (
        "sprat-replay",
        "Sprat in shared mode; the codelets are recorded (not timed), and replayed once",
    ),
    (
        "rayon",
        "rayon: a pool of pinned threads; the caller sleeps while it works",
    ),
    (
        "deque",
        "by hand on crossbeam's deques: pinned threads that spin, numbers for jobs",
    ),
    ("serial", "a plain loop on one thread: what the bodies cost"),
];

/// The names of all systems of this build, with what they are.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let regions = regions::ALL.iter().map(|info| (info.name, info.about));
    let tasks = tasks::ALL.iter().map(|info| (info.name, info.about));
    SYSTEMS.into_iter().chain(regions).chain(tasks)
}

/// A system's kind, chosen by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours, with the mode of its control engines.
    Sprat(CeMode),
    /// Ours, with codelets that were recorded.
    Replay,
    /// rayon.
    Rayon,
    /// The executor by hand.
    Deque,
    /// No system at all.
    Serial,
    /// One that has parallel regions only.
    Regions(&'static regions::Info),
    /// One that runs tasks of any kind, whose dependences it is told.
    Tasks(&'static tasks::Info),
}

impl Kind {
    /// The kinds that a name stands for; `sprat` is one for each mode.
    pub fn named(name: &str, modes: &[CeMode]) -> Result<Vec<Kind>> {
        Ok(match name {
            "sprat" => modes.iter().map(|&mode| Kind::Sprat(mode)).collect(),
            "sprat-replay" => vec![Kind::Replay],
            "rayon" => vec![Kind::Rayon],
            "deque" => vec![Kind::Deque],
            "serial" => vec![Kind::Serial],
            _ => {
                let regions = regions::find(name).map(Kind::Regions);
                let rival = regions.or_else(|| tasks::find(name).map(Kind::Tasks));
                match (name.strip_prefix("sprat-"), rival) {
                    (_, Some(rival)) => vec![rival],
                    (Some(mode), None) => vec![Kind::Sprat(mode.parse()?)],
                    (None, None) => return Err(Error::msg(format!("there is no system `{name}`"))),
                }
            }
        })
    }

    /// The name in tables and files.
    pub fn name(self) -> String {
        match self {
            Kind::Sprat(mode) => format!("sprat-{mode}"),
            Kind::Replay => "sprat-replay".to_owned(),
            Kind::Rayon => "rayon".to_owned(),
            Kind::Deque => "deque".to_owned(),
            Kind::Serial => "serial".to_owned(),
            Kind::Regions(info) => info.name.to_owned(),
            Kind::Tasks(info) => info.name.to_owned(),
        }
    }

    /// For so long its threads may still look for work after a run; the next system waits for that.
    pub fn lingers(self) -> Duration {
        match self {
            Kind::Sprat(_) | Kind::Replay => Duration::from_millis(2),
            Kind::Rayon => regions::RAYON.lingers,
            Kind::Deque | Kind::Serial => Duration::ZERO,
            Kind::Regions(info) => info.lingers,
            Kind::Tasks(info) => info.lingers,
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(self, workers: usize) -> Result<System> {
        Ok(match self {
            Kind::Sprat(mode) => System::Sprat(start_sprat(mode, workers)?),
            Kind::Replay => System::Replay(start_sprat(CeMode::Shared, workers)?),
            Kind::Rayon => System::Rayon(regions::pool(&cpus(workers)?)?),
            Kind::Deque => System::Deque(Deque::new(cpus(workers)?)),
            Kind::Serial => System::Serial,
            Kind::Regions(info) => System::Regions((info.start)(&cpus(workers)?)?),
            Kind::Tasks(info) => System::Tasks(RefCell::new((info.start)(&cpus(workers)?)?)),
        })
    }
}

/// A system that runs.
pub enum System {
    /// Ours.
    Sprat(Runtime),
    /// Ours, for codelets that are recorded before the clock starts.
    Replay(Runtime),
    /// rayon's pool.
    Rayon(rayon::ThreadPool),
    /// The executor by hand.
    Deque(Deque),
    /// Nothing.
    Serial,
    /// A system that has parallel regions only.
    Regions(Box<dyn Regions>),
    /// A system that runs tasks of any kind.
    Tasks(RefCell<Box<dyn Tasks>>),
}

/// One that takes part: a system with its number of workers, the caller included.
pub struct Entrant {
    /// What it is.
    pub kind: Kind,
    /// So many threads work at a time.
    pub workers: usize,
    /// It, running.
    pub system: System,
    /// What a kernel keeps for its next run on this one, since it takes long to make.
    pub kept: OnceCell<Box<dyn Any>>,
}

impl Entrant {
    /// Starts one.
    ///
    /// # Errors
    /// What the system says, with its name.
    pub fn start(kind: Kind, workers: usize) -> Result<Self> {
        let told = |why: Error| {
            Error::msg(format!(
                "{} with {workers} worker(s) did not start: {why}",
                kind.name()
            ))
        };
        let system = kind.start(workers).map_err(told)?;
        Ok(Entrant {
            kind,
            workers,
            system,
            kept: OnceCell::new(),
        })
    }

    /// What a reader of its figures must know.
    pub fn note(&self) -> Option<String> {
        let (System::Sprat(rt) | System::Replay(rt)) = &self.system else {
            return None;
        };
        let plan = rt.plan();
        let who = format!("{} at {} worker(s)", self.kind.name(), self.workers);
        if plan.oversubscribed {
            return Some(format!(
                "{who}: more engines than hardware threads; they take turns"
            ));
        }
        let shares = |domain: &sprat::decide::plan::DomainPlan| {
            let xes = &plan.xes[domain.xes.clone()];
            let is_taken = |ce: &u32| xes.iter().any(|xe| xe.cpu == *ce);
            domain.ce_cpus.iter().all(is_taken)
        };
        (plan.mode == CeMode::Dedicated && plan.domains.iter().any(shares)).then(|| {
            format!("{who}: no core is left for the control engine; it takes turns with a worker")
        })
    }
}

/// The runtime as asked for; with more engines than the machine has threads only when that is asked for.
pub(crate) fn start_sprat(mode: CeMode, workers: usize) -> Result<Runtime> {
    let builder = || Runtime::builder().xes(workers).ce(mode);
    match builder().build() {
        Err(error) if error.kind() == ErrorKind::Config => {
            Ok(builder().oversubscribe(true).build()?)
        }
        result => Ok(result?),
    }
}

/// Replays a graph once, and gives the time.
pub(crate) fn replay(rt: &Runtime, graph: &Graph<'_>) -> Result<Duration> {
    let begin = Instant::now();
    rt.replay(graph, 1)?;
    Ok(begin.elapsed())
}

/// The processors that our runtime would use for so many workers, so that its rivals sit on the same ones.
pub(crate) fn cpus(workers: usize) -> Result<Vec<u32>> {
    let (_, plan) = Runtime::builder().xes(workers).oversubscribe(true).plan()?;
    Ok(plan.xes.iter().map(|xe| xe.cpu).collect())
}
