//! A set of the operating system's CPU numbers, of any size.

use std::fmt;
use std::str::FromStr;

use super::text::{ranges, shown};
use crate::error::{Error, ErrorKind, Result};

/// A set of CPU numbers as the operating system counts them (one number per hardware thread).
///
/// It grows with the numbers put in, so it holds machines with more than the 1024 CPUs that C's `cpu_set_t`
/// holds. Text is the kernel's list format, `0-3,8,10-11`; nothing between the commas is the empty set.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct CpuSet {
    /// No zero word at the end, so that equal sets are equal words.
    words: Vec<u64>,
}

impl CpuSet {
    /// Text that names a CPU of this number or above is refused as damaged; no kernel counts so far.
    pub const LIMIT: u32 = 1 << 20;

    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a CPU in; true if it was not there. Memory grows with the number: 1 bit for each below it.
    pub fn insert(&mut self, cpu: u32) -> bool {
        let (word, bit) = place(cpu);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let before = self.words[word];
        self.words[word] |= bit;
        before & bit == 0
    }

    /// Takes a CPU out; true if it was there.
    pub fn remove(&mut self, cpu: u32) -> bool {
        let (word, bit) = place(cpu);
        let Some(w) = self.words.get_mut(word) else {
            return false;
        };
        let before = *w;
        *w &= !bit;
        self.trim();
        before & bit != 0
    }

    /// Whether the CPU is in the set.
    pub fn contains(&self, cpu: u32) -> bool {
        let (word, bit) = place(cpu);
        self.words.get(word).is_some_and(|w| w & bit != 0)
    }

    /// How many CPUs are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether no CPU is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The lowest number in the set.
    pub fn first(&self) -> Option<u32> {
        self.iter().next()
    }

    /// The highest number in the set.
    pub fn last(&self) -> Option<u32> {
        let word = self.words.last()?;
        Some((self.words.len() as u32 - 1) * 64 + 63 - word.leading_zeros())
    }

    /// The numbers in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            let rest = |w: &u64| Some(w & (w - 1)).filter(|&w| w != 0);
            std::iter::successors(Some(word).filter(|&w| w != 0), rest)
                .map(move |w| i as u32 * 64 + w.trailing_zeros())
        })
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &CpuSet) -> CpuSet {
        let both = self.words.iter().zip(&other.words);
        Self::of_words(both.map(|(a, b)| a & b).collect())
    }

    /// What is in this set and not in the other.
    pub fn difference(&self, other: &CpuSet) -> CpuSet {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        Self::of_words(self.words.iter().zip(others).map(|(a, b)| a & !b).collect())
    }

    /// What is in either set.
    pub fn union(&self, other: &CpuSet) -> CpuSet {
        let (mut long, short) = match self.words.len() >= other.words.len() {
            true => (self.words.clone(), &other.words),
            false => (other.words.clone(), &self.words),
        };
        for (l, s) in long.iter_mut().zip(short) {
            *l |= s;
        }
        Self::of_words(long)
    }

    /// Whether the other set has all that this one has.
    pub fn is_subset(&self, other: &CpuSet) -> bool {
        self.difference(other).is_empty()
    }

    /// The numbers of this set from one on.
    pub(super) fn not_below(&self, least: u32) -> CpuSet {
        let (first, bit) = place(least);
        let above = self.words.iter().enumerate().map(|(i, &word)| match i {
            i if i < first => 0,
            i if i == first => word & !(bit - 1),
            _ => word,
        });
        Self::of_words(above.collect())
    }

    /// The numbers from 0 to the last one of this set that are not in it.
    pub(super) fn holes(&self) -> CpuSet {
        let mut holes = Self::of_words(self.words.iter().map(|w| !w).collect());
        for above in self.last().map_or(0, |last| last + 1)..self.words.len() as u32 * 64 {
            holes.remove(above);
        }
        holes
    }

    fn of_words(words: Vec<u64>) -> CpuSet {
        let mut set = CpuSet { words };
        set.trim();
        set
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }
}

fn place(cpu: u32) -> (usize, u64) {
    (cpu as usize / 64, 1 << (cpu % 64))
}

impl FromIterator<u32> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u32>>(cpus: I) -> Self {
        let mut set = CpuSet::new();
        set.extend(cpus);
        set
    }
}

impl Extend<u32> for CpuSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, cpus: I) {
        for cpu in cpus {
            self.insert(cpu);
        }
    }
}

impl FromStr for CpuSet {
    type Err = Error;

    /// Reads the kernel's list format. The error ([`ErrorKind::Topology`]) quotes the text and the part that is wrong.
    fn from_str(text: &str) -> Result<Self> {
        let mut set = CpuSet::new();
        if text.trim().is_empty() {
            return Ok(set);
        }
        for part in text.split(',') {
            let part = part.trim();
            let wrong = |what: String| {
                let message = format!(
                    "the CPU list {} is wrong at {}: {what}; write it as 0-3,8,10-11",
                    shown(text.trim()),
                    shown(part)
                );
                Error::new(ErrorKind::Topology, message)
            };
            let number = |digits: &str| match digits.parse::<u64>() {
                // `parse` takes a leading plus, the kernel does not.
                Ok(n) if !digits.starts_with('+') => match u32::try_from(n) {
                    Ok(n) if n < CpuSet::LIMIT => Ok(n),
                    _ => Err(wrong(format!(
                        "CPU numbers end below {}, so the text must be damaged",
                        CpuSet::LIMIT
                    ))),
                },
                _ => Err(wrong(format!("{} is not a number", shown(digits)))),
            };
            let (from, to) = match part.split_once('-') {
                Some((from, to)) => (number(from)?, number(to)?),
                None => (number(part)?, number(part)?),
            };
            if from > to {
                return Err(wrong("the range runs backwards".into()));
            }
            set.extend(from..=to);
        }
        Ok(set)
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ranges(self.iter()))
    }
}

impl fmt::Debug for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CpuSet({self})")
    }
}
