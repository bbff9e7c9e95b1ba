//! Lending the cores to somebody else.

use super::flat::{spin, steps_of_a_microsecond};
use super::{Measured, check, each};
use crate::system::{Entrant, System};
use crate::tally::Tally;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// All engines sleep, or look for work.
pub(super) fn idle(entrant: &Entrant, size: usize) -> Measured {
    let System::Sprat(rt) = &entrant.system else {
        return Ok(None);
    };
    let times = (size / 100).max(1);
    let time = suspensions(rt, times, Duration::ZERO, || Ok(()))?;
    each(time, times)
}

/// All engines run bodies of a microsecond, which another thread spawns: how long until none runs any more.
pub(super) fn at_work(entrant: &Entrant, size: usize) -> Measured {
    let System::Sprat(rt) = &entrant.system else {
        return Ok(None);
    };
    let (times, steps) = ((size / 10_000).clamp(1, 100), steps_of_a_microsecond());
    let (tally, ended) = (&Tally::new(), &AtomicBool::new(false));
    let time = std::thread::scope(|threads| {
        let program = threads.spawn(|| -> sprat::Result<u64> {
            let mut spawned = 0;
            while !ended.load(Ordering::Relaxed) {
                spawned += 1000;
                rt.finish(|s| {
                    for _ in 0..1000 {
                        s.spawn((), |_, ()| {
                            spin(steps);
                            tally.add(1);
                        });
                    }
                    Ok(())
                })?;
            }
            Ok(spawned)
        });
        let stand_still = || {
            let before = tally.total();
            spin(50 * steps);
            check("codelets that ran", tally.total() - before, 0)
        };
        let time = suspensions(rt, times, Duration::from_millis(1), stand_still);
        ended.store(true, Ordering::Relaxed);
        let spawned = program.join().expect("it does not panic")?;
        check("the number of executions", tally.total(), spawned)?;
        time
    })?;
    each(time, times)
}

/// The time of so many calls of `suspend`, before each of which there is a pause, and after which `look` is called while it holds.
fn suspensions(
    rt: &sprat::Runtime,
    times: usize,
    pause: Duration,
    look: impl Fn() -> crate::Result<()>,
) -> crate::Result<Duration> {
    let mut time = Duration::ZERO;
    for _ in 0..times {
        std::thread::sleep(pause);
        let begin = Instant::now();
        rt.suspend()?;
        time += begin.elapsed();
        let looked = look();
        rt.resume()?;
        looked?;
    }
    Ok(time)
}
