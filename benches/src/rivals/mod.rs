//! Rivals in C and C++, each behind a feature of its own: their drivers' faces.
//!
//! The drivers call back into Rust for each task, so all systems run the same code. A call through a pointer is what that
//! costs them.

#[cfg(feature = "mpi")]
pub(crate) mod mpi;
#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
pub(crate) mod openmp;
#[cfg(feature = "starpu")]
pub(crate) mod starpu;
#[cfg(feature = "taskflow")]
pub(crate) mod taskflow;
#[cfg(feature = "tbb")]
pub(crate) mod tbb;

use crate::dag::Dag;
use crate::regions::Body;
use std::ffi::c_void;
use std::ops::Range;

/// `rival_body` in `rivals.h`.
type CallBack = unsafe extern "C" fn(*const c_void, usize);

/// `rival_row` in `rivals.h`.
#[repr(C)]
struct Row {
    first: usize,
    end: usize,
}

fn rows_of(rows: &[Range<usize>]) -> Vec<Row> {
    let row = |row: &Range<usize>| Row {
        first: row.start,
        end: row.end,
    };
    rows.iter().map(row).collect()
}

/// `rival_lists` in `rivals.h`.
#[repr(C)]
struct Lists {
    starts: *const u32,
    items: *const u32,
}

/// `rival_graph` in `rivals.h`.
#[repr(C)]
struct RawGraph {
    rows: usize,
    row: *const Row,
    numbers: usize,
    before: Lists,
    after: Lists,
}

/// A graph for the drivers: what they point into lives as long as it does, and stays where it is.
struct Graph {
    raw: RawGraph,
    _owned: (Vec<Row>, Dag),
}

impl Graph {
    fn new(dag: &Dag) -> Self {
        let dag = dag.clone();
        let rows = rows_of(&dag.rows);
        let lists = |lists: &crate::dag::Lists| Lists {
            starts: lists.starts.as_ptr(),
            items: lists.items.as_ptr(),
        };
        let raw = RawGraph {
            rows: rows.len(),
            row: rows.as_ptr(),
            numbers: dag.numbers(),
            before: lists(&dag.before),
            after: lists(&dag.after),
        };
        Graph {
            raw,
            _owned: (rows, dag),
        }
    }
}

/// What a driver gets for a body: [`call`] and its context. The context lives as long as the reference.
fn context(body: &Body) -> *const c_void {
    (&raw const *body).cast()
}

/// Calls a body for a driver.
///
/// # Safety
/// The context must come from [`context`], and its body be there still.
unsafe extern "C" fn call(context: *const c_void, item: usize) {
    // SAFETY: the caller says that this is a body that is there.
    let body: &Body = unsafe { &*context.cast() };
    body(item);
}
