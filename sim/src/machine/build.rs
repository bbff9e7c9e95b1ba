//! From a description to a machine: the tree is unfolded, and the runtime's own plan is made for it.

use super::Machine;
use super::description::{Broken, Description, Failure, GroupKind};
use super::model::{Engine, Group, Memory, Model, Up, Way};
use super::text::Source;
use crate::flows::MOST_LINKED;
use crate::simulation::HOST;
use sprat::decide::hierarchy::Hierarchy;
use sprat::decide::placement::Regions;
use sprat::decide::plan::{CeMode, DomainPlan, Plan, Wishes, plan_up_to};
use sprat::decide::policy::Tuning;
use sprat::topology::{
    CacheGroup, Core, CoreKind, CpuSet, MemoryKind as Kind, MemorySpeed, Package, Region, Topology,
};
use sprat::{Error, Result};
use std::collections::BTreeMap;

/// Who asks whom among the control engines of a plan: those of groups that hold several domains lie above.
fn hierarchy(plan: &Plan, model: &Model) -> Hierarchy {
    let path = |domain: &DomainPlan| {
        let first = model.engines[domain.xes.start].group;
        let up = std::iter::successors(Some(first), |group| model.groups[*group as usize].parent);
        let mut path: Vec<u32> = up.collect();
        path.reverse();
        path
    };
    Hierarchy::new(&plan.domains.iter().map(path).collect::<Vec<_>>())
}

/// Engines are numbered by 16 bits.
const MOST: usize = u16::MAX as usize;

impl Description {
    /// The machine, with at most so many execution engines, if that is said.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](sprat::ErrorKind::Config) with the line and the mend if its parts do not fit together: groups
    /// that hold each other in a circle, engines without memory or without a control engine; as
    /// [`plan`](sprat::decide::plan::plan) for `xes`.
    pub fn build(&self, xes: Option<usize>) -> Result<Machine> {
        self.check()?;
        let mut tree = Tree::new(self);
        let root = &self.groups[&self.root];
        tree.unfold(&self.root, root, (None, 0), None, Vec::new())?;
        let (topology, mut model, places) = tree.end()?;
        let wishes = Wishes {
            xes,
            mode: Some(self.mode),
            oversubscribe: false,
        };
        let plan = plan_up_to(MOST, &topology, &wishes)?;
        model.engines = plan.xes.iter().map(|xe| places[xe.core].clone()).collect();
        self.check_failures(&plan, model.regions.len())?;
        model.watch_ns = self.watch_ns;
        model.hierarchy = self.hierarchy.then(|| hierarchy(&plan, &model));
        Ok(Machine {
            plan,
            tuning: Tuning::from_wake_up(self.costs.wake_ns),
            costs: self.costs.clone(),
            policy: self.policy,
            model,
        })
    }

    /// Whether what fails exists, and somebody is left.
    fn check_failures(&self, plan: &Plan, regions: usize) -> Result<()> {
        let xes = plan.xes.len();
        let mut dead = vec![false; xes];
        for failure in &self.failures {
            let wrong = |text: String| Err(self.wrong(failure.at.clone(), text));
            match failure.what {
                Broken::Limps(xe, _) | Broken::Dies(xe) if usize::from(xe) >= xes => {
                    return wrong(format!(
                        "there is no engine {xe}; the machine has {xes}, numbered from 0"
                    ));
                }
                Broken::Lost(region) if usize::from(region) >= regions => {
                    return wrong(format!(
                        "there is no region {region}; the machine has {regions}, numbered from 0"
                    ));
                }
                Broken::Limps(..) => (),
                Broken::Dies(xe) => dead[usize::from(xe)] = true,
                Broken::Lost(region) => (dead.iter_mut().zip(&plan.xes))
                    .filter(|(_, xe)| xe.region == usize::from(region))
                    .for_each(|(dead, _)| *dead = true),
            }
            if dead.iter().all(|dead| *dead) {
                return wrong(format!(
                    "with this one all {xes} engines have died, and nobody is left to run anything; take one [[failure]] out"
                ));
            }
        }
        let mut failures = self.failures.iter();
        let of_host = |failure: &&Failure| match failure.what {
            Broken::Dies(xe) => usize::from(xe) == HOST,
            Broken::Lost(region) => plan.xes[HOST].region == usize::from(region),
            Broken::Limps(..) => false,
        };
        match failures.find(of_host) {
            Some(failure) => {
                let text = "the host sits in engine 0, and the program dies with it; let another engine, or a region without engine 0, fail";
                Err(self.wrong(failure.at.clone(), text))
            }
            None => Ok(()),
        }
    }

