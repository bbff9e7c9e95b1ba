//! Transfers that share ways: max-min fair rates, and which transfer ends next.
//!
//! A transfer's rate is as high as it can be without taking from one that has less. Where no way is full each has its own
//! best rate, and nothing is computed when it comes or goes; else the rates of all that hang together through ways
//! are found by progressive filling (Bertsekas and Gallager, "Data Networks", 2nd edition, 1992, section 6.5.2).

/// A rate or a load that differs by less than this part is the same.
const SAME: f64 = 1e-9;
/// A transfer has at most so many ways.
const WAYS: usize = 12;

struct Flow {
    ways: [u32; WAYS],
    count: usize,
    /// Of whom it is.
    of: u32,
    /// Bytes that were left at `since_ns`.
    left: f64,
    since_ns: f64,
    /// Bytes a nanosecond.
    rate: f64,
    /// The best rate on its ways when nobody else is there.
    best: f64,
    /// In the course of filling: its rate is found.
    found: bool,
}

impl Flow {
    fn ways(&self) -> &[u32] {
        &self.ways[..self.count]
    }

    fn is_held_back(&self) -> bool {
        self.rate < self.best * (1.0 - SAME)
    }
}

/// All transfers that are under way.
pub(crate) struct Flows {
    capacity: Vec<f64>,
    load: Vec<f64>,
    /// The transfers on each way.
    on: Vec<Vec<u32>>,
    /// Of these, held back ones.
    held_back: Vec<u32>,
    flows: Vec<Flow>,
    free: Vec<u32>,
    ends: Tournament,
    /// Marks of ways in the course of a walk.
    walk: u32,
    seen: Vec<u32>,
    /// Where a way stands in the course of filling.
    place: Vec<u32>,
}

impl Flows {
    pub(crate) fn new(capacity: Vec<f64>) -> Self {
        let ways = capacity.len();
        Flows {
            load: vec![0.0; ways],
            on: vec![Vec::new(); ways],
            held_back: vec![0; ways],
            seen: vec![0; ways],
            place: vec![0; ways],
            capacity,
            flows: Vec::new(),
            free: Vec::new(),
            ends: Tournament::default(),
            walk: 0,
        }
    }

    /// A transfer of so many bytes begins.
    pub(crate) fn begin(&mut self, now_ns: u64, ways: &[u32], bytes: u64, of: u32) {
        let capacity = |way: &u32| self.capacity[*way as usize];
        let best = ways.iter().map(capacity).fold(f64::INFINITY, f64::min);
        let mut flow = Flow {
            ways: [0; WAYS],
            count: ways.len(),
            of,
            left: bytes as f64,
            since_ns: now_ns as f64,
            rate: 0.0,
            best,
            found: false,
        };
        flow.ways[..ways.len()].copy_from_slice(ways);
        let fits = |way: &u32| {
            self.load[*way as usize] + best <= self.capacity[*way as usize] * (1.0 + SAME)
        };
        let fits = ways.iter().all(fits);
        let number = match self.free.pop() {
            Some(number) => {
                self.flows[number as usize] = flow;
                number
            }
            None => {
                self.flows.push(flow);
                self.flows.len() as u32 - 1
            }
        };
        for &way in ways {
            self.on[way as usize].push(number);
            self.held_back[way as usize] += 1;
        }
        if fits {
            self.set_rate(number, best);
        } else {
            self.fill(now_ns, ways);
        }
    }

