//! Workloads by name, with their parameters: `cholesky:tiles=20,tile=128`.

use super::{Workload, graphs, grids, linear, patterns, trees};
use sprat::{Error, ErrorKind, Result};

/// A parameter: its name, its default, what it says.
pub type Parameter = (&'static str, u64, &'static str);

/// A generator.
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it makes.
    pub about: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    make: fn(&Parameters) -> Result<Workload>,
}

/// The values of the parameters.
pub(super) struct Parameters {
    of: &'static Named,
    values: Vec<u64>,
    /// Execution engines of the machine.
    pub(super) xes: u16,
}

impl Parameters {
    /// The value of a parameter of this workload.
    pub(super) fn get(&self, name: &str) -> u64 {
        let at = self
            .of
            .parameters
            .iter()
            .position(|parameter| parameter.0 == name);
        self.values[at.expect("a generator asks for its own parameters")]
    }

    pub(super) fn u32(&self, name: &str) -> Result<u32> {
        let value = self.get(name);
        u32::try_from(value).map_err(|_| self.wrong(name, "below 4294967296"))
    }

    /// At least one.
    pub(super) fn some(&self, name: &str) -> Result<u32> {
        match self.u32(name)? {
            0 => Err(self.wrong(name, "at least 1")),
            value => Ok(value),
        }
    }

    pub(super) fn wrong(&self, name: &str, must: &str) -> Error {
        let text = format!(
            "{}: `{name}` must be {must}, and is {}",
            self.of.name,
            self.get(name)
        );
        Error::new(ErrorKind::Config, text)
    }
}

const STEPS: Parameter = ("steps", 20, "steps in time");
const OPERATIONS: Parameter = ("operations", 20_000, "operations of a codelet");
const SEED: Parameter = ("seed", 1, "of what is random");

const ALL: &[Named] = &[
    Named {
        name: "flat",
        about: "codelets that need nothing",
        parameters: &[("count", 10_000, "codelets"), OPERATIONS],
        make: trees::flat,
    },
    Named {
        name: "chain",
        about: "one codelet after the other",
        parameters: &[("count", 1_000, "codelets"), OPERATIONS],
        make: trees::chain,
    },
    Named {
        name: "stencil2d",
        about: "five-point stencil on a square of square tiles",
        parameters: &[
            ("tiles", 16, "tiles in a row"),
            ("edge", 256, "cells in a tile's row, 8 bytes each"),
            STEPS,
        ],
        make: grids::stencil2d,
    },
    Named {
        name: "stencil3d",
        about: "seven-point stencil on a cube of tiles",
        parameters: &[
            ("tiles", 8, "tiles in a row"),
            ("edge", 32, "cells in a tile's row, 8 bytes each"),
            STEPS,
        ],
        make: grids::stencil3d,
    },
    Named {
        name: "wavefront",
        about: "each tile after those west and north of it, as in alignment or a triangular solve",
        parameters: &[
            ("tiles", 48, "tiles in a row"),
            ("edge", 128, "cells in a tile's row, 8 bytes each"),
            ("operations", 6, "operations of a cell"),
        ],
        make: grids::wavefront,
    },
    Named {
        name: "cholesky",
        about: "tiled Cholesky factorisation, right-looking",
        parameters: &[
            ("tiles", 16, "tiles in a row"),
            ("edge", 128, "numbers in a tile's row, 8 bytes each"),
        ],
        make: linear::cholesky,
    },
    Named {
        name: "pagerank",
        about: "PageRank over the partitions of an R-MAT graph",
        parameters: &[
            ("scale", 15, "2 to this are the vertices"),
            ("degree", 16, "edges of a vertex on average"),
            ("parts", 64, "partitions"),
            STEPS,
            SEED,
        ],
        make: graphs::pagerank,
    },
    Named {
        name: "bfs",
        about: "breadth-first search over the partitions of an R-MAT graph",
        parameters: &[
            ("scale", 15, "2 to this are the vertices"),
            ("degree", 16, "edges of a vertex on average"),
            ("parts", 64, "partitions"),
            SEED,
        ],
        make: graphs::bfs,
    },
    Named {
        name: "tree",
        about: "unbalanced tree, each node spawned by its parent",
        parameters: &[
            ("roots", 64, "children of the root"),
            ("children", 4, "children of a node that has some"),
            ("percent", 23, "of the nodes have children"),
            ("most", 1_000_000, "nodes at most"),
            OPERATIONS,
            SEED,
        ],
        make: trees::tree,
    },
    Named {
        name: "random",
        about: "codelets that each use up to three blocks of many",
        parameters: &[
            ("count", 10_000, "codelets"),
            ("blocks", 512, "blocks"),
            ("bytes", 4_096, "bytes of a block"),
            OPERATIONS,
            SEED,
        ],
        make: patterns::random,
    },
    Named {
        name: "taskbench",
        about: "a pattern of Task Bench (Slaughter et al., SC 2020)",
        parameters: &[
            (
                "pattern",
                2,
                "its number: 0 trivial, 1 no_comm, 2 stencil_1d, 3 stencil_1d_periodic, 4 dom, 5 tree, 6 fft, 7 all_to_all, 8 nearest, 9 spread, 10 random_nearest",
            ),
            ("width", 64, "points"),
            ("steps", 100, "steps in time"),
            ("bytes", 64, "bytes that a point gives to the next step"),
            OPERATIONS,
            SEED,
        ],
        make: patterns::task_bench,
    },
];

