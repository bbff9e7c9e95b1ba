//! The longest chain of work that depends on each other, and what it bounds.
//!
//! A task depends on its spawner up to the moment where that spawned it, on the task that made it ready (the last of those that it waited
//! for), and a step of a graph on all steps that it waits for. Dependences that were settled before a codelet was spawned have
//! left no mark; so the chain is the longest of this run, and a run in which one kind costs nothing may have a longer one than is told here.

use super::kinds::KindRow;
use crate::interval::{Interval, sum};
use crate::run::{NONE, Run, Sort};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// The least time of the run, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// All bodies, divided by the engines. What a codelet ran of others inside of its own counts once.
    pub by_work_ns: u64,
    /// The longest chain.
    pub by_path_ns: u64,
    /// What it took: the time in which scopes were open.
    pub took_ns: u64,
}

impl Bounds {
    /// The larger one.
    pub fn least(&self) -> u64 {
        self.by_work_ns.max(self.by_path_ns)
    }
}

/// Members of the chain of one kind, side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The kind.
    pub kind: u16,
    /// Its name.
    pub name: String,
    /// How many of the chain's tasks are of it.
    pub count: u64,
    /// How long these took, as far as the next one waited for them.
    pub time_ns: u64,
}

/// The longest chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// How many tasks it has.
    pub tasks: u64,
    /// By kinds, the longest first.
    pub links: Vec<Link>,
    /// How long its tasks were ready and had not begun, all together.
    pub queued_ns: u64,
    /// The tasks, from first to last: places in [`Run::tasks`].
    #[serde(skip)]
    pub members: Vec<u32>,
}

/// What the run would take if a kind cost nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Free {
    /// The kind.
    pub kind: u16,
    /// Its name.
    pub name: String,
    /// The larger bound then.
    pub least_ns: u64,
    /// What it would take, if the distance to the larger bound shrank in the same ratio.
    pub takes_ns: u64,
}

/// For each task: the length of the longest chain up to its start and to its end, and the one before it in that chain with the
/// time up to which it is waited for.
pub(super) struct Path {
    ends: Vec<u64>,
    before: Vec<u32>,
    /// Of each task, how much of the one before counts.
    counts: Vec<u64>,
    last: u32,
}

/// What all walks through a run need to know of it.
pub(super) struct Known<'a> {
    run: &'a Run,
    /// A scope that opens when none is open comes after all before: when such ones do.
    fresh: HashSet<u64>,
    helped: Helped,
    /// Where each step is.
    places: HashMap<(u32, u32, u32), u32>,
    /// How long each codelet ran without those that ran inside of it, when it helped.
    alone: Vec<u64>,
    /// How much one walk has to look at: tasks, and what steps wait for.
    size: usize,
}

impl<'a> Known<'a> {
    pub(super) fn new(run: &'a Run, scopes: &[Interval]) -> Self {
        Known {
            run,
            fresh: scopes.iter().map(|scope| scope.start).collect(),
            helped: helped(run),
            places: places(run),
            alone: alone(run),
            size: run.tasks.len() + edges(run),
        }
    }
}

impl Path {
    pub(super) fn new(known: &Known<'_>) -> Self {
        Self::without(known, None)
    }

