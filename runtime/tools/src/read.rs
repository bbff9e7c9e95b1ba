//! From a trace to a [`Run`].

use crate::interval::Interval;
use crate::run::{Doing, NONE, Run, Sample, Sort, Span, Task};
use sprat::trace::{Chunk, Clock, Event, File, Flaw, GraphDef};
use std::collections::HashMap;

/// Reads a trace. What is missing or damaged in it is left out, and told in [`Run::flaws`].
///
/// # Errors
/// If there is nothing that could be read: it is empty, or no trace, or of another version.
pub fn read(bytes: &[u8]) -> Result<Run, Flaw> {
    let file = File::open(bytes)?;
    let mut reader = Reader::default();
    for chunk in file.chunks() {
        match chunk {
            Ok(chunk) => reader.chunk(chunk),
            Err(flaw) => reader.run.flaws.push(flaw.to_string()),
        }
    }
    Ok(reader.finish())
}

/// No trace is longer, 104 days: times beyond come from damage, and would not fit in sums.
const LONGEST_NS: u64 = 1 << 53;

/// The key of a spawned codelet: its record and generation.
type Key = (u32, u32);

/// What is known of one that has not run yet.
#[derive(Clone, Copy)]
struct Before {
    spawn: Option<u64>,
    ready: Option<u64>,
    cause: Key,
    hint: u32,
    spawner: u32,
}

#[derive(Default)]
struct Reader {
    run: Run,
    clocks: Vec<Clock>,
    streams: HashMap<u32, Stream>,
    before: HashMap<Key, Before>,
    ran: HashMap<Key, u32>,
    skipped: HashMap<Key, ()>,
    dropped: HashMap<u32, u64>,
    last_tick: u64,
}

/// A stream's state, from chunk to chunk.
#[derive(Default)]
struct Stream {
    /// Spawns whose body has not ended.
    spawns: Vec<(u64, Key)>,
    /// Steps whose replay has not ended.
    steps: Vec<u32>,
    /// The task that accesses belong to.
    task: Option<u32>,
    /// The last codelet that was stolen.
    stolen: u32,
}

