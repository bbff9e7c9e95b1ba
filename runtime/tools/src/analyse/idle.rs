//! Why engines had nothing to run: for each, what there was at the time that it could not run yet.

use super::time::Class;
use super::waits::waits_for_data_from;
use crate::interval::{Interval, sum};
use crate::run::{NONE, Run, Task};
use serde::Serialize;
use std::collections::HashMap;

/// Why an engine ran nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Why {
    /// Nothing was ready; what was spawned waited for other codelets.
    Dependences,
    /// Nothing was ready; a block was on its way to another region, or a file was being read.
    Data,
    /// Something was ready, and lay in another queue or with the control engine.
    ReadyElsewhere,
    /// Nothing was spawned that had not begun.
    Nothing,
}

/// The time of engines that ran nothing while scopes were open, by what there was to run at the time, in nanoseconds of engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// See [`Why::Dependences`].
    pub dependences: u64,
    /// See [`Why::Data`].
    pub data: u64,
    /// See [`Why::ReadyElsewhere`].
    pub ready_elsewhere: u64,
    /// See [`Why::Nothing`].
    pub nothing: u64,
}

impl Idle {
    /// All of it.
    pub fn total(&self) -> u64 {
        sum([
            self.dependences,
            self.data,
            self.ready_elsewhere,
            self.nothing,
        ])
    }

    fn each(&mut self) -> [&mut u64; 4] {
        [
            &mut self.dependences,
            &mut self.data,
            &mut self.ready_elsewhere,
            &mut self.nothing,
        ]
    }

    fn plus(mut self, mut other: Idle) -> Idle {
        for (sum, more) in self.each().into_iter().zip(other.each()) {
            *sum = sum.saturating_add(*more);
        }
        self
    }

    /// What most of it was.
    fn most(mut self) -> Why {
        let all = [
            Why::Dependences,
            Why::Data,
            Why::ReadyElsewhere,
            Why::Nothing,
        ];
        let each = self.each().into_iter().zip(all);
        let most = each.rev().max_by_key(|(time, _)| **time);
        most.filter(|(time, _)| **time > 0)
            .map_or(Why::Nothing, |(_, why)| why)
    }
}

/// Why each engine ran nothing.
#[derive(Clone, Debug, Default)]
pub struct Whys {
    /// Of each engine.
    pub engines: Vec<Idle>,
    /// Of each engine, what most of each of its spans without work was for, in their order: see [`is_idle`].
    pub spans: Vec<Vec<Why>>,
    /// For which kinds of codelets engines waited, since their ends made ready what there was to run next.
    pub awaited: HashMap<u16, u64>,
}

/// Whether an engine that does this has nothing to run.
pub fn is_idle(class: Class) -> bool {
    matches!(class, Class::Looking | Class::Parked | Class::Blocked)
}

/// What there is at a moment.
#[derive(Clone, Copy)]
enum What {
    Waiting,
    Data,
    Ready,
    Open,
}

const WHATS: [What; 4] = [What::Waiting, What::Data, What::Ready, What::Open];

/// A change of how many there are of something: one word, so that they sort by time, and millions have room.
fn change(time: u64, what: What, more: bool) -> u64 {
    time << 3 | (what as u64) << 1 | u64::from(more)
}

fn changes(run: &Run, scopes: &[Interval]) -> Vec<u64> {
    let mut list = Vec::new();
    let mut add = |what, start: u64, end: u64| {
        if start < end {
            list.push(change(start, what, true));
            list.push(change(end, what, false));
        }
    };
    for task in run.tasks.iter().filter(|task| task.is_work()) {
        let data = waits_for_data_from(run, task);
        add(What::Waiting, task.spawn, data);
        add(What::Data, data, task.ready);
        add(What::Ready, task.ready, task.start);
    }
    for scope in scopes {
        add(What::Open, scope.start, scope.end);
    }
    list.sort_unstable();
    list
}

/// The moments when something became ready by the end of another one, with the kind of that.
fn arrivals(run: &Run) -> Vec<(u64, u16)> {
    let waited = |task: &&Task| task.is_work() && task.spawn < task.ready && task.cause != NONE;
    let tasks = run.tasks.iter().filter(waited);
    let mut list: Vec<_> = tasks
        .map(|task| (task.ready, run.tasks[task.cause as usize].kind))
        .collect();
    list.sort_unstable();
    list
}

/// The state of the walk through all changes.
#[derive(Default)]
struct Walk {
    now: [i64; 4],
    time: u64,
    idlers: u64,
    /// How long there was a reason, up to now, while scopes were open.
    so_far: Idle,
    /// The time of engines that has no kind yet that it was waited for.
    pending: u64,
}

