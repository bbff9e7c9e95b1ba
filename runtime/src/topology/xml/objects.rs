//! The tree of objects: packages, caches, cores, CPUs, and the memory that hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;

use super::parse::{Xml, children};
use crate::error::Result;
use crate::topology::facts::{CacheFacts, CpuFacts, MOST_CPUS, MOST_REGIONS};
use crate::topology::mask::Mask;
use crate::topology::{CpuSet, MemoryKind, Package};

/// How deep objects may lie in each other. Real trees have ten to twenty levels.
const DEEPEST: usize = 100;

/// A region as the file has it.
pub(super) struct NumaNode {
    pub os_id: u32,
    pub bytes: u64,
    /// The file's own number of the object.
    pub gp_index: Option<u64>,
    pub cpus: Mask,
    pub kind: MemoryKind,
    pub side_cache_bytes: u64,
}

/// What is in the tree.
#[derive(Default)]
pub(super) struct Objects {
    pub packages: Vec<Package>,
    /// Ascending by number.
    pub cpus: Vec<CpuFacts>,
    pub all: CpuSet,
    pub caches: Vec<CacheFacts>,
    /// Ascending by number.
    pub nodes: Vec<NumaNode>,
}

/// What lies around an object.
#[derive(Clone, Copy, Default)]
struct Place {
    package: Option<usize>,
    die: Option<u32>,
    cluster: Option<u32>,
    core_id: Option<i32>,
    side_cache_bytes: u64,
}

struct Walk<'a> {
    xml: &'a Xml<'a>,
    found: Objects,
    /// The caches around the object that is looked at, as indices.
    around: Vec<usize>,
    /// Dies and clusters are counted together: only what is equal matters.
    parts: u32,
    /// All CPUs so far, and those in no package.
    seen: CpuSet,
    outside: CpuSet,
    node_ids: BTreeSet<u32>,
    /// What the writer of the file was allowed to use, if the file says so, and what it was not.
    allowed_cpus: Option<Mask>,
    allowed_nodes: Option<Mask>,
    barred_cpus: CpuSet,
    barred_nodes: CpuSet,
}

impl Objects {
    pub(super) fn read(
        xml: &Xml<'_>,
        root: Node<'_, '_>,
        notes: &mut Vec<String>,
    ) -> Result<Objects> {
        let machine = children(root, "object").next();
        let allowed = |name: &str| match machine {
            Some(machine) if machine.has_attribute(name) => xml.mask(machine, name).map(Some),
            _ => Ok(None),
        };
        let mut walk = Walk {
            xml,
            allowed_cpus: allowed("allowed_cpuset")?,
            allowed_nodes: allowed("allowed_nodeset")?,
            barred_cpus: CpuSet::new(),
            barred_nodes: CpuSet::new(),
            found: Objects::default(),
            around: Vec::new(),
            parts: 0,
            seen: CpuSet::new(),
            outside: CpuSet::new(),
            node_ids: BTreeSet::new(),
        };
        walk.below(root, Place::default(), 0)?;
        for (barred, what) in [
            (&walk.barred_cpus, "CPUs"),
            (&walk.barred_nodes, "NUMA nodes"),
        ] {
            if !barred.is_empty() {
                notes.push(format!(
                    "{what} {barred} of the machine were not allowed to the process that wrote the file; they are left out"
                ));
            }
        }
        let (mut found, outside) = (walk.found, walk.outside);
        if found.cpus.is_empty() {
            return Err(xml.wrong(
                root,
                "it has no object of type PU that may be used, so the machine has no CPU",
            ));
        }
        if !outside.is_empty() {
            notes.push(format!(
                "the file does not know the package of CPUs {outside}; they count as one package"
            ));
            let unknown = found.packages.len();
            found.packages.push(Package { os_id: -1 });
            for f in found.cpus.iter_mut().filter(|f| outside.contains(f.cpu)) {
                f.package = unknown;
            }
        }
        found.order();
        let uncached = found.cpus.iter().filter(|f| f.last_cache.is_none());
        let uncached: CpuSet = uncached.map(|f| f.cpu).collect();
        if !uncached.is_empty() {
            notes.push(format!(
                "it is not known which caches CPUs {uncached} share; those in the same memory region and package \
                 count as sharing one"
            ));
        }
        Ok(found)
    }

