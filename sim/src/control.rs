//! Control engines: when they look, and how their decisions are carried out. What they decide is
//! [`sprat::decide::controller`]'s; when they look is the runtime's `control_engine.rs`, repeated here.

use crate::engine::{Engine, State};
use crate::outcome::Decided;
use crate::simulation::{Event, HOST, STUCK_NS, Simulation};
use sprat::decide::brokerage::OWN;
use sprat::decide::controller::{Decision, DomainView, POLL_NS, Watch, nap_ns};
use sprat::decide::plan::CeMode;
use std::ops::Range;

impl Simulation<'_> {
    /// The execution engine that is its domain's control engine, too. While the host sits there, the seat's own
    /// thread is free to be a control engine only, as in the shared mode.
    pub(crate) fn control_seat(&self, domain: usize) -> Option<usize> {
        let elastic = self.machine.plan.mode == CeMode::Elastic;
        let last = self.domains[domain].xes.end - 1;
        (elastic && last != HOST && self.engines[last].state != State::Off).then_some(last)
    }

    /// Whether an execution engine, being its domain's control engine, too, was asked to decide.
    pub(crate) fn is_asked_to_control(&self, xe: usize) -> bool {
        let domain = self.engines[xe].domain;
        self.control_seat(domain) == Some(xe) && self.domains[domain].requested
    }

    pub(crate) fn polls(&self, domain: usize) -> bool {
        self.machine.plan.polls(domain)
    }

    /// Control engines that poll begin to look, now and then.
    pub(crate) fn begin_to_poll(&mut self) {
        for domain in 0..self.domains.len() {
            if self.polls(domain) {
                self.set_timer(domain, POLL_NS, true);
            }
        }
    }

    /// Asks a control engine to decide.
    pub(crate) fn request(&mut self, domain: usize) {
        if std::mem::replace(&mut self.domains[domain].requested, true) {
            return;
        }
        let busy = |xe: usize| self.engines[xe].state != State::Asleep;
        if self.control_seat(domain).is_some_and(busy) {
            self.await_answer(domain);
        } else if !self.domains[domain].controlling {
            let trip_ns = match self.polls(domain) {
                true => 0,
                false => self.machine.costs.wake_ns,
            };
            self.set_timer(domain, trip_ns, true);
        }
    }

    /// An elastic control engine was asked, and has some time to answer.
    fn await_answer(&mut self, domain: usize) {
        let request = self.domains[domain].requests.wrapping_add(1);
        self.domains[domain].requests = request;
        // Not at once, where who was asked is at work itself: time has to pass.
        let silence_ns = self.machine.tuning.silence_ns.max(1);
        let domain = domain as u16;
        self.later(silence_ns, Event::Silence { domain, request });
    }

    /// The control engine will look in so many nanoseconds, and not at the time set before.
    pub(crate) fn set_timer(&mut self, domain: usize, ns: u64, asked: bool) {
        let timer = self.domains[domain].timer.wrapping_add(1);
        self.domains[domain].timer = timer;
        let domain = domain as u16;
        let event = Event::Control {
            domain,
            timer,
            asked,
        };
        self.later(ns, event);
    }

    /// An engine fell asleep though there are codelets left: a control engine watches from now on.
    pub(crate) fn fell_asleep(&mut self, xe: usize, domain: usize) {
        if self.control_seat(domain) == Some(xe) {
            let nap_ns = nap_ns(0, true, self.all_asleep());
            self.domains[domain].nap_ns = nap_ns;
            let requested = self.domains[domain].requested;
            let ns = if requested { 0 } else { nap_ns };
            self.set_timer(domain, ns, requested);
        } else {
            self.request(domain);
        }
    }

    /// The time has come at which a control engine was to look.
    pub(crate) fn control_is_due(&mut self, domain: usize, timer: u32, asked: bool) {
        let awake = |xe: usize| self.engines[xe].state != State::Asleep;
        // An elastic one that was woken meanwhile looks between two codelets.
        if timer != self.domains[domain].timer || self.control_seat(domain).is_some_and(awake) {
            return;
        }
        let all_asleep = self.all_asleep();
        let nap = &mut self.domains[domain].nap_ns;
        *nap = nap_ns(*nap, asked, all_asleep);
        if !self.begin_control(domain, None) && !self.above.is_empty() {
            // It has another duty just now, and may run a codelet when that is done.
            self.domains[domain].requested = true;
            if self.control_seat(domain).is_some() {
                self.await_answer(domain);
            }
        }
    }

    /// A request to a busy elastic control engine was not answered: a sleeper of the domain stands in.
    pub(crate) fn silence(&mut self, domain: usize, request: u32) {
        let asked = &self.domains[domain];
        let waits = asked.requested && asked.requests == request;
        if waits && self.domains[domain].asleep > 0 && !self.begin_control(domain, None) {
            // The sleeper has another duty just now.
            self.await_answer(domain);
        }
    }

    /// Runs the routine, on an execution engine or beside them, unless it runs already: then false.
    pub(crate) fn begin_control(&mut self, domain: usize, on: Option<usize>) -> bool {
        if std::mem::replace(&mut self.domains[domain].controlling, true) {
            return false;
        }
        self.domains[domain].requested = false;
        let seen = (self.observe(domain), usize::from(self.left > 0));
        let far = |to: usize, from: usize| self.way(to, from);
        let answer = (self.hierarchy).answer(domain, &[domain], seen, far, &self.machine.tuning);
        self.domains[domain].decisions = answer.decisions;
        self.domains[domain].asks = answer.asks;
        self.domains[domain].on = on;
        let takes_ns = self.routine_ns(domain);
        if on.is_none() {
            self.domains[domain].routines += 1;
            self.domains[domain].routines_ns += takes_ns;
        }
        let routine = self.domains[domain].begun.wrapping_add(1);
        self.domains[domain].begun = routine;
        let domain = domain as u16;
        self.later(takes_ns, Event::Decided { domain, routine });
        true
    }

    /// How long the routine of a domain's control engine takes, which looks at the engines of all domains that it sees.
    pub(crate) fn routine_ns(&self, domain: usize) -> u64 {
        let sees = self.domains[self.hierarchy.sees(domain)].iter();
        self.look_ns(sees.map(|domain| domain.xes.len()).sum())
    }

    /// How long a routine takes that looks at so much: engines, or domains of which others have looked at the engines.
    pub(crate) fn look_ns(&self, count: usize) -> u64 {
        let costs = &self.machine.costs;
        let each_ns = costs.control_each_ns.saturating_mul(count as u64);
        costs.control_ns.saturating_add(each_ns)
    }

    fn all_asleep(&self) -> bool {
        self.asleep + self.off == self.engines.len()
    }

    /// Engines of a domain that its power allows, and those beyond that are not done with what they run.
    fn may_work(&self, domain: usize) -> usize {
        let mut xes = self.domains[domain].xes.clone();
        if self.power.is_empty() {
            return xes.len() - self.domains[domain].off;
        }
        let works = |xe: &usize| !matches!(self.engines[*xe].state, State::Asleep | State::Off);
        xes.by_ref()
            .filter(|xe| !self.is_turned_off(*xe) || works(xe))
            .count()
    }

    /// Of these, sleepers.
    fn may_wake(&self, domain: usize) -> usize {
        match self.power.is_empty() {
            true => self.domains[domain].asleep,
            false => self.sleepers(domain).count(),
        }
    }

    fn observe(&mut self, own: usize) -> Vec<DomainView> {
        let xes = self.domains[own].xes.clone();
        let engine = |engine: &Engine| {
            let queued = !engine.own.is_empty() || !engine.inbox.is_empty();
            (queued, engine.tally.ran)
        };
        let engines = self.engines[xes].iter().map(engine);
        let stalled = self.domains[own].watch.stalled(engines, false);
        let mut watch = std::mem::take(&mut self.domains[own].watch);
        let views = self.views(self.hierarchy.sees(own), Some((own, stalled)), &mut watch);
        self.domains[own].watch = watch;
        views
    }

    /// What one sees of these domains, that remembers this of them; of its own one it knows how many engines are stalled.
    pub(crate) fn views(
        &self,
        domains: Range<usize>,
        own: Option<(usize, usize)>,
        watch: &mut Watch,
    ) -> Vec<DomainView> {
        let first = domains.start;
        let view = |domain: usize| {
            let (asleep, engines) = (self.may_wake(domain), self.may_work(domain));
            let started = self.domains[domain].started;
            let queued = self.queued(domain);
            DomainView {
                queued,
                asleep,
                engines,
                searching: self.domains[domain].searching,
                stalled: match own {
                    Some((own, stalled)) if own == domain => stalled,
                    _ => 0,
                },
                pace_ns: watch.pace_ns(
                    domain - first,
                    started,
                    queued,
                    engines.saturating_sub(asleep),
                    self.now_ns,
                ),
            }
        };
        domains.map(view).collect()
    }

    /// How far a domain's memory is from another one's engines, in tenths of what their own is; on machines without memory all
    /// are alike.
    pub(crate) fn way(&self, to: usize, from: usize) -> u64 {
        let region = |domain: usize| self.machine.plan.xes[self.domains[domain].xes.start].region;
        let regions = self.machine.model.preferences.as_ref();
        OWN + regions.map_or(0, |regions| regions.far(region(to) as u16)[region(from)])
    }

    /// What the control engine of a domain decided is done.
    pub(crate) fn carry_out(&mut self, by: usize, decisions: Vec<Decision>) {
        for decision in decisions {
            let at_ns = self.now_ns;
            self.decided.push(Decided {
                at_ns,
                by,
                decision,
            });
            match decision {
                Decision::Broker { from, to, count } => self.broker(from, to, count),
                Decision::Rouse { domain } => self.notify(domain),
                Decision::CheckStuck => {
                    self.is_stuck |= at_ns - self.moved_ns >= STUCK_NS;
                }
            }
        }
    }

    /// The routine ends: what it decided is done.
    pub(crate) fn decided(&mut self, by: usize) {
        let decisions = std::mem::take(&mut self.domains[by].decisions);
        self.carry_out(by, decisions);
        self.domains[by].controlling = false;
        if let Some(above) = self.domains[by].asks.take() {
            self.ask_above(above, &[by]);
        }
        if !self.above.is_empty() {
            self.serve_on(by);
        }
        if let Some(xe) = self.domains[by].on {
            // Also if it is asked once more.
            self.engines[xe].signs += 1;
            return self.step(xe);
        }
        let watches = self.asleep > 0;
        if self.domains[by].requested {
            self.set_timer(by, 0, true);
        } else if self.polls(by) {
            self.set_timer(by, POLL_NS, true);
        } else if watches {
            let nap_ns = nap_ns(0, true, false).max(self.domains[by].nap_ns);
            self.set_timer(by, nap_ns, false);
        }
    }

    /// Moves codelets from one domain's queues to another's.
    fn broker(&mut self, from: usize, to: usize, count: usize) {
        let mut moved = Vec::new();
        for xe in self.domains[from].xes.clone() {
            while moved.len() < count
                && let Some(id) = self.take_oldest(xe)
            {
                moved.push(id);
            }
        }
        while moved.len() < count
            && let Some(id) = self.domains[from].injector.pop_front()
        {
            moved.push(id);
        }
        let wakes = moved.len().min(self.domains[to].xes.len());
        self.domains[to].injector.extend(moved);
        (0..wakes).for_each(|_| self.notify(to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Description, Machine, Workload};

    /// Two domains of four engines, the last of each its control engine, too, and one above both.
    fn machine() -> Machine {
        let text = r#"name = "two"
root = "node"
[control]
mode = "elastic"
hierarchy = true
[engine.xe]
rate = "1 Gop/s"
[memory.dram]
home = true
capacity = "1 GiB"
latency = "100 ns"
bandwidth = "4 GB/s"
[group.node]
holds = ["2 block"]
memory = ["dram"]
[group.block]
holds = ["4 xe"]
domain = true
"#;
        let described = Description::read("two.toml", text).unwrap();
        described.build(None).unwrap()
    }

    /// The next event, which must be that a request of the second domain has waited for long.
    fn silence(simulation: &mut Simulation) -> u32 {
        let (at_ns, event) = simulation.calendar.next().expect("somebody waits");
        let Event::Silence { domain: 1, request } = event else {
            panic!("it is another event")
        };
        assert!(at_ns > simulation.now_ns);
        simulation.now_ns = at_ns;
        request
    }

    #[test]
    fn who_asks_an_elastic_one_is_heard_though_a_sleeper_has_another_duty() {
        let (machine, workload) = (machine(), Workload::flat(1, 1));
        let simulation = &mut Simulation::new(&machine, &workload);
        let seat = simulation.control_seat(1).unwrap();
        simulation.engines[seat].state = State::Running;
        simulation.domains[1].asleep = 3;
        // A sleeper is the one above just now.
        simulation.domains[1].controlling = true;
        simulation.request(1);
        for _ in 0..3 {
            let request = silence(simulation);
            simulation.silence(1, request);
            assert!(simulation.domains[1].requested);
        }
        simulation.domains[1].controlling = false;
        let request = silence(simulation);
        simulation.silence(1, request);
        let domain = &simulation.domains[1];
        assert!(domain.controlling && !domain.requested);
    }

    #[test]
    fn an_elastic_one_that_is_due_while_it_has_another_duty_is_heard_though_it_runs_something_next()
    {
        let (machine, workload) = (machine(), Workload::flat(1, 1));
        let simulation = &mut Simulation::new(&machine, &workload);
        simulation.domains[1].asleep = 4;
        simulation.domains[1].controlling = true;
        let timer = simulation.domains[1].timer;
        simulation.control_is_due(1, timer, true);
        let seat = simulation.control_seat(1).unwrap();
        simulation.engines[seat].state = State::Running;
        simulation.domains[1].controlling = false;
        let request = silence(simulation);
        simulation.silence(1, request);
        let domain = &simulation.domains[1];
        assert!(domain.controlling && !domain.requested);
    }
}
