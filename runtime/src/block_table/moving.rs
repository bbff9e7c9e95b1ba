//! Blocks that go to another region, and copies of them. See `docs/design/moves.md`.

use super::BlockSlot;
use super::copies::Copies;
use super::memory::Start;
use crate::decide::migration::Way;
use crate::decide::placement::Wish;
use crate::homes::{Asked, Homes, Place};
use crate::memory_region::{Chunk, Magazine, Transfer, Which};
use crate::mutants::mutant;
use crate::sync::atomic::Ordering;
use crate::trace::{Moved, NOWHERE};
use std::time::{Duration, Instant};

/// What became of pages that the system was to move.
enum Sent {
    /// They are there, at this address.
    There(*mut u8),
    /// There was no room, and would be none for a copy.
    NoRoom,
    /// They stayed; they can be copied.
    Not,
}

impl BlockSlot {
    /// Wishes something for a block with this generation. Any thread may do so at any time: it happens when somebody holds the block who may do it. False if
    /// nothing will come of it: the block is gone, has no memory of ours yet, or has copies.
    pub(crate) fn ask(&self, generation: u32, asked: Asked) -> bool {
        let wish = |memory: &mut Option<Chunk>| {
            let Some(chunk) = memory else { return false };
            if self.generation() != generation || matches!(self.start(), Start::Copied(_)) {
                return false;
            }
            self.set_place(Place::Asked {
                pool: chunk.region(),
                asked,
            });
            self.set_start(Start::Look);
            true
        };
        // Under the queue's lock, too, since the block may go under that alone, and leave its memory to the next one (`end_warm`).
        match mutant!("warm_wish_aside") {
            true => self.memory.with(wish),
            false => self.root.queue.with(|_| self.memory.with(wish)),
        }
    }

    /// Moves the block's memory to a pool, with its contents or without; if there is room. It stays there if not, which is
    /// counted. Gives where it is.
    ///
    /// # Safety
    /// The caller has all of the block alone, its memory was taken and has no copies, and nobody uses an address of it from before.
    pub(crate) unsafe fn move_to(
        &self,
        pool: u16,
        contents: bool,
        homes: &Homes,
        magazine: &mut Magazine,
    ) -> *mut u8 {
        let (there, from, which) = self.memory.with(|memory| {
            let chunk = memory.as_ref().expect("its memory was taken");
            (chunk.ptr().as_ptr(), chunk.region(), chunk.which())
        });
        if from == pool {
            self.belong(pool, homes);
            return there;
        }
        // Not under the block's lock, since it takes the pool's.
        let moving = homes.moving(which, from, pool, contents);
        let begin = Instant::now();
        let begun = homes.moves.begins();
        let (way, mut choice) = homes.moves.choose(moving);
        let mut tell = |took| {
            if let Some(choice) = choice.take() {
                homes.moves.measured(moving.bytes, choice, took);
            }
        };
        let sent = match way {
            // SAFETY: by this function's premise.
            Way::Pages => unsafe { self.send_pages(which, from, pool, homes) },
            Way::Copying => Sent::Not,
        };
        let start = match sent {
            Sent::There(start) => Some(start),
            Sent::NoRoom => None,
            Sent::Not => {
                if way == Way::Pages {
                    // What it takes now says nothing of either way.
                    tell(None);
                }
                // SAFETY: by this function's premise.
                unsafe { self.copy_over(pool, contents, homes, magazine) }
            }
        };
        let Some(start) = start else {
            tell(Some(Duration::MAX));
            homes.moves.refused();
            return there;
        };
        tell(Some(begin.elapsed()));
        self.belong(pool, homes);
        homes
            .moves
            .made(self.moved(from, pool, false, homes), begun);
        start
    }

    /// Copies the memory to other memory of a pool; where it is then, if there was room.
    ///
    /// # Safety
    /// As [`BlockSlot::move_to`].
    unsafe fn copy_over(
        &self,
        pool: u16,
        contents: bool,
        homes: &Homes,
        magazine: &mut Magazine,
    ) -> Option<*mut u8> {
        let bytes = self.bytes();
        let new = homes.take_at(pool, bytes, magazine)?;
        let start = new.ptr().as_ptr();
        let there = self.memory.with(|memory| {
            let chunk = memory.as_ref().expect("its memory was taken");
            chunk.ptr().as_ptr()
        });
        if contents {
            // SAFETY: both have so many bytes at least, nobody else has either, and they are not the same.
            unsafe { start.copy_from_nonoverlapping(there, bytes) };
        }
        let old = self.settle(pool, new);
        old.into_iter()
            .for_each(|chunk| homes.give(chunk, magazine));
        Some(start)
    }

