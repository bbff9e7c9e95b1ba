//! Deciding: pure functions and state machines. No threads, no clock, no atomics, no unsafe.
//!
//! The engines wrap these in locks and atomics, the simulator in plain cells; both run the same code. Public for
//! the simulator and the curious, and outside the promise of semantic versioning.
#![forbid(unsafe_code)]

pub mod alternates;
pub mod brokerage;
pub mod ceiling;
pub mod controller;
pub mod deadline;
pub mod dependence;
pub mod event_kinds;
pub mod grain;
pub mod graph;
pub mod health;
pub mod hierarchy;
pub mod lanes;
pub mod locality;
pub mod migration;
pub mod narrowing;
pub mod placement;
pub mod plan;
pub mod policy;
pub mod polling;
pub mod power;
pub mod priority;
pub mod regrouping;
pub mod regulation;
mod ring;
pub mod route;
pub mod run_share;
pub mod scores;
pub mod shuffle;
pub mod theft;
pub mod throttle;
pub mod timers;
pub mod traffic;
mod turns;
mod words;
