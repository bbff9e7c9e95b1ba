//! Rivals in C and C++, each behind a feature of its own: their drivers' faces.
//!
//! The drivers call back into Rust for each task, so all systems run the same code. A call through a pointer is what that
//! costs them.

#[cfg(any(feature = "openmp-gnu", feature = "openmp-llvm"))]
pub(crate) mod openmp;
#[cfg(feature = "tbb")]
pub(crate) mod tbb;

use crate::metg::lattice::Lattice;
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
    _owned: (Vec<Row>, [Vec<u32>; 4]),
}

impl Graph {
    fn new(lattice: &Lattice) -> Self {
        let rows: Vec<_> = (0..lattice.steps).map(|step| lattice.row(step)).collect();
        let rows = rows_of(&rows);
        let [before, after] = lattice.lists();
        let owned = [
            before.starts.clone(),
            before.items.clone(),
            after.starts.clone(),
            after.items.clone(),
        ];
        let lists = |starts: usize| Lists {
            starts: owned[starts].as_ptr(),
            items: owned[starts + 1].as_ptr(),
        };
        let raw = RawGraph {
            rows: rows.len(),
            row: rows.as_ptr(),
            numbers: lattice.numbers(),
            before: lists(0),
            after: lists(2),
        };
        Graph {
            raw,
            _owned: (rows, owned),
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
