//! A run, as its trace tells of it: with times in nanoseconds since its start, and each codelet's life in one place.

use crate::interval::Interval;
use sprat::trace::{Decided, GraphDef, Kind, Moved};
use std::collections::{BTreeMap, HashMap};

/// No codelet.
pub const NONE: u32 = u32::MAX;

/// Kinds have numbers of 16 bits.
pub(crate) const MOST_KINDS: usize = 1 << 16;

/// What a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// A codelet that was spawned.
    #[default]
    Codelet,
    /// A codelet of a graph, in one round.
    Step,
    /// The body of a host's scope: it spawns.
    Body,
    /// An engine's work on a graph: its steps lie inside.
    Replay,
}

/// Something that ran: a codelet, a step of a graph, a host's body.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Task {
    /// What it is.
    pub sort: Sort,
    /// What it is called: a place in [`Run::kinds`].
    pub kind: u16,
    /// Who ran it: an engine, or a thread with a higher number.
    pub stream: u32,
    /// When it was spawned.
    pub spawn: u64,
    /// When the last that it waited for was there.
    pub ready: u64,
    /// When its body began.
    pub start: u64,
    /// When its body ended.
    pub end: u64,
    /// The task that made it ready, if not the spawn did; or [`NONE`].
    pub cause: u32,
    /// The task in whose body it was spawned, or that holds the graph for it; or [`NONE`].
    pub spawner: u32,
    /// Where it would run, and its priority: see `sprat::trace::Event::hint`.
    pub hint: u32,
    /// The number of its record, or in its graph.
    pub codelet: u32,
    /// Its graph, if it is a step or a replay.
    pub graph: u32,
    /// The round, if it is a step.
    pub round: u32,
    /// It was taken from another engine.
    pub stolen: bool,
    /// Where it lay from ready to start: a place in `sprat::trace::VIA`.
    pub via: u8,
    /// How it ended: 0 well, 1 with an error, 2 with a panic.
    pub ended: u8,
    /// The trace has its spawn.
    pub has_spawn: bool,
    /// Which share of the bytes that it declared lay in another region than the engine's.
    pub away: f32,
}

impl Task {
    /// When it ran.
    pub fn interval(&self) -> Interval {
        Interval {
            start: self.start,
            end: self.end,
        }
    }

    /// How long it ran.
    pub fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it is user's code that was spawned or recorded.
    pub fn is_work(&self) -> bool {
        matches!(self.sort, Sort::Codelet | Sort::Step)
    }
}

/// What an engine did beside tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Its own thread slept.
    Parked,
    /// The host's thread that sat there slept.
    HostParked,
    /// It looked for work.
    Searched,
    /// None of a graph's lanes could go on.
    Blocked,
    /// A host sat there while its scope was open; outside of all seats if the stream is no engine's.
    Seated,
}

/// How a block was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockUse {
    /// Bytes that were declared for reading.
    pub read: u64,
    /// For writing.
    pub written: u64,
    /// Of both, those that an engine of another region than the block's used.
    pub remote: u64,
    /// The most that one codelet used: all of the block, but for codelets that use parts of it.
    pub largest: u64,
    /// How often.
    pub times: u64,
    /// Its home, 65,535 if not known.
    pub home: u16,
    /// The kind that changed it last, or if none did the first that read it.
    pub kind: u16,
    /// How many tasks had it alone to change it: all of these ran one after the other. (Those that reduce have lanes of their own.)
    pub writes: u64,
}

/// A block: its number and generation.
pub type BlockKey = (u32, u32);

/// One use of a block by a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Which.
    pub block: BlockKey,
    /// How many bytes of it.
    pub bytes: u64,
    /// Where it was, 65,535 if not known.
    pub home: u16,
    /// A place in `sprat::trace::MODES`.
    pub mode: u8,
}

/// What engines of one region used of a block in another one, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    /// For reading.
    pub read: u64,
    /// For writing.
    pub written: u64,
}

/// A value of a user's counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its name: a place in [`Run::kinds`].
    pub kind: u16,
    /// When.
    pub time: u64,
    /// The value.
    pub value: f64,
}

/// What lay in queues when an engine looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The engine.
    pub stream: u32,
    /// When.
    pub time: u64,
    /// Codelets in its own queue.
    pub own: u32,
    /// Codelets in its domain's queue.
    pub domain: u32,
    /// Others had posted something to it.
    pub posted: bool,
}

