//! What thieves take: a codelet that is alone in a queue behind a long body does not stay there while other engines sleep, and of many the
//! oldest run first.

use sprat::{CeMode, Result, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// As many long bodies as engines, spawned by the host: all run side by side soon, whoever stole what from whom.
#[test]
fn as_many_long_bodies_as_engines_run_at_once() -> Result<()> {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        for xes in [2, 3, 5] {
            let rt = Runtime::builder()
                .oversubscribe(true)
                .xes(xes)
                .ce(mode)
                .build()?;
            for round in 0..40 {
                let begun = AtomicUsize::new(0);
                rt.finish(|s| {
                    for _ in 0..xes {
                        s.spawn((), |_, ()| {
                            begun.fetch_add(1, Ordering::Relaxed);
                            // Codelets do not wait for each other. This one only looks whether the others come, so long.
                            let end = Instant::now() + Duration::from_secs(10);
                            while begun.load(Ordering::Relaxed) < xes {
                                assert!(
                                    Instant::now() < end,
                                    "one was left behind: {mode}, {xes} XEs, round {round}"
                                );
                                std::thread::yield_now();
                            }
                        });
                    }
                    Ok(())
                })?;
            }
        }
    }
    Ok(())
}

/// Children that lie behind a body which does not end until they have run: the only thief runs them in the order in which they were spawned.
///
/// Fails for the mutant `theft_newest_first`.
#[test]
fn a_thief_runs_the_oldest_first() -> Result<()> {
    let rt = Runtime::builder().oversubscribe(true).xes(2).build()?;
    let until = |holds: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < end, "what was waited for never came");
            std::thread::yield_now();
        }
    };
    for _ in 0..20 {
        let (is_busy, all_lie) = (AtomicBool::new(false), AtomicBool::new(false));
        let order = Mutex::new(Vec::new());
        let note = |number| order.lock().unwrap().push(number);
        rt.finish(|s| {
            // The thief has something else to do until all lie there.
            s.codelet("busy").on_xe(1).spawn((), |_, ()| {
                is_busy.store(true, Ordering::Release);
                until(&|| all_lie.load(Ordering::Acquire));
            });
            s.codelet("parent").on_xe(0).spawn((), |s, ()| {
                until(&|| is_busy.load(Ordering::Acquire));
                for number in 0..8 {
                    s.spawn((), move |_, ()| note(number));
                }
                all_lie.store(true, Ordering::Release);
                // The last one is kept to run next here, and the one before it is left to its owner.
                until(&|| order.lock().unwrap().len() >= 6);
            });
            Ok(())
        })?;
        let order = order.into_inner().unwrap();
        assert_eq!((&order[..6], order.len()), (&[0, 1, 2, 3, 4, 5][..], 8));
    }
    Ok(())
}
