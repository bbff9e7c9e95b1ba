//! Conjugate gradients: the solution of a sparse, symmetric, positive definite system of equations, over parts of the
//! matrix as data blocks.
//!
//! [`system`] has the matrix as it is read or made up, [`parts`] cuts it into blocks, [`solve`] iterates over these, and
//! [`serial`] does the same without a runtime.

pub mod args;
pub mod parts;
pub mod serial;
pub mod solve;
pub mod system;
