//! Which blocks should live in another region, or have copies: the mind of the policy `locality`.
//!
//! It sees who used which block from which region since its last look, and how far that was. A block moves if what the move would
//! have saved lately is more than what the move costs, and a good part of what the block costs now. Each act is rated by what it
//! was to better, as Dhalion does it (Floratou et al., "Dhalion: self-regulating stream processing in Heron", VLDB 2017): what did
//! not help is undone, and not tried again soon.

use std::collections::BTreeMap;

/// What the engines of one region did to one block while it lived in one place, since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The block, by a number of the caller's.
    pub block: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The region that held it, or the copy that was read.
    pub home: u16,
    /// The engines' region.
    pub region: u16,
    /// Bytes that they declared to read.
    pub read: u64,
    /// Bytes that they declared to write.
    pub written: u64,
}

/// What is to be done to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It should live there.
    Move {
        /// The block.
        block: u64,
        /// The region.
        to: u16,
    },
    /// Each region that reads it should have a copy.
    Replicate {
        /// The block.
        block: u64,
    },
}

/// An engine asks for a look when it has used so many bytes of blocks, and each of them so many times on average: that shows
/// who uses what, and costs little beside it.
pub const LOOK_BYTES: u64 = 128 << 10;
/// See [`LOOK_BYTES`].
pub const LOOK_TIMES: u64 = 4;
/// And when so much time has passed since the last look, in nanoseconds: a control engine that has no core of its own takes that of
/// others.
pub const LOOK_NS: u64 = 1_000_000;

/// A block that was not seen for so many looks is forgotten.
const FORGET: u64 = 64;
/// At most so many blocks are known at a time.
const MOST: usize = 1 << 16;
/// An act must save one part in so many of what a block costs.
pub(super) const WORTH: u64 = 4;
/// A block has copies only if so many times as much of it is read as is written.
const HARDLY: u64 = 16;
/// What helps leaves at most this many parts in [`OF`] of the cost.
const LEFT: u128 = 3;
const OF: u128 = 4;
/// How many looks a block rests after an act that did not help, the first time; then twice as many each time.
pub(super) const REST: u64 = 4;
pub(super) const REST_MOST: u64 = 256;
/// An act of which nothing is seen for so many looks is called off.
pub(super) const UNSEEN: u64 = 16;

/// Costs and what they are for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    cost: u64,
    pub(super) bytes: u64,
}

impl Rate {
    pub(super) fn add(&mut self, cost: u64, bytes: u64) {
        self.cost = self.cost.saturating_add(cost);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether this is so much less than before that what was done in between has helped.
    pub(super) fn is_better_than(self, before: Rate) -> bool {
        let (now, then) = (u128::from(self.cost), u128::from(before.cost));
        now * u128::from(before.bytes) * OF <= then * u128::from(self.bytes) * LEFT
    }
}

/// An act that is to be rated.
#[derive(Clone, Copy, Debug)]
struct Tried {
    /// Where it was before.
    from: u16,
    /// Where it is to go; `None` if it is to have copies.
    to: Option<u16>,
    before: Rate,
    after: Rate,
    since: u64,
}

#[derive(Clone, Debug)]
struct Known {
    bytes: u64,
    home: u16,
    /// Of each region what it read and wrote: half of what it was at each look, and what is new.
    demand: Vec<[u64; 2]>,
    /// What it cost, halved likewise.
    paid: Rate,
    tried: Option<Tried>,
    rests_until: u64,
    rest: u64,
    seen_at: u64,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Locality {
    /// How much farther than its own memory each region's is from each, in tenths of the former.
    far: Vec<Vec<u64>>,
    /// Whether blocks can go to a region.
    can_hold: Vec<bool>,
    blocks: BTreeMap<u64, Known>,
    looks: u64,
}

impl Locality {
    /// For regions of which each one's memory is so much farther from each than its own, in tenths of the latter
    /// ([`Regions::far`](super::placement::Regions::far)), and of which some can hold blocks.
    pub fn new(far: Vec<Vec<u64>>, can_hold: Vec<bool>) -> Self {
        Locality {
            far,
            can_hold,
            blocks: BTreeMap::new(),
            looks: 0,
        }
    }

    /// A look at what was done since the last one, and what is to be done now.
    pub fn look(&mut self, seen: &[Seen]) -> Vec<Act> {
        self.looks += 1;
        let now = self.looks;
        for one in seen {
            self.note(one);
        }
        let (far, can_hold) = (&self.far, &self.can_hold);
        let acts = self
            .blocks
            .iter_mut()
            .filter(|(_, known)| known.seen_at == now);
        let acts = acts.filter_map(|(block, known)| known.decide(*block, far, can_hold, now));
        let acts = acts.collect();
        (self.blocks).retain(|_, known| now - known.seen_at < FORGET);
        acts
    }

