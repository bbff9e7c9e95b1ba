//! Events, one by one: what each adds to the run.

use super::uses::share;
use super::{Key, Reader, Stream};
use crate::interval::Interval;
use crate::run::{Access, Doing, NONE, Queued, Sample, Sort, Span, Task};
use sprat::trace::Event;

impl Reader {
    pub(super) fn event(&mut self, stream: u32, state: &mut Stream, event: Event) {
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
                before.stream = stream;
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
                via,
                ended,
            } => {
                let task = Task {
                    kind,
                    stream,
                    start,
                    end,
                    codelet,
                    via,
                    ended,
                    stolen: state.stolen == codelet && codelet != 0,
                    ..Task::default()
                };
                state.stolen = 0;
                self.task(state, task, (codelet, generation));
            }
            Event::Access {
                bytes,
                block,
                generation,
                home,
                mode,
            } => {
                if let Some(task) = state.task {
                    let kind = self.run.tasks[task as usize].kind;
                    let one = Access {
                        block: (block, generation),
                        bytes,
                        home,
                        mode,
                    };
                    self.used(&one, kind, stream, 1);
                    if let Some(accesses) = &mut self.accesses {
                        accesses.push((task, one));
                    }
                    let (all, away) = one.bytes(self.region(stream));
                    state.bytes.0 += all;
                    state.bytes.1 += away;
                    self.run.tasks[task as usize].away = share(state.bytes);
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
            Event::Body {
                start,
                end,
                scope,
                generation,
            } => {
                let task = Task {
                    sort: Sort::Body,
                    stream,
                    start,
                    end,
                    codelet: scope,
                    ..Task::default()
                };
                self.task(state, task, (scope, generation));
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
                let at = self.task(state, task, (codelet, generation));
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
            Event::Queued {
                time,
                own,
                domain,
                posted,
            } => {
                self.run.queues.push(Queued {
                    stream,
                    time,
                    own,
                    domain,
                    posted,
                });
                self.last(time);
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

    /// A task ended: what was spawned inside is its own.
    fn task(&mut self, state: &mut Stream, mut task: Task, key: Key) -> u32 {
        let at = self.run.tasks.len() as u32;
        while let Some(&(time, spawned)) = state.spawns.last()
            && time >= task.start
        {
            state.spawns.pop();
            // If it is not there it has been settled, and is an orphan.
            if let Some(before) = self.before.get_mut(&spawned) {
                before.spawner = at;
            }
        }
        while let Some(&(time, spawned)) = state.orphans.peek()
            && time >= task.start
        {
            state.orphans.pop();
            self.run.tasks[spawned as usize].spawner = at;
        }
        (task.cause, task.spawner) = (NONE, NONE);
        (task.spawn, task.ready) = (task.start, task.start);
        self.last(task.end);
        (state.task, state.bytes) = (Some(at), (0.0, 0.0));
        self.run.tasks.push(task);
        self.ran.insert(key, at);
        self.recent.push_back((self.clocks.len(), key, at));
        at
    }
}
