//! Random programs over parts of blocks.

pub use crate::piece::Piece;
use std::collections::BTreeSet;

pub const BLOCKS: usize = 2;
/// Elements of a block: a matrix of 6 rows and 7 columns, or of 7 and 6.
pub const LEN: usize = 42;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
    ReadWrite,
}

impl Piece {
    pub fn set(&self) -> BTreeSet<usize> {
        self.elements().into_iter().collect()
    }
}

#[derive(Clone, Debug)]
pub struct Use {
    pub block: usize,
    pub piece: Piece,
    pub mode: Mode,
}

impl Use {
    /// Whether one codelet may not have both.
    pub fn clashes(&self, other: &Use) -> bool {
        self.block == other.block
            && (self.mode != Mode::Read || other.mode != Mode::Read)
            && !self.piece.set().is_disjoint(&other.piece.set())
    }

    fn covers(&self, child: &Use) -> bool {
        self.block == child.block
            && (self.mode != Mode::Read || child.mode == Mode::Read)
            && child.piece.set().is_subset(&self.piece.set())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A part behind the block's end.
    Outside,
    /// The last of its accesses clashes with another one.
    Clash,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub id: usize,
    pub uses: Vec<Use>,
    pub children: Vec<Node>,
    /// Fails when it has spawned so many children; by a panic.
    pub fail: Option<(usize, bool)>,
    pub wrong: Option<Wrong>,
    /// Ends of earlier siblings, by their places in the list.
    pub after: Vec<usize>,
    pub at_ready: bool,
    pub dawdle: u16,
}

#[derive(Debug)]
pub struct Program {
    pub nodes: usize,
    pub steps: Vec<Node>,
}

pub const FEATURES: [&str; 7] = [
    "tiles of different leading dimensions",
    "ranges and tiles",
    "children of parts",
    "grandchildren",
    "at-ready",
    "clashes",
    "parts outside of their block",
];

struct Maker<'c> {
    choices: std::slice::Iter<'c, u16>,
    nodes: usize,
}

impl Maker<'_> {
    /// Zeros when there are no more choices.
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % n
    }

    fn pair(&mut self, n: usize) -> (usize, usize) {
        let (a, b) = (self.below(n), self.below(n));
        (a.min(b), a.max(b) + 1)
    }

    fn piece(&mut self) -> Piece {
        match self.below(8) {
            0 | 1 => Piece::Whole,
            2 | 3 => {
                let (start, end) = self.pair(LEN);
                Piece::Range(start, end)
            }
            // Shorter ones, and now and then none.
            4 => {
                let start = self.below(LEN);
                Piece::Range(start, (start + self.below(5)).min(LEN))
            }
            which => {
                let leading = if which == 7 { 6 } else { 7 };
                Piece::Tile(self.pair(LEN / leading), self.pair(leading), leading)
            }
        }
    }

    /// A piece of the kind, or of another if the parent's accesses do not cover it.
    fn a_use(&mut self, parent: Option<&[Use]>) -> Use {
        let mode = [Mode::Read, Mode::Write, Mode::ReadWrite][self.below(3)];
        let Some(parent) = parent else {
            return Use {
                block: self.below(BLOCKS),
                piece: self.piece(),
                mode,
            };
        };
        let from = parent[self.below(parent.len())].clone();
        let mode = match from.mode {
            Mode::Read => Mode::Read,
            _ => mode,
        };
        for _ in 0..3 {
            let piece = self.piece();
            let one = Use {
                block: from.block,
                piece: match (&from.piece, piece) {
                    // Moved into the parent's.
                    (Piece::Range(start, end), Piece::Range(a, b)) => {
                        let len = end - start;
                        Piece::Range(start + a.min(len), start + b.min(len))
                    }
                    (Piece::Tile(rows, columns, leading), Piece::Tile(r, c, _)) => {
                        let inside = |outer: (usize, usize), inner: (usize, usize)| {
                            let len = outer.1 - outer.0;
                            (outer.0 + inner.0.min(len), outer.0 + inner.1.min(len))
                        };
                        Piece::Tile(inside(*rows, r), inside(*columns, c), *leading)
                    }
                    (_, piece) => piece,
                },
                mode,
            };
            let whole = one.piece == Piece::Whole && from.piece != Piece::Whole;
            if from.covers(&one) && !whole {
                return one;
            }
        }
        Use { mode, ..from }
    }

    fn node(&mut self, depth: usize, parent: Option<&[Use]>) -> Node {
        let id = self.nodes;
        self.nodes += 1;
        let mut uses: Vec<Use> = Vec::new();
        for _ in 0..1 + self.below(3) {
            let one = self.a_use(parent);
            if !uses.iter().any(|other| other.clashes(&one)) {
                uses.push(one);
            }
        }
        let wrong = match self.below(24) {
            23 => Some(Wrong::Outside),
            22 => {
                let one = self.a_use(parent);
                let clash = uses.iter().any(|other| other.clashes(&one));
                clash.then(|| {
                    uses.push(one);
                    Wrong::Clash
                })
            }
            _ => None,
        };
        let mut children = Vec::new();
        if depth < 3 && self.below(3) == 2 {
            let count = 1 + self.below(5);
            children = self.list(count, depth + 1, Some(&uses));
        }
        let fail = match self.below(9) {
            8 => Some((self.below(children.len() + 1), self.below(2) == 1)),
            _ => None,
        };
        Node {
            id,
            uses,
            children,
            fail,
            wrong,
            after: Vec::new(),
            at_ready: false,
            dawdle: self.below(40) as u16,
        }
    }

    fn list(&mut self, count: usize, depth: usize, parent: Option<&[Use]>) -> Vec<Node> {
        let mut list: Vec<Node> = Vec::new();
        for at in 0..count {
            if self.nodes > 60 {
                break;
            }
            let mut node = self.node(depth, parent);
            // Who comes behind one that enters at ready, and conflicts with it, must wait for its end before it enters: else
            // the program has no order of its own.
            let conflicts = |other: &&usize| {
                let other = &list[**other].uses;
                node.uses.iter().any(|a| other.iter().any(|b| a.clashes(b)))
            };
            let late: Vec<usize> = (0..at).filter(|&other| list[other].at_ready).collect();
            node.after = late.iter().filter(conflicts).copied().collect();
            if at > 0 && self.below(6) == 5 {
                node.after.push(self.below(at));
            }
            node.at_ready = !node.after.is_empty();
            list.push(node);
        }
        list
    }
}

