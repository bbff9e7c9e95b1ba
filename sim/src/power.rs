//! How the policies' decisions about engines and their states are carried out. What they decide is [`sprat::decide::power`]'s.

use crate::engine::State;
use crate::simulation::{Event, HOST, Simulation};
use sprat::decide::power::{
    Allotment, Demand, LOOK_NS, Policy, Range, State as PowerState, View, WHOLE, allot, share,
};
use sprat::{Error, ErrorKind, Result};

/// What a control engine knows of its domain's power.
pub(crate) struct Power {
    pub(crate) allotment: Allotment,
    states: Vec<PowerState>,
    /// What it may draw at most.
    cap_uw: Option<u64>,
    demand: Demand,
    /// Times in bodies, and in them for computing, at the last look.
    busy_ns: u64,
    computed_ns: u64,
}

impl Simulation<'_> {
    /// Whether control engines look at power: else all engines may work, in their first state.
    fn has_power_rules(&self) -> bool {
        self.machine.policy != Policy::Performance || self.cap_uw().is_some()
    }

    fn cap_uw(&self) -> Option<u64> {
        self.machine.model.cap_uw
    }

    /// What each domain may draw. Errors: `Config` if the cap cannot be held.
    fn caps(&self) -> Result<Vec<Option<u64>>> {
        let Some(cap_uw) = self.cap_uw() else {
            return Ok(vec![None; self.domains.len()]);
        };
        let ranges: Vec<Range> = (self.power.iter().zip(&self.domains))
            .map(|(power, domain)| {
                let kind = &self.machine.model.kinds[self.engines[domain.xes.start].kind];
                Range::new(domain.xes.len(), &power.states, kind.asleep_uw)
            })
            .collect();
        if let Some(shares) = share(cap_uw, &ranges) {
            return Ok(shares.into_iter().map(Some).collect());
        }
        let least: u64 = ranges.iter().map(|range| range.least_uw).sum();
        let watts = |uw: u64| uw as f64 / 1e6;
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "the cap of {} W cannot be held: with one engine at work in each of {} domains, in its slowest state, and the others asleep the engines \
                 draw {} W; raise the cap to that or more, or give the machine fewer domains or states that draw less",
                watts(cap_uw),
                ranges.len(),
                watts(least)
            ),
        ))
    }

    /// Before all begins. Errors: `Config` if there is a cap that cannot be held.
    pub(crate) fn begin_power(&mut self) -> Result<()> {
        if !self.has_power_rules() {
            return Ok(());
        }
        for domain in 0..self.domains.len() {
            let first = &self.engines[self.domains[domain].xes.start];
            let kind = &self.machine.model.kinds[first.kind];
            let states = kind.states.iter().map(|state| PowerState {
                speed: (state.speed * f64::from(WHOLE)).round() as u32,
                busy_uw: state.active_uw + state.leakage_uw,
                idle_uw: state.searching_uw + state.leakage_uw,
            });
            self.power.push(Power {
                allotment: Allotment {
                    engines: self.domains[domain].xes.len(),
                    state: 0,
                },
                states: states.collect(),
                cap_uw: None,
                demand: Demand::default(),
                busy_ns: 0,
                computed_ns: 0,
            });
        }
        for (domain, cap_uw) in self.caps()?.into_iter().enumerate() {
            self.power[domain].cap_uw = cap_uw;
            self.look_at_power(domain);
        }
        Ok(())
    }

    /// A control engine looks at its domain's power, and will look again.
    pub(crate) fn look_at_power(&mut self, domain: usize) {
        let xes = self.domains[domain].xes.clone();
        let left = xes.len() - self.domains[domain].off;
        if left == 0 {
            let domain = domain as u16;
            return self.later(LOOK_NS, Event::Power { domain });
        }
        let kind = &self.machine.model.kinds[self.engines[xes.start].kind];
        let engines = &self.engines[xes.clone()];
        let busy_ns: u64 = engines.iter().map(|engine| engine.tally.busy_ns).sum();
        let computed_ns: u64 = engines.iter().map(|engine| engine.computed_ns).sum();
        let working = engines
            .iter()
            .filter(|engine| matches!(engine.state, State::Running | State::Hosting))
            .count();
        let posted: usize = engines
            .iter()
            .map(|engine| engine.inbox.len() + engine.pinned.len())
            .sum();
        let queued = self.queued(domain);
        let power = &mut self.power[domain];
        let work = power.demand.seen(working + posted + queued);
        let passed_ns = busy_ns - power.busy_ns;
        let waited_ns = passed_ns.saturating_sub(computed_ns - power.computed_ns);
        let stalled = (u64::from(WHOLE) * waited_ns)
            .checked_div(passed_ns)
            .unwrap_or(0);
        let seen = View {
            engines: left,
            work,
            working,
            state: power.allotment.state,
            stalled: stalled as u32,
            memory_is_full: self.flows.as_ref().is_some_and(|flows| flows.is_full()),
            asleep_uw: kind.asleep_uw,
            rest_uw: 0,
            states: &power.states,
            cap_uw: power.cap_uw,
        };
        let allotment = allot(self.machine.policy, &seen);
        let power = &mut self.power[domain];
        (power.busy_ns, power.computed_ns) = (busy_ns, computed_ns);
        let before = std::mem::replace(&mut power.allotment, allotment).engines;
        let costs = &self.machine.costs;
        self.domains[domain].routines += 1;
        self.domains[domain].routines_ns += costs.control_ns;
        // Those who may work again look whether there is something.
        let more = allotment.engines.saturating_sub(before);
        (0..more.min(queued + posted)).for_each(|_| self.notify(domain));
        let domain = domain as u16;
        self.later(LOOK_NS, Event::Power { domain });
    }

    /// Whether an engine may not work now. The host's seat always may: somebody sits there.
    pub(crate) fn is_turned_off(&self, xe: usize) -> bool {
        let domain = self.engines[xe].domain;
        let (first, off) = (self.domains[domain].xes.start, self.domains[domain].off);
        // Of those that are left.
        let place = match off {
            0 => xe - first,
            _ => (first..xe)
                .filter(|xe| self.engines[*xe].state != State::Off)
                .count(),
        };
        xe != HOST
            && self
                .power
                .get(domain)
                .is_some_and(|power| place >= power.allotment.engines)
    }

    /// An engine is in its domain's state from now on.
    pub(crate) fn adopt_state(&mut self, xe: usize) {
        let Some(power) = self.power.get(self.engines[xe].domain) else {
            return;
        };
        let (state, most) = (
            power.allotment.state,
            self.machine.model.kinds[self.engines[xe].kind].states.len() - 1,
        );
        // What passed was in the old one.
        self.pass(xe);
        self.engines[xe].power = state.min(most);
    }

    /// An engine between two codelets that may not work any more goes to sleep, unless something is pinned to it.
    pub(crate) fn turn_off(&mut self, xe: usize) -> bool {
        if !self.is_turned_off(xe) || !self.engines[xe].pinned.is_empty() {
            return false;
        }
        let domain = self.engines[xe].domain;
        self.set_state(xe, State::Asleep);
        self.engines[xe].tally.parks += 1;
        self.fell_asleep(xe, domain);
        if self.queued(domain) > 0 || !self.engines[xe].inbox.is_empty() {
            self.notify(domain);
        }
        true
    }
}
