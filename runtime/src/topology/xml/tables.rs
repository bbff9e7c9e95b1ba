//! What stands behind the tree of objects: distances, the speed of memory, kinds of cores.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::objects::Objects;
use super::parse::{Xml, children, info, shown};
use crate::error::Result;
use crate::topology::facts::{MOST_REGIONS, REMOTE};
use crate::topology::{CoreKind, CpuSet, Region};

/// The most kinds of cores that make sense.
const MOST_KINDS: usize = 256;
/// Bits of a table's `kind`.
const FROM_OS: u64 = 1;
const MEANS_LATENCY: u64 = 4;

/// Fills in the distances between the regions.
pub(super) fn distances(
    xml: &Xml<'_>,
    root: Node<'_, '_>,
    objects: &Objects,
    regions: &mut [Region],
    notes: &mut Vec<String>,
) -> Result<()> {
    let mut best: Option<(bool, Node<'_, '_>)> = None;
    for table in children(root, "distances2") {
        let kind = xml.needed::<u64>(table, "kind")?;
        let from_os = kind & FROM_OS != 0;
        let fits = table.attribute("type") == Some("NUMANode") && kind & MEANS_LATENCY != 0;
        if fits && best.is_none_or(|(os, _)| from_os && !os) {
            best = Some((from_os, table));
        }
    }
    let Some((from_os, table)) = best else {
        if regions.len() > 1 {
            notes.push(format!(
                "the file has no distances between memory regions; {REMOTE} is assumed from each to each other one"
            ));
        }
        return Ok(());
    };
    if !from_os {
        notes.push("the distances between memory regions are a user's, not the system's".into());
    }
    let count = xml.needed::<usize>(table, "nbobjs")?;
    if count > MOST_REGIONS {
        let what =
            format!("the table is for {count} memory regions, and {MOST_REGIONS} is the most");
        return Err(xml.wrong(table, what));
    }
    let indexes = numbers(xml, table, "indexes", count)?;
    let values = numbers(xml, table, "u64values", count * count)?;
    let by_gp = table.attribute("indexing") == Some("gp");
    let at: Vec<Option<usize>> = indexes
        .iter()
        .map(|&number| {
            objects.nodes.iter().position(|node| match by_gp {
                true => node.gp_index == Some(number),
                false => u64::from(node.os_id) == number,
            })
        })
        .collect();
    let mut known = CpuSet::new();
    for (row, &from) in values.chunks(count.max(1)).zip(&at) {
        for (&value, &to) in row.iter().zip(&at) {
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            known.insert(from as u32);
            let value = u32::try_from(value).ok().filter(|&d| d > 0);
            regions[from].distances[to] = value.ok_or_else(|| {
                xml.wrong(
                    table,
                    "distances are numbers from 1 to 4294967295; 10 is local",
                )
            })?;
        }
    }
    let missing = (0..regions.len()).filter(|&r| !known.contains(r as u32));
    let missing: CpuSet = missing.map(|r| regions[r].os_id).collect();
    if !missing.is_empty() && regions.len() > 1 {
        notes.push(format!(
            "the distances of node {missing} are unknown; {REMOTE} is assumed to each other one"
        ));
    }
    Ok(())
}

/// The numbers in a table's elements of one name, which share them out among themselves.
fn numbers(
    xml: &Xml<'_>,
    table: Node<'_, '_>,
    name: &'static str,
    count: usize,
) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for element in children(table, name) {
        for word in element.text().unwrap_or("").split_whitespace() {
            let number = word.parse();
            numbers.push(number.map_err(|_| {
                xml.wrong(
                    element,
                    format_args!("{} is not a number that fits here", shown(word)),
                )
            })?);
        }
    }
    if numbers.len() != count {
        let what = format!(
            "the table has {} numbers as {name} and should have {count}",
            numbers.len()
        );
        return Err(xml.wrong(table, what));
    }
    Ok(numbers)
}

