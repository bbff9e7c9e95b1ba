//! What the random programs had in them: a generator that covers nothing proves nothing.

use crate::expect::{Expected, Fate};
use crate::program::{Duty, Holder, Kind, Level, Mode, Node, Place, Program, Step};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Coverage {
    counts: BTreeMap<&'static str, u64>,
    programs: u64,
}

/// Each of these must come up in one of so many programs, give or take (half as often is too rare).
const WANTED: [(&str, u64); 45] = [
    ("codelets run", 1),
    ("reads", 1),
    ("writes", 1),
    ("read-writes", 1),
    ("commutes", 2),
    ("reductions", 1),
    ("weak accesses", 1),
    ("children of weak accesses", 4),
    ("groups of neighbours", 4),
    ("more neighbours than lanes", 16),
    ("parents", 1),
    ("at depth 3 or more", 4),
    ("siblings that share a block", 1),
    ("near", 2),
    ("on an engine", 2),
    ("on a region", 2),
    ("in a group", 2),
    ("high", 2),
    ("low", 2),
    ("at-ready after events", 12),
    ("failed by an error", 4),
    ("failed by a panic", 4),
    ("failed after children", 32),
    ("refused", 8),
    ("skipped", 2),
    ("heals", 16),
    ("values read", 2),
    ("unit values read", 16),
    ("forwards", 8),
    ("forwards of failures", 64),
    ("after an end", 2),
    ("after a scope", 8),
    ("after an event", 2),
    ("events satisfied by the body", 8),
    ("events satisfied by a codelet", 8),
    ("events satisfied by a grandchild", 64),
    ("events satisfied by a thread", 8),
    ("events dropped", 8),
    ("nested scopes", 4),
    ("blocks made by the host's body", 4),
    ("blocks made by codelets", 4),
    ("blocks destroyed", 16),
    ("programs without failures", 8),
    ("programs with failures", 4),
    ("blocks poisoned at the end", 4),
];

impl Coverage {
    fn add(&mut self, what: &'static str, n: u64) {
        *self.counts.entry(what).or_default() += n;
    }

    pub fn program(&mut self, program: &Program, expected: &Expected) {
        self.programs += 1;
        let bad = expected.failed() + expected.skipped() > 0;
        let which = match bad {
            true => "programs with failures",
            false => "programs without failures",
        };
        self.add(which, 1);
        self.add("skipped", expected.skipped() as u64);
        self.add("heals", expected.heals);
        self.add("groups of neighbours", expected.groups);
        self.add("more neighbours than lanes", expected.in_used_lanes as u64);
        self.add("blocks destroyed", expected.destroyed);
        self.add("events dropped", expected.dropped.len() as u64);
        let poisoned = |b: &&crate::expect::Contents| **b == crate::expect::Contents::Poisoned;
        let poisoned = expected.blocks.iter().filter(poisoned).count();
        self.add("blocks poisoned at the end", poisoned as u64);
        self.list(&program.steps, 0, expected);
    }

    fn list(&mut self, steps: &[Step], depth: usize, expected: &Expected) {
        for step in steps {
            match step {
                Step::Make { .. } if depth == 0 => self.add("blocks made by the host's body", 1),
                Step::Make { .. } => self.add("blocks made by codelets", 1),
                Step::Scope { steps, .. } => {
                    self.add("nested scopes", 1);
                    self.list(steps, depth, expected);
                }
                Step::Event { holder, .. } => match holder {
                    Holder::Body { satisfies: true } => self.add("events satisfied by the body", 1),
                    Holder::Thread { satisfies: true } => {
                        self.add("events satisfied by a thread", 1);
                    }
                    _ => (),
                },
                Step::Spawn(node) => self.node(node, expected),
                Step::Destroy { .. } | Step::Pause => (),
            }
        }
    }

