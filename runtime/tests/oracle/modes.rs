//! How codelets of the programs use blocks, and what they do to them.

use crate::expect::mix;
use sprat::ReduceOp;

/// How a codelet uses a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Read,
    Write,
    ReadWrite,
    /// Adds whole numbers in turn.
    Commute,
    /// Adds whole numbers in a reduction.
    Sum,
    /// Adds floats in a reduction: each order of adding has bits of its own.
    Floats,
    WeakRead,
    WeakWrite,
    WeakReadWrite,
}

impl Mode {
    /// Whether children may have it, so that the result does not depend on time: those of one that commutes can only
    /// commute, too.
    pub fn covers(self, child: Mode) -> bool {
        match self {
            Mode::Read | Mode::WeakRead => matches!(child, Mode::Read | Mode::WeakRead),
            Mode::Commute => child == Mode::Commute,
            Mode::Sum | Mode::Floats => false,
            _ => true,
        }
    }

    /// What children may have for sure.
    pub fn least(self) -> Mode {
        match self {
            Mode::Commute => Mode::Commute,
            _ => Mode::Read,
        }
    }

    pub fn is_weak(self) -> bool {
        self.place() != self
    }

    /// The place that it takes in the queue.
    pub fn place(self) -> Mode {
        match self {
            Mode::WeakRead => Mode::Read,
            Mode::WeakWrite => Mode::Write,
            Mode::WeakReadWrite => Mode::ReadWrite,
            other => other,
        }
    }

    /// Whether neighbours form a group whose doings are seen at its end.
    pub fn groups(self) -> bool {
        self == Mode::Commute || self.reduces()
    }

    pub fn reduces(self) -> bool {
        matches!(self, Mode::Sum | Mode::Floats)
    }

    /// Whether a failure of the codelet poisons the block.
    pub fn writes(self) -> bool {
        self.place() != Mode::Read
    }

    /// Whether poison in the block poisons the codelet.
    pub fn is_poisoned(self) -> bool {
        !self.is_weak() && self != Mode::Write
    }

    /// Whether the body is alone in the block.
    pub fn excludes(self) -> bool {
        matches!(self, Mode::Write | Mode::ReadWrite | Mode::Commute)
    }

    /// One word of what it adds, in the modes that add.
    pub fn add(self, word: u64, digest: u64, at: usize) -> u64 {
        self.combine(word, mix(digest, at as u64))
    }

    /// How two words are put together.
    pub fn combine(self, into: u64, from: u64) -> u64 {
        match self {
            Mode::Floats => (float(into) + float(from)).to_bits(),
            _ => into.wrapping_add(from),
        }
    }
}

/// A word as a float of a tame size.
fn float(word: u64) -> f64 {
    let plain = f64::from_bits(word);
    let tame = plain == 0.0 || (1e-3..1e30).contains(&plain.abs());
    if tame {
        plain
    } else {
        (word >> 11) as f64 / 7.0 + 1.0
    }
}

/// See [`Mode::Floats`].
#[derive(Clone, Copy)]
pub struct Floats;

impl ReduceOp<u64> for Floats {
    fn identity(&self) -> u64 {
        0
    }
    fn combine(&self, into: &mut [u64], from: &[u64]) {
        for (into, from) in into.iter_mut().zip(from) {
            *into = Mode::Floats.combine(*into, *from);
        }
    }
}