    fn wrong(&self, at: std::ops::Range<usize>, what: impl std::fmt::Display) -> Error {
        let (name, text) = (&self.file.0, &self.file.1);
        Source { name, text }.wrong(at, what)
    }

    /// Whether kinds hold kinds that exist, and no circle; and not too many engines.
    pub(super) fn check(&self) -> Result<()> {
        let mut open = Vec::new();
        let mut known = BTreeMap::new();
        let engines = self.count(&self.root, &mut open, &mut known)?;
        if let Some((name, unused)) = self
            .groups
            .iter()
            .find(|(name, _)| !known.contains_key(name.as_str()))
        {
            let text = format!(
                "nobody holds [group.{name}], so it is no part of the machine; take it out, or let a group hold it"
            );
            return Err(self.wrong(unused.at.clone(), text));
        }
        if engines > MOST as u64 {
            let root = &self.groups[&self.root];
            let text = format!("the machine has {engines} engines, more than {MOST}; hold fewer");
            return Err(self.wrong(root.at.clone(), text));
        }
        Ok(())
    }

    /// The engines in a group of this kind.
    fn count<'a>(
        &'a self,
        name: &'a str,
        open: &mut Vec<&'a str>,
        known: &mut BTreeMap<&'a str, u64>,
    ) -> Result<u64> {
        if let Some(count) = known.get(name) {
            return Ok(*count);
        }
        open.push(name);
        let mut all = 0u64;
        for (count, kind, at) in &self.groups[name].holds {
            if let Some(from) = open.iter().position(|other| other == kind) {
                let circle: Vec<String> = open[from..]
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                let text = format!(
                    "{} hold each other in a circle, so the machine would have no end; let `{name}` hold something smaller than `{kind}`",
                    circle.join(" and "),
                );
                return Err(self.wrong(at.clone(), text));
            }
            let each = if self.engines.contains_key(kind) {
                1
            } else if self.groups.contains_key(kind) {
                self.count(kind, open, known)?
            } else {
                let text = format!("there is neither [engine.{kind}] nor [group.{kind}]");
                return Err(self.wrong(at.clone(), text));
            };
            all = all.saturating_add(count.saturating_mul(each));
        }
        open.pop();
        known.insert(name, all);
        Ok(all)
    }
}

/// What is being unfolded.
struct Tree<'d> {
    description: &'d Description,
    kinds: BTreeMap<&'d str, usize>,
    levels: BTreeMap<&'d str, u32>,
    model: Model,
    places: Vec<Engine>,
    cores: Vec<Core>,
    groups: Vec<CacheGroup>,
    /// For each region its group and whether it is its first memory.
    regions: Vec<(u32, u32)>,
    /// Ways of links, with the group that they lead up from.
    links: Vec<(u32, Way)>,
}

impl<'d> Tree<'d> {
    fn new(description: &'d Description) -> Self {
        let kinds = description.engines.keys().enumerate();
        let kinds: BTreeMap<&str, usize> = kinds.map(|(at, name)| (name.as_str(), at)).collect();
        let control = description.control.as_deref().map(|name| kinds[name]);
        let model = Model {
            kinds: description.engines.values().cloned().collect(),
            control,
            overlap: description.overlap,
            fair: description.fair,
            failures: description.failures.clone(),
            cap_uw: description.cap_uw,
            ..Model::default()
        };
        Tree {
            description,
            kinds,
            levels: BTreeMap::new(),
            model,
            places: Vec::new(),
            cores: Vec::new(),
            groups: Vec::new(),
            regions: Vec::new(),
            links: Vec::new(),
        }
    }

