//! The kinds of codelets.

use super::waits::{Unused, Waits};
use crate::interval::sum;
use crate::run::Run;
use serde::Serialize;

/// One kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindRow {
    /// Its place in [`Run::kinds`].
    pub kind: u16,
    /// The name.
    pub name: String,
    /// Where it is spawned.
    pub place: String,
    /// How many ran.
    pub count: u64,
    /// The time of all together.
    pub total_ns: u64,
    /// The shortest.
    pub min_ns: u64,
    /// Half of them took no longer.
    pub median_ns: u64,
    /// 99 of a hundred took no longer.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// How long all together waited for others, from spawn to ready.
    pub waited_ns: u64,
    /// How long all together were ready and had not begun.
    pub queued_ns: u64,
    /// Both, by reasons.
    pub waits: Waits,
    /// How many took at least 2^n and less than 2^(n+1) nanoseconds, by n.
    pub histogram: Vec<u64>,
}

/// All kinds that ran, by the time that they took.
pub fn kinds(run: &Run, unused: &Unused) -> Vec<KindRow> {
    let mut times: Vec<Vec<u64>> = vec![Vec::new(); run.kinds.len()];
    let mut waits = vec![Waits::default(); run.kinds.len()];
    for task in run.tasks.iter().filter(|task| task.is_work()) {
        let at = usize::from(task.kind);
        if at >= times.len() {
            times.resize(at + 1, Vec::new());
            waits.resize(at + 1, Waits::default());
        }
        times[at].push(task.length());
        waits[at] = waits[at].plus(unused.waits(run, task));
    }
    let mut rows: Vec<KindRow> = (times.into_iter().enumerate())
        .filter(|(_, times)| !times.is_empty())
        .map(|(at, mut times)| {
            times.sort_unstable();
            let at_share = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
            let mut histogram = vec![0; 64];
            for time in &times {
                histogram[time.max(&1).ilog2() as usize] += 1;
            }
            while histogram.last() == Some(&0) {
                histogram.pop();
            }
            KindRow {
                kind: at as u16,
                name: run.name(at as u16).to_owned(),
                place: run.place(at as u16),
                count: times.len() as u64,
                total_ns: sum(times.iter().copied()),
                min_ns: times[0],
                median_ns: at_share(0.5),
                p99_ns: at_share(0.99),
                max_ns: times[times.len() - 1],
                waited_ns: waits[at].before_ready(),
                queued_ns: waits[at].after_ready(),
                waits: waits[at],
                histogram,
            }
        })
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.total_ns), row.kind));
    rows
}
