//! What changed between two runs.

use crate::analyse::{Analysis, KindRow, REASONS, Split, Waits};
use crate::units::{count, time};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A figure in both runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Both {
    /// In the first.
    pub before: u64,
    /// In the second.
    pub after: u64,
}

impl Both {
    fn change(self) -> u64 {
        self.after.abs_diff(self.before)
    }
}

/// A kind in both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindChange {
    /// Its name.
    pub name: String,
    /// Where it is spawned: in the second run, if it is in both.
    pub place: String,
    /// How many ran.
    pub count: Both,
    /// The time of all.
    pub total_ns: Both,
    /// The median.
    pub median_ns: Both,
    /// How long all waited, by reasons.
    pub waits_ns: BTreeMap<&'static str, Both>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// How long scopes were open.
    pub took_ns: Both,
    /// The longest chain.
    pub by_path_ns: Both,
    /// What engines did, all together.
    pub engines: BTreeMap<&'static str, Both>,
    /// Why engines had nothing to run.
    pub idle: BTreeMap<&'static str, Both>,
    /// How long codelets waited, by reasons.
    pub waits_ns: BTreeMap<&'static str, Both>,
    /// By kinds, those that changed most first.
    pub kinds: Vec<KindChange>,
}

/// Compares.
pub fn diff(before: &Analysis, after: &Analysis) -> Diff {
    let mut engines: BTreeMap<&'static str, Both> = BTreeMap::new();
    let set: [fn(&mut Both) -> &mut u64; 2] = [|both| &mut both.before, |both| &mut both.after];
    for (run, set) in [before, after].into_iter().zip(set) {
        for split in &run.engines {
            for (name, part) in parts(split) {
                let sum = set(engines.entry(name).or_default());
                *sum = sum.saturating_add(part);
            }
        }
    }
    let why = |run: &Analysis| {
        [
            ("dependences", run.idle.dependences),
            ("data", run.idle.data),
            ("ready elsewhere", run.idle.ready_elsewhere),
            ("nothing spawned", run.idle.nothing),
        ]
    };
    let idle = why(before).into_iter().zip(why(after));
    let idle = idle.map(|((name, before), (_, after))| (name, Both { before, after }));
    let all = |run: &Analysis| {
        let waits = run.kinds.iter().map(|row| row.waits);
        waits.fold(Waits::default(), Waits::plus)
    };
    let waits_ns = reasons(all(before), all(after));
    let mut kinds: Vec<KindChange> = pairs(&before.kinds, &after.kinds)
        .into_iter()
        .map(|(before, after)| change(before, after))
        .collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.total_ns.change()));
    Diff {
        took_ns: Both {
            before: before.in_scopes_ns,
            after: after.in_scopes_ns,
        },
        by_path_ns: Both {
            before: before.bounds.by_path_ns,
            after: after.bounds.by_path_ns,
        },
        engines,
        idle: idle.collect(),
        waits_ns,
        kinds,
    }
}

/// Waits of both runs, by reasons.
fn reasons(before: Waits, after: Waits) -> BTreeMap<&'static str, Both> {
    let both = before.each().into_iter().zip(after.each());
    let both = both.map(|(before, after)| Both { before, after });
    REASONS.into_iter().zip(both).collect()
}

/// A kind in one run and in the other, as far as it is in each.
type Pair<'a> = (Option<&'a KindRow>, Option<&'a KindRow>);

/// Which kind of one run is which of the other. Names alone do not tell: several places may spawn by one name; nor do places, since lines
/// move when a program is changed. So of one name those of the same place belong together, and what is left in the order of its places.
fn pairs<'a>(before: &'a [KindRow], after: &'a [KindRow]) -> Vec<Pair<'a>> {
    let mut names: BTreeMap<&str, [Vec<&KindRow>; 2]> = BTreeMap::new();
    for (rows, side) in [(before, 0), (after, 1)] {
        for row in rows {
            names.entry(&row.name).or_default()[side].push(row);
        }
    }
    let mut list = Vec::new();
    for [mut before, mut after] in names.into_values() {
        before.retain(|row| {
            let same = after.iter().position(|other| other.place == row.place);
            if let Some(at) = same {
                list.push((Some(*row), Some(after.remove(at))));
            }
            same.is_none()
        });
        for rows in [&mut before, &mut after] {
            rows.sort_by_key(|row| line(&row.place));
        }
        let most = before.len().max(after.len());
        list.extend((0..most).map(|at| (before.get(at).copied(), after.get(at).copied())));
    }
    list
}

/// A place as its file and line.
fn line(place: &str) -> (&str, u32) {
    let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
    (file, line.parse().unwrap_or(0))
}

fn change(before: Option<&KindRow>, after: Option<&KindRow>) -> KindChange {
    let both = |figure: fn(&KindRow) -> u64| Both {
        before: before.map_or(0, figure),
        after: after.map_or(0, figure),
    };
    let row = after.or(before);
    KindChange {
        name: row.map_or(String::new(), |row| row.name.clone()),
        place: row.map_or(String::new(), |row| row.place.clone()),
        count: both(|row| row.count),
        total_ns: both(|row| row.total_ns),
        median_ns: both(|row| row.median_ns),
        waits_ns: reasons(
            before.map_or(Waits::default(), |row| row.waits),
            after.map_or(Waits::default(), |row| row.waits),
        ),
    }
}