    fn node(&mut self, node: &Node, expected: &Expected) {
        let children = |steps: &[Step]| steps.iter().any(|s| matches!(s, Step::Spawn(_)));
        match expected.fates[node.id] {
            Fate::Absent | Fate::Skipped => return,
            Fate::Refused => return self.add("refused", 1),
            Fate::Failed { panicked } => {
                self.add(
                    if panicked {
                        "failed by a panic"
                    } else {
                        "failed by an error"
                    },
                    1,
                );
                let done = &node.steps[..node.fail.map_or(0, |fail| fail.at)];
                self.add("failed after children", u64::from(children(done)));
                return self.list(done, node.depth + 1, expected);
            }
            Fate::Ran(_) => self.add("codelets run", 1),
        }
        for (_, mode) in &node.accesses {
            let which = match mode {
                Mode::Read => "reads",
                Mode::Write => "writes",
                Mode::ReadWrite => "read-writes",
                Mode::Commute => "commutes",
                Mode::Sum | Mode::Floats => "reductions",
                Mode::WeakRead | Mode::WeakWrite | Mode::WeakReadWrite => "weak accesses",
            };
            self.add(which, 1);
        }
        let weak = |block: usize| {
            node.accesses
                .iter()
                .any(|(other, mode)| *other == block && mode.is_weak())
        };
        let uses_weak = |step: &Step| match step {
            Step::Spawn(child) => child.accesses.iter().any(|(block, _)| weak(*block)),
            _ => false,
        };
        let uses_weak = node.steps.iter().filter(|step| uses_weak(step)).count();
        self.add("children of weak accesses", uses_weak as u64);
        self.add("parents", u64::from(children(&node.steps)));
        self.add("at depth 3 or more", u64::from(node.depth >= 3));
        match node.place {
            Place::Anywhere => (),
            Place::Near(_) => self.add("near", 1),
            Place::Xe(_) => self.add("on an engine", 1),
            Place::Region => self.add("on a region", 1),
            Place::Group(_) => self.add("in a group", 1),
        }
        self.add("high", u64::from(node.level == Level::High));
        self.add("low", u64::from(node.level == Level::Low));
        let waits = !node.after_ends.is_empty() || !node.after_events.is_empty();
        let door = node.at_ready && waits && !node.accesses.is_empty();
        self.add("at-ready after events", u64::from(door));
        self.add("values read", node.values.len() as u64);
        self.add("unit values read", node.units.len() as u64);
        self.add("after an end", node.after_ends.len() as u64);
        self.add("after a scope", node.after_scopes.len() as u64);
        self.add("after an event", node.after_events.len() as u64);
        if let Kind::Forward(child) = node.kind {
            self.add("forwards", 1);
            let well = matches!(expected.fates[child], Fate::Ran(_));
            self.add("forwards of failures", u64::from(!well));
        }
        for (_, duty) in &node.takes {
            match duty {
                Duty::Satisfy | Duty::SatisfyByScope => {
                    self.add("events satisfied by a codelet", 1);
                }
                Duty::Pass(Duty::Drop) | Duty::Drop => (),
                Duty::Pass(_) if children(&node.steps) => {
                    self.add("events satisfied by a grandchild", 1);
                }
                Duty::Pass(_) => (),
            }
        }
        let shares = |a: &Node, b: &Node| {
            let in_b = |block| b.accesses.iter().any(|(other, _)| other == block);
            a.accesses.iter().any(|(block, _)| in_b(block))
        };
        let nodes: Vec<&Node> = (node.steps.iter())
            .filter_map(|step| match step {
                Step::Spawn(node) => Some(&**node),
                _ => None,
            })
            .collect();
        let pairs = nodes.windows(2).filter(|pair| shares(pair[0], pair[1]));
        self.add("siblings that share a block", pairs.count() as u64);
        self.list(&node.steps, node.depth + 1, expected);
    }

    /// Prints all, and fails if something is rare.
    pub fn assert(&self) {
        let mut rare = Vec::new();
        println!("{} programs:", self.programs);
        for (what, once_in) in WANTED {
            let count = self.counts.get(what).copied().unwrap_or(0);
            println!("{count:>8}  {what}");
            if count < self.programs / once_in / 2 {
                rare.push(what);
            }
        }
        let unlisted = |what: &&&str| WANTED.iter().all(|(wanted, _)| wanted != *what);
        assert_eq!(self.counts.keys().find(unlisted), None);
        assert!(rare.is_empty(), "too rare: {rare:?}");
    }
}
