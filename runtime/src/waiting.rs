//! Who waits while nothing moves, for the live view: looked at in pieces, so that who begins something meanwhile waits for a few pieces alone,
//! however many wait. See `docs/design/live.md`.

use crate::codelet::flag;
use crate::page;
use crate::shared::Shared;
use crate::stuck::{NoLook, Still};
use crate::sync::sleep;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// So many records, or entries of queues, are looked at in one piece: some ten microseconds.
pub(crate) const PIECE: usize = 1024;

/// So many entries of one codelet are looked at.
pub(crate) const ENTRIES: usize = 64;

/// So often somebody else may have the lock that a piece needs, and so long is waited each time: control engines look now and
/// then for an instant, and the page does not wait for who stays.
const PATIENCE: (usize, Duration) = (100, Duration::from_micros(100));

/// Sleeps shorter than this take longer than they are: so long pieces may follow each other.
const WORTH_A_SLEEP: Duration = Duration::from_micros(100);

/// The most that a piece looks at: it ends behind a codelet, and entries of codelets are looked at for who waits with them, and for what is said.
#[cfg(all(test, not(sprat_loom)))]
pub(crate) const LONGEST: usize = 2 * (PIECE + ENTRIES);

/// A codelet that waits: where it was spawned, what it is called, its record and that one's generation.
type Known = (&'static str, u32, &'static str, u32, u32);

/// A look at all who wait, between two pieces.
pub(crate) struct Look {
    /// At most so many are named.
    most: usize,
    /// The engines' claims when it began: more say that something has moved.
    claims: u64,
    /// The record that comes next; `None` when all were looked at.
    next: Option<u32>,
    pub(crate) count: usize,
    /// The first ones by where they were spawned.
    first: BTreeSet<Known>,
    pub(crate) named: Vec<page::Waiting>,
    /// The most that one piece has looked at.
    pub(crate) longest: usize,
}

impl Shared {
    /// How many codelets wait, and some of them with what they wait for, if nothing moves; else, and if somebody else keeps the lock,
    /// nothing.
    pub(crate) fn who_waits(&self, most: usize) -> Option<(usize, Vec<page::Waiting>)> {
        let mut look = Look::new(self, most);
        self.in_pieces(|| look.go_on(self))?;
        Some((look.count, look.named))
    }

    /// One piece after the other, each of which says whether there is another one; nothing if something moves, or somebody else keeps
    /// the lock, or the runtime stops.
    pub(crate) fn in_pieces(&self, mut piece: impl FnMut() -> Result<bool, NoLook>) -> Option<()> {
        let (all_patience, pause) = PATIENCE;
        let (mut patience, mut worked) = (all_patience, Duration::ZERO);
        while !self.stops() {
            let begun = Instant::now();
            match piece() {
                Ok(false) => return Some(()),
                // Who was kept waiting by these pieces has the lock before the next one does.
                Ok(true) => {
                    patience = all_patience;
                    worked += begun.elapsed();
                    if worked >= WORTH_A_SLEEP {
                        sleep(std::mem::take(&mut worked));
                    }
                }
                // What was seen is as true as it is between two pieces.
                Err(NoLook::Busy) if patience > 0 => {
                    patience -= 1;
                    sleep(pause);
                }
                Err(_) => break,
            }
        }
        None
    }

    /// How often engines were claimed: more say that something has moved.
    pub(crate) fn claims(&self) -> u64 {
        self.domains.iter().map(|domain| domain.idle.claims()).sum()
    }

    /// Whether a record is that of a codelet that has not begun. Only while nothing moves.
    pub(crate) fn waits(&self, id: u32) -> bool {
        let flags = self.arena.record(id).flags();
        flags & flag::ALIVE != 0 && flags & flag::WAITS != 0
    }
}

impl Look {
    pub(crate) fn new(shared: &Shared, most: usize) -> Self {
        Look {
            most,
            claims: shared.claims(),
            next: Some(0),
            count: 0,
            first: BTreeSet::new(),
            named: Vec::new(),
            longest: 0,
        }
    }

    /// One more piece: whether there is another one.
    pub(crate) fn go_on(&mut self, shared: &Shared) -> Result<bool, NoLook> {
        let claims = self.claims;
        // An access to a file will end: something moves.
        let moves = || shared.claims() != claims || !shared.io.in_flight().is_empty();
        shared.while_still(|| match self.next {
            _ if moves() => Err(NoLook::Moves),
            Some(next) => Ok(self.count_from(shared, next)),
            None => Ok(self.name(shared)),
        })?
    }

    /// Counts those from this record on.
    fn count_from(&mut self, shared: &Shared, next: u32) -> bool {
        let ids = shared.arena.ids_from(next, PIECE);
        self.longest = self.longest.max(ids.len());
        self.next = ids.last().map(|last| last + 1);
        for id in ids {
            if !shared.waits(id) {
                continue;
            }
            self.count += 1;
            let record = shared.arena.record(id);
            // SAFETY: it lives and nothing moves.
            let body = unsafe { record.body() };
            let at = body.spawned_at;
            let generation = record.ended.generation();
            self.first
                .insert((at.file(), at.line(), body.name, id, generation));
            if self.first.len() > self.most {
                self.first.pop_last();
            }
        }
        self.next.is_some() || !self.first.is_empty()
    }

    /// Says of the next ones what they wait for. Of long queues the beginning is looked at.
    fn name(&mut self, shared: &Shared) -> bool {
        let (mut still, mut left) = (Still::nothing(shared, ENTRIES), PIECE);
        while left > 0
            && let Some((_, _, name, id, generation)) = self.first.pop_first()
        {
            let record = shared.arena.record(id);
            // Somebody from outside may have let it go since it was counted.
            if !shared.waits(id) || record.ended.generation() != generation {
                continue;
            }
            still.look_at(id, &mut left);
            // SAFETY: it lives and nothing moves.
            let body = unsafe { record.body() };
            self.named.push(page::Waiting {
                name: name.to_owned(),
                spawned_at: body.spawned_at.to_string(),
                waits_for: still.waits_for(id),
            });
        }
        self.longest = self.longest.max(still.visited());
        !self.first.is_empty()
    }
}
