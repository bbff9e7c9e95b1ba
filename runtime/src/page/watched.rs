//! Whose pages there are, and looking at one.

use super::{Flaw, Page, read};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
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

/// The files of all pages there that this user can read, those of programs that died included, by their names.
pub fn running() -> Vec<PathBuf> {
    let entries = folders()
        .into_iter()
        .filter_map(|folder| folder.read_dir().ok());
    let mut files: Vec<_> = (entries.flatten().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .filter(|path| Watched::open(path).is_ok())
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
        let mut options = OpenOptions::new();
        options.read(true);
        // A pipe shall not make us wait for whoever writes to it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let file = options.open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(Watched { file }),
            false => Err(io::Error::other(
                "this is no file that a program shows itself in",
            )),
        }
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
