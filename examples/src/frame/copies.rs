//! How fast the engines copy from blocks to blocks: what a program that is bound by memory cannot beat for long.

use std::time::{Duration, Instant};

use sprat::{Block, Result, Runtime, Scope};

use super::rates::{median, spread};
use crate::simd;

/// Elements of a block: 256 KiB, so that two of them stay within an L2 cache.
const BLOCK: usize = 1 << 15;
/// The blocks that are copied to have their elements so much further in: a processor that compares only the offsets in a
/// page at first makes reads wait for writes at the same one.
const LEAD: usize = 192;

/// How a copy stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stores {
    /// As the library's copy does.
    Plain,
    /// Around the caches.
    Streaming,
}

/// What rounds of copying took, with the stores that this machine has. Each program's share is that of the faster ones.
#[derive(Clone, Debug, Default)]
pub struct CopyTimes {
    plain: Vec<Duration>,
    streaming: Vec<Duration>,
}

impl CopyTimes {
    /// Measures a round with each kind of stores.
    ///
    /// # Errors
    /// Those of `copy`.
    pub fn round(&mut self, mut copy: impl FnMut(Stores) -> Result<Duration>) -> Result<()> {
        self.plain.push(copy(Stores::Plain)?);
        if simd::streams() {
            self.streaming.push(copy(Stores::Streaming)?);
        }
        Ok(())
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> usize {
        self.plain.len()
    }

    /// The times of the faster stores, by their median, and what these are called.
    pub fn best(&self) -> (&[Duration], &'static str) {
        match median(&self.streaming) < median(&self.plain) {
            true => (&self.streaming, "streaming stores"),
            false => (&self.plain, "plain stores"),
        }
    }
}

/// One side of a copy: blocks, and where in each of them the elements begin.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The blocks.
    pub blocks: &'a [Block<f64>],
    /// The first element that counts.
    pub lead: usize,
}

impl Side<'_> {
    /// Copies each block to its counterpart, and gives the time. Leads are not copied: as many elements as both have.
    ///
    /// # Errors
    /// The runtime's.
    pub fn copy_to(self, runtime: &Runtime, other: Side<'_>, stores: Stores) -> Result<Duration> {
        let begin = Instant::now();
        runtime.finish(|s| {
            let (read, write) = (self.lead, other.lead);
            for (&from, &to) in self.blocks.iter().zip(other.blocks) {
                let copy = move |_: &Scope<'_>, (from, to): (&[f64], &mut [f64])| {
                    let (from, to) = (&from[read..], &mut to[write..]);
                    let cells = from.len().min(to.len());
                    match stores {
                        Stores::Plain => to[..cells].copy_from_slice(&from[..cells]),
                        Stores::Streaming => simd::copy(&mut to[..cells], &from[..cells]),
                    }
                };
                s.codelet("copy")
                    .near(to)
                    .spawn((from.read(), to.write()), copy);
            }
            Ok(())
        })?;
        Ok(begin.elapsed())
    }
}

/// Two sets of blocks of a program's size, and what copying them to and fro took.
#[derive(Debug)]
pub struct Copies<'r> {
    runtime: &'r Runtime,
    sets: [Vec<Block<f64>>; 2],
    times: CopyTimes,
}

impl<'r> Copies<'r> {
    /// Takes memory: `bytes` for each of the two sets, rounded up to whole blocks. Give what the program itself moves, so
    /// that caches help both alike.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(runtime: &'r Runtime, bytes: usize) -> Result<Copies<'r>> {
        let count = bytes.div_ceil(BLOCK * size_of::<f64>()).max(1);
        let copies = Copies {
            runtime,
            sets: [
                runtime.blocks(count, BLOCK)?,
                runtime.blocks(count, LEAD + BLOCK)?,
            ],
            times: CopyTimes::default(),
        };
        // Takes the memory from the system: the first to write to it does.
        runtime.finish(|s| {
            for &block in copies.sets.iter().flatten() {
                let touch = |_: &Scope<'_>, elements: &mut [f64]| elements.fill(1.0);
                s.codelet("touch").near(block).spawn(block.write(), touch);
            }
            Ok(())
        })?;
        Ok(copies)
    }

    /// Copies to and fro so many times with each kind of stores, and keeps the times. Each round ends before the next begins: memory is measured,
    /// not a cache that still has the block.
    ///
    /// # Errors
    /// The runtime's.
    pub fn measure(&mut self, rounds: usize) -> Result<()> {
        let [one, other] = &self.sets;
        let (one, other) = (
            Side {
                blocks: one,
                lead: 0,
            },
            Side {
                blocks: other,
                lead: LEAD,
            },
        );
        for _ in 0..rounds {
            let (from, to) = match self.times.rounds() % 2 {
                0 => (one, other),
                _ => (other, one),
            };
            self.times
                .round(|stores| from.copy_to(self.runtime, to, stores))?;
        }
        Ok(())
    }

    /// Bytes that a round reads and writes, both counted; the line that a processor reads before a plain store to it
    /// (write-allocate) is not.
    fn moved(&self) -> f64 {
        (2 * self.sets[0].len() * BLOCK * size_of::<f64>()) as f64
    }

    /// Bytes a second, read and written, in the median of all rounds with the faster stores.
    pub fn rate(&self) -> f64 {
        self.moved() / median(self.times.best().0).as_secs_f64()
    }

    /// The rate, for people.
    pub fn describe(&self) -> String {
        let (times, stores) = self.times.best();
        format!(
            "{:.2} GB/s ({} engine(s), {stores}; median of {}, {})",
            self.rate() / 1e9,
            self.runtime.xes(),
            times.len(),
            spread(times, self.moved() / 1e9)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_with_leads_are_copied() {
        let runtime = Runtime::builder().xes(1).build().unwrap();
        let from = runtime.blocks::<f64>(2, 5).unwrap();
        let to = runtime.blocks::<f64>(2, 7).unwrap();
        for (i, &block) in from.iter().enumerate() {
            runtime.write(block, |b| b.fill(1.0 + i as f64)).unwrap();
        }
        let side = |blocks, lead| Side { blocks, lead };
        for stores in [Stores::Plain, Stores::Streaming] {
            runtime.write(to[1], |b| b.fill(0.0)).unwrap();
            side(&from, 1)
                .copy_to(&runtime, side(&to, 2), stores)
                .unwrap();
            let second = runtime.read(to[1], |b| b.to_vec()).unwrap();
            assert_eq!(second, [0.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0]);
        }
    }

    #[test]
    fn a_rate_comes_of_rounds() {
        let runtime = Runtime::builder().xes(1).build().unwrap();
        let mut copies = Copies::new(&runtime, 1).unwrap();
        assert!(copies.rate() < 1.0, "no round, no rate");
        copies.measure(3).unwrap();
        assert!(copies.rate() > 1e6);
        assert!(copies.describe().contains("median of 3"));
    }
}
