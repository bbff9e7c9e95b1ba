//! Why engines had nothing to run.

use super::time::Class;
use crate::interval::{Interval, sum};
use crate::run::Run;
use serde::Serialize;

/// The time of engines that ran nothing while scopes were open, by what there was to run at the time, in nanoseconds of engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// Codelets were ready, and lay in a queue where these engines did not take them, or were on their way.
    pub ready_elsewhere: u64,
    /// Nothing was ready, and what was spawned waited for others.
    pub dependences: u64,
    /// Nothing was spawned that had not begun.
    pub nothing: u64,
}

impl Idle {
    /// All of it.
    pub fn total(&self) -> u64 {
        sum([self.ready_elsewhere, self.dependences, self.nothing])
    }
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

/// What changes at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Waiting,
    Ready,
    Running,
    Idle,
    Open,
}

fn lives(run: &Run) -> Vec<(u64, What, i64)> {
    let mut changes = Vec::with_capacity(run.tasks.len() * 6);
    let mut add = |what, start: u64, end: u64| {
        if start < end {
            changes.push((start, what, 1));
            changes.push((end, what, -1));
        }
    };
    for task in run.tasks.iter().filter(|task| task.is_work()) {
        add(What::Waiting, task.spawn, task.ready);
        add(What::Ready, task.ready, task.start);
        add(What::Running, task.start, task.end);
    }
    changes
}

/// See [`Idle`]. `engines` is what each did.
pub fn idle(run: &Run, engines: &[Vec<(Interval, Class)>], scopes: &[Interval]) -> Idle {
    let mut changes = lives(run);
    let mut add = |what, interval: Interval| {
        changes.push((interval.start, what, 1));
        changes.push((interval.end, what, -1));
    };
    let mut blocked = 0u64;
    for &(interval, class) in engines.iter().flatten() {
        match class {
            Class::Looking | Class::Parked => add(What::Idle, interval),
            // Steps of a graph wait for others by what they are.
            Class::Blocked => blocked = blocked.saturating_add(interval.length()),
            _ => (),
        }
    }
    scopes.iter().for_each(|&scope| add(What::Open, scope));
    changes.sort_unstable();
    let (mut now, mut last) = ([0i64; 5], 0);
    let mut idle = Idle {
        dependences: blocked,
        ..Idle::default()
    };
    for (time, what, by) in changes {
        let [waiting, ready, _, idlers, open] = now;
        if open > 0 && idlers > 0 {
            let sum = match () {
                () if ready > 0 => &mut idle.ready_elsewhere,
                () if waiting > 0 => &mut idle.dependences,
                () => &mut idle.nothing,
            };
            *sum = sum.saturating_add((time - last).saturating_mul(idlers as u64));
        }
        now[what as usize] += by;
        last = time;
    }
    idle
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
