//! The file: a header, then chunks, each with a head that says what it is, how long, and what its bytes add up to. So who reads
//! can go from chunk to chunk (`chunks.rs`), and a file whose end is missing is good up to there.

use super::decided::Decided;
use super::decode::Events;
use super::graph::GraphDef;
use super::moved::Moved;
use super::wire::put;

/// The version of the format. Readers refuse others.
pub const VERSION: u32 = 5;

/// How a file begins.
pub(super) const MAGIC: [u8; 8] = *b"SPRAT\x00\xf0\n";

/// Bytes of a chunk's head.
pub(super) const HEAD: usize = 32;

/// What chunks there are.
pub mod tag {
    /// About the run: lines `key: value`.
    pub const ABOUT: [u8; 4] = *b"ABOU";
    /// What codelets are called.
    pub const KINDS: [u8; 4] = *b"KIND";
    /// A graph that is replayed.
    pub const GRAPH: [u8; 4] = *b"GRAF";
    /// Events of one stream.
    pub const EVENTS: [u8; 4] = *b"EVNT";
    /// How many events of a stream were dropped so far.
    pub const DROPPED: [u8; 4] = *b"DROP";
    /// Two clocks read at once.
    pub const CLOCK: [u8; 4] = *b"CLCK";
    /// A block's name.
    pub const BLOCK: [u8; 4] = *b"BLOK";
    /// Blocks that moved, and copies of blocks.
    pub const MOVES: [u8; 4] = *b"MOVE";
    /// What control engines decided.
    pub const DECIDED: [u8; 4] = *b"DECI";
    /// The run ended, and all of it is there.
    pub const END: [u8; 4] = *b"TEND";

    /// All of them.
    pub(in crate::trace) const ALL: [[u8; 4]; 10] = [
        ABOUT, KINDS, GRAPH, EVENTS, DROPPED, CLOCK, BLOCK, MOVES, DECIDED, END,
    ];
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// There is nothing in it.
    Empty,
    /// It is no trace.
    Foreign,
    /// A trace, but of another version of the format: this one.
    Version(u32),
    /// It ends in the middle of the chunk that begins at this byte: whoever wrote it did not end well.
    CutOff(usize),
    /// What begins at this byte is damaged, up to the next chunk that is whole.
    Damaged(usize),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Flaw::Empty => f.write_str("the file is empty: the program has not started its runtime, or had no room to write"),
            Flaw::Foreign => f.write_str("this is no trace of Sprat: run the program with SPRAT_TRACE=FILE, and give that file"),
            Flaw::Version(other) => write!(f, "the trace has version {other} of the format, and this program reads version {VERSION}: use the `sprat` of the library that wrote it"),
            Flaw::CutOff(at) => write!(f, "the trace ends in the middle, in what begins at byte {at}: the program was killed, or still runs; what is there up to that is used"),
            Flaw::Damaged(at) => write!(f, "the trace is damaged at byte {at}; that part is left out"),
        }
    }
}

impl std::error::Error for Flaw {}

/// What a codelet is called and where it is spawned; counters and spans have names alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// Its number in events.
    pub number: u16,
    /// The name.
    pub name: String,
    /// The source file, or nothing.
    pub file: String,
    /// The line there.
    pub line: u32,
}

/// Two clocks read at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The clock of the events.
    pub ticks: u64,
    /// Nanoseconds since the start of the trace.
    pub ns: u64,
}

/// One chunk.
#[derive(Clone, Debug)]
pub enum Chunk<'a> {
    /// Lines `key: value` about the run.
    About(&'a str),
    /// What codelets are called.
    Kinds(Vec<Kind>),
    /// A graph.
    Graph(GraphDef),
    /// Events of an engine, or of a thread that sits in none.
    Events {
        /// The engine's number, or the number of engines and more.
        stream: u32,
        /// The events.
        events: Events<'a>,
    },
    /// So many events of a stream were dropped so far.
    Dropped {
        /// As above; 4,294,967,295 for what control engines decided.
        stream: u32,
        /// How many.
        events: u64,
    },
    /// Two clocks.
    Clock(Clock),
    /// A block's name.
    BlockName {
        /// The block's number.
        block: u32,
        /// Its generation.
        generation: u32,
        /// The name.
        name: &'a str,
    },
    /// Blocks that moved to other regions, and copies that were made there.
    Moves(Vec<Moved>),
    /// What control engines decided, and what they had seen.
    Decided(Vec<Decided>),
    /// The run ended.
    End,
}

/// The header of a file.
pub(crate) fn header() -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// Leaves room for a chunk's head; gives the place for [`end_chunk`].
pub(crate) fn begin_chunk(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; HEAD]);
    out.len() - HEAD
}

/// Fills in the head of the chunk that began at `at`.
pub(crate) fn end_chunk(out: &mut [u8], at: usize, tag: [u8; 4], stream: u32, base: u64) {
    let (head, body) = out[at..].split_at_mut(HEAD);
    head[..4].copy_from_slice(&tag);
    head[4..8].copy_from_slice(&stream.to_le_bytes());
    head[8..12].copy_from_slice(&(body.len() as u32).to_le_bytes());
    head[16..24].copy_from_slice(&base.to_le_bytes());
    let check = check(&head[..24], body);
    head[24..32].copy_from_slice(&check.to_le_bytes());
}

/// Appends a whole chunk: for those who make traces by hand.
pub fn put_chunk(out: &mut Vec<u8>, tag: [u8; 4], stream: u32, base: u64, body: &[u8]) {
    let at = begin_chunk(out);
    out.extend_from_slice(body);
    end_chunk(out, at, tag, stream, base);
}

/// Appends a kind.
pub(crate) fn put_kind(out: &mut Vec<u8>, number: u16, name: &str, file: &str, line: u32) {
    put(out, u64::from(number));
    put(out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
    put(out, file.len() as u64);
    out.extend_from_slice(file.as_bytes());
    put(out, u64::from(line));
}

/// What tells a chunk from a damaged one: not a secret, only unlikely to fit by chance.
pub(super) fn check(head: &[u8], body: &[u8]) -> u64 {
    let mut sum = 0x9e37_79b9_7f4a_7c15_u64 ^ body.len() as u64;
    let mut step = |word: u64| {
        sum = (sum ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        sum ^= sum >> 32;
    };
    for part in [head, body] {
        let mut words = part.chunks_exact(8);
        for word in &mut words {
            step(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        step(u64::from_le_bytes(last));
    }
    sum
}
