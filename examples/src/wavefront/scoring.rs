//! What letters and gaps are worth.

use sprat::{Error, Result};

/// What kind of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Alphabet {
    /// Bases: A, C, G, T or U, and N for any.
    Dna,
    /// Amino acids, scored by BLOSUM62.
    Protein,
}

/// What stands for "impossible" in a maximum; far enough from the smallest number that a gap can be taken from it.
pub const NEVER: i32 = i32::MIN / 2;

const BASES: &[u8] = b"ACGTN";
const AMINO_ACIDS: &[u8] = b"ARNDCQEGHILKMFPSTWYVBZX*";

/// BLOSUM62 (Henikoff and Henikoff, 1992), rows and columns in the order of `AMINO_ACIDS`.
#[rustfmt::skip]
const BLOSUM62: [[i8; 24]; 24] = [
    [ 4,-1,-2,-2, 0,-1,-1, 0,-2,-1,-1,-1,-1,-2,-1, 1, 0,-3,-2, 0,-2,-1, 0,-4],
    [-1, 5, 0,-2,-3, 1, 0,-2, 0,-3,-2, 2,-1,-3,-2,-1,-1,-3,-2,-3,-1, 0,-1,-4],
    [-2, 0, 6, 1,-3, 0, 0, 0, 1,-3,-3, 0,-2,-3,-2, 1, 0,-4,-2,-3, 3, 0,-1,-4],
    [-2,-2, 1, 6,-3, 0, 2,-1,-1,-3,-4,-1,-3,-3,-1, 0,-1,-4,-3,-3, 4, 1,-1,-4],
    [ 0,-3,-3,-3, 9,-3,-4,-3,-3,-1,-1,-3,-1,-2,-3,-1,-1,-2,-2,-1,-3,-3,-2,-4],
    [-1, 1, 0, 0,-3, 5, 2,-2, 0,-3,-2, 1, 0,-3,-1, 0,-1,-2,-1,-2, 0, 3,-1,-4],
    [-1, 0, 0, 2,-4, 2, 5,-2, 0,-3,-3, 1,-2,-3,-1, 0,-1,-3,-2,-2, 1, 4,-1,-4],
    [ 0,-2, 0,-1,-3,-2,-2, 6,-2,-4,-4,-2,-3,-3,-2, 0,-2,-2,-3,-3,-1,-2,-1,-4],
    [-2, 0, 1,-1,-3, 0, 0,-2, 8,-3,-3,-1,-2,-1,-2,-1,-2,-2, 2,-3, 0, 0,-1,-4],
    [-1,-3,-3,-3,-1,-3,-3,-4,-3, 4, 2,-3, 1, 0,-3,-2,-1,-3,-1, 3,-3,-3,-1,-4],
    [-1,-2,-3,-4,-1,-2,-3,-4,-3, 2, 4,-2, 2, 0,-3,-2,-1,-2,-1, 1,-4,-3,-1,-4],
    [-1, 2, 0,-1,-3, 1, 1,-2,-1,-3,-2, 5,-1,-3,-1, 0,-1,-3,-2,-2, 0, 1,-1,-4],
    [-1,-1,-2,-3,-1, 0,-2,-3,-2, 1, 2,-1, 5, 0,-2,-1,-1,-1,-1, 1,-3,-1,-1,-4],
    [-2,-3,-3,-3,-2,-3,-3,-3,-1, 0, 0,-3, 0, 6,-4,-2,-2, 1, 3,-1,-3,-3,-1,-4],
    [-1,-2,-2,-1,-3,-1,-1,-2,-2,-3,-3,-1,-2,-4, 7,-1,-1,-4,-3,-2,-2,-1,-2,-4],
    [ 1,-1, 1, 0,-1, 0, 0, 0,-1,-2,-2, 0,-1,-2,-1, 4, 1,-3,-2,-2, 0, 0, 0,-4],
    [ 0,-1, 0,-1,-1,-1,-1,-2,-2,-1,-1,-1,-1,-2,-1, 1, 5,-2,-2, 0,-1,-1, 0,-4],
    [-3,-3,-4,-4,-2,-2,-3,-2,-2,-3,-2,-3,-1, 1,-4,-3,-2,11, 2,-3,-4,-3,-2,-4],
    [-2,-2,-2,-3,-2,-1,-2,-3, 2,-1,-1,-2,-1, 3,-3,-2,-2, 2, 7,-1,-3,-2,-1,-4],
    [ 0,-3,-3,-3,-1,-2,-2,-3,-3, 3, 1,-2, 1,-1,-2,-2, 0,-3,-1, 4,-3,-2,-1,-4],
    [-2,-1, 3, 4,-3, 0, 1,-1, 0,-3,-4, 0,-3,-3,-2, 0,-1,-4,-3,-3, 4, 1,-1,-4],
    [-1, 0, 0, 1,-3, 3, 4,-2, 0,-3,-3, 1,-1,-3,-1, 0,-1,-3,-2,-2, 1, 4,-1,-4],
    [ 0,-1,-1,-1,-2,-1,-1,-1,-1,-1,-1,-1,-1,-1,-2, 0, 0,-2,-1,-1,-1,-1,-1,-4],
    [-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4,-4, 1],
];

/// Letters are numbers below this.
pub const CODES: usize = 32;

/// BLOSUM62 with a row for each number below [`CODES`], whether it is a letter's or not; row after row.
pub(super) const fn blosum62() -> [i32; CODES * CODES] {
    let mut table = [-4; CODES * CODES];
    let mut at = 0;
    while at < 24 * 24 {
        table[at / 24 * CODES + at % 24] = BLOSUM62[at / 24][at % 24] as i32;
        at += 1;
    }
    table
}

