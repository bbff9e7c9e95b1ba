//! What a program means: each codelet runs at its spawn, children after their parent's body, in spawn order.
//!
//! Failures follow rule 8 of the design: a codelet that fails, or is skipped, poisons what it was to write, its value
//! and its end; who would have read something poisoned is skipped; a write that succeeds heals. So does one that is
//! refused, with what is right of its declaration. The end of a scope is never poisoned.

use crate::program::{Duty, Holder, Kind, Mode, Node, Program, Step, Wrong};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// It was not made.
    Absent,
    Data(Vec<u64>),
    Poisoned,
    Destroyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its parent did not spawn it.
    Absent,
    /// With what it computed.
    Ran(u64),
    Failed {
        panicked: bool,
    },
    Refused,
    Skipped,
}

#[derive(Clone, Debug)]
pub struct Expected {
    pub fates: Vec<Fate>,
    pub blocks: Vec<Contents>,
    pub destroyed: u64,
    /// Events whose triggers were dropped.
    pub dropped: Vec<usize>,
    /// Full writes that healed a block.
    pub heals: u64,
    lens: Vec<usize>,
    ends: Vec<bool>,
    values: Vec<Option<u64>>,
    /// Whether an event came.
    events: Vec<Option<bool>>,
}

/// The number that everything is computed with.
pub fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(32))
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 29)
}

/// What a body computes from what it reads.
pub fn digest<'a>(
    node: &Node,
    parent: u64,
    reads: impl Iterator<Item = &'a [u64]>,
    values: impl Iterator<Item = u64>,
) -> u64 {
    let start = mix(node.id as u64, parent);
    let read = reads
        .flatten()
        .fold(start, |digest, word| mix(digest, *word));
    values.fold(mix(read, 1), mix)
}

/// What it writes over all of a block.
pub fn written(digest: u64, at: usize) -> u64 {
    mix(digest, at as u64)
}

/// What it makes of a word that it reads and writes.
pub fn changed(digest: u64, word: u64, at: usize) -> u64 {
    mix(word, digest.wrapping_add(at as u64))
}

/// Whether a body that computed this fails.
pub fn fails(node: &Node, digest: u64) -> bool {
    node.fail
        .is_some_and(|fail| !fail.if_odd || digest % 2 == 1)
}

pub fn expect(program: &Program) -> Expected {
    let mut expected = Expected {
        fates: vec![Fate::Absent; program.nodes],
        blocks: vec![Contents::Absent; program.all_blocks],
        destroyed: 0,
        dropped: Vec::new(),
        heals: 0,
        lens: vec![0; program.all_blocks],
        ends: vec![false; program.nodes],
        values: vec![None; program.nodes],
        events: vec![None; program.events],
    };
    for (block, len) in program.blocks.iter().enumerate() {
        expected.blocks[block] = Contents::Data(vec![0; *len]);
        expected.lens[block] = *len;
    }
    let mut held = BTreeMap::new();
    expected.list(&program.steps, program.seed, false, &mut held);
    held.into_keys()
        .for_each(|event| expected.drop_event(event));
    expected
}

impl Expected {
    pub fn failed(&self) -> usize {
        let failed = |fate: &&Fate| matches!(fate, Fate::Failed { .. } | Fate::Refused);
        self.fates.iter().filter(failed).count()
    }

    pub fn skipped(&self) -> usize {
        let skipped = |fate: &&Fate| **fate == Fate::Skipped;
        self.fates.iter().filter(skipped).count()
    }

    pub fn ran(&self) -> usize {
        let ran = |fate: &&Fate| matches!(fate, Fate::Ran(_) | Fate::Failed { .. });
        self.fates.iter().filter(ran).count()
    }

    fn drop_event(&mut self, event: usize) {
        self.events[event] = Some(false);
        self.dropped.push(event);
    }

    fn poison(&mut self, node: &Node) {
        for (block, mode) in &node.accesses {
            if *mode != Mode::Read {
                self.blocks[*block] = Contents::Poisoned;
            }
        }
    }

