//! The plan of a runtime: which engines there are, where they sit, and how much of a core each control engine owns.

use crate::error::{Error, ErrorKind, Result};
use crate::topology::Topology;
use std::fmt;

/// How much of a core a control engine owns. A program's result never depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CeMode {
    /// None: it sleeps, and wakes when there is something to decide.
    Shared,
    /// One, on which it runs codelets while it has nothing to decide.
    Elastic,
    /// One, polling while there is work.
    Dedicated,
}

impl fmt::Display for CeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CeMode::Shared => "shared",
            CeMode::Elastic => "elastic",
            CeMode::Dedicated => "dedicated",
        })
    }
}

impl std::str::FromStr for CeMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "shared" => Ok(CeMode::Shared),
            "elastic" => Ok(CeMode::Elastic),
            "dedicated" => Ok(CeMode::Dedicated),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{text}` is no mode of a control engine; use `shared`, `elastic` or `dedicated`"
                ),
            )),
        }
    }
}

/// What the user asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// So many execution engines; `None`: as many as the machine has room for.
    pub xes: Option<usize>,
    /// The mode of the control engines; `None`: by the topology.
    pub mode: Option<CeMode>,
    /// More engines than cores are wanted.
    pub oversubscribe: bool,
}

/// One execution engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XePlan {
    /// The operating system's number of the hardware thread it is pinned to.
    pub cpu: u32,
    /// The core, by its place in the topology.
    pub core: usize,
    /// The memory region, by its place in the topology.
    pub region: usize,
    /// The domain, by its place in the plan.
    pub domain: usize,
}

/// One domain and its control engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainPlan {
    /// Its execution engines, by their places in the plan.
    pub xes: std::ops::Range<usize>,
    /// The hardware threads that its control engine may run on: one if it has a core of its own, else the domain's.
    pub ce_cpus: Vec<u32>,
    /// The last-level cache group, by its place in the topology.
    pub cache_group: usize,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The execution engines, domain by domain.
    pub xes: Vec<XePlan>,
    /// The domains.
    pub domains: Vec<DomainPlan>,
    /// The mode of the control engines.
    pub mode: CeMode,
    /// Why this mode.
    pub reason: String,
    /// How many memory regions the machine has.
    pub regions: usize,
    /// More engines than cores.
    pub oversubscribed: bool,
}

/// From this many cores in each domain on, a core of its own for the control engine pays: it runs codelets there
/// most of the time, and what it decides is worth more the more engines there are.
const ELASTIC_FROM: usize = 8;
/// More engines than this are refused, whatever was asked for.
const MOST_XES: usize = 4096;

/// Plans. Physical cores come first; the second hardware threads of cores are used only when more engines are asked
/// for than there are cores.
pub fn plan(topology: &Topology, wishes: &Wishes) -> Result<Plan> {
    let cores = topology.cores.len();
    let smallest = (topology.cache_groups.iter().map(|group| group.cores.len()))
        .filter(|&cores| cores > 0)
        .min()
        .unwrap_or(0);
    let (mode, reason) = match wishes.mode {
        Some(mode) => (mode, "asked for".to_owned()),
        None => choose_mode(smallest, wishes.xes.unwrap_or(cores)),
    };
    let seats = places(topology);
    let own_core = usize::from(mode == CeMode::Dedicated);
    let domains_at_most = topology
        .cache_groups
        .iter()
        .filter(|group| !group.cores.is_empty());
    let room = cores
        .saturating_sub(own_core * domains_at_most.count())
        .max(1);
    let wanted = wishes.xes.unwrap_or(room);
    check_count(wanted, topology, wishes)?;
    let chosen = choose(&seats, wanted, own_core, wishes.xes.is_none());
    Ok(assemble(topology, chosen, mode, reason, wanted))
}

fn choose_mode(smallest_domain: usize, xes: usize) -> (CeMode, String) {
    if smallest_domain >= ELASTIC_FROM && xes >= ELASTIC_FROM {
        let reason = format!(
            "each last-level cache has {smallest_domain} cores or more, so one for its control engine, which runs codelets there too, pays"
        );
        (CeMode::Elastic, reason)
    } else {
        let reason = format!(
            "{xes} engine(s), {smallest_domain} core(s) to the smallest last-level cache: too few to give one to a control engine (from {ELASTIC_FROM} on it pays)"
        );
        (CeMode::Shared, reason)
    }
}

fn check_count(wanted: usize, topology: &Topology, wishes: &Wishes) -> Result<()> {
    let threads = topology.threads();
    let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
    if wanted == 0 {
        return refuse(
            "zero execution engines cannot run anything; ask for at least one".to_owned(),
        );
    }
    if wanted > threads && !wishes.oversubscribe {
        return refuse(format!(
            "{wanted} execution engines on {threads} usable hardware thread(s): they would take turns; ask for {threads} or fewer, or allow it with `oversubscribe(true)` or SPRAT_OVERSUBSCRIBE=1"
        ));
    }
    if wanted > MOST_XES {
        return refuse(format!(
            "{wanted} execution engines are more than the {MOST_XES} that one runtime can have"
        ));
    }
    Ok(())
}

/// A hardware thread that an engine can sit on.
#[derive(Clone, Copy)]
struct Place {
    cpu: u32,
    core: usize,
    region: usize,
    group: usize,
}

/// All places, group by group; within a group each core's first hardware thread, then their second ones, and so on.
fn places(topology: &Topology) -> Vec<Vec<Place>> {
    let of_group = |(group, cores): (usize, &Vec<usize>)| {
        let most = cores
            .iter()
            .map(|&c| topology.cores[c].cpus.len())
            .max()
            .unwrap_or(0);
        let rows = (0..most).flat_map(|turn| cores.iter().map(move |&core| (turn, core)));
        rows.filter_map(|(turn, core)| {
            let c = &topology.cores[core];
            c.cpus.get(turn).map(|&cpu| Place {
                cpu,
                core,
                region: c.region,
                group,
            })
        })
        .collect()
    };
    let groups = topology
        .cache_groups
        .iter()
        .map(|group| &group.cores)
        .enumerate();
    groups
        .map(of_group)
        .filter(|places: &Vec<Place>| !places.is_empty())
        .collect()
}

/// Chooses `wanted` places, filling whole groups (engines that share a cache cooperate best), cores before second
/// threads. `spare` cores of each group are left for its control engine while there are others.
fn choose(groups: &[Vec<Place>], wanted: usize, spare: usize, all: bool) -> Vec<Vec<Place>> {
    let mut chosen: Vec<Vec<Place>> = vec![Vec::new(); groups.len()];
    let mut left = wanted;
    let cores_of = |places: &Vec<Place>| {
        let first = places.first().map(|p| p.core);
        let repeat = places.iter().skip(1).position(|p| Some(p.core) == first);
        repeat.map_or(places.len(), |at| at + 1)
    };
    for keep_spare in [true, false] {
        for (group, places) in groups.iter().enumerate() {
            let cores = cores_of(places);
            let room = if keep_spare {
                cores.saturating_sub(spare)
            } else {
                cores
            };
            let more = room.saturating_sub(chosen[group].len()).min(left);
            let from = chosen[group].len();
            chosen[group].extend(&places[from..from + more]);
            left -= more;
        }
        if all && left == 0 {
            return chosen;
        }
    }
    for (group, places) in groups.iter().enumerate() {
        let from = chosen[group].len();
        let more = (places.len() - from).min(left);
        chosen[group].extend(&places[from..from + more]);
        left -= more;
    }
    // More engines than hardware threads: around again, as was asked for.
    let everything: Vec<Place> = groups.iter().flatten().copied().collect();
    for (turn, place) in everything.iter().cycle().enumerate() {
        if left == 0 {
            break;
        }
        let group = groups
            .iter()
            .position(|g| g[0].group == place.group)
            .unwrap_or(turn % groups.len());
        chosen[group].push(*place);
        left -= 1;
    }
    chosen
}

fn assemble(
    topology: &Topology,
    chosen: Vec<Vec<Place>>,
    mode: CeMode,
    reason: String,
    wanted: usize,
) -> Plan {
    let (mut xes, mut domains) = (Vec::new(), Vec::new());
    for places in chosen.iter().filter(|places| !places.is_empty()) {
        let domain = domains.len();
        let from = xes.len();
        xes.extend(places.iter().map(|p| XePlan {
            cpu: p.cpu,
            core: p.core,
            region: p.region,
            domain,
        }));
        let cache_group = places[0].group;
        domains.push(DomainPlan {
            xes: from..xes.len(),
            ce_cpus: ce_cpus(topology, cache_group, places, mode),
            cache_group,
        });
    }
    Plan {
        xes,
        domains,
        mode,
        reason,
        regions: topology.regions.len().max(1),
        oversubscribed: wanted > topology.threads(),
    }
}

fn ce_cpus(topology: &Topology, group: usize, places: &[Place], mode: CeMode) -> Vec<u32> {
    let cpus: Vec<u32> = (topology.cache_groups[group].cores.iter())
        .flat_map(|&core| topology.cores[core].cpus.iter().copied())
        .collect();
    match mode {
        CeMode::Shared => cpus,
        // It runs codelets as the domain's last execution engine.
        CeMode::Elastic => places.last().map(|p| vec![p.cpu]).unwrap_or(cpus),
        CeMode::Dedicated => {
            let free_core = |cpu: &&u32| {
                let core = topology.core_of_cpu(**cpu);
                !places.iter().any(|p| Some(p.core) == core)
            };
            match cpus.iter().find(free_core) {
                Some(&cpu) => vec![cpu],
                None => cpus,
            }
        }
    }
}

#[cfg(test)]
mod tests;
