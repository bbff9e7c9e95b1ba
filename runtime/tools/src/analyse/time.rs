//! How an engine spent its time.

use super::idle::{Idle, Why, is_idle};
use crate::interval::{self, Interval};
use crate::run::{Doing, Run, Sort, Streams};
use serde::Serialize;

/// What an engine does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Class {
    /// It runs a codelet's body.
    Running,
    /// It runs the body of a host's scope, which spawns.
    Body,
    /// It has work on a graph, and waits for other lanes.
    Blocked,
    /// It looks for work.
    Looking,
    /// It sleeps.
    Parked,
    /// None of these: the runtime's own work between bodies.
    Runtime,
}

/// What an engine does at a moment, and why if it is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Diagnosis {
    /// See [`Class::Running`].
    Running,
    /// See [`Class::Body`].
    Body,
    /// See [`Class::Runtime`].
    Runtime,
    /// It has nothing to run, mostly for this reason.
    Idle(Why),
}

/// The same with each span without work in parts, where scopes begin or end in it: outside of them an engine has another reason.
pub(super) fn cut(list: Vec<(Interval, Class)>, scopes: &[Interval]) -> Vec<(Interval, Class)> {
    let edges: Vec<u64> = scopes
        .iter()
        .flat_map(|scope| [scope.start, scope.end])
        .collect();
    let mut parts = Vec::with_capacity(list.len());
    for (mut span, class) in list {
        if is_idle(class) {
            let inside = edges.partition_point(|edge| *edge <= span.start);
            for &edge in edges[inside..].iter().take_while(|edge| **edge < span.end) {
                let part = Interval { end: edge, ..span };
                parts.extend((part.length() > 0).then_some((part, class)));
                span.start = edge;
            }
        }
        parts.push((span, class));
    }
    parts
}

/// What an engine did, with the reason of each span in which it ran nothing.
pub(super) fn diagnoses(list: Vec<(Interval, Class)>, whys: &[Why]) -> Vec<(Interval, Diagnosis)> {
    let mut whys = whys.iter();
    let diagnosis = |class| match class {
        Class::Running => Diagnosis::Running,
        Class::Body => Diagnosis::Body,
        Class::Runtime => Diagnosis::Runtime,
        idle => {
            debug_assert!(is_idle(idle));
            Diagnosis::Idle(*whys.next().expect("each span without work has a reason"))
        }
    };
    let classes = list.iter().map(|(_, class)| *class);
    let diagnoses: Vec<_> = classes.map(diagnosis).collect();
    let spans = list.into_iter().map(|(span, _)| span);
    spans.zip(diagnoses).collect()
}

/// How an engine spent its time while scopes were open, in nanoseconds. They add up to that time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Split {
    /// The engine.
    pub xe: u32,
    /// See [`Class::Running`].
    pub running: u64,
    /// See [`Class::Body`].
    pub body: u64,
    /// See [`Class::Blocked`].
    pub blocked: u64,
    /// See [`Class::Looking`].
    pub looking: u64,
    /// See [`Class::Parked`].
    pub parked: u64,
    /// See [`Class::Runtime`].
    pub runtime: u64,
    /// Why it had nothing to run when it was blocked, looked for work, or slept.
    pub why: Idle,
}

impl Split {
    /// All of it.
    pub fn total(&self) -> u64 {
        // One engine's time, of which no trace has more than fits.
        self.running + self.body + self.blocked + self.looking + self.parked + self.runtime
    }
}

/// What may be at a moment, as counters.
#[derive(Default)]
struct Now {
    run: i32,
    body: i32,
    blocked: i32,
    searched: i32,
    seated: i32,
    parked: i32,
    host_parked: i32,
}

impl Now {
    fn class(&self) -> Class {
        let sleeps = match self.seated > 0 {
            true => self.host_parked > 0,
            false => self.parked > 0,
        };
        match self {
            now if now.run > 0 => Class::Running,
            now if now.blocked > 0 => Class::Blocked,
            now if now.searched > 0 => Class::Looking,
            _ if sleeps => Class::Parked,
            now if now.body > 0 => Class::Body,
            _ => Class::Runtime,
        }
    }
}

/// What an engine does, from change to change, over the whole trace.
pub fn classes(run: &Run, streams: &Streams, xe: u32) -> Vec<(Interval, Class)> {
    type Field = fn(&mut Now) -> &mut i32;
    let mut changes: Vec<(u64, i32, Field)> = Vec::new();
    let mut add = |interval: Interval, field: Field| {
        if interval.length() > 0 {
            changes.push((interval.start, 1, field));
            changes.push((interval.end, -1, field));
        }
    };
    for task in run.tasks_of(streams, xe) {
        match task.sort {
            Sort::Codelet | Sort::Step => add(task.interval(), |now| &mut now.run),
            Sort::Body => add(task.interval(), |now| &mut now.body),
            Sort::Replay => (),
        }
    }
    for (doing, interval) in run.doings_of(streams, xe) {
        match doing {
            Doing::Parked => add(interval, |now| &mut now.parked),
            Doing::HostParked => add(interval, |now| &mut now.host_parked),
            Doing::Searched => add(interval, |now| &mut now.searched),
            Doing::Blocked => add(interval, |now| &mut now.blocked),
            Doing::Seated => add(interval, |now| &mut now.seated),
        }
    }
    // What took no time is not among the changes: after the last of these it slept until the trace ended, or what it did then is lost.
    let last = changes.iter().map(|(time, _, _)| *time).max();
    let last = last.unwrap_or(0);
    if last < run.length {
        changes.push((last, 1, |now| &mut now.parked));
        changes.push((run.length, -1, |now| &mut now.parked));
    }
    changes.sort_unstable_by_key(|&(time, by, _)| (time, by));
    let (mut now, mut at, mut list) = (Now::default(), 0, Vec::new());
    let mut put = |start: u64, end: u64, class: Class| {
        if start < end {
            match list.last_mut() {
                Some((Interval { end: last, .. }, before))
                    if *before == class && *last == start =>
                {
                    *last = end;
                }
                _ => list.push((Interval { start, end }, class)),
            }
        }
    };
    for (time, by, field) in changes {
        put(at, time, now.class());
        at = time;
        *field(&mut now) += by;
    }
    list
}

/// How an engine that did this spent the time in which scopes were open.
pub fn split(xe: u32, list: &[(Interval, Class)], scopes: &[Interval]) -> Split {
    let mut split = Split {
        xe,
        ..Split::default()
    };
    for class in [
        Class::Running,
        Class::Body,
        Class::Blocked,
        Class::Looking,
        Class::Parked,
        Class::Runtime,
    ] {
        let own: Vec<Interval> = (list.iter())
            .filter(|(_, other)| *other == class)
            .map(|(interval, _)| *interval)
            .collect();
        let time = interval::total(&interval::both(&own, scopes));
        *match class {
            Class::Running => &mut split.running,
            Class::Body => &mut split.body,
            Class::Blocked => &mut split.blocked,
            Class::Looking => &mut split.looking,
            Class::Parked => &mut split.parked,
            Class::Runtime => &mut split.runtime,
        } += time;
    }
    split
}
