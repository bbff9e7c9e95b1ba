//! The system's energy counters: what processor packages have drawn, as Linux tells it of Intel's and AMD's below `/sys/class/powercap` (RAPL).
//!
//! Each package has a folder `intel-rapl:N` there (AMD's, too), whose `name` is `package-P`, or `package-P-die-D`; in it lies one for the memory at the package
//! (`dram`), which the package's own counter does not count. A counter, `energy_uj`, goes up to `max_energy_range_uj` and begins anew.

use crate::mutants::mutant;
use crate::small_files::{nonsense, number, open, read, read_number, wrong};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Where the system's packages are, below its root.
const ZONES: &str = "sys/class/powercap";
/// More folders than these are not looked at.
const MOST_ZONES: usize = 4096;
/// No package draws more, in microjoules in a microsecond (10 kW).
const MOST_UJ_EACH_US: u64 = 10_000;
const HELPS: &str =
    "run as an administrator, or have one allow it (chmod a+r), to have energy measured";

/// A package, and how much of what it draws belongs to somebody: so many of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The system's number of it; `None`: all packages that there are.
    pub(crate) package: Option<u32>,
    pub(crate) own: u64,
    pub(crate) all: u64,
}

/// See the module.
pub(crate) struct EnergyCounters {
    counters: Vec<Counter>,
    /// What is to be said of the last reading.
    pub(crate) note: Option<String>,
}

struct Counter {
    path: PathBuf,
    file: File,
    range_uj: u64,
    /// What it said last, and when that was, in nanoseconds.
    last_uj: u64,
    last_ns: u64,
    sum_uj: u64,
    own: u64,
    all: u64,
}

impl EnergyCounters {
    /// Those of these packages, below a root (`/` is this machine's), from now on. What went wrong, if one of them has none that can be read.
    pub(crate) fn of(root: &Path, parts: &[Part], now_ns: u64) -> Result<Self, String> {
        let zones = root.join(ZONES);
        let entries = std::fs::read_dir(&zones)
            .map_err(|error| format!("no energy counters: {}", wrong(&zones, &error, HELPS)))?;
        let mut counters = Vec::new();
        let folders = entries.take(MOST_ZONES).flatten();
        let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
        folders.sort();
        let mut found = vec![false; parts.len()];
        for folder in folders.iter().filter(|folder| is_zone(folder, 1)) {
            let Some(package) = read(&folder.join("name"))
                .ok()
                .and_then(|name| package(&name))
            else {
                continue;
            };
            let is_in = |part: &Part| part.package.is_none_or(|own| own == package);
            for (at, part) in parts.iter().enumerate().filter(|(_, part)| is_in(part)) {
                found[at] = true;
                for zone in [folder.clone()].into_iter().chain(memories(folder)) {
                    counters.push(Counter::open(&zone, part, now_ns)?);
                }
            }
        }
        match found.iter().position(|found| !found) {
            None if !parts.is_empty() => Ok(EnergyCounters {
                counters,
                note: None,
            }),
            at => {
                let which = at.and_then(|at| parts[at].package);
                let which =
                    which.map_or("any package".into(), |number| format!("package {number}"));
                Err(format!(
                    "no energy counters: {} has none of {which}",
                    zones.display()
                ))
            }
        }
    }

    /// What was drawn since this was made, in nanojoules. What went wrong, if one of them does not tell any more, or tells nonsense.
    pub(crate) fn read(&mut self, now_ns: u64) -> Result<u64, String> {
        let mut sum: u128 = 0;
        for counter in &mut self.counters {
            let (uj, restarted) = counter.read(now_ns).map_err(|error| {
                format!(
                    "energy is not measured any more: {}",
                    wrong(&counter.path, &error, HELPS)
                )
            })?;
            if restarted {
                self.note = Some(format!(
                    "{}: it has begun anew before it was full, and what was drawn until then is not counted",
                    counter.path.display()
                ));
            }
            sum += u128::from(uj) * 1000 * u128::from(counter.own) / u128::from(counter.all.max(1));
        }
        Ok(u64::try_from(sum).unwrap_or(u64::MAX))
    }
}

impl Counter {
    fn open(zone: &Path, part: &Part, now_ns: u64) -> Result<Self, String> {
        let told = |path: &Path, error: io::Error| {
            format!("no energy counters: {}", wrong(path, &error, HELPS))
        };
        let (path, range) = (zone.join("energy_uj"), zone.join("max_energy_range_uj"));
        let file = open(&path).map_err(|error| told(&path, error))?;
        let range_uj = read_number(&range).map_err(|error| told(&range, error))?;
        if range_uj == 0 {
            return Err(told(
                &range,
                nonsense("it says 0, so that nothing could be counted"),
            ));
        }
        let mut counter = Counter {
            path,
            file,
            range_uj,
            last_uj: 0,
            last_ns: now_ns,
            sum_uj: 0,
            own: part.own,
            all: part.all,
        };
        let first_uj = counter.says();
        counter.last_uj = first_uj.map_err(|error| told(&counter.path, error))?;
        Ok(counter)
    }

    fn says(&self) -> io::Result<u64> {
        let now_uj = number(&self.file)?;
        if now_uj > self.range_uj {
            return Err(nonsense(format!(
                "it says {now_uj}, and counts up to {} (max_energy_range_uj)",
                self.range_uj
            )));
        }
        Ok(now_uj)
    }

    /// What was drawn so far, in microjoules, and whether it has begun anew before it was full, as after a sleep of the machine.
    fn read(&mut self, now_ns: u64) -> io::Result<(u64, bool)> {
        let now_uj = self.says()?;
        let passed_us = now_ns.saturating_sub(self.last_ns).div_ceil(1000);
        let most_uj = passed_us.saturating_mul(MOST_UJ_EACH_US);
        let (drawn_uj, restarted) = match now_uj.checked_sub(self.last_uj) {
            Some(drawn_uj) => (drawn_uj, false),
            None if mutant!("counter_never_wraps") => (0, false),
            None => match self.range_uj - self.last_uj + now_uj {
                drawn_uj if drawn_uj <= most_uj => (drawn_uj, false),
                _ => (0, true),
            },
        };
        (self.last_uj, self.last_ns) = (now_uj, now_ns);
        self.sum_uj = self.sum_uj.saturating_add(drawn_uj);
        Ok((self.sum_uj, restarted))
    }
}

/// Whether a folder is that of a zone: `intel-rapl` and so many numbers.
fn is_zone(folder: &Path, numbers: usize) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    let Some(rest) = name.and_then(|name| name.strip_prefix("intel-rapl:")) else {
        return false;
    };
    let mut parts = rest.split(':');
    parts.clone().count() == numbers && parts.all(|part| part.parse::<u32>().is_ok())
}

/// The package that a zone of this name is of.
fn package(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("package-")?;
    let (package, die) = rest.split_once("-die-").unwrap_or((rest, "0"));
    die.parse::<u32>().ok().and(package.parse().ok())
}

/// The memories at a package.
fn memories(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let folders = entries.take(MOST_ZONES).flatten().map(|entry| entry.path());
    let is_memory = |zone: &PathBuf| {
        is_zone(zone, 2) && read(&zone.join("name")).is_ok_and(|name| name == "dram")
    };
    let mut found: Vec<PathBuf> = folders.filter(is_memory).collect();
    found.sort();
    found
}

// Its files are the system's, which Miri does not have.
#[cfg(not(miri))]
#[cfg(test)]
mod tests;
