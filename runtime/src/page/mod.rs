//! What a running program shows of itself: a small page of shared memory, which `sprat top` reads. See `docs/design/live.md` for the
//! format.
//!
//! A runtime keeps one when [`Builder::top`](crate::Builder::top) or the variable `SPRAT_TOP` asks for it. This module is for programs
//! that look at such pages. The format has a version of its own ([`VERSION`]), and the names here may change with it.
//!
//! ```
//! # fn main() -> sprat::Result<()> {
//! use sprat::page::{Place, Watched};
//!
//! let path = std::env::temp_dir().join(format!("sprat-doc-top-{}", std::process::id()));
//! let rt = sprat::Runtime::builder().top(Place::File(path.clone())).build()?;
//! let watched = Watched::open(&path).unwrap();
//! let page = watched.read().unwrap();
//! assert_eq!(page.engines.len(), rt.xes());
//! assert!(watched.is_alive());
//! drop(rt); // takes the file away
//! assert!(!path.exists());
//! # Ok(())
//! # }
//! ```

mod bytes;
mod fields;
mod metrics;
mod watched;

pub use bytes::{Flaw, VERSION, read};
pub(crate) use bytes::{header, page_bytes, place, room_for};
pub use fields::Text;
pub use watched::{PREFIX, Watched, folders, running};
pub(crate) use watched::{holds_a_page, own_user};

use crate::counters::{CeCounts, XeCounts};
use std::path::PathBuf;

/// Where a runtime keeps its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a folder of shared memory, where `sprat top` looks for all that run.
    Shared,
    /// In this file. `%p` in its name stands for the process's number.
    File(PathBuf),
}

/// What a runtime did and does, at one moment. Counts are since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The number of this page: each that is written has a higher one.
    pub number: u64,
    /// Nanoseconds since the start.
    pub time_ns: u64,
    /// About the run: program, arguments, process, machine and so on, as a trace begins.
    pub about: Vec<(Text, Text)>,
    /// Scopes of hosts that have not ended.
    pub open_scopes: u64,
    /// Codelets that live: see [`Runtime::live_codelets`](crate::Runtime::live_codelets).
    pub live_codelets: u64,
    /// Bytes of codelets' records.
    pub codelet_bytes: u64,
    /// 1 while the runtime is [suspended](crate::Runtime::suspend), and 0 otherwise.
    pub suspended: u64,
    /// How many engines may work: see [`Runtime::open_xes`](crate::Runtime::open_xes).
    pub open_xes: u64,
    /// The execution engines.
    pub engines: Vec<Engine>,
    /// The control engines.
    pub controls: Vec<Control>,
    /// The memory regions, and last what is interleaved over them.
    pub regions: Vec<Region>,
    /// Blocks that moved, and copies: counts and bytes.
    pub moves: Moves,
    /// Replays that are under way.
    pub replays: Vec<Replay>,
    /// What codelets wait for, if nothing moves.
    pub still: Option<Still>,
}

/// What an engine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Doing {
    /// Sleeps: there is nothing for it.
    #[default]
    Sleeps,
    /// Looks for work, or does the runtime's.
    Looks,
    /// Runs the body of a codelet.
    Runs,
    /// Works on a replay, none of whose lanes can go on.
    WaitsInReplay,
    /// A host's body runs there, which spawns.
    Hosts,
}

/// An execution engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Engine {
    /// The processor that it is for.
    pub cpu: u64,
    /// Its memory region.
    pub region: u64,
    /// Its domain.
    pub domain: u64,
    /// What it does.
    pub doing: Doing,
    /// The name of the codelet that it runs.
    pub name: Text,
    /// Where that was spawned.
    pub spawned_at: Text,
    /// How long it has been doing this, in nanoseconds; no more exact than pages are frequent.
    pub for_ns: u64,
    /// Bodies that began here, steps of graphs included. 0 if nobody keeps a page.
    pub begun: u64,
    /// Codelets in its own queue, and 1 more if any were posted to it. Pinned ones, and those that wait for any engine of a domain or
    /// region, are not in it.
    pub queued: u64,
    /// How often it was looked at, and how often it ran or hosted then.
    pub looks: (u64, u64),
    /// Its counters.
    pub counts: XeCounts,
}

/// A control engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    /// Codelets that came to its domain and that no engine has taken.
    pub queued: u64,
    /// How long it has left a request unanswered, in nanoseconds.
    pub silent_ns: u64,
    /// Its counters.
    pub counts: CeCounts,
}

/// A memory region, or what is interleaved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Blocks that have their memory here.
    pub blocks: u64,
    /// Their bytes.
    pub block_bytes: u64,
    /// Bytes of chunks that are in use, those in engines' magazines included.
    pub in_use_bytes: u64,
    /// Bytes that wait for the next taker.
    pub recycled_bytes: u64,
    /// Bytes of addresses from the system.
    pub mapped_bytes: u64,
}

/// What became of blocks' moves and copies: see [`MoveCounts`](crate::MoveCounts).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moves {
    /// Blocks that went to another region.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// Copies that were made.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Moves and copies that were not made.
    pub refused: u64,
    /// Bytes that copies take now.
    pub replica_bytes: u64,
}

/// A replay that is under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// Where it was called.
    pub called_at: Text,
    /// Codelets of the graph.
    pub codelets: u64,
    /// Rounds that ran before, of [`replay_until`](crate::Runtime::replay_until).
    pub before: u64,
    /// The highest round that an engine works on, from 1 on; 0 if none does.
    pub round: u64,
    /// How many rounds there will be; 0 if nobody knows.
    pub rounds: u64,
    /// How long it has been under way, in nanoseconds.
    pub for_ns: u64,
}

/// Nothing moves, though scopes are open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Still {
    /// For how long, in nanoseconds.
    pub for_ns: u64,
    /// How many codelets wait.
    pub count: u64,
    /// Some of them, the first by where they were spawned.
    pub waiting: Vec<Waiting>,
}

/// A codelet that waits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    /// Its name.
    pub name: Text,
    /// Where it was spawned.
    pub spawned_at: Text,
    /// What it waits for, as sentences say it.
    pub waits_for: Vec<Text>,
}
