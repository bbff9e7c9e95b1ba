//! Sprat beside its rivals: the same kernels, the same cores, one process, the systems taking turns.
//!
//! The binary is `sprat-bench`; this library is what it is made of, so that tests and the criterion benches reach it.
#![deny(unsafe_code)]

pub mod cli;
#[cfg(feature = "comd")]
#[expect(unsafe_code, reason = "programs in C are called")]
pub mod comd;
mod counters;
pub mod dag;
pub mod deque;
pub mod driver;
pub mod flow;
mod graph;
pub mod kernels;
pub mod metg;
#[expect(unsafe_code, reason = "the functions of a library for C are called")]
pub mod ocr;
pub mod plot;
pub mod regions;
pub mod report;
#[cfg(any(
    feature = "openmp-gnu",
    feature = "openmp-llvm",
    feature = "tbb",
    feature = "taskflow",
    feature = "starpu",
    feature = "mpi"
))]
#[expect(unsafe_code, reason = "drivers in C and C++ are called")]
mod rivals;
pub mod suite;
pub mod system;
pub mod tally;
pub mod tasks;
pub mod team;

pub use sprat::{Error, Result};
