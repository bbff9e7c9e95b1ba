//! Molecular dynamics: particles in a periodic box that repel and attract each other over short distances
//! (Lennard-Jones), moved by velocity Verlet.
//!
//! [`space`] cuts the box into cells, and columns of cells are what data blocks hold. [`start`] puts the particles on a
//! lattice. [`mod@column`] is what is done with a column: move, settle, and [`kernel`]'s forces. [`world`] spawns codelets for
//! it. Sums have a fixed order, so that [`mod@reference`], a plain loop over all cells, gives the same bits.

pub mod args;
pub mod column;
pub mod kernel;
pub mod reference;
pub mod report;
pub mod space;
pub mod start;
pub mod world;
