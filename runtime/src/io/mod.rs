//! Accesses to files that are ready: a queue, and the threads of the control engine's role that take from it, which
//! ([`crate::io_engine`]) may block where engines must not. Started when first needed.

pub(crate) mod transfer;

use crate::decide::policy::io_threads;
use crate::sync::thread::{JoinHandle, current};
use crate::sync::{Condvar, Mutex, lock, wait};
use crate::topology::CpuSet;
use std::collections::VecDeque;

/// See the module.
pub(crate) struct Io {
    state: Mutex<State>,
    /// Something was queued, or it is time to stop.
    bell: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<u32>,
    /// Those that a thread has taken and not ended.
    running: Vec<u32>,
    /// Those that were spawned and have not ended.
    live: usize,
    threads: Vec<JoinHandle<()>>,
    /// Where the threads may run, if not wherever who starts them may.
    cpus: Option<CpuSet>,
    stopped: bool,
}

impl Io {
    pub(crate) fn new() -> Self {
        Io {
            state: Mutex::new(State::default()),
            bell: Condvar::new(),
        }
    }

    /// Its threads run on these processors.
    pub(crate) fn stay_on(&self, cpus: CpuSet) {
        lock(&self.state).cpus = Some(cpus);
    }

    /// An access to a file is about to be spawned: sees to it that there is a thread for it, started by `start` with its
    /// number and where it may run. Follow with [`Io::forget`] when it has ended, or was not spawned.
    ///
    /// # Errors
    /// If the first thread cannot be started; then it does not count.
    pub(crate) fn expect(
        &self,
        start: impl FnOnce(usize, Option<CpuSet>) -> std::io::Result<JoinHandle<()>>,
    ) -> std::io::Result<()> {
        let mut state = lock(&self.state);
        let threads = state.threads.len();
        if io_threads(state.live + 1) > threads {
            match start(threads, state.cpus.clone()) {
                Ok(thread) => state.threads.push(thread),
                Err(error) if threads == 0 => return Err(error),
                // With fewer it takes longer.
                Err(_) => (),
            }
        }
        state.live += 1;
        Ok(())
    }

    /// One of those that were expected has ended.
    pub(crate) fn forget(&self) {
        lock(&self.state).live -= 1;
    }

    /// An access to a file is ready.
    pub(crate) fn push(&self, id: u32) {
        lock(&self.state).queue.push_back(id);
        self.bell.notify_one();
    }

    /// Takes the oldest, when there is one; none when it is time to stop.
    pub(crate) fn take(&self) -> Option<u32> {
        let mut state = lock(&self.state);
        loop {
            if state.stopped {
                return None;
            }
            if let Some(id) = state.queue.pop_front() {
                state.running.push(id);
                return Some(id);
            }
            state = wait(&self.bell, state);
        }
    }

    /// What was taken is not in anybody's hands any more.
    pub(crate) fn put_down(&self, id: u32) {
        let mut state = lock(&self.state);
        let at = state.running.iter().position(|&running| running == id);
        state.running.swap_remove(at.expect("it was taken"));
    }

    /// Those that are queued or running.
    pub(crate) fn in_flight(&self) -> Vec<u32> {
        let state = lock(&self.state);
        state.queue.iter().chain(&state.running).copied().collect()
    }

    /// Sends the threads home.
    pub(crate) fn stop(&self) {
        lock(&self.state).stopped = true;
        self.bell.notify_all();
    }

    /// Waits until they have gone.
    pub(crate) fn join(&self) {
        let threads = std::mem::take(&mut lock(&self.state).threads);
        for thread in threads {
            if thread.thread().id() != current().id() {
                // A panic was printed by the panic hook; it is too late to do anything about it.
                let _ = thread.join();
            }
        }
    }
}
