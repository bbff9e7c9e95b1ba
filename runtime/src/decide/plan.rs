//! The plan of a runtime: which engines there are, where they sit, and how much of a core each control engine owns.

// What names a plan's engines and regions. For the simulator, which sees only `decide`.
use crate::error::{Error, ErrorKind, Result};
use crate::topology::{Core, Topology};
use std::collections::BTreeSet;
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
    /// So many execution engines; `None`: one for each core that is not a control engine's own.
    pub xes: Option<usize>,
    /// The mode of the control engines; `None`: by the topology.
    pub mode: Option<CeMode>,
    /// More execution engines than hardware threads are allowed.
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
    /// Why this mode, and what became of it where cores are few. A phrase for people.
    pub reason: String,
    /// How many memory regions the machine has.
    pub regions: usize,
    /// More execution engines than hardware threads: they take turns.
    pub oversubscribed: bool,
}

impl Plan {
    /// Whether a domain's control engine polls: it is dedicated, and there is a core for it. On a core that executes
    /// codelets, polling would take the time from them.
    pub fn polls(&self, domain: usize) -> bool {
        self.mode == CeMode::Dedicated
            && self.domains.get(domain).is_some_and(|domain| {
                let xes = &self.xes[domain.xes.clone()];
                domain.ce_cpus.len() == 1 && xes.iter().all(|xe| xe.cpu != domain.ce_cpus[0])
            })
    }
}

/// From this many cores in each domain on, a core of its own for the control engine pays: it runs codelets there
/// most of the time, and what it decides is worth more the more engines there are.
const ELASTIC_FROM: usize = 8;
/// More engines than this are refused, whatever was asked for.
const MOST_XES: usize = 4096;

/// Plans: takes the best places of the machine, as many as are wanted, around again if there are too few.
///
/// # Errors
/// [`ErrorKind::Config`] for a number of engines that the machine cannot have; [`ErrorKind::Topology`] for a topology
/// put together by hand that contradicts itself.
pub fn plan(topology: &Topology, wishes: &Wishes) -> Result<Plan> {
    plan_up_to(MOST_XES, topology, wishes)
}

/// The same for machines with more engines than one runtime can have, which the simulator knows: up to so many.
///
/// # Errors
/// As [`plan`].
pub fn plan_up_to(most: usize, topology: &Topology, wishes: &Wishes) -> Result<Plan> {
    topology.check()?;
    let places = places(topology, wishes.mode == Some(CeMode::Dedicated));
    let room = places.iter().filter(|p| p.turn == 0 && !p.reserved).count();
    let wanted = how_many(room, places.len(), most, wishes)?;
    let mut seats: Vec<Place> = places.iter().copied().cycle().take(wanted).collect();
    // Stable: inside a domain the better places stay first.
    seats.sort_by_key(|place| place.group);
    let domains: Vec<&[Place]> = seats.chunk_by(|a, b| a.group == b.group).collect();
    let (mode, mut reason) = match wishes.mode {
        Some(mode) => (mode, "asked for".to_owned()),
        None => choose_mode(&domains),
    };
    let mut plan = assemble(topology, &domains, mode);
    plan.oversubscribed = wanted > places.len();
    let coreless = (0..domains.len()).filter(|&domain| !plan.polls(domain));
    let coreless = coreless.count();
    if mode == CeMode::Dedicated && coreless > 0 {
        reason += &format!(
            "; {coreless} of {} domain(s) have no core left for the control engine, which sleeps there while it has nothing to decide",
            domains.len()
        );
    }
    if wanted < wishes.xes.unwrap_or(room) {
        reason += &format!(
            "; of {room} cores {wanted} get an engine, the most that one runtime can have"
        );
    }
    plan.reason = reason;
    Ok(plan)
}

/// A hardware thread that an engine can sit on.
#[derive(Clone, Copy)]
struct Place {
    cpu: u32,
    core: usize,
    region: usize,
    group: usize,
    /// Which of its core's hardware threads it is, from 0.
    turn: usize,
    /// On the core that is left to the domain's control engine as long as others will do.
    reserved: bool,
}

