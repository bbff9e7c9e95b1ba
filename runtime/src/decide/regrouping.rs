//! Which groups of codelets should run in another region: the part of the policy `locality` that brings codelets to their data.
//!
//! A group that is sent elsewhere costs next to nothing beside a block that is. So groups are looked at first, and what a group
//! will use counts as used from where it goes ([`super::locality`] then sees that). But if all groups went where all data is, few
//! engines would have all the work: none goes where more would be done afterwards than is done where it comes from. Acts are rated like those on
//! blocks: what did not help is undone, and not tried again soon.

use super::locality::{REST, REST_MOST, Rate, UNSEEN, WORTH};
use crate::mutants::mutant;
use std::collections::BTreeMap;

/// What members of one group did in one region to memory of one, since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenGroup {
    /// The group, by its number; `None`: codelets that are in none. They are somewhere, too.
    pub group: Option<u16>,
    /// The engines' region.
    pub region: u16,
    /// The region that held what they used.
    pub home: u16,
    /// How much that was.
    pub bytes: u64,
}

/// A group that was not seen for so many looks is forgotten.
const FORGET: u64 = 64;
/// Of a group so much must be seen, in bytes, before it is sent elsewhere or rated.
const ENOUGH: u64 = 64 << 10;

#[derive(Clone, Copy, Debug)]
struct Tried {
    from: u16,
    to: u16,
    before: Rate,
    /// Since then, and there: members that were queued elsewhere before say nothing of it.
    after: Rate,
    since: u64,
}

#[derive(Clone, Debug)]
struct Known {
    /// Bytes that it used of each region's memory: half of what it was at each look, and what is new.
    demand: Vec<u64>,
    /// The region where most of that was done lately.
    at: u16,
    /// What was done since the last look, and what it cost.
    new: Rate,
    tried: Option<Tried>,
    rests_until: u64,
    rest: u64,
    seen_at: u64,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Regrouping {
    far: Vec<Vec<u64>>,
    /// How many engines each region has.
    engines: Vec<u64>,
    groups: BTreeMap<u16, Known>,
    looks: u64,
}

impl Regrouping {
    /// For regions of which each one's memory is so much farther from each than its own
    /// ([`Regions::far`](super::placement::Regions::far)), and which have so many engines.
    pub fn new(far: Vec<Vec<u64>>, engines: Vec<u64>) -> Self {
        Regrouping {
            far,
            engines,
            groups: BTreeMap::new(),
            looks: 0,
        }
    }

    /// A look at what was done since the last one: the groups that should be in another region, and in which.
    pub fn look(&mut self, seen: &[SeenGroup]) -> Vec<(u16, u16)> {
        self.looks += 1;
        let now = self.looks;
        let mut done = vec![0u64; self.far.len()];
        let mut of_groups: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
        for one in seen {
            let region = usize::from(one.region);
            done[region] = done[region].saturating_add(one.bytes);
            if let Some(group) = one.group {
                self.note(group, one);
                let by_region = of_groups.entry(group);
                let by_region = by_region.or_insert_with(|| vec![0; self.far.len()]);
                by_region[region] = by_region[region].saturating_add(one.bytes);
            }
        }
        let mut acts = Vec::new();
        for (group, by_region) in of_groups {
            let Some(known) = self.groups.get_mut(&group) else {
                continue;
            };
            let most = (0..by_region.len()).max_by_key(|region| by_region[*region]);
            known.at = most.map_or(known.at, |region| region as u16);
            if let Some(to) = known.decide(&by_region, &self.far, &self.engines, &done, now) {
                for (done, own) in done.iter_mut().zip(&by_region) {
                    *done = done.saturating_sub(*own);
                }
                let there = &mut done[usize::from(to)];
                *there = there.saturating_add(sum(&by_region));
                acts.push((group, to));
            }
        }
        (self.groups).retain(|_, known| now - known.seen_at < FORGET);
        acts
    }

    /// A group could not be sent where it should be: it is where it was, and is left there for a while.
    pub fn failed(&mut self, group: u16) {
        if let Some(known) = self.groups.get_mut(&group) {
            known.tried = None;
            known.rests_until = self.looks + known.rest;
        }
    }

