//! The simulation: events in the order of virtual time, and what engines do at each.

use crate::calendar::Calendar;
use crate::data::{Data, Transfer};
use crate::dependences::Dependences;
use crate::engine::{Domain, Engine, Region, State};
use crate::failures::Losses;
use crate::flows::Flows;
use crate::forward::Post;
use crate::machine::Machine;
use crate::outcome::{Decided, Moved, Outcome, Parts, Run};
use crate::power::Power;
use crate::workload::Workload;
use sprat::decide::hierarchy::Hierarchy;
use sprat::decide::route::Here;
use sprat::{Error, ErrorKind, Result};
use std::collections::BTreeSet;
use std::ops::Range;

/// The seat that the host sits in: it spawns there, then works there, as a host does in the runtime.
pub(crate) const HOST: usize = 0;

/// Control engines that find everybody asleep so long after the last start or end of a body will find that for ever.
pub(crate) const STUCK_NS: u64 = 200_000_000;

/// No simulation lasts so long: sums of times do not overflow.
const LATEST_NS: u64 = 1 << 62;

/// Something that happens. Small, as it is moved about in the calendar.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The host spawns its next codelet, or has spawned all.
    Spawn,
    /// A body ends on an engine.
    End {
        xe: u16,
        codelet: u32,
    },
    /// Transfers may have ended.
    Moved,
    /// Something fails.
    Fail {
        failure: u32,
    },
    /// A control engine looks at the health of its engines.
    Watch {
        domain: u16,
    },
    /// A control engine looks at its domain's power.
    Power {
        domain: u16,
    },
    /// The pause of an engine that has nothing to do is over, if it is still this one.
    Look {
        xe: u16,
        pause: u32,
    },
    /// An engine that was woken runs.
    Awake {
        xe: u16,
    },
    /// A control engine begins its routine: it was asked to, or its nap is over.
    Control {
        domain: u16,
        timer: u32,
        asked: bool,
    },
    /// A control engine's routine of this number ends.
    Decided {
        domain: u16,
        routine: u32,
    },
    /// The control engine in a post above those of domains begins to look, and has looked.
    Asked {
        post: u32,
    },
    Answered {
        post: u32,
    },
    /// A request to an elastic control engine that is busy, of this number, has waited for long.
    Silence {
        domain: u16,
        request: u32,
    },
}

// The calendar moves entries of 24 bytes about.
const _: () = assert!(size_of::<Event>() == 8);

/// The state of a simulation.
pub(crate) struct Simulation<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) workload: &'a Workload,
    pub(crate) now_ns: u64,
    pub(crate) calendar: Calendar<Event>,
    pub(crate) engines: Vec<Engine>,
    pub(crate) domains: Vec<Domain>,
    /// Who asks whom, and those above the domains' control engines.
    pub(crate) hierarchy: Hierarchy,
    pub(crate) above: Vec<Post>,
    pub(crate) regions: Vec<Region>,
    pub(crate) dependences: Dependences,
    spawned: usize,
    /// For each codelet where its children begin in `children`, if any codelet has some; one more at the end.
    child_starts: Vec<u32>,
    pub(crate) children: Vec<u32>,
    pub(crate) runs: Vec<Run>,
    pub(crate) data: Option<Data<'a>>,
    pub(crate) flows: Option<Flows>,
    /// When the calendar has a look at the flows, if it has one.
    pub(crate) flows_ns: u64,
    /// Sleeping engines, and domains that sleep altogether.
    pub(crate) asleep: usize,
    /// Engines that were given up.
    pub(crate) off: usize,
    pub(crate) asleep_domains: BTreeSet<usize>,
    /// The rate of the fastest engine.
    pub(crate) best_rate: f64,
    pub(crate) energy: Parts,
    /// Each domain's, if there are rules for it.
    pub(crate) power: Vec<Power>,
    /// Something can fail or be given up.
    fails: bool,
    /// What failures have done.
    pub(crate) losses: Losses,
    /// What went wrong first.
    pub(crate) error: Option<Error>,
    /// Room that is used again and again.
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) path: Vec<u32>,
    pub(crate) ready: Vec<u32>,
    pub(crate) decided: Vec<Decided>,
    /// Codelets that have not ended.
    pub(crate) left: usize,
    /// When a body started or ended last.
    pub(crate) moved_ns: u64,
    /// Nothing will ever start again.
    pub(crate) is_stuck: bool,
}

/// Simulates a workload on a machine.
///
/// # Errors
/// [`Access`](sprat::ErrorKind::Access) and [`Config`](sprat::ErrorKind::Config) for a codelet that the runtime would
/// refuse, too, for blocks that have no room on the machine, and for a power cap that cannot be held; one that says so if codelets wait and nobody will ever start them,
/// since a decision is wrong; [`Check`](sprat::ErrorKind::Check) if the outcome contradicts itself.
pub fn simulate(machine: &Machine, workload: &Workload) -> Result<Outcome> {
    simulate_and_tell(machine, workload, |_| ())
}

