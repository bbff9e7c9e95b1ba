//! Pinned threads that begin together, spin, and are waited for: what one writes by hand, and what bounds are made of.

use crate::Result;
use crossbeam_utils::{Backoff, CachePadded};
use sprat::topology::{self, CpuSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Processors, a thread for each; the first is for the caller.
#[derive(Clone, Debug)]
pub struct Team {
    cpus: Vec<u32>,
}

impl Team {
    /// One thread for each of these processors.
    pub fn new(cpus: Vec<u32>) -> Self {
        Team { cpus }
    }

    /// How many threads.
    pub fn len(&self) -> usize {
        self.cpus.len()
    }

    /// Whether there is none: then nothing can be run.
    pub fn is_empty(&self) -> bool {
        self.cpus.is_empty()
    }

    /// Runs the body on each thread, with the thread's number; the caller is number 0. Gives the time from when all
    /// were there until the caller has seen that all have ended. The threads live as long as the call.
    ///
    /// # Errors
    /// If the processors that the caller may use cannot be read.
    pub fn run(&self, body: impl Fn(usize) + Sync) -> Result<Duration> {
        let ready = CachePadded::new(AtomicUsize::new(1));
        let done = CachePadded::new(AtomicUsize::new(1));
        let until_all = |counter: &AtomicUsize| {
            let backoff = Backoff::new();
            while counter.load(Ordering::Acquire) < self.cpus.len() {
                backoff.snooze();
            }
        };
        let back = topology::affinity()?;
        pin(self.cpus[0]);
        let time = std::thread::scope(|threads| {
            for (me, &cpu) in self.cpus.iter().enumerate().skip(1) {
                let (ready, done, body) = (&ready, &done, &body);
                threads.spawn(move || {
                    pin(cpu);
                    ready.fetch_add(1, Ordering::AcqRel);
                    until_all(ready);
                    let _counted = Counted(done);
                    body(me);
                });
            }
            until_all(&ready);
            let begin = Instant::now();
            body(0);
            until_all(&done);
            begin.elapsed()
        });
        // Nothing sensible can be done if the system refuses what it had granted before.
        let _ = topology::set_affinity(&back);
        Ok(time)
    }
}

/// Counts when it is dropped, so that nobody waits for a thread that panicked: the panic goes on in the caller.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// Pins the calling thread; one that may not be pinned works where it is.
pub fn pin(cpu: u32) {
    let _ = topology::set_affinity(&CpuSet::from_iter([cpu]));
}

#[cfg(test)]
mod tests {
    use super::Team;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn all_are_there_at_once_and_are_waited_for() {
        let here = AtomicUsize::new(0);
        let team = Team::new(vec![0, 0, 0]);
        team.run(|me| {
            here.fetch_add(1 << (8 * me), Ordering::Relaxed);
            while here.load(Ordering::Relaxed) != 0x01_01_01 {
                std::thread::yield_now();
            }
        })
        .unwrap();
        assert_eq!(here.into_inner(), 0x01_01_01);
    }
}
