//! What an engine keeps to note events.

use super::clock::Clock;
use super::gap::Gap;
use super::names::{Names, Recent, Site};
use super::ring::Producer;
use crate::mutants::mutant;
use crate::trace::Event;
use std::sync::Arc;

/// See the module. Touched by the engine alone, or by the occupant of its seat.
pub(crate) struct Tracer {
    ring: Producer<Event>,
    pub(crate) clock: Clock,
    names: Arc<Names>,
    recent: Recent,
    /// The body that runs or ran last, with its generation: what becomes ready does so by it. 0 if none did.
    pub(crate) cause: (u32, u32),
    /// When it ended; `None` while it runs.
    pub(crate) ended: Option<u64>,
    /// When the body began that runs or ran last.
    start: u64,
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

/// What belongs to a body in whose middle others run.
#[derive(Clone, Copy)]
pub(crate) struct Laid {
    cause: (u32, u32),
    ended: Option<u64>,
    start: u64,
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
            start: 0,
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

    /// Notes events, all or none. Whether it is time to empty the ring.
    #[inline]
    pub(crate) fn note(&mut self, events: &[Event]) -> bool {
        self.ring.push(events)
    }

    /// Notes a body that has ended.
    #[inline]
    pub(crate) fn note_end(&mut self, events: &[Event]) -> bool {
        let full = self.ring.push(events);
        // Then the engine calls who empties it, and it may have no room: what was dropped behind this does not show in it.
        let follows = !full || mutant!("trace_follows_full");
        self.follows = follows.then(|| self.ring.written());
        full
    }

    /// The clock. What it says in a body is not before the body's start: a start that was not read and lies behind this was too late.
    #[inline]
    pub(crate) fn now(&mut self) -> u64 {
        let now = self.clock.now();
        if now < self.start && !mutant!("trace_start_late") {
            self.start = now;
        }
        now
    }

    /// When what happens now happens: at the end of the last body, while the engine does what follows from it; so that looking
    /// at the clock is spared.
    #[inline]
    pub(crate) fn time(&mut self) -> u64 {
        match self.ended {
            Some(end) => end,
            None => self.now(),
        }
    }

    /// A body begins here. `near`: it lay in the own queue, or ran right after what made it ready.
    #[inline]
    pub(crate) fn begins(&mut self, near: bool) {
        let clock = self.clock;
        self.start = match self.ended.take() {
            Some(end) if near && self.follows == Some(self.ring.written()) => {
                self.gap.start(end, clock.moment(), || clock.now())
            }
            _ => clock.now(),
        };
    }

    /// The body ends that runs here; when it began, and when that is.
    #[inline]
    pub(crate) fn ends(&mut self) -> (u64, u64) {
        let end = self.now();
        self.ended = Some(end);
        (self.start, end)
    }

    /// The engine does something else between two codelets.
    pub(crate) fn turns_aside(&mut self) {
        self.follows = None;
    }

    /// In the middle of a body others begin. What is to be kept meanwhile.
    pub(crate) fn lays_aside(&mut self) -> Laid {
        // Theirs will not begin before it.
        self.now();
        Laid {
            cause: self.cause,
            ended: self.ended,
            start: self.start,
        }
    }

    /// The body goes on.
    pub(crate) fn takes_back(&mut self, laid: Laid) {
        Laid {
            cause: self.cause,
            ended: self.ended,
            start: self.start,
        } = laid;
    }
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::super::Trace;
    use super::*;

    /// So long after the end begins what is not read from the clock here: no clock gets there.
    const LATER: u64 = 1 << 60;

    /// A tracer behind a body's end, and what to remove. The next seven starts are not read, if it is right that they are not.
    fn tracer(name: &str) -> (Box<Tracer>, std::path::PathBuf) {
        let name = format!("sprat-tracer-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut tracer = Trace::create(&path, "", Vec::new()).unwrap().join();
        std::fs::remove_file(&path).unwrap();
        tracer.gap.start(0, LATER, || LATER);
        tracer.begins(true);
        (tracer, path)
    }

    fn parked() -> Event {
        Event::Parked {
            start: 1,
            end: 2,
            host: false,
        }
    }

    /// A body ends, something happens, and another one begins: whether its start was read.
    fn is_read(tracer: &mut Tracer, near: bool, between: impl FnOnce(&mut Tracer)) -> bool {
        let (_, end) = tracer.ends();
        tracer.note_end(&[parked()]);
        between(tracer);
        tracer.begins(near);
        tracer.start != end + LATER
    }

    #[test]
    fn a_start_is_read_unless_nothing_lay_before_it() {
        let (mut tracer, _) = tracer("read");
        let tracer = &mut *tracer;
        assert!(!is_read(tracer, true, |_| ()));
        assert!(is_read(tracer, false, |_| ()), "from elsewhere");
        assert!(is_read(tracer, true, Tracer::turns_aside));
        assert!(is_read(tracer, true, |tracer| {
            tracer.note(&[parked()]);
        }));
        assert!(is_read(tracer, true, |tracer| {
            // Another body ran in between that was not noted.
            tracer.begins(false);
        }));
        assert!(!is_read(tracer, true, |_| ()));
        // The ring is full: what has no room does not show in it.
        while tracer.ring.written() < super::super::CAPACITY as u64 {
            tracer.note(&[parked()]);
        }
        assert!(is_read(tracer, true, |_| ()), "nothing is noted");
    }

    /// In a body the clock is right, and its start is where the first look at it is if it was taken to be later.
    #[test]
    fn nothing_in_a_body_is_before_its_start() {
        let (mut tracer, _) = tracer("inside");
        assert!(!is_read(&mut tracer, true, |_| ()));
        let inside = tracer.time();
        assert_eq!(tracer.start, inside);
        assert!(tracer.now() >= inside);
        let (start, end) = tracer.ends();
        assert!(start == inside && inside <= end);
        // And one that is shorter than it was taken to be late is as long as nothing.
        tracer.note_end(&[parked()]);
        tracer.begins(true);
        let (start, end) = tracer.ends();
        assert_eq!(start, end);
    }

    /// Others that run in the middle of a body lie in it.
    #[test]
    fn bodies_in_a_body_are_not_before_its_start() {
        let (mut tracer, _) = tracer("nested");
        assert!(!is_read(&mut tracer, true, |_| ()));
        tracer.cause = (7, 1);
        let laid = tracer.lays_aside();
        tracer.begins(true);
        tracer.cause = (8, 1);
        let (inner, inner_end) = tracer.ends();
        tracer.note_end(&[parked()]);
        tracer.takes_back(laid);
        assert_eq!((tracer.cause, tracer.ended), ((7, 1), None));
        let (start, end) = tracer.ends();
        assert!(
            start <= inner && inner_end <= end,
            "{start} {inner} {inner_end} {end}"
        );
    }
}
