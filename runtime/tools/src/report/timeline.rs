//! The timeline's data: every task if they are not too many; else the longest, and for all how each piece of time was spent, in
//! levels of detail. So a page has a size that does not grow with the run.

use super::base64;
use crate::analyse::{Analysis, Class, classes};
use crate::interval::Interval;
use crate::run::{Run, Sort, Task};
use serde::Serialize;

/// So many tasks are drawn one by one: 14 bytes each in the page.
const TASKS: usize = 400_000;
/// So many spans in which engines ran nothing.
const GAPS: usize = 200_000;
/// So many members of the longest chain; neighbours of one kind on one engine are put together beyond.
const CHAIN: usize = 200_000;
/// So many spans of a row the page draws one by one, if that is all of them; a row of which some were left out has levels, too, which tell
/// of these.
const DRAWN: usize = 6000;
/// Pieces of time of all engines in the finest level: 11 bytes each.
const BINS: usize = 1 << 20;

/// See the module.
#[derive(Debug, Serialize)]
pub struct Timeline {
    /// The unit of times: so that they fit in 32 bits.
    unit_ns: u64,
    names: Vec<String>,
    /// The kinds that are bodies of scopes.
    spawns: Vec<u16>,
    rows: Vec<Row>,
    chain: List,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// All that the engine did is in `tasks` and `gaps`.
    whole: bool,
    tasks: List,
    gaps: List,
    /// Each twice or more as fine as the one before: bins of six shares (of 255) and a kind.
    levels: Vec<String>,
}

/// Spans as arrays: 32 bits, 32 bits, 16 bits.
#[derive(Debug, Default, Serialize)]
struct List {
    start: String,
    length: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
}

fn list(spans: &[(Interval, u16)], unit: u64) -> List {
    let number = |ns: u64| u32::try_from(ns / unit).unwrap_or(u32::MAX);
    let words = |word: &dyn Fn(&(Interval, u16)) -> u32| {
        let bytes: Vec<u8> = spans
            .iter()
            .flat_map(|span| word(span).to_le_bytes())
            .collect();
        base64::encode(&bytes)
    };
    let kinds: Vec<u8> = spans
        .iter()
        .flat_map(|(_, kind)| kind.to_le_bytes())
        .collect();
    List {
        start: words(&|(span, _)| number(span.start)),
        length: words(&|(span, _)| number(span.length())),
        kind: base64::encode(&kinds),
        row: None,
    }
}

/// The number that the page has for a class.
fn number(class: Class) -> u16 {
    match class {
        Class::Running => 0,
        Class::Body => 1,
        Class::Blocked => 2,
        Class::Looking => 3,
        Class::Parked => 4,
        Class::Runtime => 5,
    }
}

/// See the module.
pub fn timeline(run: &Run, analysis: &Analysis) -> Timeline {
    Timeline {
        chain: chain(run, &analysis.chain.members, unit(run)),
        ..timeline_with(run, (TASKS, GAPS))
    }
}

/// The unit of a run's times.
fn unit(run: &Run) -> u64 {
    (run.length >> 31).max(1)
}

/// The rows, with at most so many tasks and gaps one by one.
fn timeline_with(run: &Run, (most_tasks, most_gaps): (usize, usize)) -> Timeline {
    let unit = unit(run);
    let drawn = |task: &&Task| task.sort != Sort::Replay && task.stream < run.xes;
    let least = least_length(
        run.tasks.iter().filter(drawn).map(Task::length).collect(),
        most_tasks,
    );
    let streams = run.streams();
    let classes = |xe| classes(run, &streams, xe);
    let lists: Vec<Vec<(Interval, Class)>> = (0..run.xes).map(classes).collect();
    let gap = |(_, class): &&(Interval, Class)| *class != Class::Running && *class != Class::Body;
    let gaps = || lists.iter().flatten().filter(gap);
    let least_gap = least_length(gaps().map(|(span, _)| span.length()).collect(), most_gaps);
    let finest = bins(run.xes);
    let rows = lists.iter().zip(0..).map(|(classes, xe)| {
        let own = || run.tasks_of(&streams, xe).filter(drawn);
        let tasks: Vec<_> = own()
            .filter(|task| task.length() >= least)
            .map(|task| (task.interval(), task.kind))
            .collect();
        let gaps: Vec<_> = classes
            .iter()
            .filter(gap)
            .filter(|(span, _)| span.length() >= least_gap)
            .map(|(span, class)| (*span, number(*class)))
            .collect();
        let kinds: Vec<_> = own().map(|task| (task.interval(), task.kind)).collect();
        let whole = tasks.len() == kinds.len() && gaps.len() == classes.iter().filter(gap).count();
        let spans = tasks.len().max(gaps.len());
        let levels = if whole && spans < DRAWN {
            Vec::new()
        } else {
            vec![finest / 32, finest]
        };
        Row {
            whole,
            name: format!("XE {xe}"),
            tasks: list(&tasks, unit),
            gaps: list(&gaps, unit),
            levels: (levels.into_iter())
                .map(|bins| base64::encode(&level(run.length, classes, &kinds, bins)))
                .collect(),
        }
    });
    let rows: Vec<Row> = rows.collect();
    let body = |kind: &u16| run.name(*kind) == "(body of a scope)";
    Timeline {
        unit_ns: unit,
        names: run.kinds.iter().map(|kind| kind.name.clone()).collect(),
        spawns: (0..run.kinds.len() as u16).filter(body).collect(),
        rows,
        chain: List::default(),
    }
}

