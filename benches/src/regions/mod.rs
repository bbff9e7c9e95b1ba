//! Systems that offer parallel regions: all workers begin, and the caller goes on when all have ended.

mod chili;
#[cfg(feature = "fork-union")]
mod fork_union;
mod hand;
mod rayon;

use crate::Result;
#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
use crate::rivals::openmp;
#[cfg(feature = "tbb")]
use crate::rivals::tbb;
use crate::team::Team;
use sprat::topology::{self, CpuSet};
use std::ops::Range;
use std::time::Duration;

pub use rayon::{pool, rows_on, workers_on};

/// What a region runs: for an item, or on a worker, by its number.
pub type Body<'a> = &'a (dyn Fn(usize) + Sync);

/// A system with parallel regions.
pub trait Regions {
    /// Runs row after row: the items of one in parallel, and none of the next before all of them have ended. Gives the
    /// time.
    ///
    /// # Errors
    /// What the system says.
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration>;

    /// Runs so many regions, one after the other, in each of which the body runs once on each worker. `None` if the
    /// system cannot be told to do that.
    ///
    /// # Errors
    /// What the system says.
    fn workers(&self, regions: usize, body: Body) -> Result<Option<Duration>>;

    /// Its threads, if one may give them work of any kind by hand.
    fn team(&self) -> Option<&Team> {
        None
    }
}

/// A system, as the command line knows it.
#[derive(Debug)]
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// For so long its threads may still look for work after a run; the next system waits for that.
    pub lingers: Duration,
    /// Starts it, with a worker on each of these processors.
    pub start: fn(&[u32]) -> Result<Box<dyn Regions>>,
}

impl PartialEq for Info {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Info {}

/// All of this build, but rayon, which offers more than regions.
pub const ALL: &[Info] = &[
    Info {
        name: "chili",
        about: "chili: joins that halve each row, and its heartbeat every 10 us",
        lingers: Duration::from_millis(1),
        start: chili::start,
    },
    Info {
        name: "spin-team",
        about: "by hand: pinned threads with their parts beforehand; they spin at a barrier, in `stencil` at flags",
        lingers: Duration::ZERO,
        start: hand::start,
    },
    #[cfg(feature = "openmp-gnu")]
    Info {
        name: "openmp-gnu",
        about: "OpenMP on gcc's runtime: a static loop for each row, threads that spin",
        lingers: openmp::LINGERS,
        start: |cpus| openmp::regions(&openmp::GNU, cpus),
    },
    #[cfg(feature = "openmp-gnu")]
    Info {
        name: "openmp-gnu-dynamic",
        about: "OpenMP on gcc's runtime: a dynamic loop for each row, threads that spin",
        lingers: openmp::LINGERS,
        start: |cpus| openmp::dynamic(&openmp::GNU, cpus),
    },
    #[cfg(feature = "openmp-llvm")]
    Info {
        name: "openmp-llvm",
        about: "OpenMP on LLVM's runtime: a static loop for each row, threads that spin",
        lingers: openmp::LINGERS,
        start: |cpus| openmp::regions(&openmp::LLVM, cpus),
    },
    #[cfg(feature = "openmp-llvm")]
    Info {
        name: "openmp-llvm-dynamic",
        about: "OpenMP on LLVM's runtime: a dynamic loop for each row, threads that spin",
        lingers: openmp::LINGERS,
        start: |cpus| openmp::dynamic(&openmp::LLVM, cpus),
    },
    #[cfg(feature = "tbb")]
    Info {
        name: "tbb",
        about: "oneTBB: a parallel loop with a static partition over each row",
        lingers: tbb::LINGERS,
        start: tbb::regions,
    },
    #[cfg(feature = "fork-union")]
    Info {
        name: "fork-union",
        about: "fork_union: a static loop for each row, threads that spin",
        lingers: Duration::ZERO,
        start: fork_union::start,
    },
];

/// rayon's regions.
pub const RAYON: Info = Info {
    name: "rayon",
    about: "rayon: a parallel loop over each row, from a thread of the pool",
    lingers: Duration::from_millis(1),
    start: rayon::start,
};

/// The system of this name.
pub fn find(name: &str) -> Option<&'static Info> {
    ALL.iter().find(|info| info.name == name)
}

/// Calls the body with the calling thread on these processors, and lets it back to its own.
///
/// # Errors
/// If the processors of the thread cannot be read, or not be set.
pub(crate) fn seated<R>(cpus: &[u32], body: impl FnOnce() -> R) -> Result<R> {
    let back = topology::affinity()?;
    topology::set_affinity(&CpuSet::from_iter(cpus.iter().copied()))?;
    let result = body();
    topology::set_affinity(&back)?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Each item must find the rows before its own complete.
    fn check_rows(info: &Info, workers: usize) {
        let system = (info.start)(&vec![0; workers]).unwrap();
        let rows = [0..5, 5..6, 6..6, 6..40, 40..43];
        let done: Vec<AtomicUsize> = (0..43).map(|_| AtomicUsize::new(0)).collect();
        let early = AtomicUsize::new(0);
        let body = |item: usize| {
            let row = rows.iter().find(|row| row.contains(&item)).unwrap();
            let before = done[..row.start].iter();
            let is_early = before
                .map(|done| done.load(Ordering::Acquire))
                .any(|done| done == 0);
            early.fetch_add(usize::from(is_early), Ordering::Relaxed);
            done[item].fetch_add(1, Ordering::Release);
        };
        system.rows(&rows, &body).unwrap();
        assert_eq!(early.load(Ordering::Relaxed), 0, "{}", info.name);
        let once = done.iter().all(|done| done.load(Ordering::Relaxed) == 1);
        assert!(once, "{}: {done:?}", info.name);
    }

    #[test]
    fn rows_follow_each_other_and_items_run_once() {
        for info in ALL.iter().chain([&RAYON]) {
            for workers in [1, 2, 3] {
                check_rows(info, workers);
            }
        }
    }

    #[test]
    fn regions_run_once_on_each_worker() {
        for info in ALL.iter().chain([&RAYON]) {
            let system = (info.start)(&[0, 0]).unwrap();
            let ran = [0, 1].map(|_| AtomicUsize::new(0));
            let body = |worker: usize| {
                ran[worker].fetch_add(1, Ordering::Relaxed);
            };
            if system.workers(50, &body).unwrap().is_some() {
                assert_eq!(ran.map(AtomicUsize::into_inner), [50, 50], "{}", info.name);
            }
        }
    }
}
