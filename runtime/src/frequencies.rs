//! The system's frequency controls: how fast processors may be at the most, and what they are asked to prefer, as Linux offers it of each below
//! `/sys/devices/system/cpu/cpuN/cpufreq`.
//!
//! What was found there comes back when the engines go home, when the process ends in order, and when a fault of the runtime ends it. It does not when the process is killed. Who
//! has controls keeps the files locked: who else would lower them meanwhile would take what we wrote for what was found.

use crate::small_files::{nonsense, read, read_number, wrong};
use crate::sync::plain::{AtomicBool, Mutex, Ordering};
use std::cmp::Reverse;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How fast engines are in each state, of a thousand, as far as the processor goes so low.
const SPEEDS: [u64; 3] = [1000, 750, 500];
const HELPS: &str =
    "run as an administrator, or have one allow it (chmod a+w), to have frequencies set";

/// The files that were changed, or may be, of all runtimes of the process.
static HELD: Mutex<Table> = Mutex::new(Table {
    held: Vec::new(),
    ended: false,
});
/// The process will bring everything back when it ends.
static REGISTERED: AtomicBool = AtomicBool::new(false);

struct Table {
    held: Vec<Held>,
    /// The process ends: nothing is changed any more.
    ended: bool,
}

/// A file with what was found in it and what it says since.
struct Held {
    path: PathBuf,
    found: String,
    ours: String,
}

impl Held {
    fn restore(&self) {
        // Who has written something else meanwhile knows better.
        let is_ours = || read(&self.path).is_ok_and(|now| now == self.ours);
        if self.ours != self.found && is_ours() {
            let _ = std::fs::write(&self.path, &self.found);
        }
    }
}

fn table<R>(act: impl FnOnce(&mut Table) -> R) -> R {
    act(&mut HELD.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Brings back all that was found, and changes nothing any more: the process ends.
pub(crate) fn restore_all() {
    table(|table| {
        table.held.iter().for_each(Held::restore);
        table.ended = true;
    });
}

extern "C" fn at_exit() {
    restore_all();
}

/// The controls of some processors. See the module.
pub(crate) struct Frequencies {
    controls: Vec<Control>,
    /// How fast engines are in each state, of a thousand.
    speeds: Vec<u32>,
}

/// Of processors that have their frequency in common.
struct Control {
    maximum: PathBuf,
    /// What the maximum is in each state, in kHz.
    khz: Vec<u64>,
    preference: Option<PathBuf>,
    /// Locked for as long as this lives.
    _lock: File,
}

impl Frequencies {
    /// Those of these processors, below a root (`/` is this machine's), and what is to be said of them. What went wrong, if they cannot be set.
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
        let mut controls = Vec::new();
        for folder in &folders {
            controls.push(Control::open(folder, &mut notes)?);
        }
        // Those of the one that can go slowest.
        let speeds = controls.iter().map(Control::speeds);
        let speeds = speeds.max_by_key(|speeds| (speeds.len(), Reverse(speeds.last().copied())));
        let speeds =
            speeds.ok_or("no frequency controls: engines have no processors of their own")?;
        for control in &controls {
            control.enter();
        }
        if !REGISTERED.swap(true, Ordering::Relaxed) {
            // SAFETY: the function unwinds nowhere into C (it only locks, reads and writes, and ignores what fails), and lives as long as
            // the program, which is linked with it.
            unsafe { libc::atexit(at_exit) };
        }
        Ok((Frequencies { controls, speeds }, notes))
    }

    /// How fast engines are in each state, of a thousand: at least one, from the fastest on.
    pub(crate) fn speeds(&self) -> &[u32] {
        &self.speeds
    }

    /// Has processors go as fast as in this state at the most, and prefer this, or what they were found with. What went wrong, if one refuses.
    pub(crate) fn set(&self, state: usize, preference: Option<&str>) -> Result<(), String> {
        for control in &self.controls {
            let last = control.khz.len() - 1;
            let khz = (state > 0).then(|| control.khz[state.min(last)].to_string());
            write(&control.maximum, khz.as_deref())?;
            if let Some(file) = &control.preference {
                write(file, preference)?;
            }
        }
        Ok(())
    }
}

impl Drop for Frequencies {
    fn drop(&mut self) {
        let is_ours = |held: &Held| {
            let mut files = self.controls.iter().flat_map(Control::files);
            files.any(|file| *file == held.path)
        };
        table(|table| {
            table
                .held
                .extract_if(.., |held| is_ours(held))
                .for_each(|held| held.restore());
        });
    }
}

impl Control {
    fn open(folder: &Path, notes: &mut Vec<String>) -> Result<Self, String> {
        let file = |name: &str| folder.join(name);
        let maximum = file("scaling_max_freq");
        let lock = writable(&maximum).map_err(|error| told(&maximum, &error))?;
        match lock.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "no frequency controls: {}: another runtime has it; let one of them end first, or keep this one from processors that are not its own",
                    maximum.display()
                ));
            }
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
        let preference = match writable(&preference).and_then(|_| can_prefer(folder)) {
            Ok(()) => Some(preference),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                notes.push(wrong(&preference, &error, HELPS));
                None
            }
        };
        Ok(Control {
            maximum,
            khz,
            preference,
            _lock: lock,
        })
    }

    /// How fast it is in each state, of a thousand.
    fn speeds(&self) -> Vec<u32> {
        let speed = |khz: &u64| (khz * 1000 / self.khz[0]).clamp(1, 1000) as u32;
        self.khz.iter().map(speed).collect()
    }

    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.maximum].into_iter().chain(&self.preference)
    }

    /// From now on its files are brought back.
    fn enter(&self) {
        for path in self.files() {
            let Ok(found) = read(path) else { continue };
            let held = Held {
                path: path.clone(),
                ours: found.clone(),
                found,
            };
            table(|table| table.held.push(held));
        }
    }
}

