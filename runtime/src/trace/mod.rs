//! Traces: what engines note of a run, and the file that it is kept in. See `docs/design/trace.md` for the format.
//!
//! A runtime writes one when [`Builder::trace`](crate::Builder::trace) or the variable `SPRAT_TRACE` asks for it; the
//! command `sprat report` shows it. This module is for programs that read such files. The format has a version of its own
//! ([`VERSION`]), and the names here may change with it.
//!
//! ```
//! # fn main() -> sprat::Result<()> {
//! use sprat::trace::{Chunk, File};
//!
//! let path = std::env::temp_dir().join(format!("sprat-doc-{}.sprat", std::process::id()));
//! let rt = sprat::Runtime::builder().trace(&path).build()?;
//! rt.finish(|s| {
//!     s.codelet("hello").spawn((), |_, ()| ());
//!     Ok(())
//! })?;
//! drop(rt); // writes what is left
//! let bytes = std::fs::read(&path).unwrap();
//! let file = File::open(&bytes).unwrap();
//! let names = file.chunks().filter_map(|chunk| match chunk {
//!     Ok(Chunk::Kinds(kinds)) => Some(kinds.into_iter().map(|kind| kind.name).collect()),
//!     _ => None,
//! });
//! let names: Vec<Vec<String>> = names.collect();
//! assert!(names.concat().contains(&"hello".to_owned()));
//! # std::fs::remove_file(&path).unwrap();
//! # Ok(())
//! # }
//! ```

mod chunks;
mod decided;
mod decode;
mod encode;
mod event;
mod file;
mod graph;
mod moved;
mod wire;

pub(crate) use chunks::sound_chunk;
pub use chunks::{Chunks, File};
pub use decided::{Decided, Did, DomainSeen, Reason, RegionSeen};
pub use decode::Events;
pub(crate) use encode::Encoder;
pub use event::{Event, MODES, VIA};
pub use file::{Chunk, Clock, Flaw, Kind, VERSION, put_chunk, tag};
pub(crate) use file::{begin_chunk, end_chunk, header, put_kind};
pub use graph::{GraphCodelet, GraphDef, GraphUse};
pub use moved::Moved;
pub(crate) use moved::NOWHERE;
pub(crate) use wire::{Numbers, put};
