//! From a trace to a [`Run`]: chunk by chunk, and then what only the whole of it tells.

mod events;
mod finish;
mod steps;
mod uses;

use crate::run::{Access, NONE, Run};
use sprat::trace::{Chunk, Clock, File, Flaw};
use std::collections::HashMap;
use uses::Stays;

/// Reads a trace. What is missing or damaged in it is left out, and told in [`Run::flaws`].
///
/// # Errors
/// If there is nothing that could be read: it is empty, or no trace, or of another version.
pub fn read(bytes: &[u8]) -> Result<Run, Flaw> {
    read_as(bytes, Reader::default()).map(|(run, _)| run)
}

/// The same, with each access of each task, by their places in [`Run::tasks`]: twice the memory, or more. (Steps of graphs have theirs in
/// [`Run::graphs`].)
///
/// # Errors
/// As above.
pub fn read_with_accesses(bytes: &[u8]) -> Result<(Run, Vec<(u32, Access)>), Flaw> {
    let reader = Reader {
        accesses: Some(Vec::new()),
        ..Reader::default()
    };
    read_as(bytes, reader)
}

fn read_as(bytes: &[u8], mut reader: Reader) -> Result<(Run, Vec<(u32, Access)>), Flaw> {
    let file = File::open(bytes)?;
    for chunk in file.chunks() {
        match chunk {
            Ok(chunk) => reader.chunk(chunk),
            Err(flaw) => reader.run.flaws.push(flaw.to_string()),
        }
    }
    Ok(reader.finish())
}

/// No trace is longer, 104 days: times beyond come from damage, and would not fit in sums.
const LONGEST_NS: u64 = 1 << 53;

/// The key of a spawned codelet: its record and generation.
type Key = (u32, u32);

/// What is known of one that has not run yet.
#[derive(Clone, Copy)]
struct Before {
    spawn: Option<u64>,
    ready: Option<u64>,
    cause: Key,
    hint: u32,
    spawner: u32,
}

#[derive(Default)]
struct Reader {
    run: Run,
    clocks: Vec<Clock>,
    streams: HashMap<u32, Stream>,
    before: HashMap<Key, Before>,
    ran: HashMap<Key, u32>,
    skipped: HashMap<Key, ()>,
    dropped: HashMap<u32, u64>,
    last_tick: u64,
    stays: Stays,
    /// Each access with its task, if they are to be kept.
    accesses: Option<Vec<(u32, Access)>>,
}

/// A stream's state, from chunk to chunk.
#[derive(Default)]
struct Stream {
    /// Spawns whose body has not ended.
    spawns: Vec<(u64, Key)>,
    /// Steps whose replay has not ended.
    steps: Vec<u32>,
    /// The task that accesses belong to.
    task: Option<u32>,
    /// Its bytes so far, and those of them that lie in other regions.
    bytes: (f64, f64),
    /// The last codelet that was stolen.
    stolen: u32,
}

/// Streams are engines, of which there are no more than a number of 16 bits can say, and some threads.
const MOST_STREAMS: u32 = 1 << 17;

impl Reader {
    fn chunk(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::About(text) => {
                let lines = text.lines().filter_map(|line| line.split_once(": "));
                let lines = lines.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.run.about.extend(lines);
                let xes = self.run.about.get("xes").and_then(|xes| xes.parse().ok());
                self.run.xes = xes.unwrap_or(0).min(u32::from(u16::MAX));
                let region = |xe| region(self.run.about.get(&format!("xe {xe}"))?);
                self.run.regions = (0..self.run.xes)
                    .map(|xe| region(xe).unwrap_or(0))
                    .collect();
            }
            Chunk::Kinds(kinds) => {
                for kind in kinds {
                    let at = usize::from(kind.number);
                    if self.run.kinds.len() <= at {
                        self.run.kinds.resize(at + 1, Default::default());
                    }
                    self.run.kinds[at] = kind;
                }
            }
            Chunk::Graph(graph) => _ = self.run.graphs.insert(graph.number, graph),
            Chunk::Events { stream, .. } if stream > MOST_STREAMS => self.run.flaws.push(format!(
                "a chunk of events of stream {stream}: no machine has as many engines and threads, so its head is damaged; it was left out"
            )),
            Chunk::Events { stream, mut events } => {
                let mut state = self.streams.remove(&stream).unwrap_or_default();
                for event in events.by_ref() {
                    self.event(stream, &mut state, event);
                }
                self.streams.insert(stream, state);
            }
            Chunk::Dropped { stream, events } => _ = self.dropped.insert(stream, events),
            Chunk::Clock(clock) => self.clocks.push(clock),
            Chunk::BlockName {
                block,
                generation,
                name,
            } => {
                _ = self
                    .run
                    .block_names
                    .insert((block, generation), name.to_owned())
            }
            Chunk::Moves(moves) => self.run.moves.extend(moves),
            Chunk::Decided(decisions) => self.run.decisions.extend(decisions),
            Chunk::End => self.run.whole = true,
        }
    }

    fn last(&mut self, time: u64) {
        self.last_tick = self.last_tick.max(time);
    }

    fn about(&mut self, key: Key) -> &mut Before {
        self.before.entry(key).or_insert(Before {
            spawn: None,
            ready: None,
            cause: (0, 0),
            hint: 0,
            spawner: NONE,
        })
    }
}

/// The region in `cpu 0 core 0 region 0 domain 0`.
fn region(place: &str) -> Option<u16> {
    let mut words = place.split(' ').skip_while(|word| *word != "region");
    words.nth(1)?.parse().ok()
}