/// How long the shortest may be if only so many shall stay; 0 if all may.
fn least_length(mut lengths: Vec<u64>, most: usize) -> u64 {
    if lengths.len() <= most {
        return 0;
    }
    let at = lengths.len() - most;
    // One more, so that many of the same length do not all stay.
    *lengths.select_nth_unstable(at).1 + 1
}

/// Pieces of time in the finest level, for each engine.
fn bins(xes: u32) -> usize {
    let each = BINS / xes.max(1) as usize;
    (1usize << each.max(64).ilog2()).min(1 << 15)
}

/// How each of so many pieces of time was spent.
fn level(
    length: u64,
    classes: &[(Interval, Class)],
    tasks: &[(Interval, u16)],
    bins: usize,
) -> Vec<u8> {
    let each = length as f64 / bins as f64;
    let mut sums = vec![[0f64; 6]; bins];
    for (span, class) in classes {
        spread(*span, each, bins, |bin, time| {
            sums[bin][usize::from(number(*class))] += time
        });
    }
    // The kind that took most of a piece in one go stands for it.
    let mut longest = vec![(0f64, 0u16); bins];
    for (span, kind) in tasks {
        spread(*span, each, bins, |bin, time| {
            if time > longest[bin].0 {
                longest[bin] = (time, *kind);
            }
        });
    }
    let mut bytes = Vec::with_capacity(bins * 8);
    for (sum, (_, kind)) in sums.iter().zip(longest) {
        bytes.extend(sum.map(|time| (time / each.max(1e-9) * 255.0).round().min(255.0) as u8));
        bytes.extend(kind.to_le_bytes());
    }
    bytes
}

/// Tells each piece that a span lies in how much of it does.
fn spread(span: Interval, each: f64, bins: usize, mut tell: impl FnMut(usize, f64)) {
    if bins == 0 || each <= 0.0 {
        return;
    }
    let (start, end) = (span.start as f64, span.end as f64);
    let first = ((start / each) as usize).min(bins - 1);
    let last = ((end / each) as usize).min(bins - 1);
    for bin in first..=last {
        let from = start.max(bin as f64 * each);
        let to = end.min((bin + 1) as f64 * each);
        if to > from {
            tell(bin, to - from);
        }
    }
}

fn chain(run: &Run, members: &[u32], unit: u64) -> List {
    let tasks = members.iter().map(|&at| &run.tasks[at as usize]);
    let tasks: Vec<&Task> = tasks.filter(|task| task.sort != Sort::Replay).collect();
    let mut spans: Vec<(Interval, u16, u32)> = Vec::new();
    for task in &tasks {
        match spans.last_mut() {
            Some((span, kind, stream))
                if tasks.len() > CHAIN && *kind == task.kind && *stream == task.stream =>
            {
                span.end = task.end;
            }
            _ => spans.push((task.interval(), task.kind, task.stream)),
        }
    }
    if spans.len() > 2 * CHAIN {
        // It goes to and fro at each step: what can be seen is when it was where, so every so many.
        let every = spans.len().div_ceil(CHAIN);
        spans = spans.into_iter().step_by(every).collect();
    }
    let rows: Vec<u8> = spans
        .iter()
        .flat_map(|(_, _, stream)| u16::try_from(*stream).unwrap_or(u16::MAX).to_le_bytes())
        .collect();
    let pairs: Vec<(Interval, u16)> = spans
        .into_iter()
        .map(|(span, kind, _)| (span, kind))
        .collect();
    List {
        row: Some(base64::encode(&rows)),
        ..list(&pairs, unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few long codelets among so many short ones that not all are drawn: what the short ones took is there as levels of detail.
    #[test]
    fn a_row_of_which_much_is_left_out_has_levels() {
        let task = |start, length| Task {
            start,
            end: start + length,
            ..Task::default()
        };
        let mut run = Run {
            xes: 2,
            length: 2000,
            ..Run::default()
        };
        run.tasks.extend((0..100).map(|at| task(10 * at, 5)));
        run.tasks.push(task(1000, 1000));
        let rows = timeline_with(&run, (20, 200)).rows;
        assert_eq!(rows[0].tasks.kind.len(), 4);
        assert!(!rows[0].whole && rows[0].levels.len() == 2);
        // The other engine slept, which is all there.
        assert!(rows[1].whole && rows[1].levels.is_empty());
        // If all are drawn they are all that is needed, unless they are too many for the page.
        let rows = timeline_with(&run, (200, 200)).rows;
        assert!(rows[0].whole && rows[0].levels.is_empty());
    }
}
