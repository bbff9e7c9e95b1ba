//! METG, the measure of Task Bench (Slaughter et al., SC'20, arXiv 1908.05790): the smallest average task duration (wall
//! time x workers / tasks) at which a run still reaches a given share of the machine's peak.
//!
//! A pattern ([`pattern`]) is spread out ([`lattice`]) and filled with tasks of a given length ([`work`], [`case`]). Each
//! system ([`systems`]) runs it with ever shorter tasks ([`sweep`]); who takes turns when says [`measure`].

pub mod case;
pub mod curve;
pub mod lattice;
pub mod measure;
pub mod pattern;
pub mod report;
pub mod sweep;
pub mod systems;
pub mod work;
