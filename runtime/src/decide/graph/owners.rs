//! Which engine runs what.

use super::{Owner, Program, Use};
use crate::access::Mode;
use std::collections::HashMap;

/// What a codelet says about where it would run, and what it costs. Each codelet of a graph keeps one: 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// An engine, and whether it must be that one.
    pub at: Option<Owner>,
    /// Codelets with the same number stay together.
    pub group: Option<u16>,
    /// Nanoseconds that it will take, or 0 if nothing is known.
    pub cost: u32,
}

/// Codelets without a wish that stay together, since they write the same block or belong to the same group.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    load: u64,
    home: u16,
}

/// The speed of an engine that is as fast as others.
pub const EVEN: u32 = 1000;

/// Of each codelet the engine that runs it: the one that it asks for; else that of the block it writes, as long as
/// the blocks' homes share the work fairly, or else that of its share of the blocks in the order of their first use. What
/// writes no block stays with what it reads, as long as that engine has not too much to do.
pub fn owners(program: &Program, xes: u16) -> Vec<Owner> {
    assign(program, &vec![EVEN; usize::from(xes)], true)
}

/// The same for engines of these speeds, as a re-plan does it: an engine that a codelet only would like to run on counts as the home of
/// what it writes.
pub fn owners_at(program: &Program, speeds: &[u32]) -> Vec<Owner> {
    assign(program, speeds, false)
}

/// How long the engine with the most to do takes, in thousandths of a nanosecond (or of a codelet, if costs are not known): whole
/// codelets would be too coarse to tell plans apart.
pub fn round_time(program: &Program, owners: &[Owner], speeds: &[u32]) -> u128 {
    let mut loads = vec![0; speeds.len()];
    for (wish, owner) in program.wishes.iter().zip(owners) {
        loads[usize::from(owner.xe)] += u64::from(wish.cost.max(1));
    }
    most(&loads, speeds)
}

/// How long an engine takes for its load, in thousandths of what an even one takes for a load of 1.
fn time(load: u64, speed: u32) -> u128 {
    u128::from(load) * u128::from(EVEN * EVEN) / u128::from(speed.max(1))
}

/// How long the one takes that takes longest.
pub(super) fn most(loads: &[u64], speeds: &[u32]) -> u128 {
    let times = loads.iter().zip(speeds);
    times
        .map(|(&load, &speed)| time(load, speed))
        .max()
        .unwrap_or(0)
}

/// A wish binds if it is for one engine only, or if all `wishes_bind`.
fn assign(program: &Program, speeds: &[u32], wishes_bind: bool) -> Vec<Owner> {
    let xes = speeds.len() as u16;
    if xes == 1 {
        let only = |wish: &Wish| wish.at.is_some_and(|owner| owner.only);
        let owner = |wish| Owner {
            xe: 0,
            only: only(wish),
        };
        return program.wishes.iter().map(owner).collect();
    }
    let cost = |codelet: u32| u64::from(program.wishes[codelet as usize].cost.max(1));
    let bound = |wish: &Wish| wish.at.filter(|owner| owner.only || wishes_bind);
    let all = 0..program.len() as u32;
    let mut loads = vec![0u64; usize::from(xes)];
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut by_cell: Vec<u32> = vec![u32::MAX; program.cells()];
    let mut by_group: HashMap<u16, u32> = HashMap::new();
    let mut cluster_of: Vec<u32> = vec![u32::MAX; program.len()];
    for codelet in all.clone() {
        let wish = &program.wishes[codelet as usize];
        if let Some(owner) = bound(wish) {
            loads[usize::from(owner.xe)] += cost(codelet);
            continue;
        }
        let written = program.uses(codelet).iter().find_map(|one| {
            let home = program.home(one.cell);
            home.filter(|_| one.mode.writes()).map(|home| (one, home))
        });
        let mut alone = u32::MAX;
        let place = match (wish.group, written, wish.at) {
            (None, None, None) => continue,
            (None, None, Some(_)) => &mut alone,
            (None, Some((one, _)), _) => &mut by_cell[one.cell as usize],
            (Some(group), ..) => by_group.entry(group).or_insert(u32::MAX),
        };
        if *place == u32::MAX {
            *place = clusters.len() as u32;
            let home = written.map_or(0, |(_, home)| home % xes);
            clusters.push(Cluster {
                load: 0,
                home: wish.at.map_or(home, |owner| owner.xe),
            });
        }
        cluster_of[codelet as usize] = *place;
        clusters[*place as usize].load += cost(codelet);
    }
    let placed = place(&clusters, &mut loads, speeds);
    let total: u64 = all.clone().map(cost).sum();
    // With less than this between them two engines count as equally busy.
    let slack = total / (8 * u64::from(xes)) + 1;
    let mut owners: Vec<Owner> = Vec::with_capacity(program.len());
    let mut made_by: Vec<u32> = vec![u32::MAX; program.cells()];
    for codelet in all {
        let wish = &program.wishes[codelet as usize];
        let uses = program.uses(codelet);
        let xe = match (bound(wish), cluster_of[codelet as usize]) {
            (Some(owner), _) => owner.xe,
            (None, u32::MAX) => {
                // A lane that it adds to is where others have added, and not what it reads.
                let reads = |one: &&Use| one.mode.reads() && !matches!(one.mode, Mode::Reduce(_));
                let read = uses.iter().filter(reads).flat_map(|one| {
                    let parts = program.overlaps(one.cell).iter().map(|other| other.cell);
                    parts.chain([one.cell])
                });
                let makers = read.map(|cell| made_by[cell as usize]);
                let last = makers.filter(|&maker| maker != u32::MAX).max();
                let xe = follow(
                    last.map(|maker| owners[maker as usize].xe),
                    cost(codelet),
                    &loads,
                    speeds,
                    slack,
                );
                loads[usize::from(xe)] += cost(codelet);
                xe
            }
            (None, cluster) => placed[cluster as usize],
        };
        for one in uses.iter().filter(|one| one.mode.writes()) {
            made_by[one.cell as usize] = codelet;
        }
        owners.push(Owner {
            xe,
            only: wish.at.is_some_and(|owner| owner.only),
        });
    }
    owners
}

