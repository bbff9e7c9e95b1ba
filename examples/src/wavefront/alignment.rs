//! An alignment: which letters stand beside which.

use super::kernel::Best;
use super::scoring::{Alphabet, Scoring};

/// Letters in a line of the printed alignment.
const LINE: usize = 60;

/// A column of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A letter of each.
    Both,
    /// A letter of the first sequence beside a gap.
    First,
    /// A letter of the second one beside a gap.
    Second,
}

/// Where the best alignment is, and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Its score.
    pub score: i32,
    /// Its first letters in both sequences, counted from zero.
    pub begin: [usize; 2],
    /// The letters after its last ones.
    pub end: [usize; 2],
    /// Its columns.
    pub columns: Vec<Column>,
}

/// What its columns come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The score, added up anew.
    pub score: i64,
    /// Columns with twice the same letter.
    pub equal: usize,
    /// Gaps.
    pub gaps: usize,
}

impl Alignment {
    /// The one that ends with a cell, from its columns in reverse.
    pub fn new(best: Best, mut backwards: Vec<Column>) -> Alignment {
        backwards.reverse();
        let end = [best.row as usize + 1, best.column as usize + 1];
        let letters = |gap: Column| backwards.iter().filter(|&&c| c != gap).count();
        Alignment {
            score: best.score,
            begin: [
                end[0] - letters(Column::Second),
                end[1] - letters(Column::First),
            ],
            end,
            columns: backwards,
        }
    }

    /// Adds up its columns.
    pub fn counts(&self, scoring: &Scoring, first: &[u8], second: &[u8]) -> Counts {
        let mut counts = Counts::default();
        let [mut row, mut column] = self.begin;
        let mut before = Column::Both;
        for &here in &self.columns {
            let score = match here {
                Column::Both => {
                    counts.equal += usize::from(first[row] == second[column]);
                    scoring.pair(first[row], second[column])
                }
                _ if here == before => -scoring.further,
                _ => {
                    counts.gaps += 1;
                    -scoring.first
                }
            };
            counts.score += i64::from(score);
            row += usize::from(here != Column::Second);
            column += usize::from(here != Column::First);
            before = here;
        }
        counts
    }

    /// The alignment as text: the first sequence, marks where both are the same, the second one, line by line, each with
    /// the number of its first letter, counted from one.
    pub fn text(&self, alphabet: Alphabet, first: &[u8], second: &[u8]) -> String {
        let letter = |code: u8| char::from(alphabet.letters()[usize::from(code)]);
        let mut text = String::new();
        let [mut row, mut column] = self.begin;
        for line in self.columns.chunks(LINE) {
            let from = [row + 1, column + 1];
            let mut lines = [const { String::new() }; 3];
            for &here in line {
                let (a, b) = (first.get(row), second.get(column));
                let (a, b) = (a.map_or('-', |&c| letter(c)), b.map_or('-', |&c| letter(c)));
                let shown = match here {
                    Column::Both if a == b => [a, '|', b],
                    Column::Both => [a, ' ', b],
                    Column::First => [a, ' ', '-'],
                    Column::Second => ['-', ' ', b],
                };
                for (line, shown) in lines.iter_mut().zip(shown) {
                    line.push(shown);
                }
                row += usize::from(here != Column::Second);
                column += usize::from(here != Column::First);
            }
            let [above, marks, below] = lines;
            text += &format!("{:>10} {above}\n", from[0]);
            text += format!("{:>10} {marks}", "").trim_end();
            text += &format!("\n{:>10} {below}\n\n", from[1]);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavefront::scoring::Pairs;

    #[test]
    fn counted_and_shown() {
        let pairs = Pairs::Same {
            equal: 2,
            unequal: -3,
        };
        let scoring = Scoring::new(pairs, 5, 2).unwrap();
        let best = Best {
            score: 7,
            row: 5,
            column: 7,
        };
        use Column::{Both, First, Second};
        let columns = [Both, Second, Second, Both, First, Both, Both];
        let backwards = columns.iter().rev().copied().collect();
        let alignment = Alignment::new(best, backwards);
        assert_eq!((alignment.begin, alignment.end), ([1, 2], [6, 8]));
        // A, C, G, T are 0 to 3.
        let (first, second) = ([3, 0, 1, 2, 3, 0], [1, 1, 0, 2, 2, 1, 3, 1]);
        let counts = alignment.counts(&scoring, &first, &second);
        let expected = Counts {
            score: 2 - 9 + 2 - 7 + 2 - 3,
            equal: 3,
            gaps: 2,
        };
        assert_eq!(counts, expected);
        let text = alignment.text(Alphabet::Dna, &first, &second);
        let expected = "         2 A--CGTA\n           |  | |\n         3 AGGC-TC\n\n";
        assert_eq!(text, expected);
    }
}