/// The same; `tell` hears now and then how many codelets have not ended yet.
///
/// # Errors
/// As [`simulate`].
pub fn simulate_and_tell(
    machine: &Machine,
    workload: &Workload,
    mut tell: impl FnMut(usize),
) -> Result<Outcome> {
    let in_region = |region| {
        let mut xes = machine.plan.xes.iter();
        xes.any(|xe| xe.region == usize::from(region))
    };
    // All at once, since within a scope codelets and blocks have other numbers.
    workload.check(machine.plan.xes.len(), in_region)?;
    if workload.scopes.is_empty() {
        return simulate_scope(machine, workload, &mut tell);
    }
    let scopes = workload.scope_ranges()?;
    if let Some(failure) = machine.model.failures.first() {
        let text = format!(
            "{}: the workload has {} scopes, and what fails in one is not known in the next; leave failures out, or give a workload of one scope",
            failure.line,
            scopes.len()
        );
        return Err(Error::new(ErrorKind::Config, text));
    }
    let mut all: Option<Outcome> = None;
    let mut left = workload.codelets.len();
    for range in scopes {
        left -= range.len();
        let scope = workload.scope(range)?;
        let outcome = simulate_scope(machine, &scope, &mut |of_scope| tell(left + of_scope))?;
        match &mut all {
            None => all = Some(outcome),
            Some(all) if all.makespan_ns + outcome.makespan_ns >= LATEST_NS => {
                return Err(too_long(all.makespan_ns));
            }
            Some(all) => all.then(outcome),
        }
    }
    Ok(all.unwrap_or_default())
}

fn too_long(now_ns: u64) -> Error {
    let text = format!(
        "what comes after {now_ns} ns is beyond what is simulated, {LATEST_NS} ns (146 years): an engine is far too slow, or a codelet far too long"
    );
    Error::new(ErrorKind::Config, text)
}

fn simulate_scope(
    machine: &Machine,
    workload: &Workload,
    tell: &mut dyn FnMut(usize),
) -> Result<Outcome> {
    let mut simulation = Simulation::new(machine, workload);
    simulation.begin_power()?;
    simulation.begin_to_poll();
    simulation.begin_to_watch();
    for (number, told) in (0..).zip(&machine.model.failures) {
        let event = Event::Fail { failure: number };
        simulation.calendar.enter(told.at_ns, event);
    }
    simulation.set_state(HOST, State::Hosting);
    simulation
        .calendar
        .enter(machine.costs.spawn_ns, Event::Spawn);
    let mut events = 0u32;
    while simulation.left > 0 {
        events = events.wrapping_add(1);
        if events.is_multiple_of(1 << 16) {
            tell(simulation.left);
        }
        let Some((at_ns, event)) = simulation.calendar.next() else {
            return Err(simulation.stuck());
        };
        if at_ns >= LATEST_NS {
            return Err(too_long(simulation.now_ns));
        }
        simulation.now_ns = at_ns;
        simulation.happens(event);
        if let Some(error) = simulation.error {
            return Err(error);
        }
        if simulation.is_stuck {
            return Err(simulation.stuck());
        }
    }
    let outcome = simulation.outcome();
    simulation.check(&outcome)?;
    Ok(outcome)
}

impl<'a> Simulation<'a> {
    pub(crate) fn new(machine: &'a Machine, workload: &'a Workload) -> Self {
        let model = &machine.model;
        let engine = |(number, xe): (usize, &sprat::decide::plan::XePlan)| {
            let here = Here {
                xe: number as u16,
                region: xe.region as u16,
            };
            let kind = model.engines[number].kind as usize;
            Engine::new(here, xe.domain, (kind, &model.kinds[kind]))
        };
        let has_data = model.has_memory() && !workload.sizes.is_empty();
        let data = has_data.then(|| {
            let mut sizes = workload.sizes.clone();
            sizes.resize(workload.blocks(), 0);
            Data::new(model, &sizes)
        });
        let bandwidths = || model.ways.iter().map(|way| way.bandwidth).collect();
        let (child_starts, children) = children(workload);
        let rates = model
            .engines
            .iter()
            .map(|engine| model.kinds[engine.kind as usize].rate);
        let domains = machine.plan.domains.len();
        let hierarchy = model.hierarchy.clone();
        let hierarchy = hierarchy.unwrap_or_else(|| Hierarchy::flat(domains));
        let above = hierarchy.posts() - domains;
        Simulation {
            hierarchy,
            above: std::iter::repeat_with(Post::default).take(above).collect(),
            machine,
            workload,
            now_ns: 0,
            calendar: Calendar::new(),
            engines: machine.plan.xes.iter().enumerate().map(engine).collect(),
            domains: machine.plan.domains.iter().map(Domain::new).collect(),
            regions: regions(machine),
            dependences: Dependences::new(workload.blocks(), workload.codelets.len()),
            spawned: 0,
            child_starts,
            children,
            runs: Vec::with_capacity(workload.codelets.len()),
            flows: (has_data && model.fair).then(|| Flows::new(bandwidths())),
            data,
            flows_ns: u64::MAX,
            asleep: machine.plan.xes.len(),
            off: 0,
            asleep_domains: (0..domains).collect(),
            best_rate: rates.fold(0.0, f64::max),
            energy: Parts::default(),
            power: Vec::new(),
            fails: model.watch_ns.is_some() || !model.failures.is_empty(),
            losses: Losses::default(),
            error: None,
            transfers: Vec::new(),
            path: Vec::new(),
            ready: Vec::new(),
            decided: Vec::new(),
            left: workload.codelets.len(),
            moved_ns: 0,
            is_stuck: false,
        }
    }

