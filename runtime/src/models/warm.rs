//! A block goes, its slot stays warm, and the next block begins there: who still has the old name reaches neither of them.

use crate::access::Mode;
use crate::block_table::{BlockSlot, EndedAs, SlotCache};
use crate::homes::Asked;
use crate::memory_region::{Magazine, Pool, PoolOptions};
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

/// The slot of a block that its maker holds, and what is its maker's engine's.
struct World {
    slot: Arc<BlockSlot>,
    cache: SlotCache,
    magazine: Magazine,
}

impl World {
    fn new() -> Self {
        let pool = Arc::new(Pool::new(0, PoolOptions::default()).unwrap());
        let chunk = pool.take(64).unwrap();
        World {
            slot: Arc::new(BlockSlot::of_model(64, chunk)),
            cache: SlotCache::default(),
            magazine: Magazine::new(pool),
        }
    }

    /// Its holder destroys the block, if nobody else has it.
    fn destroy(&self) -> Option<EndedAs> {
        let slot = &self.slot;
        (slot.root.queue).with(|queue| {
            let alone = queue.is_held_by(1);
            alone.then(|| slot.end_warm(queue, &self.cache, &self.magazine))
        })
    }
}

#[test]
fn a_wish_for_a_block_that_went_does_not_reach_the_next_one() {
    explore(|| {
        let world = World::new();
        let slot = world.slot.clone();
        let asker = spawn(move || slot.ask(0, Asked::Home(1)));
        let ended = world.destroy().expect("nobody else has it");
        let start = match ended {
            EndedAs::Warm => world.slot.begin_warm(64, 0),
            EndedAs::Free => None,
        };
        let asked = asker.join().unwrap();
        assert_eq!(ended == EndedAs::Free, asked);
        if ended == EndedAs::Warm {
            assert_eq!(world.slot.is_at(), start.map(|start| start.cast_const()));
            assert!(start.is_some() && world.slot.place().asked().is_none());
        }
    });
}

#[test]
fn who_enters_by_the_old_name_holds_the_block_or_finds_it_gone() {
    explore(|| {
        let world = World::new();
        let slot = world.slot.clone();
        let late = spawn(move || {
            (slot.root.queue).with(|queue| {
                let there = slot.generation() == 0;
                if there {
                    queue.enter(2, Mode::SharedWrite);
                }
                there
            })
        });
        let ended = world.destroy();
        let entered = late.join().unwrap();
        assert_eq!(ended.is_none(), entered);
        let holders = if entered { 2 } else { 1 };
        let queue = &world.slot.root.queue;
        assert!(queue.with(|queue| queue.is_held_by(holders)));
        assert_eq!(world.slot.generation(), u32::from(!entered));
    });
}
