//! The kinds of codelets.

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
    /// How many took at least 2^n and less than 2^(n+1) nanoseconds, by n.
    pub histogram: Vec<u64>,
}

/// All kinds that ran, by the time that they took.
pub fn kinds(run: &Run) -> Vec<KindRow> {
    let mut times: Vec<Vec<u64>> = vec![Vec::new(); run.kinds.len()];
    let mut waits = vec![(0u64, 0u64); run.kinds.len()];
    for task in run.tasks.iter().filter(|task| task.is_work()) {
        let at = usize::from(task.kind);
        if at >= times.len() {
            times.resize(at + 1, Vec::new());
            waits.resize(at + 1, (0, 0));
        }
        times[at].push(task.length());
        waits[at].0 = sum([waits[at].0, task.ready - task.spawn]);
        waits[at].1 = sum([waits[at].1, task.start - task.ready]);
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
                waited_ns: waits[at].0,
                queued_ns: waits[at].1,
                histogram,
            }
        })
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.total_ns), row.kind));
    rows
}