    /// Has the system move the memory's pages from a pool's node to another's.
    ///
    /// # Safety
    /// As [`BlockSlot::move_to`], and this is the block's memory, which that pool has.
    unsafe fn send_pages(&self, which: Which, from: u16, pool: u16, homes: &Homes) -> Sent {
        // Not under the lock, since it takes long; and the chunk stays in its place, for who looks at it meanwhile.
        // SAFETY: it is that pool's, and by this function's premise nobody else has it.
        match unsafe { homes.transfer(which, from, pool) } {
            Transfer::Gone(new) => {
                let start = new.ptr().as_ptr();
                // The same memory by its old name, which means nothing any more.
                let _old = self.settle(pool, new);
                homes.moves.by_pages();
                Sent::There(start)
            }
            Transfer::NoRoom => Sent::NoRoom,
            Transfer::Stuck => Sent::Not,
            Transfer::Forbidden => {
                homes.moves.forbid_pages();
                Sent::Not
            }
        }
    }

    /// The block's memory is this chunk of a pool's from now on; what was it.
    fn settle(&self, pool: u16, new: Chunk) -> Option<Chunk> {
        self.memory.with(|memory| {
            self.set_place(Place::Taken(pool));
            self.set_start(Start::There(new.ptr().as_ptr()));
            memory.replace(new)
        })
    }

    /// What is told of a move from one pool to another, or of a copy.
    fn moved(&self, from: u16, to: u16, copied: bool, homes: &Homes) -> Moved {
        let region = |pool| homes.region_of(Place::Taken(pool)).unwrap_or(NOWHERE);
        Moved {
            time: 0,
            took: 0,
            block: self.root.slot,
            generation: self.generation(),
            bytes: self.bytes() as u64,
            from: region(from),
            to: region(to),
            copied,
        }
    }

    /// The block belongs to an engine of this region from now on, if it is one.
    fn belong(&self, pool: u16, homes: &Homes) {
        if homes.region_of(Place::Taken(pool)).is_some() {
            let engines = homes.engines(Wish::Region(pool));
            let share = self.root.slot as usize % engines.len();
            self.home.store(engines[share], Ordering::Relaxed);
        }
    }

    /// Makes a copy in a region, if there is none, and room for it; else what was wished is forgotten, and that is counted. Gives where
    /// the copy is.
    ///
    /// # Safety
    /// The caller holds all of the block for reading, and its memory was taken.
    pub(crate) unsafe fn copy_to(
        &self,
        pool: u16,
        homes: &Homes,
        magazine: &mut Magazine,
    ) -> Option<*mut u8> {
        if let Some(copy) = self.copy_of(pool) {
            return Some(copy);
        }
        let (original, own) = self.memory.with(|memory| {
            let chunk = memory.as_ref().expect("its memory was taken");
            (chunk.ptr().as_ptr(), chunk.region())
        });
        if own == pool {
            return Some(original);
        }
        let Some(copy) = homes.take_for_copy(pool, self.bytes(), magazine) else {
            self.memory
                .with(|memory| memory.iter().for_each(|chunk| self.forget(chunk)));
            homes.moves.refused();
            return None;
        };
        let start = copy.ptr().as_ptr();
        let begun = homes.moves.begins();
        // SAFETY: both have so many bytes at least, the copy is nobody else's, and nobody changes the block while it is held for
        // reading.
        unsafe { start.copy_from_nonoverlapping(original, self.bytes()) };
        match self.add_copy(copy, homes) {
            None => (homes.moves).made(self.moved(own, pool, true, homes), begun),
            // Another reader of this region was faster.
            Some(again) => homes.give_copies(vec![again], magazine),
        }
        self.copy_of(pool)
    }

    /// Puts a copy that is complete into the table.
    fn add_copy(&self, copy: Chunk, homes: &Homes) -> Option<Chunk> {
        self.memory.with(|memory| {
            let own = memory.as_ref().expect("its memory was taken");
            if self.place().asked() == Some(Asked::Home(copy.region())) {
                self.set_place(Place::Taken(own.region()));
            }
            let copies = match self.start() {
                Start::Copied(copies) => copies,
                _ => Copies::begin(own.ptr().as_ptr(), homes.pools().len()),
            };
            // SAFETY: it is there: ours, or that of readers, of whom we are one.
            let again = unsafe { &*copies }.add(copy);
            self.set_start(Start::Copied(copies));
            again
        })
    }

    /// What was wished is done, or will not be. Under the lock; copies stay, as a wish may come between a look at the block and the
    /// copy that it led to.
    pub(super) fn forget(&self, chunk: &Chunk) {
        self.set_place(Place::Taken(chunk.region()));
        if let Start::Look = self.start() {
            self.set_start(Start::There(chunk.ptr().as_ptr()));
        }
    }

    /// The copy in a region, for who holds all of the block for reading.
    fn copy_of(&self, pool: u16) -> Option<*mut u8> {
        match self.start() {
            // SAFETY: who reads all of a block has its copies as long.
            Start::Copied(copies) => unsafe { &*copies }.of(pool),
            _ => None,
        }
    }

    /// Whether a region has a copy, for who holds all of the block for reading.
    pub(crate) fn has_copy(&self, pool: u16) -> bool {
        self.copy_of(pool).is_some()
    }

    /// The pools that have copies now.
    pub(crate) fn copies(&self) -> Vec<u16> {
        self.memory.with(|_| match self.start() {
            // SAFETY: tables are dropped under the lock, which we hold.
            Start::Copied(copies) => unsafe { &*copies }.pools().collect(),
            _ => Vec::new(),
        })
    }
}

// Under loom its locks work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