    fn list(
        &mut self,
        steps: &[Step],
        digest: u64,
        fails: bool,
        held: &mut BTreeMap<usize, Option<Duty>>,
    ) {
        for step in steps {
            match step {
                Step::Make { block, len } => {
                    self.blocks[*block] = Contents::Data(vec![0; *len]);
                    self.lens[*block] = *len;
                }
                Step::Destroy { block } => {
                    self.blocks[*block] = Contents::Destroyed;
                    self.destroyed += 1;
                }
                Step::Pause => (),
                Step::Scope { steps, .. } => self.list(steps, digest, fails, held),
                Step::Event { id, holder } => match holder {
                    Holder::Thread { satisfies: true } => self.events[*id] = Some(true),
                    // The body's last act, which one that fails never comes to.
                    Holder::Body { satisfies: true } if !fails => self.events[*id] = Some(true),
                    Holder::Thread { .. } | Holder::Body { .. } => self.drop_event(*id),
                    Holder::Next => {
                        held.insert(*id, None);
                    }
                },
                Step::Spawn(node) => {
                    let mut takes: Vec<(usize, Duty)> = Vec::new();
                    for (event, duty) in &node.takes {
                        held.remove(event);
                        takes.push((*event, *duty));
                    }
                    let passed: Vec<usize> = (held.iter())
                        .filter(|(_, duty)| duty.is_some())
                        .map(|(event, _)| *event)
                        .collect();
                    for event in passed {
                        let duty = held.remove(&event).flatten().unwrap_or(Duty::Drop);
                        takes.push((event, duty));
                    }
                    self.node(node, digest, takes);
                }
            }
        }
    }

    fn node(&mut self, node: &Node, parent: u64, takes: Vec<(usize, Duty)>) {
        if let Some(wrong) = node.wrong {
            self.fates[node.id] = Fate::Refused;
            self.poison(node);
            if let Wrong::Twice(block) = wrong {
                self.blocks[block] = Contents::Poisoned;
            }
            takes
                .into_iter()
                .for_each(|(event, _)| self.drop_event(event));
            return;
        }
        let reads = |mode: Mode| mode != Mode::Write;
        let poisoned = (node.accesses.iter())
            .any(|(block, mode)| reads(*mode) && self.blocks[*block] == Contents::Poisoned)
            || node.values.iter().any(|&n| self.values[n].is_none())
            || node.units.iter().any(|&n| !self.ends[n])
            || node.after_ends.iter().any(|&n| !self.ends[n])
            || node
                .after_events
                .iter()
                .any(|&e| self.events[e] != Some(true));
        if poisoned {
            self.fates[node.id] = Fate::Skipped;
            self.poison(node);
            takes
                .into_iter()
                .for_each(|(event, _)| self.drop_event(event));
            return;
        }
        let mut held = BTreeMap::new();
        for (event, duty) in takes {
            match duty {
                Duty::Satisfy | Duty::SatisfyByScope => self.events[event] = Some(true),
                Duty::Drop => self.drop_event(event),
                Duty::Pass(duty) => {
                    held.insert(event, Some(*duty));
                }
            }
        }
        let digest = self.body(node, parent);
        let fails = fails(node, digest);
        let done = match (fails, node.fail) {
            (true, Some(fail)) => {
                self.fates[node.id] = Fate::Failed {
                    panicked: fail.panics,
                };
                self.poison(node);
                fail.at
            }
            _ => {
                self.fates[node.id] = Fate::Ran(digest);
                self.ends[node.id] = true;
                node.steps.len()
            }
        };
        if !fails && node.kind == Kind::Valued {
            self.values[node.id] = Some(digest);
        }
        self.list(&node.steps[..done], digest, fails, &mut held);
        held.into_keys().for_each(|event| self.drop_event(event));
        if let (false, Kind::Forward(child)) = (fails, node.kind) {
            self.values[node.id] = self.values[child];
            self.ends[node.id] = self.values[child].is_some();
        }
    }

    /// What the body does to the blocks.
    fn body(&mut self, node: &Node, parent: u64) -> u64 {
        let of = |mode: Mode| {
            (node.accesses.iter())
                .filter(move |a| a.1 == mode)
                .map(|a| a.0)
        };
        let data = |block: usize| match &self.blocks[block] {
            Contents::Data(data) => data.as_slice(),
            other => panic!(
                "the generator lets n{} read a block that is {other:?}",
                node.id
            ),
        };
        let reads = of(Mode::Read).chain(of(Mode::ReadWrite)).map(data);
        let values = node.values.iter().map(|&n| self.values[n].unwrap_or(0));
        let digest = digest(node, parent, reads, values);
        for (block, mode) in &node.accesses {
            let len = self.lens[*block];
            let contents = &mut self.blocks[*block];
            match (mode, &mut *contents) {
                (Mode::Read, _) => (),
                (Mode::ReadWrite, Contents::Data(data)) => {
                    for (at, word) in data.iter_mut().enumerate() {
                        *word = changed(digest, *word, at);
                    }
                }
                _ => {
                    self.heals += u64::from(*contents == Contents::Poisoned);
                    *contents = Contents::Data((0..len).map(|at| written(digest, at)).collect());
                }
            }
        }
        digest
    }
}
