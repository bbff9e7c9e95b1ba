//! Whose pages there are, and looking at one.

use super::bytes::begins_a_page;
use super::{Flaw, Page, read};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How the names of files begin where all pages are.
pub const PREFIX: &str = "sprat-top-";

/// The longest file that is read.
const LONGEST: u64 = 64 << 20;

/// Where pages are if no file was named, the first that can be written to: shared memory, the user's folder for such things, the one
/// for temporary files.
pub fn folders() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let mut folders = vec![PathBuf::from("/dev/shm")];
    folders.extend(own.filter(|own| own.is_absolute()));
    folders.push(std::env::temp_dir());
    folders
}

/// Whether a file is called as runtimes call theirs in such a folder: the prefix and the process's number, with the runtime's behind if
/// the process has several. So it is a name that can stand in a terminal.
fn is_name(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(numbers) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let (process, further) = numbers.split_once('-').unwrap_or((numbers, "1"));
    is_number(process) && is_number(further)
}

/// Whose this process is.
pub(crate) fn own_user() -> Option<u32> {
    // What a process is belongs to its user.
    std::fs::metadata("/proc/self").ok().map(|own| own.uid())
}

/// The files of all pages there that are this user's, those of programs that died included, by their names.
pub fn running() -> Vec<PathBuf> {
    let entries = folders()
        .into_iter()
        .filter_map(|folder| folder.read_dir().ok());
    let mut files: Vec<_> = (entries.flatten().flatten())
        .filter(|entry| entry.file_name().to_str().is_some_and(is_name))
        .map(|entry| entry.path())
        .filter(|path| Watched::own(path).is_ok())
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The page of a program, opened.
#[derive(Debug)]
pub struct Watched {
    file: File,
}

impl Watched {
    /// Opens a file.
    ///
    /// # Errors
    /// The system's, and one for what is no plain file.
    pub fn open(path: &Path) -> io::Result<Self> {
        // A pipe shall not make us wait for whoever writes to it.
        Self::open_with(path, libc::O_NONBLOCK)
    }

    /// One in a folder that may be everybody's: no link, and only this user's.
    pub(crate) fn own(path: &Path) -> io::Result<Self> {
        let watched = Self::open_with(path, libc::O_NONBLOCK | libc::O_NOFOLLOW)?;
        match own_user() {
            Some(own) if watched.file.metadata()?.uid() != own => {
                Err(io::Error::other("this is another user's"))
            }
            _ => Ok(watched),
        }
    }

    fn open_with(path: &Path, flags: i32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(flags).open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(Watched { file }),
            false => Err(io::Error::other(
                "this is no file that a program shows itself in",
            )),
        }
    }

    /// The file, locked against runtimes that would take it, if it has a page in it and its program died.
    pub(crate) fn dead(&self) -> Option<&File> {
        self.file.try_lock().ok()?;
        holds_a_page(&self.file)
            .unwrap_or(false)
            .then_some(&self.file)
    }

    /// The newest page.
    ///
    /// # Errors
    /// Why there is none.
    pub fn read(&self) -> Result<Page, Flaw> {
        let mut flaw = Flaw::Empty;
        // One that meets two writes finds nothing whole.
        for _ in 0..3 {
            let (mut file, mut bytes) = (&self.file, Vec::new());
            let whole = file
                .rewind()
                .and_then(|()| file.take(LONGEST).read_to_end(&mut bytes));
            if whole.is_err() {
                return Err(Flaw::Foreign);
            }
            match read(&bytes) {
                Ok(page) => return Ok(page),
                Err(now) => flaw = now,
            }
        }
        Err(flaw)
    }

    /// Whether the program that writes it is there. (Where the system has no such locks, yes.)
    pub fn is_alive(&self) -> bool {
        match self.file.try_lock_shared() {
            Ok(()) => {
                let _ = self.file.unlock();
                false
            }
            Err(_) => true,
        }
    }
}

/// Whether a file begins as those of pages do, so that it can be written over or taken away. One that is empty does not.
pub(crate) fn holds_a_page(file: &File) -> io::Result<bool> {
    let mut first = [0; 8];
    match file.read_exact_at(&mut first, 0) {
        Ok(()) => Ok(begins_a_page(&first)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_prefix_and_numbers() {
        for name in ["sprat-top-1", "sprat-top-4242-2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "sprat-top-",
            "sprat-top-notes.txt",
            "sprat-top-1-",
            "sprat-top-1-2-3",
            "sprat-top--1",
            "sprat-top-1\x1b[2J",
            "sprat-top-1 2",
            "top-1",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
