//! Transfers that share ways: max-min fair rates, and which transfer ends next.
//!
//! A transfer's rate is as high as it can be without taking from one that has less. Where no way is full each has its own
//! best rate, and nothing is computed when it comes or goes; else the rates of all that hang together through ways
//! are found by progressive filling (Bertsekas and Gallager, "Data Networks", 2nd edition, 1992, section 6.5.2), a moment later: what
//! comes and goes within [`MOMENT_NS`] is put together. Until then who comes has what the others leave, so that no way ever carries more than
//! it can.

mod filling;

use crate::tournament::Tournament;
use filling::Group;

/// A rate or a load that differs by less than this part is the same.
const SAME: f64 = 1e-9;
/// Rates are found anew so long after a change. (Codelets that move much take microseconds.)
const MOMENT_NS: u64 = 100;
/// A rate that is as good as none.
const LEAST: f64 = 1e-9;
/// A transfer has at most so many ways: its memory, and links up from one place and down to another.
const WAYS: usize = 1 + 2 * MOST_LINKED;
/// So many levels of a machine's tree may have links.
pub(crate) const MOST_LINKED: usize = 10;

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
    /// The walk that it was met in last, and its place in the group that was gathered.
    walk: u32,
    place: u32,
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
    /// When rates are to be found anew, and the ways where something has changed.
    due_ns: Option<u64>,
    changed: Vec<u32>,
    /// Marks of ways in the course of a walk.
    walk: u32,
    seen: Vec<u32>,
    /// Where a way stands in the course of filling.
    place: Vec<u32>,
    group: Group,
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
            group: Group::default(),
            capacity,
            flows: Vec::new(),
            free: Vec::new(),
            ends: Tournament::default(),
            due_ns: None,
            changed: Vec::new(),
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
            walk: 0,
            place: 0,
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
            let spare = |way: &u32| self.capacity[*way as usize] - self.load[*way as usize];
            let spare = ways.iter().map(spare).fold(best, f64::min);
            self.set_rate(number, spare.max(LEAST));
            self.change(now_ns, ways);
        }
    }

    /// Rates are to be found anew around these ways.
    fn change(&mut self, now_ns: u64, ways: &[u32]) {
        self.changed.extend_from_slice(ways);
        self.due_ns.get_or_insert(now_ns + MOMENT_NS);
    }

    /// Finds rates anew, if that is due.
    pub(crate) fn settle(&mut self, now_ns: u64) {
        if self.due_ns.is_some_and(|due_ns| due_ns <= now_ns) {
            self.due_ns = None;
            let mut changed = std::mem::take(&mut self.changed);
            changed.sort_unstable();
            changed.dedup();
            self.fill(now_ns, &changed);
            changed.clear();
            self.changed = changed;
        }
    }

    /// When the next transfer ends or rates are to be found anew, if there is anything.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let end_ns = self.ends.first().map(|(ns, _)| ns.ceil() as u64);
        end_ns.into_iter().chain(self.due_ns).min()
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
            self.change(now_ns, &ways[..count]);
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
        for (ways, of) in [(&[0, 1][..], 0), (&[0], 1), (&[0], 2)] {
            flows.begin(0, ways, 10_000, of);
        }
        // For a moment the last one has what the others leave, which is nothing.
        near(rates(&flows), &[2.0, 8.0, 0.0]);
        assert_eq!(flows.next_ns(), Some(100));
        flows.settle(100);
        near(rates(&flows), &[2.0, 4.0, 4.0]);
        flows.begin(100, &[1], 10, 3);
        flows.settle(200);
        near(rates(&flows), &[1.0, 4.5, 4.5, 1.0]);
        // The last one has all its 10 bytes to come.
        assert_eq!((flows.next_ns(), flows.end(210)), (Some(210), Some(3)));
        flows.settle(310);
        near(rates(&flows), &[2.0, 4.0, 4.0]);
    }

    #[test]
    fn bytes_are_kept_when_rates_change() {
        let mut flows = Flows::new(vec![8.0]);
        flows.begin(0, &[0], 800, 0);
        flows.begin(0, &[0], 1600, 1);
        // The first is done before its rate is looked at again.
        assert_eq!((flows.next_ns(), flows.end(100)), (Some(100), Some(0)));
        flows.settle(100);
        flows.begin(100, &[0], 800, 2);
        flows.settle(200);
        // 800 bytes are left of the second, and 800 of the third, at 4 bytes a nanosecond each.
        assert_eq!((flows.next_ns(), flows.end(400)), (Some(400), Some(1)));
        assert_eq!(flows.end(400), Some(2));
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
                flows.settle(now);
                flows.end(now);
            }
            let load = |way: usize| flows.load[way] <= flows.capacity[way] * (1.0 + 1e-6);
            assert!((0..5).all(load), "round {round}");
            now += MOMENT_NS;
            while flows.end(now).is_some() {}
            now += MOMENT_NS;
            flows.settle(now);
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
