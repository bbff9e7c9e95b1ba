//! Heat that spreads over a picture: a 5-point stencil (Jacobi's sweeps) over tiles that are data blocks.
//!
//! A tile of the next sweep reads its own block and its four neighbours' of the last one. No barrier separates sweeps:
//! a tile goes on as soon as those five are there, and that order follows from the declared accesses alone.

pub mod args;
pub mod field;
pub mod heat;
pub mod kernel;
pub mod memory;
pub mod reference;
pub mod report;
pub mod sweeps;
pub mod tiling;
pub mod time_tiles;
pub mod trapezoid;
