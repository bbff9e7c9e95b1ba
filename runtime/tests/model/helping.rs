//! Bodies that wait on their engine for what others do ([`Scope::help_until`]): whatever they wait for comes.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{CeMode, Runtime};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

fn runtime(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

/// The scope's last codelet runs in the first wait, so its end is told in the second, where no body of the engine is about to end.
#[test]
fn who_waits_for_what_follows_the_end_of_a_scope_runs_it() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let rt = &runtime(1, mode);
        for in_codelet in [false, true] {
            let (inner, after) = (&AtomicBool::new(false), &AtomicBool::new(false));
            rt.finish(|s| {
                let wait = move |s: &sprat::Scope<'_>| {
                    s.help_until(&|| inner.load(Ordering::Relaxed));
                    s.help_until(&|| after.load(Ordering::Relaxed));
                };
                let end =
                    s.scope(|s| _ = s.spawn((), |_, ()| inner.store(true, Ordering::Relaxed)));
                let follows = s.codelet("follows").after(&end);
                follows.spawn((), |_, ()| after.store(true, Ordering::Relaxed));
                match in_codelet {
                    true => _ = s.spawn((), move |s, ()| wait(s)),
                    false => wait(s),
                }
                Ok(())
            })
            .unwrap();
        }
    }
}

/// The only engine that is awake is the one that helps, and it is the one whose duty timers are.
#[test]
fn who_waits_for_a_timer_sees_to_it() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let rt = &runtime(2, mode);
        let fired = &AtomicU64::new(0);
        rt.finish(|s| {
            for xe in 0..2 {
                s.codelet("helper").on_xe(xe).spawn((), move |s, ()| {
                    // Whoever else there is has gone to sleep.
                    std::thread::sleep(Duration::from_millis(20));
                    let late = s.after(Duration::from_millis(5));
                    let rings = s.codelet("rings").on_xe(xe).after(&late);
                    rings.spawn((), |_, ()| _ = fired.fetch_add(1, Ordering::Relaxed));
                    let so_far = xe as u64;
                    s.help_until(&|| fired.load(Ordering::Relaxed) > so_far);
                });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(fired.load(Ordering::Relaxed), 2);
    }
}