/// The engine of the last one that made what a codelet of this cost reads, unless another one would be done with it sooner by more than
/// the slack.
fn follow(maker: Option<u16>, cost: u64, loads: &[u64], speeds: &[u32], slack: u64) -> u16 {
    let times: Vec<u128> = (loads.iter().zip(speeds))
        .map(|(&load, &speed)| time(load + cost, speed))
        .collect();
    let (least, soonest) = (times.iter().enumerate())
        .min_by_key(|(_, time)| **time)
        .expect("there are engines");
    match maker {
        Some(xe) if times[usize::from(xe)] <= soonest + time(slack, EVEN) => xe,
        _ => least as u16,
    }
}

/// The engine of each cluster; what that adds to the loads is added.
fn place(clusters: &[Cluster], loads: &mut Vec<u64>, speeds: &[u32]) -> Vec<u16> {
    let mut by_home = loads.clone();
    for cluster in clusters {
        by_home[usize::from(cluster.home)] += cluster.load;
    }
    let mut shared = loads.clone();
    let shares = share_out(clusters, &mut shared, speeds);
    let best = most(&shared, speeds);
    // Data stays where it is unless that costs more than a quarter of the time.
    if most(&by_home, speeds) <= best + best / 4 {
        *loads = by_home;
        return clusters.iter().map(|cluster| cluster.home).collect();
    }
    *loads = shared;
    shares
}

/// Contiguous shares, in the order of the clusters' first use: what each engine's speed makes of all, less what it has already. A
/// cluster goes where its middle falls.
fn share_out(clusters: &[Cluster], loads: &mut [u64], speeds: &[u32]) -> Vec<u16> {
    let shared: u64 = clusters.iter().map(|cluster| cluster.load).sum();
    let total = u128::from(loads.iter().sum::<u64>() + shared);
    let together: u128 = speeds.iter().map(|&speed| u128::from(speed)).sum();
    let room = |(&load, &speed): (&u64, &u32)| {
        (total * u128::from(speed)).saturating_sub(u128::from(load) * together)
    };
    let rooms: Vec<u128> = loads.iter().zip(speeds).map(room).collect();
    let all_room: u128 = rooms.iter().sum();
    let (mut xe, mut up_to, mut before) = (0, rooms[0], 0);
    let mut placed = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        let middle = u128::from(2 * before + cluster.load) * all_room;
        while xe + 1 < rooms.len() && 2 * u128::from(shared) * up_to <= middle {
            xe += 1;
            up_to += rooms[xe];
        }
        before += cluster.load;
        loads[xe] += cluster.load;
        placed.push(xe as u16);
    }
    placed
}
