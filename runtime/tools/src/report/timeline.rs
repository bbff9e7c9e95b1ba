//! The timeline's data: every task if they are not too many; else the longest, and for all how each piece of time was spent, in
//! levels of detail. So a page has a size that does not grow with the run.

use super::base64;
use super::critical::critical;
use crate::analyse::{Analysis, Diagnosis, Why};
use crate::interval::Interval;
use crate::run::{Run, Sort, Task};
use serde::Serialize;

/// How much there is of what: bytes of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// So many tasks are drawn one by one: 14 bytes each in the page.
    tasks: usize,
    /// So many spans in which engines ran nothing: 14 bytes each.
    gaps: usize,
    /// So many stretches of the longest chain: 16 bytes each.
    chain: usize,
    /// Pieces of time of all engines in the finest level: 13 bytes each, with the coarser one.
    bins: usize,
    /// Letters of names.
    letters: usize,
}

impl Limits {
    /// At most 28 MB, which leaves two of thirty for the rest of the page.
    pub(super) const PAGE: Self = Limits {
        tasks: 400_000,
        gaps: 200_000,
        chain: 300_000,
        bins: 1 << 20,
        letters: 1_000_000,
    };

    /// What `sprat serve` sends at first; it has the rest.
    pub(super) const SERVED: Self = Limits {
        tasks: 20_000,
        gaps: 20_000,
        bins: 1 << 17,
        ..Self::PAGE
    };
}

/// So many spans of a row the page draws one by one, if that is all of them; a row of which some were left out has levels, too, which tell
/// of these.
const DRAWN: usize = 6000;

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

/// Whether it is drawn as a gap: tasks are drawn by themselves.
pub(super) fn is_gap(what: Diagnosis) -> bool {
    !matches!(what, Diagnosis::Running | Diagnosis::Body)
}

/// The unit of a run's times.
pub(super) fn unit(run: &Run) -> u64 {
    (run.length >> 31).max(1)
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    /// All that the engine did is in `tasks` and `gaps`.
    whole: bool,
    tasks: List,
    gaps: List,
    /// Each finer than the one before: bins of seven shares (of 255) and a kind.
    levels: Vec<String>,
}

/// Spans as arrays: 32 bits, 32 bits, 16 bits.
#[derive(Debug, Default, Serialize)]
pub(super) struct List {
    start: String,
    length: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
}

