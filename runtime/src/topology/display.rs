//! The machine as a tree for people.

use std::fmt;

use super::text::{bytes, count, ranges};
use super::{Core, Region, Source, Topology};

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
            label: format!("{}, no usable cores", region(i, r)),
            below: Vec::new(),
        }));
        Node {
            label: String::new(),
            below,
        }
        .draw(f, "")?;
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
                    label: core(i, c),
                    below: Vec::new(),
                })
                .collect(),
        }
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
    let memory = match region.bytes {
        0 => "no known memory".to_owned(),
        size => bytes(size),
    };
    format!("region {index}{}, {memory}", os(index, region.os_id))
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
            Source::Synthetic(text) => write!(f, "made from `{text}`"),
            Source::Mask => f.write_str("from the affinity mask alone"),
        }
    }
}
