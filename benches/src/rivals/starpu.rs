//! StarPU; the driver is `starpu.c`.

use super::{CallBack, Graph, RawGraph, call, context};
use crate::dag::Dag;
use crate::regions::Body;
use crate::tasks::Tasks;
use crate::{Error, Result};
use std::ffi::{c_int, c_uint, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

unsafe extern "C" {
    fn rival_starpu_start(workers: c_uint, cpus: *const u32) -> c_int;
    fn rival_starpu_stop();
    fn rival_starpu_run(graph: *const RawGraph, body: CallBack, context: *const c_void) -> u64;
}

/// It is paused between runs.
pub(crate) const LINGERS: Duration = Duration::ZERO;

/// The most that a task may depend on: `MOST` in the driver.
const MOST: usize = 64;

/// There is one StarPU in a process: the processors of its workers, if it runs. It goes on for those who want the same.
static RUNNING: Mutex<Option<Vec<u32>>> = Mutex::new(None);

/// StarPU, with workers on these processors, for as long as the guard lives.
fn running(cpus: &[u32]) -> Result<MutexGuard<'static, Option<Vec<u32>>>> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if running.as_deref() == Some(cpus) {
        return Ok(running);
    }
    if running.take().is_some() {
        // SAFETY: it runs, and nobody else uses it, since the lock is held.
        unsafe { rival_starpu_stop() }
    }
    // SAFETY: it does not run, and the driver reads as many processors as there are workers.
    let is_there = unsafe { rival_starpu_start(cpus.len() as c_uint, cpus.as_ptr()) };
    if is_there == 0 {
        return Err(Error::msg(format!(
            "StarPU does not start {} workers here",
            cpus.len()
        )));
    }
    *running = Some(cpus.to_vec());
    Ok(running)
}

struct StarPu {
    cpus: Vec<u32>,
    graph: Option<Graph>,
}

/// Starts it.
pub(crate) fn start(cpus: &[u32]) -> Result<Box<dyn Tasks>> {
    drop(running(cpus)?);
    Ok(Box::new(StarPu {
        cpus: cpus.to_vec(),
        graph: None,
    }))
}

impl Tasks for StarPu {
    fn prepare(&mut self, dag: &Dag) -> Result<()> {
        let most = dag.all().map(|task| dag.before.list(task).len()).max();
        assert!(most.unwrap_or(0) <= MOST, "a task depends on too many");
        self.graph = Some(Graph::new(dag));
        Ok(())
    }

    fn run(&mut self, body: Body) -> Result<Duration> {
        let graph = &self.graph.as_ref().expect("prepared before it is run").raw;
        let _running = running(&self.cpus)?;
        // SAFETY: it runs, by the guard; the graph and the body are there until the call returns, which is when all
        // tasks have ended; the body may run on all threads, and no task depends on too many.
        let time = unsafe { rival_starpu_run(graph, call, context(&body)) };
        Ok(Duration::from_nanos(time))
    }
}
