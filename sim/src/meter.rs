//! What engines draw: whole femtojoules, microwatts times nanoseconds.

use crate::engine::State;
use crate::machine::description::EngineKind;

/// What an engine does, as far as energy is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Works,
    Searches,
    Sleeps,
}

impl From<State> for Activity {
    fn from(state: State) -> Self {
        match state {
            State::Hosting | State::Running | State::Controlling => Activity::Works,
            State::Searching | State::Waking => Activity::Searches,
            State::Asleep | State::Off => Activity::Sleeps,
        }
    }
}

/// Energies by part, in femtojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Engines at work, without what leaks.
    pub compute_fj: u128,
    /// Engines that look for work, and control engines' own cores that poll, without what leaks.
    pub idle_fj: u128,
    /// All that sleepers draw.
    pub asleep_fj: u128,
    /// What leaks while engines are awake.
    pub leakage_fj: u128,
    /// Control engines' routines on cores of their own.
    pub control_fj: u128,
    /// What moves data.
    pub movement_fj: u128,
}

impl Parts {
    /// All of it.
    pub fn total_fj(&self) -> u128 {
        self.compute_fj
            + self.idle_fj
            + self.asleep_fj
            + self.leakage_fj
            + self.control_fj
            + self.movement_fj
    }
}

/// An engine's meter.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    since_ns: u64,
    /// For each state of voltage and frequency the time at work, in search, and asleep.
    times: Vec<[u64; 3]>,
}

impl Meter {
    pub(crate) fn new(kind: &EngineKind) -> Self {
        Meter {
            since_ns: 0,
            times: vec![[0; 3]; kind.states.len()],
        }
    }

    /// It did this since the last call; what it drew goes to the parts.
    pub(crate) fn pass(
        &mut self,
        now_ns: u64,
        activity: Activity,
        state: usize,
        kind: &EngineKind,
        parts: &mut Parts,
    ) {
        let ns = now_ns - self.since_ns;
        self.since_ns = now_ns;
        self.times[state][activity as usize] += ns;
        let told = &kind.states[state];
        let drawn = |uw: u64| u128::from(uw) * u128::from(ns);
        match activity {
            Activity::Works => parts.compute_fj += drawn(told.active_uw),
            Activity::Searches => parts.idle_fj += drawn(told.searching_uw),
            Activity::Sleeps => parts.asleep_fj += drawn(kind.asleep_uw),
        }
        if activity != Activity::Sleeps {
            parts.leakage_fj += drawn(told.leakage_uw);
        }
    }

    /// All times together.
    pub(crate) fn time_ns(&self) -> u64 {
        self.times.iter().flatten().sum()
    }

    /// What it drew in all, from its times.
    pub(crate) fn energy_fj(&self, kind: &EngineKind) -> u128 {
        let states = self.times.iter().zip(&kind.states);
        let energy = states.map(|([works, searches, sleeps], state)| {
            u128::from(*works) * u128::from(state.active_uw + state.leakage_uw)
                + u128::from(*searches) * u128::from(state.searching_uw + state.leakage_uw)
                + u128::from(*sleeps) * u128::from(kind.asleep_uw)
        });
        energy.sum()
    }
}