    fn outcome(&mut self) -> Outcome {
        for xe in 0..self.engines.len() {
            self.pass(xe);
        }
        let mut runs = std::mem::take(&mut self.runs);
        runs.sort_by_key(|run| (run.start_ns, run.codelet));
        let mut energy = self.energy;
        for (own_fj, all_fj) in self.controls_fj() {
            energy.control_fj += own_fj;
            energy.idle_fj += all_fj - own_fj;
        }
        let moved = self.data.as_ref().map(Data::moved).unwrap_or_default();
        energy.movement_fj = moved.iter().map(|(_, energy)| energy).sum();
        let levels = self.machine.model.levels.iter().zip(moved);
        let moved = levels.map(|(level, (bytes, energy_fj))| Moved {
            level: level.clone(),
            bytes,
            energy_fj,
        });
        let routines = |domain: &Domain| (domain.routines, domain.routines_ns);
        Outcome {
            makespan_ns: self.now_ns,
            runs,
            engines: self.engines.iter().map(|engine| engine.tally).collect(),
            decisions: std::mem::take(&mut self.decided),
            routines: self.domains.iter().map(routines).collect(),
            above: self.tell_above(),
            moved: moved.collect(),
            homes: self
                .data
                .as_ref()
                .map_or(Vec::new(), |data| data.homes().to_vec()),
            energy,
            skipped: std::mem::take(&mut self.losses.skipped),
            too_late: (self.machine.model.failures.iter())
                .filter(|failure| failure.at_ns > self.now_ns)
                .count(),
            again: self.losses.again,
            verdicts: std::mem::take(&mut self.losses.verdicts),
        }
    }

    /// What each control engine that has a core of its own drew: in its routine, and in all.
    pub(crate) fn controls_fj(&self) -> Vec<(u128, u128)> {
        let model = &self.machine.model;
        let one = |(number, domain): (usize, &Domain)| {
            let kind = &model.kinds[model.control.unwrap_or(self.engines[domain.xes.start].kind)];
            let state = &kind.states[0];
            let own_ns = domain.routines_ns.min(self.now_ns);
            let own = u128::from(state.active_uw + state.leakage_uw) * u128::from(own_ns);
            let rest_ns = if self.polls(number) {
                self.now_ns - own_ns
            } else {
                0
            };
            (
                own,
                own + u128::from(state.searching_uw + state.leakage_uw) * u128::from(rest_ns),
            )
        };
        self.domains.iter().enumerate().map(one).collect()
    }

    /// An engine is in this state from now on.
    pub(crate) fn set_state(&mut self, xe: usize, state: State) {
        let before = self.engines[xe].state;
        if before == state {
            return;
        }
        self.pass(xe);
        self.engines[xe].state = state;
        // What is done to it is no sign.
        self.engines[xe].signs += u64::from(state != State::Off);
        let (was, is) = (before == State::Asleep, state == State::Asleep);
        let off = |state| usize::from(state == State::Off);
        let number = self.engines[xe].domain;
        let domain = &mut self.domains[number];
        domain.off = domain.off + off(state) - off(before);
        self.off = self.off + off(state) - off(before);
        if was == is && off(before) == off(state) {
            return;
        }
        let (fewer, more) = (usize::from(was), usize::from(is));
        domain.asleep = domain.asleep + more - fewer;
        self.asleep = self.asleep + more - fewer;
        let all_sleep = domain.asleep > 0 && domain.asleep + domain.off == domain.xes.len();
        match all_sleep {
            true => _ = self.asleep_domains.insert(number),
            false => _ = self.asleep_domains.remove(&number),
        }
    }

    /// What an engine drew in its state until now is counted.
    pub(crate) fn pass(&mut self, xe: usize) {
        let engine = &mut self.engines[xe];
        let (state, power) = (engine.state.into(), engine.power);
        let kind = &self.machine.model.kinds[engine.kind];
        engine
            .meter
            .pass(self.now_ns, state, power, kind, &mut self.energy);
    }

