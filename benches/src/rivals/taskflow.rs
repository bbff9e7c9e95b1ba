//! Taskflow; the driver is `taskflow.cpp`.

use super::{CallBack, Graph, RawGraph, call, context};
use crate::Result;
use crate::dag::Dag;
use crate::regions::Body;
use crate::tasks::Tasks;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::time::Duration;

/// `rival_taskflow` in `taskflow.cpp`.
#[repr(C)]
struct Raw {
    _private: [u8; 0],
}

type Run = unsafe extern "C" fn(*mut Raw, CallBack, *const c_void) -> u64;

unsafe extern "C" {
    fn rival_taskflow_start(workers: usize, cpus: *const u32) -> *mut Raw;
    fn rival_taskflow_stop(taskflow: *mut Raw);
    fn rival_taskflow_prepare(taskflow: *mut Raw, graph: *const RawGraph, ready: c_int);
    fn rival_taskflow_run_rebuilt(
        taskflow: *mut Raw,
        body: CallBack,
        context: *const c_void,
    ) -> u64;
    fn rival_taskflow_run_async(taskflow: *mut Raw, body: CallBack, context: *const c_void) -> u64;
    fn rival_taskflow_run_ready(taskflow: *mut Raw, body: CallBack, context: *const c_void) -> u64;
}

/// For so long threads may look for work after a run: a hundred times or so, with a yield each.
pub(crate) const LINGERS: Duration = Duration::from_millis(2);

/// An executor, and what it runs.
struct Taskflow {
    raw: NonNull<Raw>,
    graph: Option<Graph>,
    ready: bool,
    run: Run,
}

fn start(cpus: &[u32], ready: bool, run: Run) -> Result<Box<dyn Tasks>> {
    // SAFETY: the driver reads as many processors as there are workers.
    let raw = unsafe { rival_taskflow_start(cpus.len(), cpus.as_ptr()) };
    Ok(Box::new(Taskflow {
        raw: NonNull::new(raw).expect("`new` gives an object"),
        graph: None,
        ready,
        run,
    }))
}

/// Starts one that builds its graph in each run.
pub(crate) fn rebuilt(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    start(cpus, false, rival_taskflow_run_rebuilt)
}

/// Starts one that makes dependent asynchronous tasks.
pub(crate) fn asynchronous(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    start(cpus, false, rival_taskflow_run_async)
}

/// Starts one that builds its graph once.
pub(crate) fn ready(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    start(cpus, true, rival_taskflow_run_ready)
}

impl Tasks for Taskflow {
    fn prepare(&mut self, dag: &Dag) -> Result<()> {
        let graph = Graph::new(dag);
        // SAFETY: what the graph points to lives until another one has been prepared, or the executor is gone.
        unsafe {
            rival_taskflow_prepare(self.raw.as_ptr(), &raw const graph.raw, self.ready.into())
        }
        self.graph = Some(graph);
        Ok(())
    }

    fn run(&mut self, body: Body) -> Result<Duration> {
        assert!(self.graph.is_some(), "prepared before it is run");
        // SAFETY: the body is there until the call returns, which is when all tasks have ended, and may run on all
        // threads; the graph has been prepared.
        let time = unsafe { (self.run)(self.raw.as_ptr(), call, context(&body)) };
        Ok(Duration::from_nanos(time))
    }
}

impl Drop for Taskflow {
    fn drop(&mut self) {
        // SAFETY: it came from `rival_taskflow_start`, is stopped once, and no call is under way.
        unsafe { rival_taskflow_stop(self.raw.as_ptr()) }
    }
}
