//! Sprat for programs of the Open Community Runtime: what `include/ocr.h` declares, and `main`. See `docs/design/ocr.md`.
//!
//! The functions are C's; what they mean is said in the header and in the book. They are public here for this crate's tests
//! and benches alone.

#![allow(non_camel_case_types)]
#![allow(clippy::missing_safety_doc)] // The header is the contract of what C calls; each body says what it relies on.

pub mod affinity;
pub mod api;
mod block;
mod code;
mod collective;
mod context;
mod depend;
mod edt;
mod entry;
mod event;
mod few;
mod guid;
mod hint;
mod label;
mod launching;
mod legacy;
mod memo;
#[cfg(all(test, sprat_loom))]
mod models;
mod mutants;
mod pause;
mod program;
mod running;
mod slot;
mod slots;
mod sync;
mod table;
mod template;
mod types;
mod waiters;

pub use types::*;
