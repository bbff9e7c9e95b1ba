//! Progressive filling of what hangs together.

use super::{Flows, LEAST, SAME};

impl Flows {
    /// Finds the rates of all transfers that hang together with these ways. They do so through ways that are full: one that has
    /// room to spare is taken along as a bound, and only if it turns out to hold somebody back do all on it belong, too.
    pub(super) fn fill(&mut self, now_ns: u64, from: &[u32]) {
        let mut group = std::mem::take(&mut self.group);
        group.shared.clear();
        group.shared.extend_from_slice(from);
        loop {
            self.gather(&mut group);
            match self.share_out(&mut group) {
                // Who is on that way must give, too.
                Some(bound) => group.shared.push(bound),
                None => break,
            }
        }
        for (&number, &rate) in group.flows.iter().zip(&group.rates) {
            let flow = &mut self.flows[number as usize];
            if (flow.rate - rate).abs() > rate * SAME {
                let now_ns = now_ns as f64;
                flow.left = (flow.left - flow.rate * (now_ns - flow.since_ns)).max(0.0);
                flow.since_ns = now_ns;
                // A share of nothing is no rate.
                self.set_rate(number, rate.max(LEAST));
            }
        }
        self.group = group;
    }

    /// All transfers on the group's shared ways, and, through full ways, those that hang together with them.
    fn gather(&mut self, group: &mut Group) {
        self.walk += 1;
        group.flows.clear();
        group.bounds.clear();
        for &way in &group.shared {
            self.seen[way as usize] = self.walk;
        }
        let mut at = 0;
        while at < group.shared.len() {
            for &number in &self.on[group.shared[at] as usize] {
                let flow = &mut self.flows[number as usize];
                if std::mem::replace(&mut flow.walk, self.walk) == self.walk {
                    continue;
                }
                group.flows.push(number);
                for &way in &flow.ways[..flow.count] {
                    let place = way as usize;
                    if self.seen[place] == self.walk {
                        continue;
                    }
                    self.seen[place] = self.walk;
                    let is_full = self.load[place] >= self.capacity[place] * (1.0 - SAME);
                    match is_full {
                        true => group.shared.push(way),
                        false => group.bounds.push(way),
                    }
                }
            }
            at += 1;
        }
        group.flows.sort_unstable();
        group.flows.dedup();
    }

    /// Progressive filling: the tightest way gives each of its open transfers the same, until all have a rate. Stops at a bound that
    /// would hold somebody back while others are on it.
    fn share_out(&mut self, group: &mut Group) -> Option<u32> {
        self.open(group);
        let (mut open, mut capped) = (group.flows.len(), 0);
        while open > 0 {
            let tightest = group.left.iter().min_by(|a, b| a.share.total_cmp(&b.share));
            let (way, rate, is_shared) = match tightest {
                Some(left) => (left.way, left.share, left.is_shared),
                None => (NO_WAY, f64::INFINITY, true),
            };
            // Whom nobody else holds back more than his own ways do takes what these give: the others only get more by that.
            let before = open;
            while let Some(&(best, at)) = group.caps.get(capped).filter(|(best, _)| *best <= rate) {
                capped += 1;
                if group.rates[at as usize].is_nan() {
                    self.found(group, at as usize, best);
                    open -= 1;
                }
            }
            if open < before {
                continue;
            }
            let is_outside = |number: &u32| self.flows[*number as usize].walk != self.walk;
            let members = &self.on[way as usize];
            if !is_shared && members.iter().any(is_outside) {
                return Some(way);
            }
            for &number in members {
                let at = self.flows[number as usize].place as usize;
                if group.rates[at].is_nan() {
                    self.found(group, at, rate);
                    open -= 1;
                }
            }
        }
        None
    }

    /// Before filling: what each way has that several use, and what each transfer can have at most on those that are its own.
    fn open(&mut self, group: &mut Group) {
        group.left.clear();
        let shared = group.shared.iter().map(|way| (*way, true));
        for (way, is_shared) in shared.chain(group.bounds.iter().map(|way| (*way, false))) {
            let at = way as usize;
            self.place[at] = NO_WAY;
            if self.on[at].len() > 1 {
                self.place[at] = group.left.len() as u32;
                group.left.push(Left {
                    way,
                    capacity: self.capacity[at],
                    share: 0.0,
                    open: 0,
                    is_shared,
                });
                if !is_shared {
                    // What the others there take is theirs.
                    group.left[self.place[at] as usize].capacity -= self.load[at];
                }
            }
        }
        group.caps.clear();
        for (at, &number) in group.flows.iter().enumerate() {
            let flow = &mut self.flows[number as usize];
            flow.place = at as u32;
            let mut best = f64::INFINITY;
            for way in &flow.ways[..flow.count] {
                let Some(left) = group.left.get_mut(self.place[*way as usize] as usize) else {
                    best = best.min(self.capacity[*way as usize]);
                    continue;
                };
                left.open += 1;
                if !left.is_shared {
                    left.capacity += flow.rate;
                }
            }
            group.caps.push((best, at as u32));
        }
        group
            .caps
            .sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        group.left.iter_mut().for_each(Left::divide);
        group.rates.clear();
        group.rates.resize(group.flows.len(), f64::NAN);
    }

    /// A transfer of the group has its rate.
    fn found(&self, group: &mut Group, at: usize, rate: f64) {
        group.rates[at] = rate;
        for way in self.flows[group.flows[at] as usize].ways() {
            if let Some(left) = group.left.get_mut(self.place[*way as usize] as usize) {
                left.capacity -= rate;
                left.open -= 1;
                left.divide();
            }
        }
    }
}

/// The place of a way that has none.
const NO_WAY: u32 = u32::MAX;

/// Transfers whose rates are being found.
#[derive(Default)]
pub(super) struct Group {
    /// Ways of which all transfers belong to it.
    shared: Vec<u32>,
    /// Other ways that its transfers use.
    bounds: Vec<u32>,
    flows: Vec<u32>,
    /// Of each, once it is found.
    rates: Vec<f64>,
    /// What each can have at most on ways that are its own, with its place; the least first.
    caps: Vec<(f64, u32)>,
    left: Vec<Left>,
}

/// What a way that several use has left in the course of filling.
struct Left {
    way: u32,
    capacity: f64,
    /// What each open transfer would get.
    share: f64,
    /// Transfers without a rate.
    open: u32,
    is_shared: bool,
}

impl Left {
    fn divide(&mut self) {
        self.share = match self.open {
            0 => f64::INFINITY,
            open => self.capacity.max(0.0) / f64::from(open),
        };
    }
}