/// Which fields of a region's speed an attribute of memory tells.
fn fields<'a>(region: &'a mut Region, attribute: &str) -> Vec<&'a mut u64> {
    let speed = &mut region.speed;
    match attribute {
        "ReadBandwidth" => vec![&mut speed.read_bandwidth],
        "WriteBandwidth" => vec![&mut speed.write_bandwidth],
        "Bandwidth" => vec![&mut speed.read_bandwidth, &mut speed.write_bandwidth],
        "ReadLatency" => vec![&mut speed.read_latency],
        "WriteLatency" => vec![&mut speed.write_latency],
        "Latency" => vec![&mut speed.read_latency, &mut speed.write_latency],
        _ => Vec::new(),
    }
}

/// Fills in how fast each region is for those next to it.
pub(super) fn speeds(
    xml: &Xml<'_>,
    root: Node<'_, '_>,
    objects: &Objects,
    regions: &mut [Region],
) -> Result<()> {
    let by_gp = objects.nodes.iter().enumerate();
    let by_gp: BTreeMap<u64, usize> = by_gp.filter_map(|(i, n)| Some((n.gp_index?, i))).collect();
    // Attributes of reads and writes apart come last, and count more than those of both.
    let (both, apart): (Vec<_>, Vec<_>) = children(root, "memattr")
        .filter_map(|attribute| Some((attribute, attribute.attribute("name")?)))
        .partition(|(_, name)| matches!(*name, "Bandwidth" | "Latency"));
    for (attribute, name) in both.into_iter().chain(apart) {
        let mut best: BTreeMap<usize, u64> = BTreeMap::new();
        for value in children(attribute, "memattr_value") {
            let target = xml.needed::<u64>(value, "target_obj_gp_index")?;
            let region = by_gp.get(&target).copied();
            let region = region.filter(|_| value.attribute("target_obj_type") == Some("NUMANode"));
            let Some(region) = region.filter(|_| value.attribute("initiator_cpuset").is_some())
            else {
                continue;
            };
            let initiator = xml.mask(value, "initiator_cpuset")?;
            if initiator.of(&regions[region].local_cpus).is_empty() {
                continue;
            }
            let value = xml.needed::<u64>(value, "value")?;
            let entry = best.entry(region).or_insert(value);
            *entry = match name.ends_with("Latency") {
                true => value.min(*entry),
                false => value.max(*entry),
            };
        }
        for (region, value) in best {
            for field in fields(&mut regions[region], name) {
                *field = value;
            }
        }
    }
    Ok(())
}

/// Tells each CPU its kind. hwloc lists the kinds from the weakest to the strongest if it can tell.
pub(super) fn kinds(
    xml: &Xml<'_>,
    root: Node<'_, '_>,
    objects: &mut Objects,
) -> Result<Vec<CoreKind>> {
    // The speed of a core's clock makes no kind: it differs among cores of a kind, and changes.
    type Key = (String, u32, Option<i64>);
    let mut found: Vec<Key> = Vec::new();
    let mut of_cpu: BTreeMap<u32, usize> = BTreeMap::new();
    for kind in children(root, "cpukind") {
        let name = info(kind, "CoreType").unwrap_or("").to_owned();
        let capacity = info(kind, "LinuxCapacity").and_then(|c| c.parse().ok());
        let efficiency = xml.number::<i64>(kind, "forced_efficiency")?;
        let key = (name, capacity.unwrap_or(0), efficiency);
        if found.len() == MOST_KINDS {
            let what = format!("there are more than {MOST_KINDS} kinds of cores");
            return Err(xml.wrong(kind, what));
        }
        let index = found.iter().position(|k| *k == key).unwrap_or_else(|| {
            found.push(key);
            found.len() - 1
        });
        for cpu in xml.mask(kind, "cpuset")?.of(&objects.all).iter() {
            of_cpu.insert(cpu, index);
        }
    }
    let unknown = objects.cpus.iter().any(|f| !of_cpu.contains_key(&f.cpu));
    if unknown && !found.is_empty() {
        // Those that no kind lists are one more, of which nothing is known.
        found.push((String::new(), 0, None));
    }
    if found.len() < 2 {
        return Ok(Vec::new());
    }
    for f in &mut objects.cpus {
        f.kind = of_cpu.get(&f.cpu).copied().unwrap_or(found.len() - 1);
    }
    let kinds = found.into_iter();
    Ok(kinds
        .map(|(name, capacity, _)| CoreKind { name, capacity })
        .collect())
}
