//! Control engines above those of domains, where they form a hierarchy: who asks them, when they have time, and what they do. What they decide is
//! [`sprat::decide::hierarchy`]'s.
//!
//! Each is a further duty of a domain's control engine below it, which does one thing at a time. Who asks while it is busy waits, and all that wait are
//! answered at once.

use crate::engine::State;
use crate::outcome::Above;
use crate::simulation::{Event, Simulation};
use sprat::decide::controller::{Decision, Watch};

/// What one has before it.
#[derive(Default)]
pub(crate) struct Post {
    /// Domains that wait for an answer, and since when.
    waiting: Vec<(usize, u64)>,
    /// It is on its way, or at work.
    busy: bool,
    /// What it has decided and will do at its end, and whom it will ask for which domains.
    decisions: Vec<Decision>,
    asks: Option<(usize, Vec<usize>)>,
    watch: Watch,
    pub(crate) tally: Above,
}

impl Simulation<'_> {
    /// A control engine asks the one in this post for these domains.
    pub(crate) fn ask_above(&mut self, post: usize, domains: &[usize]) {
        let now_ns = self.now_ns;
        let waiting = &mut self.above[post - self.domains.len()].waiting;
        for domain in domains {
            if waiting.iter().all(|(waits, _)| waits != domain) {
                waiting.push((*domain, now_ns));
            }
        }
        self.serve(post);
    }

    /// The domain whose control engine has this duty, too: those of posts above each other are several, as far as there are.
    fn serves(&self, post: usize) -> usize {
        let sees = self.hierarchy.sees(post);
        sees.start + self.hierarchy.height(post) % sees.len()
    }

    /// Those who wait for the one in this post will be answered.
    fn serve(&mut self, post: usize) {
        let domain = self.serves(post);
        let own = &mut self.above[post - self.domains.len()];
        if own.busy || own.waiting.is_empty() || self.domains[domain].controlling {
            return;
        }
        own.busy = true;
        let costs = &self.machine.costs;
        let is_busy = |xe: usize| self.engines[xe].state != State::Asleep;
        let trip_ns = match self.control_seat(domain) {
            _ if self.polls(domain) => 0,
            // It runs a codelet; somebody will stand in for it.
            Some(xe) if is_busy(xe) => self.machine.tuning.silence_ns,
            _ => costs.wake_ns,
        };
        self.later(trip_ns, Event::Asked { post: post as u32 });
    }

    /// Duties of a domain's control engine that it had no time for.
    pub(crate) fn serve_on(&mut self, domain: usize) {
        for post in self.domains.len()..self.hierarchy.posts() {
            if self.serves(post) == domain {
                self.serve(post);
            }
        }
    }

    /// The one in this post begins to look, if it has the time.
    pub(crate) fn asked(&mut self, post: usize) {
        let (domain, at) = (self.serves(post), post - self.domains.len());
        if self.domains[domain].controlling {
            self.above[at].busy = false;
            return;
        }
        let waiting = std::mem::take(&mut self.above[at].waiting);
        let asking: Vec<usize> = waiting.iter().map(|(domain, _)| *domain).collect();
        let mut watch = std::mem::take(&mut self.above[at].watch);
        let sees = self.hierarchy.sees(post);
        let takes_ns = self.look_ns(sees.len());
        let views = self.views(sees, None, &mut watch);
        let seen = (views, usize::from(self.left > 0));
        let far = |to: usize, from: usize| self.way(to, from);
        let answer = (self.hierarchy).answer(post, &asking, seen, far, &self.machine.tuning);
        let now_ns = self.now_ns;
        let own = &mut self.above[at];
        own.watch = watch;
        own.decisions = answer.decisions;
        own.asks = answer.asks.map(|above| (above, answer.lacking));
        own.tally.rounds += 1;
        own.tally.rounds_ns += takes_ns;
        own.tally.asked += waiting.len() as u64;
        own.tally.waited_ns += waiting
            .iter()
            .map(|(_, since_ns)| now_ns - since_ns)
            .sum::<u64>();
        let serving = &mut self.domains[domain];
        (serving.controlling, serving.on) = (true, None);
        serving.routines += 1;
        serving.routines_ns += takes_ns;
        let post = post as u32;
        self.later(takes_ns, Event::Answered { post });
    }

    /// It has looked: what it decided is done, and what it could not do is asked for above.
    pub(crate) fn answered(&mut self, post: usize) {
        let (domain, at) = (self.serves(post), post - self.domains.len());
        let own = &mut self.above[at];
        own.busy = false;
        let (decisions, asks) = (std::mem::take(&mut own.decisions), own.asks.take());
        self.domains[domain].controlling = false;
        self.carry_out(domain, decisions);
        if let Some((above, domains)) = asks {
            self.ask_above(above, &domains);
        }
        if self.domains[domain].requested {
            self.set_timer(domain, 0, true);
        }
        self.serve_on(domain);
    }

    /// What those above did.
    pub(crate) fn tell_above(&mut self) -> Vec<Above> {
        let first = self.domains.len();
        let one = |(at, post): (usize, &Post)| Above {
            domains: self.hierarchy.sees(first + at).len(),
            ..post.tally
        };
        self.above.iter().enumerate().map(one).collect()
    }
}
