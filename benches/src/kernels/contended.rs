//! Hot shared state: all change the same kibibyte. Ours declare it commutative; the others take a lock around it, the
//! mutex of the standard library or a spin lock, in codelets of ours, in rayon's jobs, and in the executor by hand.

use super::{Measured, check, each};
use crate::Result;
use crate::system::{Entrant, System};
use std::hint::spin_loop;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Words of the state.
const WORDS: usize = 128;

fn change(state: &mut [u64]) {
    state
        .iter_mut()
        .for_each(|word| *word = word.wrapping_add(1));
}

/// Each word counts the changes.
fn check_state(state: &[u64], count: usize) -> Result<()> {
    let wrong = state.iter().find(|&&word| word != count as u64);
    check(
        "a word of the state",
        *wrong.unwrap_or(&(count as u64)),
        count as u64,
    )
}

/// Commutative accesses: for Sprat only.
pub(super) fn commute(entrant: &Entrant, size: usize) -> Measured {
    let System::Sprat(rt) = &entrant.system else {
        return Ok(None);
    };
    let state = rt.block::<u64>(WORDS)?;
    let begin = Instant::now();
    rt.finish(|s| {
        for _ in 0..size {
            s.spawn(state.commute(), |_, state| change(state));
        }
        Ok(())
    })?;
    let time = begin.elapsed();
    rt.read(state, |state| check_state(state, size))??;
    rt.destroy(state)?;
    each(time, size)
}

/// A mutex around the state.
pub(super) fn mutex(entrant: &Entrant, size: usize) -> Measured {
    let state = Mutex::new([0; WORDS]);
    let shared = &state;
    let time = all(entrant, size, || change(&mut *shared.lock().unwrap()))?;
    let Some(time) = time else {
        return Ok(None);
    };
    check_state(&state.into_inner().unwrap(), size)?;
    each(time, size)
}

/// A spin lock around the state: a mutex that is tried until it is free, so nobody sleeps. Trying is one compare-and-swap
/// and unlocking one swap, as with any spin lock.
pub(super) fn spin(entrant: &Entrant, size: usize) -> Measured {
    let state = Mutex::new([0; WORDS]);
    let shared = &state;
    let time = all(entrant, size, || {
        let mut state = loop {
            match shared.try_lock() {
                Ok(state) => break state,
                Err(_) => spin_loop(),
            }
        };
        change(&mut *state);
    })?;
    let Some(time) = time else {
        return Ok(None);
    };
    check_state(&state.into_inner().unwrap(), size)?;
    each(time, size)
}

/// As many independent bodies; `None` if the entrant has no spawns.
fn all(
    entrant: &Entrant,
    size: usize,
    body: impl Fn() + Copy + Send + Sync,
) -> Result<Option<Duration>> {
    let begin = Instant::now();
    match &entrant.system {
        System::Sprat(rt) => rt.finish(|s| {
            for _ in 0..size {
                s.spawn((), move |_, ()| body());
            }
            Ok(())
        })?,
        System::Rayon(pool) => pool.scope(|s| {
            for _ in 0..size {
                s.spawn(move |_| body());
            }
        }),
        System::Deque(deque) => {
            let time = deque.run(
                size,
                |hand| (0..size as u64).for_each(|job| hand.push(job)),
                |_, _| {
                    body();
                    None
                },
            );
            return time.map(Some);
        }
        System::Replay(_) | System::Regions(_) | System::Tasks(_) => return Ok(None),
        System::Serial => (0..size).for_each(|_| body()),
    }
    Ok(Some(begin.elapsed()))
}
