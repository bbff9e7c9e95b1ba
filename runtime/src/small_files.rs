//! Files of the system that hold a word or a number, in a tree whose root can be set. Nothing in them is trusted.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What the longest of them may have; a longer one is none of the system's.
const MOST_BYTES: usize = 4096;

/// Opens one. Not what is no file: a pipe would keep whoever opens it waiting.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file")),
    }
}

/// What an open one says now, without blanks around it.
pub(crate) fn say(file: &File) -> io::Result<String> {
    let mut bytes = [0; MOST_BYTES];
    let count = file.read_at(&mut bytes, 0)?;
    let text = std::str::from_utf8(&bytes[..count]).map_err(|_| nonsense("it is no text"))?;
    match count < MOST_BYTES {
        true => Ok(text.trim().to_owned()),
        false => Err(nonsense("it is too long")),
    }
}

/// What one says.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    say(&open(path)?)
}

/// The number that one says.
pub(crate) fn number(file: &File) -> io::Result<u64> {
    let text = say(file)?;
    let number = text.parse();
    number.map_err(|_| {
        nonsense(format!(
            "it says `{}`, which is no whole number",
            shown(&text)
        ))
    })
}

/// The number that one says.
pub(crate) fn read_number(path: &Path) -> io::Result<u64> {
    number(&open(path)?)
}

/// The beginning of a text, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    let begin: String = text.chars().take(40).collect();
    begin.escape_debug().to_string()
}

pub(crate) fn nonsense(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Says of a file what went wrong, and what helps, where that is known.
pub(crate) fn wrong(path: &Path, error: &io::Error, helps: &str) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("{path}: {error}; {helps}")
        }
        _ => format!("{path}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_is_told_what_helps() {
        let says = |kind| wrong(Path::new("/sys/x"), &io::Error::from(kind), "ask");
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ] {
            let text = says(kind);
            assert!(
                text.starts_with("/sys/x: ") && text.ends_with("; ask"),
                "{text}"
            );
        }
        assert!(!says(io::ErrorKind::NotFound).ends_with("ask"));
    }
}

/// Trees that tests make up.
#[cfg(not(miri))]
#[cfg(test)]
pub(crate) mod made_up {
    use std::path::{Path, PathBuf};

    /// A folder that goes with this.
    pub(crate) struct Tree(PathBuf);

    impl Tree {
        /// With a name of its own among those of the tests that run at the same time.
        pub(crate) fn new(name: &str) -> Self {
            use crate::sync::plain::{AtomicU32, Ordering};
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("sprat-{name}-{}-{number}", std::process::id());
            let root = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&root).unwrap();
            Tree(root)
        }

        pub(crate) fn root(&self) -> &Path {
            &self.0
        }

        pub(crate) fn write(&self, file: &str, text: &str) {
            self.write_bytes(file, text.as_bytes());
        }

        pub(crate) fn write_bytes(&self, file: &str, bytes: &[u8]) {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }

        pub(crate) fn read(&self, file: &str) -> String {
            std::fs::read_to_string(self.0.join(file)).unwrap()
        }

        pub(crate) fn folder(&self, name: &str) {
            std::fs::create_dir_all(self.0.join(name)).unwrap();
        }

        pub(crate) fn remove(&self, file: &str) {
            std::fs::remove_file(self.0.join(file)).unwrap();
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
