//! The machine as a tree for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::text::{bytes, count, ranges};
use super::{Core, MemoryKind, Region, Source, Topology};

/// A line and what hangs below it.
struct Node {
    label: String,
    below: Vec<Node>,
}

impl Node {
    fn draw(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for (i, node) in self.below.iter().enumerate() {
            let last = i + 1 == self.below.len();
            let (branch, rail) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            writeln!(f, "{indent}{branch}{}", node.label)?;
            node.draw(f, &format!("{indent}{rail}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Topology {
    /// A tree of packages, regions, caches and cores; then regions without usable cores, distances and notes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {}, {}, {}, {} ({})",
            count(self.packages.len(), "package"),
            count(self.regions.len(), "memory region"),
            count(self.cache_groups.len(), "cache group"),
            count(self.cores.len(), "core"),
            count(self.threads(), "hardware thread"),
            self.source
        )?;
        let mut below: Vec<Node> = (0..self.packages.len()).map(|p| self.package(p)).collect();
        let without_cores = self.regions.iter().enumerate().filter(|(_, r)| !r.has_cpus);
        below.extend(without_cores.map(|(i, r)| Node {
            label: format!("{}, no usable cores{}", region(i, r), next_to(r)),
            below: Vec::new(),
        }));
        Node {
            label: String::new(),
            below,
        }
        .draw(f, "")?;
        self.write_caches(f)?;
        let dies: Vec<usize> = self.cores.iter().map(|c| c.die).collect();
        let clusters: Vec<usize> = self.cores.iter().map(|c| c.cluster).collect();
        if self.dies() > self.packages.len() {
            write_parts(f, "dies", &dies)?;
        }
        if self.clusters() > self.dies() {
            write_parts(f, "clusters", &clusters)?;
        }
        if self.regions.len() > 1 {
            self.write_distances(f)?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "notes:")?;
            self.notes
                .iter()
                .try_for_each(|note| writeln!(f, "  - {note}"))?;
        }
        Ok(())
    }
}

impl Topology {
    fn package(&self, package: usize) -> Node {
        let os_id = self.packages[package].os_id;
        let label = match os_id {
            // Negative where the kernel does not know it.
            ..0 => format!("package {package} (number unknown)"),
            _ => format!("package {package}{}", os(package, os_id as u32)),
        };
        let mut below: Vec<Node> = Vec::new();
        let mut open = None;
        for (group, g) in self
            .cache_groups
            .iter()
            .enumerate()
            .filter(|(_, g)| g.package == package)
        {
            if open != Some(g.region) {
                open = Some(g.region);
                let label = self
                    .regions
                    .get(g.region)
                    .map_or_else(String::new, |r| region(g.region, r));
                below.push(Node {
                    label,
                    below: Vec::new(),
                });
            }
            if let Some(region) = below.last_mut() {
                region.below.push(self.cache_group(group));
            }
        }
        Node { label, below }
    }

    fn cache_group(&self, group: usize) -> Node {
        let g = &self.cache_groups[group];
        let cache = match (g.level, g.bytes) {
            (0, _) => "no known shared cache".to_owned(),
            (level, 0) => format!("L{level}"),
            (level, size) => format!("L{level} {}", bytes(size)),
        };
        let cores = g
            .cores
            .iter()
            .filter_map(|&c| Some((c, self.cores.get(c)?)));
        Node {
            label: format!("cache group {group}, {cache}"),
            below: cores
                .map(|(i, c)| Node {
                    label: format!("{}{}", core(i, c), self.kind(c)),
                    below: Vec::new(),
                })
                .collect(),
        }
    }

    /// What tells the core from those of other kinds.
    fn kind(&self, core: &Core) -> String {
        match self.core_kinds.get(core.kind) {
            Some(kind) if self.core_kinds.len() > 1 => match (kind.name.as_str(), kind.capacity) {
                ("", 0) => format!(", kind {}", core.kind),
                ("", capacity) => format!(", capacity {capacity}"),
                (name, 0) => format!(", {name}"),
                (name, capacity) => format!(", {name}, capacity {capacity}"),
            },
            _ => String::new(),
        }
    }

