//! Which file a trace goes to: the one that was asked for, or one beside it while somebody else writes that.

use crate::sync::plain::Mutex;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// The files of this process's traces: each has its own, and keeps it when its runtime has gone.
static TAKEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// So many names are tried.
const NAMES: u32 = 10_000;

/// Opens the file for a trace, empty, and says which it is. `%p` in the name stands for the process's number. A file that another
/// runtime of this process has had, or that another process writes now, is left alone: then it is the one with `-2`, `-3` and so on before
/// the ending.
pub(super) fn open(path: &Path) -> Result<(File, PathBuf)> {
    let process = std::process::id().to_string();
    let path = match path.to_str() {
        Some(text) => PathBuf::from(text.replace("%p", &process)),
        None => path.to_owned(),
    };
    let mut taken = TAKEN.lock().unwrap_or_else(|e| e.into_inner());
    let mut is_held = false;
    for own in (1..NAMES).map(|number| numbered(&path, number)) {
        if taken.contains(&own) {
            continue;
        }
        let Some(file) = take(&own)? else {
            is_held = true;
            continue;
        };
        if is_held {
            eprintln!(
                "sprat: another process writes the trace {}; this one is {} (`%p` in the name gives each process a file of its own)",
                path.display(),
                own.display()
            );
        }
        taken.push(own.clone());
        return Ok((file, own));
    }
    Err(Error::other(format!(
        "{NAMES} traces are being written under this name"
    )))
}

/// Opens a file and empties it; `None` if another process writes it.
fn take(path: &Path) -> Result<Option<File>> {
    // Not emptied before we know that it is ours.
    let file = (OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Ok(None);
    }
    // Else it is locked until it is closed, or this system has no such locks. A pipe or a device has no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(Some(file))
}

/// The name with a number before its ending, from 2 on.
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_writes_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("sprat-place-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let held = folder.join("run.sprat");
        // As another process holds it: by another opening of the file.
        let other = File::create(&held).unwrap();
        other.lock().unwrap();
        std::fs::write(&held, "theirs").unwrap();
        let (file, path) = open(&held).unwrap();
        assert_eq!(path, folder.join("run-2.sprat"));
        assert_eq!(std::fs::read(&held).unwrap(), b"theirs");
        // When they have gone the name is free again, but ours is taken for good.
        drop((other, file));
        assert_eq!(open(&held).unwrap().1, held);
        assert_eq!(std::fs::read(&held).unwrap(), b"");
        assert_eq!(open(&held).unwrap().1, folder.join("run-3.sprat"));
        let named = open(&folder.join("of-%p")).unwrap().1;
        assert_eq!(named, folder.join(format!("of-{}", std::process::id())));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
