//! Sprat: a multicore dataflow runtime.
//!
//! Programs are broken into **codelets**: small stateless functions that run to completion once the data and events
//! they depend on are there. Execution engines, each pinned to a core, run them; control engines decide what is slow
//! or shared; **data blocks** carry the data.
//!
//! ```
//! # fn main() -> sprat::Result<()> {
//! use sprat::Runtime;
//!
//! let rt = Runtime::new()?; // finds the machine, pins, picks the mode of the control engines
//! let (a, b) = (rt.block::<f64>(1000)?, rt.block::<f64>(1000)?);
//! rt.finish(|s| {
//!     s.spawn(a.write(), |_, a| a.fill(2.0));
//!     s.spawn((a.read(), b.write()), |_, (a, b)| {
//!         for (b, a) in b.iter_mut().zip(a) {
//!             *b = a * a;
//!         }
//!     });
//!     Ok(())
//! })?; // an error names the first codelet that failed
//! assert_eq!(rt.read(b, |b| b[7])?, 4.0);
//! # Ok(())
//! # }
//! ```
//!
//! Order follows from accesses, in program order: a program means what its sequential run means. See
//! [`Runtime::finish`] and [`Scope`].

#![warn(missing_debug_implementations)]

mod about;
mod access;
mod accounting;
mod adapting;
mod adopted;
mod affinity;
mod all_or_none;
mod alternates;
mod among;
mod arena;
mod binding;
mod block_memory;
mod block_names;
mod block_table;
mod bounds;
mod builder;
mod by_level;
mod cancel;
mod canceller;
mod cap;
mod captures;
mod channel;
mod check;
mod checking;
mod chunks;
mod codelet;
mod commuting;
mod company;
mod completion;
mod config;
mod control;
mod control_engine;
mod counters;
mod counts;
mod data_block;
pub mod decide;
mod declare;
mod declare_part;
mod draining;
mod ending;
mod energy_counters;
mod energy_report;
mod energy_watch;
mod engine;
mod entrance;
mod entry;
pub mod error;
mod event;
mod execution_engine;
mod extent;
mod failure;
mod files;
mod for_each;
#[doc(hidden)]
pub mod for_macros;
mod foreign;
mod frequencies;
mod gate;
mod glue;
mod graph;
mod group;
mod guard;
mod handing_up;
mod health_watch;
mod held;
mod held_files;
mod help;
mod home;
mod homes;
mod hope;
mod host;
mod id;
mod idle;
mod in_turn;
mod inheritance;
pub mod inspect;
mod instead;
mod io;
mod io_engine;
mod isa;
mod kept_memory;
mod latch;
mod ledger;
mod lendings;
mod levels;
mod live;
mod loads;
mod local;
mod lone;
mod map_reduce;
mod marking;
mod marks;
pub mod memory_region;
mod memory_report;
mod migrate;
#[cfg(all(test, sprat_loom))]
mod models;
mod moves;
mod mutants;
mod open;
mod open_entrance;
mod options;
mod out_of_reach;
mod outcome;
pub mod page;
mod panics;
mod part;
mod part_of_codelet;
mod plain;
mod poll_event;
mod poll_keeper;
mod polls;
mod post;
mod power_watch;
mod prefetch;
mod queue;
mod reader;
mod record;
mod recorded;
mod recorder;
mod reducing;
mod release;
mod repeat;
mod replay;
mod replaying;
mod root;
mod run_times;
mod runtime;
mod sampling;
mod scope;
mod seat;
mod seen_engine;
mod shared;
mod shut_seats;
mod small_files;
mod span;
#[cfg(feature = "tracing")]
pub mod spans;
mod spawn;
mod spawning;
#[doc(hidden)]
pub mod spin_lock;
mod start;
mod start_thread;
mod static_codelet;
mod stop;
mod stopping;
mod stuck;
mod suspending;
mod sweep;
mod sync;
// Under loom locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
mod throttle;
mod tile;
mod time_keeper;
mod timers;
mod top;
pub mod topology;
pub mod trace;
mod traced;
mod tracing;
mod trigger;
mod waiting;
mod weak;
mod weighing;
mod whole;
mod wide;

pub use access::{
    Access, AnyAccess, AnyArgument, Around, CanBeWeak, CombineBytes, Commute, ExclusiveAccess,
    FillBytes, ForeignOperator, Lent, Max, Min, Mode, Param, Product, Raw, Read, ReadValue,
    ReadWrite, Reduce, ReduceOp, Scratch, SharedWrite, Sum, Value, Weak, Write, scratch,
};
pub use affinity::Priority;
pub use builder::Builder;
pub use canceller::Canceller;
pub use channel::{Channel, ChannelTrigger};
pub use chunks::{AnyChunk, AnyChunks, Chunks};
pub use company::Company;
pub use counters::{CeCounts, XeCounts};
pub use data_block::{Block, Data};
pub use decide::plan::CeMode;
pub use decide::policy::Policy;
pub use energy_report::EnergyReport;
pub use error::{Error, ErrorKind, Result};
pub use for_each::Grain;
pub use graph::Graph;
pub use group::Group;
#[doc(hidden)]
pub use guard::Place as PanicPlace;
pub use held::Held;
pub use home::{Home, Neighbour};
pub use isa::Isa;
pub use kept_memory::KeptMemory;
pub use latch::{Latch, SharedTrigger};
pub use memory_report::{MemoryReport, Remote, Touched};
pub use moves::MoveCounts;
pub use open::{MOST_OPEN_BYTES, Open, OpenBody, OpenHints, Opening, ScopeKey};
pub use options::{Options, Spawned};
pub use outcome::Outcome;
pub use part::{
    Part, ReadPart, ReadTile, ReadWritePart, ReadWriteTile, Tile, WritePart, WriteTile,
};
pub use repeat::Repeatable;
pub use runtime::Runtime;
pub use scope::Scope;
pub use span::Span;
pub use static_codelet::{AlternateCounts, Codelet, StaticBody, UnsafeBody};
pub use tile::{TileMut, TileRef};
pub use topology::Topology;
pub use trigger::{Event, Trigger};
pub use whole::PlainBody;