impl Reader {
    fn chunk(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::About(text) => {
                let lines = text.lines().filter_map(|line| line.split_once(": "));
                let lines = lines.map(|(key, value)| (key.to_owned(), value.to_owned()));
                self.run.about.extend(lines);
                let xes = self.run.about.get("xes").and_then(|xes| xes.parse().ok());
                self.run.xes = xes.unwrap_or(0).min(u32::from(u16::MAX));
                let region = |xe| region(self.run.about.get(&format!("xe {xe}"))?);
                self.run.regions = (0..self.run.xes)
                    .map(|xe| region(xe).unwrap_or(0))
                    .collect();
            }
            Chunk::Kinds(kinds) => {
                for kind in kinds {
                    let at = usize::from(kind.number);
                    if self.run.kinds.len() <= at {
                        self.run.kinds.resize(at + 1, Default::default());
                    }
                    self.run.kinds[at] = kind;
                }
            }
            Chunk::Graph(graph) => _ = self.run.graphs.insert(graph.number, graph),
            Chunk::Events { stream, mut events } => {
                let mut state = self.streams.remove(&stream).unwrap_or_default();
                for event in events.by_ref() {
                    self.event(stream, &mut state, event);
                }
                self.streams.insert(stream, state);
            }
            Chunk::Dropped { stream, events } => _ = self.dropped.insert(stream, events),
            Chunk::Clock(clock) => self.clocks.push(clock),
            Chunk::BlockName {
                block,
                generation,
                name,
            } => {
                _ = self
                    .run
                    .block_names
                    .insert((block, generation), name.to_owned())
            }
            Chunk::End => self.run.whole = true,
        }
    }

    fn event(&mut self, stream: u32, state: &mut Stream, event: Event) {
        let doing = |doing, start, end| (stream, doing, Interval { start, end });
        match event {
            Event::Spawn {
                time,
                codelet,
                generation,
                hint,
                ..
            } => {
                let key = (codelet, generation);
                let before = self.about(key);
                (before.spawn, before.hint) = (Some(time), hint);
                state.spawns.push((time, key));
                self.last(time);
            }
            Event::Ready {
                time,
                codelet,
                generation,
                cause,
                cause_generation,
                hint,
            } => {
                let before = self.about((codelet, generation));
                before.ready = Some(time);
                before.cause = (cause, cause_generation);
                before.hint = hint;
                self.last(time);
            }
            Event::Run {
                start,
                end,
                codelet,
                generation,
                kind,
            } => {
                let task = Task {
                    kind,
                    stream,
                    start,
                    end,
                    codelet,
                    stolen: state.stolen == codelet && codelet != 0,
                    ..Task::default()
                };
                state.stolen = 0;
                self.task(state, task, Some((codelet, generation)));
            }
            Event::Access {
                bytes,
                block,
                generation,
                home,
                mode,
            } => {
                if let Some(task) = state.task {
                    let (kind, stream) = {
                        let task = &self.run.tasks[task as usize];
                        (task.kind, task.stream)
                    };
                    self.used((block, generation), (bytes, home, mode), kind, stream, 1);
                }
            }
            Event::Skip {
                time,
                codelet,
                generation,
                cancelled,
                ..
            } => {
                self.skipped.insert((codelet, generation), ());
                match cancelled {
                    true => self.run.skipped.1 += 1,
                    false => self.run.skipped.0 += 1,
                }
                self.last(time);
            }
            Event::Steal { time, codelet, .. } => {
                state.stolen = codelet;
                self.run.steals += 1;
                self.last(time);
            }
            Event::Parked { start, end, host } => {
                let what = if host {
                    Doing::HostParked
                } else {
                    Doing::Parked
                };
                self.run.doings.push(doing(what, start, end));
                self.last(end);
            }
            Event::Searched { start, end } => {
                self.run.doings.push(doing(Doing::Searched, start, end));
                self.last(end);
            }
            Event::Blocked { start, end, .. } => {
                self.run.doings.push(doing(Doing::Blocked, start, end));
                self.last(end);
            }
            Event::Seated { start, end, .. } => {
                self.run.doings.push(doing(Doing::Seated, start, end));
                self.last(end);
            }
            Event::Body { start, end, scope } => {
                let task = Task {
                    sort: Sort::Body,
                    stream,
                    start,
                    end,
                    codelet: scope,
                    ..Task::default()
                };
                // Its generation is not told: nothing but the spawns inside refer to it.
                self.task(state, task, None);
            }
            Event::Replay {
                start,
                end,
                codelet,
                generation,
                graph,
            } => {
                let task = Task {
                    sort: Sort::Replay,
                    stream,
                    start,
                    end,
                    codelet,
                    graph,
                    ..Task::default()
                };
                let at = self.task(state, task, Some((codelet, generation)));
                for step in state.steps.drain(..) {
                    let step = &mut self.run.tasks[step as usize];
                    if step.start >= start {
                        step.spawner = at;
                    }
                }
            }
            Event::Step {
                start,
                end,
                round,
                codelet,
                graph,
            } => {
                let task = Task {
                    sort: Sort::Step,
                    stream,
                    start,
                    end,
                    spawn: start,
                    ready: start,
                    cause: NONE,
                    spawner: NONE,
                    codelet,
                    graph,
                    round,
                    has_spawn: true,
                    ..Task::default()
                };
                state.steps.push(self.run.tasks.len() as u32);
                self.run.tasks.push(task);
                self.last(end);
            }
            Event::Count {
                time, value, kind, ..
            } => {
                self.run.samples.push(Sample { kind, time, value });
                self.last(time);
            }
            Event::Span {
                start, end, kind, ..
            } => {
                let interval = Interval { start, end };
                self.run.spans.push(Span {
                    kind,
                    stream,
                    interval,
                });
                self.last(end);
            }
        }
    }

    fn last(&mut self, time: u64) {
        self.last_tick = self.last_tick.max(time);
    }

    fn about(&mut self, key: Key) -> &mut Before {
        self.before.entry(key).or_insert(Before {
            spawn: None,
            ready: None,
            cause: (0, 0),
            hint: 0,
            spawner: NONE,
        })
    }

    /// A task ended: what was spawned inside is its own.
    fn task(&mut self, state: &mut Stream, mut task: Task, key: Option<Key>) -> u32 {
        let at = self.run.tasks.len() as u32;
        while let Some(&(time, spawned)) = state.spawns.last()
            && time >= task.start
        {
            state.spawns.pop();
            self.about(spawned).spawner = at;
            // It may have run already, elsewhere.
            if let Some(&ran) = self.ran.get(&spawned) {
                self.run.tasks[ran as usize].spawner = at;
            }
        }
        (task.cause, task.spawner) = (NONE, NONE);
        (task.spawn, task.ready) = (task.start, task.start);
        self.last(task.end);
        state.task = Some(at);
        self.run.tasks.push(task);
        if let Some(key) = key {
            self.ran.insert(key, at);
        }
        at
    }

    fn used(
        &mut self,
        block: (u32, u32),
        (bytes, home, mode): (u64, u16, u8),
        kind: u16,
        stream: u32,
        times: u64,
    ) {
        let known = u16::MAX;
        let region = self
            .run
            .regions
            .get(stream as usize)
            .copied()
            .unwrap_or(known);
        let one = self.run.blocks.entry(block).or_default();
        let all = bytes.saturating_mul(times);
        let (reads, writes) = match mode {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        let mut add = |sum: &mut u64, counts: bool| {
            if counts {
                *sum = sum.saturating_add(all);
                if home != known && region != known && home != region {
                    one.remote = one.remote.saturating_add(all);
                }
            }
        };
        let (mut read, mut written) = (one.read, one.written);
        add(&mut read, reads);
        add(&mut written, writes);
        (one.read, one.written) = (read, written);
        one.times = one.times.saturating_add(times);
        one.writes = one.writes.saturating_add(if writes { times } else { 0 });
        one.home = home;
        if writes || one.times == times {
            one.kind = kind;
        }
    }

    fn finish(mut self) -> Run {
        for (&key, before) in &self.before {
            let Some(&at) = self.ran.get(&key) else {
                self.run.never_ran += u64::from(!self.skipped.contains_key(&key));
                continue;
            };
            let cause = self.ran.get(&before.cause).copied().unwrap_or(NONE);
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
            task.cause = if before.ready.is_some() { cause } else { NONE };
            if before.spawner != NONE {
                task.spawner = before.spawner;
            }
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
        self.steps();
        self.scale();
        sort(&mut self.run);
        self.run
    }

    /// What steps are called, what they waited for, and what they used.
    fn steps(&mut self) {
        let mut places: HashMap<(u16, u32, u32), u32> = HashMap::new();
        for (task, at) in self.run.tasks.iter().zip(0..) {
            if task.sort == Sort::Step {
                places.insert((task.graph, task.round, task.codelet), at);
            }
        }
        let graphs = std::mem::take(&mut self.run.graphs);
        let nothing = GraphDef::default();
        let mut uses: HashMap<(u16, u32, u32), u64> = HashMap::new();
        for at in 0..self.run.tasks.len() {
            let task = self.run.tasks[at];
            if task.sort != Sort::Step {
                continue;
            }
            let graph = graphs.get(&task.graph).unwrap_or(&nothing);
            let Some(codelet) = graph.codelets.get(task.codelet as usize) else {
                continue;
            };
            *uses
                .entry((task.graph, task.codelet, task.stream))
                .or_default() += 1;
            let own = [(task.codelet, true)];
            let latest = codelet
                .before
                .iter()
                .chain(&own)
                .filter_map(|&(before, last)| {
                    let round = task.round.checked_sub(u32::from(last))?;
                    let at = *places.get(&(task.graph, round, before))?;
                    Some((self.run.tasks[at as usize].end, at))
                });
            let latest = latest.max();
            let task = &mut self.run.tasks[at];
            task.kind = codelet.kind;
            if let Some((end, cause)) = latest {
                (task.cause, task.ready) = (cause, end.min(task.start));
                task.spawn = task.ready;
            }
        }
        for ((graph, codelet, stream), times) in uses {
            let codelet = &graphs[&graph].codelets[codelet as usize];
            for one in &codelet.uses {
                let how = (one.bytes, one.home, one.mode);
                let block = (one.block, one.generation);
                self.used(block, how, codelet.kind, stream, times);
            }
        }
        self.run.graphs = graphs;
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
        self.run
            .samples
            .iter_mut()
            .for_each(|one| one.time = ns(one.time));
        self.run.length = ns(self.last_tick.max(last.ticks));
    }
}

/// The region in `cpu 0 core 0 region 0 domain 0`.
fn region(place: &str) -> Option<u16> {
    let mut words = place.split(' ').skip_while(|word| *word != "region");
    words.nth(1)?.parse().ok()
}

/// By starts; what refers to tasks by their places goes along.
fn sort(run: &mut Run) {
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
}
