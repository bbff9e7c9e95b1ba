//! Random graphs: tasks, and what they use.

pub use crate::piece::Piece;
use proptest::collection::vec;
use proptest::prelude::*;

pub const BLOCKS: usize = 5;
/// Elements of a block: a matrix of 3 rows and 4 columns, or of 4 and 3.
pub const LEN: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    ReadWrite,
    /// The rest is of whole blocks.
    Commute,
    /// By an operator that minds the order.
    Mix,
    Add,
}

impl Kind {
    /// Whether a poisoned element poisons the task.
    pub fn looks(self) -> bool {
        self != Kind::Write
    }

    pub fn reduces(self) -> bool {
        matches!(self, Kind::Mix | Kind::Add)
    }
}

impl Piece {
    /// 0 for blocks, 1 for ranges, 2 for tiles.
    fn shape(&self) -> usize {
        match self {
            Piece::Whole => 0,
            Piece::Range(..) => 1,
            Piece::Tile(..) => 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub block: usize,
    pub kind: Kind,
    pub piece: Piece,
}

impl Use {
    /// Whether one task may not have both.
    fn clashes(&self, other: &Use) -> bool {
        let mine = self.piece.elements();
        self.block == other.block
            && (self.kind != Kind::Read || other.kind != Kind::Read)
            && other.piece.elements().iter().any(|at| mine.contains(at))
    }
}

#[derive(Clone, Debug)]
pub struct Task {
    /// By kind, and for each kind by shape.
    pub uses: Vec<Use>,
    /// An earlier task whose value it reads, one that it runs after: as many before itself.
    pub value: Option<u8>,
    pub after: Option<u8>,
    /// In which of its runs it fails.
    pub fails: Option<u8>,
    /// `Some(Some(xe))`: on this engine; `Some(None)`: near the first block.
    pub place: Option<Option<u8>>,
    /// How long it takes.
    pub slow: bool,
}

impl Task {
    /// Its uses of this kind and shape.
    pub fn of(&self, kind: Kind, shape: usize) -> impl Iterator<Item = &Use> {
        let uses = self.uses.iter();
        uses.filter(move |one| one.kind == kind && one.piece.shape() == shape)
    }
}

fn pair(n: usize) -> impl Strategy<Value = (usize, usize)> {
    (0..n, 0..n).prop_map(|(a, b)| (a.min(b), a.max(b) + 1))
}

fn a_use() -> impl Strategy<Value = Use> {
    let piece = prop_oneof![
        4 => Just(Piece::Whole),
        2 => pair(LEN).prop_map(|(start, end)| Piece::Range(start, end)),
        // Shorter ones, and now and then none.
        1 => (0..LEN, 0..4usize).prop_map(|(at, n)| Piece::Range(at, (at + n).min(LEN))),
        2 => (pair(3), pair(4)).prop_map(|(rows, columns)| Piece::Tile(rows, columns, 4)),
        1 => (pair(4), pair(3)).prop_map(|(rows, columns)| Piece::Tile(rows, columns, 3)),
    ];
    let kind = prop_oneof![
        3 => Just(Kind::Read),
        2 => Just(Kind::Write),
        2 => Just(Kind::ReadWrite),
        1 => Just(Kind::Commute),
        2 => Just(Kind::Mix),
        1 => Just(Kind::Add),
    ];
    (0..BLOCKS, kind, piece).prop_map(|(block, kind, piece)| Use {
        block,
        kind,
        piece: match kind {
            Kind::Read | Kind::Write | Kind::ReadWrite => piece,
            _ => Piece::Whole,
        },
    })
}

pub fn task() -> impl Strategy<Value = Task> {
    let rarely = |of: u32| prop::option::weighted(1.0 / f64::from(of), any::<u8>());
    (
        vec(a_use(), 0..6),
        rarely(4),
        rarely(6),
        prop::option::weighted(0.03, 0..4u8),
        prop::option::weighted(0.3, prop::option::weighted(0.5, any::<u8>())),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(wanted, value, after, fails, place, slow)| {
            let mut uses: Vec<Use> = Vec::new();
            for one in wanted {
                if !uses.iter().any(|other| other.clashes(&one)) {
                    uses.push(one);
                }
            }
            uses.sort_by_key(|one| (one.kind as usize, one.piece.shape()));
            Task {
                uses,
                value,
                after,
                fails,
                place,
                slow,
            }
        })
}

/// The task that is meant by so many back.
pub fn earlier(task: usize, back: Option<u8>) -> Option<usize> {
    let back = usize::from(back?);
    (task > 0).then(|| task - 1 - back % task)
}
