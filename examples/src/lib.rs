//! Programs that use Sprat: what they share, and what is too long for one file.

pub mod cg;
pub mod cholesky;
pub mod frame;
pub mod graph;
pub mod jacobi;
pub mod life;
pub mod matrix_market;
pub mod particles;
pub mod pipeline;
pub mod png_file;
pub mod refine;
pub mod simd;
pub mod wander;
pub mod wavefront;
