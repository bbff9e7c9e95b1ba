//! The account of who touched what: for each engine, how often codelets of one kind touched one block, and how many bytes they
//! declared to read and to write. Kept only if asked for; and, for the policy `locality`, what was done to each block lately.

use crate::access::Mode;
use crate::decide::locality::{LOOK_BYTES, LOOK_NS, LOOK_TIMES, Locality};
use crate::decide::regrouping::Regrouping;
use crate::id::BlockId;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, lock};
use crossbeam_utils::CachePadded;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::time::Instant;

/// What one line of the account is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) codelet: &'static str,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) block: BlockId,
    /// The region of the block's memory; `None` for memory that a user lent, and for interleaved memory.
    pub(crate) home: Option<u16>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) times: u64,
    pub(crate) read: u64,
    pub(crate) written: u64,
}

impl Sums {
    /// An access in this mode to so many bytes, so many times.
    pub(crate) fn of(mode: Mode, bytes: u64, times: u64) -> Self {
        let all = bytes.saturating_mul(times);
        let (read, written) = match mode {
            Mode::Read => (all, 0),
            Mode::Write => (0, all),
            _ => (all, all),
        };
        Sums {
            times,
            read,
            written,
        }
    }

    pub(crate) fn add(&mut self, other: Sums) {
        self.times = self.times.saturating_add(other.times);
        self.read = self.read.saturating_add(other.read);
        self.written = self.written.saturating_add(other.written);
    }
}

/// What was done lately is noted by this: the block, the region of its memory, and the group of who did it.
pub(crate) type Recent = (BlockId, u16, Option<u16>);

/// An engine's lines.
#[derive(Default)]
pub(crate) struct Ledger {
    lines: HashMap<Key, Sums>,
    /// What has no line of its own any more.
    rest: Sums,
    /// What was done since the last look of the policy.
    recent: HashMap<Recent, Sums>,
    /// Which blocks that is about, and where their memory was.
    places: HashSet<(BlockId, u16)>,
    /// All of that.
    recent_sums: Sums,
}

/// So many lines an engine keeps: programs that make blocks without end would fill the memory.
const LINES: usize = 1 << 16;

/// Of so many blocks an engine notes what was done lately. Then the policy looks, and forgets those that are gone.
const RECENT: usize = 1 << 13;

impl Ledger {
    /// Notes what was done to a block in a place, if there is room for one more.
    fn note(&mut self, what: Recent, sums: Sums) {
        let is_full = self.recent.len() >= RECENT;
        match self.recent.entry(what) {
            Entry::Occupied(mut noted) => noted.get_mut().add(sums),
            Entry::Vacant(_) if is_full => return,
            Entry::Vacant(place) => {
                place.insert(sums);
                let (block, home, _) = what;
                self.places.insert((block, home));
            }
        }
        self.recent_sums.add(sums);
    }

    /// Whether that is enough for a look. A block that many groups use is one.
    fn is_worth_a_look(&self) -> bool {
        let (all, blocks) = (self.recent_sums, self.places.len());
        let bytes = all.read.saturating_add(all.written);
        self.recent.len() >= RECENT
            || bytes >= LOOK_BYTES && all.times >= LOOK_TIMES * blocks as u64
    }

    pub(crate) fn enter(&mut self, key: Key, sums: Sums) {
        if self.lines.len() >= LINES && !self.lines.contains_key(&key) {
            return self.rest.add(sums);
        }
        self.lines.entry(key).or_default().add(sums);
    }
}

/// The account of a runtime: a ledger for each engine.
pub(crate) struct Ledgers {
    engines: Box<[CachePadded<Mutex<Ledger>>]>,
    /// Whether a report is wanted.
    pub(crate) reports: bool,
    pub(crate) watcher: Option<Watcher>,
}

/// What wants blocks and groups of codelets elsewhere.
pub(crate) struct Mind {
    pub(crate) blocks: Locality,
    pub(crate) groups: Regrouping,
}

/// Who looks at what was done lately, and moves blocks.
pub(crate) struct Watcher {
    /// Some engine has seen enough for a look.
    pub(crate) due: AtomicBool,
    /// The clock, and when the last look was.
    begin: Instant,
    looked_ns: AtomicU64,
    pub(crate) mind: Mutex<Mind>,
}

impl Watcher {
    fn now_ns(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }

    /// Whether it is time for a look, and nobody has said so before.
    fn becomes_due(&self) -> bool {
        // Relaxed: what was noted is behind the ledgers' locks.
        let looked = self.looked_ns.load(Ordering::Relaxed);
        self.now_ns().saturating_sub(looked) >= LOOK_NS && !self.due.swap(true, Ordering::Relaxed)
    }

    /// There is a look now.
    pub(crate) fn looks(&self) {
        self.looked_ns.store(self.now_ns(), Ordering::Relaxed);
        self.due.store(false, Ordering::Relaxed);
    }
}

impl Ledgers {
    /// Whether they are kept for a policy's mind.
    pub(crate) fn watch(ledgers: &Option<Ledgers>) -> bool {
        (ledgers.as_ref()).is_some_and(|ledgers| ledgers.watcher.is_some())
    }

    /// For so many engines: for reports, or for a policy's mind, or both.
    pub(crate) fn new(xes: usize, reports: bool, mind: Option<Mind>) -> Self {
        let ledger = |_| CachePadded::new(Mutex::new(Ledger::default()));
        Ledgers {
            engines: (0..xes).map(ledger).collect(),
            reports,
            watcher: mind.map(|mind| Watcher {
                due: AtomicBool::new(false),
                begin: Instant::now(),
                looked_ns: AtomicU64::new(0),
                mind: Mutex::new(mind),
            }),
        }
    }

