//! Cellular automata of the family of Conway's Life: a cell lives or dies by how many of its eight neighbours live.
//!
//! [`rule`] says by how many, [`rle`] reads and writes patterns, [`board`] cuts a board into tiles of bits, [`kernel`]
//! computes a tile, 64 cells at a time, [`field`] spawns a codelet for each tile and step, [`film`] draws, and
//! [`mod@reference`] is the plain way.

pub mod args;
pub mod board;
pub mod field;
pub mod film;
pub mod kernel;
pub mod reference;
pub mod report;
pub mod rle;
pub mod rule;
