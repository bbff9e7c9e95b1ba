//! From a trace to a [`Run`]: chunk by chunk, and then what only the whole of it tells.

mod events;
mod finish;
mod hash;
mod steps;
mod uses;

use crate::run::{Access, MOST_KINDS, NONE, Run};
use hash::Map;
use sprat::trace::{Chunk, Clock, File, Flaw, Kind};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use uses::Stays;

/// Reads a trace. What is missing or damaged in it is left out, and told in [`Run::flaws`].
///
/// # Errors
/// If there is nothing that could be read: it is empty, or no trace, or of another version.
pub fn read(bytes: &[u8]) -> Result<Run, Flaw> {
    read_as(bytes, Reader::default(), &mut |_| ()).map(|(run, _)| run)
}

/// The same, and tells now and then which share of the bytes has been read.
///
/// # Errors
/// As above.
pub fn read_telling(bytes: &[u8], tell: &mut dyn FnMut(f64)) -> Result<Run, Flaw> {
    read_as(bytes, Reader::default(), tell).map(|(run, _)| run)
}

/// The same, with each access of each task, by their places in [`Run::tasks`]: twice the memory, or more. (Steps of graphs have theirs in
/// [`Run::graphs`].)
///
/// # Errors
/// As above.
pub fn read_with_accesses(
    bytes: &[u8],
    tell: &mut dyn FnMut(f64),
) -> Result<(Run, Vec<(u32, Access)>), Flaw> {
    let reader = Reader {
        accesses: Some(Vec::new()),
        ..Reader::default()
    };
    read_as(bytes, reader, tell)
}

/// It is told a hundred times how far a long trace was read.
const TOLD: usize = 100;

fn read_as(
    bytes: &[u8],
    mut reader: Reader,
    tell: &mut dyn FnMut(f64),
) -> Result<(Run, Vec<(u32, Access)>), Flaw> {
    let mut chunks = File::open(bytes)?.chunks();
    let mut next = 0;
    while let Some(chunk) = chunks.next() {
        match chunk {
            Ok(chunk) => reader.chunk(chunk),
            Err(flaw) => reader.run.flaws.push(flaw.to_string()),
        }
        if chunks.position() >= next {
            next = chunks.position() + bytes.len() / TOLD;
            tell(chunks.position() as f64 / bytes.len() as f64);
        }
    }
    Ok(reader.finish())
}

/// No trace is longer, 104 days: times beyond come from damage, and would not fit in sums.
const LONGEST_NS: u64 = 1 << 53;

/// The key of a spawned codelet: its record and generation.
type Key = (u32, u32);

/// What is known of one before it runs.
#[derive(Clone, Copy)]
struct Before {
    spawn: Option<u64>,
    ready: Option<u64>,
    cause: Key,
    hint: u32,
    spawner: u32,
    /// The stream that has its spawn.
    stream: u32,
}

#[derive(Default)]
struct Reader {
    run: Run,
    clocks: Vec<Clock>,
    streams: HashMap<u32, Stream>,
    /// Of those that have not run, or did so lately.
    before: Map<Key, Before>,
    ran: Map<Key, u32>,
    /// Those that ran lately, in order, each with the number of the clock behind which that stands.
    recent: VecDeque<(usize, Key, u32)>,
    /// Those whose cause is still to come, or is not there.
    no_cause: Vec<(u32, Key)>,
    skipped: Map<Key, ()>,
    dropped: HashMap<u32, u64>,
    last_tick: u64,
    stays: Stays,
    /// Chunks of events of streams that cannot be.
    of_no_stream: u64,
    /// Chunks with something that is no event.
    nonsense: u64,
    /// Kinds with numbers that cannot be.
    beyond_kinds: u64,
    /// Each access with its task, if they are to be kept.
    accesses: Option<Vec<(u32, Access)>>,
}