    /// How many caches of each level and size there are, if there are others than the groups'.
    fn write_caches(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts: BTreeMap<(u32, u64), usize> = BTreeMap::new();
        for cache in &self.caches {
            *counts.entry((cache.level, cache.bytes)).or_default() += 1;
        }
        let levels: BTreeSet<u32> = counts.keys().map(|&(level, _)| level).collect();
        if levels.len() < 2 {
            return Ok(());
        }
        let show = |(&(level, size), &n): (&(u32, u64), &usize)| match size {
            0 => format!("{n} x L{level}"),
            size => format!("{n} x L{level} {}", bytes(size)),
        };
        let shown: Vec<String> = counts.iter().map(show).collect();
        writeln!(f, "caches: {}", shown.join(", "))
    }

    fn write_distances(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self
            .regions
            .iter()
            .flat_map(|r| r.distances.iter().map(|&d| d as usize));
        let widest = all.chain([self.regions.len()]).max().unwrap_or(0);
        let width = widest.to_string().len() + 1;
        writeln!(f, "distances between memory regions:")?;
        write!(f, "  {:>width$}", "")?;
        (0..self.regions.len()).try_for_each(|to| write!(f, "{to:>width$}"))?;
        writeln!(f)?;
        for (from, region) in self.regions.iter().enumerate() {
            write!(f, "  {from:>width$}")?;
            region
                .distances
                .iter()
                .try_for_each(|d| write!(f, "{d:>width$}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn core(index: usize, core: &Core) -> String {
    let cpus = ranges(core.cpus.iter().copied());
    let plural = if core.cpus.len() == 1 { "" } else { "s" };
    format!("core {index}: cpu{plural} {cpus}")
}

fn region(index: usize, region: &Region) -> String {
    let mut text = format!("region {index}{}, ", os(index, region.os_id));
    text += &match region.bytes {
        0 => "no known memory".to_owned(),
        size => bytes(size),
    };
    if region.kind != MemoryKind::Unknown {
        text += &format!(" of {}", region.kind.name());
    }
    if region.side_cache_bytes > 0 {
        text += &format!(" behind a cache of {}", bytes(region.side_cache_bytes));
    }
    let speed = &region.speed;
    for (what, unit, read, write) in [
        ("", "MB/s", speed.read_bandwidth, speed.write_bandwidth),
        ("after ", "ns", speed.read_latency, speed.write_latency),
    ] {
        text += &match (read, write) {
            (0, 0) => String::new(),
            (read, write) if read == write => format!(", {what}{read} {unit}"),
            (read, 0) => format!(", {what}{read} {unit} (reads)"),
            (0, write) => format!(", {what}{write} {unit} (writes)"),
            (read, write) => format!(", {what}{read} {unit} (reads), {write} {unit} (writes)"),
        };
    }
    text
}

/// Where memory without cores of its own lies.
fn next_to(region: &Region) -> String {
    match region.local_cpus.is_empty() {
        true => String::new(),
        false => format!(", next to cpus {}", region.local_cpus),
    }
}

/// The cores of each die or cluster.
fn write_parts(f: &mut fmt::Formatter<'_>, what: &str, part_of: &[usize]) -> fmt::Result {
    let mut parts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (core, &part) in part_of.iter().enumerate() {
        parts.entry(part).or_default().push(core as u32);
    }
    let shown = parts.into_values().map(|cores| ranges(cores.into_iter()));
    let shown: Vec<String> = shown.collect();
    writeln!(f, "{what}: cores {}", shown.join(" | "))
}

/// The kernel's number where it is not the index.
fn os(index: usize, os_id: u32) -> String {
    match os_id as usize == index {
        true => String::new(),
        false => format!(" (the kernel's {os_id})"),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Sysfs(path) if path.as_os_str() == "/" => f.write_str("this machine"),
            Source::Sysfs(path) => write!(f, "from {}", path.display()),
            Source::Xml(path) if path.as_os_str().is_empty() => f.write_str("from hwloc's XML"),
            Source::Xml(path) => write!(f, "from {}", path.display()),
            Source::Hwloc(version) => write!(f, "this machine by hwloc {version}"),
            Source::Synthetic(text) => write!(f, "made from `{text}`"),
            Source::Mask => f.write_str("from the affinity mask alone"),
        }
    }
}
