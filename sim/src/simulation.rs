//! The simulation: events in the order of virtual time, and what engines do at each.

use crate::calendar::Calendar;
use crate::dependences::Dependences;
use crate::engine::{Domain, Engine, State};
use crate::machine::Machine;
use crate::outcome::{Decided, Outcome, Run};
use crate::workload::Workload;
use sprat::decide::controller::Decision;
use sprat::decide::route::{Here, may_follow};
use sprat::{Error, Result};
use std::collections::VecDeque;

/// The seat that the host sits in: it spawns there, then works there, as a host does in the runtime.
pub(crate) const HOST: usize = 0;

/// So many looks of control engines at a machine where everybody sleeps and nothing starts mean that nothing ever will.
const STUCK: u32 = 100;

/// Something that happens.
pub(crate) enum Event {
    /// The host spawns its next codelet, or has spawned all.
    Spawn,
    /// A body ends on an engine.
    End { xe: usize, codelet: u32 },
    /// An engine that has nothing to do looks for work again.
    Look { xe: usize },
    /// An engine that was woken runs.
    Awake { xe: usize },
    /// A control engine begins its routine: it was asked to, or its nap is over.
    Control {
        domain: usize,
        timer: u64,
        asked: bool,
    },
    /// A control engine's routine ends. It ran on this execution engine, if on any.
    Decided {
        domain: usize,
        on: Option<usize>,
        decisions: Vec<Decision>,
    },
    /// A request to an elastic control engine that is busy has waited for long.
    Silence { domain: usize, since_ns: u64 },
}

/// The state of a simulation.
pub(crate) struct Simulation<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) workload: &'a Workload,
    pub(crate) now_ns: u64,
    pub(crate) calendar: Calendar<Event>,
    pub(crate) engines: Vec<Engine>,
    pub(crate) domains: Vec<Domain>,
    /// Work for a memory region.
    pub(crate) regions: Vec<VecDeque<u32>>,
    dependences: Dependences,
    spawned: usize,
    runs: Vec<Run>,
    pub(crate) decided: Vec<Decided>,
    /// Codelets that have not ended.
    pub(crate) left: usize,
    /// Looks for stuck scopes since a codelet started last.
    pub(crate) stuck_checks: u32,
}

/// Simulates a workload on a machine.
///
/// # Errors
/// [`Access`](sprat::ErrorKind::Access) and [`Config`](sprat::ErrorKind::Config) for a codelet that the runtime would
/// refuse, too; one that says so if codelets wait and nobody will ever start them, since a decision is wrong.
pub fn simulate(machine: &Machine, workload: &Workload) -> Result<Outcome> {
    let in_region = |region| {
        machine
            .plan
            .xes
            .iter()
            .any(|xe| xe.region == usize::from(region))
    };
    workload.check(machine.plan.xes.len(), in_region)?;
    let mut simulation = Simulation::new(machine, workload);
    simulation.engines[HOST].state = State::Hosting;
    simulation
        .calendar
        .enter(machine.costs.spawn_ns, Event::Spawn);
    while simulation.left > 0 {
        let Some((at_ns, event)) = simulation.calendar.next() else {
            return Err(simulation.stuck());
        };
        simulation.now_ns = at_ns;
        simulation.happens(event);
        if simulation.stuck_checks >= STUCK {
            return Err(simulation.stuck());
        }
    }
    Ok(simulation.outcome())
}

impl<'a> Simulation<'a> {
    fn new(machine: &'a Machine, workload: &'a Workload) -> Self {
        let engine = |(number, xe): (usize, &sprat::decide::plan::XePlan)| {
            let here = Here {
                xe: number as u16,
                region: xe.region as u16,
            };
            Engine::new(here, xe.domain)
        };
        Simulation {
            machine,
            workload,
            now_ns: 0,
            calendar: Calendar::new(),
            engines: machine.plan.xes.iter().enumerate().map(engine).collect(),
            domains: machine.plan.domains.iter().map(Domain::new).collect(),
            regions: vec![VecDeque::new(); machine.plan.regions],
            dependences: Dependences::new(workload.blocks(), workload.codelets.len()),
            spawned: 0,
            runs: Vec::new(),
            decided: Vec::new(),
            left: workload.codelets.len(),
            stuck_checks: 0,
        }
    }

