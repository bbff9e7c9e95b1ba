//! How an engine looks for work, and what it does when there is none.

use crate::engine::{Call, State};
use crate::machine::Costs;
use crate::queue::draw_half;
use crate::simulation::{Event, Simulation};
use sprat::decide::route::{self, Source};
use sprat::decide::theft::{self, Theft, Victim};

/// A codelet, and what it cost to find it, in nanoseconds.
type Found = (u32, u64);

impl Simulation<'_> {
    /// Looks once wherever there could be work for this engine.
    pub(crate) fn find(&mut self, xe: usize) -> Option<Found> {
        let engine = &mut self.engines[xe];
        let around = route::looks_around(engine.since, &self.machine.tuning);
        if around {
            engine.since = 0;
        }
        let order = route::look_order(around);
        order.iter().find_map(|source| self.look(*source, xe))
    }

    fn look(&mut self, source: Source, xe: usize) -> Option<Found> {
        let engine = &mut self.engines[xe];
        let free = |found| Some((found, 0));
        match source {
            Source::Own => self.pop(xe).and_then(free),
            Source::Pinned => engine.pinned.pop_front().and_then(free),
            Source::Inbox => self.empty(xe, xe).and_then(free),
            Source::Region => {
                let region = usize::from(engine.here.region);
                self.regions[region].work.pop_front().and_then(free)
            }
            Source::Injector => {
                let (first, rest) = draw_half(&mut self.domains[engine.domain].injector);
                rest.into_iter().for_each(|id| self.push(xe, id));
                first.and_then(free)
            }
            Source::Steal => {
                let found = self.steal(xe)?;
                self.engines[xe].tally.steals += 1;
                Some((found, self.machine.costs.steal_ns))
            }
        }
    }

    /// Takes all that was posted to `from`: the oldest to run, the others into the taker's own queue.
    fn empty(&mut self, from: usize, taker: usize) -> Option<u32> {
        let first = self.engines[from].inbox.pop_front()?;
        let rest = self.engines[from].inbox.len();
        self.domains[self.engines[from].domain].posted -= 1 + rest;
        while let Some(id) = self.engines[from].inbox.pop_back() {
            self.push(taker, id);
        }
        if rest > 0 {
            self.notify(self.engines[taker].domain);
        }
        Some(first)
    }

    fn steal(&mut self, xe: usize) -> Option<u32> {
        let engine = &mut self.engines[xe];
        engine.attempt = engine.attempt.wrapping_add(1);
        engine.near = false;
        let domain = &self.domains[engine.domain];
        if domain.queued + domain.posted == 0 {
            // There is nothing to find, but what it knows of the others.
            let tuning = &self.machine.tuning;
            engine.near = engine.watches.iter().any(|watch| watch.is_near(tuning));
            return None;
        }
        let xes = &domain.xes;
        let (first, count) = (xes.start as u16, xes.len() as u16);
        let mut victims = route::victims(engine.here.xe, first, count, engine.attempt);
        victims.find_map(|victim| self.rob(xe, usize::from(victim)))
    }

    fn rob(&mut self, xe: usize, victim: usize) -> Option<u32> {
        let queued = self.engines[victim].own.len();
        let place = victim - self.domains[self.engines[victim].domain].xes.start;
        let (started, now_ns) = (self.engines[victim].tally.ran, self.now_ns);
        let watches = &mut self.engines[xe].watches;
        if watches.len() <= place {
            watches.resize(place + 1, Victim::default());
        }
        let watch = &mut watches[place];
        if queued == 1 {
            watch.look(started, now_ns);
            let told = watch.is_slow(&self.machine.tuning);
            self.engines[victim].told = told;
        }
        let engine = &mut self.engines[xe];
        let watch = &engine.watches[place];
        engine.near |= watch.is_near(&self.machine.tuning);
        let taken = match theft::theft(queued, watch, &self.machine.tuning) {
            Theft::Leave => None,
            Theft::One => self.take_oldest(victim),
            Theft::Batch => {
                let taken = self.take_some(victim, theft::batch(queued));
                theft::share(&taken).map(|(first, puts)| {
                    puts.for_each(|id| self.push(xe, id));
                    first
                })
            }
        };
        taken.or_else(|| self.empty(victim, xe))
    }

    /// Begins to look for work again and again.
    pub(crate) fn begin_search(&mut self, xe: usize) {
        self.domains[self.engines[xe].domain].searching += 1;
        self.search_on(xe);
    }

    /// The same for one that counts as searching already: since it was claimed, so that those who posted before it
    /// woke up count on it.
    pub(crate) fn search_on(&mut self, xe: usize) {
        self.set_state(xe, State::Searching);
        self.engines[xe].idle_since_ns = self.now_ns;
        self.engines[xe].pause = 0;
        self.search(xe);
    }

    /// One look of an engine that searches.
    pub(crate) fn search(&mut self, xe: usize) {
        let domain = self.engines[xe].domain;
        self.engines[xe].signs += 1;
        self.domains[domain].searching -= 1;
        if self.turn_off(xe) {
            return;
        }
        self.domains[domain].searching += 1;
        if let Some(found) = self.find(xe) {
            self.domains[domain].searching -= 1;
            // Those who posted counted on us, the only one who looked.
            if self.domains[domain].searching == 0 && self.has_work(xe) {
                self.notify(domain);
            }
            return self.run(xe, found);
        }
        let idle_ns = self.now_ns - self.engines[xe].idle_since_ns;
        if route::parks(idle_ns, &self.machine.tuning) {
            self.park(xe);
        } else {
            let engine = &mut self.engines[xe];
            engine.pause = theft::pause(engine.pause, engine.near);
            self.rest(xe);
        }
    }

    /// An engine that found nothing pauses: for the shortest pause if there is a call that nobody has heard, else for as many of them
    /// as it has to. It listens after each.
    fn rest(&mut self, xe: usize) {
        let shortest_ns = shortest_pause_ns(&self.machine.costs);
        let engine = &mut self.engines[xe];
        engine.rests_since_ns = Some(self.now_ns);
        engine.pauses = engine.pauses.wrapping_add(1);
        let pause = engine.pauses;
        let call = &mut self.domains[engine.domain].call;
        let ns = match *call {
            Call::Open => shortest_ns,
            Call::None | Call::Heard => u64::from(engine.pause) * shortest_ns,
        };
        if *call == Call::Open {
            *call = Call::Heard;
        }
        let xe = xe as u16;
        self.later(ns, Event::Look { xe, pause });
    }

    /// Who searches in a domain is called: of those that pause there, the one that listens next will look then, or else the next one
    /// that begins to pause.
    pub(crate) fn call_in(&mut self, domain: usize) {
        let domain = &mut self.domains[domain];
        if domain.call != Call::None {
            return;
        }
        let (shortest_ns, now_ns) = (shortest_pause_ns(&self.machine.costs), self.now_ns);
        let listens_ns = |xe: usize| {
            let since_ns = self.engines[xe].rests_since_ns?;
            let passed = (now_ns - since_ns) / shortest_ns;
            // Its last time is the end of its pause, which may be now.
            let times = (passed + 1).min(self.engines[xe].pause.into());
            Some((since_ns + times * shortest_ns, xe))
        };
        let first = domain.xes.clone().filter_map(listens_ns).min();
        domain.call = first.map_or(Call::Open, |_| Call::Heard);
        if let Some((at_ns, xe)) = first {
            let engine = &mut self.engines[xe];
            engine.pauses = engine.pauses.wrapping_add(1);
            let (xe, pause) = (xe as u16, engine.pauses);
            self.calendar.enter(at_ns, Event::Look { xe, pause });
        }
    }

    /// An engine's pause is over, unless it has ended before.
    pub(crate) fn rested(&mut self, xe: usize, pause: u32) {
        let engine = &mut self.engines[xe];
        if engine.pauses == pause && engine.rests_since_ns.take().is_some() {
            self.domains[engine.domain].call = Call::None;
            self.search(xe);
        }
    }

    fn park(&mut self, xe: usize) {
        self.set_state(xe, State::Asleep);
        let engine = &mut self.engines[xe];
        engine.tally.parks += 1;
        let domain = engine.domain;
        self.domains[domain].searching -= 1;
        self.fell_asleep(xe, domain);
    }
}

/// At least a nanosecond, or time would stand still.
fn shortest_pause_ns(costs: &Costs) -> u64 {
    costs.look_ns.max(1)
}
