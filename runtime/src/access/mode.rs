//! The ways in which a codelet uses a block.

use std::fmt;

/// How a codelet uses a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Reads; shares with other reads.
    Read,
    /// Writes all of it. Old contents are readable but unspecified, so a failed predecessor does not matter.
    Write,
    /// Reads and writes.
    ReadWrite,
    /// Reads and writes in any order with its neighbours that commute, one at a time.
    Commute,
    /// Adds to it by an operator, together with its neighbours that use the same one.
    Reduce(Operator),
    /// Reads and writes together with its neighbours that do so; they see to it themselves that they do not clash.
    SharedWrite,
    /// Reads and writes, alone.
    Exclusive,
}

/// The number of an operator of reductions: the same for the same operator on the same type of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator([u8; 2]);

impl Operator {
    /// The operator with this number.
    #[inline]
    pub const fn new(number: u16) -> Self {
        Operator(number.to_ne_bytes())
    }

    /// Its number.
    #[inline]
    pub const fn number(self) -> u16 {
        u16::from_ne_bytes(self.0)
    }
}

impl Mode {
    /// Whether the codelet looks at what was there, or builds on it: then a poisoned block poisons the codelet.
    #[inline]
    pub fn reads(self) -> bool {
        !matches!(self, Mode::Write)
    }

    /// Whether the codelet changes the block: then its failure poisons the block.
    #[inline]
    pub fn writes(self) -> bool {
        !matches!(self, Mode::Read)
    }

    /// Whether neighbours in this same mode hold the block together.
    #[inline]
    pub fn shares(self) -> bool {
        !matches!(self, Mode::Write | Mode::ReadWrite | Mode::Exclusive)
    }

    /// Whether a codelet that declared `self` may give `child` to its children.
    #[inline]
    pub fn covers(self, child: Mode) -> bool {
        match self {
            Mode::Read => child == Mode::Read,
            // What a `write` finds is unspecified, but its children may read what it wrote. Who commutes is alone in the
            // block as long as it and its descendants are there.
            Mode::Write | Mode::ReadWrite | Mode::Commute | Mode::Exclusive => true,
            Mode::SharedWrite => matches!(child, Mode::Read | Mode::SharedWrite),
            // What it holds is a lane of its own, and not the block.
            Mode::Reduce(_) => false,
        }
    }

    /// How the body of a codelet that declared `self` holds the block among its children.
    #[inline]
    pub fn among_children(self) -> Mode {
        match self {
            Mode::Commute => Mode::ReadWrite,
            other => other,
        }
    }
}

/// In words, for people who read reports.
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Read => "to read it",
            Mode::Write => "to write it",
            Mode::ReadWrite => "to read and write it",
            Mode::Commute => "to read and write it in turn, in any order",
            Mode::Reduce(_) => "to add to it in a reduction",
            Mode::SharedWrite => "to write it together with others",
            Mode::Exclusive => "to read and write it alone",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Operator};

    const ALL: [Mode; 7] = [
        Mode::Read,
        Mode::Write,
        Mode::ReadWrite,
        Mode::Commute,
        Mode::Reduce(Operator::new(3)),
        Mode::SharedWrite,
        Mode::Exclusive,
    ];

    #[test]
    fn rights_of_children() {
        let covered = |mode: Mode| ALL.map(|child| mode.covers(child));
        assert_eq!(covered(Mode::Read), ALL.map(|child| child == Mode::Read));
        for alone in [Mode::Write, Mode::ReadWrite, Mode::Commute, Mode::Exclusive] {
            assert_eq!(covered(alone), [true; 7]);
        }
        let shared = |child| matches!(child, Mode::Read | Mode::SharedWrite);
        assert_eq!(covered(Mode::SharedWrite), ALL.map(shared));
        assert_eq!(covered(Mode::Reduce(Operator::new(3))), [false; 7]);
    }

    #[test]
    fn small_enough_to_wait_in_eight_bytes() {
        assert!(size_of::<(Mode, bool)>() <= 4);
        assert_eq!(Operator::new(0xfedc).number(), 0xfedc);
    }
}
