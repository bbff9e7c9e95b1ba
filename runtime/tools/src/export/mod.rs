//! Traces for other programs.

pub mod chrome;
pub mod dot;
