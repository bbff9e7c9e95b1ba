//! An execution engine and a domain, between two events.

use crate::body::Body;
use crate::machine::description::EngineKind;
use crate::meter::Meter;
use crate::outcome::Tally;
use crate::queue::Deque;
use sprat::decide::controller::{Decision, Watch};
use sprat::decide::health::Health;
use sprat::decide::plan::DomainPlan;
use sprat::decide::route::Here;
use sprat::decide::theft::Victim;
use std::collections::VecDeque;
use std::ops::Range;

/// What an engine does until its next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The host's body spawns in its seat.
    Hosting,
    /// Runs a codelet.
    Running,
    /// Looks for work.
    Searching,
    /// Sleeps; may be claimed.
    Asleep,
    /// Was claimed and is on its way up. Counts as searching.
    Waking,
    /// Runs its domain's control routine, being an elastic control engine, too.
    Controlling,
    /// Was given up.
    Off,
}

/// An execution engine.
pub(crate) struct Engine {
    pub(crate) here: Here,
    pub(crate) domain: usize,
    pub(crate) state: State,
    pub(crate) own: Deque,
    pub(crate) inbox: VecDeque<u32>,
    pub(crate) pinned: VecDeque<u32>,
    /// A body has ended there, and what comes next is not decided yet.
    pub(crate) runs: bool,
    /// What it keeps to run right after the body that made it ready.
    pub(crate) kept: Option<u32>,
    /// Codelets started back to back.
    pub(crate) in_a_row: u32,
    /// Codelets started since the last look around.
    pub(crate) since: u32,
    /// Thefts tried so far.
    pub(crate) attempt: u32,
    /// What it knows of the other engines of the domain, by their places there.
    pub(crate) watches: Vec<Victim>,
    /// Sleepers are to be told of its lone codelets, since its codelets take long.
    pub(crate) told: bool,
    /// It may take what it saw in its last look at the others in the next.
    pub(crate) near: bool,
    /// Its pause between two looks, in shortest ones; since when it pauses, if it does, and how many pauses there were, those that were
    /// ended early twice.
    pub(crate) pause: u32,
    pub(crate) rests_since_ns: Option<u64>,
    pub(crate) pauses: u32,
    pub(crate) idle_since_ns: u64,
    pub(crate) tally: Tally,
    /// What it runs, while it runs something.
    pub(crate) body: Body,
    /// Its kind in the machine's model.
    pub(crate) kind: usize,
    /// Its state of voltage and frequency.
    pub(crate) power: usize,
    /// It has died, which nobody knows.
    pub(crate) dead: bool,
    /// Nothing is posted to it.
    pub(crate) shunned: bool,
    /// Grows with whatever it does.
    pub(crate) signs: u64,
    /// The longest body that it has ended.
    pub(crate) longest_ns: u64,
    /// What a failure has left of its speed.
    pub(crate) health: f64,
    pub(crate) meter: Meter,
    /// Time in bodies in which it computed.
    pub(crate) computed_ns: u64,
}

impl Engine {
    /// Engines are born asleep.
    pub(crate) fn new(here: Here, domain: usize, (number, kind): (usize, &EngineKind)) -> Self {
        Engine {
            here,
            domain,
            body: Body::default(),
            kind: number,
            power: 0,
            health: 1.0,
            dead: false,
            shunned: false,
            signs: 0,
            longest_ns: 0,
            computed_ns: 0,
            meter: Meter::new(kind),
            state: State::Asleep,
            own: Deque::default(),
            inbox: VecDeque::new(),
            pinned: VecDeque::new(),
            runs: false,
            kept: None,
            in_a_row: 0,
            since: 0,
            attempt: 0,
            watches: Vec::new(),
            told: false,
            near: false,
            pause: 0,
            rests_since_ns: None,
            pauses: 0,
            idle_since_ns: 0,
            tally: Tally::default(),
        }
    }
}

/// A call to those of a domain that search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    None,
    /// Nobody listens yet.
    Open,
    /// Somebody will look when its shortest pause is over.
    Heard,
}

/// A memory region.
#[derive(Clone, Default)]
pub(crate) struct Region {
    /// Codelets for any of its engines.
    pub(crate) work: VecDeque<u32>,
    pub(crate) xes: Vec<usize>,
}

/// A domain and its control engine.
pub(crate) struct Domain {
    pub(crate) xes: Range<usize>,
    /// Work from other domains.
    pub(crate) injector: VecDeque<u32>,
    /// Codelets in its engines' own queues, and in their inboxes.
    pub(crate) queued: usize,
    pub(crate) posted: usize,
    /// Codelets that its engines have started.
    pub(crate) started: u64,
    /// Engines that look for work, and those that were claimed and will.
    pub(crate) searching: usize,
    /// Who searches was called.
    pub(crate) call: Call,
    /// Engines that sleep.
    pub(crate) asleep: usize,
    /// Engines that were given up.
    pub(crate) off: usize,
    /// What its control engine knows of the health of its engines.
    pub(crate) health: Health,
    /// How often its control engine's routine ran beside the engines.
    pub(crate) routines: u64,
    /// The time that these took.
    pub(crate) routines_ns: u64,
    /// Its control engine was asked to decide.
    pub(crate) requested: bool,
    /// How often.
    pub(crate) requests: u32,
    /// The control routine runs; the number of the last one that began, or was cut off.
    pub(crate) controlling: bool,
    pub(crate) begun: u32,
    /// What it has decided and will do at its end, and the execution engine that it runs on, if on any.
    pub(crate) decisions: Vec<Decision>,
    /// Whom it will ask for the rest.
    pub(crate) asks: Option<usize>,
    pub(crate) on: Option<usize>,
    /// What its control engine remembers.
    pub(crate) watch: Watch,
    /// How long its control engine sleeps next, while it watches.
    pub(crate) nap_ns: u64,
    /// Entries in the calendar for its control engine with an older number are void.
    pub(crate) timer: u32,
}

impl Domain {
    pub(crate) fn new(plan: &DomainPlan) -> Self {
        Domain {
            xes: plan.xes.clone(),
            injector: VecDeque::new(),
            queued: 0,
            posted: 0,
            started: 0,
            searching: 0,
            call: Call::None,
            asleep: plan.xes.len(),
            off: 0,
            health: Health::default(),
            routines: 0,
            routines_ns: 0,
            requested: false,
            requests: 0,
            controlling: false,
            begun: 0,
            decisions: Vec::new(),
            asks: None,
            on: None,
            watch: Watch::default(),
            nap_ns: 0,
            timer: 0,
        }
    }
}
