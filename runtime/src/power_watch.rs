//! What a control engine knows of what its engines draw and how fast they may be: the system's counters and controls of their processors, where there are any, and
//! the model ([`crate::decide::regulation`]) where not. What could not be had is said once.

use crate::decide::policy::Policy;
use crate::decide::power::{Allotment, Range, WHOLE};
use crate::decide::regulation::{ASLEEP_UW, Regulation, drawn_nj, modelled, preference};
use crate::energy_counters::{EnergyCounters, Part};
use crate::frequencies::Frequencies;
use std::path::PathBuf;

/// Where a domain's engines are.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// Of the system's files.
    pub(crate) root: PathBuf,
    /// The processors, if the engines are pinned to them.
    pub(crate) cpus: Vec<u32>,
    pub(crate) parts: Vec<Part>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct PowerWatch {
    /// `None` on machines that are not this one.
    pub(crate) ground: Option<Ground>,
    /// Somebody has asked, and what is drawn is counted since.
    begun: Option<u64>,
    counters: Option<EnergyCounters>,
    frequencies: Option<Frequencies>,
    /// What cannot be had, and why.
    pub(crate) notes: Vec<String>,
    pub(crate) regulation: Regulation,
    /// What the domain may draw, in microwatts.
    pub(crate) cap_uw: Option<u64>,
    pub(crate) allotted: Option<Allotment>,
    modelled_nj: u64,
    /// When that was added up last, and how long the engines had been at work by then.
    at_ns: u64,
    busy_ns: u64,
    /// The last that was known.
    pub(crate) drawn_nj: u64,
}

impl PowerWatch {
    /// From now on what is drawn is counted, if it was not already.
    pub(crate) fn begin(&mut self, now_ns: u64, busy_ns: u64) {
        if self.begun.is_some() {
            return;
        }
        (self.begun, self.at_ns, self.busy_ns) = (Some(now_ns), now_ns, busy_ns);
        let Some(ground) = &self.ground else {
            let note = "neither energy counters nor frequency controls: the topology is not that of this machine";
            return self.note(note.to_owned());
        };
        match EnergyCounters::of(&ground.root, &ground.parts, now_ns) {
            Ok(counters) => self.counters = Some(counters),
            Err(why) => self.note(why),
        }
    }

    /// Says this of what could not be had, once.
    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// From now on frequencies are set, if they can be and are not already.
    pub(crate) fn control(&mut self) {
        let ground = self.ground.as_ref();
        let Some(ground) = ground.filter(|ground| !ground.cpus.is_empty()) else {
            return;
        };
        if self.frequencies.is_some() {
            return;
        }
        match Frequencies::of(&ground.root, &ground.cpus) {
            Ok((frequencies, notes)) => {
                self.frequencies = Some(frequencies);
                notes.into_iter().for_each(|note| self.note(note));
            }
            Err(why) => self.note(why),
        }
    }

    /// From now on frequencies are as they were found, and others may set them.
    pub(crate) fn let_go(&mut self) {
        self.frequencies = None;
    }

    /// How long it is counted what is drawn, in nanoseconds.
    pub(crate) fn counted_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.begun.unwrap_or(now_ns))
    }

    /// Whether what is drawn is measured, and else modelled.
    pub(crate) fn is_measured(&self) -> bool {
        self.counters.is_some()
    }

    /// How fast engines are in each state.
    pub(crate) fn speeds(&self) -> &[u32] {
        let controls = self.frequencies.as_ref();
        controls.map_or(&[WHOLE], Frequencies::speeds)
    }

    /// How fast engines may be now, of [`WHOLE`]; `None` if that is not set.
    pub(crate) fn speed(&self) -> Option<u32> {
        let speeds = self.frequencies.as_ref()?.speeds();
        let state = self.allotted.map_or(0, |allotted| allotted.state);
        speeds.get(state).copied()
    }

    /// What the model says that so many engines draw at the least and at the most.
    pub(crate) fn range(&self, engines: usize) -> Range {
        Range::new(engines, &modelled(self.speeds()), ASLEEP_UW)
    }

    /// So many engines were at work so long together by now: what was drawn so far.
    pub(crate) fn draw(&mut self, engines: usize, now_ns: u64, busy_ns: u64) {
        let state = self.allotted.map_or(0, |allotted| allotted.state);
        let states = modelled(self.speeds());
        let state = &states[state.min(states.len() - 1)];
        let (passed_ns, worked_ns) = (
            now_ns.saturating_sub(self.at_ns),
            busy_ns.saturating_sub(self.busy_ns),
        );
        (self.at_ns, self.busy_ns) = (now_ns, busy_ns);
        let more_nj = drawn_nj(state, engines, passed_ns, worked_ns);
        self.modelled_nj = self.modelled_nj.saturating_add(more_nj);
        self.drawn_nj = match self.counters.as_mut().map(|all| all.read(now_ns)) {
            None => self.modelled_nj,
            Some(Ok(drawn_nj)) => {
                if let Some(note) = self.counters.as_mut().and_then(|all| all.note.take()) {
                    self.note(note);
                }
                drawn_nj
            }
            Some(Err(why)) => {
                self.note(why);
                self.counters = None;
                // What was found out by measurement says nothing of the model.
                self.regulation = Regulation::default();
                self.modelled_nj
            }
        };
    }

    /// Has the processors run in this state.
    pub(crate) fn set(&mut self, state: usize, policy: Policy) {
        let Some(frequencies) = &mut self.frequencies else {
            return;
        };
        let mut notes = Vec::new();
        if let Err(why) = frequencies.set(state, preference(policy), &mut notes) {
            notes.push(why);
            self.frequencies = None;
        }
        notes.into_iter().for_each(|note| self.note(note));
    }
}