    /// Puts all lists in order, and forgets packages that are empty and clusters that are single cores.
    fn order(&mut self) {
        // Packages whose CPUs are all offline have none of ours.
        let used: BTreeSet<usize> = self.cpus.iter().map(|f| f.package).collect();
        let mut order: Vec<usize> = used.into_iter().collect();
        order.sort_by_key(|&old| self.packages[old].os_id);
        let mut new = vec![0; self.packages.len()];
        order.iter().enumerate().for_each(|(i, &old)| new[old] = i);
        self.packages = order
            .iter()
            .map(|&old| self.packages[old].clone())
            .collect();
        self.cpus.sort_by_key(|f| f.cpu);
        self.caches.iter_mut().for_each(|c| c.cpus.sort_unstable());
        self.nodes.sort_by_key(|n| n.os_id);
        let mut clusters: BTreeMap<u32, usize> = BTreeMap::new();
        for f in &mut self.cpus {
            f.package = new[f.package];
            if let Some(cluster) = f.cluster {
                *clusters.entry(cluster).or_default() += 1;
            }
        }
        for f in &mut self.cpus {
            f.cluster = f.cluster.filter(|c| clusters[c] > f.siblings.len());
        }
    }
}

impl Walk<'_> {
    fn below(&mut self, parent: Node<'_, '_>, place: Place, depth: usize) -> Result<()> {
        for object in children(parent, "object") {
            self.object(object, place, depth)?;
        }
        Ok(())
    }

    fn object(&mut self, object: Node<'_, '_>, mut place: Place, depth: usize) -> Result<()> {
        if depth == DEEPEST {
            let what =
                format_args!("objects lie in each other deeper than {DEEPEST} levels").to_string();
            return Err(self.xml.wrong(object, what));
        }
        let depth = depth + 1;
        let os_index = self.xml.number::<u32>(object, "os_index")?;
        // hwloc's way to say that it does not know.
        let os_id = os_index.and_then(|n| i32::try_from(n).ok()).unwrap_or(-1);
        match object.attribute("type") {
            // Devices and people's remarks hold no CPUs.
            Some("Bridge" | "PCIDev" | "OSDev" | "Misc") => return Ok(()),
            Some("PU") => return self.cpu(object, os_index, place),
            Some("NUMANode") => return self.node(object, os_index, place),
            Some("MemCache") => {
                let bytes = self.xml.number(object, "cache_size")?.unwrap_or(0);
                place.side_cache_bytes = place.side_cache_bytes.saturating_add(bytes);
            }
            Some("Package") => {
                place.package = Some(self.found.packages.len());
                self.found.packages.push(Package { os_id });
            }
            Some("Die") => place.die = Some(self.part()),
            Some("Group") if object.attribute("subtype") == Some("Cluster") => {
                place.cluster = Some(self.part());
            }
            Some("Core") => {
                place.core_id = Some(os_id);
                let first = self.found.cpus.len();
                self.below(object, place, depth)?;
                let threads = &mut self.found.cpus[first..];
                let mut siblings: Vec<u32> = threads.iter().map(|f| f.cpu).collect();
                siblings.sort_unstable();
                threads
                    .iter_mut()
                    .for_each(|f| f.siblings.clone_from(&siblings));
                return Ok(());
            }
            Some(kind) if kind.starts_with('L') && kind.ends_with("Cache") => {
                return self.cache(object, kind, place, depth);
            }
            // The machine, groups of any other kind, and what newer versions may bring.
            Some(_) => {}
            None => return Err(self.xml.wrong(object, "the object has no type")),
        }
        self.below(object, place, depth)
    }

    fn part(&mut self) -> u32 {
        self.parts += 1;
        self.parts
    }

    fn cpu(&mut self, object: Node<'_, '_>, os_index: Option<u32>, place: Place) -> Result<()> {
        let Some(cpu) = os_index else {
            return Err(self
                .xml
                .wrong(object, "the PU has no os_index, so its number is unknown"));
        };
        if cpu as usize >= MOST_CPUS {
            let what = format!("CPU {cpu} is beyond {MOST_CPUS}, more than any machine has");
            return Err(self.xml.wrong(object, what));
        }
        if !self.seen.insert(cpu) {
            return Err(self
                .xml
                .wrong(object, format_args!("CPU {cpu} is there twice")));
        }
        if self
            .allowed_cpus
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(cpu))
        {
            self.barred_cpus.insert(cpu);
            return Ok(());
        }
        if place.package.is_none() {
            self.outside.insert(cpu);
        }
        self.found.all.insert(cpu);
        let caches = &mut self.found.caches;
        for &cache in &self.around {
            caches[cache].cpus.push(cpu);
        }
        let last = self.around.iter().copied();
        self.found.cpus.push(CpuFacts {
            package: place.package.unwrap_or(0),
            die: place.die,
            cluster: place.cluster,
            core_id: place.core_id.unwrap_or(-1),
            last_cache: last.max_by_key(|&cache| caches[cache].level),
            ..CpuFacts::unknown(cpu)
        });
        Ok(())
    }

    fn cache(
        &mut self,
        object: Node<'_, '_>,
        kind: &str,
        place: Place,
        depth: usize,
    ) -> Result<()> {
        // 2 is a cache of instructions.
        if kind.ends_with("iCache") || self.xml.number(object, "cache_type")? == Some(2u32) {
            return self.below(object, place, depth);
        }
        let level = self.xml.needed::<u32>(object, "depth")?;
        if !(1..=16).contains(&level) {
            let what = format!("a cache is of level {level}; they have levels from 1 on, and few");
            return Err(self.xml.wrong(object, what));
        }
        self.around.push(self.found.caches.len());
        self.found.caches.push(CacheFacts {
            level,
            bytes: self.xml.number(object, "cache_size")?.unwrap_or(0),
            cpus: Vec::new(),
        });
        self.below(object, place, depth)?;
        self.around.pop();
        Ok(())
    }

    fn node(&mut self, object: Node<'_, '_>, os_index: Option<u32>, place: Place) -> Result<()> {
        let Some(os_id) = os_index else {
            return Err(self.xml.wrong(
                object,
                "the NUMANode has no os_index, so its number is unknown",
            ));
        };
        if !self.node_ids.insert(os_id) {
            return Err(self
                .xml
                .wrong(object, format_args!("NUMA node {os_id} is there twice")));
        }
        if self.node_ids.len() > MOST_REGIONS {
            let what = format!("there are more than {MOST_REGIONS} memory regions");
            return Err(self.xml.wrong(object, what));
        }
        if self
            .allowed_nodes
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(os_id))
        {
            self.barred_nodes.insert(os_id);
            return Ok(());
        }
        self.found.nodes.push(NumaNode {
            os_id,
            bytes: self.xml.number(object, "local_memory")?.unwrap_or(0),
            gp_index: self.xml.number(object, "gp_index")?,
            cpus: self.xml.mask(object, "cpuset")?,
            kind: kind(object.attribute("subtype").unwrap_or("")),
            side_cache_bytes: place.side_cache_bytes,
        });
        Ok(())
    }
}

/// hwloc's words for what memory is made of.
fn kind(subtype: &str) -> MemoryKind {
    match subtype {
        "DRAM" => MemoryKind::Dram,
        "HBM" | "MCDRAM" => MemoryKind::Hbm,
        "NVM" => MemoryKind::Nvm,
        "SPM" => MemoryKind::SpecificPurpose,
        "GPUMemory" => MemoryKind::Gpu,
        _ if subtype.starts_with("CXL") => MemoryKind::Cxl,
        _ => MemoryKind::Unknown,
    }
}
