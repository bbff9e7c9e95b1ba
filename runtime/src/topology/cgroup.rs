//! The CPUs that the process's cgroup allows (its cpuset), in either version of cgroups.
//!
//! The kernel folds them into the affinity mask, so this normally repeats what the mask says. It is read to
//! notice the odd case in which it does not.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::CpuSet;
use super::text::shown;
use crate::error::{Error, ErrorKind, Result};

/// Version 1 names its files so; the shorter ones are for mounts without prefixes.
const FILES_V1: [&str; 4] = [
    "cpuset.effective_cpus",
    "cpuset.cpus",
    "effective_cpus",
    "cpus",
];
const FILES_V2: [&str; 1] = ["cpuset.cpus.effective"];

/// One mounted hierarchy of cgroups.
struct Mount {
    /// The cgroup that is visible at the mount point.
    root: PathBuf,
    point: PathBuf,
    kind: String,
    options: String,
}

/// The CPUs of the calling process's cpuset, or `None` if no cpuset cgroup is mounted that has the process.
///
/// Errors ([`ErrorKind::Topology`]) if the cgroup's file does not hold a CPU list.
pub fn cgroup_cpus() -> Result<Option<CpuSet>> {
    cgroup_cpus_under(Path::new("/"))
}

/// The same, with `/proc` and the mount points looked up below a directory.
pub(super) fn cgroup_cpus_under(base: &Path) -> Result<Option<CpuSet>> {
    let Ok(groups) = fs::read_to_string(base.join("proc/self/cgroup")) else {
        return Ok(None);
    };
    let Ok(mounts) = fs::read_to_string(base.join("proc/self/mountinfo")) else {
        return Ok(None);
    };
    let mounts: Vec<Mount> = mounts.lines().filter_map(mount).collect();
    // `7:cpuset,cpu:/job` for version 1, `0::/job` for version 2. A process has both on hybrid systems; the
    // cpuset controller is then in one of them, and the other one has no file of the name.
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let v2 = controllers.is_empty();
        if !v2 && !has(controllers, "cpuset") {
            continue;
        }
        for m in &mounts {
            let found = match (v2, m.kind.as_str()) {
                (true, "cgroup2") => read_upwards(base, m, path, &FILES_V2)?,
                (false, "cgroup") if has(&m.options, "cpuset") => {
                    read_upwards(base, m, path, &FILES_V1)?
                }
                (false, "cpuset") => read_upwards(base, m, path, &FILES_V1)?,
                _ => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
}

fn has(list: &str, word: &str) -> bool {
    list.split(',').any(|w| w == word)
}

/// The file of the process's own cgroup, or of the nearest one above that has it: the controller need not be
/// enabled all the way down, and then the parent's set is in force.
fn read_upwards(base: &Path, m: &Mount, path: &str, files: &[&str]) -> Result<Option<CpuSet>> {
    // In a container only a part of the hierarchy is mounted, its root being the container's cgroup. A cgroup
    // outside of that part cannot be seen; what is mounted is then the nearest thing to it.
    let below = Path::new(path)
        .strip_prefix(&m.root)
        .unwrap_or(Path::new(""));
    let below = match below
        .components()
        .all(|c| matches!(c, Component::Normal(_)))
    {
        true => below,
        false => Path::new(""),
    };
    let point = base.join(m.point.strip_prefix("/").unwrap_or(&m.point));
    for dir in below.ancestors() {
        for name in files {
            let file = point.join(dir).join(name);
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let cpus: CpuSet = text.parse().map_err(|_| {
                let (file, text) = (file.display(), shown(text.trim()));
                Error::new(
                    ErrorKind::Topology,
                    format!("{file} says {text}, which is not a list of CPUs such as 0-3,8"),
                )
            })?;
            // Version 1 leaves a cpuset empty that nobody has configured.
            if !cpus.is_empty() {
                return Ok(Some(cpus));
            }
        }
    }
    Ok(None)
}

/// One line of mountinfo: `id parent dev root point options [optional...] - kind source super-options`.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let mut after = after.split(' ');
    Some(Mount {
        root: unescape(before.next()?).into(),
        point: unescape(before.next()?).into(),
        kind: after.next()?.to_owned(),
        options: after.nth(1)?.to_owned(),
    })
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(text.to_owned(), |t, (code, c)| t.replace(code, c))
}
