//! A hot spot that wanders over a plate: tiles under it are smoothed, all others sleep.
//!
//! Each step deals the hot tiles out to all memory regions alike, so that all engines have work wherever the spot is. So a tile's
//! codelets run in a region that has nothing to do with where the tile was first written, but for many steps in the same one: what the
//! policy `locality` is for. [`course`] says which tiles are hot in which step, [`tile`] is the arithmetic, [`plate`] the blocks and
//! codelets, [`mod@reference`] a plain loop that gives the same bits.

pub mod args;
pub mod course;
pub mod plate;
pub mod reference;
pub mod report;
pub mod tile;
