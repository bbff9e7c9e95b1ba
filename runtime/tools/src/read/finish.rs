//! What only the whole trace tells: who made what ready, times in nanoseconds, and all in order.

use super::uses::Stays;
use super::{Before, LONGEST_NS, Reader};
use crate::run::{Access, NONE, Run, Sort, Task};
use sprat::trace::Clock;

impl Reader {
    pub(super) fn finish(mut self) -> (Run, Vec<(u32, Access)>) {
        self.tell();
        self.settle_up_to(self.clocks.len());
        for (at, cause) in std::mem::take(&mut self.no_cause) {
            self.run.tasks[at as usize].cause = self.ran.get(&cause).copied().unwrap_or(NONE);
        }
        for key in self.before.keys() {
            let ended = self.ran.contains_key(key) || self.skipped.contains_key(key);
            self.run.never_ran += u64::from(!ended);
        }
        let dropped = self.dropped.values();
        self.run.dropped = dropped.fold(0, |sum: u64, more| sum.saturating_add(*more));
        let body = self.run.own_kind("(body of a scope)");
        let replay = self.run.own_kind("(replay)");
        for task in &mut self.run.tasks {
            match task.sort {
                Sort::Body => task.kind = body,
                Sort::Replay => task.kind = replay,
                _ => (),
            }
        }
        self.stays = Stays::new(&self.run.moves);
        self.steps();
        self.scale();
        let places = sort(&mut self.run);
        let mut accesses = self.accesses.take().unwrap_or_default();
        for (task, _) in &mut accesses {
            *task = places[*task as usize];
        }
        // Those of one task stay in their order.
        accesses.sort_by_key(|(task, _)| *task);
        (self.run, accesses)
    }

    /// What is known of those that ran behind this many clocks or fewer is complete: rings are emptied behind a clock, one after the other, so what
    /// comes before a run stands behind the next one at the latest. So there are never many to look one up among.
    pub(super) fn settle_up_to(&mut self, clocks: usize) {
        while let Some((_, key, at)) = self.recent.pop_front_if(|(clock, ..)| *clock <= clocks) {
            if let Some(before) = self.before.remove(&key) {
                self.settle(at, &before);
            }
        }
    }

    fn settle(&mut self, at: u32, before: &Before) {
        let task = &mut self.run.tasks[at as usize];
        task.has_spawn = before.spawn.is_some();
        task.hint = before.hint;
        // Clocks of two cores may differ by some ticks.
        task.ready = before
            .ready
            .or(before.spawn)
            .unwrap_or(task.start)
            .min(task.start);
        task.spawn = before.spawn.unwrap_or(task.ready).min(task.ready);
        if before.ready.is_some() {
            match self.ran.get(&before.cause) {
                Some(&cause) => task.cause = cause,
                None => self.no_cause.push((at, before.cause)),
            }
        }
        match (before.spawner, before.spawn) {
            (NONE, Some(time)) => {
                let spawned_in = self.streams.entry(before.stream).or_default();
                spawned_in.orphans.push((time, at));
            }
            (NONE, None) => (),
            (spawner, _) => task.spawner = spawner,
        }
    }

    /// From ticks to nanoseconds since the start.
    fn scale(&mut self) {
        let first = self
            .clocks
            .first()
            .copied()
            .unwrap_or(Clock { ticks: 0, ns: 0 });
        let last = self.clocks.last().copied().unwrap_or(first);
        let rate = match last.ticks.saturating_sub(first.ticks) {
            0 => 1.0,
            ticks => last.ns.saturating_sub(first.ns) as f64 / ticks as f64,
        };
        let ns =
            |ticks: u64| ((ticks.saturating_sub(first.ticks) as f64 * rate) as u64).min(LONGEST_NS);
        for task in &mut self.run.tasks {
            for time in [
                &mut task.spawn,
                &mut task.ready,
                &mut task.start,
                &mut task.end,
            ] {
                *time = ns(*time);
            }
            task.end = task.end.max(task.start);
        }
        let spans = self.run.spans.iter_mut().map(|span| &mut span.interval);
        let doings = self.run.doings.iter_mut().map(|(_, _, interval)| interval);
        for interval in doings.chain(spans) {
            interval.start = ns(interval.start);
            interval.end = ns(interval.end).max(interval.start);
        }
        let samples = self.run.samples.iter_mut().map(|one| &mut one.time);
        let moves = self.run.moves.iter_mut().map(|one| &mut one.time);
        let queues = self.run.queues.iter_mut().map(|one| &mut one.time);
        let decisions = self.run.decisions.iter_mut().map(|one| &mut one.time);
        let all = samples.chain(moves).chain(queues).chain(decisions);
        all.for_each(|time| *time = ns(*time));
        self.run.length = ns(self.last_tick.max(last.ticks));
    }
}

/// By starts; what refers to tasks by their places goes along. Gives the new place of each.
fn sort(run: &mut Run) -> Vec<u32> {
    let mut order: Vec<u32> = (0..run.tasks.len() as u32).collect();
    // Those that hold others come first.
    let key = |at: &u32| {
        let task = &run.tasks[*at as usize];
        (task.start, std::cmp::Reverse(task.end), *at)
    };
    order.sort_unstable_by_key(key);
    let mut places = vec![0; order.len()];
    for (place, &at) in order.iter().enumerate() {
        places[at as usize] = place as u32;
    }
    let place = |at: u32| {
        if at == NONE {
            NONE
        } else {
            places[at as usize]
        }
    };
    run.tasks = (order.iter())
        .map(|&at| {
            let task = run.tasks[at as usize];
            Task {
                cause: place(task.cause),
                spawner: place(task.spawner),
                ..task
            }
        })
        .collect();
    places
}
