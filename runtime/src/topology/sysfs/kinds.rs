//! Cores of unequal kind.

use std::collections::BTreeMap;

use super::read::{self, Tree};
use crate::error::Result;
use crate::topology::facts::CpuFacts;
use crate::topology::{CoreKind, CpuSet};

/// The kernel's drivers for the counters of hybrid processors, from the weakest kind to the strongest, and hwloc's names for
/// these kinds.
const HYBRID: [(&str, &str); 3] = [
    ("cpu_lowpower", "IntelLowPower"),
    ("cpu_atom", "IntelAtom"),
    ("cpu_core", "IntelCore"),
];

/// Tells each CPU its kind. The kinds come from the weakest to the strongest.
pub(super) fn read(tree: &Tree, facts: &mut [CpuFacts]) -> Result<Vec<CoreKind>> {
    let devices = tree.system.parent().unwrap_or(&tree.system);
    let mut hybrid: [CpuSet; HYBRID.len()] = Default::default();
    for (set, (driver, _)) in hybrid.iter_mut().zip(HYBRID) {
        *set = read::list(&devices.join(driver).join("cpus"))?.unwrap_or_default();
    }
    // Capacity, and the place among the hybrid kinds counted from 1.
    let mut keys: Vec<(u32, usize)> = Vec::with_capacity(facts.len());
    for f in &*facts {
        let capacity = read::number(&tree.cpu(f.cpu).join("cpu_capacity"))?.unwrap_or(0);
        let place = hybrid.iter().rposition(|set| set.contains(f.cpu));
        keys.push((capacity, place.map_or(0, |place| place + 1)));
    }
    let mut index: BTreeMap<(u32, usize), usize> = keys.iter().map(|&key| (key, 0)).collect();
    index.values_mut().enumerate().for_each(|(i, v)| *v = i);
    if index.len() < 2 {
        return Ok(Vec::new());
    }
    for (f, key) in facts.iter_mut().zip(&keys) {
        f.kind = index[key];
    }
    let name = |place: &usize| match place.checked_sub(1) {
        Some(place) => HYBRID[place].1.to_owned(),
        None => String::new(),
    };
    let kinds = index.keys().map(|(capacity, place)| CoreKind {
        name: name(place),
        capacity: *capacity,
    });
    Ok(kinds.collect())
}
