//! chili: joins that halve a row. Others get a half only when chili's heartbeat has come by.

use super::{Body, Regions, seated};
use crate::Result;
use chili::{Config, Scope, ThreadPool};
use std::num::NonZero;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The time between heartbeats: chili's own is 100 us, longer than most rows here take.
const HEARTBEAT: Duration = Duration::from_micros(10);

struct Pool {
    pool: ThreadPool,
    cpu: u32,
}

pub(super) fn start(cpus: &[u32]) -> Result<Box<dyn Regions>> {
    // Its threads take over where the thread that starts them may run.
    let pool = seated(cpus, || {
        ThreadPool::with_config(Config {
            // The caller counts.
            thread_count: NonZero::new(cpus.len()),
            heartbeat_interval: HEARTBEAT,
        })
    })?;
    Ok(Box::new(Pool { pool, cpu: cpus[0] }))
}

impl Regions for Pool {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        seated(&[self.cpu], || {
            let mut scope = self.pool.scope();
            let begin = Instant::now();
            rows.iter()
                .for_each(|row| halve(&mut scope, row.clone(), body));
            begin.elapsed()
        })
    }

    fn workers(&self, _: usize, _: Body) -> Result<Option<Duration>> {
        // Who gets the other half of a join, if anybody, is chili's to say.
        Ok(None)
    }
}

fn halve(scope: &mut Scope, items: Range<usize>, body: Body) {
    if items.len() <= 1 {
        return items.for_each(body);
    }
    let half = items.start + items.len() / 2;
    let (low, high) = (items.start..half, half..items.end);
    scope.join(
        |scope| halve(scope, low, body),
        |scope| halve(scope, high, body),
    );
}