    fn level(&mut self, name: &'d str) -> u32 {
        let levels = &mut self.model.levels;
        *self.levels.entry(name).or_insert_with(|| {
            levels.push(name.to_owned());
            levels.len() as u32 - 1
        })
    }

    fn group(&mut self, parent: Option<u32>) -> u32 {
        let depth = parent.map_or(0, |parent| self.model.groups[parent as usize].depth + 1);
        self.model.groups.push(Group {
            parent,
            depth,
            link: None,
        });
        self.model.groups.len() as u32 - 1
    }

    /// One more memory; its number. Caches go to the front of the engines' ways.
    fn memory(&mut self, name: &'d str, group: u32, caches: &mut Vec<u32>) {
        let kind = &self.description.memories[name];
        let number = self.model.memories.len() as u32;
        let level = self.level(name);
        self.model.ways.push(Way {
            level,
            latency_ns: kind.latency_ns,
            bandwidth: kind.bandwidth,
            energy: kind.energy.round() as u64,
        });
        let up = match (kind.home, caches.first()) {
            (true, _) => Up::Never,
            (false, Some(next)) => Up::Cache(*next),
            (false, None) => Up::Home,
        };
        self.model.memories.push(Memory {
            group,
            capacity: kind.capacity,
            up,
        });
        if kind.home {
            self.regions.push((group, number));
        } else {
            caches.insert(0, number);
        }
    }

    fn unfold(
        &mut self,
        name: &'d str,
        kind: &'d GroupKind,
        // The group around it, and how many links there are from there up to the root.
        (parent, mut linked): (Option<u32>, usize),
        domain: Option<usize>,
        mut caches: Vec<u32>,
    ) -> Result<()> {
        let group = self.group(parent);
        if let Some(link) = &kind.link {
            linked += 1;
            if linked > MOST_LINKED {
                let text = format!(
                    "`{name}` is the {linked}th level with a link; the simulator takes {MOST_LINKED}: put levels together, or leave out the links of \
                     some"
                );
                return Err(self.description.wrong(kind.at.clone(), text));
            }
            let told = &self.description.links[link];
            let level = self.level(link);
            let way = Way {
                level,
                latency_ns: told.latency_ns,
                bandwidth: told.bandwidth,
                energy: told.energy.round() as u64,
            };
            self.links.push((group, way));
        }
        for memory in &kind.memories {
            self.memory(memory, group, &mut caches);
        }
        let domain = match (kind.domain, domain) {
            (true, Some(_)) => {
                let text = format!(
                    "`{name}` is a domain inside a domain; let one of the two have the control engine"
                );
                return Err(self.description.wrong(kind.at.clone(), text));
            }
            (true, None) => {
                self.groups.push(CacheGroup {
                    level: 0,
                    bytes: 0,
                    region: 0,
                    package: 0,
                    cores: Vec::new(),
                });
                Some(self.groups.len() - 1)
            }
            (false, domain) => domain,
        };
        for (count, held, at) in &kind.holds {
            for _ in 0..*count {
                if let Some((name, inner)) = self.description.groups.get_key_value(held) {
                    self.unfold(name, inner, (Some(group), linked), domain, caches.clone())?;
                    continue;
                }
                let Some(domain) = domain else {
                    let text = format!(
                        "`{held}` has no control engine; add domain = true to [group.{name}] or to a group that holds it"
                    );
                    return Err(self.description.wrong(at.clone(), text));
                };
                self.engine(held, group, domain, caches.clone())
                    .map_err(|text| self.description.wrong(at.clone(), text))?;
            }
        }
        if kind.domain && self.description.mode == CeMode::Dedicated {
            // A core of its own for the control engine: the plan takes the last of each domain.
            let last = self.groups.len() - 1;
            let told = self.groups[last].cores.last();
            let twin = self.places[*told.expect("a domain holds engines")].clone();
            self.core(twin, last);
        }
        Ok(())
    }