    /// When the next transfer ends, if there is one.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let (ns, _) = self.ends.first()?;
        Some(ns.ceil() as u64)
    }

    /// A transfer that has ended by now, if there is one: whose it was.
    pub(crate) fn end(&mut self, now_ns: u64) -> Option<u32> {
        let (ns, number) = self
            .ends
            .first()
            .filter(|(ns, _)| ns.ceil() as u64 <= now_ns)?;
        debug_assert!(ns.is_finite());
        let flow = &self.flows[number as usize];
        let (ways, count, of) = (flow.ways, flow.count, flow.of);
        let (rate, was_held_back) = (flow.rate, flow.is_held_back());
        let mut is_full = false;
        for &way in &ways[..count] {
            let at = way as usize;
            self.on[at].retain(|other| *other != number);
            self.load[at] = if self.on[at].is_empty() {
                0.0
            } else {
                self.load[at] - rate
            };
            self.held_back[at] -= u32::from(was_held_back);
            is_full |= self.held_back[at] > 0;
        }
        self.ends.set(number, f64::INFINITY);
        self.free.push(number);
        if is_full {
            self.fill(now_ns, &ways[..count]);
        }
        Some(of)
    }

    /// Whether somebody gets less than it could take.
    pub(crate) fn is_full(&self) -> bool {
        self.held_back.iter().any(|count| *count > 0)
    }

    fn set_rate(&mut self, number: u32, rate: f64) {
        let flow = &mut self.flows[number as usize];
        let (before, was) = (flow.rate, flow.is_held_back());
        flow.rate = rate;
        let is = flow.is_held_back();
        for &way in &flow.ways[..flow.count] {
            self.load[way as usize] += rate - before;
            let held_back = &mut self.held_back[way as usize];
            *held_back = *held_back + u32::from(is) - u32::from(was);
        }
        self.ends.set(number, flow.since_ns + flow.left / rate);
    }

    /// Finds the rates of all transfers that hang together with these ways.
    fn fill(&mut self, now_ns: u64, from: &[u32]) {
        self.walk += 1;
        let (mut ways, mut flows) = (from.to_vec(), Vec::new());
        ways.iter()
            .for_each(|way| self.seen[*way as usize] = self.walk);
        let mut at = 0;
        while at < ways.len() {
            for &number in &self.on[ways[at] as usize] {
                let flow = &mut self.flows[number as usize];
                // Each is met on its first way that was seen; it is found when it was met.
                if std::mem::replace(&mut flow.found, true) {
                    continue;
                }
                flows.push(number);
                for &way in &flow.ways[..flow.count] {
                    if std::mem::replace(&mut self.seen[way as usize], self.walk) != self.walk {
                        ways.push(way);
                    }
                }
            }
            at += 1;
        }
        flows.sort_unstable();
        let mut left: Vec<(f64, u32)> = Vec::with_capacity(ways.len());
        for (place, &way) in ways.iter().enumerate() {
            let at = way as usize;
            left.push((self.capacity[at], self.on[at].len() as u32));
            self.place[at] = place as u32;
        }
        flows
            .iter()
            .for_each(|number| self.flows[*number as usize].found = false);
        let mut open = flows.len();
        while open > 0 {
            let share = |(capacity, count): &(f64, u32)| match count {
                0 => f64::INFINITY,
                count => capacity.max(0.0) / f64::from(*count),
            };
            let tightest =
                (0..ways.len()).min_by(|a, b| share(&left[*a]).total_cmp(&share(&left[*b])));
            let tightest = tightest.expect("flows have ways");
            let rate = share(&left[tightest]);
            let members = std::mem::take(&mut self.on[ways[tightest] as usize]);
            for &number in &members {
                let flow = &mut self.flows[number as usize];
                if std::mem::replace(&mut flow.found, true) {
                    continue;
                }
                open -= 1;
                for way in flow.ways() {
                    let (capacity, count) = &mut left[self.place[*way as usize] as usize];
                    *capacity -= rate;
                    *count -= 1;
                }
                if (flow.rate - rate).abs() > rate * SAME {
                    let now_ns = now_ns as f64;
                    flow.left = (flow.left - flow.rate * (now_ns - flow.since_ns)).max(0.0);
                    flow.since_ns = now_ns;
                    // A share of nothing is no rate.
                    self.set_rate(number, rate.max(f64::MIN_POSITIVE));
                }
            }
            self.on[ways[tightest] as usize] = members;
        }
        flows
            .iter()
            .for_each(|number| self.flows[*number as usize].found = false);
    }
}

/// Which of many times is the least: a tree of winners.
#[derive(Default)]
struct Tournament {
    /// The root at 1; the leaves in the second half.
    winners: Vec<u32>,
    times: Vec<f64>,
}

impl Tournament {
    fn first(&self) -> Option<(f64, u32)> {
        let winner = *self.winners.get(1)?;
        let time = self.times[winner as usize];
        (time < f64::INFINITY).then_some((time, winner))
    }

    fn set(&mut self, number: u32, time: f64) {
        let at = number as usize;
        if at >= self.times.len() {
            self.grow((at + 1).next_power_of_two().max(2));
        }
        self.times[at] = time;
        let mut node = (self.times.len() + at) / 2;
        while node > 0 {
            self.play(node);
            node /= 2;
        }
    }

    fn play(&mut self, node: usize) {
        let (a, b) = (self.winners[2 * node], self.winners[2 * node + 1]);
        let is_earlier = self.times[a as usize] <= self.times[b as usize];
        self.winners[node] = if is_earlier { a } else { b };
    }

