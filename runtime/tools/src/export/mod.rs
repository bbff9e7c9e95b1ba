//! Traces for other programs.

pub mod chrome;
pub mod dot;
pub mod perfetto;
pub mod sqlite;
