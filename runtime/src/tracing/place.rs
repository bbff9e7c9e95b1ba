//! Which file a trace goes to: the one that was asked for, or one beside it if that is another trace's.

use crate::sync::plain::Mutex;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// The traces of this process that were asked for under one name.
struct Name {
    asked: PathBuf,
    /// Of the first; the others have `-2`, `-3` and so on before the ending.
    first: PathBuf,
    /// So many there were.
    given: u32,
    /// The file that was asked for is locked as long as this is open: until this process ends, though the runtime may go before.
    _lock: File,
}

static NAMES: Mutex<Vec<Name>> = Mutex::new(Vec::new());

/// Opens the file for a trace, empty, and says which it is. `%p` in the name stands for the process's number. What another runtime
/// of this process wrote is left alone, and so is the file of another process that still runs: then this process's number is put
/// before the ending.
pub(super) fn open(path: &Path) -> Result<(File, PathBuf)> {
    let process = std::process::id().to_string();
    let path = match path.to_str() {
        Some(text) => PathBuf::from(text.replace("%p", &process)),
        None => path.to_owned(),
    };
    let asked = std::path::absolute(&path)?;
    let mut names = NAMES.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(name) = names.iter_mut().find(|name| name.asked == asked) {
        let own = with(&name.first, &(name.given + 1).to_string());
        let file = File::create(&own)?;
        name.given += 1;
        return Ok((file, own));
    }
    // Not emptied before we know that it is ours.
    let lock = (OpenOptions::new().write(true).create(true).truncate(false)).open(&path)?;
    // A pipe or a device is nobody's, and has no length.
    if !lock.metadata()?.is_file() {
        return Ok((lock, path));
    }
    let (file, first) = match lock.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let own = with(&path, &process);
            // Where nobody hears it the program goes on.
            _ = writeln!(
                std::io::stderr(),
                "sprat: the trace {} is another process's, which still runs; this one's is {} (`%p` in the name stands for the process)",
                path.display(),
                own.display()
            );
            (File::create(&own)?, own)
        }
        // It is ours, or this system has no such locks.
        _ => {
            lock.set_len(0)?;
            (lock.try_clone()?, path)
        }
    };
    names.push(Name {
        asked,
        first: first.clone(),
        given: 1,
        _lock: lock,
    });
    Ok((file, first))
}

/// The name with a number before its ending.
fn with(path: &Path, number: &str) -> PathBuf {
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

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("sprat-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_of_another_process_is_left_alone() {
        let folder = folder("theirs");
        let held = folder.join("run.sprat");
        // As another process holds it: by another opening of the file.
        let other = File::create(&held).unwrap();
        other.lock().unwrap();
        std::fs::write(&held, "theirs").unwrap();
        let process = std::process::id();
        let own = folder.join(format!("run-{process}.sprat"));
        assert_eq!(open(&held).unwrap().1, own);
        std::fs::write(&own, "ours").unwrap();
        // What this process has written stays, whoever goes.
        drop(other);
        assert_eq!(
            open(&held).unwrap().1,
            folder.join(format!("run-{process}-2.sprat"))
        );
        assert_eq!(std::fs::read(&held).unwrap(), b"theirs");
        assert_eq!(std::fs::read(&own).unwrap(), b"ours");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_this_process_wrote_is_kept_and_locked_after_the_runtime() {
        let folder = folder("ours");
        let path = folder.join("run");
        std::fs::write(&path, "older").unwrap();
        let (file, first) = open(&path).unwrap();
        assert_eq!((&first, std::fs::read(&path).unwrap().len()), (&path, 0));
        drop(file);
        let another = File::open(&path).unwrap();
        assert!(matches!(another.try_lock(), Err(TryLockError::WouldBlock)));
        // However it is named, and as often as one likes.
        let same = folder.join(".").join("run");
        assert_eq!(open(&same).unwrap().1, folder.join("run-2"));
        for number in 3..300 {
            assert_eq!(open(&path).unwrap().1, folder.join(format!("run-{number}")));
        }
        let named = open(&folder.join("of-%p")).unwrap().1;
        assert_eq!(named, folder.join(format!("of-{}", std::process::id())));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_device_is_nobodys() {
        let other = OpenOptions::new().write(true).open("/dev/null").unwrap();
        other.lock().unwrap();
        for _ in 0..2 {
            assert_eq!(
                open(Path::new("/dev/null")).unwrap().1,
                Path::new("/dev/null")
            );
        }
    }
}
