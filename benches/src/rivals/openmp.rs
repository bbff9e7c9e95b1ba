//! OpenMP on gcc's and on LLVM's runtime; the driver is `openmp.c`.

use super::{CallBack, Graph, RawGraph, Row, call, context, rows_of};
use crate::dag::Dag;
use crate::regions::{Body, Regions, seated};
use crate::tasks::Tasks;
use crate::{Error, Result};
use std::ffi::{c_char, c_int, c_void};
use std::ops::Range;
use std::time::{Duration, Instant};

type Rows = unsafe extern "C" fn(c_int, usize, *const Row, CallBack, *const c_void);

/// The entry points of one runtime's driver. They may be called from one thread only, the one that pinned: a runtime keeps
/// a team for each thread that has regions.
pub(crate) struct Driver {
    pin: unsafe extern "C" fn(c_int, *const u32) -> c_int,
    rows: Rows,
    rows_dynamic: Rows,
    workers: unsafe extern "C" fn(c_int, usize, CallBack, *const c_void),
    tasks: unsafe extern "C" fn(c_int, *const RawGraph, *mut c_char, CallBack, *const c_void),
}

macro_rules! driver {
    ($(#[$about:meta])* $name:ident, $pin:ident, $rows:ident, $rows_dynamic:ident, $workers:ident, $tasks:ident) => {
        unsafe extern "C" {
            fn $pin(workers: c_int, cpus: *const u32) -> c_int;
            fn $rows(workers: c_int, rows: usize, row: *const Row, body: CallBack, context: *const c_void);
            fn $rows_dynamic(workers: c_int, rows: usize, row: *const Row, body: CallBack, context: *const c_void);
            fn $workers(workers: c_int, regions: usize, body: CallBack, context: *const c_void);
            fn $tasks(workers: c_int, graph: *const RawGraph, mark: *mut c_char, body: CallBack, context: *const c_void);
        }

        $(#[$about])*
        pub(crate) const $name: Driver = Driver {
            pin: $pin,
            rows: $rows,
            rows_dynamic: $rows_dynamic,
            workers: $workers,
            tasks: $tasks,
        };
    };
}

#[cfg(feature = "openmp-gnu")]
driver!(
    /// gcc's libgomp.
    GNU, rival_gnu_pin, rival_gnu_rows, rival_gnu_rows_dynamic, rival_gnu_workers, rival_gnu_tasks
);
#[cfg(feature = "openmp-llvm")]
driver!(
    /// LLVM's libomp.
    LLVM, rival_llvm_pin, rival_llvm_rows, rival_llvm_rows_dynamic, rival_llvm_workers, rival_llvm_tasks
);

/// Threads spin for so long after a region: libgomp counts to 300,000, libomp is told 4 ms.
pub(crate) const LINGERS: Duration = Duration::from_millis(12);

/// A runtime with its threads where they belong.
struct Team {
    driver: &'static Driver,
    workers: c_int,
    cpu: u32,
}

impl Team {
    fn start(driver: &'static Driver, cpus: &[u32]) -> Result<Self> {
        let workers = cpus.len() as c_int;
        // SAFETY: the driver reads as many processors as there are workers.
        let refused = seated(cpus, || unsafe { (driver.pin)(workers, cpus.as_ptr()) })?;
        if refused > 0 {
            return Err(Error::msg(format!(
                "{refused} of {workers} threads of OpenMP may not be pinned"
            )));
        }
        Ok(Team {
            driver,
            workers,
            cpu: cpus[0],
        })
    }

    /// Time of a call, with the caller on the first worker's processor.
    fn time(&self, call: impl FnOnce()) -> Result<Duration> {
        seated(&[self.cpu], || {
            let begin = Instant::now();
            call();
            begin.elapsed()
        })
    }
}

/// Its regions.
struct Loops {
    team: Team,
    rows: Rows,
}

/// Starts its regions, whose loops are dealt out beforehand.
pub(crate) fn regions(driver: &'static Driver, cpus: &[u32]) -> Result<Box<dyn Regions>> {
    let team = Team::start(driver, cpus)?;
    let rows = driver.rows;
    Ok(Box::new(Loops { team, rows }))
}

/// Starts its regions, in whose loops who is done takes the next item.
pub(crate) fn dynamic(driver: &'static Driver, cpus: &[u32]) -> Result<Box<dyn Regions>> {
    let team = Team::start(driver, cpus)?;
    let rows = driver.rows_dynamic;
    Ok(Box::new(Loops { team, rows }))
}

impl Regions for Loops {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        let rows = rows_of(rows);
        let (workers, count) = (self.team.workers, rows.len());
        self.team.time(|| {
            // SAFETY: the rows and the body are there until the call returns, and the body may run on all threads.
            unsafe { (self.rows)(workers, count, rows.as_ptr(), call, context(&body)) }
        })
    }

    fn workers(&self, regions: usize, body: Body) -> Result<Option<Duration>> {
        let (driver, workers) = (self.team.driver, self.team.workers);
        let time = self.team.time(|| {
            // SAFETY: the body is there until the call returns, and may run on all threads.
            unsafe { (driver.workers)(workers, regions, call, context(&body)) }
        });
        time.map(Some)
    }
}

/// Tasks with `depend`.
struct Depend {
    team: Team,
    graph: Option<Graph>,
    marks: Vec<c_char>,
}

/// Starts its tasks.
pub(crate) fn tasks(driver: &'static Driver, cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    Ok(Box::new(Depend {
        team: Team::start(driver, cpus)?,
        graph: None,
        marks: Vec::new(),
    }))
}

impl Tasks for Depend {
    fn prepare(&mut self, dag: &Dag) -> Result<()> {
        self.graph = Some(Graph::new(dag));
        self.marks = vec![0; dag.numbers()];
        Ok(())
    }

    fn run(&mut self, body: Body) -> Result<Duration> {
        let graph = &self.graph.as_ref().expect("prepared before it is run").raw;
        let (driver, workers) = (self.team.driver, self.team.workers);
        let marks = self.marks.as_mut_ptr();
        self.team.time(|| {
            // SAFETY: the graph, a mark for each number, and the body are there until the call returns, which is when
            // all tasks have ended; the body may run on all threads. Marks are only pointed at.
            unsafe { (driver.tasks)(workers, graph, marks, call, context(&body)) }
        })
    }
}
