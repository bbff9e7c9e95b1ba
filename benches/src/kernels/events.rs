//! Satisfying events.

use super::{Measured, check, each};
use crate::system::{Entrant, System};
use crate::tally::Tally;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Events at a time: few enough to stay in a core's cache, as the counters of the bound do.
const BATCH: usize = 500;

/// The host satisfies events, for each of which one codelet waits; only that is timed, not the events' making, nor the
/// codelets that follow (other workers run them meanwhile).
pub(super) fn satisfy(entrant: &Entrant, size: usize) -> Measured {
    let batches = size.div_ceil(BATCH);
    let tally = &Tally::new();
    let mut time = Duration::ZERO;
    for _ in 0..batches {
        time += match &entrant.system {
            System::Sprat(rt) => satisfy_batch(rt, tally)?,
            System::Serial => {
                let time = count_down(|job| {
                    black_box(job);
                });
                tally.add(BATCH as u64);
                time
            }
            System::Deque(deque) => {
                let mut time = Duration::ZERO;
                deque.run(
                    BATCH,
                    |hand| time = count_down(|job| hand.push(job as u64)),
                    |_, _| {
                        tally.add(1);
                        None
                    },
                )?;
                time
            }
            _ => return Ok(None),
        };
    }
    let count = batches * BATCH;
    check("the number of executions", tally.total(), count as u64)?;
    each(time, count)
}

fn satisfy_batch(rt: &sprat::Runtime, tally: &Tally) -> sprat::Result<Duration> {
    rt.finish(|s| {
        let mut triggers = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let (event, trigger) = s.event("tick");
            s.codelet("waiter")
                .after(&event)
                .spawn((), |_, ()| tally.add(1));
            triggers.push(trigger);
        }
        let begin = Instant::now();
        for trigger in triggers {
            s.satisfy(trigger);
        }
        Ok(begin.elapsed())
    })
}

/// The bound: counters of one, decremented; the one who finds zero posts the job, and other workers take it from there, if there
/// are some.
fn count_down(post: impl Fn(usize)) -> Duration {
    let counters: Vec<_> = (0..BATCH).map(|_| AtomicU32::new(1)).collect();
    let counters = black_box(&counters);
    let begin = Instant::now();
    for (job, counter) in counters.iter().enumerate() {
        if counter.fetch_sub(1, Ordering::AcqRel) == 1 {
            post(job);
        }
    }
    begin.elapsed()
}