    /// Where the codelets that a codelet's body spawns stand in `children`.
    pub(crate) fn children_of(&self, codelet: u32) -> Range<usize> {
        match self
            .child_starts
            .get(codelet as usize..codelet as usize + 2)
        {
            Some(range) => range[0] as usize..range[1] as usize,
            None => 0..0,
        }
    }

    fn stuck(&self) -> Error {
        if let Some(error) = self.nobody_watches() {
            return error;
        }
        let text = format!(
            "at {} ns {} codelet(s) wait and nobody will start them: a decision lost them",
            self.now_ns, self.left
        );
        Error::msg(text)
    }

    fn happens(&mut self, event: Event) {
        let fails = self.fails;
        if fails {
            self.is_stuck |= self.waits_for_the_dead();
        }
        match event {
            Event::Spawn => self.spawn(),
            Event::End { xe, .. } if fails && self.is_beyond(xe.into()) => {
                self.came_late(xe.into());
            }
            Event::Look { xe, .. } | Event::Awake { xe } if fails && self.is_beyond(xe.into()) => {}
            Event::End { xe, codelet } => self.end(xe.into(), codelet),
            Event::Moved => self.moved(),
            Event::Fail { failure } => self.fails(failure as usize),
            Event::Watch { domain } => self.watch_health(domain.into()),
            Event::Power { domain } => self.look_at_power(domain.into()),
            Event::Look { xe, pause } => self.rested(xe.into(), pause),
            Event::Awake { xe } => self.search_on(xe.into()),
            Event::Control {
                domain,
                timer,
                asked,
            } => self.control_is_due(domain.into(), timer, asked),
            Event::Decided { domain, routine } if self.is_cut_off(domain.into(), routine) => {}
            Event::Decided { domain, .. } => self.decided(domain.into()),
            Event::Asked { post } => self.asked(post as usize),
            Event::Answered { post } => self.answered(post as usize),
            Event::Silence { domain, request } => self.silence(domain.into(), request),
        }
    }

    /// Something happens so many nanoseconds from now.
    pub(crate) fn later(&mut self, ns: u64, event: Event) {
        self.calendar.enter(self.now_ns.saturating_add(ns), event);
    }

    fn spawn(&mut self) {
        let workload = self.workload;
        if let Some(codelet) = workload.codelets.get(self.spawned) {
            let id = self.spawned as u32;
            self.spawned += 1;
            if self.dependences.enter(id, codelet) {
                self.post(id, HOST);
            }
        }
        while workload
            .codelets
            .get(self.spawned)
            .is_some_and(|next| next.parent.is_some())
        {
            self.spawned += 1;
        }
        if self.spawned < workload.codelets.len() {
            let (costs, next) = (&self.machine.costs, &workload.codelets[self.spawned]);
            let enters_ns = costs.enter_ns * next.accesses.len() as u64;
            self.later(costs.spawn_ns + enters_ns, Event::Spawn);
        } else {
            // The body of the host's scope is over: the host works until the scope has ended.
            self.step(HOST);
        }
    }

    /// An engine that is free finds a codelet, or begins to search.
    pub(crate) fn step(&mut self, xe: usize) {
        if self.is_asked_to_control(xe) {
            self.set_state(xe, State::Controlling);
            if self.begin_control(self.engines[xe].domain, Some(xe)) {
                return;
            }
        }
        if self.turn_off(xe) {
            return;
        }
        match self.find(xe) {
            Some(found) => self.run(xe, found),
            None => self.begin_search(xe),
        }
    }
}

/// The regions with their engines.
fn regions(machine: &Machine) -> Vec<Region> {
    let mut regions = vec![Region::default(); machine.plan.regions];
    for (number, xe) in machine.plan.xes.iter().enumerate() {
        regions[xe.region].xes.push(number);
    }
    regions
}

/// The codelets by who spawns them, and where each one's begin. Empty if the host spawns all.
fn children(workload: &Workload) -> (Vec<u32>, Vec<u32>) {
    let codelets = &workload.codelets;
    if codelets.iter().all(|codelet| codelet.parent.is_none()) {
        return (Vec::new(), Vec::new());
    }
    let mut starts = vec![0; codelets.len() + 1];
    let parents = codelets.iter().filter_map(|codelet| codelet.parent);
    parents.for_each(|parent| starts[parent as usize + 1] += 1);
    (0..codelets.len()).for_each(|at| starts[at + 1] += starts[at]);
    let mut children: Vec<u32> = (0..codelets.len() as u32).collect();
    children.retain(|child| codelets[*child as usize].parent.is_some());
    children.sort_by_key(|child| codelets[*child as usize].parent);
    (starts, children)
}
