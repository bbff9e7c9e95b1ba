//! What a trace's events say, codelet by codelet, in nanoseconds.

use sprat::trace::{Chunk, Clock, Event, File, GraphDef};
use sprat::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, HashMap};

/// A codelet's record and generation; a block's number and generation.
pub(super) type Key = (u32, u32);

/// No time since the first clock is longer: 104 days. Sums of some hundreds of such times do not overflow.
const LONGEST_NS: u64 = 1 << 53;

/// How a codelet used a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) block: Key,
    pub(super) bytes: u64,
    pub(super) home: u16,
    /// A place in `sprat::trace::MODES`.
    pub(super) mode: u8,
}

/// A codelet that ran, or a step of a graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Ran {
    pub(super) kind: u16,
    pub(super) stream: u32,
    pub(super) spawn_ns: u64,
    pub(super) ready_ns: u64,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    /// Who made it ready.
    pub(super) cause: Option<Key>,
    /// In whose body it was spawned: a place among those that ran, or a host's scope.
    pub(super) spawner: Spawner,
    pub(super) hint: u32,
    pub(super) uses: Vec<Use>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spawner {
    /// Not known.
    #[default]
    Nobody,
    /// The host's scope of this number.
    Scope(u32),
    Codelet(u32),
}

/// A step of a graph in a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) graph: u32,
    pub(super) round: u32,
    pub(super) codelet: u32,
    pub(super) stream: u32,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) about: BTreeMap<String, String>,
    pub(super) names: Vec<String>,
    pub(super) ran: Vec<Ran>,
    pub(super) by_key: HashMap<Key, u32>,
    pub(super) steps: Vec<Step>,
    pub(super) graphs: BTreeMap<u32, GraphDef>,
    /// Hosts' scopes: from when to when their bodies ran.
    pub(super) scopes: Vec<(u64, u64)>,
    /// When engines began to park and when they woke, with the stream.
    pub(super) parked: Vec<(u32, u64, u64)>,
    /// Spawns of hosts, by stream.
    pub(super) spawned: usize,
    pub(super) skipped: usize,
    pub(super) dropped: u64,
    pub(super) flaws: Vec<String>,
}

/// What is known before it runs.
#[derive(Clone, Copy, Default)]
struct Before {
    spawn: Option<u64>,
    ready: Option<(u64, Key)>,
    hint: u32,
    spawner: Spawner,
}

#[derive(Default)]
struct Stream {
    spawns: Vec<(u64, Key)>,
    /// The codelet that accesses belong to.
    last: Option<u32>,
}

