//! What a graph means: each round its tasks one after the other, in program order. Poison is a matter of single elements.

use crate::program::{BLOCKS, Kind, LEN, Task, Use, earlier};

/// A digest's next value.
pub fn mix(digest: u64, word: u64) -> u64 {
    let mut z = (digest ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 31)
}

/// What a task with this digest makes of an element.
pub fn changed(kind: Kind, digest: u64, at: usize, old: u64) -> u64 {
    match kind {
        Kind::Read => old,
        Kind::Write => mix(digest, at as u64),
        Kind::ReadWrite | Kind::Mix => mix(old, digest),
        // Adding commutes.
        Kind::Commute | Kind::Add => old.wrapping_add(digest),
    }
}

/// What the operators begin with, and how they add.
pub fn identity(kind: Kind) -> u64 {
    if kind == Kind::Mix { 17 } else { 0 }
}

pub fn combine(kind: Kind, into: u64, from: u64) -> u64 {
    match kind {
        Kind::Mix => mix(into, from),
        _ => into.wrapping_add(from),
    }
}

/// Lanes of a reduction.
const LANES: usize = 16;

/// A reduction that goes on.
#[derive(Clone, Debug)]
struct Group {
    kind: Kind,
    members: usize,
    lanes: Vec<[u64; LEN]>,
    failed: bool,
}

/// What blocks and values hold: nothing if they are poisoned.
#[derive(Clone, Debug)]
pub struct World {
    pub blocks: Vec<[Option<u64>; LEN]>,
    groups: Vec<Option<Group>>,
    values: Vec<Option<u64>>,
    ends: Vec<bool>,
    pub runs: Vec<u64>,
    pub failed: u64,
    pub skipped: u64,
}

impl World {
    pub fn new(tasks: usize) -> Self {
        World {
            blocks: (0..BLOCKS).map(|b| [Some(b as u64); LEN]).collect(),
            groups: vec![None; BLOCKS],
            values: vec![None; tasks],
            ends: vec![true; tasks],
            runs: vec![0; tasks],
            failed: 0,
            skipped: 0,
        }
    }

    /// One round, in program order. Reductions end with it.
    pub fn round(&mut self, tasks: &[Task]) {
        for (number, task) in tasks.iter().enumerate() {
            self.run(number, task);
        }
        (0..BLOCKS).for_each(|block| self.close(block));
    }

    fn run(&mut self, number: usize, task: &Task) {
        for one in &task.uses {
            let goes_on = |group: &Group| group.kind == one.kind;
            if !self.groups[one.block].as_ref().is_some_and(goes_on) {
                self.close(one.block);
            }
        }
        let value = earlier(number, task.value).map(|from| self.values[from]);
        let after = earlier(number, task.after).is_none_or(|from| self.ends[from]);
        let looked_at = task.uses.iter().filter(|one| one.kind.looks());
        let mut digest = mix(number as u64, self.runs[number] + 1);
        let mut poisoned = !after || value == Some(None);
        for one in looked_at {
            for at in one.piece.elements() {
                match self.blocks[one.block][at] {
                    None => poisoned = true,
                    Some(word) if one.kind == Kind::Read => digest = mix(digest, word),
                    Some(_) => (),
                }
            }
        }
        let fails = !poisoned && task.fails == Some(self.runs[number] as u8);
        self.runs[number] += u64::from(!poisoned);
        self.skipped += u64::from(poisoned);
        self.failed += u64::from(fails);
        let well = !poisoned && !fails;
        digest = value.flatten().map_or(digest, |value| mix(digest, value));
        for one in &task.uses {
            match one.kind.reduces() {
                true => self.reduce(one, well.then_some(digest)),
                false => {
                    for at in one.piece.elements() {
                        let element = &mut self.blocks[one.block][at];
                        if one.kind != Kind::Read {
                            let old = element.unwrap_or_default();
                            *element = well.then(|| changed(one.kind, digest, at, old));
                        }
                    }
                }
            }
        }
        self.values[number] = well.then_some(digest);
        self.ends[number] = well;
    }

    fn reduce(&mut self, one: &Use, digest: Option<u64>) {
        let group = self.groups[one.block].get_or_insert_with(|| Group {
            kind: one.kind,
            members: 0,
            lanes: Vec::new(),
            failed: false,
        });
        let lane = group.members % LANES;
        group.members += 1;
        if lane == group.lanes.len() {
            group.lanes.push([identity(one.kind); LEN]);
        }
        match digest {
            None => group.failed = true,
            Some(digest) => {
                for (at, element) in group.lanes[lane].iter_mut().enumerate() {
                    *element = changed(one.kind, digest, at, *element);
                }
            }
        }
    }

    fn close(&mut self, block: usize) {
        let Some(group) = self.groups[block].take() else {
            return;
        };
        for (at, element) in self.blocks[block].iter_mut().enumerate() {
            let mut lanes: Vec<u64> = group.lanes.iter().map(|lane| lane[at]).collect();
            // By pairs: neighbours, then neighbouring pairs, and so on.
            while lanes.len() > 1 {
                let pairs = lanes.chunks(2).map(|pair| match *pair {
                    [one, other] => combine(group.kind, one, other),
                    _ => pair[0],
                });
                lanes = pairs.collect();
            }
            let all = |old: u64| combine(group.kind, old, lanes[0]);
            *element = element.filter(|_| !group.failed).map(all);
        }
    }
}
