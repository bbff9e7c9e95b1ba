//! What the runtime cost in a run, as far as its trace shows it.

use super::notes::{Notes, Spawner};
use crate::machine::Costs;
use std::collections::HashMap;

/// Of fewer wake-ups no median is taken.
const FEWEST_WAKES: usize = 5;

/// Medians of what lies between two spawns of a host, between two codelets that an engine ran back to back, and between that something
/// was ready and that a sleeper had woken for it; and how many such wake-ups there were if they are too few, so that the default holds.
/// Nothing is spawned where all are steps of graphs.
pub(super) fn seen(notes: &Notes) -> (Costs, Option<usize>) {
    let mut costs = Costs::default();
    let mut spawns: HashMap<u32, Vec<u64>> = HashMap::new();
    let mut streams: HashMap<u32, Vec<(u64, u64, u64)>> = HashMap::new();
    for ran in &notes.ran {
        if let Spawner::Scope(scope) = ran.spawner {
            spawns.entry(scope).or_default().push(ran.spawn_ns);
        }
        let of = streams.entry(ran.stream).or_default();
        of.push((ran.start_ns, ran.end_ns, ran.ready_ns));
    }
    for step in &notes.steps {
        let of = streams.entry(step.stream).or_default();
        of.push((step.start_ns, step.end_ns, step.end_ns));
    }
    let mut gaps: Vec<u64> = Vec::new();
    for times in spawns.values_mut() {
        times.sort_unstable();
        gaps.extend(times.windows(2).map(|two| two[1] - two[0]));
    }
    let steps_only = gaps.is_empty() && !notes.steps.is_empty();
    match median(&mut gaps) {
        _ if steps_only => costs.spawn_ns = 0,
        Some(ns) => costs.spawn_ns = ns,
        None => (),
    }
    let (mut between, mut wakes) = (Vec::new(), Vec::new());
    for runs in streams.values_mut() {
        runs.sort_unstable();
        for two in runs.windows(2) {
            let ((_, end_ns, _), (start_ns, _, ready_ns)) = (two[0], two[1]);
            // It was there already: nothing was waited for.
            if ready_ns <= end_ns || steps_only {
                between.push(start_ns.saturating_sub(end_ns));
            }
        }
    }
    if let Some(ns) = median(&mut between) {
        costs.codelet_ns = ns;
    }
    for (stream, slept_ns, woke_ns) in &notes.parked {
        let runs = streams.get(stream).map_or(&[][..], Vec::as_slice);
        let at = runs.partition_point(|run| run.0 < *woke_ns);
        // What was ready before waited for something else than a wake-up: behind a long body, for example.
        if let Some((_, _, ready_ns)) = runs.get(at)
            && slept_ns <= ready_ns
            && ready_ns < woke_ns
        {
            wakes.push(woke_ns - ready_ns);
        }
    }
    if wakes.len() < FEWEST_WAKES {
        return (costs, Some(wakes.len()));
    }
    if let Some(ns) = median(&mut wakes) {
        costs.wake_ns = ns;
    }
    (costs, None)
}

fn median(times: &mut [u64]) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traced::notes::Ran;

    #[test]
    fn what_waits_behind_a_long_body_is_no_wake_up() {
        let ran = |ready_ns, start_ns| Ran {
            ready_ns,
            start_ns,
            end_ns: start_ns + 10,
            ..Ran::default()
        };
        let seen = |wakes: u64| {
            let mut notes = Notes::default();
            // Ready long before the engine slept, as its engine was busy.
            for at in 0..20 {
                notes
                    .ran
                    .push(ran(1_000_000 * at, 1_000_000 * at + 900_000));
                notes
                    .parked
                    .push((0, 1_000_000 * at + 700_000, 1_000_000 * at + 800_000));
            }
            for at in 20..20 + wakes {
                notes
                    .ran
                    .push(ran(1_000_000 * at + 50, 1_000_000 * at + 3_100));
                notes
                    .parked
                    .push((0, 1_000_000 * at, 1_000_000 * at + 3_050));
            }
            let (costs, too_few) = super::seen(&notes);
            (costs.wake_ns, too_few)
        };
        let usual_ns = Costs::default().wake_ns;
        assert_eq!(seen(0), (usual_ns, Some(0)));
        assert_eq!(seen(4), (usual_ns, Some(4)));
        assert_eq!(seen(5), (3_000, None));
    }
}
