//! Whether the replay of a graph shall stop: what leads from outside to whoever is at work on it. How it is stopped is in
//! `replay/lanes/stop.rs`.

use crate::mutants::mutant;
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
    /// Counts the graph's replays.
    replay: u64,
    /// The graph is being replayed.
    open: bool,
    /// What the one who asked said, and whether it was the deadline.
    why: Option<(String, bool)>,
    /// The replay was stopped after so many rounds.
    rounds: Option<u32>,
}

/// How a replay was stopped, or asked to.
pub(crate) struct Stopped {
    pub(crate) reason: String,
    pub(crate) by_deadline: bool,
    /// So many rounds ran; `None` if all of them did, since the last one had begun.
    pub(crate) rounds: Option<u32>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Stop {
            asked: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            state: Mutex::new(State::default()),
        }
    }

    /// A replay begins, and nobody works on the graph. Its number.
    pub(crate) fn open(&self) -> u64 {
        let mut state = lock(&self.state);
        *state = State {
            replay: state.replay + 1,
            open: true,
            ..State::default()
        };
        self.asked.store(false, Ordering::Relaxed);
        self.answered.store(false, Ordering::Relaxed);
        state.replay
    }

    /// The replay has ended.
    pub(crate) fn close(&self) -> Option<Stopped> {
        let mut state = lock(&self.state);
        state.open = false;
        let (reason, by_deadline) = state.why.take()?;
        Some(Stopped {
            reason,
            by_deadline,
            rounds: state.rounds,
        })
    }

    /// Asks the replay to stop: the one with this number (who was late shall not stop the next one), or whichever is under
    /// way. False if there is none, or it was asked before.
    pub(crate) fn ask(&self, replay: Option<u64>, reason: &str, by_deadline: bool) -> bool {
        let mut state = lock(&self.state);
        let is_it = replay.is_none_or(|replay| replay == state.replay);
        if !state.open || !is_it || state.why.is_some() {
            return false;
        }
        state.why = Some((reason.to_owned(), by_deadline));
        // Relaxed: it hands nothing on but itself.
        self.asked.store(true, Ordering::Relaxed);
        true
    }

    /// Asks the replay to stop after a round, from where it will go on. Called by who works on it. Nothing, once somebody has asked for the
    /// end: that may be answered, and then nobody would answer this, while lanes still run up to the last round.
    pub(crate) fn pause(&self) {
        let state = lock(&self.state);
        if state.why.is_none() || mutant!("replay_pause_after_the_end") {
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// All lanes have ended after this round, which is not the last one of the replay. Whether the replay ends with it, since somebody asked
    /// for that: while lanes ran up to a pause, it may be.
    pub(crate) fn ends_after(&self, round: u32) -> bool {
        let mut state = lock(&self.state);
        if mutant!("replay_end_in_a_pause_forgotten") {
            return state.rounds.is_some();
        }
        let ends = state.why.is_some();
        if ends {
            state.rounds = Some(round);
        }
        ends
    }

    /// The replay begins or goes on after a pause, and nobody is at work. Who was late for the pause may have answered what was asked
    /// for after it, when no round was left to be stopped: that is still to be answered.
    pub(crate) fn go_on(&self) {
        let state = lock(&self.state);
        if state.why.is_some() && !mutant!("replay_asked_between_legs_forgotten") {
            self.answered.store(false, Ordering::Relaxed);
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether the caller is the one who answers.
    #[inline]
    pub(crate) fn claim(&self) -> bool {
        // Not a swap: who is late for one pause would write over who has answered it.
        let claim = |answered: &AtomicBool| {
            answered.compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed)
        };
        self.is_asked() && claim(&self.answered).is_ok()
    }

    /// The replay goes on, up to this round if it is one that would not have been the last. Called by who has claimed.
    pub(crate) fn answer(&self, rounds: Option<u32>) {
        let mut state = lock(&self.state);
        self.asked.store(false, Ordering::Relaxed);
        match state.why {
            // Who answers late, when all lanes have ended, knows less than who led them.
            Some(_) if state.rounds.is_some() && !mutant!("replay_late_answer") => (),
            Some(_) => state.rounds = rounds,
            // A pause; somebody may ask for the end later.
            None if mutant!("replay_pause_is_for_good") => (),
            None => self.answered.store(false, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_late_for_one_replay_does_not_stop_the_next() {
        let stop = Stop::new();
        let first = stop.open();
        assert!(stop.close().is_none());
        assert!(!stop.ask(Some(first), "between them", true));
        let second = stop.open();
        assert!(!stop.ask(Some(first), "its deadline was that of the first", true));
        assert!(!stop.is_asked() && stop.close().is_none());
        let third = stop.open();
        assert!(second != third && stop.ask(Some(third), "in time", true));
        assert!(!stop.ask(None, "asked already", false));
        stop.answer(Some(7));
        let stopped = stop.close().expect("it was asked");
        assert_eq!((stopped.rounds, stopped.by_deadline), (Some(7), true));
        stop.open();
        assert!(stop.ask(None, "whichever is under way", false));
    }

    #[test]
    fn a_pause_is_nothing_once_somebody_has_asked_for_the_end() {
        let stop = Stop::new();
        stop.open();
        stop.pause();
        assert!(stop.claim());
        stop.answer(Some(3));
        assert!(!stop.is_asked() && !stop.ends_after(3));
        // It goes on; now it is to end, and lanes run up to the last round.
        assert!(stop.ask(None, "enough", false) && stop.claim());
        stop.answer(Some(7));
        stop.pause();
        assert!(!stop.is_asked() && stop.ends_after(7));
    }

    #[test]
    fn who_asks_between_two_legs_gets_it_whoever_answers_too_late() {
        let stop = Stop::new();
        stop.open();
        stop.pause();
        assert!(stop.claim());
        stop.answer(Some(3));
        assert!(!stop.ends_after(3));
        // One of those who were at work comes late, and finds all lanes at their end.
        assert!(stop.ask(None, "enough", false) && stop.claim());
        stop.answer(None);
        assert!(!stop.is_asked());
        stop.go_on();
        assert!(stop.claim(), "the next leg finds it");
        stop.answer(Some(4));
        assert!(stop.ends_after(4));
    }

    #[test]
    fn who_asks_for_the_end_while_lanes_run_up_to_a_pause_gets_it_there() {
        let stop = Stop::new();
        stop.open();
        stop.pause();
        assert!(stop.claim());
        stop.answer(Some(3));
        // No round before the third is still to begin.
        assert!(stop.ask(None, "enough", false) && stop.claim());
        assert!(stop.ends_after(3));
        stop.answer(None);
        assert_eq!(stop.close().and_then(|stopped| stopped.rounds), Some(3));
    }
}
