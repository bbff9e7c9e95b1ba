//! Open codelets: with few blocks and with many, which they give back early, destroy, or keep to their end.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, ErrorKind, Held, Lent, Mode, OpenBody, OpenHints, Opening, Runtime, Scope};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().ignore_environment().oversubscribe(true);
    builder.xes(xes).build().unwrap()
}

/// Opens a codelet with this body in a scope and launches it.
pub(crate) fn launch<B: OpenBody>(scope: &Scope<'_>, what: B, accesses: &[(Block<u8>, Mode)]) {
    launch_wide(scope, what, accesses.len() as u32, accesses);
}

/// The same with so many slots.
fn launch_wide<B: OpenBody>(
    scope: &Scope<'_>,
    what: B,
    slots: u32,
    accesses: &[(Block<u8>, Mode)],
) {
    let opening = Opening {
        scope: scope.key(),
        name: "opened",
        slots,
        hints: OpenHints::default(),
    };
    let fill = |body: &mut MaybeUninit<B>, _| {
        body.write(what);
    };
    // SAFETY: of this scope, whose body runs; it borrows nothing.
    let open = unsafe { scope.open(opening, fill) }.unwrap();
    // SAFETY: nobody else knows of it.
    let last = slots == 0 || unsafe { scope.arrive(open, slots) };
    assert!(last, "all slots arrived");
    // SAFETY: we were told that it is the last.
    unsafe { scope.launch(open, accesses) };
}

fn number(lent: Lent) -> *mut u64 {
    lent.start().cast()
}

/// Adds one to each of its blocks, and gives this one back by its place, and the last one again.
struct Adds(usize);

impl OpenBody for Adds {
    fn run(&mut self, scope: &Scope<'static>, lent: &[Lent]) {
        for &one in lent {
            // SAFETY: a block of a number, which it has alone.
            unsafe { *number(one) += 1 };
        }
        if self.0 < lent.len() {
            // SAFETY: it is not used any more.
            unsafe { scope.release_nth(self.0) }.unwrap();
            // SAFETY: as above.
            let again = unsafe { scope.release_nth(self.0) };
            assert_eq!(again.unwrap_err().kind(), ErrorKind::Access);
        }
    }
}

