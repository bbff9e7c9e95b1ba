//! What a program means: each codelet runs at its spawn, children after their parent's body, in spawn order.
//!
//! Failures follow rule 8 of the design: a codelet that fails, or is skipped, poisons what it was to write, its value
//! and its end; who would have read something poisoned is skipped; a write that succeeds heals. So does one that is
//! refused, with what is right of its declaration. The end of a scope is never poisoned. What neighbours do as a group is
//! seen at the end of the group: see `queues.rs`.

use crate::program::{Duty, Holder, Kind, Mode, Node, Program, Step, Wrong};
use crate::queues::{LANES, Name, Queues};
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
    /// Groups of two or more neighbours, who commute or reduce.
    pub groups: u64,
    /// Members of groups that share lanes with others.
    pub in_used_lanes: usize,
    queues: Queues,
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
        groups: 0,
        in_used_lanes: 0,
        queues: Queues::default(),
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
    expected.list(&program.steps, None, program.seed, false, &mut held);
    held.into_keys()
        .for_each(|event| expected.drop_event(event));
    for block in 0..program.all_blocks {
        expected.settle(Name::Own(block), block);
        let is_data = matches!(expected.blocks[block], Contents::Data(_));
        if is_data && expected.queues.at(Name::Own(block)).poisoned {
            expected.blocks[block] = Contents::Poisoned;
        }
    }
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

    fn data(&mut self, block: usize) -> &mut Vec<u64> {
        match &mut self.blocks[block] {
            Contents::Data(data) => data,
            other => panic!("the generator lets somebody use a block that is {other:?}"),
        }
    }

    /// Ends the group that is in a queue, if there is one.
    fn settle(&mut self, queue: Name, block: usize) {
        let (sums, members) = self.queues.settle(queue);
        self.groups += u64::from(members > 1);
        self.in_used_lanes += members.saturating_sub(LANES);
        if let (Some((mode, sums)), Contents::Data(_)) = (sums, &self.blocks[block]) {
            for (word, sum) in self.data(block).iter_mut().zip(sums) {
                *word = mode.combine(*word, sum);
            }
        }
    }

    /// An access takes its place.
    fn enter(&mut self, queue: Name, block: usize, mode: Mode) {
        if !self.queues.joins(queue, mode) {
            self.settle(queue, block);
        }
        self.queues.enter(queue, mode);
    }

    /// What a codelet that does not run leaves.
    fn poison(&mut self, node: &Node, parent: Option<&Node>) {
        for (block, mode) in &node.accesses {
            let queue = Name::of(parent, *block);
            self.queues.leave(queue, mode.place(), true);
        }
    }

    fn list(
        &mut self,
        steps: &[Step],
        parent: Option<&Node>,
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
                    self.queues.settle(Name::Own(*block));
                    self.blocks[*block] = Contents::Destroyed;
                    self.destroyed += 1;
                }
                Step::Pause => (),
                Step::Scope { steps, .. } => self.list(steps, parent, digest, fails, held),
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
                    self.node(node, parent, digest, takes);
                }
            }
        }
    }

    fn node(&mut self, node: &Node, parent: Option<&Node>, number: u64, takes: Vec<(usize, Duty)>) {
        for (block, mode) in &node.accesses {
            self.enter(Name::of(parent, *block), *block, mode.place());
        }
        if let Some(wrong) = node.wrong {
            self.fates[node.id] = Fate::Refused;
            self.poison(node, parent);
            if let Wrong::Twice(block) = wrong {
                let queue = Name::of(parent, block);
                self.enter(queue, block, Mode::Write);
                self.queues.leave(queue, Mode::Write, true);
            }
            takes
                .into_iter()
                .for_each(|(event, _)| self.drop_event(event));
            return;
        }
        let finds_poison = |(block, mode): &(usize, Mode)| {
            mode.is_poisoned() && self.queues.at(Name::of(parent, *block)).poisoned
        };
        let poisoned = node.accesses.iter().any(finds_poison)
            || node.values.iter().any(|&n| self.values[n].is_none())
            || node.units.iter().any(|&n| !self.ends[n])
            || node.after_ends.iter().any(|&n| !self.ends[n])
            || node
                .after_events
                .iter()
                .any(|&e| self.events[e] != Some(true));
        if poisoned {
            self.fates[node.id] = Fate::Skipped;
            self.poison(node, parent);
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
        let digest = self.body(node, parent, number);
        let fails = fails(node, digest);
        let done = match (fails, node.fail) {
            (true, Some(fail)) => {
                self.fates[node.id] = Fate::Failed {
                    panicked: fail.panics,
                };
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
        for (block, mode) in &node.accesses {
            let outer = self.queues.at(Name::of(parent, *block)).poisoned;
            let poisoned = match mode.is_weak() {
                true => outer,
                false => fails && mode.writes(),
            };
            self.queues.open(Name::Of(node.id, *block), poisoned);
        }
        self.list(&node.steps[..done], Some(node), digest, fails, &mut held);
        held.into_keys().for_each(|event| self.drop_event(event));
        let mut fails_with_child = false;
        if let (false, Kind::Forward(child)) = (fails, node.kind) {
            self.values[node.id] = self.values[child];
            self.ends[node.id] = self.values[child].is_some();
            fails_with_child = self.values[child].is_none();
        }
        for (block, mode) in &node.accesses {
            let inner = Name::Of(node.id, *block);
            self.settle(inner, *block);
            let own = fails_with_child || (fails && mode.is_weak());
            let failed = self.queues.at(inner).poisoned || own;
            let queue = Name::of(parent, *block);
            self.queues.leave(queue, mode.place(), failed);
        }
    }

    /// What the body does to the blocks.
    fn body(&mut self, node: &Node, parent: Option<&Node>, number: u64) -> u64 {
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
        let digest = digest(node, number, reads, values);
        for (block, mode) in &node.accesses {
            let len = self.lens[*block];
            let queue = Name::of(parent, *block);
            let words: &mut [u64] = match mode {
                Mode::Sum | Mode::Floats => self.queues.lane(queue, len),
                _ => self.data(*block),
            };
            for (at, word) in words.iter_mut().enumerate() {
                *word = match mode {
                    Mode::Write => written(digest, at),
                    Mode::ReadWrite => changed(digest, *word, at),
                    Mode::Commute | Mode::Sum | Mode::Floats => mode.add(*word, digest, at),
                    _ => *word,
                };
            }
            let heals = *mode == Mode::Write && self.queues.at(queue).poisoned;
            self.heals += u64::from(heals);
        }
        digest
    }
}