impl Program {
    pub fn from_choices(choices: &[u16]) -> Self {
        let mut maker = Maker {
            choices: choices.iter(),
            nodes: 0,
        };
        let count = 1 + choices.len() / 20;
        let steps = maker.list(count, 0, None);
        Program {
            nodes: maker.nodes,
            steps,
        }
    }

    /// What is in it, for the coverage.
    pub fn features(&self) -> BTreeSet<&'static str> {
        fn add(list: &[Node], depth: usize, parent: &[Use], found: &mut BTreeSet<&'static str>) {
            let tiles = |leading: usize| {
                let is = |one: &Use| matches!(one.piece, Piece::Tile(_, _, l) if l == leading);
                list.iter().any(|node| node.uses.iter().any(is))
            };
            let range = |one: &Use| matches!(one.piece, Piece::Range(..));
            let ranges = list.iter().any(|node| node.uses.iter().any(range));
            let part = parent.iter().any(|one| one.piece != Piece::Whole);
            let there = [
                (tiles(6) && tiles(7), FEATURES[0]),
                (ranges && (tiles(6) || tiles(7)), FEATURES[1]),
                (!list.is_empty() && part, FEATURES[2]),
                (!list.is_empty() && depth > 1, FEATURES[3]),
                (list.iter().any(|node| node.at_ready), FEATURES[4]),
            ];
            found.extend(
                there
                    .iter()
                    .filter(|(there, _)| *there)
                    .map(|(_, what)| *what),
            );
            for node in list {
                match node.wrong {
                    Some(Wrong::Clash) => _ = found.insert(FEATURES[5]),
                    Some(Wrong::Outside) => _ = found.insert(FEATURES[6]),
                    None => add(&node.children, depth + 1, &node.uses, found),
                }
            }
        }
        let mut found = BTreeSet::new();
        add(&self.steps, 0, &[], &mut found);
        found
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn show(list: &[Node], depth: usize, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            for node in list {
                let Node {
                    id,
                    after,
                    at_ready,
                    ..
                } = node;
                write!(f, "\n{:1$}n{id}:", "", 2 * depth + 2)?;
                for Use { block, piece, mode } in &node.uses {
                    write!(f, " {mode:?} {block} {piece:?},")?;
                }
                write!(f, " fail {:?}, wrong {:?}", node.fail, node.wrong)?;
                write!(f, ", after {after:?}, at ready {at_ready}")?;
                show(&node.children, depth + 1, f)?;
            }
            Ok(())
        }
        show(&self.steps, 0, f)
    }
}
