//! The system's frequency controls: how fast processors may be at the most, and what they are asked to prefer, as Linux offers it of each below
//! `/sys/devices/system/cpu/cpuN/cpufreq`.
//!
//! What was found there comes back ([`crate::held_files`]). Who has controls keeps the files locked: who else would lower them meanwhile would take what we wrote for what was found.

use crate::held_files::{HeldFile, Lost};
use crate::small_files::{nonsense, read, read_number, wrong};
use std::cmp::Reverse;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How fast engines are in each state, of a thousand, as far as the processor goes so low.
const SPEEDS: [u64; 3] = [1000, 750, 500];
const HELPS: &str =
    "run as an administrator, or have one allow it (chmod a+w), to have frequencies set";

/// The controls of some processors. See the module.
pub(crate) struct Frequencies {
    controls: Vec<Control>,
    /// How fast engines are in each state, of a thousand.
    speeds: Vec<u32>,
    /// What was set last.
    last: Option<(usize, Option<&'static str>)>,
    /// It is known what the system has made of that.
    is_settled: bool,
}

/// Of processors that have their frequency in common.
struct Control {
    /// `None`: somebody else knows better.
    maximum: Option<HeldFile>,
    /// What the maximum is in each state, in kHz.
    khz: Vec<u64>,
    preference: Option<HeldFile>,
    /// Locked for as long as this lives.
    _lock: File,
}

/// Somebody has locked a control.
struct Locked;

impl Frequencies {
    /// Those of these processors, below a root (`/` is this machine's), but for those that somebody else has, and what is to be said of them. What went wrong, if none can be set.
    pub(crate) fn of(root: &Path, cpus: &[u32]) -> Result<(Self, Vec<String>), String> {
        let (mut folders, mut notes) = (Vec::new(), Vec::new());
        for cpu in cpus {
            let folder = root.join(format!("sys/devices/system/cpu/cpu{cpu}/cpufreq"));
            // Processors that have it in common share a folder.
            let shared = std::fs::canonicalize(&folder);
            let shared = shared.map_err(|error| told(&folder, &error))?;
            if !folders.contains(&shared) {
                folders.push(shared);
            }
        }
        let (mut controls, mut locked) = (Vec::new(), Vec::new());
        for folder in &folders {
            match Control::open(folder, &mut notes)? {
                Ok(control) => controls.push(control),
                Err(Locked) => locked.push(folder.display().to_string()),
            }
        }
        if !locked.is_empty() {
            let whose = format!(
                "another domain or runtime has {}; its processors may share their frequency with those here, or another runtime must end first",
                locked.join(", ")
            );
            if controls.is_empty() {
                return Err(format!("no frequency controls: {whose}"));
            }
            notes.push(format!("not all frequency controls: {whose}"));
        }
        notes.extend(lowered(&folders));
        // Those of the one that can go slowest.
        let speeds = controls.iter().map(Control::speeds);
        let speeds = speeds.max_by_key(|speeds| (speeds.len(), Reverse(speeds.last().copied())));
        let speeds =
            speeds.ok_or("no frequency controls: engines have no processors of their own")?;
        let frequencies = Frequencies {
            controls,
            speeds,
            last: None,
            is_settled: true,
        };
        Ok((frequencies, notes))
    }

    /// How fast engines are in each state, of a thousand: at least one, from the fastest on.
    pub(crate) fn speeds(&self) -> &[u32] {
        &self.speeds
    }

    /// Has processors go as fast as in this state at the most, and prefer this, or what they were found with; of what is given up alone there is a note. What went wrong, if
    /// a maximum is refused.
    pub(crate) fn set(
        &mut self,
        state: usize,
        preference: Option<&'static str>,
        notes: &mut Vec<String>,
    ) -> Result<(), String> {
        if self.last == Some((state, preference)) {
            if !self.is_settled {
                let mut files = self.controls.iter().flat_map(Control::files);
                self.is_settled = files.all(HeldFile::settles);
            }
            return Ok(());
        }
        for control in &mut self.controls {
            let last = control.khz.len() - 1;
            let khz = (state > 0).then(|| control.khz[state.min(last)].to_string());
            let maximum = control.maximum.as_ref();
            match maximum.map(|file| file.write(khz.as_deref())) {
                Some(Err(Lost::Refused(why))) => {
                    return Err(format!("frequencies are not set any more: {why}"));
                }
                Some(Err(Lost::Taken(why))) => {
                    notes.push(why);
                    control.maximum = None;
                }
                Some(Ok(())) | None => (),
            }
        }
        self.prefer(preference, notes);
        if self.controls.iter().all(|one| one.maximum.is_none()) {
            return Err("frequencies are not set any more: somebody else sets them".to_owned());
        }
        (self.last, self.is_settled) = (Some((state, preference)), false);
        Ok(())
    }