    fn engine(
        &mut self,
        kind: &'d str,
        parent: u32,
        domain: usize,
        mut caches: Vec<u32>,
    ) -> std::result::Result<(), String> {
        let (name, told) = self
            .description
            .engines
            .get_key_value(kind)
            .expect("checked before");
        let group = self.group(Some(parent));
        if let Some(memory) = &told.memory {
            self.memory(memory, group, &mut caches);
        }
        let place = Engine {
            kind: self.kinds[name.as_str()] as u32,
            group,
            caches,
        };
        if self.homes_above(parent).is_none() {
            return Err(format!(
                "`{kind}` has no memory that blocks can live in; give a group around it one that is a home (home = true)"
            ));
        }
        self.core(place, domain);
        Ok(())
    }

    /// The first region on the way up from a group.
    fn homes_above(&self, group: u32) -> Option<usize> {
        let mut at = Some(group);
        while let Some(group) = at {
            if let Some(region) = self.regions.iter().position(|(place, _)| *place == group) {
                return Some(region);
            }
            at = self.model.groups[group as usize].parent;
        }
        None
    }

    fn core(&mut self, place: Engine, domain: usize) {
        let number = self.cores.len();
        let parent = self.model.groups[place.group as usize].parent;
        let region = self.homes_above(parent.unwrap_or(0)).unwrap_or(0);
        let group = &mut self.groups[domain];
        if group.cores.is_empty() {
            group.region = region;
        }
        group.cores.push(number);
        self.cores.push(Core {
            os_id: number as i32,
            package: 0,
            region,
            cache_group: domain,
            die: 0,
            cluster: 0,
            kind: place.kind as usize,
            cpus: vec![number as u32],
        });
        self.places.push(place);
    }

    /// The topology, the model without its engines, and the engine of each core.
    fn end(mut self) -> Result<(Topology, Model, Vec<Engine>)> {
        for (group, way) in std::mem::take(&mut self.links) {
            self.model.groups[group as usize].link = Some(self.model.ways.len() as u32);
            self.model.ways.push(way);
        }
        let model = &self.model;
        let mut cpus = vec![CpuSet::new(); self.regions.len()];
        for core in &self.cores {
            cpus[core.region].insert(core.cpus[0]);
        }
        let region = |(at, local_cpus): (usize, CpuSet)| {
            let (group, memory) = self.regions[at];
            let distance = |(other, (place, _)): (usize, &(u32, u32))| match other == at {
                true => 10,
                false => 11 + 4 * model.hops(group, *place),
            };
            Region {
                os_id: at as u32,
                bytes: model.memories[memory as usize].capacity,
                distances: self.regions.iter().enumerate().map(distance).collect(),
                has_cpus: !local_cpus.is_empty(),
                local_cpus,
                kind: Kind::Unknown,
                side_cache_bytes: 0,
                speed: MemorySpeed::default(),
            }
        };
        let regions: Vec<Region> = cpus.into_iter().enumerate().map(region).collect();
        let kinds = self.description.engines.keys();
        let topology = Topology {
            packages: vec![Package { os_id: 0 }],
            regions,
            cache_groups: self.groups,
            caches: Vec::new(),
            core_kinds: kinds
                .map(|name| CoreKind {
                    name: name.clone(),
                    capacity: 0,
                })
                .collect(),
            cores: self.cores,
            notes: Vec::new(),
            source: sprat::topology::Source::Synthetic(self.description.name.clone()),
        };
        let memories: Vec<u32> = self.regions.iter().map(|(_, memory)| *memory).collect();
        let mbs = |region: usize| (model.ways[memories[region] as usize].bandwidth * 1000.0) as u64;
        let preferences = Regions::new(&topology, |_| true, mbs);
        self.model.preferences = Some(preferences);
        self.model.regions = memories;
        Ok((topology, self.model, self.places))
    }
}
