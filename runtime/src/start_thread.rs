//! Threads of the runtime's own, and what waking one costs.

use crate::error::{Error, Result};
use crate::guard::guarded;
use crate::idle::Parker;
use crate::sync::plain::{AtomicU64, Ordering};
use crate::sync::{Arc, thread};
use crate::topology::{self, CpuSet};
use std::time::{Duration, Instant};

/// Starts a thread, on these processors if there are any, with a stack of so many bytes if that is said.
pub(crate) fn start_thread(
    name: String,
    (cpus, stack): (Option<CpuSet>, Option<usize>),
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>> {
    let text = format!(
        "the thread {name} could not be started; ask for fewer engines or smaller stacks, or raise the limit on threads"
    );
    let place = format!("the thread {name}");
    let mut thread = thread::Builder::new().name(name);
    if let Some(stack) = stack {
        thread = thread.stack_size(stack);
    }
    let started = thread.spawn(move || {
        if let Some(cpus) = cpus {
            // Refused inside some containers: then the engine works wherever it is put.
            let _ = topology::set_affinity(&cpus);
        }
        guarded(place.as_str(), work);
    });
    started.map_err(|error| Error::system(text, error))
}

/// What two threads that measure a wake-up share. Times are nanoseconds since `begin`.
struct Trip {
    begin: Instant,
    bed: Parker,
    /// When the sleeper was woken; [`OVER`]: it is not needed.
    sent: AtomicU64,
    /// How long the last wake-up took; 0: it has not come yet.
    took: AtomicU64,
}

/// Nobody will wake the sleeper to be timed.
const OVER: u64 = u64::MAX;

/// How long a parked thread takes from being woken until it runs, in nanoseconds: the median of a few. On two processors, if they
/// are named: on one and the same, or where the kernel likes, it is a fraction of what it takes to get an idle processor going.
pub(crate) fn measure_wake_up(cpus: Option<[u32; 2]>) -> Result<u64> {
    const ROUNDS: usize = 5;
    /// Until the sleeper's processor is idle.
    const PAUSE: Duration = Duration::from_micros(50);
    let trip = Arc::new(Trip {
        begin: Instant::now(),
        bed: Parker::new(),
        sent: AtomicU64::new(0),
        took: AtomicU64::new(0),
    });
    let times = Arc::new(AtomicU64::new(0));
    let set = |at: usize| cpus.map(|cpus| std::iter::once(cpus[at]).collect());
    let (theirs, ours, median) = (trip.clone(), trip.clone(), times.clone());
    let now = |trip: &Trip| trip.begin.elapsed().as_nanos() as u64;
    let sleeper = start_thread("sprat-measure".to_owned(), (set(1), None), move || {
        theirs.bed.adopt();
        for _ in 0..=ROUNDS {
            theirs.bed.wait();
            let woken = now(&theirs);
            // Relaxed: written before the wake-up, which is a swap with Release that the wait's Acquire has seen.
            let sent = theirs.sent.load(Ordering::Relaxed);
            if sent == OVER {
                return;
            }
            // Relaxed, as is the load in the loop below: the number is all that is told.
            theirs
                .took
                .store(woken.saturating_sub(sent).max(1), Ordering::Relaxed);
        }
    })?;
    let waker = start_thread("sprat-measure".to_owned(), (set(0), None), move || {
        let mut times = Vec::with_capacity(ROUNDS + 1);
        for _ in 0..=ROUNDS {
            let pause = Instant::now();
            while pause.elapsed() < PAUSE {
                crate::sync::spin_hint();
            }
            ours.took.store(0, Ordering::Relaxed);
            ours.sent.store(now(&ours), Ordering::Relaxed);
            ours.bed.wake();
            times.push(loop {
                match ours.took.load(Ordering::Relaxed) {
                    // The two may have one processor between them.
                    0 => thread::yield_now(),
                    took => break took,
                }
            });
        }
        // The first one may have found it awake.
        times.swap_remove(0);
        times.sort_unstable();
        median.store(times[times.len() / 2], Ordering::Relaxed);
    })
    .inspect_err(|_| {
        trip.sent.store(OVER, Ordering::Relaxed);
        trip.bed.wake();
    })?;
    // They end by themselves; their results say nothing.
    let _ = (waker.join(), sleeper.join());
    Ok(times.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_takes_time_wherever_it_is_measured() {
        for cpus in [None, Some([0, 0])] {
            let ns = measure_wake_up(cpus).unwrap();
            assert!((1..1_000_000_000).contains(&ns), "{ns}");
        }
    }
}
