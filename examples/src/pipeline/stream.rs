//! The stages of each chunk as codelets, over a fixed set of blocks.
//!
//! A chunk is read into the blocks of a slot; compressed; given its place in the file, after the chunk before it; and
//! written there. The next chunk that uses the slot is read when all that is over, since it writes the same blocks. So
//! the slots bound the memory, whatever the file's size, and nobody counts.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use sprat::{Block, Result, Runtime, Scope};

use super::chunks::Chunks;
use super::kernel;

/// The blocks that chunks pass through, one after the other.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// As it is read.
    chunk: Block<u8>,
    /// As it is written, at the beginning.
    compressed: Block<u8>,
    /// How long that is, and its place in the file.
    place: Block<u64>,
}

impl Slot {
    fn new(runtime: &Runtime, chunk: usize) -> Result<Slot> {
        Ok(Slot {
            chunk: runtime.block(chunk)?,
            compressed: runtime.block(kernel::most_bytes(chunk))?,
            place: runtime.block(2)?,
        })
    }
}

/// The way through which all chunks of a file go.
#[derive(Debug)]
pub struct Stream<'r> {
    runtime: &'r Runtime,
    chunks: Chunks,
    level: u32,
    slots: Vec<Slot>,
    /// The slot of the last chunk, if that is shorter: a block is filled as a whole.
    short: Option<Slot>,
    /// Where the next chunk's place is.
    end: Block<u64>,
}

impl<'r> Stream<'r> {
    /// Makes the blocks: so many slots, but no more than there are chunks.
    ///
    /// # Errors
    /// The runtime's.
    pub fn new(
        runtime: &'r Runtime,
        chunks: Chunks,
        level: u32,
        slots: usize,
    ) -> Result<Stream<'r>> {
        let whole = chunks.bytes / chunks.chunk as u64;
        let slots = whole.min(slots as u64);
        let short = (chunks.bytes % chunks.chunk as u64) as usize;
        Ok(Stream {
            runtime,
            chunks,
            level,
            slots: (0..slots)
                .map(|_| Slot::new(runtime, chunks.chunk))
                .collect::<Result<_>>()?,
            short: match short {
                0 => None,
                bytes => Some(Slot::new(runtime, bytes)?),
            },
            end: runtime.block(1)?,
        })
    }

    /// Bytes of all slots.
    pub fn bytes(&self) -> u64 {
        let slot = |chunk: usize| (chunk + kernel::most_bytes(chunk)) as u64;
        let short = (self.chunks.bytes % self.chunks.chunk as u64) as usize;
        let short = self.short.map_or(0, |_| slot(short));
        self.slots.len() as u64 * slot(self.chunks.chunk) + short
    }

    /// Slots for whole chunks.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Compresses a file to another one, which is there and empty; gives its length, and the time. `written` hears of
    /// each chunk.
    ///
    /// # Errors
    /// If the files cannot be read or written, or the first one changes meanwhile.
    pub fn run(
        &self,
        from: &Path,
        to: &Path,
        written: impl Fn() + Sync,
    ) -> Result<(u64, Duration)> {
        self.runtime.write(self.end, |end| end[0] = 0)?;
        let (written, begin) = (&written, Instant::now());
        self.runtime.finish(|s| {
            for index in 0..self.chunks.count() {
                self.chunk(s, index, from, to, written)?;
            }
            Ok(())
        })?;
        let time = begin.elapsed();
        Ok((self.runtime.read(self.end, |end| end[0])?, time))
    }

    /// The stages of one chunk.
    fn chunk<'s>(
        &self,
        s: &Scope<'s>,
        index: u64,
        from: &'s Path,
        to: &'s Path,
        written: &'s (impl Fn() + Sync),
    ) -> Result<()> {
        let (begin, bytes) = self.chunks.at(index);
        let slot = match self.short {
            Some(slot) if bytes < self.chunks.chunk => slot,
            _ => self.slots[(index % self.slots.len() as u64) as usize],
        };
        let level = self.level;
        s.codelet("read").read_file_into(slot.chunk, from, begin)?;
        let access = (
            slot.chunk.read(),
            slot.compressed.write(),
            slot.place.write(),
        );
        s.codelet("compress").near(slot.chunk).spawn(
            access,
            move |_, (chunk, compressed, place)| {
                place[0] = kernel::compress(chunk, level, compressed)? as u64;
                Ok(())
            },
        );
        let access = (slot.place.read_write(), self.end.read_write());
        s.codelet("place").spawn(access, |_, (place, end)| {
            place[1] = end[0];
            end[0] += place[0];
        });
        let access = (slot.place.read(), slot.compressed.read());
        s.codelet("write").spawn(access, move |s, (place, _)| {
            // A file gets a block as a whole. So one of the right length is made, written, and destroyed; the slot is
            // this codelet's until all of that is over.
            let (length, at) = (place[0] as usize, place[1]);
            let exact = s.block::<u8>(length)?;
            let access = (slot.compressed.read(), exact.write());
            s.codelet("cut").spawn(access, move |_, (from, to)| {
                to.copy_from_slice(&from[..length]);
            });
            let stored = s.codelet("store").write_file_at(exact, to, at)?;
            s.codelet("written")
                .after(&stored.event())
                .spawn((), move |_, ()| written());
            s.destroy(exact);
            Ok(())
        });
        Ok(())
    }

    /// Bytes a second of one engine that compresses the file's first chunk, which stays in its cache: so many times.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn rates(&self, from: &mut File, rounds: usize) -> Result<Vec<f64>> {
        let mut chunk = vec![0; self.chunks.at(0).1];
        from.seek(SeekFrom::Start(0))?;
        from.read_exact(&mut chunk)?;
        let mut rates = Vec::new();
        let mut room = vec![0; kernel::most_bytes(chunk.len())];
        self.runtime.finish(|s| {
            s.codelet("rate").on_xe(0).spawn_once((), |_, ()| {
                for _ in 0..rounds {
                    let begin = Instant::now();
                    kernel::compress(&chunk, self.level, &mut room)?;
                    rates.push(chunk.len() as f64 / begin.elapsed().as_secs_f64());
                }
                Ok(())
            });
            Ok(())
        })?;
        Ok(rates)
    }
}
