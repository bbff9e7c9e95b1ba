//! Many independent codelets from one thread: empty ones, and ones that work for a microsecond.

use super::{Measured, check, each};
use crate::Result;
use crate::system::{Entrant, System, replay};
use crate::tally::Tally;
use sprat::{Error, Runtime};
use std::cell::OnceCell;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub(super) fn flat(entrant: &Entrant, size: usize) -> Measured {
    match spawn_all(entrant, size, || ())? {
        Some(time) => each(time, size),
        None => Ok(None),
    }
}

/// Time of `count` bodies, all spawned by the host; `None` if the entrant has no spawns.
fn spawn_all(
    entrant: &Entrant,
    count: usize,
    body: impl Fn() + Copy + Send + Sync,
) -> Result<Option<Duration>> {
    let tally = &Tally::new();
    let begin = Instant::now();
    let time = match &entrant.system {
        System::Sprat(rt) => {
            rt.finish(|s| {
                for _ in 0..count {
                    s.spawn((), move |_, ()| {
                        body();
                        tally.add(1);
                    });
                }
                Ok(())
            })?;
            begin.elapsed()
        }
        System::Replay(rt) => {
            let graph = rt.record(|s| {
                for _ in 0..count {
                    s.spawn((), move |_, ()| {
                        body();
                        tally.add(1);
                    });
                }
                Ok(())
            })?;
            replay(rt, &graph)?
        }
        System::Rayon(pool) => {
            pool.scope(|s| {
                for _ in 0..count {
                    s.spawn(move |_| {
                        body();
                        tally.add(1);
                    });
                }
            });
            begin.elapsed()
        }
        System::Deque(deque) => deque.run(
            count,
            |hand| (0..count as u64).for_each(|job| hand.push(job)),
            |_, _| {
                body();
                tally.add(1);
                None
            },
        )?,
        System::Serial => {
            for _ in 0..count {
                body();
                black_box(tally).add(1);
            }
            begin.elapsed()
        }
        System::Regions(_) | System::Tasks(_) => return Ok(None),
    };
    check("the number of executions", tally.total(), count as u64)?;
    Ok(Some(time))
}

/// Bodies of a microsecond. What is reported is the time of the workers (all of them, busy or not) for a codelet,
/// less its body; the body is timed in the same breath, since clocks and neighbours change. Noise can make that
/// negative; it is zero then.
pub(super) fn flat_1us(entrant: &Entrant, size: usize) -> Measured {
    let count = (size / 10).max(1);
    let steps = steps_of_a_microsecond();
    let sample = (count / 4).clamp(1, 2000);
    let before = time_of_bodies(steps, sample);
    let Some(time) = spawn_all(entrant, count, || spin(steps))? else {
        return Ok(None);
    };
    let body = before.min(time_of_bodies(steps, sample));
    let paid = time.as_secs_f64() * 1e9 * entrant.workers as f64 / count as f64;
    Ok(Some((paid - body).max(0.0)))
}

/// The same bodies without and with a trace, in turns; of each the best time. For Sprat only. The trace lies in the folder for temporary
/// files.
pub(super) fn traced_1us(entrant: &Entrant, size: usize) -> Measured {
    let System::Sprat(rt) = &entrant.system else {
        return Ok(None);
    };
    let told = |e: std::io::Error| Error::msg(format!("a folder for temporary files: {e}"));
    let folder = std::env::temp_dir().join(format!("sprat-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(told)?;
    let builder = Runtime::builder().ce(rt.plan().mode).xes(entrant.workers);
    let traced = Entrant {
        kind: entrant.kind,
        workers: entrant.workers,
        system: System::Sprat(builder.trace(folder.join("run.sprat")).build()?),
        kept: OnceCell::new(),
    };
    let (count, steps) = ((size / 10).max(1), steps_of_a_microsecond());
    let mut best = [f64::MAX; 2];
    for _ in 0..5 {
        for (best, entrant) in best.iter_mut().zip([entrant, &traced]) {
            let Some(time) = spawn_all(entrant, count, || spin(steps))? else {
                return Ok(None);
            };
            *best = best.min(time.as_secs_f64());
        }
    }
    drop(traced);
    std::fs::remove_dir_all(&folder).map_err(told)?;
    Ok(Some(((best[1] / best[0] - 1.0) * 100.0).max(0.0)))
}

/// Multiplications that wait for each other: their time does not depend on what else the core does, much.
#[inline(never)]
pub(super) fn spin(steps: u64) {
    let mut x = steps | 1;
    for _ in 0..steps {
        x = x.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    black_box(x);
}

/// Nanoseconds of one body, without anything around it.
fn time_of_bodies(steps: u64, count: usize) -> f64 {
    let begin = Instant::now();
    for _ in 0..count {
        spin(black_box(steps));
    }
    begin.elapsed().as_secs_f64() * 1e9 / count as f64
}

/// Calibrated once: the best of a few tries, which is the one that nobody disturbed.
pub(super) fn steps_of_a_microsecond() -> u64 {
    static STEPS: OnceLock<u64> = OnceLock::new();
    *STEPS.get_or_init(|| {
        const TRIAL: u64 = 100_000;
        let best = (0..20)
            .map(|_| time_of_bodies(TRIAL, 1))
            .fold(f64::MAX, f64::min);
        ((TRIAL as f64 * 1000.0 / best) as u64).max(1)
    })
}