    /// Notes in the ledger of an engine what a codelet did that is in this group, if in any. Whether the policy should look at what was
    /// done.
    #[must_use]
    pub(crate) fn enter(
        &self,
        xe: u16,
        group: Option<u16>,
        lines: impl IntoIterator<Item = (Key, Sums)>,
    ) -> bool {
        let mut ledger = lock(&self.engines[usize::from(xe)]);
        for (key, sums) in lines {
            if self.watcher.is_some()
                && let Some(home) = key.home
            {
                ledger.note((key.block, home, group), sums);
            }
            if self.reports {
                ledger.enter(key, sums);
            }
        }
        let due = ledger.is_worth_a_look();
        drop(ledger);
        let watcher = self.watcher.as_ref().filter(|_| due);
        watcher.is_some_and(Watcher::becomes_due)
    }

    /// Takes out what was done lately, for each engine.
    pub(crate) fn take_recent(&self) -> Vec<HashMap<Recent, Sums>> {
        let engines = self.engines.iter();
        let take = engines.map(|ledger| {
            let mut ledger = lock(ledger);
            ledger.recent_sums = Sums::default();
            ledger.places.clear();
            std::mem::take(&mut ledger.recent)
        });
        take.collect()
    }

    /// All lines with their engines, and what has none.
    pub(crate) fn read(&self) -> (Vec<(u16, Key, Sums)>, Sums) {
        let (mut lines, mut rest) = (Vec::new(), Sums::default());
        for (xe, ledger) in self.engines.iter().enumerate() {
            let ledger = lock(ledger);
            lines.extend(
                ledger
                    .lines
                    .iter()
                    .map(|(key, sums)| (xe as u16, *key, *sums)),
            );
            rest.add(ledger.rest);
        }
        (lines, rest)
    }
}

// Under loom its locks work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RuntimeId;

    fn key(slot: u32) -> Key {
        Key {
            codelet: "sweep",
            spawned_at: Location::caller(),
            block: BlockId::new(RuntimeId(1), slot, 1),
            home: Some(0),
        }
    }

    #[test]
    fn what_has_no_room_is_added_up_and_not_lost() {
        let ledgers = Ledgers::new(2, true, None);
        let more = 10;
        for round in 0..2 {
            let all = 0..(LINES + more) as u32;
            let line = |slot| (key(slot), Sums::of(Mode::ReadWrite, 8, 1 + round));
            assert!(!ledgers.enter(1, None, all.map(line)));
        }
        let (lines, rest) = ledgers.read();
        assert_eq!(lines.len(), LINES);
        let three_times = Sums {
            times: 3,
            read: 24,
            written: 24,
        };
        assert!(
            lines
                .iter()
                .all(|(xe, _, sums)| (*xe, *sums) == (1, three_times))
        );
        assert_eq!(rest.read, more as u64 * 24);
    }

    fn watched() -> Ledgers {
        let far = vec![vec![0, 10], vec![10, 0]];
        let mind = Mind {
            blocks: Locality::new(far.clone(), vec![true; 2]),
            groups: Regrouping::new(far, vec![1; 2]),
        };
        Ledgers::new(1, false, Some(mind))
    }

    #[test]
    fn a_block_that_a_new_group_uses_each_time_is_one_block() {
        let ledgers = watched();
        let watcher = ledgers.watcher.as_ref().unwrap();
        // Each time once, by a group that is seen no more.
        for (slot, groups) in [(0, 0..LOOK_TIMES), (1, LOOK_TIMES..2 * LOOK_TIMES)] {
            watcher.looked_ns.store(0, Ordering::Relaxed);
            crate::sync::sleep(std::time::Duration::from_nanos(2 * LOOK_NS));
            let dues = groups.map(|group| {
                let line = (key(slot), Sums::of(Mode::ReadWrite, LOOK_BYTES, 1));
                ledgers.enter(0, Some(group as u16), [line])
            });
            let dues: Vec<bool> = dues.collect();
            let mut meant = vec![false; LOOK_TIMES as usize];
            *meant.last_mut().unwrap() = true;
            assert_eq!(dues, meant);
            watcher.looks();
            assert_eq!(ledgers.take_recent()[0].len() as u64, LOOK_TIMES);
        }
    }

    #[test]
    fn blocks_that_come_and_go_are_looked_at_and_not_heaped_up() {
        let ledgers = watched();
        let watcher = ledgers.watcher.as_ref().unwrap();
        // Each is used too rarely for a look.
        let mut used = (0..).map(|slot| (key(slot), Sums::of(Mode::ReadWrite, 8, 2)));
        for _ in 0..2 {
            assert!((0..RECENT).any(|_| ledgers.enter(0, None, used.by_ref().take(100))));
            assert!(watcher.due.load(Ordering::Relaxed));
            // The control engine has something else to do for a while.
            assert!(!ledgers.enter(0, None, used.by_ref().take(3 * RECENT)));
            watcher.looks();
            let recent = ledgers.take_recent();
            assert_eq!(recent[0].len(), RECENT);
        }
        assert!(ledgers.take_recent()[0].is_empty());
    }

    #[test]
    fn modes_read_or_write_or_both() {
        let of = |mode| {
            let sums = Sums::of(mode, 5, 2);
            (sums.times, sums.read, sums.written)
        };
        assert_eq!(of(Mode::Read), (2, 10, 0));
        assert_eq!(of(Mode::Write), (2, 0, 10));
        assert_eq!(of(Mode::ReadWrite), (2, 10, 10));
        assert_eq!(of(Mode::Commute), (2, 10, 10));
        assert_eq!(Sums::of(Mode::Read, u64::MAX, 3).read, u64::MAX);
    }
}
