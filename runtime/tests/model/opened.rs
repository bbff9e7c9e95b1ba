//! Open codelets: with few blocks and with many, which they give back early, destroy, or keep to their end; and blocks that a thread
//! outside holds.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, ErrorKind, Lent, Mode, OpenBody, OpenHints, Opening, Runtime, Scope};
use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().ignore_environment().oversubscribe(true);
    builder.xes(xes).build().unwrap()
}

/// Opens a codelet with this body in a scope and launches it.
fn launch<B: OpenBody>(scope: &Scope<'_>, what: B, accesses: &[(Block<u8>, Mode)]) {
    let opening = Opening {
        scope: scope.key(),
        name: "opened",
        slots: accesses.len() as u32,
        hints: OpenHints::default(),
    };
    let fill = |body: &mut MaybeUninit<B>, _| {
        body.write(what);
    };
    // SAFETY: of this scope, whose body runs; it borrows nothing.
    let open = unsafe { scope.open(opening, fill) }.unwrap();
    // SAFETY: nobody else knows of it.
    let last = accesses.is_empty() || unsafe { scope.arrive(open, accesses.len() as u32) };
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
struct Sums(&'static AtomicU64);

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

#[test]
fn what_a_thread_outside_holds_goes_back_when_nothing_else_can_go_on() {
    static HELD: Mutex<Option<Block<u8>>> = Mutex::new(None);
    static SUM: AtomicU64 = AtomicU64::new(0);
    fn give_back(scope: &Scope<'static>) -> bool {
        let held = HELD.lock().unwrap().take();
        // SAFETY: the thread is gone that held it.
        held.is_some_and(|block| unsafe { scope.destroy_for_all(scope.key(), block) }.is_ok())
    }
    for asked in [true, false] {
        let rt = runtime(2);
        let ended = rt.finish(|s| {
            if asked {
                s.when_stuck(give_back);
            }
            let block = s.block_for_all(8)?;
            *HELD.lock().unwrap() = Some(block);
            launch_waiting(s, Sums(&SUM));
            Ok(())
        });
        // Nobody waited for what was given back.
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Stuck);
        assert_eq!(HELD.lock().unwrap().is_none(), asked);
    }
}

/// Opens a codelet whose slot nobody fills.
fn launch_waiting<B: OpenBody>(scope: &Scope<'_>, what: B) {
    let opening = Opening {
        scope: scope.key(),
        name: "waits",
        slots: 1,
        hints: OpenHints::default(),
    };
    let fill = |body: &mut MaybeUninit<B>, _| {
        body.write(what);
    };
    // SAFETY: of this scope, whose body runs; it borrows nothing, and is cut loose with it.
    unsafe { scope.open(opening, fill) }.unwrap();
}
