//! One step of a tile, 64 cells at a time: each bit of a word is a cell, and neighbours are counted for all of them at
//! once, by adding bits as an adder made of gates does.

use super::rule::Rule;

/// A rule as a table of gates: for each bit of the count of a cell and its neighbours, which half of the table counts.
#[derive(Clone, Copy, Debug)]
pub struct Gates {
    /// For dead and living cells: pairs of counts (0 and 1, 2 and 3, up to 8 and 9), each as the answer to the first,
    /// and whether the other's is different; all bits set, or none.
    pairs: [[(u64, u64); 5]; 2],
}

impl Gates {
    /// Makes the table.
    pub fn new(rule: Rule) -> Gates {
        let all = |yes: bool| if yes { !0 } else { 0 };
        // The count has the cell itself in it.
        let lives = |alive: u32, count: u32| match (alive, count.checked_sub(alive)) {
            (_, None) => false,
            (0, Some(n)) => rule.birth & 1 << n != 0,
            (_, Some(n)) => rule.survival & 1 << n != 0,
        };
        Gates {
            pairs: [0, 1].map(|alive| {
                [0, 2, 4, 6, 8].map(|count| {
                    let (one, other) = (lives(alive, count), lives(alive, count + 1));
                    (all(one), all(one != other))
                })
            }),
        }
    }

    /// What becomes of 64 cells, from the bits of the count.
    #[inline(always)]
    fn next(&self, alive: u64, count: [u64; 4]) -> u64 {
        let [ones, twos, fours, eights] = count;
        let choose = |bit: u64, no: u64, yes: u64| no ^ ((no ^ yes) & bit);
        let half = |pairs: &[(u64, u64); 5]| {
            let [a, b, c, d, e] = pairs.map(|(one, change)| one ^ (change & ones));
            let low = choose(fours, choose(twos, a, b), choose(twos, c, d));
            choose(eights, low, e)
        };
        choose(alive, half(&self.pairs[0]), half(&self.pairs[1]))
    }
}

/// What a tile is computed from. Blocks have rows of `stride` words.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// The tile itself.
    pub here: &'a [u64],
    /// The blocks around it, from the upper left to the lower right. Where the board ends, any block of zeros.
    pub around: [&'a [u64]; 8],
    /// Words from one row to the next in each block.
    pub stride: usize,
    /// The tile's words in a row.
    pub words: usize,
    /// The tile's rows.
    pub rows: usize,
    /// The words in a row of the tiles to the left.
    pub left_words: usize,
    /// The rows of the tiles above.
    pub above_rows: usize,
}

impl<'a> Tile<'a> {
    /// A row of this tile or of the ones above or below, and the words to its left and right. Row 0 is the last one of
    /// the tile above.
    #[inline(always)]
    fn row(&self, row: usize) -> (u64, &'a [u64], u64) {
        let [nw, n, ne, w, e, sw, s, se] = self.around;
        let (left, here, right, at) = match row.checked_sub(1) {
            None => (nw, n, ne, self.above_rows - 1),
            Some(row) if row < self.rows => (w, self.here, e, row),
            _ => (sw, s, se, 0),
        };
        let at = at * self.stride;
        (
            left[at + self.left_words - 1],
            &here[at..at + self.words],
            right[at],
        )
    }
}

/// How many rows of sums are kept: above, here, below.
const KEPT: usize = 3;

/// Words of memory that a step needs for itself.
pub fn scratch_words(words: usize) -> usize {
    2 * KEPT * words
}

/// One step. `out` is a block as those of the tile, `scratch` has [`scratch_words`].
#[inline(always)]
pub fn step(gates: &Gates, tile: &Tile<'_>, out: &mut [u64], scratch: &mut [u64]) {
    let words = tile.words;
    let (ones, twos) = scratch[..2 * KEPT * words].split_at_mut(KEPT * words);
    for row in 0..2 {
        let at = row * words;
        sums(
            tile.row(row),
            &mut ones[at..at + words],
            &mut twos[at..at + words],
        );
    }
    for row in 0..tile.rows {
        let at = [row, row + 1, row + 2].map(|row| row % KEPT * words);
        let below = at[2]..at[2] + words;
        sums(
            tile.row(row + 2),
            &mut ones[below.clone()],
            &mut twos[below],
        );
        let [o0, o1, o2] = at.map(|at| &ones[at..at + words]);
        let [t0, t1, t2] = at.map(|at| &twos[at..at + words]);
        let (_, here, _) = tile.row(row + 1);
        let out = &mut out[row * tile.stride..][..words];
        for word in 0..words {
            // Three numbers of two bits are added.
            let (ones, carry) = add(o0[word], o1[word], o2[word]);
            let (twos, fours) = add(t0[word], t1[word], t2[word]);
            let (twos, more) = (twos ^ carry, twos & carry);
            let (fours, eights) = (fours ^ more, fours & more);
            out[word] = gates.next(here[word], [ones, twos, fours, eights]);
        }
    }
}

/// Adds each cell of a row and the two beside it: the ones and the twos of the sums.
#[inline(always)]
fn sums((left, here, right): (u64, &[u64], u64), ones: &mut [u64], twos: &mut [u64]) {
    let last = here.len() - 1;
    let mut one = |word: usize, before: u64, after: u64| {
        let here = here[word];
        let (west, east) = (here << 1 | before >> 63, here >> 1 | after << 63);
        (ones[word], twos[word]) = add(west, here, east);
    };
    // The ends first: what is between them is a loop without questions.
    one(0, left, if last == 0 { right } else { here[1] });
    for word in 1..last {
        one(word, here[word - 1], here[word + 1]);
    }
    if last > 0 {
        one(last, here[last - 1], right);
    }
}

/// Adds three bits: the ones and the twos.
#[inline(always)]
fn add(a: u64, b: u64, c: u64) -> (u64, u64) {
    let either = a ^ b;
    (either ^ c, (a & b) | (either & c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_follow_the_rule() {
        for text in ["B3/S23", "B36/S23", "B0/S8", "B012345678/S", "B1357/S02468"] {
            let rule: Rule = text.parse().unwrap();
            let gates = Gates::new(rule);
            for alive in 0..2u64 {
                for neighbours in 0..=8u64 {
                    let bits =
                        [0, 1, 2, 3].map(|bit| 0u64.wrapping_sub((neighbours + alive) >> bit & 1));
                    let expected = match alive {
                        0 => rule.birth & 1 << neighbours,
                        _ => rule.survival & 1 << neighbours,
                    };
                    let next = gates.next(0u64.wrapping_sub(alive), bits);
                    let expected = if expected == 0 { 0 } else { !0 };
                    assert_eq!(next, expected, "{text} {alive} {neighbours}");
                }
            }
        }
    }
}
