//! Recorded graphs.

use crate::fault::{Fault, ended};
use crate::live::{self, Said};
use crate::runtime::{runtime, seconds, sprat_runtime};
use crate::spawn::sprat_scope_body;
use crate::table::Table;
use crate::text::text;
use crate::types::*;
use sprat::{Graph, Scope};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// A recorded graph. Opaque.
#[derive(Debug)]
pub struct sprat_graph(());

static GRAPHS: Table<Arc<Graph<'static>>> = Table::new(4);

const WHAT: &str = "the graph";

fn graph(handle: *mut sprat_graph) -> Result<Arc<Graph<'static>>, Fault> {
    GRAPHS.get(handle.addr() as u64, WHAT)
}

/// Records what a body spawns.
///
/// # Safety
/// The body does with `argument` what it may; `graph` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_record(
    runtime: *mut sprat_runtime,
    body: sprat_scope_body,
    argument: *mut c_void,
    graph: *mut *mut sprat_graph,
) -> sprat_status {
    let record = || {
        let runtime = self::runtime(runtime)?;
        let body = body.ok_or_else(|| Fault::null("the body that is recorded"))?;
        if graph.is_null() {
            return Err(Fault::null("the place for the graph"));
        }
        let said = Said::default();
        let recorded = runtime.record(|scope: &Scope<'static>| {
            said.by(live::run(scope, false, |handle| {
                // SAFETY: the caller's promise.
                unsafe { body(handle, argument) };
            }))
        });
        let handle = GRAPHS.put(Arc::new(said.told(recorded)?))?;
        // SAFETY: the caller's promise, and it is not null.
        unsafe { graph.write(std::ptr::without_provenance_mut(handle as usize)) };
        Ok(())
    };
    ended(record())
}

/// Runs a graph so many times.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_replay(
    runtime: *mut sprat_runtime,
    graph: *mut sprat_graph,
    rounds: usize,
) -> sprat_status {
    let replay = || Ok(self::runtime(runtime)?.replay(&*self::graph(graph)?, rounds)?);
    ended(replay())
}

/// The same with a deadline.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_replay_within(
    runtime: *mut sprat_runtime,
    limit_seconds: f64,
    graph: *mut sprat_graph,
    rounds: usize,
) -> sprat_status {
    let replay = || {
        let (runtime, graph) = (self::runtime(runtime)?, self::graph(graph)?);
        runtime.replay_within(seconds(limit_seconds)?, &graph, rounds)?;
        Ok(())
    };
    ended(replay())
}

/// Whether a replay is done: not 0.
pub type sprat_done =
    Option<unsafe extern "C-unwind" fn(round: usize, argument: *mut c_void) -> i32>;

/// Runs a graph until `done` says so.
///
/// # Safety
/// `done` does with `argument` what it may.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_replay_until(
    runtime: *mut sprat_runtime,
    graph: *mut sprat_graph,
    done: sprat_done,
    argument: *mut c_void,
) -> sprat_status {
    let replay = || {
        let (runtime, graph) = (self::runtime(runtime)?, self::graph(graph)?);
        let done = done.ok_or_else(|| Fault::null("the function that says when it is done"))?;
        runtime.replay_until(&graph, |round| {
            // SAFETY: the caller's promise.
            unsafe { done(round, argument) != 0 }
        })?;
        Ok(())
    };
    ended(replay())
}

/// Cancels the replay of a graph that is under way.
///
/// # Safety
/// `reason` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_graph_cancel(
    graph: *mut sprat_graph,
    reason: *const c_char,
) -> sprat_status {
    let cancel = || {
        let graph = self::graph(graph)?;
        // SAFETY: the caller's promise.
        let reason = unsafe { text(reason, "the reason") }?;
        graph.canceller().cancel(reason);
        Ok(())
    };
    ended(cancel())
}

/// How many codelets a graph has.
///
/// # Safety
/// `codelets` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_graph_codelets(
    graph: *mut sprat_graph,
    codelets: *mut usize,
) -> sprat_status {
    let count = || {
        let graph = self::graph(graph)?;
        if codelets.is_null() {
            return Err(Fault::null("the place for the number"));
        }
        // SAFETY: the caller's promise, and it is not null.
        unsafe { codelets.write(graph.codelets()) };
        Ok(())
    };
    ended(count())
}

/// Gives a graph back; one that is being replayed goes after that.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_graph_destroy(graph: *mut sprat_graph) -> sprat_status {
    ended(GRAPHS.take(graph.addr() as u64, WHAT).map(drop))
}