    /// Where the bodies of this kind take no time.
    fn without(known: &Known<'_>, free: Option<u16>) -> Self {
        let Known {
            run,
            fresh,
            helped,
            places,
            ..
        } = known;
        let tasks = &run.tasks;
        let costs = |at: u32| free != Some(tasks[at as usize].kind);
        let own_time = |at: u32| {
            if costs(at) {
                tasks[at as usize].length()
            } else {
                0
            }
        };
        let mut path = Path {
            ends: vec![0; tasks.len()],
            before: vec![NONE; tasks.len()],
            counts: vec![0; tasks.len()],
            last: NONE,
        };
        let mut starts = vec![0; tasks.len()];
        // The last step of each replay's chain.
        let mut inside: HashMap<u32, u32> = HashMap::new();
        for at in 0..tasks.len() as u32 {
            let task = &tasks[at as usize];
            let mut best = (0, NONE, 0);
            let mut after = |path: &Path, other: u32, until: u64| {
                if other == NONE || other >= at {
                    return;
                }
                let one = &tasks[other as usize];
                if one.sort == Sort::Replay {
                    // What comes after it comes after its steps; its steps come after its start.
                    let step = inside.get(&other).copied().filter(|_| until >= one.end);
                    best = best.max(match step {
                        Some(step) => (path.ends[step as usize], step, own_time(step)),
                        None => (starts[other as usize], other, 0),
                    });
                    return;
                }
                let mut part = until.clamp(one.start, one.end) - one.start;
                if one.sort == Sort::Body {
                    part = part.saturating_sub(helped.before(other, until));
                }
                let part = if costs(other) { part } else { 0 };
                let until = sum([starts[other as usize], part]);
                best = best.max((until, other, part));
            };
            match task.sort {
                Sort::Step => {
                    // Inside of it, not behind.
                    after(&path, task.spawner, 0);
                    let before = run.graphs.get(&task.graph);
                    let before = before.and_then(|graph| graph.codelets.get(task.codelet as usize));
                    let own = [(task.codelet, true)];
                    let before = before.map_or(&[][..], |codelet| &codelet.before);
                    for &(codelet, last) in before.iter().chain(&own) {
                        if let Some(round) = task.round.checked_sub(u32::from(last))
                            && let Some(&other) = places.get(&(task.graph, round, codelet))
                        {
                            after(&path, other, u64::MAX);
                        }
                    }
                }
                Sort::Body if fresh.contains(&task.start) && path.last != NONE => {
                    let last = path.last;
                    best = (path.ends[last as usize], last, own_time(last));
                }
                _ => {
                    after(&path, task.spawner, task.spawn);
                    // What was made ready in the middle of a body was so there.
                    after(&path, task.cause, task.ready);
                }
            }
            let (start, before, part) = best;
            let own = match task.sort {
                Sort::Replay => 0,
                Sort::Body => own_time(at).saturating_sub(helped.before(at, task.end)),
                _ => own_time(at),
            };
            starts[at as usize] = start;
            path.ends[at as usize] = sum([start, own]);
            path.before[at as usize] = before;
            path.counts[at as usize] = part;
            if task.sort == Sort::Step && task.spawner != NONE {
                let best = inside.entry(task.spawner).or_insert(at);
                if path.ends[*best as usize] < path.ends[at as usize] {
                    *best = at;
                }
            }
            if path.last == NONE || path.ends[path.last as usize] < path.ends[at as usize] {
                path.last = at;
            }
        }
        path
    }

    /// The length of the longest chain.
    fn length(&self) -> u64 {
        match self.last {
            NONE => 0,
            last => self.ends[last as usize],
        }
    }

    pub(super) fn bounds(&self, known: &Known<'_>, took_ns: u64) -> Bounds {
        let work = sum(known.alone.iter().copied());
        Bounds {
            by_work_ns: work / u64::from(known.run.xes.max(1)),
            by_path_ns: self.length(),
            took_ns,
        }
    }

    pub(super) fn chain(&self, run: &Run) -> Chain {
        let mut members = Vec::new();
        let mut sums: HashMap<u16, (u64, u64)> = HashMap::new();
        let (mut at, mut counted, mut queued) = (self.last, None, 0);
        while at != NONE {
            let task = &run.tasks[at as usize];
            let before = self.before[at as usize];
            let own = counted.unwrap_or_else(|| {
                let start = match before {
                    NONE => 0,
                    before => self.ends[before as usize].min(self.ends[at as usize]),
                };
                self.ends[at as usize] - start
            });
            let link = sums.entry(task.kind).or_default();
            *link = (link.0 + 1, sum([link.1, own]));
            if task.is_work() {
                queued = sum([queued, task.start - task.ready]);
            }
            members.push(at);
            counted = Some(self.counts[at as usize]);
            at = before;
        }
        members.reverse();
        let mut links: Vec<Link> = (sums.into_iter())
            .map(|(kind, (count, time_ns))| Link {
                kind,
                name: run.name(kind).to_owned(),
                count,
                time_ns,
            })
            .collect();
        links.sort_by_key(|link| (std::cmp::Reverse(link.time_ns), link.kind));
        Chain {
            tasks: members.len() as u64,
            links,
            queued_ns: queued,
            members,
        }
    }
}

