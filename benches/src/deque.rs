//! The executor that one writes by hand on crossbeam's deques: a bound more than a runtime.
//!
//! It knows before it starts how many jobs there will be, jobs are bare numbers, and nothing is allocated for a job.
//! Threads are pinned, and look for work without pause (they spin, and yield when there is none for long) as long as a
//! run lasts; between runs there are none, and their start is not timed.

use crate::Result;
use crossbeam_deque::{Steal, Stealer, Worker};
use crossbeam_utils::{Backoff, CachePadded};
use sprat::topology::{self, CpuSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The executor.
#[derive(Debug)]
pub struct Deque {
    cpus: Vec<u32>,
}

/// What a job sees: the queue of the thread that it runs on.
pub struct Hand {
    queue: Worker<u64>,
    others: Vec<Stealer<u64>>,
}

impl Hand {
    /// Adds a job.
    #[inline]
    pub fn push(&self, job: u64) {
        self.queue.push(job);
    }

    fn steal(&self) -> Option<u64> {
        for other in &self.others {
            loop {
                match other.steal() {
                    Steal::Success(job) => return Some(job),
                    Steal::Empty => break,
                    Steal::Retry => (),
                }
            }
        }
        None
    }
}

impl Deque {
    /// One thread for each of these processors; the first is for the caller.
    pub fn new(cpus: Vec<u32>) -> Self {
        Deque { cpus }
    }

    /// Runs `total` jobs: those that `first` pushes, and those that `work` pushes or returns to be run next. Gives the
    /// time from the call of `first` until the caller has seen the end of the last job.
    ///
    /// # Errors
    /// If the processors that the caller may use cannot be read.
    pub fn run(
        &self,
        total: usize,
        first: impl FnOnce(&Hand),
        work: impl Fn(&Hand, u64) -> Option<u64> + Sync,
    ) -> Result<Duration> {
        let queues: Vec<_> = self.cpus.iter().map(|_| Worker::new_lifo()).collect();
        let stealers: Vec<_> = queues.iter().map(Worker::stealer).collect();
        let others = |me: usize| {
            let rest = stealers.iter().enumerate().filter(|&(at, _)| at != me);
            rest.map(|(_, stealer)| stealer.clone()).collect()
        };
        let mut hands = queues.into_iter().enumerate().map(|(me, queue)| Hand {
            queue,
            others: others(me),
        });
        let mine = hands.next().expect("at least one processor");
        let (ready, done) = (AtomicUsize::new(1), CachePadded::new(AtomicUsize::new(0)));
        let everybody = || {
            let backoff = Backoff::new();
            while ready.load(Ordering::Acquire) < self.cpus.len() {
                backoff.snooze();
            }
        };
        let back = topology::affinity()?;
        pin(self.cpus[0]);
        let time = std::thread::scope(|threads| {
            for (hand, &cpu) in hands.zip(&self.cpus[1..]) {
                let (ready, done, work, everybody) = (&ready, &done, &work, &everybody);
                threads.spawn(move || {
                    pin(cpu);
                    ready.fetch_add(1, Ordering::AcqRel);
                    everybody();
                    hand.work(total, done, work);
                });
            }
            everybody();
            let begin = Instant::now();
            first(&mine);
            mine.work(total, &done, &work);
            begin.elapsed()
        });
        // Nothing sensible can be done if the system refuses what it had granted before.
        let _ = topology::set_affinity(&back);
        Ok(time)
    }
}

impl Hand {
    fn work(&self, total: usize, done: &AtomicUsize, work: &impl Fn(&Hand, u64) -> Option<u64>) {
        let backoff = Backoff::new();
        // Counted here, and told to the others only when the own queue is empty: a shared counter for each job would
        // cost more than the job.
        let mut ran = 0;
        loop {
            let found = self.queue.pop().or_else(|| {
                if ran > 0 {
                    done.fetch_add(ran, Ordering::AcqRel);
                    ran = 0;
                }
                self.steal()
            });
            let mut next = found;
            while let Some(job) = next {
                ran += 1;
                next = work(self, job);
            }
            if found.is_some() {
                backoff.reset();
            } else if done.load(Ordering::Acquire) == total {
                return;
            } else {
                backoff.snooze();
            }
        }
    }
}

/// Pins the calling thread; one that may not be pinned works where it is.
pub fn pin(cpu: u32) {
    let _ = topology::set_affinity(&CpuSet::from_iter([cpu]));
}
