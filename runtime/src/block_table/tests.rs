use super::*;
use crate::homes::{Asked, Place};
use crate::memory_region::Magazine;
use crate::topology::Topology;
use crate::{Home, Runtime};

#[test]
fn a_queue_fits_a_cache_line_and_a_block_two() {
    assert!(size_of::<QueueCell>() <= 64);
    assert!(size_of::<BlockSlot>() <= 128);
}

#[test]
fn places_are_dense() {
    let mut expected = (0, 0);
    for slot in 0..10_000 {
        assert_eq!(place(slot), expected);
        expected.1 += 1;
        if expected.1 == (FIRST << expected.0) as usize {
            expected = (expected.0 + 1, 0);
        }
    }
    assert!(place(BlockId::MAX_SLOTS - 1).0 < BUCKETS);
}

#[test]
fn a_slot_is_used_again_under_a_new_generation() {
    let table = BlockTable::new();
    let mut cache = SlotCache::default();
    let runtime = RuntimeId(1);
    let first = table
        .make(runtime, &mut cache, 8, 0, (0, FIRST_TOUCH))
        .unwrap();
    table.end(first.slot(), &mut cache);
    let second = table
        .make(runtime, &mut cache, 16, 0, (0, FIRST_TOUCH))
        .unwrap();
    assert_eq!(first.slot(), second.slot());
    assert_ne!(first.generation(), second.generation());
    assert_eq!(
        table.find(runtime, first).unwrap_err().kind(),
        ErrorKind::Stale
    );
    assert_eq!(table.find(runtime, second).unwrap().bytes(), 16);
    let elsewhere = table.find(RuntimeId(2), second).unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::Foreign);
}

#[test]
fn a_slot_with_no_generations_left_is_retired() {
    let table = BlockTable::new();
    let mut cache = SlotCache::default();
    let first = table
        .make(RuntimeId(1), &mut cache, 8, 0, (0, FIRST_TOUCH))
        .unwrap();
    let slot = table.slot(first.slot());
    slot.generation
        .store(BlockId::MAX_GENERATION - 1, Ordering::Relaxed);
    table.end(first.slot(), &mut cache);
    for _ in 0..200 {
        let other = table
            .make(RuntimeId(1), &mut cache, 8, 0, (0, FIRST_TOUCH))
            .unwrap();
        assert_ne!(other.slot(), first.slot());
    }
}

/// Another thread wishes something for the block between a reader's look at it and the copy that it makes.
#[test]
fn copies_stay_in_their_table_if_something_is_wished_meanwhile() {
    let rt = Runtime::builder()
        .topology(Topology::synthetic("region:2 core:1").unwrap())
        .ignore_environment()
        .oversubscribe(true)
        .build()
        .unwrap();
    let block = rt.block_at::<u64>(Home::Region(0), 100).unwrap();
    rt.write(block, |x| x.fill(7)).unwrap();
    let shared = rt.shared();
    let slot = shared.blocks.slot(block.id.slot());
    let Place::Taken(own) = slot.place() else {
        panic!("its memory was taken")
    };
    let other = 1 - own;
    let mut magazine = Magazine::new(shared.homes.own_pool(own).clone());
    let mut look = |hold| {
        let found = (shared.blocks).look_up_memory(slot, hold, &shared.homes, &mut magazine);
        found.unwrap()
    };
    let mut maker = Magazine::new(shared.homes.own_pool(own).clone());
    for asked in [Asked::Home(own), Asked::Home(other), Asked::Copies] {
        assert!(slot.ask(slot.generation(), asked));
        // SAFETY: nobody but this test uses the block.
        let copy = unsafe { slot.copy_to(other, &shared.homes, &mut maker) };
        assert!(copy.is_some(), "{asked:?}");
        for hold in [Hold::Part(Mode::Read), Hold::All(Mode::Read)] {
            look(hold);
            assert_eq!(slot.copies(), [other], "{asked:?}, {hold:?}");
        }
        look(Hold::All(Mode::ReadWrite));
        assert_eq!(rt.move_counts().replica_bytes, 0, "{asked:?}");
    }
}
