//! A file compressed with gzip, chunk by chunk, as a stream through a fixed set of blocks.
//!
//! [`chunks`] says how the file is cut, [`kernel`] compresses a chunk, [`stream`] spawns the stages of each: read,
//! compress, find a place, write. [`plain`] is the loop that does the same, and the way back.

pub mod args;
pub mod chunks;
pub mod kernel;
pub mod plain;
pub mod report;
pub mod stream;
pub mod text;
