//! Stuck scopes that are asked to give back what threads outside hold.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use crate::opened::{Counts, Sums, launch, runtime};
use sprat::{Block, ErrorKind, Held, Mode, OpenBody, OpenHints, Opening, Runtime, Scope};
use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[test]
fn what_a_thread_outside_holds_goes_back_when_nothing_else_can_go_on() {
    static HELD: Mutex<Option<Block<u8>>> = Mutex::new(None);
    static SUM: AtomicU64 = AtomicU64::new(0);
    fn give_back(scope: &Scope<'static>, _: bool) -> bool {
        let held = HELD.lock().unwrap().take();
        // SAFETY: the thread is gone that held it.
        held.is_some_and(|block| unsafe { scope.destroy_for_all(scope.key(), block) }.is_ok())
    }
    for asked in [true, false] {
        let rt = runtime(2);
        let ended = rt.finish(|s| {
            if asked {
                // SAFETY: it destroys a block, and says whether it did.
                unsafe { s.when_stuck(give_back) };
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

/// What a thread outside holds, for others to give back.
struct OfThread(Held);

// SAFETY: the address is followed by nobody.
unsafe impl Send for OfThread {}

/// A thread outside of all bodies holds these blocks.
fn hold_outside(rt: &Runtime, scope: &Scope<'_>, blocks: &[Block<u8>]) -> Vec<OfThread> {
    let key = scope.key();
    let hold = |scope: &Scope<'static>| {
        let held = blocks.iter().map(|&block| scope.hold_now(block).unwrap());
        held.map(|held| OfThread(held.expect("nobody else has it")))
            .collect()
    };
    // SAFETY: the scope's body runs, and waits for the thread.
    std::thread::scope(|threads| threads.spawn(|| unsafe { rt.in_scope(key, hold) }).join())
        .unwrap()
}

#[test]
fn the_host_stays_while_its_stuck_scope_is_helped() {
    static HELD: Mutex<Vec<OfThread>> = Mutex::new(Vec::new());
    static SUM: AtomicU64 = AtomicU64::new(0);
    static LEFT: AtomicBool = AtomicBool::new(false);
    static TOO_EARLY: AtomicBool = AtomicBool::new(false);
    fn give_back(scope: &Scope<'static>, _: bool) -> bool {
        let held = std::mem::take(&mut *HELD.lock().unwrap());
        let any = !held.is_empty();
        for one in held {
            // SAFETY: the thread is gone that held it.
            unsafe { scope.give_back(one.0) };
            // What waited for the first ends now, and with it all that the host waits for: it has time to leave.
            let until = Instant::now() + Duration::from_millis(60);
            while !LEFT.load(Ordering::Acquire) && Instant::now() < until {
                std::thread::yield_now();
            }
        }
        TOO_EARLY.fetch_or(LEFT.load(Ordering::Acquire), Ordering::Relaxed);
        any
    }
    for checked in [false, true] {
        LEFT.store(false, Ordering::Release);
        let mut builder = Runtime::builder().ignore_environment().oversubscribe(true);
        if checked {
            builder = builder.check(1);
        }
        let rt = builder.xes(2).build().unwrap();
        let ended = rt.finish(|s| {
            // SAFETY: it gives blocks back, and says whether it did.
            unsafe { s.when_stuck(give_back) };
            let blocks = [
                s.block_for_all(8)?,
                s.block_for_all(8)?,
                s.block_for_all(8)?,
            ];
            *HELD.lock().unwrap() = hold_outside(&rt, s, &blocks);
            launch(s, Sums(&SUM), &[(blocks[0], Mode::Exclusive)]);
            Ok(())
        });
        LEFT.store(true, Ordering::Release);
        ended.unwrap();
        assert!(HELD.lock().unwrap().is_empty());
    }
    assert!(!TOO_EARLY.load(Ordering::Relaxed));
}

#[test]
fn what_goes_back_when_all_is_cut_loose_reaches_nobody() {
    static HELD: Mutex<Vec<OfThread>> = Mutex::new(Vec::new());
    static RAN: AtomicU64 = AtomicU64::new(0);
    fn give_back(scope: &Scope<'static>, cut_loose: bool) -> bool {
        if !cut_loose {
            return false;
        }
        for one in std::mem::take(&mut *HELD.lock().unwrap()) {
            // SAFETY: the thread is gone that held it.
            unsafe { scope.give_back(one.0) };
        }
        true
    }
    for xes in [1, 2] {
        let rt = runtime(xes);
        let ended = rt.finish(|s| {
            // SAFETY: it gives blocks back, and says whether it did.
            unsafe { s.when_stuck(give_back) };
            let blocks = [s.block_for_all(8)?, s.block_for_all(8)?];
            *HELD.lock().unwrap() = hold_outside(&rt, s, &blocks);
            launch(s, Counts(&RAN), &[(blocks[0], Mode::Exclusive)]);
            launch(
                s,
                Counts(&RAN),
                &[(blocks[0], Mode::Read), (blocks[1], Mode::Read)],
            );
            Ok(())
        });
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Stuck);
        assert_eq!(RAN.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn who_panics_for_a_stuck_scope_is_not_asked_again() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    fn give_back(_: &Scope<'static>, _: bool) -> bool {
        ASKED.fetch_add(1, Ordering::Relaxed);
        panic!("on purpose");
    }
    let rt = runtime(2);
    let ended = rt.finish(|s| {
        // SAFETY: it does nothing.
        unsafe { s.when_stuck(give_back) };
        launch_waiting(s, Counts(&ASKED));
        Ok(())
    });
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Stuck);
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    // The next one is looked at, too.
    let ended = rt.finish(|s| {
        launch_waiting(s, Counts(&ASKED));
        Ok(())
    });
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Stuck);
}
