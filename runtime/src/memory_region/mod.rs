//! Where the memory of data blocks comes from: one [`Pool`] for each memory region, and in front of it one
//! [`Magazine`] for each engine.
//!
//! Touching memory for the first time costs far more than most codelets do (for 2 MiB: 1,200 µs with small pages,
//! 100 µs with huge ones), touching recycled memory costs nothing extra. So memory comes in huge pages, and
//! what a program gives back is kept for the next taker of that size.
//!
//! - `linux` / `portable`: what is asked of the system. `pages`: an owned range of it.
//! - `class`: the sizes there are.  `chunk`: one piece of memory, of one of these sizes.
//! - `store`: what a pool knows, behind its lock.  `pool`: the lock, and the calls that must not be made under it.
//! - `transfer`: memory that goes to another pool and keeps its address.
//! - `room`: which nodes may be used, and whether they have room.
//! - `guard`: for the checking mode, memory that nobody may touch.
//! - `magazine`: an engine's own few chunks, so that it rarely needs the lock.
//!
//! The pool never touches memory before its user does: the core that writes first decides where the pages are.
//! Once written, a page stays where it is, also through recycling; [`PoolOptions::nodes`] says where all of a pool's
//! pages should be, whoever writes first.

mod chunk;
mod class;
mod guard;
mod magazine;
mod options;
#[cfg(all(target_os = "linux", not(miri)))]
#[path = "linux.rs"]
mod os;
#[cfg(not(all(target_os = "linux", not(miri))))]
#[path = "portable.rs"]
mod os;
mod pages;
mod pool;
mod reservation;
mod room;
mod stats;
mod store;
mod transfer;
#[cfg(all(target_os = "linux", not(miri)))]
mod zones;

// Under loom its locks work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;

pub use chunk::Chunk;
pub(crate) use class::LINE as LEAST_ALIGNMENT;
pub(crate) use guard::{Guard, Running, State as GuardState, runs};
pub use magazine::Magazine;
pub(crate) use options::usable_bytes;
pub use options::{Nodes, PoolOptions};
pub use pool::Pool;
pub(crate) use reservation::Reservation;
pub(crate) use room::usable_nodes;
pub use stats::PoolStats;
pub(crate) use transfer::{Transfer, Which};
