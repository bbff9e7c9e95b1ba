//! What fails, and what control engines do about it. They see what engines do and not what the machine's file says; what they conclude is
//! [`sprat::decide::health`]'s.

use crate::engine::{Call, Engine, State};
use crate::machine::description::Broken;
use crate::outcome::{Run, Standing};
use crate::simulation::{Event, HOST, STUCK_NS, Simulation};
use sprat::decide::dependence::Mode;
use sprat::decide::health::{Doing, Rules, Seen, Verdict};
use sprat::decide::route::{Destination, destination};
use sprat::{Error, ErrorKind};
use std::collections::BTreeSet;

/// What failures have done so far.
#[derive(Default)]
pub(crate) struct Losses {
    /// Blocks whose contents are lost, or were to be written by a codelet that failed or was skipped.
    poisoned: BTreeSet<u32>,
    /// Codelets that failed or were skipped.
    failed: BTreeSet<u32>,
    pub(crate) skipped: Vec<u32>,
    pub(crate) again: u64,
    /// Bytes that were asked for once more than the workload says, and less.
    pub(crate) asked_again: u64,
    pub(crate) not_asked: u64,
    pub(crate) verdicts: Vec<(u64, u16, Standing)>,
    /// The failures by which engines died.
    deaths: Vec<usize>,
}

