//! A tiled Cholesky factorisation: a matrix A that is symmetric and positive definite becomes L with A = L Lᵀ.
//!
//! [`matrix`] makes A, [`steps`] says which tile operations there are and in which order a sequential program does them,
//! [`kernel`] does one of them, [`factor`] spawns a codelet for each, and [`serial`] is the plain loop.

pub mod args;
pub mod factor;
pub mod kernel;
pub mod matrix;
pub mod report;
pub mod serial;
pub mod steps;
