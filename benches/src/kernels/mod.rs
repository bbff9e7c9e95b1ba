//! The kernels. Each measures one run of one entrant, and checks what it computed.

mod blocks;
mod chain;
mod cholesky;
mod contended;
mod events;
mod flat;
mod flows;
mod forkjoin;
mod machine;
mod pagerank;
mod rmat;
mod search;
mod stencil;
mod suspend;
mod tree;

use crate::system::Entrant;
use crate::{Error, Result};
use std::fmt::Display;
use std::time::Duration;

/// One kernel.
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// What is measured.
    pub metric: &'static str,
    /// In what. Units that end in `/s` are better high, all others better low.
    pub unit: &'static str,
    /// Runs it once, with about so many codelets; `None` if the entrant cannot express it.
    pub measure: fn(&Entrant, usize) -> Measured,
}

/// A figure, or none.
pub type Measured = Result<Option<f64>>;

const fn kernel(
    name: &'static str,
    about: &'static str,
    metric: &'static str,
    unit: &'static str,
    measure: fn(&Entrant, usize) -> Measured,
) -> Kernel {
    Kernel {
        name,
        about,
        metric,
        unit,
        measure,
    }
}

const CODELET: &str = "time_per_codelet";
const RECORD: &str = "time_to_record";

/// The kernels of `overhead`, in the order of the table.
pub const KERNELS: &[Kernel] = &[
    kernel(
        "flat",
        "empty codelets, all spawned by the host",
        CODELET,
        "ns",
        flat::flat,
    ),
    kernel(
        "flat_1us",
        "bodies of 1 us: what a codelet costs its workers beyond its body",
        "overhead_per_codelet",
        "ns",
        flat::flat_1us,
    ),
    kernel(
        "traced_1us",
        "bodies of 1 us: how much longer they take altogether while a trace is kept",
        "added_by_a_trace",
        "%",
        flat::traced_1us,
    ),
    kernel(
        "chain",
        "each codelet spawns its successor, as its child: all end with the last",
        CODELET,
        "ns",
        chain::chain,
    ),
    kernel(
        "chain_block",
        "codelets that read and write the same block, all spawned by the host",
        CODELET,
        "ns",
        flows::chain_block,
    ),
    kernel(
        "tree",
        "binary tree: each codelet spawns two children",
        CODELET,
        "ns",
        tree::tree,
    ),
    kernel(
        "fib",
        "each call spawns two children and a sum that reads both; calls and sums count",
        CODELET,
        "ns",
        tree::fib,
    ),
    kernel(
        "fan_out",
        "one codelet writes a block, 1000 read it; again and again",
        CODELET,
        "ns",
        flows::fan_out,
    ),
    kernel(
        "fan_in",
        "1000 codelets write a block each, one reads them all; again and again",
        CODELET,
        "ns",
        flows::fan_in,
    ),
    kernel(
        "wavefront",
        "k x k codelets, each reads its west and its north",
        CODELET,
        "ns",
        flows::wavefront,
    ),
    kernel(
        "random_dag",
        "each codelet reads what two random earlier ones wrote",
        CODELET,
        "ns",
        flows::random_dag,
    ),
    kernel(
        "two_blocks",
        "each codelet reads one of 1024 blocks and reads and writes another",
        CODELET,
        "ns",
        flows::two_blocks,
    ),
    kernel(
        "contended",
        "all change the same KiB of state, each in its turn: commutative accesses",
        CODELET,
        "ns",
        contended::commute,
    ),
    kernel(
        "contended_mutex",
        "the same in independent codelets, by a mutex",
        CODELET,
        "ns",
        contended::mutex,
    ),
    kernel(
        "contended_spin",
        "the same in independent codelets, by a spin lock",
        CODELET,
        "ns",
        contended::spin,
    ),
    kernel(
        "block_create",
        "making a block of 64 bytes, without its memory (serial: a box)",
        "time_per_block",
        "ns",
        blocks::create,
    ),
    kernel(
        "block_destroy",
        "destroying a block that was written, spawn to end (serial: a box)",
        "time_per_block",
        "ns",
        blocks::destroy,
    ),
    kernel(
        "block_life",
        "making a block, a codelet that writes it, destroying it",
        "time_per_block",
        "ns",
        blocks::life,
    ),
    kernel(
        "event_satisfy",
        "satisfying an event that a codelet waits for (serial: a counter)",
        "time_per_event",
        "ns",
        events::satisfy,
    ),
    kernel(
        "wake_up",
        "from the call, all asleep, until a codelet runs on another worker",
        "time",
        "us",
        machine::wake_up,
    ),
    kernel(
        "suspend",
        "suspending a runtime that has nothing to do",
        "time",
        "ns",
        suspend::idle,
    ),
    kernel(
        "suspend_1us",
        "suspending one whose workers run bodies of 1 us, until none runs",
        "time",
        "ns",
        suspend::at_work,
    ),
    kernel(
        "start",
        "from nothing until the first codelet has run",
        "time",
        "ms",
        machine::start,
    ),
    kernel(
        "shutdown",
        "stopping it, threads joined (rayon does not join its own)",
        "time",
        "ms",
        machine::shutdown,
    ),
];

