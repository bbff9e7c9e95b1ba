//! What sleeps, starts and stops: wake-up, start and shutdown. These do not depend on the number of codelets.

use super::{Measured, check, median};
use crate::system::{Entrant, System};
use sprat::{Error, Result};
use std::sync::Mutex;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Tries in each run; the run's figure is their median.
const TRIES: usize = 7;
/// Long enough for everybody to fall asleep.
const PAUSE: Duration = Duration::from_millis(3);

fn median_of(mut once: impl FnMut() -> Result<f64>) -> Measured {
    let mut times = (0..TRIES).map(|_| once()).collect::<Result<Vec<f64>>>()?;
    times.sort_by(f64::total_cmp);
    Ok(Some(median(&times)))
}

pub(super) fn wake_up(entrant: &Entrant, _: usize) -> Measured {
    match &entrant.system {
        // The host works itself; somebody else must be there to be woken.
        System::Sprat(rt) if entrant.workers > 1 => median_of(|| {
            thread::sleep(PAUSE);
            let stamps: Mutex<Vec<(ThreadId, Instant)>> = Mutex::default();
            let place = &stamps;
            let begin = Instant::now();
            rt.finish(|s| {
                for xe in 0..rt.xes() {
                    s.codelet("stamp").on_xe(xe).spawn((), move |_, ()| {
                        let stamp = (thread::current().id(), Instant::now());
                        place.lock().unwrap().push(stamp);
                    });
                }
                Ok(())
            })?;
            let stamps = stamps.into_inner().unwrap();
            check("the number of executions", stamps.len(), rt.xes())?;
            let me = thread::current().id();
            let others = stamps.iter().filter(|stamp| stamp.0 != me);
            let first = others.map(|stamp| stamp.1).min();
            let first = first.ok_or_else(|| {
                Error::msg(
                    "wrong result: codelets bound to different engines all ran on the host's",
                )
            })?;
            Ok(first.duration_since(begin).as_secs_f64() * 1e6)
        }),
        System::Rayon(pool) => median_of(|| {
            thread::sleep(PAUSE);
            let begin = Instant::now();
            let ran = pool.install(Instant::now);
            Ok(ran.duration_since(begin).as_secs_f64() * 1e6)
        }),
        _ => Ok(None),
    }
}

/// Starts another one like the entrant, uses it once, stops it. Gives the milliseconds of both.
fn live(entrant: &Entrant) -> Result<(f64, f64)> {
    let begin = Instant::now();
    let system = entrant.kind.start(entrant.workers)?;
    let mut ran = 0;
    match &system {
        System::Sprat(rt) => rt.finish(|s| {
            s.spawn_once((), |_, ()| ran = 1);
            Ok(())
        })?,
        System::Rayon(pool) => pool.install(|| ran = 1),
        _ => (),
    }
    let started = begin.elapsed().as_secs_f64() * 1e3;
    check("the number of executions", ran, 1)?;
    let begin = Instant::now();
    drop(system);
    Ok((started, begin.elapsed().as_secs_f64() * 1e3))
}

fn median_life(entrant: &Entrant, part: fn((f64, f64)) -> f64) -> Measured {
    match entrant.system {
        System::Sprat(_) | System::Rayon(_) => median_of(|| live(entrant).map(part)),
        // These have nothing that lasts.
        _ => Ok(None),
    }
}

pub(super) fn start(entrant: &Entrant, _: usize) -> Measured {
    median_life(entrant, |(start, _)| start)
}

pub(super) fn shutdown(entrant: &Entrant, _: usize) -> Measured {
    median_life(entrant, |(_, shutdown)| shutdown)
}
