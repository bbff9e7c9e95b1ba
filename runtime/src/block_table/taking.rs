//! The memory of blocks is taken at the first access.

use super::{BlockSlot, BlockTable};
use crate::access::Mode;
use crate::decide::placement::Wish;
use crate::error::Result;
use crate::homes::{Homes, Place};
use crate::memory_region::Magazine;
use crate::sync::atomic::Ordering;

impl BlockTable {
    /// Takes the memory of a block, for the engine that touches it first: from where its place says, so that the pages are
    /// there. A first access that writes all of it gets recycled memory as it is, any other gets zeros.
    #[cold]
    pub(crate) fn take_memory(
        &self,
        slot: &BlockSlot,
        mode: Mode,
        homes: &Homes,
        magazine: &mut Magazine,
    ) -> Result<*mut u8> {
        slot.memory.with(|memory| {
            if memory.is_none() {
                let wish = self.wish(slot.place(), homes);
                let mut chunk = homes.take(wish, slot.bytes(), magazine)?;
                let pool = chunk.region();
                if mode != Mode::Write {
                    homes.pools()[usize::from(pool)].zero(&mut chunk, slot.bytes())?;
                }
                slot.place
                    .store(Place::Taken(pool).encode(), Ordering::Relaxed);
                // Release pairs with the Acquire in `BlockSlot::memory`.
                slot.start.store(chunk.ptr().as_ptr(), Ordering::Release);
                *memory = Some(chunk);
            }
            Ok(slot.start.load(Ordering::Relaxed))
        })
    }

    /// What a place means now. Who is near somebody that is near somebody, and so on, is followed some steps.
    fn wish(&self, mut place: Place, homes: &Homes) -> Wish {
        const STEPS: usize = 16;
        for _ in 0..STEPS {
            place = match place {
                Place::Wish(wish) => return wish,
                Place::Taken(_) => {
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
                            let xe = near.home.load(Ordering::Relaxed);
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