/// Writes something to a file that is held, or what was found there, unless it says so already.
fn write(path: &Path, text: Option<&str>) -> Result<(), String> {
    table(|table| {
        let is_it = |held: &&mut Held| held.path == path;
        let Some(held) = table.held.iter_mut().find(is_it).filter(|_| !table.ended) else {
            return Ok(());
        };
        let text = text.unwrap_or(&held.found);
        if text == held.ours {
            return Ok(());
        }
        let written = std::fs::write(path, text);
        // The system may round it.
        let now = written.and_then(|()| read(path));
        held.ours = now.map_err(|error| {
            format!(
                "frequencies are not set any more: {}",
                wrong(path, &error, HELPS)
            )
        })?;
        Ok(())
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
mod tests {
    use super::*;
    use crate::small_files::made_up::Tree;

    fn name(cpu: u32, file: &str) -> String {
        format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/{file}")
    }

    fn processor(tree: &Tree, cpu: u32, lowest: u64) {
        tree.write(&name(cpu, "scaling_max_freq"), "3000000\n");
        tree.write(&name(cpu, "scaling_min_freq"), &format!("{lowest}\n"));
        tree.write(&name(cpu, "cpuinfo_min_freq"), "800000\n");
        tree.write(
            &name(cpu, "energy_performance_preference"),
            "balance_performance\n",
        );
        let known = "default performance balance_performance balance_power power\n";
        tree.write(
            &name(cpu, "energy_performance_available_preferences"),
            known,
        );
    }

    fn machine() -> Tree {
        let tree = Tree::new("frequencies");
        processor(&tree, 0, 800_000);
        processor(&tree, 3, 2_000_000);
        tree
    }

    fn says(tree: &Tree, cpu: u32) -> (String, String) {
        let read = |file| tree.read(&name(cpu, file)).trim().to_owned();
        (
            read("scaling_max_freq"),
            read("energy_performance_preference"),
        )
    }

    fn pair(maximum: &str, preference: &str) -> (String, String) {
        (maximum.to_owned(), preference.to_owned())
    }

    const FOUND: (&str, &str) = ("3000000", "balance_performance");

    #[test]
    fn states_are_set_and_what_was_found_comes_back() {
        let tree = machine();
        let (controls, notes) = Frequencies::of(tree.root(), &[0, 3]).unwrap();
        assert_eq!((controls.speeds(), notes), (&[1000, 750, 500][..], vec![]));
        controls.set(2, Some("power")).unwrap();
        assert_eq!(says(&tree, 0), pair("1500000", "power"));
        // Not below what it may have at the least.
        assert_eq!(says(&tree, 3), pair("2000000", "power"));
        controls.set(1, None).unwrap();
        assert_eq!(says(&tree, 0), pair("2250000", FOUND.1));
        controls.set(0, None).unwrap();
        assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
        controls.set(1, Some("balance_power")).unwrap();
        // Somebody else knows better.
        tree.write(&name(3, "scaling_max_freq"), "1234000\n");
        drop(controls);
        assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
        assert_eq!(says(&tree, 3), pair("1234000", FOUND.1));
    }

    #[test]
    fn a_panic_brings_back_what_was_found() {
        let tree = machine();
        let caught = std::panic::catch_unwind(|| {
            let (controls, _) = Frequencies::of(tree.root(), &[0]).unwrap();
            controls.set(2, Some("power")).unwrap();
            assert_eq!(says(&tree, 0), pair("1500000", "power"));
            std::panic::panic_any("a test has asked for this panic");
        });
        assert!(caught.is_err());
        assert_eq!(says(&tree, 0), pair(FOUND.0, FOUND.1));
    }

    #[test]
    fn one_at_a_time_has_them() {
        let tree = machine();
        let first = Frequencies::of(tree.root(), &[0]).unwrap();
        first.0.set(2, None).unwrap();
        let text = Frequencies::of(tree.root(), &[3, 0]).err().unwrap();
        assert!(
            text.contains("cpu0") && text.contains("another runtime has it"),
            "{text}"
        );
        // Who was refused has left nothing locked.
        assert!(Frequencies::of(tree.root(), &[3]).is_ok());
        drop(first);
        assert!(Frequencies::of(tree.root(), &[3, 0]).is_ok());
        assert_eq!(says(&tree, 0).0, FOUND.0);
    }

    #[test]
    fn what_makes_no_sense_is_told_and_nothing_is_changed() {
        let told = |tree: &Tree| Frequencies::of(tree.root(), &[0]).err().unwrap();
        let none = told(&Tree::new("no-frequencies"));
        assert!(
            none.starts_with("no frequency controls: ") && none.contains("cpu0/cpufreq"),
            "{none}"
        );
        for (file, content) in [
            ("scaling_max_freq", ""),
            ("scaling_max_freq", "0\n"),
            ("scaling_max_freq", "fast\n"),
            ("scaling_max_freq", "18446744073709551615\n"),
            ("cpuinfo_min_freq", "-1\n"),
            ("scaling_min_freq", "\u{0}\n"),
        ] {
            let tree = machine();
            tree.write(&name(0, file), content);
            let text = told(&tree);
            assert!(text.contains(file), "{file} {content:?}: {text}");
            assert_eq!(tree.read(&name(0, file)), content);
        }
        let tree = machine();
        tree.remove(&name(0, "scaling_max_freq"));
        tree.folder(&name(0, "scaling_max_freq"));
        assert!(told(&tree).contains("it is no file"));
    }

    #[test]
    fn without_preferences_frequencies_are_set_alone() {
        let tree = machine();
        tree.write(
            &name(0, "energy_performance_available_preferences"),
            "performance\n",
        );
        let (controls, notes) = Frequencies::of(tree.root(), &[0]).unwrap();
        assert!(
            notes.len() == 1 && notes[0].contains("it knows no `power`"),
            "{notes:?}"
        );
        controls.set(2, Some("power")).unwrap();
        assert_eq!(says(&tree, 0), pair("1500000", FOUND.1));
        drop(controls);
        tree.remove(&name(0, "energy_performance_preference"));
        let (controls, notes) = Frequencies::of(tree.root(), &[0]).unwrap();
        assert_eq!(notes, Vec::<String>::new());
        controls.set(1, Some("power")).unwrap();
        assert_eq!(tree.read(&name(0, "scaling_max_freq")), "2250000");
    }

    #[test]
    fn a_processor_that_cannot_go_slower_has_one_state() {
        let tree = machine();
        tree.write(&name(0, "scaling_min_freq"), "9000000\n");
        let (controls, _) = Frequencies::of(tree.root(), &[0]).unwrap();
        assert_eq!(controls.speeds(), [1000]);
    }
}
