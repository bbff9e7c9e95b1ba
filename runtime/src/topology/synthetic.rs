//! A machine from a short description.

use super::assemble::{CacheFacts, CpuFacts, MOST_CPUS, MOST_REGIONS, assemble};
use super::text::shown;
use super::{Region, Source, Topology};
use crate::error::{Error, ErrorKind, Result};

const LEVELS: [&str; 5] = ["package", "region", "cache", "core", "thread"];
const CORE: usize = 3;

const REGION_BYTES: u64 = 16 << 30;
const CACHE_BYTES: u64 = 32 << 20;
const LOCAL: u32 = 10;
const SAME_PACKAGE: u32 = 12;
const OTHER_PACKAGE: u32 = 21;

pub(super) fn build(description: &str) -> Result<Topology> {
    let [packages, regions, caches, cores, threads] = counts(description)?;
    let all_regions = packages * regions;
    let all_cores = all_regions * caches * cores;
    let region_list = (0..all_regions)
        .map(|a| Region {
            os_id: a as u32,
            bytes: REGION_BYTES,
            distances: (0..all_regions).map(|b| distance(a, b, regions)).collect(),
            has_cpus: false,
        })
        .collect();
    // Thread t of core c is CPU t * cores + c: the first threads of all cores come first.
    let cpus_of = |core: usize| (0..threads).map(move |t| (t * all_cores + core) as u32);
    let facts: Vec<CpuFacts> = (0..all_cores)
        .flat_map(|core| {
            let region = core / (caches * cores);
            let cache = CacheFacts {
                level: 3,
                bytes: CACHE_BYTES,
                first_sharer: (core / cores * cores) as u32,
            };
            cpus_of(core).map(move |cpu| CpuFacts {
                cpu,
                package: (region / regions) as i32,
                core_id: (core % (regions * caches * cores)) as i32,
                siblings: cpus_of(core).collect(),
                region,
                cache: Some(cache.clone()),
            })
        })
        .collect();
    let source = Source::Synthetic(description.trim().to_owned());
    Ok(assemble(&facts, region_list, Vec::new(), source))
}

fn distance(a: usize, b: usize, regions_per_package: usize) -> u32 {
    match () {
        _ if a == b => LOCAL,
        _ if a / regions_per_package == b / regions_per_package => SAME_PACKAGE,
        _ => OTHER_PACKAGE,
    }
}

/// The count of each level per parent.
fn counts(description: &str) -> Result<[usize; 5]> {
    let wrong = |what: String| {
        let message = format!(
            "the topology description {} is wrong: {what}; write it like `package:2 region:2 core:8 thread:2`",
            shown(description.trim())
        );
        Error::new(ErrorKind::Topology, message)
    };
    let mut counts: [Option<usize>; 5] = [None; 5];
    for word in description.split_whitespace() {
        let Some((name, count)) = word.split_once(':') else {
            return Err(wrong(format!("{} is not `level:count`", shown(word))));
        };
        let Some(level) = LEVELS.iter().position(|l| *l == name) else {
            let known = LEVELS.join(", ");
            return Err(wrong(format!(
                "there is no level {} (there are {known})",
                shown(name)
            )));
        };
        let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(wrong(format!(
                "{} is not a count in {}",
                shown(count),
                shown(word)
            )));
        }
        if counts[level].is_some() {
            return Err(wrong(format!("the level `{name}` is there twice")));
        }
        if let Some(inner) = (level + 1..LEVELS.len()).find(|&l| counts[l].is_some()) {
            let inner = LEVELS[inner];
            return Err(wrong(format!(
                "`{name}` must come before `{inner}`, which it contains"
            )));
        }
        // Digits that do not fit are far too many; the product below says so.
        let n = count.parse().unwrap_or(usize::MAX);
        if n == 0 {
            return Err(wrong(format!(
                "`{name}:0` leaves nothing; counts start at 1"
            )));
        }
        counts[level] = Some(n);
    }
    if counts.iter().all(Option::is_none) {
        return Err(wrong("it is empty".into()));
    }
    if counts[CORE].is_none() {
        return Err(wrong(
            "it has no `core` level, the only one that must be there".into(),
        ));
    }
    let counts = counts.map(|c| c.unwrap_or(1));
    let product = |of: &[usize]| of.iter().try_fold(1usize, |p, &n| p.checked_mul(n));
    if product(&counts).is_none_or(|cpus| cpus > MOST_CPUS) {
        return Err(wrong(format!(
            "it has more than {MOST_CPUS} hardware threads"
        )));
    }
    if product(&counts[..2]).is_none_or(|regions| regions > MOST_REGIONS) {
        return Err(wrong(format!(
            "it has more than {MOST_REGIONS} memory regions"
        )));
    }
    Ok(counts)
}
