//! What changed between two runs.

use crate::analyse::{Analysis, Split};
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
    fn change(self) -> i64 {
        self.after as i64 - self.before as i64
    }
}

/// A kind in both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindChange {
    /// Its name.
    pub name: String,
    /// How many ran.
    pub count: Both,
    /// The time of all.
    pub total_ns: Both,
    /// The median.
    pub median_ns: Both,
    /// How long all waited for others.
    pub waited_ns: Both,
    /// How long all were ready and had not begun.
    pub queued_ns: Both,
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
    /// By kinds, those that changed most first.
    pub kinds: Vec<KindChange>,
}

/// Compares.
pub fn diff(before: &Analysis, after: &Analysis) -> Diff {
    let mut engines: BTreeMap<&'static str, Both> = BTreeMap::new();
    let mut kinds: BTreeMap<String, KindChange> = BTreeMap::new();
    let set: [fn(&mut Both) -> &mut u64; 2] = [|both| &mut both.before, |both| &mut both.after];
    for (run, set) in [before, after].into_iter().zip(set) {
        for split in &run.engines {
            for (name, part) in parts(split) {
                *set(engines.entry(name).or_default()) += part;
            }
        }
        for row in &run.kinds {
            let kind = kinds.entry(row.name.clone()).or_default();
            kind.name.clone_from(&row.name);
            *set(&mut kind.count) += row.count;
            *set(&mut kind.total_ns) += row.total_ns;
            *set(&mut kind.median_ns) = row.median_ns;
            *set(&mut kind.waited_ns) += row.waited_ns;
            *set(&mut kind.queued_ns) += row.queued_ns;
        }
    }
    let mut kinds: Vec<KindChange> = kinds.into_values().collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.total_ns.change().unsigned_abs()));
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
        kinds,
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

/// For the terminal.
pub fn text(diff: &Diff) -> String {
    let mut out = String::new();
    let mut row = |name: &str, both: Both, figure: fn(u64) -> String| {
        let ratio = both.after as f64 / both.before.max(1) as f64;
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            " {name:<34} {:>12} {:>12} {:>8}",
            figure(both.before),
            figure(both.after),
            if both.before == 0 {
                "new".to_owned()
            } else {
                format!("x{ratio:.2}")
            }
        );
    };
    let ns = |ns: u64| time(ns as f64);
    row("time in scopes", diff.took_ns, ns);
    row("longest chain", diff.by_path_ns, ns);
    for (name, both) in &diff.engines {
        row(&format!("engines: {name}"), *both, ns);
    }
    for kind in &diff.kinds {
        row(&format!("{}: count", kind.name), kind.count, count);
        row(&format!("{}: total", kind.name), kind.total_ns, ns);
        row(&format!("{}: median", kind.name), kind.median_ns, ns);
        row(
            &format!("{}: waited for others", kind.name),
            kind.waited_ns,
            ns,
        );
        row(
            &format!("{}: ready, not begun", kind.name),
            kind.queued_ns,
            ns,
        );
    }
    format!(" {:<34} {:>12} {:>12}\n{out}", "", "before", "after")
}