/// Adds what its blocks say.
pub(crate) struct Sums(pub(crate) &'static AtomicU64);

impl OpenBody for Sums {
    fn run(&mut self, _: &Scope<'static>, lent: &[Lent]) {
        for &one in lent {
            // SAFETY: a block of a number, which nobody writes meanwhile.
            self.0.fetch_add(unsafe { *number(one) }, Ordering::Relaxed);
        }
    }
}

#[test]
fn few_and_many_blocks_are_given_back_early_or_late() {
    const ROUNDS: usize = 60;
    for xes in [1, 2, 8] {
        static SUM: AtomicU64 = AtomicU64::new(0);
        SUM.store(0, Ordering::Relaxed);
        let rt = runtime(xes);
        rt.finish(|s| {
            let blocks: Vec<_> = (0..8)
                .map(|_| s.block_for_all(8))
                .collect::<Result<_, _>>()?;
            let mut entered = 0;
            for round in 0..ROUNDS {
                for count in 0..=blocks.len() {
                    // In another order each time.
                    let at = |place: usize| blocks[(round * 5 + place * 3) % blocks.len()];
                    let accesses: Vec<_> = (0..count)
                        .map(|place| (at(place), Mode::Exclusive))
                        .collect();
                    launch(s, Adds(round % (count + 2)), &accesses);
                    entered += count;
                }
            }
            let reads: Vec<_> = blocks.iter().map(|&block| (block, Mode::Read)).collect();
            launch(s, Sums(&SUM), &reads);
            launch(s, Sums(&SUM), &reads[..3]);
            launch(s, Sums(&SUM), &reads[3..]);
            assert_eq!(entered, ROUNDS * 36);
            Ok(())
        })
        .unwrap();
        assert_eq!(SUM.load(Ordering::Relaxed), 2 * ROUNDS as u64 * 36);
    }
}

/// Destroys the first of its blocks, which others may have.
struct Destroys(Block<u8>);

impl OpenBody for Destroys {
    fn run(&mut self, scope: &Scope<'static>, _: &[Lent]) {
        // SAFETY: the first is this block, and is not used any more; a codelet of the scope runs.
        unsafe { scope.destroy_nth(scope.key(), 0, self.0) }.unwrap();
    }
}

#[test]
fn a_block_that_was_lent_is_destroyed_at_once_or_in_its_turn() {
    for xes in [1, 2] {
        let rt = runtime(xes);
        let mut gone = Vec::new();
        rt.finish(|s| {
            for others in 0..3 {
                let (block, other) = (s.block_for_all(8)?, s.block_for_all(8)?);
                assert!(s.has_block(block.to_bits()));
                let accesses = [(block, Mode::SharedWrite), (other, Mode::Read)];
                for _ in 0..others {
                    launch(s, Adds(9), &accesses[..1]);
                }
                launch(s, Destroys(block), &accesses);
                launch(s, Destroys(other), &[(other, Mode::Read)]);
                gone.extend([block.to_bits(), other.to_bits()]);
            }
            Ok(())
        })
        .unwrap();
        rt.finish(|s| {
            assert!(gone.iter().all(|&bits| !s.has_block(bits)));
            Ok(())
        })
        .unwrap();
    }
}

/// Counts that it ran.
pub(crate) struct Counts(pub(crate) &'static AtomicU64);

impl OpenBody for Counts {
    fn run(&mut self, _: &Scope<'static>, _: &[Lent]) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn records_for_many_slots_go_however_many_blocks_came() {
    const ROUNDS: u64 = 1000;
    for checked in [false, true] {
        for (slots, count) in [(60, 0), (60, 2), (60, 4), (200, 1), (200, 5)] {
            if checked && slots > 60 {
                continue;
            }
            static RAN: AtomicU64 = AtomicU64::new(0);
            RAN.store(0, Ordering::Relaxed);
            let mut builder = Runtime::builder().ignore_environment();
            if checked {
                builder = builder.check(1);
            }
            let rt = builder.xes(1).build().unwrap();
            let mut live = 0;
            for round in 0..ROUNDS {
                rt.finish(|s| {
                    let made = (0..count).map(|_| s.block_for_all(8));
                    let blocks = made.collect::<Result<Vec<_>, _>>()?;
                    let accesses: Vec<_> =
                        (blocks.iter().map(|&block| (block, Mode::Exclusive))).collect();
                    launch_wide(s, Counts(&RAN), slots, &accesses);
                    for block in blocks {
                        // SAFETY: of this scope.
                        unsafe { s.destroy_for_all(s.key(), block) }?;
                    }
                    Ok(())
                })
                .unwrap();
                if round == ROUNDS / 10 {
                    live = rt.live_codelets();
                }
            }
            assert_eq!(RAN.load(Ordering::Relaxed), ROUNDS);
            // Free records are counted that are kept at hand: some of each size.
            let now = rt.live_codelets();
            assert!(
                now < live + 300,
                "{count} of {slots} slots: {now}, {live} before"
            );
        }
    }
}

/// Does something by its scope's calls, to a block of its own at most.
struct Tries(fn(&Scope<'static>, &[Block<u8>]), Vec<Block<u8>>);

impl OpenBody for Tries {
    fn run(&mut self, scope: &Scope<'static>, _: &[Lent]) {
        (self.0)(scope, &self.1);
    }
}

#[test]
fn another_block_than_the_one_in_its_place_is_destroyed_in_its_turn() {
    static SUM: AtomicU64 = AtomicU64::new(0);
    fn destroys_another(scope: &Scope<'static>, blocks: &[Block<u8>]) {
        let [own, gone] = *blocks else { unreachable!() };
        let held = scope.hold_new(8).unwrap();
        let other = held.block();
        for block in [other, gone] {
            // SAFETY: there is one access.
            assert!(!unsafe { scope.has_nth(0, block) });
        }
        // SAFETY: there is one access, and no other codelet is meant.
        unsafe { scope.destroy_nth(scope.key(), 0, other) }.unwrap();
        assert!(scope.has_block(other.to_bits()), "it is held");
        // SAFETY: as above.
        let stale = unsafe { scope.destroy_nth(scope.key(), 0, gone) };
        assert_eq!(stale.unwrap_err().kind(), ErrorKind::Stale);
        // SAFETY: there is one access.
        assert!(unsafe { scope.has_nth(0, own) }, "its own is its own still");
        // SAFETY: it is not used.
        unsafe { scope.give_back(held) };
    }
    for xes in [1, 2] {
        SUM.store(0, Ordering::Relaxed);
        let rt = runtime(xes);
        rt.finish(|s| {
            let gone = s.block_for_all(8)?;
            // SAFETY: of this scope.
            unsafe { s.destroy_for_all(s.key(), gone) }?;
            // Most likely in the same slot.
            let own = s.block_for_all(8)?;
            launch(s, Adds(9), &[(own, Mode::Exclusive)]);
            launch(
                s,
                Tries(destroys_another, vec![own, gone]),
                &[(own, Mode::Exclusive)],
            );
            launch(s, Sums(&SUM), &[(own, Mode::Read)]);
            Ok(())
        })
        .unwrap();
        assert_eq!(SUM.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn what_was_given_back_or_children_use_is_not_destroyed_by_its_place() {
    static CHILDREN: AtomicU64 = AtomicU64::new(0);
    fn refused(scope: &Scope<'static>, block: Block<u8>) {
        // SAFETY: there is one access, whose block is not used here.
        let destroyed = unsafe { scope.destroy_nth(scope.key(), 0, block) };
        assert_eq!(destroyed.unwrap_err().kind(), ErrorKind::Access);
        assert!(scope.has_block(block.to_bits()));
    }
    fn after_release(scope: &Scope<'static>, blocks: &[Block<u8>]) {
        // SAFETY: it is not used.
        unsafe { scope.release_nth(0) }.unwrap();
        let held = scope.hold_now(blocks[0]).unwrap().expect("it is free");
        refused(scope, blocks[0]);
        // SAFETY: it is not used.
        unsafe { scope.give_back(held) };
    }
    fn with_children(scope: &Scope<'static>, blocks: &[Block<u8>]) {
        scope.spawn(blocks[0].read(), |_, bytes| {
            CHILDREN.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        });
        refused(scope, blocks[0]);
    }
    for xes in [1, 2] {
        CHILDREN.store(0, Ordering::Relaxed);
        let rt = runtime(xes);
        rt.finish(|s| {
            for body in [after_release, with_children] {
                let block = s.block_for_all(8)?;
                launch(s, Tries(body, vec![block]), &[(block, Mode::SharedWrite)]);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(CHILDREN.load(Ordering::Relaxed), 8);
    }
}

/// Writes to its blocks, gives the first back if it shall, and panics.
struct Panics(bool);

impl OpenBody for Panics {
    fn run(&mut self, scope: &Scope<'static>, lent: &[Lent]) {
        for &one in lent {
            // SAFETY: a block of a number, which it has alone.
            unsafe { *number(one) = 7 };
        }
        if self.0 {
            // SAFETY: it is not used any more.
            unsafe { scope.release_nth(0) }.unwrap();
        }
        panic!("on purpose");
    }
}

#[test]
fn who_panics_poisons_what_it_has_not_given_back() {
    static FIRST: AtomicU64 = AtomicU64::new(0);
    static SECOND: AtomicU64 = AtomicU64::new(0);
    for xes in [1, 2] {
        for mode in [Mode::Exclusive, Mode::SharedWrite] {
            for gives_back in [false, true] {
                FIRST.store(0, Ordering::Relaxed);
                let rt = runtime(xes);
                let ended = rt.finish(|s| {
                    let (first, second) = (s.block_for_all(8)?, s.block_for_all(8)?);
                    launch(s, Panics(gives_back), &[(first, mode), (second, mode)]);
                    launch(s, Sums(&FIRST), &[(first, Mode::Read)]);
                    launch(s, Sums(&SECOND), &[(second, Mode::Read)]);
                    Ok(())
                });
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::Failed);
                assert_eq!(FIRST.load(Ordering::Relaxed), u64::from(gives_back) * 7);
                assert_eq!(SECOND.load(Ordering::Relaxed), 0);
            }
        }
    }
}

#[test]
fn one_of_whose_blocks_one_is_gone_does_not_run_and_holds_none() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    for xes in [1, 2] {
        let rt = runtime(xes);
        for count in 2..=4 {
            for gone in 0..count {
                let made = rt.finish(|s| (0..count).map(|_| s.block_for_all(8)).collect());
                let blocks: Vec<Block<u8>> = made.unwrap();
                let ended = rt.finish(|s| {
                    // SAFETY: of this scope.
                    unsafe { s.destroy_for_all(s.key(), blocks[gone]) }?;
                    let reads: Vec<_> = blocks.iter().map(|&block| (block, Mode::Read)).collect();
                    launch(s, Counts(&RAN), &reads);
                    Ok(())
                });
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::Failed);
                assert_eq!(RAN.swap(0, Ordering::Relaxed), 0);
                rt.finish(|s| {
                    let others = (0..count).filter(|&at| at != gone);
                    let others: Vec<_> = others.map(|at| (blocks[at], Mode::Exclusive)).collect();
                    launch(s, Counts(&RAN), &others);
                    Ok(())
                })
                .unwrap();
                assert_eq!(RAN.swap(0, Ordering::Relaxed), 1);
            }
        }
    }
}

/// Adds one to its block, which its maker still holds, too.
struct AddsBeside;

impl OpenBody for AddsBeside {
    fn run(&mut self, _: &Scope<'static>, lent: &[Lent]) {
        // SAFETY: a number that others add to by atomics as well.
        let number = unsafe { AtomicU64::from_ptr(number(lent[0])) };
        number.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes blocks that are held, many of them where others were a moment ago, and uses them as any.
struct MakesAndDestroys;

impl OpenBody for MakesAndDestroys {
    fn run(&mut self, scope: &Scope<'static>, _: &[Lent]) {
        let mut kept = Vec::new();
        for round in 0..300 {
            let bytes = 8 << (round % 9);
            let held = scope.hold_new(bytes).unwrap();
            let (block, start) = (held.block(), held.lent().start());
            // SAFETY: the block's memory, which is held.
            let all = unsafe { std::slice::from_raw_parts_mut(start, bytes) };
            assert!(all.iter().all(|&byte| byte == 0), "round {round}");
            all.fill(7);
            assert_eq!(scope.block_len(block), Some(bytes));
            if round % 3 == 0 {
                // SAFETY: the first eight bytes, aligned as all blocks are.
                unsafe { start.cast::<u64>().write(0) };
                launch(scope, AddsBeside, &[(block, Mode::SharedWrite)]);
                launch(scope, Destroys(block), &[(block, Mode::Exclusive)]);
                // SAFETY: it is not used any more.
                unsafe { scope.give_back(held) };
                continue;
            }
            kept.push(held);
            if round % 5 == 0 {
                for held in kept.drain(..) {
                    let block = held.block();
                    // SAFETY: it is not used any more; a codelet of the scope runs.
                    unsafe { scope.destroy_held(scope.key(), held) }.unwrap();
                    assert!(!scope.has_block(block.to_bits()));
                    assert_eq!(scope.block_len(block), None);
                }
            }
        }
        for held in kept {
            // SAFETY: as above.
            unsafe { scope.destroy_held(scope.key(), held) }.unwrap();
        }
    }
}

#[test]
fn blocks_that_are_made_where_others_just_went_are_as_any() {
    for xes in [1, 2, 8] {
        let rt = runtime(xes);
        for _ in 0..3 {
            rt.finish(|s| {
                (0..8).for_each(|_| launch(s, MakesAndDestroys, &[]));
                Ok(())
            })
            .unwrap();
        }
    }
}

/// Destroys a small block, whose slot waits for the next small one: a large one, which comes first, has another.
struct LeavesWarm;

impl OpenBody for LeavesWarm {
    fn run(&mut self, scope: &Scope<'static>, _: &[Lent]) {
        let slot = |held: &Held| held.block().to_bits() & ((1 << 28) - 1);
        let destroy = |held| {
            // SAFETY: it is not used any more; a codelet of the scope runs.
            unsafe { scope.destroy_held(scope.key(), held) }.unwrap();
        };
        let first = scope.hold_new(64).unwrap();
        let (warm, start) = (slot(&first), first.lent().start());
        destroy(first);
        let large = scope.hold_new(1 << 16).unwrap();
        assert_ne!(slot(&large), warm, "the slot is free for any block");
        let second = scope.hold_new(64).unwrap();
        assert_eq!((slot(&second), second.lent().start()), (warm, start));
        destroy(second);
        destroy(large);
    }
}

#[test]
fn a_small_block_that_goes_leaves_its_slot_to_the_next_small_one() {
    let rt = runtime(2);
    for _ in 0..3 {
        rt.finish(|s| {
            launch(s, LeavesWarm, &[]);
            Ok(())
        })
        .unwrap();
    }
}
