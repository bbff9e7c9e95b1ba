use super::*;
use crate::block_table::Hold;

use crate::decide::plan::{Wishes, plan};
use crate::homes::{Asked, FIRST_TOUCH, Homes};
use crate::sync::Arc;
use crate::topology::Topology;

const RUNTIME: RuntimeId = RuntimeId(1);

struct Here {
    table: BlockTable,
    cache: SlotCache,
    magazine: Magazine,
    homes: Homes,
}

impl Here {
    fn new() -> Self {
        let topology = Topology::synthetic("region:2 core:1").unwrap();
        let plan = plan(&topology, &Wishes::default()).unwrap();
        let homes = Homes::new(&topology, &plan, false, 0).unwrap();
        Here {
            table: BlockTable::new(),
            cache: SlotCache::default(),
            magazine: Magazine::new(Arc::clone(homes.own_pool(0))),
            homes,
        }
    }

    /// A block of so many sevens, which its maker holds.
    fn make(&mut self, bytes: usize) -> BlockId {
        let made = (self.table).make(RUNTIME, &mut self.cache, bytes, 0, (0, FIRST_TOUCH));
        let id = made.unwrap();
        let slot = self.table.slot(id.slot());
        let hold = Hold::All(Mode::SharedWrite);
        let start = (self.table).look_up_memory(slot, hold, &self.homes, &mut self.magazine);
        // SAFETY: the block's memory, which nobody else knows.
        unsafe { start.unwrap().write_bytes(7, bytes) };
        let enter = |queue: &mut Queue| queue.enter(1, Mode::SharedWrite);
        slot.root.queue.with(enter);
        id
    }

    /// Its holder destroys a block; whether the slot is warm then.
    fn end(&mut self, id: BlockId) -> bool {
        let slot = self.table.slot(id.slot());
        let end = |queue: &mut Queue| slot.end_warm(queue, &self.cache, &self.magazine);
        let warm = slot.root.queue.with(end) == EndedAs::Warm;
        if warm {
            self.table.keep_warm(id.slot(), &mut self.cache);
        }
        warm
    }

    fn make_warm(&mut self, bytes: usize) -> Option<(BlockId, *mut u8)> {
        let caches = (&mut self.cache, &mut self.magazine);
        self.table.make_warm(RUNTIME, bytes, 0, caches)
    }
}

/// Whether so many bytes from there on are zero.
fn is_zero(start: *const u8, bytes: usize) -> bool {
    // SAFETY: the memory of a block of the test's.
    let all = unsafe { std::slice::from_raw_parts(start, bytes) };
    all.iter().all(|&byte| byte == 0)
}

#[test]
fn a_warm_slot_is_for_a_block_of_as_many_lines_which_is_held_and_zero_under_a_new_name() {
    let mut here = Here::new();
    for (old, new) in [(1, 64), (64, 1), (100, 128), (1000, 1024)] {
        let first = here.make(old);
        assert!(here.make_warm(new).is_none());
        assert!(here.end(first));
        let slot = here.table.slot(first.slot());
        assert_eq!(slot.pool_of_memory(), None, "it has no block to count");
        assert!(
            here.make_warm(new + 64).is_none(),
            "it has memory of its own size"
        );
        let (second, start) = here.make_warm(new).unwrap();
        assert_eq!(second.slot(), first.slot());
        assert!(here.table.find(RUNTIME, first).is_err());
        let slot = here.table.find(RUNTIME, second).unwrap();
        assert_eq!(slot.bytes(), new);
        assert!(is_zero(start, new), "{old}, then {new} bytes");
        assert_eq!(slot.is_at(), Some(start.cast_const()));
        slot.root.queue.with(|queue| {
            assert!(queue.is_held_by(1));
            assert!(queue.admits_now(Mode::SharedWrite) && !queue.admits_now(Mode::Exclusive));
        });
    }
}

#[test]
fn what_is_large_or_elsewhere_or_wished_away_is_not_kept_warm_nor_is_more_than_enough() {
    let mut here = Here::new();
    let large = here.make(LINES * LINE + 1);
    assert!(!here.end(large));
    let id = here.make(8);
    let slot = here.table.slot(id.slot());
    assert!(slot.ask(id.generation(), Asked::Home(1)));
    assert!(!here.end(id), "it is to go elsewhere");
    let id = here.make(8);
    here.magazine = Magazine::new(Arc::clone(&here.homes.pools()[1]));
    assert!(!here.end(id), "its memory is from another pool");
    let many: Vec<_> = (0..=MOST).map(|_| here.make(8)).collect();
    let kept = many.into_iter().filter(|&id| here.end(id)).count();
    assert_eq!(kept, MOST);
}

#[test]
fn a_slot_with_no_generations_left_is_not_kept_warm() {
    let mut here = Here::new();
    let id = here.make(8);
    let slot = here.table.slot(id.slot());
    (slot.generation).store(BlockId::MAX_GENERATION - 1, Ordering::Relaxed);
    assert!(!here.end(id));
}

#[test]
fn a_warm_slot_of_which_something_is_wished_or_whose_engine_goes_is_as_any() {
    let mut here = Here::new();
    let id = here.make(8);
    let slot = id.slot();
    assert!(here.end(id));
    let asked = here.table.slot(slot);
    assert!(asked.ask(asked.generation(), Asked::Copies));
    assert!(here.make_warm(8).is_none());
    let again = here.make(8);
    assert_eq!(again.slot(), slot, "its slot is free");
    assert!(here.end(again));
    let held = here.magazine.held_bytes();
    (here.table).clear(&mut here.cache, &mut here.magazine);
    assert!(
        here.magazine.held_bytes() > held,
        "its memory was given back"
    );
    assert!(here.make_warm(8).is_none());
    let last = here.make(8);
    let queue = &here.table.slot(last.slot()).root.queue;
    assert!(
        queue.with(|queue| queue.is_held_by(1)),
        "held by its maker alone"
    );
}
