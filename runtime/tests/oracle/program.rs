//! Programs: what they are made of.

pub use crate::modes::Mode;

/// Where a codelet is to run.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Anywhere,
    Near(usize),
    /// This engine, modulo their number.
    Xe(usize),
    Region,
    /// With the others of this group.
    Group(usize),
}

/// Groups of codelets.
pub const GROUPS: usize = 3;

/// How urgent a codelet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Normal,
    Low,
    High,
}

/// What a body gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// A value.
    Valued,
    /// The value of this child.
    Forward(usize),
}

/// How a body fails: after this many of its steps.
#[derive(Clone, Copy, Debug)]
pub struct Fail {
    pub at: usize,
    pub panics: bool,
    /// Only if what it computed is odd.
    pub if_odd: bool,
}

/// What makes a codelet be refused at its spawn.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// It names a block that its parent did not declare.
    Undeclared(usize),
    /// It writes a block that its parent declared for reading.
    TooMuch(usize),
    /// It declares a block twice, once for writing.
    Twice(usize),
    /// It names a block that was destroyed.
    Gone(usize),
    /// It reads a value that its parent neither spawned nor declared.
    Value(usize),
    /// It asks for an engine that does not exist.
    NoSuchXe,
}

/// What a codelet does with a trigger that it took along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// `Trigger::satisfy`.
    Satisfy,
    /// `Scope::satisfy`.
    SatisfyByScope,
    Drop,
    /// The first child does its duty.
    Pass(&'static Duty),
}

/// Who holds the trigger of a new event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The body itself, which satisfies it at its end, or drops it.
    Body { satisfies: bool },
    /// Another thread, which satisfies it soon, or drops it.
    Thread { satisfies: bool },
    /// The next codelet of the list takes it along.
    Next,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub id: usize,
    pub accesses: Vec<(usize, Mode)>,
    /// Values that it reads, by their codelets.
    pub values: Vec<usize>,
    /// Codelets without a value that it "reads".
    pub units: Vec<usize>,
    pub after_ends: Vec<usize>,
    pub after_scopes: Vec<usize>,
    pub after_events: Vec<usize>,
    pub at_ready: bool,
    pub place: Place,
    pub level: Level,
    pub kind: Kind,
    pub fail: Option<Fail>,
    pub wrong: Option<Wrong>,
    /// Triggers that it takes along.
    pub takes: Vec<(usize, Duty)>,
    /// How much time it loses: on even numbers it yields, on odd ones it spins.
    pub dawdle: u16,
    pub steps: Vec<Step>,
    pub depth: usize,
}

#[derive(Clone, Debug)]
pub enum Step {
    Spawn(Box<Node>),
    Scope {
        id: usize,
        steps: Vec<Step>,
    },
    Make {
        block: usize,
        len: usize,
    },
    Event {
        id: usize,
        holder: Holder,
    },
    Destroy {
        block: usize,
    },
    /// The body loses time here, so that what it spawned before runs, and perhaps ends.
    Pause,
}

#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Lengths of the blocks that the host makes before; the last of them are for the at-ready door.
    pub blocks: Vec<usize>,
    /// Blocks in all.
    pub all_blocks: usize,
    pub nodes: usize,
    pub scopes: usize,
    pub events: usize,
    pub seed: u64,
    pub steps: Vec<Step>,
}
