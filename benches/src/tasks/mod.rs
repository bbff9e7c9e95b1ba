//! Rivals that run tasks with dependences of any kind: each gets a graph, and a body that runs a task by its number.

use crate::Result;
use crate::dag::Dag;
use crate::regions::Body;
#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
use crate::rivals::openmp;
#[cfg(feature = "starpu")]
use crate::rivals::starpu;
#[cfg(feature = "taskflow")]
use crate::rivals::taskflow;
#[cfg(feature = "tbb")]
use crate::rivals::tbb;
use std::time::Duration;

/// A system that has been started.
pub trait Tasks {
    /// Makes ready for a graph: not timed. All runs until the next call are of this graph.
    ///
    /// # Errors
    /// What the system says.
    fn prepare(&mut self, dag: &Dag) -> Result<()>;

    /// Runs all tasks of the graph once, each after those that it depends on, and gives the time.
    ///
    /// # Errors
    /// What the system says.
    fn run(&mut self, body: Body) -> Result<Duration>;
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

/// A system, as the command line knows it.
#[derive(Debug)]
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What of its work is timed.
    pub timed: Timed,
    /// For so long its threads may still look for work after a run; the next system waits for that.
    pub lingers: Duration,
    /// Starts it, with a worker on each of these processors.
    pub start: fn(&[u32]) -> Result<Box<dyn Tasks>>,
}

impl PartialEq for Info {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Info {}

/// All of this build.
pub const ALL: &[Info] = &[
    #[cfg(feature = "openmp-gnu")]
    Info {
        name: "openmp-gnu-tasks",
        about: "OpenMP on gcc's runtime: a task with depend clauses for each task",
        timed: Timed::Creation,
        lingers: openmp::LINGERS,
        start: |cpus| openmp::tasks(&openmp::GNU, cpus),
    },
    #[cfg(feature = "openmp-llvm")]
    Info {
        name: "openmp-llvm-tasks",
        about: "OpenMP on LLVM's runtime: a task with depend clauses for each task",
        timed: Timed::Creation,
        lingers: openmp::LINGERS,
        start: |cpus| openmp::tasks(&openmp::LLVM, cpus),
    },
    #[cfg(feature = "taskflow")]
    Info {
        name: "taskflow",
        about: "Taskflow: a graph that is built anew in each run",
        timed: Timed::Creation,
        lingers: taskflow::LINGERS,
        start: taskflow::rebuilt,
    },
    #[cfg(feature = "taskflow")]
    Info {
        name: "taskflow-async",
        about: "Taskflow: a dependent asynchronous task for each task",
        timed: Timed::Creation,
        lingers: taskflow::LINGERS,
        start: taskflow::asynchronous,
    },
    #[cfg(feature = "starpu")]
    Info {
        name: "starpu",
        about: "StarPU: a task for each task, with the tasks that it depends on declared",
        timed: Timed::Creation,
        lingers: starpu::LINGERS,
        start: starpu::start,
    },
    #[cfg(feature = "taskflow")]
    Info {
        name: "taskflow-ready",
        about: "Taskflow: a graph that is built once",
        timed: Timed::Run,
        lingers: taskflow::LINGERS,
        start: taskflow::ready,
    },
    #[cfg(feature = "tbb")]
    Info {
        name: "tbb-counters",
        about: "oneTBB: a task group, with counters",
        timed: Timed::Run,
        lingers: tbb::LINGERS,
        start: tbb::counters,
    },
    #[cfg(feature = "tbb")]
    Info {
        name: "tbb-flow",
        about: "oneTBB: a flow graph that is built once",
        timed: Timed::Run,
        lingers: tbb::LINGERS,
        start: tbb::flow,
    },
];

/// The system of this name.
pub fn find(name: &str) -> Option<&'static Info> {
    ALL.iter().find(|info| info.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::iter;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Each task must find those that it depends on done, in each run, of one graph after the other.
    #[test]
    fn tasks_run_once_after_those_they_depend_on() {
        let before: Vec<Vec<u32>> = (0..50_u32)
            .map(|t| t.checked_sub(1).into_iter().collect())
            .collect();
        let chain = Dag::new(iter::once(0..50), &before);
        let wide: Vec<Vec<u32>> = (0..200_u32)
            .map(|t| match t % 8 {
                0 => vec![],
                few => ((t - few)..t).rev().take(5).collect(),
            })
            .collect();
        let wide = Dag::new([0..120, 120..200], &wide);
        for info in ALL {
            let mut system = (info.start)(&[0, 0]).expect(info.name);
            for dag in [&chain, &wide, &chain] {
                system.prepare(dag).expect(info.name);
                for _ in 0..3 {
                    let done: Vec<AtomicUsize> = dag.all().map(|_| AtomicUsize::new(0)).collect();
                    let early = AtomicUsize::new(0);
                    let body = |task: usize| {
                        let before = dag.before.list(task).iter();
                        let missing = before
                            .filter(|&&from| done[from as usize].load(Ordering::Acquire) == 0);
                        early.fetch_add(missing.count(), Ordering::Relaxed);
                        done[task].fetch_add(1, Ordering::Release);
                    };
                    system.run(&body).expect(info.name);
                    assert_eq!(early.load(Ordering::Relaxed), 0, "{}", info.name);
                    let once = done.iter().all(|done| done.load(Ordering::Relaxed) == 1);
                    assert!(once, "{}: {done:?}", info.name);
                }
            }
        }
    }
}