    fn note(&mut self, one: &Seen) {
        let (regions, now) = (self.far.len(), self.looks);
        if !self.blocks.contains_key(&one.block) && self.blocks.len() >= MOST {
            return;
        }
        let known = self.blocks.entry(one.block).or_insert_with(|| Known {
            bytes: one.bytes,
            home: one.home,
            demand: vec![[0; 2]; regions],
            paid: Rate::default(),
            tried: None,
            rests_until: 0,
            rest: REST,
            seen_at: now,
        });
        known.fade(now);
        let sums = &mut known.demand[usize::from(one.region)];
        sums[0] = sums[0].saturating_add(one.read);
        sums[1] = sums[1].saturating_add(one.written);
        let bytes = one.read.saturating_add(one.written);
        let far = self.far[usize::from(one.region)][usize::from(one.home)];
        let cost = bytes.saturating_mul(far);
        known.paid.add(cost, bytes);
        // A copy is where its reader is; so who has something from elsewhere tells where the original is, and so does a writer.
        if one.home != one.region || one.written > 0 {
            known.home = one.home;
        }
        if let Some(tried) = &mut known.tried
            && tried.to.is_none_or(|to| to == one.home)
        {
            tried.after.add(cost, bytes);
        }
    }
}

impl Known {
    /// Halves what is old, once a look.
    fn fade(&mut self, now: u64) {
        let looks = (now - self.seen_at).min(63);
        if looks > 0 {
            self.seen_at = now;
            for sums in &mut self.demand {
                *sums = sums.map(|sum| sum >> looks);
            }
            self.paid.cost >>= looks;
            self.paid.bytes >>= looks;
        }
    }

    /// What its accesses cost if it lives there.
    fn cost_at(&self, far: &[Vec<u64>], home: usize) -> u64 {
        let one = |(sums, far): (&[u64; 2], &Vec<u64>)| {
            (sums[0].saturating_add(sums[1])).saturating_mul(far[home])
        };
        let costs = self.demand.iter().zip(far).map(one);
        costs.fold(0, u64::saturating_add)
    }

    fn decide(&mut self, block: u64, far: &[Vec<u64>], can_hold: &[bool], now: u64) -> Option<Act> {
        if let Some(tried) = self.tried {
            return self.rate(block, tried, now);
        }
        if now < self.rests_until {
            return None;
        }
        let home = usize::from(self.home);
        let cost = self.cost_at(far, home);
        let homes = (0..far.len()).filter(|region| can_hold[*region]);
        let costs = homes.map(|region| (self.cost_at(far, region), region));
        // Of equal ones the one where it is.
        let best = costs.min_by_key(|(cost, region)| (*cost, *region != home));
        let (least, to) = best.unwrap_or((cost, home));
        let moved = cost - least.min(cost);
        let move_cost = self.bytes.saturating_mul(far[to][home]);

        let sum = |which: usize| self.demand.iter().map(|sums| sums[which]).sum::<u64>();
        let (read, written) = (sum(0), sum(1));
        let readers =
            (0..far.len()).filter(|region| *region != home && self.demand[*region][0] > 0);
        let copies_cost = readers
            .clone()
            .map(|region| self.bytes.saturating_mul(far[region][home]));
        let copies_cost = copies_cost.fold(0, u64::saturating_add);
        let copied = readers.map(|region| self.demand[region][0].saturating_mul(far[region][home]));
        let copied = copied.fold(0, u64::saturating_add);
        let may_copy = written.saturating_mul(HARDLY) <= read;

        let is_worth = |saved: u64, costs: u64| saved > costs && saved >= cost / WORTH;
        // What one region alone reads is better off there.
        let (act, to) = if may_copy && is_worth(copied, copies_cost) && least > 0 {
            (Act::Replicate { block }, None)
        } else if to != home && is_worth(moved, move_cost) {
            let to = to as u16;
            (Act::Move { block, to }, Some(to))
        } else {
            return None;
        };
        self.tried = Some(Tried {
            from: self.home,
            to,
            before: self.paid,
            after: Rate::default(),
            since: now,
        });
        Some(act)
    }

    /// Rates an act when enough was done since to tell.
    fn rate(&mut self, block: u64, tried: Tried, now: u64) -> Option<Act> {
        if tried.after.bytes < self.bytes {
            if now - tried.since <= UNSEEN {
                return None;
            }
            // A wish that stays keeps readers from the short way to the block.
            self.tried = None;
            self.rests_until = now + self.rest;
            let to = self.home;
            return Some(Act::Move { block, to });
        }
        self.tried = None;
        if tried.after.is_better_than(tried.before) {
            self.rest = (self.rest / 2).max(REST);
            return None;
        }
        self.rests_until = now + self.rest;
        self.rest = (self.rest * 2).min(REST_MOST);
        // Copies go with the next write.
        tried.to.map(|_| Act::Move {
            block,
            to: tried.from,
        })
    }
}

#[cfg(test)]
mod tests;