/// All generators.
pub fn names() -> &'static [Named] {
    ALL
}

/// The workload that a text names, for a machine with so many execution engines: a name, and after a colon values of parameters,
/// `cholesky:tiles=20,edge=64`.
///
/// # Errors
/// [`ErrorKind::Config`](sprat::ErrorKind::Config) for what is unknown, or makes no sense.
pub fn named(text: &str, xes: u16) -> Result<Workload> {
    let (name, told) = text.split_once(':').unwrap_or((text, ""));
    let refuse = |text: String| Err(Error::new(ErrorKind::Config, text));
    let Some(of) = ALL.iter().find(|named| named.name == name) else {
        let known: Vec<&str> = ALL.iter().map(|named| named.name).collect();
        return refuse(format!(
            "there is no workload `{name}`; use one of {}",
            known.join(", ")
        ));
    };
    let mut values: Vec<u64> = of.parameters.iter().map(|parameter| parameter.1).collect();
    for one in told.split(',').filter(|one| !one.is_empty()) {
        let (key, value) = one.split_once('=').unwrap_or((one, ""));
        let Some(at) = of
            .parameters
            .iter()
            .position(|parameter| parameter.0 == key.trim())
        else {
            let known: Vec<&str> = of.parameters.iter().map(|parameter| parameter.0).collect();
            return refuse(format!(
                "workload `{name}` has no parameter `{key}`; it has {}",
                known.join(", ")
            ));
        };
        let Ok(value) = value.trim().replace('_', "").parse() else {
            return refuse(format!(
                "workload `{name}`: `{one}` gives no whole number; write for example {key}={}",
                values[at]
            ));
        };
        values[at] = value;
    }
    (of.make)(&Parameters { of, values, xes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Cost;

    #[test]
    fn all_workloads_are_made_and_are_what_the_runtime_would_take() {
        for of in names() {
            let has = |name: &str| of.parameters.iter().any(|parameter| parameter.0 == name);
            let smaller = [
                "scale=9",
                "parts=24",
                "tiles=6",
                "count=300",
                "most=500",
                "steps=5",
            ];
            let smaller: Vec<&str> = smaller
                .into_iter()
                .filter(|one| has(one.split('=').next().unwrap()))
                .collect();
            let text = format!("{}:{}", of.name, smaller.join(","));
            let workload = named(&text, 6).unwrap();
            assert!(workload.codelets.len() > 30, "{text}");
            workload.check(6, |_| true).unwrap();
            assert_eq!(workload, named(&text, 6).unwrap(), "{text}");
        }
    }

    #[test]
    fn parameters_are_used() {
        let cholesky = named("cholesky:tiles=5,edge=10", 2).unwrap();
        // 5 potrf, 10 trsm, 10 syrk, 10 gemm.
        assert_eq!(cholesky.codelets.len(), 35);
        assert_eq!(cholesky.sizes, vec![800; 15]);
        let flat = named("flat:count=7,operations=3", 1).unwrap();
        assert_eq!(flat.codelets[6].cost, Cost::Operations(3));
        for text in [
            "pagerank:scale=8,parts=16",
            "bfs:scale=8,parts=16",
            "tree:most=500",
            "random:count=50",
            "taskbench:pattern=10",
        ] {
            let with = |seed| named(&format!("{text},seed={seed}"), 4).unwrap();
            assert_ne!(with(1), with(2), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_mend() {
        let wrong = |text| named(text, 1).unwrap_err().to_string();
        assert!(wrong("cholesk").contains("use one of flat, chain"));
        assert!(wrong("flat:size=3").contains("it has count, operations"));
        assert!(wrong("flat:count=many").contains("write for example count=10000"));
        assert!(wrong("stencil2d:tiles=0").contains("must be at least 1"));
        assert!(wrong("taskbench:pattern=11").contains("must be"));
    }
}
