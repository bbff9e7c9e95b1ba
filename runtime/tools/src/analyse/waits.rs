//! Why codelets waited: from spawn to ready for others or for data, and from ready to start for an engine.

use super::idle::is_idle;
use super::time::Class;
use crate::interval::{Interval, sum, union};
use crate::run::{NONE, Run, Task};
use serde::Serialize;
use sprat::trace::Event;

/// How long codelets waited, by reasons, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// For other codelets, or events.
    pub dependences: u64,
    /// For a block on its way to another region, or a file.
    pub data: u64,
    /// Ready, and bound to an engine or a region (`on_xe`, `on_region`) while others had nothing to run.
    pub affinity: u64,
    /// Ready, and of low priority while all engines had other work.
    pub priority: u64,
    /// Ready, and in another queue or with the control engine while engines had nothing to run.
    pub control: u64,
    /// Ready, and no engine was free.
    pub engines: u64,
}

/// The reasons by name, for tables.
pub const REASONS: [&str; 6] = [
    "dependences",
    "data",
    "affinity",
    "priority",
    "control",
    "engines",
];

impl Waits {
    /// In the order of [`REASONS`].
    pub fn each(&self) -> [u64; 6] {
        let Waits {
            dependences,
            data,
            affinity,
            priority,
            control,
            engines,
        } = *self;
        [dependences, data, affinity, priority, control, engines]
    }

    /// From spawn to ready.
    pub fn before_ready(&self) -> u64 {
        sum([self.dependences, self.data])
    }

    /// From ready to start.
    pub fn after_ready(&self) -> u64 {
        sum([self.affinity, self.priority, self.control, self.engines])
    }

    /// With those of another one.
    pub fn plus(self, other: Waits) -> Waits {
        let both = |of: fn(&Waits) -> u64| of(&self).saturating_add(of(&other));
        Waits {
            dependences: both(|waits| waits.dependences),
            data: both(|waits| waits.data),
            affinity: both(|waits| waits.affinity),
            priority: both(|waits| waits.priority),
            control: both(|waits| waits.control),
            engines: both(|waits| waits.engines),
        }
    }
}

/// Whether a codelet is one of the runtime's own that brings data: `Scope::migrate` and `replicate`, whose hints say so, and `read_file`,
/// which runs where no user's does, on a thread for files.
fn brings(run: &Run, task: &Task) -> bool {
    let reads = || task.hint >> 16 & 0xff == 4 && run.name(task.kind) == "read_file";
    Event::moves(task.hint) || reads()
}

/// From when on a codelet waited for data, and for nothing else: since what brings it could go. Its `ready` if it never did.
pub fn waits_for_data_from(run: &Run, task: &Task) -> u64 {
    if task.cause == NONE || task.ready <= task.spawn {
        return task.ready;
    }
    let cause = &run.tasks[task.cause as usize];
    match brings(run, cause) {
        true => cause.ready.clamp(task.spawn, task.ready),
        false => task.ready,
    }
}

/// Whether a codelet is bound to one engine or one region.
pub fn is_bound(task: &Task) -> bool {
    matches!(task.hint >> 16 & 0xff, 2 | 3)
}

/// When some engine had nothing to run, to be asked for spans of time.
#[derive(Clone, Debug, Default)]
pub struct Unused {
    spans: Vec<Interval>,
    /// How long all spans before each are together.
    before: Vec<u64>,
}

impl Unused {
    /// From what each engine did.
    pub fn new(engines: &[Vec<(Interval, Class)>]) -> Self {
        let idle = engines.iter().flatten();
        let idle = idle.filter(|(_, class)| is_idle(*class));
        let spans = union(idle.map(|(span, _)| *span).collect());
        let before = spans.iter().scan(0, |sum, span| {
            let before = *sum;
            *sum += span.length();
            Some(before)
        });
        let before = before.collect();
        Unused { spans, before }
    }

    fn up_to(&self, time: u64) -> u64 {
        match self.spans.partition_point(|span| span.start < time) {
            0 => 0,
            at => {
                let span = self.spans[at - 1];
                self.before[at - 1] + time.min(span.end) - span.start
            }
        }
    }

    /// Why a codelet waited.
    pub fn waits(&self, run: &Run, task: &Task) -> Waits {
        let data = waits_for_data_from(run, task);
        let queued = task.start - task.ready;
        let free = match queued {
            0 => 0,
            _ => self.up_to(task.start) - self.up_to(task.ready),
        };
        let mut waits = Waits {
            dependences: data - task.spawn,
            data: task.ready - data,
            ..Waits::default()
        };
        let busy = queued - free;
        match is_bound(task) {
            true => waits.affinity = free,
            false => waits.control = free,
        }
        // A priority of 1 is the low one.
        match Event::priority(task.hint) {
            1 => waits.priority = busy,
            _ => waits.engines = busy,
        }
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat::trace::Kind;

    fn span(start: u64, end: u64) -> Interval {
        Interval { start, end }
    }

    #[test]
    fn each_reason_has_its_time() {
        let engines = [
            vec![
                (span(0, 10), Class::Parked),
                (span(10, 100), Class::Running),
            ],
            vec![
                (span(5, 20), Class::Looking),
                (span(60, 70), Class::Blocked),
            ],
        ];
        let free = Unused::new(&engines);
        let run = Run {
            kinds: ["a", "migrate", "read_file"]
                .map(|name| Kind {
                    name: name.to_owned(),
                    ..Kind::default()
                })
                .to_vec(),
            // Two of the runtime's own, each behind a user's of the same name.
            tasks: [
                (1, 0),
                (1, Event::moving(Event::hint(3, 1, 2))),
                (2, 0),
                (2, Event::hint(4, 0, 0)),
            ]
            .map(|(kind, hint)| Task {
                kind,
                hint,
                ready: 8,
                start: 9,
                end: 12,
                ..Task::default()
            })
            .to_vec(),
            ..Run::default()
        };
        let task = Task {
            spawn: 3,
            ready: 12,
            start: 65,
            end: 80,
            cause: NONE,
            ..Task::default()
        };
        // Engines had nothing to run from 12 to 20 and from 60 to 65.
        let waits = |task: Task| free.waits(&run, &task).each();
        assert_eq!(waits(task), [9, 0, 0, 0, 13, 40]);
        let hint = Event::hint(2, 0, 1);
        assert_eq!(waits(Task { hint, ..task }), [9, 0, 13, 40, 0, 0]);
        // The move, or the file, could go from 8 on.
        for (cause, both) in [(0, [9, 0]), (1, [5, 4]), (2, [9, 0]), (3, [5, 4])] {
            assert_eq!(waits(Task { cause, ..task })[..2], both);
        }
    }
}
