//! Notes of what control engines decide: by whoever runs their routine, who may be no engine. That is seldom, so a lock costs nothing.

use super::clock::Clock;
use crate::sync::{Mutex, lock};
use crate::trace::{Decided, begin_chunk, end_chunk, tag};

/// The most that are kept until they are written.
const MOST: usize = 1 << 12;
/// The stream of which it is told how many were dropped.
const STREAM: u32 = u32::MAX;

/// See the module.
#[derive(Debug)]
pub(crate) struct DecisionNotes {
    clock: Clock,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    decided: Vec<Decided>,
    /// The last one of each domain.
    last: Vec<Option<Decided>>,
    dropped: u64,
    /// How many were when that was written last.
    told: u64,
}

impl DecisionNotes {
    pub(super) fn new(clock: Clock) -> Self {
        DecisionNotes {
            clock,
            list: Mutex::default(),
        }
    }

    /// Notes one that has just been made; its time is filled in. The same again, seen and done, is noted once: while all sleep a control
    /// engine looks many times and sees nothing new.
    pub(crate) fn add(&self, mut decided: Decided) {
        let list = &mut *lock(&self.list);
        let domain = usize::from(decided.domain);
        if list.last.len() <= domain {
            list.last.resize(domain + 1, None);
        }
        if list.last[domain].as_ref() == Some(&decided) {
            return;
        }
        list.last[domain] = Some(decided.clone());
        if list.decided.len() == MOST {
            list.dropped += 1;
            return;
        }
        decided.time = self.clock.now();
        list.decided.push(decided);
    }

    /// Nothing was noted since the last time.
    pub(super) fn is_empty(&self) -> bool {
        let list = lock(&self.list);
        list.decided.is_empty() && list.dropped == list.told
    }

    /// Appends those that were noted since the last time, as a chunk.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let list = &mut *lock(&self.list);
        if !list.decided.is_empty() {
            let at = begin_chunk(out);
            list.decided.drain(..).for_each(|one| one.put(out));
            end_chunk(out, at, tag::DECIDED, 0, 0);
        }
        if list.dropped != list.told {
            list.told = list.dropped;
            let at = begin_chunk(out);
            end_chunk(out, at, tag::DROPPED, STREAM, list.dropped);
        }
    }
}
