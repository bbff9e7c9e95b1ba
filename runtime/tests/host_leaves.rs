//! A host whose scope has ended leaves, though more lies in the queue of the engine that it was.

use sprat::{CeMode, Event, Result, Runtime, Trigger};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Codelets of the other scope; all of them lie in the host's queue at a time.
const OTHERS: usize = 20;

/// Of the other scope's codelets the first one lets the host's scope end, and one more may have been begun before that is
/// known. The others wait until the host has left: so they must not be run by it.
#[test]
fn a_host_leaves_when_its_scope_has_ended() -> Result<()> {
    let rt = &Runtime::builder().xes(1).ce(CeMode::Shared).build()?;
    let (come, spawned) = (&Barrier::new(2), &Barrier::new(2));
    let (left, begun, late) = (
        &AtomicBool::new(false),
        &AtomicUsize::new(0),
        &AtomicUsize::new(0),
    );
    let (event, trigger): (Event, Trigger) = rt.event("the host's scope may end");
    thread::scope(|threads| {
        let other = threads.spawn(move || {
            come.wait();
            rt.finish(|s| {
                s.spawn_once((), move |s, ()| s.satisfy(trigger));
                for _ in 0..OTHERS {
                    s.spawn((), |_, ()| {
                        if begun.fetch_add(1, Ordering::Relaxed) == 0 {
                            return;
                        }
                        let begin = Instant::now();
                        while !left.load(Ordering::Acquire) {
                            if begin.elapsed() > Duration::from_secs(2) {
                                late.fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                            thread::yield_now();
                        }
                    });
                }
                spawned.wait();
                Ok(())
            })
        });
        rt.finish(|s| {
            s.codelet("last").after(&event).spawn((), |_, ()| ());
            // Who comes now finds no free seat, and leaves its codelets where the host will take them together.
            come.wait();
            spawned.wait();
            Ok(())
        })?;
        left.store(true, Ordering::Release);
        other.join().expect("the other host does not panic")
    })?;
    assert_eq!(begun.load(Ordering::Relaxed), OTHERS);
    assert_eq!(
        late.load(Ordering::Relaxed),
        0,
        "codelets that the host ran before it left"
    );
    Ok(())
}