pub(super) fn list(spans: &[(Interval, u16)], unit: u64) -> List {
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

/// The number that the page has for what an engine does.
pub(super) fn number(diagnosis: Diagnosis) -> u16 {
    match diagnosis {
        Diagnosis::Running => 0,
        Diagnosis::Body => 1,
        Diagnosis::Runtime => 2,
        Diagnosis::Idle(Why::Dependences) => 3,
        Diagnosis::Idle(Why::Data) => 4,
        Diagnosis::Idle(Why::ReadyElsewhere) => 5,
        Diagnosis::Idle(Why::Nothing) => 6,
    }
}

/// How many there are of these.
const DIAGNOSES: usize = 7;

/// See the module.
pub(super) fn timeline(run: &Run, analysis: &Analysis, limits: Limits) -> Timeline {
    let unit = unit(run);
    let drawn = |task: &&Task| task.sort != Sort::Replay && task.stream < run.xes;
    let least = least_length(
        run.tasks.iter().filter(drawn).map(Task::length).collect(),
        limits.tasks,
    );
    let streams = run.streams();
    let gap =
        |(_, what): &&(Interval, Diagnosis)| !matches!(what, Diagnosis::Running | Diagnosis::Body);
    let gaps = || analysis.rows.iter().flatten().filter(gap);
    let least_gap = least_length(gaps().map(|(span, _)| span.length()).collect(), limits.gaps);
    let finest = bins(run.xes, limits.bins);
    let rows = analysis.rows.iter().zip(0..).map(|(did, xe)| {
        let own = || run.tasks_of(&streams, xe).filter(drawn);
        let tasks: Vec<_> = own()
            .filter(|task| task.length() >= least)
            .map(|task| (task.interval(), task.kind))
            .collect();
        let gaps: Vec<_> = did
            .iter()
            .filter(gap)
            .filter(|(span, _)| span.length() >= least_gap)
            .map(|(span, what)| (*span, number(*what)))
            .collect();
        let kinds: Vec<_> = own().map(|task| (task.interval(), task.kind)).collect();
        let whole = tasks.len() == kinds.len() && gaps.len() == did.iter().filter(gap).count();
        let spans = tasks.len().max(gaps.len());
        let levels = match finest {
            Some(finest) if !whole || spans >= DRAWN => vec![finest / 32, finest],
            _ => Vec::new(),
        };
        Row {
            whole,
            name: format!("XE {xe}"),
            tasks: list(&tasks, unit),
            gaps: list(&gaps, unit),
            levels: (levels.into_iter())
                .map(|bins| base64::encode(&level(run.length, did, &kinds, bins)))
                .collect(),
        }
    });
    let rows: Vec<Row> = rows.collect();
    let body = |kind: &u16| run.name(*kind) == "(body of a scope)";
    Timeline {
        unit_ns: unit,
        names: names(run, limits.letters),
        spawns: (0..=u16::MAX)
            .zip(&run.kinds)
            .map(|(kind, _)| kind)
            .filter(body)
            .collect(),
        rows,
        chain: chain(run, &analysis.chain.members, unit, limits.chain),
    }
}

/// The names of all kinds; where they have more letters than this together the last ones stand as numbers.
fn names(run: &Run, letters: usize) -> Vec<String> {
    let mut left = letters;
    let mut name = |(name, at): (&str, usize)| {
        left = left.saturating_sub(name.len() + 8);
        match left {
            0 => format!("kind {at}"),
            _ => name.to_owned(),
        }
    };
    let all = run.kinds.iter().map(|kind| kind.name.as_str());
    all.zip(0..).map(&mut name).collect()
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

/// Fewer pieces of time show nothing, and the coarse level has a part of 32 of these.
const FEWEST: usize = 64;

/// Pieces of time in the finest level, for each engine, if there are so many for all; none if that would be too few to show anything.
fn bins(xes: u32, all: usize) -> Option<usize> {
    let each = all / xes.max(1) as usize;
    (each >= FEWEST).then(|| (1usize << each.ilog2()).min(1 << 15))
}

/// How each of so many pieces of time was spent.
fn level(
    length: u64,
    did: &[(Interval, Diagnosis)],
    tasks: &[(Interval, u16)],
    bins: usize,
) -> Vec<u8> {
    let each = length as f64 / bins as f64;
    let mut sums = vec![[0f64; DIAGNOSES]; bins];
    for (span, what) in did {
        spread(*span, each, bins, |bin, time| {
            sums[bin][usize::from(number(*what))] += time
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
    let mut bytes = Vec::with_capacity(bins * (DIAGNOSES + 2));
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

fn chain(run: &Run, members: &[u32], unit: u64, most: usize) -> List {
    let stretches = critical(run, members, most);
    let rows = stretches.iter().map(|one| one.stream);
    let rows: Vec<u8> = rows
        .flat_map(|stream| u16::try_from(stream).unwrap_or(u16::MAX).to_le_bytes())
        .collect();
    let pairs: Vec<(Interval, u16)> = stretches.iter().map(|one| (one.span, one.kind)).collect();
    List {
        row: Some(base64::encode(&rows)),
        ..list(&pairs, unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::analyse;
    use crate::report::html::html_within;
    use crate::run::{Doing, NONE};

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
            whole: true,
            ..Run::default()
        };
        run.tasks.extend((0..100).map(|at| task(10 * at, 5)));
        run.tasks.push(task(1000, 1000));
        let few = Limits {
            tasks: 20,
            gaps: 200,
            ..Limits::PAGE
        };
        let analysis = analyse(&run);
        let rows = timeline(&run, &analysis, few).rows;
        assert_eq!(rows[0].tasks.kind.len(), 4);
        assert!(!rows[0].whole && rows[0].levels.len() == 2);
        // The other engine slept, which is all there.
        assert!(rows[1].whole && rows[1].levels.is_empty());
        // If all are drawn they are all that is needed, unless they are too many for the page.
        let rows = timeline(&run, &analysis, Limits { tasks: 200, ..few }).rows;
        assert!(rows[0].whole && rows[0].levels.is_empty());
    }

    /// A run of so many codelets on eight engines: all kinds of gaps, and a chain that goes from engine to engine.
    fn long(codelets: u32) -> Run {
        let mut run = Run {
            xes: 8,
            regions: vec![0; 8],
            length: u64::from(codelets) * 100,
            whole: true,
            ..Run::default()
        };
        let kind = |number| sprat::trace::Kind {
            number,
            name: format!("kind {number}"),
            ..Default::default()
        };
        run.kinds = (0..5).map(kind).collect();
        for at in 0..codelets {
            let start = u64::from(at) * 100;
            let end = start + 40 + u64::from(at.wrapping_mul(2_654_435_761) >> 26);
            let (stream, ready) = (at % 8, start.saturating_sub(u64::from(at % 5)));
            run.tasks.push(Task {
                kind: (at % 5) as u16,
                stream,
                spawn: ready.saturating_sub(u64::from(at % 3) * 40),
                ready,
                start,
                end,
                cause: at.checked_sub(1).unwrap_or(NONE),
                spawner: NONE,
                ..Task::default()
            });
            let rest = Interval {
                start: end,
                end: start + 800,
            };
            run.doings.push((stream, Doing::Parked, rest));
        }
        let all = Interval {
            start: 0,
            end: run.length,
        };
        run.doings.push((0, Doing::Seated, all));
        run
    }

    /// An `xes` that damage made is no reason for a page that grows with it.
    #[test]
    fn more_engines_than_can_be_drawn_have_no_levels() {
        let all = Limits::PAGE.bins;
        for (xes, each) in [(1, Some(1 << 15)), (65_535, None)] {
            assert_eq!(bins(xes, all), each, "{xes}");
        }
        for xes in [7, 64, 1000, (all / FEWEST) as u32] {
            let each = bins(xes, all).unwrap();
            assert!(
                each >= FEWEST && each * xes as usize <= all,
                "{xes}: {each}"
            );
        }
        assert_eq!(bins((all / FEWEST) as u32 + 1, all), None);
    }

    /// Thirty megabytes for ten million codelets, at a hundredth of the scale; and what is left out does not grow the page any more.
    #[test]
    fn a_page_has_a_size_that_does_not_grow_with_the_run() {
        let Limits {
            tasks,
            gaps,
            chain,
            bins,
            letters,
        } = Limits::PAGE;
        let limits = Limits {
            tasks: tasks / 100,
            gaps: gaps / 100,
            chain: chain / 100,
            bins: bins / 100,
            letters: letters / 100,
        };
        let size = |codelets| {
            let run = long(codelets);
            html_within(&run, &analyse(&run), limits).len()
        };
        // The tables, the script and what else is on each page: of a page of full size these are no hundredth.
        let rest = size(10);
        assert!(rest < 300_000, "{rest}");
        let (once, twice) = (size(100_000), size(200_000));
        assert!(once - rest < 280_000, "{once} with {rest}");
        // Not every part of a page of half the run need be full.
        assert!(twice - rest < 280_000, "{twice} with {rest}");
    }
}
