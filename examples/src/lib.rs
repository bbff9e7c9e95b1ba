//! Programs that use Sprat: what they share, and what is too long for one file.

pub mod frame;
pub mod graph;
pub mod jacobi;
pub mod matrix_market;
pub mod png_file;
