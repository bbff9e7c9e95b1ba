//! Suites: kernels that belong together, each a subcommand.

use crate::kernels::{self, Kernel};

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
}

/// All suites.
pub const SUITES: [Suite; 4] = [
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
    },
];

const FORKJOIN: &str = "sprat-shared,rayon,chili,spin-team,serial";
const STENCIL: &str = "sprat-replay,sprat-shared,rayon,chili,spin-team,serial";

/// The suite of this name.
pub fn find(name: &str) -> &'static Suite {
    let mut all = SUITES.iter();
    all.find(|suite| suite.name == name)
        .expect("each subcommand has its suite")
}
