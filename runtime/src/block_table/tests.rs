use super::*;

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
