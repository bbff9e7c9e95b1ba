//! The memory of blocks is taken at the first access. Who finds no plain address later fulfils a wish, or finds a copy.

use super::copies::Copies;
use super::memory::Start;
use super::{BlockSlot, BlockTable};
use crate::access::Mode;
use crate::decide::placement::Wish;
use crate::error::Result;
use crate::homes::{Asked, Homes, Place};
use crate::memory_region::{Chunk, Magazine};

/// How somebody holds a block whose memory is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// All of it.
    All(Mode),
    /// A part of it.
    Part(Mode),
}

impl Hold {
    /// Whether nobody else holds any of it, nor looks at it.
    fn is_alone(self) -> bool {
        use Mode::{Commute, Exclusive, ReadWrite, Write};
        matches!(self, Hold::All(Write | ReadWrite | Exclusive | Commute))
    }

    fn changes(self) -> bool {
        let (Hold::All(mode) | Hold::Part(mode)) = self;
        mode.writes()
    }
}

/// What was found under the lock.
enum Found {
    There(*mut u8),
    /// There, and these copies are not true any more.
    Alone(*mut u8, Vec<Chunk>),
    /// To go to this pool.
    Wished(u16),
    /// There, and a copy is wished here.
    Copy(*mut u8),
}

impl BlockTable {
    /// Where the memory of a block is for an engine that holds it, if its slot does not say so plainly. The first to look takes
    /// it: from where its place says, so that the pages are there. A first access that writes all of it gets recycled memory as
    /// it is, any other gets zeros.
    #[cold]
    pub(crate) fn look_up_memory(
        &self,
        slot: &BlockSlot,
        hold: Hold,
        homes: &Homes,
        magazine: &mut Magazine,
    ) -> Result<*mut u8> {
        let here = magazine.pool().region();
        if hold == Hold::All(Mode::Read)
            && let Start::Copied(copies) = slot.start()
        {
            // SAFETY: who reads all of a block has its copies as long: who drops them is about to change it, or to end it.
            let copies = unsafe { &*copies };
            match copies.of(here) {
                Some(copy) => return Ok(copy),
                None if slot.place().asked() != Some(Asked::Copies) => {
                    return Ok(copies.original());
                }
                None => (),
            }
        }
        let found: Result<Found> = slot.memory.with(|memory| match memory {
            Some(chunk) => Ok(look(slot, chunk, hold, here)),
            None => {
                let wish = self.wish(slot.place(), homes);
                let mut chunk = homes.take(wish, slot.bytes(), magazine)?;
                let pool = chunk.region();
                if hold != Hold::All(Mode::Write) {
                    homes.pools()[usize::from(pool)].zero(&mut chunk, slot.bytes())?;
                }
                let start = chunk.ptr().as_ptr();
                slot.set_place(Place::Taken(pool));
                slot.set_start(Start::There(start));
                *memory = Some(chunk);
                Ok(Found::There(start))
            }
        });
        Ok(match found? {
            Found::There(start) => start,
            Found::Alone(start, copies) => {
                homes.give_copies(copies, magazine);
                start
            }
            Found::Wished(pool) => {
                // SAFETY: it has all of the block alone, and has not begun.
                unsafe { slot.move_to(pool, hold != Hold::All(Mode::Write), homes, magazine) }
            }
            Found::Copy(start) => {
                // SAFETY: it holds the block for reading.
                unsafe { slot.copy_to(here, homes, magazine) }.unwrap_or(start)
            }
        })
    }

    /// What a place means now. Who is near somebody that is near somebody, and so on, is followed some steps.
    pub(crate) fn wish(&self, mut place: Place, homes: &Homes) -> Wish {
        const STEPS: usize = 16;
        for _ in 0..STEPS {
            place = match place {
                Place::Wish(wish) => return wish,
                Place::Taken(_) | Place::Asked { .. } => {
                    let region = homes.region_of(place);
                    return region.map_or(Wish::Interleaved, Wish::Region);
                }
                Place::Near { slot, generation } => {
                    let near = self.slot(slot);
                    if near.generation() != generation {
                        return Wish::FirstTouch;
                    }
                    match near.place() {
                        Place::Wish(Wish::FirstTouch) => {
                            let xe = near.home.load(crate::sync::atomic::Ordering::Relaxed);
                            Place::Wish(Wish::Region(homes.region_of_xe(xe)))
                        }
                        other => other,
                    }
                }
            };
        }
        Wish::FirstTouch
    }
}

/// What is to be done by who holds a block whose memory is this, under the lock.
fn look(slot: &BlockSlot, chunk: &Chunk, hold: Hold, here: u16) -> Found {
    let (start, pool) = (chunk.ptr().as_ptr(), chunk.region());
    match slot.start() {
        Start::There(start) => return Found::There(start),
        Start::Copied(copies) if hold.changes() => {
            match slot.place().asked() {
                // A move was wished while the first copy was made: who comes next fulfils that.
                Some(Asked::Home(to)) if to != pool => slot.set_start(Start::Look),
                _ => {
                    slot.set_place(Place::Taken(pool));
                    slot.set_start(Start::There(start));
                }
            }
            // SAFETY: it holds what it is about to change, so nobody reads all of the block; others look at the table under
            // the lock only, where it has just gone from its place.
            return Found::Alone(start, unsafe { Copies::end(copies) });
        }
        Start::Copied(_) | Start::Look => (),
    }
    let copies = hold == Hold::All(Mode::Read);
    match slot.place().asked() {
        Some(Asked::Home(to)) if to == pool => slot.forget(chunk),
        Some(Asked::Home(to)) if hold.is_alone() => {
            slot.forget(chunk);
            return Found::Wished(to);
        }
        Some(Asked::Copies) if hold.is_alone() => slot.forget(chunk),
        Some(Asked::Home(to)) if copies && to == here => return Found::Copy(start),
        Some(Asked::Copies) if copies && pool != here => return Found::Copy(start),
        _ => (),
    }
    Found::There(start)
}
