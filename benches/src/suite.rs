//! Suites: kernels that belong together, each a subcommand.

use crate::kernels::{self, Kernel};
use crate::report::Row;

/// A subcommand's kernels and defaults.
pub struct Suite {
    /// The subcommand.
    pub name: &'static str,
    /// Its kernels.
    pub kernels: fn() -> Vec<&'static Kernel>,
    /// Systems that take part unless others are named.
    pub systems: &'static str,
    /// What the size of a run is.
    pub size: &'static str,
    /// The size unless another is asked for, and with `--quick`.
    pub sizes: (usize, usize),
    /// The greatest size.
    pub most: usize,
    /// What a reader of the figures must know.
    pub note: &'static str,
    /// What follows from the figures.
    pub follows: fn(&[Row]) -> Vec<String>,
}

/// All suites.
pub const SUITES: [Suite; 7] = [
    Suite {
        name: "overhead",
        kernels: || kernels::KERNELS.iter().collect(),
        systems: "sprat,sprat-replay,rayon,deque,serial",
        size: "codelets in a run, about",
        sizes: (200_000, 20_000),
        most: 50_000_000,
        note: "\
Where codelets depend on each other through blocks, Sprat finds the dependences while it is timed; its rivals get
them ready made, as a graph with counters, and so does `sprat-replay`: recording is not timed. Where codelets spawn
each other, it has a graph of the same shape instead, in which they wait for each other's ends. A graph has 65,535
blocks at most: for `wavefront` and `random_dag` ask for no greater size.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "replay",
        kernels: || kernels::REPLAY.iter().collect(),
        systems: "sprat-shared,sprat-replay,deque",
        size: "codelets in a run, about",
        sizes: (1_000_000, 20_000),
        most: 50_000_000,
        note: "\
`sprat-replay` records the codelets, which is what the kernels `record_*` time, and replays them once, which is what the
others time. `deque` has the dependences ready made, and counts them down; it records nothing, so with `record_*` it shows, as
`sprat-shared` does, what running the codelets takes once.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "contended",
        kernels: || {
            let all = kernels::KERNELS.iter();
            all.filter(|kernel| kernel.name.starts_with("contended")).collect()
        },
        systems: "sprat-shared,rayon,deque,serial",
        size: "codelets in a run",
        sizes: (200_000, 20_000),
        most: 50_000_000,
        note: "\
A codelet that declares its access commutative waits for its turn before it starts; one that takes a lock has started
when it waits.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "forkjoin",
        kernels: || kernels::FORKJOIN.iter().collect(),
        systems: FORKJOIN,
        size: "regions in a run",
        sizes: (20_000, 2_000),
        most: 50_000_000,
        note: "\
The caller is one of the workers, but with rayon, where it is measured from a thread of the pool.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "stencil",
        kernels: || kernels::STENCIL.iter().collect(),
        systems: STENCIL,
        size: "cells on a side of the grid",
        sizes: (4096, 512),
        most: 1 << 15,
        note: "\
All systems run the code of the program `jacobi` on the same bands of rows, in memory of the same kind, and must give
the plain serial sweeps' result, bit for bit. `sprat-replay` records two steps, which is timed, and replays them;
`sprat-shared` finds the dependences of each step anew. `spin-team` waits for flags of the very bands that a part needs,
all others wait for all bands of a sweep.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "graph",
        kernels: || kernels::GRAPH.iter().collect(),
        systems: FORKJOIN,
        size: "scale of the R-MAT graph: two to its power vertices, 16 times as many edges",
        sizes: (20, 12),
        most: 25,
        note: "\
All systems have the same graph, cut into the same parts, and must give the serial program's ranks, bit for bit, and its
levels. Sprat's are the example `graph`'s; the others run the same steps with a barrier after each. Of a search, the time
that it takes others to begin a step when their threads sleep is not in their figures; it is in Sprat's.",
        follows: |_| Vec::new(),
    },
    Suite {
        name: "cholesky",
        kernels: || kernels::CHOLESKY.iter().collect(),
        systems: "sprat-shared,rayon,deque,serial",
        size: "rows of the matrix, and columns; 16 tiles on a side, of 256 rows at most",
        sizes: (4096, 512),
        most: 1 << 15,
        note: "\
All systems run the same kernels on tiles, in Rust, and must give the plain loop's factor, bit for bit. The bound is the
rate at which one core multiplies tiles that stay in its cache, times the workers. rayon and deque get the dependences
ready made, with counters; Sprat, OpenMP, StarPU and Taskflow make their tasks while they are timed (but
`taskflow-ready`, and oneTBB's flow graph).",
        follows: shares,
    },
];

/// Each system's share of what its workers could do at most, by the rate of one core that multiplies tiles.
fn shares(rows: &[Row]) -> Vec<String> {
    let Some(one) = rows.iter().find(|row| row.kernel == kernels::DGEMM) else {
        return Vec::new();
    };
    let others = || rows.iter().filter(|row| row.kernel != one.kernel);
    let mut workers: Vec<usize> = others().map(|row| row.workers).collect();
    workers.sort_unstable();
    workers.dedup();
    let line = |workers: usize| {
        let here = others().filter(|row| row.workers == workers);
        let share = |row: &Row| {
            let share = 100.0 * row.median / (one.median * workers as f64);
            format!("{} {share:.1} %", row.system)
        };
        let shares: Vec<String> = here.map(share).collect();
        format!(
            "shares of {workers} x {}: {}",
            one.kernel,
            shares.join(", ")
        )
    };
    workers.into_iter().map(line).collect()
}

const FORKJOIN: &str = "sprat-shared,rayon,chili,spin-team,serial";
const STENCIL: &str = "sprat-replay,sprat-shared,rayon,chili,spin-team,serial";

/// The suite of this name.
pub fn find(name: &str) -> &'static Suite {
    let mut all = SUITES.iter();
    all.find(|suite| suite.name == name)
        .expect("each subcommand has its suite")
}
