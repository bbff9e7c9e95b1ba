//! Sprat beside its rivals: the same kernels, the same cores, one process, the systems taking turns.
//!
//! The binary is `sprat-bench`; this library is what it is made of, so that tests and the criterion benches reach it.
#![forbid(unsafe_code)]

pub mod cli;
pub mod deque;
pub mod flow;
mod graph;
pub mod kernels;
pub mod overhead;
pub mod report;
pub mod system;
pub mod tally;

pub use sprat::{Error, Result};