impl Notes {
    pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let wrong = |what: String| Error::new(ErrorKind::Config, format!("{name}: {what}"));
        let file = File::open(bytes).map_err(|flaw| wrong(flaw.to_string()))?;
        let mut notes = Notes::default();
        let mut clocks: Vec<Clock> = Vec::new();
        let mut streams: HashMap<u32, Stream> = HashMap::new();
        let mut before: HashMap<Key, Before> = HashMap::new();
        let mut dropped = HashMap::new();
        for chunk in file.chunks() {
            match chunk {
                Ok(Chunk::About(text)) => {
                    let lines = text.lines().filter_map(|line| line.split_once(": "));
                    let lines = lines.map(|(key, value)| (key.to_owned(), value.to_owned()));
                    notes.about.extend(lines);
                }
                Ok(Chunk::Kinds(kinds)) => {
                    for kind in kinds {
                        let at = usize::from(kind.number);
                        if notes.names.len() <= at {
                            notes.names.resize(at + 1, String::new());
                        }
                        notes.names[at] = kind.name;
                    }
                }
                Ok(Chunk::Graph(graph)) => _ = notes.graphs.insert(graph.number, graph),
                Ok(Chunk::Clock(clock)) => clocks.push(clock),
                Ok(Chunk::Dropped { stream, events }) => _ = dropped.insert(stream, events),
                Ok(Chunk::Events { stream, mut events }) => {
                    let state = streams.entry(stream).or_default();
                    for event in events.by_ref() {
                        notes.event(stream, state, &mut before, event);
                    }
                }
                Ok(Chunk::BlockName { .. } | Chunk::Moves(_) | Chunk::Decided(_) | Chunk::End) => {}
                Err(flaw) => notes.flaws.push(flaw.to_string()),
            }
        }
        notes.dropped = dropped.values().fold(0, |all, one| one.saturating_add(all));
        notes.spawned = before.len();
        for (key, before) in before {
            let Some(&at) = notes.by_key.get(&key) else {
                continue;
            };
            let ran = &mut notes.ran[at as usize];
            ran.hint = before.hint;
            ran.spawner = before.spawner;
            ran.cause = before.ready.map(|(_, cause)| cause);
            let spawn = before.spawn.unwrap_or(ran.start_ns).min(ran.start_ns);
            let ready = before.ready.map_or(spawn, |(ready, _)| ready);
            (ran.spawn_ns, ran.ready_ns) = (spawn, ready.clamp(spawn, ran.start_ns));
        }
        notes.scale(&clocks);
        Ok(notes)
    }

    fn event(
        &mut self,
        stream: u32,
        state: &mut Stream,
        before: &mut HashMap<Key, Before>,
        event: Event,
    ) {
        match event {
            Event::Spawn {
                time,
                codelet,
                generation,
                hint,
                ..
            } => {
                let key = (codelet, generation);
                let about = before.entry(key).or_default();
                (about.spawn, about.hint) = (Some(time), hint);
                state.spawns.push((time, key));
            }
            Event::Ready {
                time,
                codelet,
                generation,
                cause,
                cause_generation,
                hint,
            } => {
                let about = before.entry((codelet, generation)).or_default();
                about.ready = Some((time, (cause, cause_generation)));
                about.hint = hint;
            }
            Event::Run {
                start,
                end,
                codelet,
                generation,
                kind,
                ..
            } => {
                let at = self.ran.len() as u32;
                self.claim(state, before, start, Spawner::Codelet(at));
                self.ran.push(Ran {
                    kind,
                    stream,
                    spawn_ns: start,
                    ready_ns: start,
                    start_ns: start,
                    end_ns: end.max(start),
                    ..Ran::default()
                });
                self.by_key.insert((codelet, generation), at);
                state.last = Some(at);
            }
            Event::Access {
                bytes,
                block,
                generation,
                home,
                mode,
            } => {
                if let Some(at) = state.last {
                    self.ran[at as usize].uses.push(Use {
                        block: (block, generation),
                        bytes,
                        home,
                        mode,
                    });
                }
            }
            Event::Skip { .. } => self.skipped += 1,
            Event::Parked { start, end, .. } => self.parked.push((stream, start, end)),
            Event::Body { start, end, .. } => {
                self.claim(
                    state,
                    before,
                    start,
                    Spawner::Scope(self.scopes.len() as u32),
                );
                self.scopes.push((start, end.max(start)));
                state.last = None;
            }
            // What is spawned to work on a graph is the runtime's own.
            Event::Replay { .. } => state.last = None,
            Event::Step {
                start,
                end,
                round,
                codelet,
                graph,
            } => self.steps.push(Step {
                graph,
                round,
                codelet,
                stream,
                start_ns: start,
                end_ns: end.max(start),
            }),
            Event::Steal { .. }
            | Event::Searched { .. }
            | Event::Seated { .. }
            | Event::Blocked { .. }
            | Event::Queued { .. }
            | Event::Count { .. }
            | Event::Span { .. } => (),
        }
    }

    /// What was spawned on a stream since `start` was spawned by who ends there now.
    fn claim(
        &self,
        state: &mut Stream,
        before: &mut HashMap<Key, Before>,
        start: u64,
        by: Spawner,
    ) {
        while let Some((_, key)) = state.spawns.pop_if(|(time, _)| *time >= start) {
            before.entry(key).or_default().spawner = by;
        }
    }

    /// From ticks to nanoseconds since the first clock.
    fn scale(&mut self, clocks: &[Clock]) {
        let first = clocks.first().copied().unwrap_or(Clock { ticks: 0, ns: 0 });
        let last = clocks.last().copied().unwrap_or(first);
        let rate = match last.ticks.saturating_sub(first.ticks) {
            0 => 1.0,
            ticks => last.ns.saturating_sub(first.ns) as f64 / ticks as f64,
        };
        let to_ns = |time: &mut u64| {
            let ns = (time.saturating_sub(first.ticks) as f64 * rate) as u64;
            *time = ns.min(LONGEST_NS);
        };
        for ran in &mut self.ran {
            for time in [
                &mut ran.spawn_ns,
                &mut ran.ready_ns,
                &mut ran.start_ns,
                &mut ran.end_ns,
            ] {
                to_ns(time);
            }
        }
        for step in &mut self.steps {
            to_ns(&mut step.start_ns);
            to_ns(&mut step.end_ns);
        }
        for (start, end) in &mut self.scopes {
            to_ns(start);
            to_ns(end);
        }
        for (_, start, end) in &mut self.parked {
            to_ns(start);
            to_ns(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run from one end of a clock to the other, whose rate is absurd.
    #[test]
    fn absurd_clocks_give_times_that_can_be_added() {
        let mut notes = Notes {
            ran: vec![Ran::default(); 3],
            scopes: vec![(0, u64::MAX)],
            ..Notes::default()
        };
        notes.ran[1].end_ns = u64::MAX;
        let clock = |ticks, ns| Clock { ticks, ns };
        notes.scale(&[clock(0, 0), clock(1, u64::MAX / 4)]);
        assert_eq!(notes.ran[1].end_ns, LONGEST_NS);
        assert_eq!(notes.scopes, [(0, LONGEST_NS)]);
    }
}
