//! A codelet's body: how long it takes, what it moves, and what its end makes ready.

use crate::data::Transfer;
use crate::engine::State;
use crate::outcome::Run;
use crate::simulation::{Event, Simulation};
use crate::workload::{Cost, Wish, fetches};
use sprat::Result;
use sprat::decide::route::may_follow;

/// The body that an engine runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Body {
    pub(crate) codelet: u32,
    pub(crate) start_ns: u64,
    /// What it computes.
    compute_ns: u64,
    /// The longest way of what it fetches.
    latency_ns: u64,
    /// Transfers that have not ended.
    transfers: u32,
    /// It does nothing, since it would read what is lost.
    skips: bool,
}

impl Simulation<'_> {
    /// Starts a codelet that was found `(codelet, what finding it cost)`.
    pub(crate) fn run(&mut self, xe: usize, (codelet, cost_ns): (u32, u64)) {
        self.engines[xe].in_a_row = 0;
        self.start(xe, codelet, cost_ns);
    }

    fn start(&mut self, xe: usize, codelet: u32, before_ns: u64) {
        self.moved_ns = self.now_ns;
        self.set_state(xe, State::Running);
        self.adopt_state(xe);
        let workload = self.workload;
        let what = &workload.codelets[codelet as usize];
        let costs = &self.machine.costs;
        let spawns = self.children_of(codelet).len() as u64;
        let overhead_ns = costs.codelet_ns
            + costs.access_ns * what.accesses.len() as u64
            + costs.spawn_ns * spawns;
        let skips = self.is_skipped(codelet);
        let compute_ns = match skips {
            true => 0,
            false => self.compute_ns(xe, what.cost),
        };
        let engine = &mut self.engines[xe];
        engine.in_a_row += 1;
        engine.since += 1;
        engine.body = Body {
            codelet,
            start_ns: self.now_ns + before_ns + overhead_ns,
            compute_ns,
            latency_ns: 0,
            transfers: 0,
            skips,
        };
        engine.signs += 1;
        let mut transfers = std::mem::take(&mut self.transfers);
        transfers.clear();
        if skips {
            self.losses.not_asked += workload.bytes_of(codelet as usize);
        } else if let Err(error) = self.move_data(xe, codelet, &mut transfers) {
            self.error.get_or_insert(error);
        }
        if matches!(what.cost, Cost::Ns(_)) {
            transfers.clear();
        }
        self.set_off(xe, &transfers);
        self.transfers = transfers;
    }

    /// How long the body computes on this engine, as it is now.
    fn compute_ns(&self, xe: usize, cost: Cost) -> u64 {
        let engine = &self.engines[xe];
        let kind = &self.machine.model.kinds[engine.kind];
        let speed = kind.states[engine.power].speed * engine.health;
        let ns = match cost {
            Cost::Ns(ns) => ns as f64 * (self.best_rate / kind.rate) / speed,
            Cost::Operations(operations) => operations as f64 / (kind.rate * speed),
        };
        ns.round() as u64
    }

    fn move_data(&mut self, xe: usize, codelet: u32, transfers: &mut Vec<Transfer>) -> Result<()> {
        let Some(data) = &mut self.data else {
            return Ok(());
        };
        let region = self.engines[xe].here.region;
        let regions = self.machine.model.regions.len();
        let workload = self.workload;
        let wish = |block: u32| match workload.wishes.get(block as usize) {
            Some(Wish::Region(home)) if usize::from(*home) >= regions => workload.homes,
            Some(wish) => *wish,
            None => workload.homes,
        };
        let accesses = &self.workload.codelets[codelet as usize].accesses;
        for access in accesses.iter().filter(|access| fetches(access.mode)) {
            data.read(
                xe,
                region,
                wish(access.block),
                access.block,
                access.part(),
                transfers,
            )?;
        }
        for access in accesses.iter().filter(|access| access.mode.writes()) {
            data.write(
                xe,
                region,
                wish(access.block),
                access.block,
                access.part(),
                transfers,
            )?;
        }
        Ok(())
    }

    /// What is to be moved sets off, from when the engine took the codelet on.
    fn set_off(&mut self, xe: usize, transfers: &[Transfer]) {
        let model = &self.machine.model;
        let mut longest_ns = 0.0f64;
        for transfer in transfers {
            let from = model.memories[transfer.memory as usize].group;
            let memory = &model.ways[transfer.memory as usize];
            let (mut latency_ns, mut bandwidth) = (memory.latency_ns, memory.bandwidth);
            self.path.clear();
            self.path.push(transfer.memory);
            model.links(from, model.engines[xe].group, |link| {
                let way = &model.ways[link as usize];
                latency_ns += way.latency_ns;
                bandwidth = bandwidth.min(way.bandwidth);
                self.path.push(link);
            });
            let engine = &mut self.engines[xe];
            if let Some(flows) = &mut self.flows {
                engine.body.latency_ns = engine.body.latency_ns.max(latency_ns.round() as u64);
                engine.body.transfers += 1;
                flows.begin(self.now_ns, &self.path, transfer.bytes, xe as u32);
            } else {
                longest_ns = longest_ns.max(latency_ns + transfer.bytes as f64 / bandwidth);
            }
        }
        if self.engines[xe].body.transfers > 0 {
            return self.watch_flows();
        }
        let body = self.engines[xe].body;
        let moved_ns = longest_ns.round() as u64;
        let takes_ns = match model.overlap {
            true => body.compute_ns.max(moved_ns),
            false => body.compute_ns.saturating_add(moved_ns),
        };
        self.end_at(xe, body.start_ns.saturating_add(takes_ns));
    }

    fn end_at(&mut self, xe: usize, at_ns: u64) {
        let codelet = self.engines[xe].body.codelet;
        let xe = xe as u16;
        self.calendar
            .enter(at_ns.max(self.now_ns), Event::End { xe, codelet });
    }

    /// The calendar knows when the next transfer ends; if it looks too early it will look again.
    fn watch_flows(&mut self) {
        let next_ns = self.flows.as_ref().and_then(|flows| flows.next_ns());
        if let Some(at_ns) = next_ns.map(|at_ns| at_ns.max(self.now_ns))
            && at_ns < self.flows_ns
        {
            self.flows_ns = at_ns;
            self.calendar.enter(at_ns, Event::Moved);
        }
    }

    /// Transfers may have ended.
    pub(crate) fn moved(&mut self) {
        // Another look was entered since, for an earlier time.
        if self.flows_ns != self.now_ns {
            return;
        }
        self.flows_ns = u64::MAX;
        if let Some(flows) = &mut self.flows {
            flows.settle(self.now_ns);
        }
        while let Some(xe) = self.flows.as_mut().and_then(|flows| flows.end(self.now_ns)) {
            let xe = xe as usize;
            let body = &mut self.engines[xe].body;
            body.transfers -= 1;
            if body.transfers > 0 {
                continue;
            }
            let there_ns = self.now_ns.saturating_add(body.latency_ns);
            let at_ns = match self.machine.model.overlap {
                true => there_ns.max(body.start_ns.saturating_add(body.compute_ns)),
                false => there_ns.max(body.start_ns).saturating_add(body.compute_ns),
            };
            self.end_at(xe, at_ns);
        }
        self.watch_flows();
    }

    /// A body ends: its successors that are ready are posted, but for one that may follow here.
    pub(crate) fn end(&mut self, xe: usize, id: u32) {
        let workload = self.workload;
        let codelet = &workload.codelets[id as usize];
        self.left -= 1;
        let now_ns = self.now_ns;
        self.moved_ns = now_ns;
        let engine = &mut self.engines[xe];
        let skips = engine.body.skips;
        let took_ns = now_ns - engine.body.start_ns;
        engine.signs += 1;
        engine.longest_ns = engine.longest_ns.max(took_ns);
        engine.tally.ran += u64::from(!skips);
        self.domains[engine.domain].started += u64::from(!skips);
        engine.tally.busy_ns += took_ns;
        engine.computed_ns += engine.body.compute_ns;
        self.runs.push(Run {
            codelet: id,
            xe: engine.here.xe,
            start_ns: engine.body.start_ns,
            end_ns: now_ns,
        });
        let here = engine.here;
        engine.runs = true;
        self.ended(id, skips);
        for child in self.children_of(id) {
            let child = self.children[child];
            self.post(child, xe);
        }
        let mut next = None;
        let mut ready = std::mem::take(&mut self.ready);
        self.dependences.leave(id, codelet, &mut ready);
        for ready in ready.drain(..) {
            let affinity = workload.codelets[ready as usize].affinity;
            if next.is_none() && may_follow(affinity, here) {
                next = Some(ready);
            } else {
                self.post(ready, xe);
            }
        }
        self.ready = ready;
        self.go_on(xe, next);
    }

    /// After a body: the successor that follows, or what was kept, or what lies in the engine's own queue, up to the tuned run. This is
    /// the loop in the runtime's `engine.rs`.
    fn go_on(&mut self, xe: usize, next: Option<u32>) {
        let kept = self.engines[xe].kept.take();
        let at = match (next, kept) {
            (Some(next), Some(kept)) => {
                self.put_in_queue(kept, xe);
                Some(next)
            }
            (next, kept) => next.or(kept),
        };
        self.engines[xe].runs = false;
        let left = self.engines[xe].in_a_row < self.machine.tuning.next_run;
        match at {
            Some(at) if left => return self.start(xe, at, 0),
            Some(at) => self.post(at, xe),
            None if left && !self.is_asked_to_control(xe) && !self.is_turned_off(xe) => {
                if let Some(own) = self.pop(xe) {
                    return self.start(xe, own, 0);
                }
            }
            None => (),
        }
        self.step(xe);
    }
}
