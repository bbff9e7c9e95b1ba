//! The executor that one writes by hand on crossbeam's deques: a bound more than a runtime.
//!
//! It knows before it starts how many jobs there will be, jobs are bare numbers, and nothing is allocated for a job.
//! Threads are pinned, and look for work without pause (they spin, and yield when there is none for long) as long as a
//! run lasts; between runs there are none, and their start is not timed.

use crate::Result;
use crate::team::Team;
use crossbeam_deque::{Steal, Stealer, Worker};
use crossbeam_utils::{Backoff, CachePadded};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The executor.
#[derive(Debug)]
pub struct Deque {
    team: Team,
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
        Deque {
            team: Team::new(cpus),
        }
    }

    /// Runs `total` jobs: those that `first` pushes, and those that `work` pushes or returns to be run next. Gives the
    /// time from the call of `first` until the caller has seen the end of the last job.
    ///
    /// # Errors
    /// If the processors that the caller may use cannot be read.
    pub fn run(
        &self,
        total: usize,
        first: impl FnOnce(&Hand) + Send,
        work: impl Fn(&Hand, u64) -> Option<u64> + Sync,
    ) -> Result<Duration> {
        let queues: Vec<_> = (0..self.team.len()).map(|_| Worker::new_lifo()).collect();
        let stealers: Vec<_> = queues.iter().map(Worker::stealer).collect();
        let others = |me: usize| {
            let rest = stealers.iter().enumerate().filter(|&(at, _)| at != me);
            rest.map(|(_, stealer)| stealer.clone()).collect()
        };
        let hands = queues.into_iter().enumerate().map(|(me, queue)| {
            let others = others(me);
            Mutex::new(Some(Hand { queue, others }))
        });
        let hands: Vec<_> = hands.collect();
        let first = Mutex::new(Some(first));
        let done = CachePadded::new(AtomicUsize::new(0));
        self.team.run(|me| {
            let hand = hands[me].lock().unwrap().take();
            let hand = hand.expect("each thread takes its own, once");
            if me == 0
                && let Some(first) = first.lock().unwrap().take()
            {
                first(&hand);
            }
            hand.work(total, &done, &work);
        })
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
