//! What the programs share: options, progress, messages, and what they measure and tell.
//!
//! A program parses its [`Args`](clap::Parser) with [`EngineOptions`] in it, does its work in a function that returns a
//! [`sprat::Result`], and ends with [`exit`]. It tells what it is about to do and what it did with [`say`] and
//! [`Rows`], and shows progress with [`progress`]. Text comes from [`Lines`], whose messages name the file and the line;
//! results go to an [`Output`]. Its share of what the machine can do comes from [`Copies`].

mod copies;
mod engines;
mod exit;
mod lines;
mod memory;
mod output;
mod progress;
mod rates;
mod rows;

pub use copies::{Copies, CopyTimes, Side, Stores};
pub use engines::{EngineOptions, PlanOptions};
pub use exit::{exit, say};
pub use lines::{Lines, open};
pub use memory::{bytes, check_memory};
pub use output::Output;
pub use progress::progress;
pub use rates::{median, spread};
pub use rows::Rows;
