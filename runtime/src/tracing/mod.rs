//! Tracing at work: a ring for each engine, and who empties them into the file. Kept only if asked for. See
//! `docs/design/trace.md`.

mod calls;
mod clock;
mod decisions;
mod gap;
mod moves;
mod names;
mod place;
mod ring;
mod settled;
mod tracer;

pub(crate) use clock::Clock;
pub(crate) use moves::MoveNotes;
pub(crate) use names::{Names, Recent, Site};
#[cfg(all(test, sprat_loom))]
pub(crate) use ring::ring;
pub(crate) use tracer::{Laid, Tracer};

use crate::error::{Error, ErrorKind, Result};
use crate::sync::{Mutex, lock};
use crate::trace::{Encoder, Event, GraphDef, begin_chunk, end_chunk, header, put_kind, tag};
pub(crate) use calls::Calls;
use decisions::DecisionNotes;
use ring::Consumer;
pub(crate) use settled::Settled;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records in an engine's ring: 2 MiB.
const CAPACITY: usize = if cfg!(miri) { 1 << 8 } else { 1 << 16 };
/// The most bytes that events of one chunk take, about: a chunk that was not written whole is lost but for its beginning.
const CHUNK: usize = 1 << 16;
/// The most records that are written to a ring at once, which lie in one chunk.
pub(crate) const TOGETHER: usize = 128;
/// How long events lie in rings at most, about, while somebody can empty them.
pub(crate) const PERIOD: Duration = Duration::from_millis(100);

/// The trace of a runtime.
pub(crate) struct Trace {
    clock: Clock,
    /// When the trace began.
    pub(crate) begin: u64,
    names: Arc<Names>,
    /// The next stream, and those that nobody drains yet.
    joined: Mutex<(u32, Vec<Stream>)>,
    /// Of threads that have left.
    spare: Mutex<Vec<Tracer>>,
    /// Graphs and names of blocks that are still to be written, as chunks.
    more: Mutex<Vec<u8>>,
    graphs: Mutex<u32>,
    /// Blocks that moved.
    pub(crate) moves: Arc<MoveNotes>,
    /// What control engines decide.
    pub(crate) decisions: DecisionNotes,
    /// From each memory region to each.
    distances: Vec<Vec<u32>>,
    /// From those whose rings are half full.
    calls: Calls,
    /// Whether anything may lie in the rings.
    pub(crate) settled: Settled,
    drain: Mutex<Drain>,
}

/// An engine's ring, for who empties it.
struct Stream {
    number: u32,
    ring: Consumer<Event>,
    /// How many were dropped when that was written last.
    dropped: u64,
}

/// Who empties rings has this alone.
struct Drain {
    file: File,
    path: PathBuf,
    streams: Vec<Stream>,
    /// Names that were written.
    names: usize,
    out: Vec<u8>,
    encoder: Encoder,
    /// When that was last.
    last: Instant,
    /// Writing has failed, which was told: nothing more is written.
    failed: bool,
}

impl Trace {
    /// Makes the file. `about` are lines about the run; `distances` those of memory regions.
    pub(crate) fn create(path: &Path, about: &str, distances: Vec<Vec<u32>>) -> Result<Self> {
        let clock = Clock::new();
        let refused = |error: std::io::Error| {
            Error::new(
                ErrorKind::System,
                format!(
                    "the trace {} cannot be written: {error}; give SPRAT_TRACE (or `Builder::trace`) a file in a folder that is there and yours",
                    path.display()
                ),
            )
        };
        let (mut file, path) = place::open(path).map_err(refused)?;
        let mut out = header();
        let at = begin_chunk(&mut out);
        out.extend_from_slice(about.as_bytes());
        out.extend_from_slice(format!("clock: {}\n", clock.name()).as_bytes());
        end_chunk(&mut out, at, tag::ABOUT, 0, 0);
        put_clock(&mut out, &clock);
        file.write_all(&out).map_err(refused)?;
        out.clear();
        Ok(Trace {
            begin: clock.now(),
            clock,
            names: Arc::new(Names::new()),
            joined: Mutex::new((0, Vec::new())),
            spare: Mutex::new(Vec::new()),
            more: Mutex::new(Vec::new()),
            graphs: Mutex::new(0),
            moves: Arc::new(MoveNotes::new(clock)),
            decisions: DecisionNotes::new(clock),
            distances,
            calls: Calls::new(),
            settled: Settled::new(),
            drain: Mutex::new(Drain {
                file,
                path,
                streams: Vec::new(),
                names: 0,
                out,
                encoder: Encoder::new(CHUNK, TOGETHER),
                last: Instant::now(),
                failed: false,
            }),
        })
    }

    /// One more that notes events. The first are the seats, in their order.
    pub(crate) fn join(&self) -> Box<Tracer> {
        if let Some(spare) = lock(&self.spare).pop() {
            return Box::new(spare);
        }
        let (producer, ring) = ring::ring(CAPACITY);
        let (number, joined) = &mut *lock(&self.joined);
        joined.push(Stream {
            number: *number,
            ring,
            dropped: 0,
        });
        *number += 1;
        Box::new(Tracer::new(producer, self.clock, self.names.clone()))
    }

    /// Whoever joined leaves: a thread that is in no seat.
    pub(crate) fn leave(&self, mut tracer: Box<Tracer>) {
        (tracer.cause, tracer.ended) = ((0, 0), None);
        lock(&self.spare).push(*tracer);
    }

