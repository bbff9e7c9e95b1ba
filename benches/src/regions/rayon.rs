//! rayon: parallel loops, and broadcasts.

use super::{Body, Regions};
use crate::Result;
use crate::team::pin;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::ops::Range;
use std::time::{Duration, Instant};

struct Pool(ThreadPool);

/// A pool with a pinned thread for each of these processors.
///
/// # Errors
/// What rayon says.
pub fn pool(cpus: &[u32]) -> Result<ThreadPool> {
    let cpus = cpus.to_vec();
    let pool = ThreadPoolBuilder::new()
        .num_threads(cpus.len())
        .start_handler(move |worker| pin(cpus[worker]));
    Ok(pool.build()?)
}

pub(super) fn start(cpus: &[u32]) -> Result<Box<dyn Regions>> {
    Ok(Box::new(Pool(pool(cpus)?)))
}

impl Regions for Pool {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        Ok(rows_on(&self.0, rows, body))
    }

    fn workers(&self, regions: usize, body: Body) -> Result<Option<Duration>> {
        Ok(Some(workers_on(&self.0, regions, body)))
    }
}

/// [`Regions::rows`] on a pool: from one of its threads, so that the time to wake that up does not count.
pub fn rows_on(pool: &ThreadPool, rows: &[Range<usize>], body: Body) -> Duration {
    pool.install(|| {
        let begin = Instant::now();
        for row in rows {
            row.clone().into_par_iter().for_each(body);
        }
        begin.elapsed()
    })
}

/// [`Regions::workers`] on a pool, from one of its threads.
pub fn workers_on(pool: &ThreadPool, regions: usize, body: Body) -> Duration {
    pool.install(|| {
        let begin = Instant::now();
        for _ in 0..regions {
            rayon::broadcast(|worker| body(worker.index()));
        }
        begin.elapsed()
    })
}