/// A stream's state, from chunk to chunk.
#[derive(Default)]
struct Stream {
    /// Spawns whose body has not ended.
    spawns: Vec<(u64, Key)>,
    /// Tasks that are done with and were spawned here, then, by a body that has not ended.
    orphans: BinaryHeap<(u64, u32)>,
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

/// The two kinds of the reader's own, for bodies and replays, come behind those of the trace.
const OWN_KINDS: usize = 2;

impl Reader {
    fn chunk(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::About(text) => self.about_run(text),
            Chunk::Kinds(kinds) => kinds.into_iter().for_each(|kind| self.kind(kind)),
            Chunk::Graph(graph) => _ = self.run.graphs.insert(graph.number, graph),
            Chunk::Events { stream, .. } if stream > MOST_STREAMS => self.of_no_stream += 1,
            Chunk::Events { stream, mut events } => {
                let mut state = self.streams.remove(&stream).unwrap_or_default();
                for event in events.by_ref() {
                    self.event(stream, &mut state, event);
                }
                self.nonsense += u64::from(!events.is_at_the_end());
                self.streams.insert(stream, state);
            }
            Chunk::Dropped { stream, events } => _ = self.dropped.insert(stream, events),
            Chunk::Clock(clock) => {
                self.clocks.push(clock);
                self.settle_up_to(self.clocks.len().saturating_sub(2));
            }
            Chunk::BlockName {
                block,
                generation,
                name,
            } => {
                _ = self
                    .run
                    .block_names
                    .insert((block, generation), plain(name))
            }
            Chunk::Moves(moves) => self.run.moves.extend(moves),
            Chunk::Decided(decisions) => self.run.decisions.extend(decisions),
            Chunk::End => self.run.whole = true,
        }
    }

    fn kind(&mut self, mut kind: Kind) {
        let at = usize::from(kind.number);
        if at >= MOST_KINDS - OWN_KINDS {
            self.beyond_kinds += 1;
            return;
        }
        if self.run.kinds.len() <= at {
            self.run.kinds.resize(at + 1, Kind::default());
        }
        (kind.name, kind.file) = (plain(&kind.name), plain(&kind.file));
        self.run.kinds[at] = kind;
    }

    /// Says what was left out: each sort of it once, however often.
    fn tell(&mut self) {
        if self.of_no_stream > 0 {
            self.run.flaws.push(format!(
                "chunks of events of streams beyond {MOST_STREAMS}: {}; no machine has as many engines and threads, so their heads are damaged; they were left out",
                self.of_no_stream
            ));
        }
        if self.nonsense > 0 {
            self.run.flaws.push(format!(
                "chunks of events with something in them that is none: {}; what is behind it in each was left out, so what needs it does not agree",
                self.nonsense
            ));
        }
        if self.beyond_kinds > 0 {
            self.run.flaws.push(format!(
                "names with numbers beyond {}: {}; they were left out, and what is of these kinds has no name",
                MOST_KINDS - OWN_KINDS - 1,
                self.beyond_kinds
            ));
        }
    }

    /// Lines about the run. The first that say how many engines there are count; and each that says where one is is looked at once.
    fn about_run(&mut self, text: &str) {
        let lines = || text.lines().filter_map(|line| line.split_once(": "));
        for (key, value) in lines() {
            if key == "xes" && self.run.xes == 0 {
                self.run.xes = value.parse().map_or(0, |xes: u16| xes.into());
                self.run.regions = vec![0; self.run.xes as usize];
            }
        }
        for (key, value) in lines() {
            let xe = key.strip_prefix("xe ").and_then(|xe| xe.parse().ok());
            let place = xe.and_then(|xe: usize| self.run.regions.get_mut(xe));
            if let (Some(place), Some(region)) = (place, region(value)) {
                *place = region;
            }
            self.run.about.insert(plain(key), plain(value));
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
            stream: 0,
        })
    }
}

/// A name as it is shown, on one line: control characters, which would be orders to a terminal, are replaced.
fn plain(name: &str) -> String {
    let shown = |char: char| match char.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => char,
    };
    name.chars().map(shown).collect()
}

/// The region in `cpu 0 core 0 region 0 domain 0`.
fn region(place: &str) -> Option<u16> {
    let mut words = place.split(' ').skip_while(|word| *word != "region");
    words.nth(1)?.parse().ok()
}