impl Walk {
    fn to(&mut self, time: u64) {
        let passed = time.saturating_sub(self.time);
        self.time = time;
        let [waiting, data, ready, open] = self.now;
        if open <= 0 || passed == 0 {
            return;
        }
        let (sum, waits) = match () {
            () if ready > 0 => (&mut self.so_far.ready_elsewhere, false),
            () if data > 0 => (&mut self.so_far.data, true),
            () if waiting > 0 => (&mut self.so_far.dependences, true),
            () => (&mut self.so_far.nothing, false),
        };
        *sum = sum.saturating_add(passed);
        if waits {
            let all = passed.saturating_mul(self.idlers);
            self.pending = self.pending.saturating_add(all);
        }
    }
}

/// See [`Whys`]. `engines` is what each did.
pub fn whys(run: &Run, engines: &[Vec<(Interval, Class)>], scopes: &[Interval]) -> Whys {
    let idle = |list: &[(Interval, Class)]| -> Vec<(Interval, Class)> {
        let idle = list.iter().filter(|(_, class)| is_idle(*class));
        idle.copied().collect()
    };
    let spans: Vec<_> = engines.iter().map(|list| idle(list)).collect();
    let mut edges: Vec<(u64, bool, u32, u32)> = Vec::new();
    for (list, xe) in spans.iter().zip(0..) {
        for ((span, _), at) in list.iter().zip(0..) {
            edges.push((span.start, true, xe, at));
            edges.push((span.end, false, xe, at));
        }
    }
    edges.sort_unstable();
    let mut whys = Whys {
        engines: vec![Idle::default(); engines.len()],
        spans: (spans.iter())
            .map(|list| vec![Why::Nothing; list.len()])
            .collect(),
        awaited: HashMap::new(),
    };
    let mut begun = vec![Idle::default(); engines.len()];
    let mut changes = changes(run, scopes).into_iter().peekable();
    let mut arrivals = arrivals(run).into_iter().peekable();
    let mut walk = Walk::default();
    for (time, begins, xe, at) in edges {
        loop {
            let next = changes.peek().map_or(u64::MAX, |change| change >> 3);
            let arrival = arrivals.peek().map_or(u64::MAX, |(time, _)| *time);
            if next.min(arrival) > time {
                break;
            }
            walk.to(next.min(arrival));
            if arrival <= next {
                let (_, kind) = arrivals.next().expect("it was looked at");
                let pending = std::mem::take(&mut walk.pending);
                if pending > 0 {
                    let sum = whys.awaited.entry(kind).or_default();
                    *sum = sum.saturating_add(pending);
                }
            } else {
                let change = changes.next().expect("it was looked at");
                let what = WHATS[(change >> 1 & 3) as usize] as usize;
                walk.now[what] += if change & 1 == 1 { 1 } else { -1 };
            }
        }
        walk.to(time);
        let engine = xe as usize;
        if begins {
            walk.idlers += 1;
            begun[engine] = walk.so_far;
            continue;
        }
        walk.idlers -= 1;
        let mut own = walk.so_far;
        for (sum, before) in own.each().into_iter().zip(begun[engine].each()) {
            *sum -= *before;
        }
        if spans[engine][at as usize].1 == Class::Blocked {
            // Steps of a graph wait for others by what they are.
            own = Idle {
                dependences: own.total(),
                ..Idle::default()
            };
        }
        whys.spans[engine][at as usize] = own.most();
        whys.engines[engine] = whys.engines[engine].plus(own);
    }
    whys
}

/// Of all engines together.
pub fn all(engines: &[Idle]) -> Idle {
    engines.iter().copied().fold(Idle::default(), Idle::plus)
}

/// How many codelets ran, and were ready and had not begun, on average in each of equal parts of the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// How long a part is.
    pub part_ns: f64,
    /// On average so many ran.
    pub running: Vec<f32>,
    /// On average so many were ready.
    pub ready: Vec<f32>,
}

/// Parts of a series.
const PARTS: usize = 600;

/// See [`Series`].
pub fn series(run: &Run) -> Series {
    let part = (run.length as f64 / PARTS as f64).max(1.0);
    let mut sums = [vec![0.0; PARTS], vec![0.0; PARTS]];
    for task in run.tasks.iter().filter(|task| task.is_work()) {
        for (sum, start, end) in [(0, task.start, task.end), (1, task.ready, task.start)] {
            spread(&mut sums[sum], part, start as f64, end as f64);
        }
    }
    let [running, ready] = sums.map(|sum| sum.iter().map(|all| (all / part) as f32).collect());
    Series {
        part_ns: part,
        running,
        ready,
    }
}

/// Adds a span to the parts that it lies in.
fn spread(parts: &mut [f64], part: f64, start: f64, end: f64) {
    let last = parts.len() - 1;
    let mut at = ((start / part) as usize).min(last);
    let mut from = start;
    while from < end {
        let until = match at == last {
            true => end,
            false => end.min((at + 1) as f64 * part),
        };
        parts[at] += (until - from).max(0.0);
        from = until;
        if at == last {
            break;
        }
        at += 1;
    }
}