fn places(run: &Run) -> HashMap<(u32, u32, u32), u32> {
    let steps = run.tasks.iter().zip(0..);
    let steps = steps.filter(|(task, _)| task.sort == Sort::Step);
    steps
        .map(|(task, at)| ((task.graph, task.round, task.codelet), at))
        .collect()
}

/// How long each codelet ran without those that began and ended inside of it on the same stream, as they do when it helps until something
/// has come; of other tasks nothing.
fn alone(run: &Run) -> Vec<u64> {
    let mut alone = vec![0u64; run.tasks.len()];
    // Of each stream those that have not ended, from the outermost on.
    let mut open: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, task) in run.tasks.iter().enumerate() {
        if !task.is_work() {
            continue;
        }
        let open = open.entry(task.stream).or_default();
        while open
            .pop_if(|one| run.tasks[*one].end <= task.start)
            .is_some()
        {}
        alone[at] = task.length();
        if let Some(&outer) = open.last() {
            // One that ends later than what it began in comes from damage, or from clocks.
            let inside = task.end.min(run.tasks[outer].end) - task.start;
            alone[outer] = alone[outer].saturating_sub(inside);
        }
        open.push(at);
    }
    alone
}

/// How many steps those of graphs wait for, all together.
fn edges(run: &Run) -> usize {
    let steps = run.tasks.iter().filter(|task| task.sort == Sort::Step);
    steps
        .filter_map(|task| {
            let graph = run.graphs.get(&task.graph)?;
            Some(graph.codelets.get(task.codelet as usize)?.before.len())
        })
        .sum()
}

/// What hosts' bodies ran of others' codelets, when they were held back: of each body when such a codelet ended, and how
/// long all up to that took.
struct Helped(HashMap<u32, Vec<(u64, u64)>>);

impl Helped {
    fn before(&self, body: u32, time: u64) -> u64 {
        let list = self.0.get(&body).map_or(&[][..], |list| list);
        match list.partition_point(|&(end, _)| end <= time) {
            0 => 0,
            at => list[at - 1].1,
        }
    }
}

fn helped(run: &Run) -> Helped {
    let mut all: HashMap<u32, Vec<(u64, u64)>> = HashMap::new();
    let mut open: HashMap<u32, u32> = HashMap::new();
    for (task, at) in run.tasks.iter().zip(0..) {
        if task.sort == Sort::Body {
            open.insert(task.stream, at);
        } else if let Some(&body) = open.get(&task.stream)
            && task.end <= run.tasks[body as usize].end
        {
            let list = all.entry(body).or_default();
            let (until, before) = list.last().copied().unwrap_or_default();
            // What lies inside of one that was counted is counted with it.
            if task.end > until {
                let more = task.end - task.start.max(until);
                list.push((task.end, sum([before, more])));
            }
        }
    }
    Helped(all)
}

/// So many kinds are tried at least, and at most; in between, as many as take some seconds in a run of so many tasks and dependences.
const TRIED: std::ops::RangeInclusive<usize> = 12..=500;
const STEPS: usize = 200_000_000;

/// What the run would take without each of the kinds, of those that take most.
pub(super) fn free(known: &Known<'_>, bounds: &Bounds, kinds: &[KindRow]) -> Vec<Free> {
    let run = known.run;
    let tried = (STEPS / known.size.max(1)).clamp(*TRIED.start(), *TRIED.end());
    let mut work: HashMap<u16, u64> = HashMap::new();
    for (task, alone) in run.tasks.iter().zip(&known.alone) {
        let sum = work.entry(task.kind).or_default();
        *sum = sum.saturating_add(*alone);
    }
    let mut list: Vec<Free> = (kinds.iter().take(tried))
        .map(|row| {
            let path = Path::without(known, Some(row.kind)).length();
            let own = work
                .get(&row.kind)
                .map_or(0, |own| own / u64::from(run.xes.max(1)));
            let work = bounds.by_work_ns.saturating_sub(own);
            let least_ns = path.max(work);
            let ratio = least_ns as f64 / bounds.least().max(1) as f64;
            Free {
                kind: row.kind,
                name: row.name.clone(),
                least_ns,
                takes_ns: (bounds.took_ns as f64 * ratio) as u64,
            }
        })
        .collect();
    list.sort_by_key(|one| (one.takes_ns, one.kind));
    list
}
