//! Smith-Waterman: the best local alignment of two sequences, with affine gaps.
//!
//! [`fasta`] reads sequences, or [`random`] makes them; [`scoring`] says what letters and gaps are worth. The matrix of
//! scores is cut into tiles ([`cut`]). Only the borders of tiles are data blocks: [`grid`] spawns a codelet for each
//! tile, which [`kernel`] computes. [`trace`] finds the alignment by going back through those tiles that it crosses,
//! computing each again. [`mod@reference`] is the plain way to the same score.

pub mod alignment;
pub mod args;
pub mod cut;
pub mod fasta;
pub mod grid;
pub mod kernel;
pub mod random;
pub mod reference;
pub mod report;
pub mod scoring;
pub mod trace;