    fn note(&mut self, group: u16, one: &SeenGroup) {
        let (regions, now) = (self.far.len(), self.looks);
        let known = self.groups.entry(group).or_insert_with(|| Known {
            demand: vec![0; regions],
            at: one.region,
            new: Rate::default(),
            tried: None,
            rests_until: 0,
            rest: REST,
            seen_at: now,
        });
        let looks = (now - known.seen_at).min(63);
        if looks > 0 {
            known.seen_at = now;
            known.new = Rate::default();
            known.demand.iter_mut().for_each(|sum| *sum >>= looks);
        }
        let home = usize::from(one.home);
        known.demand[home] = known.demand[home].saturating_add(one.bytes);
        let far = self.far[usize::from(one.region)][home];
        let cost = one.bytes.saturating_mul(far);
        known.new.add(cost, one.bytes);
        if let Some(tried) = &mut known.tried
            && tried.to == one.region
        {
            tried.after.add(cost, one.bytes);
        }
    }
}

fn sum(bytes: &[u64]) -> u64 {
    bytes.iter().copied().fold(0, u64::saturating_add)
}

impl Known {
    /// What it would have cost in a region.
    fn cost_at(&self, far: &[u64]) -> u64 {
        let costs = self.demand.iter().zip(far);
        costs.fold(0, |sum, (bytes, far)| {
            sum.saturating_add(bytes.saturating_mul(*far))
        })
    }

    fn decide(
        &mut self,
        by_region: &[u64],
        far: &[Vec<u64>],
        engines: &[u64],
        done: &[u64],
        now: u64,
    ) -> Option<u16> {
        if let Some(tried) = self.tried {
            return self.rate(tried, now);
        }
        if now < self.rests_until || sum(&self.demand) < ENOUGH {
            return None;
        }
        let here = usize::from(self.at);
        let cost = self.cost_at(&far[here]);
        // None has more to do afterwards than the one that it leaves has now.
        let is_free = |to: usize| {
            let others = done[to].saturating_sub(by_region[to]);
            let there = u128::from(others.saturating_add(sum(by_region)));
            there * u128::from(engines[here]) <= u128::from(done[here]) * u128::from(engines[to])
        };
        let others = (0..far.len()).filter(|to| *to != here && engines[*to] > 0);
        let others = others.filter(|to| is_free(*to) || mutant!("groups_go_where_all_are"));
        let costs = others.map(|to| (self.cost_at(&far[to]), to));
        let (least, to) = costs.min()?;
        if least >= cost || cost - least < cost / WORTH {
            return None;
        }
        self.tried = Some(Tried {
            from: self.at,
            to: to as u16,
            before: self.new,
            after: Rate::default(),
            since: now,
        });
        Some(to as u16)
    }

    /// Rates an act when enough was done since to tell: what did not help is undone, and what did not come about is called off.
    fn rate(&mut self, tried: Tried, now: u64) -> Option<u16> {
        if tried.after.bytes < ENOUGH {
            if now - tried.since <= UNSEEN {
                return None;
            }
            self.tried = None;
            self.rests_until = now + self.rest;
            return (self.at != tried.to).then_some(self.at);
        }
        self.tried = None;
        if tried.after.is_better_than(tried.before) {
            self.rest = (self.rest / 2).max(REST);
            return None;
        }
        self.rests_until = now + self.rest;
        self.rest = (self.rest * 2).min(REST_MOST);
        Some(tried.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Three regions, the last one far from both, with two engines each.
    fn mind() -> Regrouping {
        let far = vec![vec![0, 10, 20], vec![10, 0, 20], vec![20, 20, 0]];
        Regrouping::new(far, vec![2; 3])
    }

    fn seen(group: u16, region: u16, home: u16, bytes: u64) -> SeenGroup {
        SeenGroup {
            group: Some(group),
            region,
            home,
            bytes,
        }
    }

    #[test]
    fn a_group_goes_where_its_data_is() {
        let mut mind = mind();
        assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), [(1, 2)]);
        // There it is rated, and stays.
        for _ in 0..10 {
            assert_eq!(mind.look(&[seen(1, 2, 2, MIB)]), []);
        }
    }