fn parts(split: &Split) -> [(&'static str, u64); 6] {
    [
        ("running", split.running),
        ("runtime", split.runtime),
        ("spawning", split.body),
        ("blocked", split.blocked),
        ("looking", split.looking),
        ("parked", split.parked),
    ]
}

/// How a figure changed: by which factor, if it was there before.
fn factor(both: Both) -> String {
    match (both.before, both.after) {
        (0, 0) => "same".to_owned(),
        // Of what was not there before, nothing is a multiple.
        (0, _) => "from 0".to_owned(),
        (before, after) => format!("x{:.2}", after as f64 / before as f64),
    }
}

/// For the terminal.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    let mut row = |name: &str, both: Both, figure: fn(u64) -> String, change: String| {
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            " {name:<34} {:>12} {:>12} {change:>8}",
            figure(both.before),
            figure(both.after),
        );
    };
    let ns = |ns: u64| time(ns as f64);
    row("time in scopes", diff.took_ns, ns, factor(diff.took_ns));
    row(
        "longest chain",
        diff.by_path_ns,
        ns,
        factor(diff.by_path_ns),
    );
    for (name, both) in &diff.engines {
        row(&format!("engines: {name}"), *both, ns, factor(*both));
    }
    for (name, both) in &diff.idle {
        let name = format!("engines without work: {name}");
        row(&name, *both, ns, factor(*both));
    }
    for (name, both) in &diff.waits_ns {
        let name = format!("codelets waited: {name}");
        row(&name, *both, ns, factor(*both));
    }
    for kind in &diff.kinds {
        let others = diff.kinds.iter().filter(|other| other.name == kind.name);
        let name = match others.count() {
            1 => kind.name.clone(),
            _ => format!("{} ({})", kind.name, kind.place),
        };
        let is = match (kind.count.before, kind.count.after) {
            (0, _) => "new".to_owned(),
            (_, 0) => "gone".to_owned(),
            _ => factor(kind.count),
        };
        row(&format!("{name}: count"), kind.count, count, is);
        for (what, both) in [("total", kind.total_ns), ("median", kind.median_ns)] {
            row(&format!("{name}: {what}"), both, ns, factor(both));
        }
        let waits = kind.waits_ns.iter();
        for (what, both) in waits.filter(|(_, both)| **both != Both::default()) {
            row(&format!("{name}: waited: {what}"), *both, ns, factor(*both));
        }
    }
    format!(" {:<34} {:>12} {:>12}\n{out}", "", "before", "after")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, place: &str, count: u64) -> KindRow {
        KindRow {
            kind: 0,
            name: name.to_owned(),
            place: place.to_owned(),
            count,
            total_ns: 10 * count,
            min_ns: 10,
            median_ns: 10,
            p99_ns: 10,
            max_ns: 10,
            waited_ns: 0,
            queued_ns: 0,
            waits: Waits {
                data: 7 * count,
                ..Waits::default()
            },
            histogram: Vec::new(),
        }
    }

    #[test]
    fn kinds_of_one_name_are_not_mixed() {
        let before = [
            kind("sum", "a.rs:9", 1),
            kind("sum", "a.rs:100", 2),
            kind("sum", "b.rs:7", 3),
            kind("old", "a.rs:1", 4),
        ];
        // In the first file three lines were added.
        let after = [
            kind("sum", "b.rs:7", 30),
            kind("sum", "a.rs:103", 20),
            kind("sum", "a.rs:12", 10),
            kind("new", "a.rs:1", 40),
        ];
        let counts = |(before, after): Pair<'_>| {
            let of = |row: Option<&KindRow>| row.map_or(0, |row| row.count);
            (of(before), of(after))
        };
        let mut all: Vec<_> = pairs(&before, &after).into_iter().map(counts).collect();
        all.sort();
        assert_eq!(all, [(0, 40), (1, 10), (2, 20), (3, 30), (4, 0)]);
    }

    #[test]
    fn waits_change_by_reasons() {
        let (before, after) = (kind("a", "", 1), kind("a", "", 3));
        let change = change(Some(&before), Some(&after));
        let data = Both {
            before: 7,
            after: 21,
        };
        assert_eq!(change.waits_ns["data"], data);
        assert_eq!(change.waits_ns["engines"], Both::default());
        let diff = Diff {
            kinds: vec![change],
            waits_ns: reasons(before.waits, after.waits),
            ..Diff::default()
        };
        let text = text(&diff);
        let line = |start: &str| text.lines().find(|line| line.contains(start)).unwrap();
        assert!(line("a: waited: data").ends_with("x3.00"), "{text}");
        assert!(line("codelets waited: data").contains("7 ns"), "{text}");
        assert!(!text.contains("a: waited: engines"), "{text}");
    }

    #[test]
    fn what_was_nothing_and_is_nothing_is_not_new() {
        let both = |before, after| Both { before, after };
        assert_eq!(factor(both(0, 0)), "same");
        assert_eq!(factor(both(0, 5)), "from 0");
        assert_eq!(factor(both(4, 2)), "x0.50");
        let mut diff = Diff::default();
        for (name, before, after) in [("stays", 1, 1), ("comes", 0, 1), ("goes", 1, 0)] {
            diff.kinds.push(KindChange {
                name: name.to_owned(),
                count: both(before, after),
                ..KindChange::default()
            });
        }
        let text = text(&diff);
        let line = |start: &str| text.lines().find(|line| line.contains(start)).unwrap();
        assert!(line("comes: count").ends_with("new"), "{text}");
        assert!(line("goes: count").ends_with("gone"), "{text}");
        assert!(line("comes: median").ends_with("same"), "{text}");
    }

    /// Sums of damaged times end at the most that there is.
    #[test]
    fn the_largest_changes_are_changes() {
        let both = |before, after| Both { before, after };
        assert_eq!(both(u64::MAX, 0).change(), u64::MAX);
        assert_eq!(both(1, 1 << 63).change(), (1 << 63) - 1);
        assert_eq!(both(3, 5).change(), 2);
    }
}
