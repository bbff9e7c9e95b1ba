//! Sprat: a multicore dataflow runtime.

pub mod error;

pub use error::{Error, ErrorKind, Result};
