//! Where codelets that became ready go, and who is told. The rules of waking are those of the runtime's `shared.rs`
//! and `idle.rs`, which hold them themselves; they are repeated here until `decide` has them.

use crate::engine::State;
use crate::simulation::{Event, Simulation};
use sprat::decide::route::{self, Destination};

impl Simulation<'_> {
    /// A codelet became ready on engine `xe`, and does not follow there.
    pub(crate) fn post(&mut self, id: u32, xe: usize) {
        let affinity = self.workload.codelets[id as usize].affinity;
        let to = route::destination(affinity, Some(self.engines[xe].here));
        self.deliver(id, self.open_to_work(to), xe);
    }

    /// A ready codelet goes there; if to a queue of one's own, to that of engine `xe`.
    pub(crate) fn deliver(&mut self, id: u32, to: Destination, xe: usize) {
        match to {
            Destination::Own => {
                let engine = &mut self.engines[xe];
                let others = self.domains[engine.domain].xes.len() as u16 - 1;
                let before = match engine.runs {
                    true if route::keeps(engine.own.len(), others, false) => {
                        engine.kept.replace(id)
                    }
                    _ => Some(id),
                };
                if let Some(before) = before {
                    self.put_in_queue(before, xe);
                }
            }
            Destination::Inbox(to) => {
                let to = usize::from(to);
                self.engines[to].inbox.push_back(id);
                self.domains[self.engines[to].domain].posted += 1;
                match self.is_turned_off(to) {
                    true => self.notify(self.engines[to].domain),
                    false => self.wake_if_asleep(to),
                }
            }
            Destination::Pinned(to) => {
                self.engines[usize::from(to)].pinned.push_back(id);
                self.wake_if_asleep(usize::from(to));
            }
            Destination::Control => unreachable!("the check of the workload refuses it"),
            Destination::Region(region) => {
                self.regions[usize::from(region)].work.push_back(id);
                for at in 0..self.regions[usize::from(region)].xes.len() {
                    let xe = self.regions[usize::from(region)].xes[at];
                    if self.engines[xe].state == State::Asleep && !self.is_turned_off(xe) {
                        return self.wake(xe);
                    }
                    self.call(xe);
                }
            }
        }
    }

    /// Puts a ready codelet in an engine's own queue, for all to see.
    pub(crate) fn put_in_queue(&mut self, id: u32, xe: usize) {
        let engine = &self.engines[xe];
        let (queued, domain) = (engine.own.len(), engine.domain);
        let (hosting, told) = (engine.state == State::Hosting, engine.told);
        self.push(xe, id);
        let others = self.domains[domain].xes.len() as u16 - 1;
        if route::announces(queued, others, hosting || told) {
            self.notify(domain);
        }
    }

    /// There is work in a domain: wakes one of its engines if none searches; if all are awake, another domain may help.
    pub(crate) fn notify(&mut self, domain: usize) {
        let sleeper = match self.domains[domain].searching {
            0 => self.sleepers(domain).next(),
            _ => {
                self.call_in(domain);
                None
            }
        };
        match sleeper {
            Some(sleeper) => self.wake(sleeper),
            None => self.offer(domain),
        }
    }

    /// If another domain sleeps, its control engine may fetch some of the work.
    fn offer(&mut self, domain: usize) {
        let mut asleep = self.asleep_domains.iter();
        if let Some(&other) = asleep.find(|other| **other != domain)
            && self.queued(domain) > self.domains[domain].xes.len()
        {
            self.request(other);
        }
    }

    /// The engines of a domain that sleep and may work.
    pub(crate) fn sleepers(&self, domain: usize) -> impl Iterator<Item = usize> {
        let mut xes = match self.domains[domain].asleep {
            0 => 0..0,
            _ => self.domains[domain].xes.clone(),
        };
        let may_wake =
            |xe: usize| self.engines[xe].state == State::Asleep && !self.is_turned_off(xe);
        std::iter::from_fn(move || xes.find(|&xe| may_wake(xe)))
    }

    /// After work was posted to an engine.
    fn wake_if_asleep(&mut self, xe: usize) {
        match self.engines[xe].state {
            State::Asleep => self.wake(xe),
            _ => self.call(xe),
        }
    }

    /// An engine does not sleep: who searches in its domain, it perhaps, looks at once.
    fn call(&mut self, xe: usize) {
        let domain = self.engines[xe].domain;
        if self.domains[domain].searching > 0 {
            self.call_in(domain);
        }
    }

    /// Wakes a sleeper, which counts as searching from now on.
    fn wake(&mut self, xe: usize) {
        self.set_state(xe, State::Waking);
        let engine = &self.engines[xe];
        self.domains[engine.domain].searching += 1;
        let longer_ns = self.machine.model.kinds[engine.kind].wake_ns;
        self.later(
            self.machine.costs.wake_ns.saturating_add(longer_ns),
            Event::Awake { xe: xe as u16 },
        );
    }

    /// Codelets in queues of a domain that others may take from.
    pub(crate) fn queued(&self, domain: usize) -> usize {
        let domain = &self.domains[domain];
        debug_assert!(self.counts_right(domain));
        domain.injector.len() + domain.queued
    }

    /// Whether there is anything that an engine could run now.
    pub(crate) fn has_work(&self, xe: usize) -> bool {
        let engine = &self.engines[xe];
        let domain = &self.domains[engine.domain];
        let mut others = self.engines[domain.xes.clone()].iter();
        !engine.pinned.is_empty()
            || !domain.injector.is_empty()
            || !self.regions[usize::from(engine.here.region)]
                .work
                .is_empty()
            || !engine.own.is_empty()
            || others
                .any(|other| !other.inbox.is_empty() || other.own.len() > usize::from(!other.told))
    }
}
