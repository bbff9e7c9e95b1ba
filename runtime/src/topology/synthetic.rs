//! A machine from a short description.

use super::assemble::assemble;
use super::facts::{self, CacheFacts, CpuFacts, Facts, MOST_CPUS, MOST_REGIONS};
use super::text::shown;
use super::{Package, Source, Topology};
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
        .map(|a| {
            let distances = (0..all_regions).map(|b| distance(a, b, regions)).collect();
            facts::region(a as u32, REGION_BYTES, distances)
        })
        .collect();
    // Thread t of core c is CPU t * cores + c: the first threads of all cores come first.
    let cpus_of = |core: usize| (0..threads).map(move |t| (t * all_cores + core) as u32);
    let in_order = |cores: std::ops::Range<usize>| {
        (0..threads).flat_map(move |t| cores.clone().map(move |c| (t * all_cores + c) as u32))
    };
    let caches = (0..all_regions * caches)
        .map(|cache| CacheFacts {
            level: 3,
            bytes: CACHE_BYTES,
            cpus: in_order(cache * cores..(cache + 1) * cores).collect(),
        })
        .collect();
    let cpus = in_order(0..all_cores)
        .map(|cpu| {
            let core = cpu as usize % all_cores;
            let (cache, in_region) = (core / cores, core * all_regions / all_cores);
            CpuFacts {
                package: in_region / regions,
                core_id: (core % (all_cores / packages)) as i32,
                siblings: cpus_of(core).collect(),
                region: Some(in_region),
                last_cache: Some(cache),
                ..CpuFacts::unknown(cpu)
            }
        })
        .collect();
    assemble(Facts {
        packages: (0..packages as i32)
            .map(|os_id| Package { os_id })
            .collect(),
        regions: region_list,
        caches,
        all_caches_known: true,
        kinds: Vec::new(),
        cpus,
        notes: Vec::new(),
        source: Source::Synthetic(description.trim().to_owned()),
    })
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
