//! What a program means: each codelet runs at its spawn, children after their parent's body, in spawn order. Poison is a
//! matter of single elements.

use crate::program::{BLOCKS, LEN, Mode, Node, Piece, Program, Use};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its parent did not spawn it.
    Absent,
    /// With what it computed.
    Ran(u64),
    Failed,
    Refused,
    Skipped,
}

#[derive(Clone, Debug)]
pub struct Expected {
    pub fates: Vec<Fate>,
    /// Each element's value, if it is not poisoned.
    pub blocks: Vec<Vec<Option<u64>>>,
    partly_poisoned: bool,
    healed: bool,
}

pub const FEATURES: [&str; 5] = [
    "failures",
    "skipped",
    "blocks that are partly poisoned at the end",
    "poisoned elements that a write heals",
    "nothing goes wrong",
];

/// The number that everything is computed with.
pub fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(32))
        .wrapping_add(0x9e37_79b9_7f4a_7c15)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 29)
}

/// What an element becomes. `old` is what was there, for who reads it.
pub fn written(digest: u64, old: Option<u64>, at: usize) -> u64 {
    mix(digest ^ at as u64, old.unwrap_or(77))
}

impl Expected {
    pub fn features(&self) -> BTreeSet<&'static str> {
        let is = |fate: fn(&Fate) -> bool| self.fates.iter().any(fate);
        let failed = is(|fate| *fate == Fate::Failed);
        let skipped = is(|fate| *fate == Fate::Skipped);
        let refused = is(|fate| *fate == Fate::Refused);
        let there = [
            (failed, FEATURES[0]),
            (skipped, FEATURES[1]),
            (self.partly_poisoned, FEATURES[2]),
            (self.healed, FEATURES[3]),
            (!failed && !skipped && !refused, FEATURES[4]),
        ];
        let there = there.into_iter().filter(|(there, _)| *there);
        there.map(|(_, what)| what).collect()
    }

    fn poison<'u>(&mut self, uses: impl IntoIterator<Item = &'u Use>) {
        for one in uses {
            if one.mode != Mode::Read {
                for at in one.piece.elements() {
                    self.blocks[one.block][at] = None;
                }
            }
        }
    }

    fn list(&mut self, list: &[Node]) {
        for node in list {
            let bad = |&&other: &&usize| !matches!(self.fates[list[other].id], Fate::Ran(_));
            let after = node.after.iter().find(bad).is_some();
            self.node(node, after);
        }
    }

    fn node(&mut self, node: &Node, after_failure: bool) {
        if node.wrong.is_some() {
            self.fates[node.id] = Fate::Refused;
            // Of what contradicts itself the first write counts, and what fits to it; in the order in which `run` declares.
            let writes = node.uses.iter().filter(|one| one.mode != Mode::Read);
            let mut writes: Vec<&Use> = writes.collect();
            let kind = |piece: &Piece| match piece {
                Piece::Whole => 0,
                Piece::Range(..) => 1,
                Piece::Tile(..) => 2,
            };
            writes.sort_by_key(|one| (kind(&one.piece), one.mode as usize));
            let mut kept: Vec<&Use> = Vec::new();
            for one in writes {
                if !kept.iter().any(|other| other.clashes(one)) {
                    kept.push(one);
                }
            }
            return self.poison(kept);
        }
        let reads = node.uses.iter().filter(|one| one.mode != Mode::Write);
        let mut digest = mix(node.id as u64, 1);
        let mut poisoned = after_failure;
        for one in reads {
            for at in one.piece.elements() {
                match self.blocks[one.block][at] {
                    Some(value) => digest = mix(digest, value),
                    None => poisoned = true,
                }
            }
        }
        if poisoned {
            self.fates[node.id] = Fate::Skipped;
            return self.poison(&node.uses);
        }
        if let Some((children, _)) = node.fail {
            self.fates[node.id] = Fate::Failed;
            self.poison(&node.uses);
            return self.list(&node.children[..children]);
        }
        self.fates[node.id] = Fate::Ran(digest);
        for one in node.uses.iter().filter(|one| one.mode != Mode::Read) {
            for at in one.piece.elements() {
                let element = &mut self.blocks[one.block][at];
                let old = element.filter(|_| one.mode == Mode::ReadWrite);
                self.healed |= element.is_none();
                *element = Some(written(digest, old, at));
            }
        }
        self.list(&node.children);
    }
}

pub fn expect(program: &Program) -> Expected {
    let mut expected = Expected {
        fates: vec![Fate::Absent; program.nodes],
        blocks: vec![vec![Some(0); LEN]; BLOCKS],
        partly_poisoned: false,
        healed: false,
    };
    expected.list(&program.steps);
    let poisoned = |block: &Vec<Option<u64>>| block.iter().filter(|at| at.is_none()).count();
    expected.partly_poisoned =
        (expected.blocks.iter()).any(|block| (1..LEN).contains(&poisoned(block)));
    expected
}
