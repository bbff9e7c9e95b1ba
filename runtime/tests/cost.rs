//! Declared costs: a long codelet is told to sleepers at once, even a lone one.

use sprat::{CeMode, Priority, Runtime, Scope};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::current;
use std::time::{Duration, Instant};

/// More operations than any machine does while it wakes an engine.
const MUCH: u64 = u64::MAX;

/// Waits until a flag is set; whether it was in time.
fn wait(flag: &AtomicBool, most: Duration) -> bool {
    let begin = Instant::now();
    while !flag.load(Ordering::Acquire) && begin.elapsed() < most {
        std::thread::yield_now();
    }
    flag.load(Ordering::Acquire)
}

/// Whether a lone child of a body that runs for `most` is run by another engine meanwhile, though no engine searches and
/// no control engine looks: only if its engine tells somebody.
///
/// The others must have fallen asleep while no scope was open, else they look after each other. So what finds out which
/// seat the host sits in is a scope of its own.
fn is_told(most: Duration, spawn: for<'s> fn(&Scope<'s>, &'s AtomicBool)) -> bool {
    let rt = Runtime::builder()
        .xes(2)
        .ce(CeMode::Shared)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap();
    rt.pause_control(true);
    let host = current().id();
    for _ in 0..1000 {
        for xe in 0..2 {
            let (told, here) = (Mutex::new(None), AtomicBool::new(false));
            let (told, here) = (&told, &here);
            std::thread::sleep(Duration::from_millis(20));
            rt.finish(|s| {
                s.codelet("long body").on_xe(xe).spawn((), move |s, ()| {
                    if current().id() != host {
                        // The other seat: its engine is awake now, so this says nothing.
                        return;
                    }
                    spawn(s, here);
                    *told.lock().unwrap() = Some(wait(here, most));
                });
                Ok(())
            })
            .unwrap();
            if let Some(told) = *told.lock().unwrap() {
                return told;
            }
        }
    }
    panic!("the host never sat in the seat that was asked for");
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_lone_codelet_with_a_high_cost_is_told_to_sleepers() {
    assert!(is_told(LONG, |s, here| {
        let child = s.codelet("child").cost(MUCH, 0);
        child.spawn((), |_, ()| here.store(true, Ordering::Release));
    }));
    assert!(is_told(LONG, |s, here| {
        let child = s.codelet("child").cost(0, MUCH);
        child.spawn((), |_, ()| here.store(true, Ordering::Release));
    }));
}

#[test]
fn a_lone_codelet_of_a_level_is_told_to_sleepers() {
    assert!(is_told(LONG, |s, here| {
        let child = s.codelet("child").priority(Priority::High);
        child.spawn((), |_, ()| here.store(true, Ordering::Release));
    }));
    assert!(is_told(LONG, |s, here| {
        let child = s.codelet("child").priority(Priority::Low);
        child.spawn((), |_, ()| here.store(true, Ordering::Release));
    }));
}

#[test]
fn a_lone_codelet_with_a_small_cost_is_left_to_its_engine() {
    // What makes the tests above say something: without a high cost nobody is told. (On a busy machine the other engine
    // may still be awake now and then.)
    let left = |_| {
        !is_told(Duration::from_millis(100), |s, here| {
            let child = s.codelet("child").cost(10, 10);
            child.spawn((), |_, ()| here.store(true, Ordering::Release));
        })
    };
    assert!((0..10).any(left));
}
