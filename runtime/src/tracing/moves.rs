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

    /// Notes one that has just been made; its time is filled in.
    pub(crate) fn add(&self, moved: Moved) {
        let time = self.clock.now();
        lock(&self.list).push(Moved { time, ..moved });
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
