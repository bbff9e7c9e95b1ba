//! The simulator: virtual time over the decisions of the runtime.
//!
//! The machine is modelled, the scheduler is not: which codelet may start is asked of the runtime's access queues,
//! where it goes, who steals, who parks and what control engines do of the functions in [`sprat::decide`] that the
//! threads call too. What this crate adds is what threads get from the world: a clock ([`Costs`]), queues in plain
//! cells, engines that advance from event to event; and of a machine that a file describes ([`Description`]) what data cost on
//! their ways and what engines draw. The page `docs/design/simulator.md` says what is not modelled.
//!
//! ```
//! use sprat::decide::plan::Wishes;
//! use sprat::topology::Topology;
//! use sprat_sim::{Machine, Workload, simulate};
//!
//! # fn main() -> sprat::Result<()> {
//! let machine = Machine::new(&Topology::synthetic("core:4")?, &Wishes::default())?;
//! let stencil = Workload::stencil(16, 10, 20_000, machine.xes());
//! let outcome = simulate(&machine, &stencil)?;
//! assert_eq!(outcome.runs.len(), 160);
//! assert!(outcome.makespan_ns >= stencil.work_ns() / 4);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod body;
mod cache;
mod calendar;
mod check;
mod conclude;
mod control;
mod data;
mod dependences;
mod engine;
mod failures;
mod flows;
mod forward;
mod graph;
mod look;
pub mod machine;
mod meter;
mod notify;
mod outcome;
mod power;
mod presets;
mod queue;
mod random;
mod simulation;
mod tournament;
mod traced;
pub mod workload;

pub use conclude::{Concluded, conclude_again};
pub use graph::decide_again;
pub use machine::{Costs, Description, Machine};
pub use outcome::{Above, Decided, Moved, Outcome, Parts, Run, Standing, Tally};
pub use presets::{PRESETS, Preset};
pub use simulation::{simulate, simulate_and_tell};
pub use traced::Traced;
pub use workload::{Access, Affinity, Codelet, Cost, Workload};
