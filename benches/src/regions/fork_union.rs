//! fork_union: static loops, by threads that spin for as long as their pool lives. So it lives as long as a run.

use super::{Body, Regions, seated};
use crate::team::pin;
use crate::{Error, Result};
use fork_union::ThreadPool;
use std::ops::Range;
use std::time::{Duration, Instant};

struct Pools {
    cpus: Vec<u32>,
}

pub(super) fn start(cpus: &[u32]) -> Result<Box<dyn Regions>> {
    Ok(Box::new(Pools {
        cpus: cpus.to_vec(),
    }))
}

impl Pools {
    /// Time of what is done with a pool, whose start and end are not timed.
    fn time(&self, body: impl FnOnce(&mut ThreadPool)) -> Result<Duration> {
        let run = || {
            let pool = ThreadPool::try_spawn(self.cpus.len());
            let mut pool = pool.map_err(|why| Error::msg(format!("no pool: {why:?}")))?;
            // An operation runs when it is dropped. The caller is one of the threads.
            drop(pool.for_threads(|thread, _| pin(self.cpus[thread])));
            let begin = Instant::now();
            body(&mut pool);
            Ok(begin.elapsed())
        };
        seated(&self.cpus, run)?
    }
}

impl Regions for Pools {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        self.time(|pool| {
            for row in rows.iter().filter(|row| !row.is_empty()) {
                drop(pool.for_n(row.len(), |prong| body(row.start + prong.task_index)));
            }
        })
    }

    fn workers(&self, regions: usize, body: Body) -> Result<Option<Duration>> {
        let time = self.time(|pool| {
            for _ in 0..regions {
                drop(pool.for_threads(|thread, _| body(thread)));
            }
        });
        time.map(Some)
    }
}
