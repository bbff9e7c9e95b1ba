//! Small files of the kernel: what is missing is `None`, what makes no sense is an error that says so.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::topology::CpuSet;
use crate::topology::mask::{self, Mask};
use crate::topology::text::shown;

/// The longest file that makes sense; the longest real ones are lists of thousands of CPUs.
const MOST_BYTES: u64 = 1 << 20;

/// How much is asked for at a time: a mask of 29,000 CPUs.
const AT_ONCE: usize = 8 << 10;

/// An error about a file's content.
pub(super) fn absurd(file: &Path, content: &str, what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Topology,
        format!(
            "{} says {}: {what}. If this is a copy of a machine's tree, copy it again; if it is this machine, \
             give the runtime a description instead, such as `core:8`",
            file.display(),
            shown(content.trim())
        ),
    )
}

/// The file's text without white space at its ends, or `None` if it cannot be read: not there, not permitted, or
/// of a CPU that is being taken offline. An empty file is an empty text.
pub(super) fn text(file: &Path) -> Result<Option<String>> {
    // Room for all of it at once: asked for masks of a thousand CPUs in pieces, the kernel gives the first ones and no more.
    let mut bytes = Vec::with_capacity(AT_ONCE);
    let read = File::open(file).and_then(|f| f.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    if read.is_err() {
        return Ok(None);
    }
    let start = || String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    if bytes.len() as u64 > MOST_BYTES {
        return Err(absurd(file, &start(), "it is longer than a megabyte"));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) => Err(absurd(file, &start(), "it is not text")),
    }
}

/// A whole number.
pub(super) fn number<T: FromStr>(file: &Path) -> Result<Option<T>> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(n) => Ok(Some(n)),
        Err(_) => Err(absurd(file, &text, "that is not a number that fits here")),
    }
}

/// A number that the kernel gives as -1 when it does not know; a missing file means the same.
pub(super) fn id(file: &Path) -> Result<i32> {
    Ok(number::<i32>(file)?.unwrap_or(-1).max(-1))
}

/// A list of CPUs (or of other things that the kernel numbers) that may be empty.
pub(super) fn list(file: &Path) -> Result<Option<CpuSet>> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(set) => Ok(Some(set)),
        Err(e) => Err(absurd(file, &text, e)),
    }
}

/// A list that names something unless it was cut off.
pub(super) fn full_list(file: &Path) -> Result<Option<CpuSet>> {
    match list(file)? {
        Some(set) if set.is_empty() => Err(absurd(file, "", "the list is empty and must not be")),
        other => Ok(other),
    }
}

/// CPUs that the kernel names twice, in a mask and in a list: very old kernels have the masks alone. Where both are there
/// and differ, since somebody edited a copy, the mask counts; so it does for hwloc.
pub(super) fn cpus(dir: &Path, mask_name: &str, list_name: &str) -> Result<Option<CpuSet>> {
    let listed = list(&dir.join(list_name))?;
    Ok(mask(&dir.join(mask_name))?.or(listed))
}

/// The same where at least one must be named, unless a file was cut off.
pub(super) fn full_cpus(dir: &Path, mask_name: &str, list_name: &str) -> Result<Option<CpuSet>> {
    let listed = full_list(&dir.join(list_name))?;
    let file = dir.join(mask_name);
    match mask(&file)? {
        Some(set) if set.is_empty() => {
            Err(absurd(&file, "0", "that is no CPU, and there must be one"))
        }
        masked => Ok(masked.or(listed)),
    }
}

fn mask(file: &Path) -> Result<Option<CpuSet>> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    match mask::parse(&text) {
        Ok(Mask {
            set,
            all_from: None,
        }) => Ok(Some(set)),
        Ok(_) => Err(absurd(file, &text, "the kernel's masks have an end")),
        Err(what) => Err(absurd(file, &text, what)),
    }
}

/// A size such as `32768K`, in bytes.
pub(super) fn size(file: &Path) -> Result<Option<u64>> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    let (digits, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) => (digits, text.as_bytes()[text.len() - 1]),
        None => (text.as_str(), b'B'),
    };
    let shift = match unit {
        b'K' => 10,
        b'M' => 20,
        b'G' => 30,
        _ => 0,
    };
    let bytes = digits
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(1 << shift));
    match bytes {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(absurd(file, &text, "that is not a size such as 32768K")),
    }
}

/// The memory in a `meminfo` file, in bytes: its line `MemTotal: 4030464 kB`.
pub(super) fn memory(file: &Path) -> Result<Option<u64>> {
    let Some(text) = text(file)? else {
        return Ok(None);
    };
    let total = text.lines().find_map(|line| line.split_once("MemTotal:"));
    let mut words = total.map_or("", |(_, rest)| rest).split_whitespace();
    let kib = words.next().and_then(|n| n.parse::<u64>().ok());
    match (kib.and_then(|n| n.checked_mul(1024)), words.next()) {
        (Some(bytes), Some("kB")) => Ok(Some(bytes)),
        _ => Err(absurd(
            file,
            &text,
            "there is no line such as `MemTotal: 4030464 kB`",
        )),
    }
}

/// The numbers N of the entries `<prefix>N` of a directory; none if there is no such directory.
pub(super) fn numbered(dir: &Path, prefix: &str) -> CpuSet {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|e| e.file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
        .filter(|&n| n < CpuSet::LIMIT)
        .collect()
}

/// The tree that a user named: its `devices/system` directory, and the directory that holds `sys`.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub system: PathBuf,
    pub base: PathBuf,
}

impl Tree {
    /// Finds it below a directory that holds `sys`, or is `sys`.
    pub(super) fn find(root: &Path) -> Option<Tree> {
        let above = root.parent().unwrap_or(root);
        let candidates = [
            (root.join("sys/devices/system"), root),
            (root.join("devices/system"), above),
        ];
        candidates
            .into_iter()
            .find(|(system, _)| system.join("cpu").is_dir())
            .map(|(system, base)| Tree {
                system,
                base: base.to_owned(),
            })
    }

    pub(super) fn cpu(&self, cpu: u32) -> PathBuf {
        self.system.join(format!("cpu/cpu{cpu}"))
    }

    pub(super) fn node(&self, node: u32) -> PathBuf {
        self.system.join(format!("node/node{node}"))
    }
}