    /// The number of a name, for what is not noted by an engine.
    pub(crate) fn kind(&self, site: names::Site) -> u16 {
        self.names.number(site)
    }

    /// Writes a graph, and gives it a number.
    pub(crate) fn add_graph(&self, mut graph: GraphDef) -> u32 {
        let number = {
            let next = &mut *lock(&self.graphs);
            *next += 1;
            *next - 1
        };
        graph.number = number;
        let more = &mut *lock(&self.more);
        let at = begin_chunk(more);
        graph.put(more);
        end_chunk(more, at, tag::GRAPH, number, 0);
        number
    }

    /// A block was given a name.
    pub(crate) fn name_block(&self, block: u32, generation: u32, name: &str) {
        let more = &mut *lock(&self.more);
        let at = begin_chunk(more);
        more.extend_from_slice(name.as_bytes());
        end_chunk(more, at, tag::BLOCK, block, u64::from(generation));
    }

    /// How far a memory region is from another one; 10 within one.
    pub(crate) fn distance(&self, from: u16, to: u16) -> u16 {
        let row = self.distances.get(usize::from(from));
        let distance = row.and_then(|row| row.get(usize::from(to)));
        distance.map_or(10, |distance| u16::try_from(*distance).unwrap_or(u16::MAX))
    }

    /// A ring is half full: the next one who can shall empty all.
    pub(crate) fn call(&self) {
        self.calls.call();
    }

    /// Empties all rings into the file, if one is half full, or nobody has done so for long, or there is `leisure`; unless somebody
    /// does already: who does looks once more whether a ring was half full meanwhile. Whether they have been.
    pub(crate) fn drain_if_due(&self, leisure: bool) -> bool {
        let due = |drain: &Drain| leisure || drain.last.elapsed() >= PERIOD / 2;
        self.calls
            .answer(&self.drain, due, |drain| self.empty(drain))
    }

    /// The run has ended, and nobody notes anything any more.
    pub(crate) fn end(&self) {
        let drain = &mut *lock(&self.drain);
        self.empty(drain);
        let at = begin_chunk(&mut drain.out);
        end_chunk(&mut drain.out, at, tag::END, 0, 0);
        drain.write();
    }

    fn empty(&self, drain: &mut Drain) {
        drain.last = Instant::now();
        drain.streams.append(&mut lock(&self.joined).1);
        let nothing = |stream: &Stream| stream.ring.is_empty() && !stream.drops();
        if drain.streams.iter().all(nothing)
            && lock(&self.more).is_empty()
            && self.moves.is_empty()
            && self.decisions.is_empty()
        {
            return;
        }
        // Events are behind the names and graphs that they speak of: what is drained now was noted before, but what these say may
        // be later. So events first, into memory.
        let mut events = Vec::new();
        std::mem::swap(&mut events, &mut drain.out);
        for stream in &mut drain.streams {
            stream.empty(&mut drain.encoder, &mut events);
        }
        let out = &mut drain.out;
        put_clock(out, &self.clock);
        let at = begin_chunk(out);
        let known = drain.names;
        drain.names = self.names.since(known, |number, (name, place)| {
            let (file, line) = place.map_or(("", 0), |place| (place.file(), place.line()));
            put_kind(out, number, name, file, line);
        });
        match drain.names == known {
            true => out.truncate(at),
            false => end_chunk(out, at, tag::KINDS, 0, 0),
        }
        out.append(&mut lock(&self.more));
        self.moves.write(out);
        self.decisions.write(out);
        drain.write();
        drain.out = events;
        drain.write();
    }
}

impl Stream {
    /// Some were dropped that were not told of.
    fn drops(&self) -> bool {
        self.ring.dropped() != self.dropped
    }

    fn empty(&mut self, encoder: &mut Encoder, out: &mut Vec<u8>) {
        let number = self.number;
        let mut write = |encoder: &Encoder, base| {
            let at = begin_chunk(out);
            out.extend_from_slice(encoder.bytes());
            end_chunk(out, at, tag::EVENTS, number, base);
        };
        // The time that the chunk's differences begin at.
        let mut begun = None;
        self.ring.drain(|event| {
            if encoder.is_full()
                && let Some(base) = begun
                && !matches!(event, Event::Access { .. })
            {
                write(encoder, base);
                begun = None;
            }
            if begun.is_none() {
                let base = event.time().unwrap_or(0);
                encoder.begin(base);
                begun = Some(base);
            }
            encoder.put(event);
        });
        if let Some(base) = begun {
            write(encoder, base);
        }
        if self.drops() {
            let dropped = self.ring.dropped();
            self.dropped = dropped;
            let at = begin_chunk(out);
            end_chunk(out, at, tag::DROPPED, number, dropped);
        }
    }
}

impl Drain {
    fn write(&mut self) {
        if !self.failed
            && let Err(error) = self.file.write_all(&self.out)
        {
            self.failed = true;
            // Nobody may hear it, and no engine ends for that.
            _ = writeln!(
                std::io::stderr(),
                "sprat: the trace {} ends here: {error}",
                self.path.display()
            );
        }
        self.out.clear();
    }
}

fn put_clock(out: &mut Vec<u8>, clock: &Clock) {
    let both = clock.both();
    let at = begin_chunk(out);
    out.extend_from_slice(&both.ns.to_le_bytes());
    end_chunk(out, at, tag::CLOCK, 0, both.ticks);
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
