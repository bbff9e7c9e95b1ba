//! Parallel regions that do nothing.

use super::{Measured, check, each};
use crate::regions;
use crate::system::{Entrant, System};
use crate::tally::Tally;
use std::time::Instant;

/// Ours: a scope whose codelets are bound to an engine each.
pub(super) fn empty(entrant: &Entrant, size: usize) -> Measured {
    let tally = &Tally::new();
    let body = |_: usize| tally.add(1);
    let time = match &entrant.system {
        System::Sprat(rt) => {
            let begin = Instant::now();
            for _ in 0..size {
                rt.finish(|s| {
                    for xe in 0..rt.xes() {
                        s.codelet("part").on_xe(xe).spawn((), move |_, ()| body(xe));
                    }
                    Ok(())
                })?;
            }
            begin.elapsed()
        }
        System::Rayon(pool) => regions::workers_on(pool, size, &body),
        System::Regions(system) => match system.workers(size, &body)? {
            Some(time) => time,
            None => return Ok(None),
        },
        System::Serial => {
            let begin = Instant::now();
            (0..size).for_each(body);
            begin.elapsed()
        }
        System::Replay(_) | System::Deque(_) | System::Tasks(_) => return Ok(None),
    };
    let expected = size * entrant.workers;
    check("the number of executions", tally.total(), expected as u64)?;
    each(time, size)
}