impl Alphabet {
    /// Its letters; the place of one is its number.
    pub fn letters(self) -> &'static [u8] {
        match self {
            Alphabet::Dna => BASES,
            Alphabet::Protein => AMINO_ACIDS,
        }
    }

    /// A letter's number, in either case; `None` for what is no letter of this alphabet. Letters that say "one of
    /// several" become the one that says "any".
    pub fn code(self, letter: u8) -> Option<u8> {
        let upper = letter.to_ascii_uppercase();
        let upper = match (self, upper) {
            (Alphabet::Dna, b'U') => b'T',
            (
                Alphabet::Dna,
                b'R' | b'Y' | b'S' | b'W' | b'K' | b'M' | b'B' | b'D' | b'H' | b'V',
            ) => b'N',
            (Alphabet::Protein, b'J' | b'O') => b'X',
            (Alphabet::Protein, b'U') => b'C',
            _ => upper,
        };
        let at = self.letters().iter().position(|&l| l == upper)?;
        Some(at as u8)
    }
}

/// What two letters score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// All that counts is whether they are the same.
    Same {
        /// The score if they are, above zero.
        equal: i32,
        /// The score if they are not, below zero.
        unequal: i32,
    },
    /// BLOSUM62.
    Blosum62,
}

/// What each pair of letters and each gap is worth.
#[derive(Clone, Copy, Debug)]
pub struct Scoring {
    /// What two letters score.
    pub pairs: Pairs,
    /// What the first letter of a gap costs, above zero.
    pub first: i32,
    /// What each further letter of a gap costs, above zero.
    pub further: i32,
}

impl Scoring {
    /// A gap costs `open`, and `extend` for each letter.
    ///
    /// # Errors
    /// If the numbers make no sense.
    pub fn new(pairs: Pairs, open: i32, extend: i32) -> Result<Scoring> {
        const MOST: i32 = 10_000;
        if let Pairs::Same { equal, unequal } = pairs
            && !((1..=MOST).contains(&equal) && (-MOST..0).contains(&unequal))
        {
            return Err(Error::msg(format!(
                "equal letters must score from 1 to {MOST} and others from -{MOST} to -1, not {equal} and {unequal}"
            )));
        }
        if !((0..=MOST).contains(&open) && (1..=MOST).contains(&extend)) {
            return Err(Error::msg(format!(
                "a gap must cost from 0 to {MOST} to open and from 1 to {MOST} for each letter, not {open} and {extend}"
            )));
        }
        Ok(Scoring {
            pairs,
            first: open + extend,
            further: extend,
        })
    }

    /// What two letters score, by their numbers. A base that stands for any is equal to nothing.
    #[inline(always)]
    pub fn pair(&self, a: u8, b: u8) -> i32 {
        match self.pairs {
            Pairs::Same { equal, .. } if a == b && a < 4 => equal,
            Pairs::Same { unequal, .. } => unequal,
            Pairs::Blosum62 => {
                let row = BLOSUM62.get(usize::from(a));
                i32::from(*row.and_then(|row| row.get(usize::from(b))).unwrap_or(&-4))
            }
        }
    }

    /// The most that any two letters score.
    pub fn most(&self) -> i32 {
        match self.pairs {
            Pairs::Same { equal, .. } => equal,
            Pairs::Blosum62 => 11,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAME: Pairs = Pairs::Same {
        equal: 2,
        unequal: -3,
    };

    #[test]
    fn blosum62_is_symmetric_and_each_acid_likes_itself_best() {
        let scoring = Scoring::new(Pairs::Blosum62, 11, 1).unwrap();
        for a in 0..24 {
            for b in 0..24 {
                assert_eq!(scoring.pair(a, b), scoring.pair(b, a), "{a} {b}");
            }
        }
        for a in 0..20 {
            assert!((0..20).all(|b| b == a || scoring.pair(a, b) < scoring.pair(a, a)));
        }
        let code = |letter| Alphabet::Protein.code(letter).unwrap();
        assert_eq!(scoring.pair(code(b'W'), code(b'w')), 11);
        assert_eq!(scoring.pair(code(b'I'), code(b'V')), 3);
        assert_eq!(scoring.pair(code(b'*'), code(b'P')), -4);
        let all = BLOSUM62.as_flattened();
        assert_eq!(all.iter().max(), Some(&(scoring.most() as i8)));
    }

    #[test]
    fn any_base_is_equal_to_none() {
        let scoring = Scoring::new(SAME, 5, 2).unwrap();
        let code = |letter| Alphabet::Dna.code(letter).unwrap();
        assert_eq!(scoring.pair(code(b'a'), code(b'A')), 2);
        assert_eq!(scoring.pair(code(b'u'), code(b'T')), 2);
        assert_eq!(scoring.pair(code(b'A'), code(b'G')), -3);
        assert_eq!(scoring.pair(code(b'N'), code(b'N')), -3);
        assert_eq!(scoring.pair(code(b'R'), code(b'R')), -3);
        assert_eq!((scoring.first, scoring.further), (7, 2));
        assert_eq!(Alphabet::Dna.code(b'E'), None);
        assert_eq!(Alphabet::Protein.code(b'-'), None);
    }

    #[test]
    fn numbers_without_sense_are_refused() {
        let same = |equal, unequal| Scoring::new(Pairs::Same { equal, unequal }, 1, 1);
        assert!(same(1, -1).is_ok());
        for (equal, unequal) in [(0, -1), (1, 0), (i32::MAX, -1), (1, i32::MIN)] {
            assert!(same(equal, unequal).is_err());
        }
        for (open, extend) in [(-1, 1), (1, 0), (i32::MAX, 1), (1, i32::MAX)] {
            assert!(Scoring::new(Pairs::Blosum62, open, extend).is_err());
        }
    }
}
