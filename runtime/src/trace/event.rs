//! What an engine notes: one event a record, of fixed size while it lies in the engine's ring.

/// In a hint: see [`Event::moves`].
const MOVES: u32 = 1 << 26;

/// What happened. Times are ticks of the trace's clock; codelets are named by the number of their record and its generation,
/// which together are one codelet's alone for billions of others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A codelet was spawned. Unless it became [`Ready`](Event::Ready) later, it was ready then.
    Spawn {
        /// When.
        time: u64,
        /// The codelet.
        codelet: u32,
        /// Its generation.
        generation: u32,
        /// The codelet or scope whose child it is.
        parent: u32,
        /// Its declared cost in nanoseconds, 0 if none.
        cost_ns: u32,
        /// Where it would run, and its priority: see [`Event::hint`].
        hint: u32,
        /// What it is called, and where it is spawned.
        kind: u16,
    },
    /// The last that a codelet waited for is there.
    Ready {
        /// When.
        time: u64,
        /// The codelet.
        codelet: u32,
        /// Its generation.
        generation: u32,
        /// The codelet whose end (or body) made it ready; 0 if a thread from outside did, a timer or a file.
        cause: u32,
        /// That one's generation.
        cause_generation: u32,
        /// Where it would run, and its priority: see [`Event::hint`].
        hint: u32,
    },
    /// A body ran. Its accesses follow.
    Run {
        /// When it began.
        start: u64,
        /// When it ended.
        end: u64,
        /// The codelet.
        codelet: u32,
        /// Its generation.
        generation: u32,
        /// What it is called.
        kind: u16,
        /// Where it lay between ready and start: a place in [`VIA`].
        via: u8,
        /// How it ended: 0 well, 1 with an error, 2 with a panic.
        ended: u8,
    },
    /// A block that the body before held.
    Access {
        /// How many bytes of it.
        bytes: u64,
        /// The block's number.
        block: u32,
        /// Its generation.
        generation: u32,
        /// The memory region where it was, 65,535 if that is not known.
        home: u16,
        /// How it was used: a place in [`MODES`].
        mode: u8,
    },
    /// A codelet was not run, since it reads what a failed one was to write, or since its scope was cancelled.
    Skip {
        /// When.
        time: u64,
        /// The codelet.
        codelet: u32,
        /// Its generation.
        generation: u32,
        /// What it is called.
        kind: u16,
        /// Its scope was cancelled.
        cancelled: bool,
        /// What the codelet is called whose failure is to blame, 0 if it was cancelled.
        blame: u16,
    },
    /// This engine took a codelet from another one.
    Steal {
        /// When.
        time: u64,
        /// The codelet.
        codelet: u32,
        /// From whom.
        victim: u16,
        /// How far away that one is: the distance between the two engines' memory regions, 10 within one.
        distance: u16,
    },
    /// The engine slept.
    Parked {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// It was a host thread that sat there.
        host: bool,
    },
    /// The engine looked for work and found none, or found it at the end.
    Searched {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
    },
    /// A host's scope was open: its thread sat on the engine, or outside of all if the stream is no engine's.
    Seated {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// The scope's record.
        scope: u32,
    },
    /// The body of a host's scope ran.
    Body {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// The scope's record.
        scope: u32,
        /// Its generation.
        generation: u32,
    },
    /// A codelet of a graph ran in one round of a replay.
    Step {
        /// When it began.
        start: u64,
        /// When it ended.
        end: u64,
        /// The round, from 0; it goes on from replay to replay of the same graph.
        round: u32,
        /// The codelet's number in the graph.
        codelet: u32,
        /// The graph.
        graph: u32,
    },
    /// A codelet of the runtime's own, in which the engine worked on a graph: its steps lie inside.
    Replay {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// The codelet.
        codelet: u32,
        /// Its generation.
        generation: u32,
        /// The graph.
        graph: u32,
    },
    /// The engine worked on a graph, and none of its lanes could go on.
    Blocked {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// The graph.
        graph: u32,
    },
    /// A counter of the user's has this value.
    Count {
        /// When.
        time: u64,
        /// The value.
        value: f64,
        /// The codelet that says so.
        codelet: u32,
        /// The counter's name, as a kind.
        kind: u16,
    },
    /// A span of the user's.
    Span {
        /// From when on.
        start: u64,
        /// Until when.
        end: u64,
        /// The codelet that it is in.
        codelet: u32,
        /// The span's name, as a kind.
        kind: u16,
    },
    /// What lay in queues, as the engine saw it between two codelets or when it had looked for work.
    Queued {
        /// When.
        time: u64,
        /// Codelets in the engine's own queue.
        own: u32,
        /// Codelets in the queue of its domain, which threads outside and control engines fill.
        domain: u32,
        /// Others have posted something to the engine that it has not taken yet.
        posted: bool,
    },
}

const _: () = assert!(size_of::<Event>() == 32, "records are copied in one go");

/// The names of the modes of access, by their numbers in events.
pub const MODES: [&str; 7] = [
    "read",
    "write",
    "read-write",
    "commute",
    "reduce",
    "shared write",
    "exclusive",
];

/// Where a codelet lay from ready to start, by its number in events.
pub const VIA: [&str; 9] = [
    "nowhere: run right after what made it ready",
    "the engine's own queue",
    "the list of what only this engine may run",
    "what others posted to the engine",
    "the queue of the memory region",
    "the domain's queue, which control engines and threads outside fill",
    "another engine's queue",
    "a queue of the high level",
    "a queue of the low level",
];

impl Event {
    /// When it began; `None` for an access, which belongs to the body before.
    pub fn time(&self) -> Option<u64> {
        match *self {
            Event::Access { .. } => None,
            Event::Spawn { time, .. }
            | Event::Ready { time, .. }
            | Event::Skip { time, .. }
            | Event::Steal { time, .. }
            | Event::Queued { time, .. }
            | Event::Count { time, .. } => Some(time),
            Event::Run { start, .. }
            | Event::Parked { start, .. }
            | Event::Searched { start, .. }
            | Event::Seated { start, .. }
            | Event::Body { start, .. }
            | Event::Step { start, .. }
            | Event::Replay { start, .. }
            | Event::Blocked { start, .. }
            | Event::Span { start, .. } => Some(start),
        }
    }

    /// A hint as it stands in [`Event::Ready`]: the kind of affinity (0 none, 1 an engine if possible, 2 one engine alone, 3 a memory
    /// region, 4 a thread for files, 5 a group, 6 where its blocks are), its number, and the priority (0 normal, 1 low, 2 high); above these
    /// whether it moves or copies blocks ([`Event::moves`]).
    pub fn hint(affinity: u8, number: u16, priority: u8) -> u32 {
        u32::from(priority) << 24 | u32::from(affinity) << 16 | u32::from(number)
    }

    /// The priority in a hint.
    pub fn priority(hint: u32) -> u8 {
        (hint >> 24 & 3) as u8
    }

    /// The same hint of a codelet of the runtime's own, which does nothing but to move a block or to copy it to where it is wanted.
    pub fn moving(hint: u32) -> u32 {
        hint | MOVES
    }

    /// Whether a hint says that.
    pub fn moves(hint: u32) -> bool {
        hint & MOVES != 0
    }
}
