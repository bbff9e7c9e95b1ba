//! Who takes part in `metg`: each system runs the same tasks, in an order that respects their dependences.

mod deque;
mod made;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "mpi")]
pub mod mpi_rank;
mod rayon_counters;
mod rows;
mod serial;
mod spmd;
mod sprat_blocks;
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
use crate::tasks;
pub use crate::tasks::Timed;
use sprat::CeMode;
use std::sync::LazyLock;
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
#[derive(Clone, Copy)]
pub struct System {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What of its work is timed.
    pub timed: Timed,
    /// For so long its threads may still look for work after a run; the next system waits for that.
    pub lingers: Duration,
    /// How it is started.
    pub start: Start,
}

/// How a system is started.
#[derive(Clone, Copy)]
pub enum Start {
    /// In its own way.
    Own(fn(&Setup) -> Result<Box<dyn Runner>>),
    /// It runs tasks of any kind.
    Tasks(&'static tasks::Info),
}

impl System {
    /// Starts it.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(&self, setup: &Setup) -> Result<Box<dyn Runner>> {
        match self.start {
            Start::Own(start) => start(setup),
            Start::Tasks(info) => made::start(setup, info),
        }
    }
}

/// All systems of this build.
pub static SYSTEMS: LazyLock<Vec<System>> = LazyLock::new(|| {
    let tasks = tasks::ALL.iter().map(|info| System {
        name: info.name,
        about: info.about,
        timed: info.timed,
        lingers: info.lingers,
        start: Start::Tasks(info),
    });
    OWN.iter().copied().chain(tasks).collect()
});

/// Those that are started in a way of their own.
const OWN: &[System] = &[
    System {
        name: "sprat-dynamic",
        about: "Sprat: a codelet for each task, spawned by the host in each run; values carry the data",
        timed: Timed::Creation,
        lingers: Duration::from_millis(2),
        start: Start::Own(sprat_dynamic::start),
    },
    System {
        name: "sprat-blocks",
        about: "the same, but blocks carry the data: dependences follow from what codelets do with them",
        timed: Timed::Creation,
        lingers: Duration::from_millis(2),
        start: Start::Own(sprat_blocks::start),
    },
    System {
        name: "sprat-replay",
        about: "Sprat: codelets of a few steps, recorded once (not timed), replayed round by round; blocks carry the data",
        timed: Timed::Run,
        lingers: Duration::from_millis(2),
        start: Start::Own(sprat_replay::start),
    },
    System {
        name: "spmd",
        about: "by hand: pinned threads, columns dealt out beforehand, flags, no runtime",
        timed: Timed::Bound,
        lingers: Duration::ZERO,
        start: Start::Own(spmd::start),
    },
    System {
        name: "serial",
        about: "one thread, in program order; measured against all workers' peak",
        timed: Timed::Bound,
        lingers: Duration::ZERO,
        start: Start::Own(serial::start),
    },
    System {
        name: "rayon-for",
        about: "rayon: a parallel loop over each row",
        timed: Timed::Rows,
        lingers: Duration::from_millis(1),
        start: Start::Own(|setup| rows::start(setup, &regions::RAYON)),
    },
    System {
        name: "rayon-counters",
        about: "rayon: a spawn for each task whose counter has come down",
        timed: Timed::Run,
        lingers: Duration::from_millis(1),
        start: Start::Own(rayon_counters::start),
    },
    System {
        name: "chili",
        about: "chili: joins that halve each row",
        timed: Timed::Rows,
        lingers: Duration::from_millis(1),
        start: Start::Own(|setup| rows::start(setup, find_regions("chili"))),
    },
    System {
        name: "deque",
        about: "by hand on crossbeam's deques: counters, threads that spin",
        timed: Timed::Run,
        lingers: Duration::ZERO,
        start: Start::Own(deque::start),
    },
    #[cfg(feature = "openmp-gnu")]
    System {
        name: "openmp-gnu-for",
        about: "OpenMP on gcc's runtime: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: openmp::LINGERS,
        start: Start::Own(|setup| rows::start(setup, find_regions("openmp-gnu"))),
    },
    #[cfg(feature = "openmp-llvm")]
    System {
        name: "openmp-llvm-for",
        about: "OpenMP on LLVM's runtime: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: openmp::LINGERS,
        start: Start::Own(|setup| rows::start(setup, find_regions("openmp-llvm"))),
    },
    #[cfg(feature = "tbb")]
    System {
        name: "tbb-for",
        about: "oneTBB: a parallel loop with a static partition over each row",
        timed: Timed::Rows,
        lingers: tbb::LINGERS,
        start: Start::Own(|setup| rows::start(setup, find_regions("tbb"))),
    },
    #[cfg(feature = "mpi")]
    System {
        name: "mpi",
        about: "MPI: a pinned process for each worker, columns dealt out as for spmd, a message where one is awaited",
        timed: Timed::Run,
        lingers: Duration::ZERO,
        start: Start::Own(mpi::start),
    },
    #[cfg(feature = "fork-union")]
    System {
        name: "fork-union-for",
        about: "fork_union: a static loop for each row, threads that spin",
        timed: Timed::Rows,
        lingers: Duration::ZERO,
        start: Start::Own(|setup| rows::start(setup, find_regions("fork-union"))),
    },
];

fn find_regions(name: &str) -> &'static regions::Info {
    regions::find(name).expect("it has regions in this build")
}

/// The system of this name.
pub fn find(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}
