//! What runtimes and graphs tell as text.

use crate::fault::{Fault, ended};
use crate::graphs::{graph, sprat_graph};
use crate::runtime::{runtime, sprat_runtime};
use crate::text::{give_text, without_places};
use crate::types::*;
use std::ffi::c_char;

/// Writes something about a runtime.
///
/// # Safety
/// `text` is null and `room` 0, or so many bytes can be written there; `length` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_tell(
    runtime: *mut sprat_runtime,
    about: sprat_about,
    text: *mut c_char,
    room: usize,
    length: *mut usize,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let told = match about {
            SPRAT_ABOUT_MACHINE => runtime.topology().to_string(),
            SPRAT_ABOUT_MACHINE_JSON => runtime.topology().to_json(),
            SPRAT_ABOUT_PLAN => {
                let plan = runtime.plan();
                let (xes, domains) = (plan.xes.len(), plan.domains.len());
                format!(
                    "{xes} XEs in {domains} domains, CE {}: {}",
                    plan.mode, plan.reason
                )
            }
            SPRAT_ABOUT_METRICS => runtime.metrics(),
            SPRAT_ABOUT_LEFTOVERS => {
                let lines = runtime.leftovers();
                let lines: Vec<String> = lines.iter().map(|line| without_places(line)).collect();
                lines.join("\n")
            }
            other => {
                return Err(Fault::argument(format!(
                    "a runtime tells nothing about {other}; use one of the SPRAT_ABOUT_ constants"
                )));
            }
        };
        // SAFETY: the caller's promise.
        unsafe { give_text(&told, text, room, length) }
    };
    ended(tell())
}

/// Writes something about a graph.
///
/// # Safety
/// As for `sprat_tell`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_graph_tell(
    graph: *mut sprat_graph,
    about: sprat_about_graph,
    text: *mut c_char,
    room: usize,
    length: *mut usize,
) -> sprat_status {
    let tell = || {
        let graph = self::graph(graph)?;
        let told = match about {
            SPRAT_GRAPH_DOT => graph.dot(),
            SPRAT_GRAPH_DECISIONS => graph.decisions(),
            other => {
                return Err(Fault::argument(format!(
                    "a graph tells nothing about {other}; use SPRAT_GRAPH_DOT or SPRAT_GRAPH_DECISIONS"
                )));
            }
        };
        // SAFETY: the caller's promise.
        unsafe { give_text(&told, text, room, length) }
    };
    ended(tell())
}
