//! By hand: each thread knows its parts beforehand, and spins at a barrier.

use super::{Body, Regions};
use crate::Result;
use crate::team::Team;
use crossbeam_utils::{Backoff, CachePadded};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Hand(Team);

pub(super) fn start(cpus: &[u32]) -> Result<Box<dyn Regions>> {
    Ok(Box::new(Hand(Team::new(cpus.to_vec()))))
}

impl Regions for Hand {
    fn rows(&self, rows: &[Range<usize>], body: Body) -> Result<Duration> {
        let barrier = Barrier::new(self.0.len());
        self.0.run(|me| {
            for (turn, row) in rows.iter().enumerate() {
                part(row, me, self.0.len()).for_each(body);
                barrier.wait(turn);
            }
        })
    }

    fn workers(&self, regions: usize, body: Body) -> Result<Option<Duration>> {
        let barrier = Barrier::new(self.0.len());
        let time = self.0.run(|me| {
            for turn in 0..regions {
                body(me);
                barrier.wait(turn);
            }
        });
        time.map(Some)
    }

    fn team(&self) -> Option<&Team> {
        Some(&self.0)
    }
}

/// One thread's part of a row: in one piece.
fn part(row: &Range<usize>, me: usize, threads: usize) -> Range<usize> {
    let cut = |at: usize| row.start + row.len() * at / threads;
    cut(me)..cut(me + 1)
}

/// All threads pass it together, in turns that are numbered from 0.
struct Barrier {
    threads: usize,
    arrived: CachePadded<AtomicUsize>,
    turn: CachePadded<AtomicUsize>,
}

impl Barrier {
    fn new(threads: usize) -> Self {
        Barrier {
            threads,
            arrived: CachePadded::default(),
            turn: CachePadded::default(),
        }
    }

    fn wait(&self, turn: usize) {
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads * (turn + 1) {
            // Pairs with the loads below.
            self.turn.store(turn + 1, Ordering::Release);
            return;
        }
        let backoff = Backoff::new();
        while self.turn.load(Ordering::Acquire) <= turn {
            backoff.snooze();
        }
    }
}
