//! Where the pages of data blocks are, asked of a kernel with several memory nodes.
//!
//! On a machine with one node most of these say `skipped`. `.ci/stages/numa-guest` boots guests with several nodes, and says
//! what is there, so that nothing can be skipped: `SPRAT_TEST_NODES` nodes with memory, `SPRAT_TEST_CPUS` processors, and, if
//! set, `SPRAT_TEST_DISTANCES` between the nodes.

#![cfg(target_os = "linux")]

#[path = "numa/crossover.rs"]
mod crossover;
#[path = "numa/denied.rs"]
mod denied;
#[path = "numa/first_touch.rs"]
mod first_touch;
#[path = "numa/homes.rs"]
mod homes;
#[path = "numa/kernel.rs"]
mod kernel;
#[path = "numa/machine.rs"]
mod machine;
#[path = "numa/moves.rs"]
mod moves;
#[path = "numa/pools.rs"]
mod pools;
#[path = "numa/steals.rs"]
mod steals;
