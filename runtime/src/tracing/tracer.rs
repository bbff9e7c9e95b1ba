//! What an engine keeps to note events.

use super::clock::Clock;
use super::gap::Gap;
use super::names::{Names, Recent, Site};
use super::ring::Producer;
use crate::trace::Event;
use std::sync::Arc;

/// See the module. Touched by the engine alone, or by the occupant of its seat.
pub(crate) struct Tracer {
    pub(crate) ring: Producer<Event>,
    pub(crate) clock: Clock,
    names: Arc<Names>,
    recent: Recent,
    /// The body that runs or ran last, with its generation: what becomes ready does so by it. 0 if none did.
    pub(crate) cause: (u32, u32),
    /// When it ended; `None` while it runs.
    pub(crate) ended: Option<u64>,
    gap: Gap,
    /// Where the ring stood when the last body had been noted, unless the engine did something else since: nothing was noted meanwhile if
    /// it stands there still.
    follows: Option<u64>,
    /// The declared cost of what is spawned next.
    pub(crate) next_cost: u32,
    /// The body that runs works on this graph.
    pub(crate) replays: Option<u32>,
    /// What was noted last of queues, and when.
    pub(crate) queued: (u64, [u32; 3]),
    /// Room for what goes into the ring at once.
    pub(crate) together: Vec<Event>,
}

impl Tracer {
    pub(crate) fn new(ring: Producer<Event>, clock: Clock, names: Arc<Names>) -> Self {
        Tracer {
            ring,
            clock,
            names,
            recent: Recent::new(),
            cause: (0, 0),
            ended: None,
            gap: Gap::default(),
            follows: None,
            next_cost: 0,
            replays: None,
            queued: (0, [0; 3]),
            together: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn kind(&mut self, site: Site) -> u16 {
        self.recent.number(&self.names, site)
    }

    /// When what happens now happens: at the end of the last body, while the engine does what follows from it; so that looking
    /// at the clock is spared.
    #[inline]
    pub(crate) fn time(&self) -> u64 {
        self.ended.unwrap_or_else(|| self.clock.now())
    }

    /// A body begins here; when. `near`: it lay in the own queue, or ran right after what made it ready.
    #[inline]
    pub(crate) fn begins(&mut self, near: bool) -> u64 {
        let clock = self.clock;
        match self.ended.take() {
            Some(end) if near && self.follows == Some(self.ring.written()) => {
                self.gap.start(end, clock.moment(), || clock.now())
            }
            _ => clock.now(),
        }
    }

    /// The end of the last body has been noted.
    #[inline]
    pub(crate) fn noted_end(&mut self) {
        self.follows = Some(self.ring.written());
    }

    /// The engine does something else between two codelets.
    pub(crate) fn turns_aside(&mut self) {
        self.follows = None;
    }
}
