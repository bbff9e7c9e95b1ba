//! Who takes part in `metg`: each system runs the same tasks, in an order that respects their dependences.

mod counters;
mod deque;
mod rayon_counters;
mod rows;
mod serial;
mod spmd;
mod sprat_dynamic;
mod sprat_replay;

use super::case::Case;
use super::lattice::Lattice;
use crate::Result;
use crate::regions;
#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
use crate::rivals::openmp;
#[cfg(feature = "tbb")]
use crate::rivals::tbb;
use sprat::CeMode;
use std::time::Duration;

/// A system that has been started.
pub trait Runner {
    /// Makes ready for a graph: not timed. All runs until the next call are of this graph.
    ///
    /// # Errors
    /// What the system says.
    fn prepare(&mut self, lattice: &Lattice) -> Result<()>;

    /// Runs all tasks of the graph once, and gives the time.
    ///
    /// # Errors
    /// What the system says.
    fn run(&mut self, case: &Case) -> Result<Duration>;

    /// Whether the outputs are where they should be after a run. Systems that carry them themselves look there.
    ///
    /// # Errors
    /// If not, with the first of them.
    fn check(&mut self, case: &Case) -> Result<()> {
        case.check_slots()
    }
}

/// What systems are started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Processors, one for each worker; the caller is one of the workers.
    pub cpus: Vec<u32>,
    /// The mode of our control engines.
    pub ce: CeMode,
}

/// A system, as the command line knows it.
pub struct System {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What of its work is timed.
    pub timed: Timed,
    /// For so long its threads may still look for work after a run; the next system waits for that.
    pub lingers: Duration,
    /// Starts it.
    pub start: fn(&Setup) -> Result<Box<dyn Runner>>,
}

/// What of a system's work is timed: who finds dependences, or makes tasks, in each run pays more than who has them
/// ready made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    /// Making the tasks and finding their dependences, in each run anew.
    Creation,
    /// Running tasks whose dependences, and counters for them, were made before.
    Run,
    /// Running row after row, with a barrier between them.
    Rows,
    /// Nothing but the tasks and what flags cost: a bound.
    Bound,
}

impl Timed {
    /// In a few words.
    pub fn about(self) -> &'static str {
        match self {
            Timed::Creation => "creation timed",
            Timed::Run => "graph ready made",
            Timed::Rows => "row by row",
            Timed::Bound => "a bound",
        }
    }
}

/// All systems of this build.
pub const SYSTEMS: &[System] = &[
    System {
        name: "sprat-dynamic",
        about: "Sprat: a codelet for each task, spawned by the host in each run; blocks carry the data",
        timed: Timed::Creation,
        lingers: Duration::from_millis(2),
        start: sprat_dynamic::start,
    },
    System {
        name: "sprat-replay",
        about: "Sprat: codelets of a few steps, recorded once (not timed), replayed round by round; blocks carry the data",
        timed: Timed::Run,
        lingers: Duration::from_millis(2),
        start: sprat_replay::start,
    },
    System {
        name: "spmd",
        about: "by hand: pinned threads, columns dealt out beforehand, flags, no runtime",
        timed: Timed::Bound,
        lingers: Duration::ZERO,
        start: spmd::start,
    },
    System {
        name: "serial",
        about: "one thread, in program order; measured against all workers' peak",
        timed: Timed::Bound,
        lingers: Duration::ZERO,
        start: serial::start,
    },
    System {
        name: "rayon-for",
        about: "rayon: a parallel loop over each row",
        timed: Timed::Rows,
        lingers: Duration::from_millis(1),
        start: |setup| rows::start(setup, &regions::RAYON),
    },
    System {
        name: "rayon-counters",
        about: "rayon: a spawn for each task whose counter has come down",
        timed: Timed::Run,
        lingers: Duration::from_millis(1),
        start: rayon_counters::start,
    },
    System {
        name: "chili",
        about: "chili: joins that halve each row",
        timed: Timed::Rows,
        lingers: Duration::from_millis(1),
        start: |setup| rows::start(setup, find_regions("chili")),
    },
    System {
        name: "deque",
        about: "by hand on crossbeam's deques: counters, threads that spin",
        timed: Timed::Run,
        lingers: Duration::ZERO,
        start: deque::start,
    },
    #[cfg(feature = "openmp-gnu")]
    System {
        name: "openmp-gnu-for",
        about: "OpenMP on gcc's runtime: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: openmp::LINGERS,
        start: |setup| rows::start(setup, find_regions("openmp-gnu")),
    },
    #[cfg(feature = "openmp-gnu")]
    System {
        name: "openmp-gnu-tasks",
        about: "OpenMP on gcc's runtime: a task with depend clauses for each task",
        timed: Timed::Creation,
        lingers: openmp::LINGERS,
        start: |setup| openmp::tasks(&openmp::GNU, setup),
    },
    #[cfg(feature = "openmp-llvm")]
    System {
        name: "openmp-llvm-for",
        about: "OpenMP on LLVM's runtime: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: openmp::LINGERS,
        start: |setup| rows::start(setup, find_regions("openmp-llvm")),
    },
    #[cfg(feature = "openmp-llvm")]
    System {
        name: "openmp-llvm-tasks",
        about: "OpenMP on LLVM's runtime: a task with depend clauses for each task",
        timed: Timed::Creation,
        lingers: openmp::LINGERS,
        start: |setup| openmp::tasks(&openmp::LLVM, setup),
    },
    #[cfg(feature = "tbb")]
    System {
        name: "tbb-for",
        about: "oneTBB: a parallel loop with a static partition over each row",
        timed: Timed::Rows,
        lingers: tbb::LINGERS,
        start: |setup| rows::start(setup, find_regions("tbb")),
    },
    #[cfg(feature = "tbb")]
    System {
        name: "tbb-counters",
        about: "oneTBB: a task group, with counters",
        timed: Timed::Run,
        lingers: tbb::LINGERS,
        start: tbb::counters,
    },
    #[cfg(feature = "tbb")]
    System {
        name: "tbb-flow",
        about: "oneTBB: a flow graph that is built once",
        timed: Timed::Run,
        lingers: tbb::LINGERS,
        start: tbb::flow,
    },
    #[cfg(feature = "fork-union")]
    System {
        name: "fork-union-for",
        about: "fork_union: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: Duration::ZERO,
        start: |setup| rows::start(setup, find_regions("fork-union")),
    },
];

fn find_regions(name: &str) -> &'static regions::Info {
    regions::find(name).expect("it has regions in this build")
}

/// The system of this name.
pub fn find(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}