    fn outcome(mut self) -> Outcome {
        self.runs.sort_by_key(|run| (run.start_ns, run.codelet));
        Outcome {
            makespan_ns: self.now_ns,
            runs: self.runs,
            engines: self.engines.iter().map(|engine| engine.tally).collect(),
            decisions: self.decided,
        }
    }

    fn stuck(&self) -> Error {
        let text = format!(
            "at {} ns {} codelet(s) wait and nobody will start them: a decision lost them",
            self.now_ns, self.left
        );
        Error::msg(text)
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Spawn => self.spawn(),
            Event::End { xe, codelet } => self.end(xe, codelet),
            Event::Look { xe } => self.search(xe),
            Event::Awake { xe } => self.search_on(xe),
            Event::Control {
                domain,
                timer,
                asked,
            } => self.control_is_due(domain, timer, asked),
            Event::Decided {
                domain,
                on,
                decisions,
            } => self.decided(domain, on, decisions),
            Event::Silence { domain, since_ns } => self.silence(domain, since_ns),
        }
    }

    /// Something happens so many nanoseconds from now.
    pub(crate) fn later(&mut self, ns: u64, event: Event) {
        self.calendar.enter(self.now_ns + ns, event);
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
        if self.spawned < workload.codelets.len() {
            self.later(self.machine.costs.spawn_ns, Event::Spawn);
        } else {
            // The body of the host's scope is over: the host works until the scope has ended.
            self.step(HOST);
        }
    }

    /// An engine that is free finds a codelet, or begins to search.
    pub(crate) fn step(&mut self, xe: usize) {
        if self.is_asked_to_control(xe) {
            self.engines[xe].state = State::Controlling;
            if self.begin_control(self.engines[xe].domain, Some(xe)) {
                return;
            }
        }
        match self.find(xe) {
            Some(found) => self.run(xe, found),
            None => self.begin_search(xe),
        }
    }

    /// Starts a codelet that was found `(codelet, what finding it cost)`.
    pub(crate) fn run(&mut self, xe: usize, (codelet, cost_ns): (u32, u64)) {
        self.engines[xe].in_a_row = 0;
        self.start(xe, codelet, cost_ns);
    }

    fn start(&mut self, xe: usize, codelet: u32, before_ns: u64) {
        let start_ns = self.now_ns + before_ns + self.machine.costs.codelet_ns;
        let end_ns = start_ns + self.workload.codelets[codelet as usize].cost_ns;
        self.stuck_checks = 0;
        let engine = &mut self.engines[xe];
        engine.state = State::Running;
        engine.in_a_row += 1;
        engine.since += 1;
        self.runs.push(Run {
            codelet,
            xe: engine.here.xe,
            start_ns,
            end_ns,
        });
        self.calendar.enter(end_ns, Event::End { xe, codelet });
    }

    /// A body ends: its successors that are ready are posted, but for one that may follow here.
    fn end(&mut self, xe: usize, id: u32) {
        let workload = self.workload;
        let codelet = &workload.codelets[id as usize];
        self.left -= 1;
        let engine = &mut self.engines[xe];
        engine.tally.ran += 1;
        engine.tally.busy_ns += codelet.cost_ns;
        let here = engine.here;
        let mut next = None;
        for ready in self.dependences.leave(id, codelet) {
            let affinity = workload.codelets[ready as usize].affinity;
            if next.is_none() && may_follow(affinity, here) {
                next = Some(ready);
            } else {
                self.post(ready, xe);
            }
        }
        match next {
            Some(next) if self.engines[xe].in_a_row < self.machine.tuning.next_run => {
                self.start(xe, next, 0);
            }
            Some(next) => {
                self.post(next, xe);
                self.step(xe);
            }
            None => self.step(xe),
        }
    }
}
