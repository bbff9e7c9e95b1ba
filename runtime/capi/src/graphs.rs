//! Recorded graphs.

use crate::codelet::MOST_PARAMS;
use crate::fault::{Fault, ended};
use crate::live::{self, Said, sprat_scope};
use crate::runtime::{runtime, seconds, sprat_runtime};
use crate::spawn::sprat_scope_body;
use crate::table::Table;
use crate::text::text;
use crate::types::*;
use sprat::{AnyArgument, Graph, Scope};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// A recorded graph. Opaque.
#[derive(Debug)]
pub struct sprat_graph(());

/// A graph whose rounds get nothing, or arguments of so many bytes.
pub(crate) enum Kept {
    Plain(Graph<'static>),
    Fed(Graph<'static, AnyArgument>, usize),
}

static GRAPHS: Table<Arc<Kept>> = Table::new(4);

const WHAT: &str = "the graph";

pub(crate) fn graph(handle: *mut sprat_graph) -> Result<Arc<Kept>, Fault> {
    GRAPHS.get(handle.addr() as u64, WHAT)
}

/// What is the same for both.
macro_rules! of_either {
    ($kept:expr, $graph:ident => $what:expr) => {
        match $kept {
            Kept::Plain($graph) => $what,
            Kept::Fed($graph, _) => $what,
        }
    };
}

impl Kept {
    pub(crate) fn dot(&self) -> String {
        of_either!(self, graph => graph.dot().to_string())
    }

    pub(crate) fn decisions(&self) -> String {
        of_either!(self, graph => graph.decisions())
    }

    fn plain(&self) -> Result<&Graph<'static>, Fault> {
        match self {
            Kept::Plain(graph) => Ok(graph),
            Kept::Fed(_, bytes) => Err(Fault::new(
                SPRAT_GRAPH,
                format!(
                    "each round of this graph takes an argument of {bytes} bytes; give them by sprat_replay_with"
                ),
            )),
        }
    }
}

/// Where a graph's handle goes.
fn place(graph: *mut *mut sprat_graph) -> Result<(), Fault> {
    match graph.is_null() {
        true => Err(Fault::null("the place for the graph")),
        false => Ok(()),
    }
}

/// Puts a graph into the table, and its handle where the caller wants it.
///
/// # Safety
/// The place can be written to.
unsafe fn keep(kept: Kept, graph: *mut *mut sprat_graph) -> Result<(), Fault> {
    let handle = GRAPHS.put(Arc::new(kept))?;
    // SAFETY: the caller's promise.
    unsafe { graph.write(std::ptr::without_provenance_mut(handle as usize)) };
    Ok(())
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
        place(graph)?;
        let said = Said::default();
        let recorded = runtime.record(|scope: &Scope<'static>| {
            said.by(live::run(scope, false, |handle| {
                // SAFETY: the caller's promise.
                unsafe { body(handle, argument) };
            }))
        });
        // SAFETY: the caller's promise, and it is not null.
        unsafe { keep(Kept::Plain(said.told(recorded)?), graph) }
    };
    ended(record())
}

/// What spawns for a graph whose rounds get arguments, which are named so.
pub type sprat_round_body = Option<
    unsafe extern "C-unwind" fn(scope: *mut sprat_scope, round: sprat_round, argument: *mut c_void),
>;

/// Records what a body spawns, for a graph each of whose rounds gets an argument.
///
/// # Safety
/// As for `sprat_record`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_record_with(
    runtime: *mut sprat_runtime,
    argument_size: usize,
    body: sprat_round_body,
    argument: *mut c_void,
    graph: *mut *mut sprat_graph,
) -> sprat_status {
    let record = || {
        let runtime = self::runtime(runtime)?;
        let body = body.ok_or_else(|| Fault::null("the body that is recorded"))?;
        place(graph)?;
        if argument_size == 0 || argument_size > MOST_PARAMS {
            return Err(Fault::argument(format!(
                "arguments of {argument_size} bytes; they have at least one, and at most {MOST_PARAMS}: pass the rest in blocks, and use sprat_record where there are none"
            )));
        }
        let said = Said::default();
        let recorded = runtime.record_any(argument_size, |scope: &Scope<'static>, id| {
            said.by(live::run(scope, false, |handle| {
                // SAFETY: the caller's promise.
                unsafe { body(handle, sprat_round { id }, argument) };
            }))
        });
        // SAFETY: the caller's promise, and it is not null.
        unsafe { keep(Kept::Fed(said.told(recorded)?, argument_size), graph) }
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
    let replay = || {
        let (runtime, graph) = (self::runtime(runtime)?, self::graph(graph)?);
        Ok(runtime.replay(graph.plain()?, rounds)?)
    };
    ended(replay())
}

/// Runs a graph so many times, with an argument for each round.
///
/// # Safety
/// `arguments` is null or as many as there are rounds, one behind the other, which stay as they are until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_replay_with(
    runtime: *mut sprat_runtime,
    graph: *mut sprat_graph,
    rounds: usize,
    arguments: *const c_void,
) -> sprat_status {
    let replay = || {
        let (runtime, graph) = (self::runtime(runtime)?, self::graph(graph)?);
        let Kept::Fed(graph, size) = &*graph else {
            return Err(Fault::new(
                SPRAT_GRAPH,
                "the rounds of this graph take no arguments; record it by sprat_record_with, or replay it by sprat_replay",
            ));
        };
        let bytes = rounds.checked_mul(*size);
        let Some(bytes) = bytes.filter(|&bytes| bytes <= isize::MAX as usize) else {
            return Err(Fault::new(
                SPRAT_GRAPH,
                format!(
                    "{rounds} arguments of {size} bytes are larger than the address space; replay fewer rounds at a time"
                ),
            ));
        };
        let arguments = match (arguments.is_null(), bytes) {
            (_, 0) => &[][..],
            (true, _) => return Err(Fault::null("the list of arguments")),
            // SAFETY: the caller's promise.
            (false, _) => unsafe { std::slice::from_raw_parts(arguments.cast::<u8>(), bytes) },
        };
        Ok(runtime.replay_any(graph, rounds, arguments)?)
    };
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
        runtime.replay_within(seconds(limit_seconds)?, graph.plain()?, rounds)?;
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
        runtime.replay_until(graph.plain()?, |round| {
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
        of_either!(&*graph, graph => graph.canceller()).cancel(reason);
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
        unsafe { codelets.write(of_either!(&*graph, graph => graph.codelets())) };
        Ok(())
    };
    ended(count())
}

/// Tells which engine each codelet of a graph belongs to, as far as there is room.
///
/// # Safety
/// `owners` is null or so many can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_graph_owners(
    graph: *mut sprat_graph,
    owners: *mut usize,
    room: usize,
) -> sprat_status {
    let tell = || {
        let graph = self::graph(graph)?;
        if owners.is_null() && room != 0 {
            return Err(Fault::null("the place for the owners"));
        }
        let all = of_either!(&*graph, graph => graph.owners());
        for (at, owner) in all.into_iter().take(room).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { owners.wrapping_add(at).write(owner) };
        }
        Ok(())
    };
    ended(tell())
}

/// Gives a graph back; one that is being replayed goes after that.
#[unsafe(no_mangle)]
pub extern "C" fn sprat_graph_destroy(graph: *mut sprat_graph) -> sprat_status {
    ended(GRAPHS.take(graph.addr() as u64, WHAT).map(drop))
}
