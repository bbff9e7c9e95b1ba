//! Sprat for C, C++ and Fortran: the functions that `include/sprat.h` declares and documents. `docs/design/c-interface.md`
//! says how they are meant.
//!
//! A panic in here ends the process with a message: these functions are `extern "C"`, out of which nothing unwinds.

#![allow(non_camel_case_types)]
#![warn(missing_debug_implementations)]

mod about;
mod access;
mod alternates;
mod blocks;
mod cancel;
mod channels;
mod codelet;
mod counts;
mod events;
mod fault;
mod few;
mod files;
mod graphs;
mod homes;
mod live;
mod loops;
mod machine;
mod memory_report;
mod operators;
mod options;
mod params;
mod places;
mod reductions;
mod runtime;
mod sized;
mod spawn;
mod table;
mod text;
mod tracing;
pub mod types;

pub use about::*;
pub use access::{sprat_access, sprat_view};
pub use alternates::*;
pub use blocks::*;
pub use cancel::*;
pub use channels::*;
pub use codelet::*;
pub use counts::*;
pub use events::*;
pub use fault::{sprat_error, sprat_error_details, sprat_error_message, sprat_status_text};
pub use files::*;
pub use graphs::*;
pub use homes::*;
pub use live::sprat_scope;
pub use loops::*;
pub use machine::*;
pub use memory_report::*;
pub use operators::*;
pub use options::sprat_options;
pub use places::*;
pub use reductions::*;
pub use runtime::*;
pub use spawn::*;
pub use tracing::*;
