//! Sequences that nobody sequenced: a random one, and a relative of it.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::fasta::Sequence;
use super::scoring::Alphabet;

/// How many letters there are without those that stand for several.
fn kinds(alphabet: Alphabet) -> u32 {
    match alphabet {
        Alphabet::Dna => 4,
        Alphabet::Protein => 20,
    }
}

/// Two sequences of about `length` letters. The second is the first with one letter in ten changed, and one in fifty
/// lost or doubled, after a random quarter of its own.
pub fn pair(alphabet: Alphabet, length: usize, seed: u64) -> [Sequence; 2] {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut below = |n: u32| ((u64::from(random.next_u32()) * u64::from(n)) >> 32) as u32;
    let kinds = kinds(alphabet);
    let first: Vec<u8> = (0..length).map(|_| below(kinds) as u8).collect();
    let quarter = length / 4;
    let mut second: Vec<u8> = (0..quarter).map(|_| below(kinds) as u8).collect();
    for &letter in &first[quarter..] {
        match below(100) {
            0 => {}
            1 => second.extend([letter, letter]),
            2..12 => second.push(below(kinds) as u8),
            _ => second.push(letter),
        }
    }
    // A short one may have lost all.
    if second.is_empty() {
        second.push(0);
    }
    [("first", first), ("second", second)].map(|(name, codes)| Sequence {
        name: name.to_owned(),
        codes,
        others: 0,
    })
}