    fn grow(&mut self, leaves: usize) {
        self.times.resize(leaves, f64::INFINITY);
        self.winners = vec![0; 2 * leaves];
        for leaf in 0..leaves {
            self.winners[leaves + leaf] = leaf as u32;
        }
        (1..leaves).rev().for_each(|node| self.play(node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(flows: &Flows) -> Vec<f64> {
        let under_way = |flow: &u32| !flows.free.contains(flow);
        let all = (0..flows.flows.len() as u32).filter(under_way);
        all.map(|flow| flows.flows[flow as usize].rate).collect()
    }

    fn near(rates: Vec<f64>, expected: &[f64]) {
        assert_eq!(rates.len(), expected.len());
        let same = rates
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(same, "{rates:?} and not {expected:?}");
    }

    #[test]
    fn who_has_a_way_alone_has_all_of_it() {
        let mut flows = Flows::new(vec![10.0, 4.0]);
        flows.begin(0, &[0, 1], 400, 7);
        near(rates(&flows), &[4.0]);
        assert_eq!(flows.next_ns(), Some(100));
        assert_eq!(
            (flows.end(99), flows.end(100), flows.end(100)),
            (None, Some(7), None)
        );
    }

    /// The textbook's example: who is held back elsewhere leaves more to the others.
    #[test]
    fn what_one_cannot_use_others_share() {
        let mut flows = Flows::new(vec![10.0, 2.0]);
        flows.begin(0, &[0, 1], 1000, 0);
        flows.begin(0, &[0], 1000, 1);
        flows.begin(0, &[0], 1000, 2);
        near(rates(&flows), &[2.0, 4.0, 4.0]);
        flows.begin(0, &[1], 10, 3);
        near(rates(&flows), &[1.0, 4.5, 4.5, 1.0]);
        // The last one is gone after 10 ns, and all is as before.
        assert_eq!((flows.next_ns(), flows.end(10)), (Some(10), Some(3)));
        near(rates(&flows), &[2.0, 4.0, 4.0]);
    }

    #[test]
    fn bytes_are_kept_when_rates_change() {
        let mut flows = Flows::new(vec![8.0]);
        flows.begin(0, &[0], 800, 0);
        flows.begin(50, &[0], 800, 1);
        // 400 bytes are left of the first, at 4 bytes a nanosecond; then the second has 400 left, at 8.
        assert_eq!((flows.next_ns(), flows.end(150)), (Some(150), Some(0)));
        assert_eq!((flows.next_ns(), flows.end(200)), (Some(200), Some(1)));
        assert_eq!(flows.load, [0.0]);
        assert_eq!(flows.held_back, [0]);
    }

    /// No way carries more than it can, and nobody could get more: each has a full way on which nobody has more.
    #[test]
    fn rates_are_max_min_fair() {
        let mut state = 3u64;
        let mut random = move |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut flows = Flows::new(vec![5.0, 7.0, 11.0, 3.0, 20.0]);
        let mut now = 0;
        for round in 0..300 {
            let from = random(5) as u32;
            let ways = [from, (from + 1 + random(4) as u32) % 5];
            flows.begin(
                now,
                &ways[..1 + random(2) as usize],
                1 + random(3000),
                round,
            );
            now += random(60);
            while flows.next_ns().is_some_and(|next| next <= now) {
                flows.end(now);
            }
            let live: Vec<&Flow> = (0..flows.flows.len() as u32)
                .filter(|flow| !flows.free.contains(flow))
                .map(|flow| &flows.flows[flow as usize])
                .collect();
            let load = |way: u32| {
                live.iter()
                    .filter(|f| f.ways().contains(&way))
                    .map(|f| f.rate)
                    .sum::<f64>()
            };
            let is_full = |way: u32| load(way) > flows.capacity[way as usize] * (1.0 - 1e-6);
            for flow in &live {
                assert!(
                    flow.ways()
                        .iter()
                        .all(|w| load(*w) <= flows.capacity[*w as usize] * (1.0 + 1e-6))
                );
                let most = |way: u32| {
                    live.iter()
                        .filter(|f| f.ways().contains(&way))
                        .map(|f| f.rate)
                        .fold(0.0, f64::max)
                };
                let bound = |way: &u32| is_full(*way) && most(*way) <= flow.rate * (1.0 + 1e-6);
                assert!(flow.ways().iter().any(bound), "round {round}");
            }
        }
    }
}