impl Simulation<'_> {
    /// Something fails. Nobody is told.
    pub(crate) fn fails(&mut self, number: usize) {
        match self.machine.model.failures[number].what {
            Broken::Limps(xe, speed) => self.engines[usize::from(xe)].health = speed,
            Broken::Dies(xe) => {
                self.engines[usize::from(xe)].dead = true;
                self.losses.deaths.push(number);
            }
            Broken::Lost(region) => {
                let xes = self.regions[usize::from(region)].xes.clone();
                xes.into_iter().for_each(|xe| self.engines[xe].dead = true);
                self.losses.deaths.push(number);
                if let Some(data) = &mut self.data {
                    self.losses.poisoned.extend(data.lose(region.into()));
                }
            }
        }
    }

    /// Whether nothing that an engine had begun goes on: it has died, or it was given up and only shows that it lives.
    pub(crate) fn is_beyond(&mut self, xe: usize) -> bool {
        let engine = &mut self.engines[xe];
        if engine.dead {
            return true;
        }
        let is_off = engine.state == State::Off;
        engine.signs += u64::from(is_off);
        is_off
    }

    /// A body ended on an engine that was given up meanwhile, unless it is dead. Nobody waits for the result, but that bodies may take so long is known now: or the
    /// next engine would be given up for it, too.
    pub(crate) fn came_late(&mut self, xe: usize) {
        let engine = &mut self.engines[xe];
        if !engine.dead {
            let took_ns = self.now_ns - engine.body.start_ns;
            engine.longest_ns = engine.longest_ns.max(took_ns);
        }
    }

    /// Whether a control routine was begun on an engine that has died since, or was given up meanwhile.
    pub(crate) fn is_cut_off(&self, domain: usize, routine: u32) -> bool {
        let domain = &self.domains[domain];
        domain.begun != routine || domain.on.is_some_and(|xe| self.engines[xe].dead)
    }

    /// Whether nobody has run anything for long, and nobody will.
    pub(crate) fn waits_for_the_dead(&self) -> bool {
        if self.losses.deaths.is_empty() || self.machine.model.watch_ns.is_some() {
            return false;
        }
        let works = |engine: &Engine| {
            !engine.dead && matches!(engine.state, State::Running | State::Hosting)
        };
        self.now_ns - self.moved_ns >= STUCK_NS && !self.engines.iter().any(works)
    }

    /// The error for that.
    pub(crate) fn nobody_watches(&self) -> Option<Error> {
        let first = self.losses.deaths.first()?;
        if self.machine.model.watch_ns.is_some() {
            return None;
        }
        let line = &self.machine.model.failures[*first].line;
        let text = format!(
            "{line}: after this failure {} codelet(s) wait for ever, since no control engine watches its engines; add watch = \"1 ms\" to [control]",
            self.left
        );
        Some(Error::new(ErrorKind::Config, text))
    }

    /// Control engines begin to watch, if they are to.
    pub(crate) fn begin_to_watch(&mut self) {
        if let Some(ns) = self.machine.model.watch_ns {
            for domain in 0..self.domains.len() as u16 {
                self.later(ns, Event::Watch { domain });
            }
        }
    }

    /// A control engine looks at the health of its engines, and will look again.
    pub(crate) fn watch_health(&mut self, domain: usize) {
        let seen = |engine: &Engine| Seen {
            doing: match engine.state {
                // The host does what it likes.
                State::Asleep | State::Off | State::Hosting => Doing::Asleep,
                State::Searching | State::Waking | State::Controlling => Doing::Looks,
                State::Running => Doing::Runs,
            },
            signs: engine.signs,
            ended: engine.tally.ran,
            busy_ns: engine.tally.busy_ns,
            longest_ns: engine.longest_ns,
        };
        let longest_ns = self.engines.iter().map(|engine| engine.longest_ns).max();
        let xes = self.domains[domain].xes.clone();
        let costs = &self.machine.costs;
        let takes_ns = costs.control_ns + costs.control_each_ns * xes.len() as u64;
        // A routine and a wake-up last as long as the machine says, and nobody shows a sign meanwhile.
        let kinds = &self.machine.model.kinds;
        let longer_ns = kinds.iter().map(|kind| kind.wake_ns).max().unwrap_or(0);
        let wake_ns = costs.wake_ns.saturating_add(longer_ns);
        let rules = Rules::where_silence_lasts(wake_ns.saturating_add(self.routine_ns(domain)));
        let state = &mut self.domains[domain];
        state.routines += 1;
        state.routines_ns += takes_ns;
        let engines = self.engines[xes.clone()].iter().map(seen);
        let elsewhere_ns = longest_ns.unwrap_or(0);
        let verdicts = state
            .health
            .look(self.now_ns, engines, (elsewhere_ns, true), &rules);
        for verdict in verdicts {
            let (at, standing) = match verdict {
                Verdict::Trust(at) => (at, Standing::Trusted),
                Verdict::Relieve(at) => (at, Standing::Relieved),
                Verdict::GiveUp(at) => (at, Standing::GivenUp),
            };
            let xe = xes.start + at;
            let told = (self.now_ns, xe as u16, standing);
            self.losses.verdicts.push(told);
            self.engines[xe].shunned = standing != Standing::Trusted;
            match standing {
                Standing::GivenUp => self.give_up(xe),
                Standing::Relieved => self.relieve(xe),
                Standing::Trusted => (),
            }
            if standing != Standing::GivenUp && self.engines[xe].state == State::Off {
                self.set_state(xe, State::Searching);
                self.step(xe);
            }
        }
        if let Some(ns) = self.machine.model.watch_ns {
            let domain = domain as u16;
            self.later(ns, Event::Watch { domain });
        }
    }

    /// What waits at an engine and may be run by others goes elsewhere.
    fn relieve(&mut self, xe: usize) {
        let domain = self.engines[xe].domain;
        let mut waiting = Vec::new();
        while let Some(id) = self.take_oldest(xe) {
            waiting.push(id);
        }
        let posted = std::mem::take(&mut self.engines[xe].inbox);
        self.domains[domain].posted -= posted.len();
        waiting.extend(posted);
        waiting.into_iter().for_each(|id| self.place(id, domain));
    }

    /// An engine is taken for dead.
    fn give_up(&mut self, xe: usize) {
        let (state, domain) = (self.engines[xe].state, self.engines[xe].domain);
        self.set_state(xe, State::Off);
        let (engine, of) = (&mut self.engines[xe], &mut self.domains[domain]);
        if engine.rests_since_ns.take().is_some() && of.call == Call::Heard {
            of.call = Call::None;
        }
        if matches!(state, State::Searching | State::Waking) {
            of.searching -= 1;
        }
        let region = usize::from(engine.here.region);
        let kept = engine.kept.take();
        let pinned = std::mem::take(&mut engine.pinned);
        if state == State::Controlling && of.on == Some(xe) {
            (of.controlling, of.on) = (false, None);
            of.begun = of.begun.wrapping_add(1);
            of.decisions.clear();
            of.requested = false;
            self.request(domain);
        }
        if state == State::Running {
            let codelet = self.engines[xe].body.codelet;
            match self.workload.repeatable {
                true => {
                    self.losses.again += 1;
                    self.losses.asked_again += self.workload.bytes_of(codelet as usize);
                    self.place(codelet, domain);
                }
                false => self.fail(codelet, xe),
            }
        }
        kept.into_iter().for_each(|id| self.place(id, domain));
        self.relieve(xe);
        pinned.into_iter().for_each(|id| self.place(id, domain));
        // It may be who was woken for them.
        let work = std::mem::take(&mut self.regions[region].work);
        work.into_iter().for_each(|id| self.place(id, domain));
        if self.refuge(domain) != domain {
            let work = std::mem::take(&mut self.domains[domain].injector);
            work.into_iter().for_each(|id| self.place(id, domain));
        } else if self.has_work_in(domain) {
            // Somebody may have counted on it.
            self.notify(domain);
        }
    }

    fn has_work_in(&self, domain: usize) -> bool {
        let domain = &self.domains[domain];
        domain.queued + domain.posted + domain.injector.len() > 0
    }

    /// Whether no engine of a region is left.
    fn is_deserted(&self, region: usize) -> bool {
        let mut xes = self.regions[region].xes.iter();
        xes.all(|xe| self.engines[*xe].state == State::Off)
    }

    /// The domain itself, or if all its engines were given up the next one.
    fn refuge(&self, domain: usize) -> usize {
        let count = self.domains.len();
        let mut others = (0..count).map(|step| (domain + step) % count);
        let has_engines = |at: &usize| self.domains[*at].off < self.domains[*at].xes.len();
        others.find(has_engines).unwrap_or(domain)
    }

    /// Where a codelet goes, or the own queue if nobody is there any more who should have it.
    pub(crate) fn open_to_work(&self, to: Destination) -> Destination {
        let is_closed = match to {
            Destination::Inbox(xe) => self.engines[usize::from(xe)].shunned,
            Destination::Pinned(xe) => self.engines[usize::from(xe)].state == State::Off,
            Destination::Region(region) => {
                self.domains.iter().any(|domain| domain.off > 0) && self.is_deserted(region.into())
            }
            Destination::Own | Destination::Control => false,
        };
        if is_closed { Destination::Own } else { to }
    }

    /// A control engine finds another place for a ready codelet.
    fn place(&mut self, id: u32, domain: usize) {
        let affinity = self.workload.codelets[id as usize].affinity;
        match self.open_to_work(destination(affinity, None)) {
            Destination::Own | Destination::Control => {
                let refuge = self.refuge(domain);
                self.domains[refuge].injector.push_back(id);
                self.notify(refuge);
            }
            to => self.deliver(id, to, HOST),
        }
    }

    /// A codelet that was started will never end: what it was to write is lost, and so are its children.
    fn fail(&mut self, codelet: u32, xe: usize) {
        self.left -= 1;
        self.moved_ns = self.now_ns;
        self.runs.push(Run {
            codelet,
            xe: self.engines[xe].here.xe,
            start_ns: self.now_ns,
            end_ns: self.now_ns,
        });
        self.ended(codelet, true);
        let domain = self.engines[xe].domain;
        for child in self.children_of(codelet) {
            let child = self.children[child];
            self.place(child, domain);
        }
        let workload = self.workload;
        let mut ready = Vec::new();
        let codelet_told = &workload.codelets[codelet as usize];
        self.dependences.leave(codelet, codelet_told, &mut ready);
        ready.into_iter().for_each(|id| self.place(id, domain));
    }

    /// Whether a codelet would read what is lost, or is the child of one that failed.
    pub(crate) fn is_skipped(&self, codelet: u32) -> bool {
        let losses = &self.losses;
        if losses.poisoned.is_empty() && losses.failed.is_empty() {
            return false;
        }
        let what = &self.workload.codelets[codelet as usize];
        let mut reads = what.accesses.iter().filter(|access| access.mode.reads());
        what.parent
            .is_some_and(|parent| losses.failed.contains(&parent))
            || reads.any(|access| losses.poisoned.contains(&access.block))
    }

    /// A codelet has ended, or was skipped: what it wrote is good, or poisoned.
    pub(crate) fn ended(&mut self, codelet: u32, skipped: bool) {
        let losses = &mut self.losses;
        if skipped {
            losses.failed.insert(codelet);
            losses.skipped.push(codelet);
        }
        if losses.poisoned.is_empty() && !skipped {
            return;
        }
        for access in &self.workload.codelets[codelet as usize].accesses {
            match access.mode {
                Mode::Read => (),
                _ if skipped => _ = losses.poisoned.insert(access.block),
                _ if access.part().is_none() => _ = losses.poisoned.remove(&access.block),
                _ => (),
            }
        }
    }
}