    fn prefer(&mut self, preference: Option<&str>, notes: &mut Vec<String>) {
        let mut is_refused = false;
        for control in &mut self.controls {
            let file = control.preference.as_ref();
            let Some(Err(lost)) = file.map(|file| file.write(preference)) else {
                continue;
            };
            control.preference = None;
            match lost {
                Lost::Taken(why) => notes.push(why),
                // As under the governor `performance`, which has preferences of its own: so it is with all, or will be.
                Lost::Refused(why) => {
                    notes.push(format!(
                        "what processors prefer is not set any more, their frequencies are: {why}"
                    ));
                    is_refused = true;
                    break;
                }
            }
        }
        if is_refused {
            (self.controls.iter_mut()).for_each(|control| control.preference = None);
        }
    }
}

impl Control {
    fn open(folder: &Path, notes: &mut Vec<String>) -> Result<Result<Self, Locked>, String> {
        let file = |name: &str| folder.join(name);
        let maximum = file("scaling_max_freq");
        let lock = writable(&maximum).map_err(|error| told(&maximum, &error))?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Ok(Err(Locked)),
            Err(TryLockError::Error(error)) => return Err(told(&maximum, &error)),
        }
        let number = |path: &Path| read_number(path).map_err(|error| told(path, &error));
        let found_khz = number(&maximum)?;
        // Nobody is as fast; and nothing overflows.
        if found_khz == 0 || found_khz > 1 << 40 {
            let nonsense = nonsense(format!("it says {found_khz} kHz"));
            return Err(told(&maximum, &nonsense));
        }
        let lowest = [file("cpuinfo_min_freq"), file("scaling_min_freq")];
        let lowest = lowest
            .iter()
            .map(|path| number(path))
            .collect::<Result<Vec<u64>, _>>()?;
        let floor_khz = lowest.into_iter().max().unwrap_or(0);
        let mut khz: Vec<u64> = (SPEEDS.iter())
            .map(|speed| (found_khz * speed / 1000).max(floor_khz).min(found_khz))
            .collect();
        khz.dedup();
        let preference = file("energy_performance_preference");
        let held = writable(&preference).and_then(|_| can_prefer(folder));
        let preference = match held.and_then(|()| HeldFile::hold(&preference)) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                notes.push(wrong(&preference, &error, HELPS));
                None
            }
        };
        let held = HeldFile::hold(&maximum).map_err(|error| told(&maximum, &error))?;
        Ok(Ok(Control {
            maximum: Some(held),
            khz,
            preference,
            _lock: lock,
        }))
    }

    /// How fast it is in each state, of a thousand.
    fn speeds(&self) -> Vec<u32> {
        let speed = |khz: &u64| (khz * 1000 / self.khz[0]).clamp(1, 1000) as u32;
        self.khz.iter().map(speed).collect()
    }

    fn files(&self) -> impl Iterator<Item = &HeldFile> {
        (self.maximum.iter()).chain(&self.preference)
    }
}

/// Says that processors were found slower than they can be, if they were: what was found is taken for all that they may.
fn lowered(folders: &[PathBuf]) -> Option<String> {
    let found = folders.iter().filter_map(|folder| {
        let maximum = folder.join("scaling_max_freq");
        let found_khz = read_number(&maximum).ok()?;
        let most_khz = read_number(&folder.join("cpuinfo_max_freq")).ok()?;
        (found_khz < most_khz).then(|| {
            format!(
                "{}: {found_khz} kHz was found, though the processor can go at {most_khz} kHz: engines go no faster, and that comes back later; write the second there first, if nobody has bounded it on purpose",
                maximum.display()
            )
        })
    });
    let all: Vec<String> = found.collect();
    let others = all.len().saturating_sub(1);
    let first = all.into_iter().next()?;
    Some(match others {
        0 => first,
        _ => format!("{first} (and so of {others} others)"),
    })
}

/// Whether a processor knows all that policies have it prefer.
fn can_prefer(folder: &Path) -> io::Result<()> {
    let known = read(&folder.join("energy_performance_available_preferences"))?;
    for wanted in ["power", "balance_power"] {
        if !known.split_whitespace().any(|one| one == wanted) {
            return Err(nonsense(format!("it knows no `{wanted}`")));
        }
    }
    Ok(())
}

/// A file that may be written, which this does not do. Not one that is none.
fn writable(path: &Path) -> io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => OpenOptions::new().write(true).open(path),
        false => Err(nonsense("it is no file")),
    }
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("no frequency controls: {}", wrong(path, error, HELPS))
}

// Miri locks no files.
#[cfg(not(miri))]
#[cfg(test)]
mod tests;