/// Recorded graphs.
pub const REPLAY: &[Kernel] = &[
    kernel(
        "chain",
        "each codelet waits for the end of the one before",
        CODELET,
        "ns",
        chain::chain,
    ),
    kernel(
        "tree",
        "binary tree: each codelet waits for its parent's end",
        CODELET,
        "ns",
        tree::tree,
    ),
    kernel(
        "wavefront",
        "k x k codelets on two rows of blocks, each reads its west and its north",
        CODELET,
        "ns",
        flows::wavefront_rows,
    ),
    kernel(
        "random",
        "16384 blocks are rewritten in turn, each from two others",
        CODELET,
        "ns",
        flows::random_rows,
    ),
    kernel(
        "stencil",
        "rows of 1024: each codelet reads three of the row before",
        CODELET,
        "ns",
        flows::stencil,
    ),
    kernel(
        "record_chain",
        "recording codelets that read and write one block; others: running them",
        RECORD,
        "ns",
        flows::record_chain,
    ),
    kernel(
        "record_two_blocks",
        "recording codelets that use two of 1024 blocks; others: running them",
        RECORD,
        "ns",
        flows::record_two_blocks,
    ),
    kernel(
        "record_stencil",
        "recording the stencil; others: running it",
        RECORD,
        "ns",
        flows::record_stencil,
    ),
];

/// Parallel regions.
pub const FORKJOIN: &[Kernel] = &[kernel(
    "forkjoin",
    "an empty body on each worker, one region after the other",
    "time_per_region",
    "ns",
    forkjoin::empty,
)];

/// Stencils.
pub const STENCIL: &[Kernel] = &[
    stencil(
        "heat",
        "plain sweeps of a 5-point stencil over a square grid",
        stencil::heat,
    ),
    stencil(
        "heat_in_time",
        "the same, 16 sweeps of a band in turn while it is in a cache",
        stencil::in_time,
    ),
    stencil(
        "copy",
        "copying the grid by streaming stores, by hand: what bounds `heat`",
        stencil::copy,
    ),
];

const fn stencil(
    name: &'static str,
    about: &'static str,
    measure: fn(&Entrant, usize) -> Measured,
) -> Kernel {
    kernel(name, about, "cells_per_second", "Gcell/s", measure)
}

/// Graphs of real shape.
pub const GRAPH: &[Kernel] = &[
    kernel(
        "pagerank",
        "PageRank: each vertex gathers along its incoming edges",
        "time_per_iteration",
        "ms",
        pagerank::pagerank,
    ),
    kernel(
        "bfs",
        "breadth-first search from the vertex with most edges, down and up",
        "time_per_search",
        "ms",
        search::bfs,
    ),
];

/// A tiled factorisation.
pub const CHOLESKY: &[Kernel] = &[
    kernel(
        DGEMM,
        "one core multiplies tiles that stay in its cache",
        "rate",
        "GF/s",
        cholesky::dgemm,
    ),
    kernel(
        "cholesky",
        "a matrix is factored tile by tile, right-looking",
        "rate",
        "GF/s",
        cholesky::cholesky,
    ),
];

/// The kernel that bounds the rate of `cholesky`.
pub const DGEMM: &str = "dgemm";

/// Nanoseconds of each of `count` parts.
fn each(time: Duration, count: usize) -> Measured {
    Ok(Some(time.as_secs_f64() * 1e9 / count as f64))
}

/// Refuses a wrong result: a fast wrong answer is no figure.
fn check<T: PartialEq + Display>(what: &str, found: T, expected: T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::msg(format!(
        "wrong result: {what} is {found}, and should be {expected}"
    )))
}

/// The middle one, or the mean of the two in the middle.
pub fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[half]
    } else {
        f64::midpoint(sorted[half - 1], sorted[half])
    }
}
