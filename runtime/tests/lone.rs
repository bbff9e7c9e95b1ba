//! A codelet that is alone in a queue behind a long body does not stay there while other engines sleep.

use sprat::{CeMode, Result, Runtime};
use std::sync::atomic::{AtomicUsize, Ordering};
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
