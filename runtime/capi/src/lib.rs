//! Sprat for C, C++ and Fortran: the functions that `include/sprat.h` declares and documents. `docs/design/c-interface.md`
//! says how they are meant.
//!
//! A panic in here ends the process with a message: these functions are `extern "C"`, out of which nothing unwinds.

#![allow(non_camel_case_types)]
#![warn(missing_debug_implementations)]

mod access;
mod blocks;
mod cancel;
mod channels;
mod codelet;
mod events;
mod fault;
mod files;
mod graphs;
mod homes;
mod live;
mod loops;
mod machine;
mod memory_report;
mod options;
mod reductions;
mod runtime;
mod sized;
mod spawn;
mod table;
mod text;
pub mod types;

pub use access::{sprat_access, sprat_view};
pub use blocks::*;
pub use cancel::*;
pub use channels::*;
pub use codelet::*;
pub use events::*;
pub use fault::{sprat_error, sprat_error_details, sprat_error_message, sprat_status_text};
pub use files::*;
pub use graphs::*;
pub use homes::*;
pub use live::sprat_scope;
pub use loops::*;
pub use machine::*;
pub use memory_report::*;
pub use options::sprat_options;
pub use reductions::*;
pub use runtime::*;
pub use spawn::*;