/// All places, the best first: each core's first hardware thread, then their second ones (two threads of a core share
/// its units, so another core is worth more), and so on. Within that, neighbours in the machine follow each other, so
/// that few engines share few caches. `reserve` keeps the last core of each domain that has others for the end.
fn places(topology: &Topology, reserve: bool) -> Vec<Place> {
    let reserved = |core: usize| {
        let cores = &topology.cache_groups[topology.cores[core].cache_group].cores;
        reserve && cores.len() > 1 && cores.last() == Some(&core)
    };
    let threads = |(number, core): (usize, &Core)| {
        let (region, group, reserved) = (core.region, core.cache_group, reserved(number));
        let place = move |(turn, cpu)| Place {
            cpu,
            core: number,
            region,
            group,
            turn,
            reserved,
        };
        core.cpus.clone().into_iter().enumerate().map(place)
    };
    let cores = topology.cores.iter().enumerate();
    let mut places: Vec<Place> = cores.flat_map(threads).collect();
    places.sort_by_key(|place| (place.turn, place.reserved, place.group, place.core));
    places
}

/// How many engines, where there is `room` for so many on cores of their own, and so many hardware threads.
fn how_many(room: usize, threads: usize, most: usize, wishes: &Wishes) -> Result<usize> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
    let Some(wanted) = wishes.xes else {
        return Ok(room.min(most));
    };
    if wanted == 0 {
        return refuse(
            "zero execution engines cannot run anything; ask for at least one".to_owned(),
        );
    }
    if wanted > most {
        return refuse(format!(
            "{wanted} execution engines are more than one runtime can have; ask for {most} or fewer"
        ));
    }
    if wanted > threads && !wishes.oversubscribe {
        return refuse(format!(
            "{wanted} execution engines on {threads} usable hardware thread(s): they would take turns; ask for {threads} or fewer, or allow it with `oversubscribe(true)` or SPRAT_OVERSUBSCRIBE=1"
        ));
    }
    Ok(wanted)
}

fn choose_mode(domains: &[&[Place]]) -> (CeMode, String) {
    let cores = |domain: &&[Place]| {
        let cores: BTreeSet<usize> = domain.iter().map(|place| place.core).collect();
        cores.len()
    };
    let smallest = domains.iter().map(cores).min().unwrap_or(0);
    if smallest >= ELASTIC_FROM {
        let reason = format!(
            "each domain has {smallest} cores or more, so one for its control engine, which runs codelets there too, pays"
        );
        (CeMode::Elastic, reason)
    } else {
        let reason = format!(
            "the smallest domain has {smallest} core(s): too few to give one to a control engine (from {ELASTIC_FROM} on it pays)"
        );
        (CeMode::Shared, reason)
    }
}

/// The plan of these domains, without its reason.
fn assemble(topology: &Topology, domains: &[&[Place]], mode: CeMode) -> Plan {
    let mut plan = Plan {
        xes: Vec::new(),
        domains: Vec::new(),
        mode,
        reason: String::new(),
        regions: topology.regions.len(),
        oversubscribed: false,
    };
    for places in domains {
        let from = plan.xes.len();
        plan.xes.extend(places.iter().map(|place| XePlan {
            cpu: place.cpu,
            core: place.core,
            region: place.region,
            domain: plan.domains.len(),
        }));
        plan.domains.push(DomainPlan {
            xes: from..plan.xes.len(),
            ce_cpus: ce_cpus(topology, places, mode),
            cache_group: places[0].group,
        });
    }
    plan
}

/// Where the control engine of the domain with these places may run.
fn ce_cpus(topology: &Topology, places: &[Place], mode: CeMode) -> Vec<u32> {
    let group = &topology.cache_groups[places[0].group];
    let own = match mode {
        CeMode::Shared => None,
        // It runs codelets as the domain's last execution engine.
        CeMode::Elastic => places.last().map(|place| place.cpu),
        CeMode::Dedicated => {
            let taken: BTreeSet<usize> = places.iter().map(|place| place.core).collect();
            let free = group.cores.iter().rev().find(|core| !taken.contains(core));
            free.map(|&core| topology.cores[core].cpus[0])
        }
    };
    match own {
        Some(cpu) => vec![cpu],
        None => {
            let cores = group.cores.iter().map(|&core| &topology.cores[core]);
            cores.flat_map(|core| core.cpus.iter().copied()).collect()
        }
    }
}

#[cfg(test)]
mod tests;
