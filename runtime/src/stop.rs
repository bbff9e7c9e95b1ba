//! Whether the replay of a graph shall stop: what leads from outside to whoever is at work on it. How it is stopped is in
//! `replay/lanes/stop.rs`.

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};

/// See the module. One for each graph; it may outlive the graph.
pub(crate) struct Stop {
    /// Somebody asked, and nobody has answered. Who runs a lane looks at it between rounds.
    asked: AtomicBool,
    /// Somebody answers, or has.
    answered: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The graph is being replayed.
    open: bool,
    /// What the one who asked said, and whether it was the deadline.
    why: Option<(String, bool)>,
    /// The replay was stopped after so many rounds.
    rounds: Option<u32>,
}

/// How a replay was stopped.
pub(crate) struct Stopped {
    pub(crate) reason: String,
    pub(crate) by_deadline: bool,
    /// So many rounds ran.
    pub(crate) rounds: u32,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Stop {
            asked: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        }
    }

    /// A replay begins, and nobody works on the graph.
    pub(crate) fn open(&self) {
        let mut state = lock(&self.state);
        *state = State {
            open: true,
            ..State::default()
        };
        self.asked.store(false, Ordering::Relaxed);
        self.answered.store(false, Ordering::Relaxed);
    }

    /// The replay has ended.
    pub(crate) fn close(&self) -> Option<Stopped> {
        let state = std::mem::take(&mut *lock(&self.state));
        let (reason, by_deadline) = state.why?;
        Some(Stopped {
            reason,
            by_deadline,
            rounds: state.rounds?,
        })
    }

    /// Asks the replay to stop. False if there is none, or it was asked before.
    pub(crate) fn ask(&self, reason: &str, by_deadline: bool) -> bool {
        let mut state = lock(&self.state);
        if !state.open || state.why.is_some() {
            return false;
        }
        state.why = Some((reason.to_owned(), by_deadline));
        // Relaxed: it hands nothing on but itself.
        self.asked.store(true, Ordering::Relaxed);
        true
    }

    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether the caller is the one who answers.
    #[inline]
    pub(crate) fn claim(&self) -> bool {
        self.is_asked() && !self.answered.swap(true, Ordering::Relaxed)
    }

    /// The replay goes on, up to this round if it is one that would not have been the last. Called by who has claimed.
    pub(crate) fn answer(&self, rounds: Option<u32>) {
        lock(&self.state).rounds = rounds;
        self.asked.store(false, Ordering::Relaxed);
    }
}
