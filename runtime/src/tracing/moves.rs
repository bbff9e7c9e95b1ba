//! Notes of blocks that move: by whoever moves them, who may be deep in the table of blocks and know no engine. A move copies the block's
//! bytes, so a lock costs it nothing.

use super::clock::Clock;
use crate::sync::{Mutex, lock};
use crate::trace::{Moved, begin_chunk, end_chunk, tag};

/// See the module.
#[derive(Debug)]
pub(crate) struct MoveNotes {
    clock: Clock,
    list: Mutex<Vec<Moved>>,
}

impl MoveNotes {
    pub(crate) fn new(clock: Clock) -> Self {
        MoveNotes {
            clock,
            list: Mutex::new(Vec::new()),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Notes one that has just been made, and was begun at this time.
    pub(crate) fn add(&self, moved: Moved, begun: u64) {
        let time = self.clock.now();
        let took = time.saturating_sub(begun);
        lock(&self.list).push(Moved {
            time,
            took,
            ..moved
        });
    }

    /// Nothing was noted since the last time.
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.list).is_empty()
    }

    /// Appends those that were noted since the last time, as a chunk.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let list = std::mem::take(&mut *lock(&self.list));
        if !list.is_empty() {
            let at = begin_chunk(out);
            list.iter().for_each(|moved| moved.put(out));
            end_chunk(out, at, tag::MOVES, 0, 0);
        }
    }
}
