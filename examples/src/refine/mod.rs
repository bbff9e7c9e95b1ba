//! Adaptive quadrature: the integral of a function over a square, which is cut in four where the function is not smooth
//! enough, again and again.
//!
//! [`function`] is what is integrated, [`square`] what is done with one square, [`tree`] the codelets: one for each
//! square, which spawns those for its quarters and one that adds their values up. [`picture`] draws the mesh.

pub mod args;
pub mod function;
pub mod picture;
pub mod report;
pub mod square;
pub mod tree;
