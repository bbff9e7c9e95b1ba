//! oneTBB; the driver is `tbb.cpp`.

use super::{CallBack, Graph, RawGraph, Row, call, context, rows_of};
use crate::Result;
use crate::dag::Dag;
use crate::regions::{Body, Regions, seated};
use crate::tasks::Tasks;
use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// `rival_tbb` in `tbb.cpp`.
#[repr(C)]
struct Raw {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn rival_tbb_start(workers: c_int, cpus: *const u32) -> *mut Raw;
    fn rival_tbb_stop(tbb: *mut Raw);
    fn rival_tbb_rows(
        tbb: *mut Raw,
        rows: usize,
        row: *const Row,
        body: CallBack,
        context: *const c_void,
    );
    fn rival_tbb_prepare_counters(tbb: *mut Raw, graph: *const RawGraph);
    fn rival_tbb_run_counters(tbb: *mut Raw, body: CallBack, context: *const c_void);
    fn rival_tbb_prepare_flow(tbb: *mut Raw, graph: *const RawGraph);
    fn rival_tbb_run_flow(tbb: *mut Raw, body: CallBack, context: *const c_void);
}

/// For so long threads may look for work after a run.
pub(crate) const LINGERS: Duration = Duration::from_millis(2);

/// An arena.
struct Tbb {
    raw: NonNull<Raw>,
    cpu: u32,
}

impl Tbb {
    fn start(cpus: &[u32]) -> Self {
        // SAFETY: the driver reads as many processors as there are workers.
        let raw = unsafe { rival_tbb_start(cpus.len() as c_int, cpus.as_ptr()) };
        Tbb {
            raw: NonNull::new(raw).expect("`new` gives an object"),
            cpu: cpus[0],
        }
    }

    /// Time of a call, with the caller on the first worker's processor.
    fn time(&self, call: impl FnOnce(*mut Raw)) -> Result<Duration> {
        seated(&[self.cpu], || {
            let begin = Instant::now();
            call(self.raw.as_ptr());
            begin.elapsed()
        })
    }
}

impl Drop for Tbb {
    fn drop(&mut self) {
        // SAFETY: it came from `rival_tbb_start`, is stopped once, and no call is under way.
        unsafe { rival_tbb_stop(self.raw.as_ptr()) }
    }
}

/// Starts its parallel loops.
pub(crate) fn regions(cpus: &[u32]) -> Result<Box<dyn Regions>> {
    Ok(Box::new(Tbb::start(cpus)))
}

impl Regions for Tbb {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        let rows = rows_of(rows);
        self.time(|raw| {
            // SAFETY: the rows and the body are there until the call returns, and the body may run on all threads.
            unsafe { rival_tbb_rows(raw, rows.len(), rows.as_ptr(), call, context(&body)) }
        })
    }

    fn workers(&self, _: usize, _: Body) -> Result<Option<Duration>> {
        // TBB promises no concurrency: one thread may run all parts.
        Ok(None)
    }
}

/// A graph that is prepared once, and then run.
struct Prepared {
    // Before the graph, into which it points, so that it is dropped first.
    tbb: Tbb,
    graph: Option<Graph>,
    prepare: unsafe extern "C" fn(*mut Raw, *const RawGraph),
    run: unsafe extern "C" fn(*mut Raw, CallBack, *const c_void),
}

/// Starts a task group with counters.
pub(crate) fn counters(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    Ok(Box::new(Prepared {
        tbb: Tbb::start(cpus),
        graph: None,
        prepare: rival_tbb_prepare_counters,
        run: rival_tbb_run_counters,
    }))
}

/// Starts a flow graph.
pub(crate) fn flow(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    Ok(Box::new(Prepared {
        tbb: Tbb::start(cpus),
        graph: None,
        prepare: rival_tbb_prepare_flow,
        run: rival_tbb_run_flow,
    }))
}

impl Tasks for Prepared {
    fn prepare(&mut self, dag: &Dag) -> Result<()> {
        let graph = Graph::new(dag);
        // SAFETY: what the graph points to lives until another one has been prepared, or the arena is gone.
        unsafe { (self.prepare)(self.tbb.raw.as_ptr(), &raw const graph.raw) }
        self.graph = Some(graph);
        Ok(())
    }

    fn run(&mut self, body: Body) -> Result<Duration> {
        assert!(self.graph.is_some(), "prepared before it is run");
        self.tbb.time(|raw| {
            // SAFETY: the body is there until the call returns, which is when all tasks have ended, and may run on all
            // threads; the graph has been prepared.
            unsafe { (self.run)(raw, call, context(&body)) }
        })
    }
}