/// A span of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its name: a place in [`Run::kinds`].
    pub kind: u16,
    /// On whom.
    pub stream: u32,
    /// When.
    pub interval: Interval,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What the trace says about the run.
    pub about: BTreeMap<String, String>,
    /// What tasks are called.
    pub kinds: Vec<Kind>,
    /// How many engines there were.
    pub xes: u32,
    /// The memory region of each.
    pub regions: Vec<u16>,
    /// All tasks, by their starts.
    pub tasks: Vec<Task>,
    /// What engines did beside.
    pub doings: Vec<(u32, Doing, Interval)>,
    /// How long the trace is.
    pub length: u64,
    /// Blocks by number and generation.
    pub blocks: HashMap<BlockKey, BlockUse>,
    /// Of blocks that engines of other regions used, by these regions.
    pub far: HashMap<(BlockKey, u16), Far>,
    /// Their names.
    pub block_names: HashMap<BlockKey, String>,
    /// Graphs that were replayed.
    pub graphs: HashMap<u32, GraphDef>,
    /// Blocks that moved, and copies of them, as they were noted.
    pub moves: Vec<Moved>,
    /// Counters.
    pub samples: Vec<Sample>,
    /// Lengths of queues.
    pub queues: Vec<Queued>,
    /// What control engines decided, as it was noted.
    pub decisions: Vec<Decided>,
    /// Spans.
    pub spans: Vec<Span>,
    /// Codelets that were skipped since others failed, and that were not started since their scope was cancelled.
    pub skipped: (u64, u64),
    /// Codelets that were spawned and neither ran nor were skipped.
    pub never_ran: u64,
    /// Thefts.
    pub steals: u64,
    /// Events that had no room.
    pub dropped: u64,
    /// The trace has all of the run.
    pub whole: bool,
    /// What was wrong with the file, as sentences.
    pub flaws: Vec<String>,
}

/// What each stream has: places in [`Run::tasks`] and [`Run::doings`], for one walk through the run instead of one for each stream.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    tasks: Vec<Vec<u32>>,
    doings: Vec<Vec<u32>>,
}

impl Run {
    /// What each engine has.
    pub fn streams(&self) -> Streams {
        let empty = || vec![Vec::new(); self.xes as usize];
        let (mut tasks, mut doings) = (empty(), empty());
        for (task, at) in self.tasks.iter().zip(0..) {
            if let Some(list) = tasks.get_mut(task.stream as usize) {
                list.push(at);
            }
        }
        for ((stream, _, _), at) in self.doings.iter().zip(0..) {
            if let Some(list) = doings.get_mut(*stream as usize) {
                list.push(at);
            }
        }
        Streams { tasks, doings }
    }

    /// An engine's tasks, by their starts.
    pub fn tasks_of<'a>(
        &'a self,
        streams: &'a Streams,
        xe: u32,
    ) -> impl Iterator<Item = &'a Task> + Clone {
        let own = streams.tasks.get(xe as usize).into_iter().flatten();
        own.map(|&at| &self.tasks[at as usize])
    }

    /// What an engine did beside.
    pub fn doings_of<'a>(
        &'a self,
        streams: &'a Streams,
        xe: u32,
    ) -> impl Iterator<Item = (Doing, Interval)> + 'a {
        let own = streams.doings.get(xe as usize).into_iter().flatten();
        own.map(|&at| {
            let (_, doing, interval) = self.doings[at as usize];
            (doing, interval)
        })
    }

    /// A kind's name.
    pub fn name(&self, kind: u16) -> &str {
        self.kinds
            .get(usize::from(kind))
            .map_or("?", |kind| &kind.name)
    }

    /// Where a kind is spawned: `src/main.rs:12`, or nothing.
    pub fn place(&self, kind: u16) -> String {
        match self.kinds.get(usize::from(kind)) {
            Some(kind) if !kind.file.is_empty() => format!("{}:{}", kind.file, kind.line),
            _ => String::new(),
        }
    }

    /// A block's name, with its number: `block u (3)`.
    pub fn block_name(&self, block: (u32, u32)) -> String {
        match self.block_names.get(&block) {
            Some(name) => format!("block {name} ({})", block.0),
            None => format!("block {}", block.0),
        }
    }

    /// The number of a kind of this program's own, which codelets do not have: made if it is not there. The reader leaves room for these
    /// below [`MOST_KINDS`].
    pub(crate) fn own_kind(&mut self, name: &str) -> u16 {
        let known = self
            .kinds
            .iter()
            .position(|kind| kind.name == name && kind.file.is_empty());
        let at = known.unwrap_or_else(|| {
            self.kinds.push(Kind {
                number: self.kinds.len() as u16,
                name: name.to_owned(),
                ..Kind::default()
            });
            self.kinds.len() - 1
        });
        at as u16
    }
}