    #[test]
    fn one_that_uses_all_alike_or_is_where_its_data_is_stays() {
        let mut mind = mind();
        for _ in 0..10 {
            let alike = [seen(1, 0, 0, MIB), seen(1, 0, 1, MIB)];
            assert_eq!(mind.look(&alike), []);
            assert_eq!(mind.look(&[seen(2, 1, 1, MIB)]), []);
        }
    }

    #[test]
    fn too_little_to_tell_moves_nothing() {
        assert_eq!(mind().look(&[seen(1, 0, 2, ENOUGH - 1)]), []);
    }

    #[test]
    fn groups_do_not_all_go_where_all_data_is() {
        let mut mind = mind();
        // Each region has two groups, and all use what is in the first one.
        let all: Vec<SeenGroup> = (0..6).map(|group| seen(group, group / 2, 0, MIB)).collect();
        assert_eq!(mind.look(&all), []);
        // Where it is free they do.
        assert_eq!(mind.look(&all[4..]), [(4, 0), (5, 1)]);
        // Those in no group count as well.
        let mut mind = self::mind();
        let busy = SeenGroup {
            group: None,
            ..seen(0, 0, 0, 9 * MIB)
        };
        assert_eq!(mind.look(&[busy, all[4]]), [(4, 1)]);
    }

    #[test]
    fn what_a_group_does_beside_its_new_place_does_not_rate_it() {
        let mut mind = mind();
        assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), [(1, 2)]);
        // Members that were queued before it was sent.
        assert_eq!(mind.look(&[seen(1, 0, 2, 9 * MIB)]), []);
        for _ in 0..40 {
            assert_eq!(mind.look(&[seen(1, 2, 2, MIB)]), []);
        }
    }

    #[test]
    fn one_that_never_arrives_is_called_off_and_sent_again_after_a_rest() {
        let mut mind = mind();
        let acts: Vec<_> = (0..40)
            .flat_map(|look| {
                let acts = mind.look(&[seen(1, 0, 2, MIB)]);
                acts.into_iter().map(move |act| (look, act))
            })
            .collect();
        let off = UNSEEN + 1;
        let meant = [
            (0, (1, 2)),
            (off, (1, 0)),
            (off + REST, (1, 2)),
            (2 * off + REST, (1, 0)),
        ];
        assert_eq!(acts, meant);
    }

    #[test]
    fn one_that_could_not_be_sent_rests_and_is_not_undone() {
        let mut mind = mind();
        assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), [(1, 2)]);
        mind.failed(1);
        mind.failed(9);
        for _ in 1..REST {
            assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), []);
        }
        assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), [(1, 2)]);
    }

    #[test]
    fn what_a_group_did_where_it_goes_counts_once() {
        let mut mind = mind();
        let busy = SeenGroup {
            group: None,
            ..seen(0, 0, 0, 3 * MIB)
        };
        // 5 MiB there afterwards, of 6 here now.
        let all = [busy, seen(1, 0, 2, 3 * MIB), seen(1, 2, 2, 2 * MIB)];
        assert_eq!(mind.look(&all), [(1, 2)]);
    }

    #[test]
    fn what_did_not_help_is_undone_and_not_tried_again_soon() {
        let mut mind = mind();
        // Its data seems to be elsewhere each time.
        assert_eq!(mind.look(&[seen(1, 0, 2, MIB)]), [(1, 2)]);
        assert_eq!(mind.look(&[seen(1, 2, 0, MIB)]), [(1, 0)]);
        let mut again = Vec::new();
        for look in 0..40 {
            let acts = mind.look(&[seen(1, 0, 2, MIB)]);
            if !acts.is_empty() {
                again.push(look);
                assert_eq!(mind.look(&[seen(1, 2, 0, MIB)]), [(1, 0)]);
            }
        }
        assert!(again[0] >= 3, "{again:?}");
        assert!(again.len() < 5, "{again:?}");
        assert!(
            again.windows(2).all(|two| two[1] - two[0] >= 4),
            "{again:?}"
        );
    }
}
