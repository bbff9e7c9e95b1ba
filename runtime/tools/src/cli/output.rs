//! Where results go. A file that stands there is replaced by a whole one or stays as it is: what is written goes into a file beside it,
//! which takes its name at the end. Where that cannot be, as in a folder of somebody else, it is written to as it is.

use super::note;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// See the module. Opened before a trace is read, so that what cannot be written is told at once.
pub struct Output {
    /// As it was asked for.
    asked: PathBuf,
    file: File,
    becomes: Becomes,
}

enum Becomes {
    /// The file beside is to be this one.
    Named { beside: PathBuf, real: PathBuf },
    /// A file that is written over; what is in it goes when there is something to write.
    Over,
    /// A device, a pipe, or whatever else is written to as it is.
    Itself,
}

/// So many names are tried for the file beside: a program that was killed may have left one, and a later one have its number.
const TRIES: u32 = 100;
/// So many letters of a name are in the name of the file beside, which few file systems let be longer than 255 bytes.
const LETTERS: usize = 50;
/// More links than this no system follows.
const MOST_LINKS: u32 = 40;

impl Output {
    /// For a result that is made of these files.
    ///
    /// # Errors
    /// A sentence: nothing can be written there, or it is one of these files.
    pub fn open(path: &Path, inputs: &[&Path]) -> std::result::Result<Self, String> {
        let name = path.display();
        let told = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => {
                format!("{name}: its folder is not there; make it first, or name another one")
            }
            _ => format!(
                "{name}: nothing can be written there: {error}; name a file in a folder that is yours"
            ),
        };
        let output = |file, becomes| Output {
            asked: path.to_owned(),
            file,
            becomes,
        };
        let there = path.metadata().ok();
        if there.as_ref().is_some_and(|there| there.is_dir()) {
            return Err(format!("{name} is a folder; name a file in it"));
        }
        if there.is_some() && inputs.iter().any(|input| is_same(path, input)) {
            return Err(format!(
                "{name} is the trace itself, which would be lost; name another file"
            ));
        }
        let is_file = there.as_ref().is_none_or(|there| there.is_file());
        // Links stay, and what they lead to is replaced; one that leads to nothing, or to what has no name any more, is gone through.
        let real = path.canonicalize().ok();
        let leads = real.is_none() && path.symlink_metadata().is_ok();
        if !is_file || leads || is_open_file(path) {
            let mut options = OpenOptions::new();
            options.write(true).create(is_file).truncate(is_file);
            return Ok(output(options.open(path).map_err(told)?, Becomes::Itself));
        }
        let real = real.unwrap_or_else(|| path.to_owned());
        let Some(last) = real.file_name() else {
            return Err(format!("{name} names no file"));
        };
        let Some(there) = there else {
            let (file, beside) = beside(&real, last).map_err(told)?;
            return Ok(output(file, Becomes::Named { beside, real }));
        };
        let writable = match there.permissions().readonly() {
            true => Err(ErrorKind::PermissionDenied.into()),
            // Asked, since more than these bits says who may.
            false => OpenOptions::new().write(true).open(&real),
        };
        let writable = writable.map_err(|error: std::io::Error| {
            format!("{name} is there and may not be written to: {error}; name another file, or remove it")
        })?;
        match beside(&real, last) {
            Ok((file, beside)) => {
                // From here on the file beside goes if this does.
                let output = output(file, Becomes::Named { beside, real });
                output
                    .file
                    .set_permissions(there.permissions())
                    .map_err(told)?;
                Ok(output)
            }
            Err(error) if no_names(&error) => Ok(output(writable, Becomes::Over)),
            Err(error) => Err(told(error)),
        }
    }

    /// Writes it, and says where it is.
    ///
    /// # Errors
    /// A sentence; what stood there before still does, unless only it could be written to.
    pub fn write(
        mut self,
        write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
    ) -> std::result::Result<(), String> {
        self.put(write).map_err(|error| {
            let name = self.asked.display();
            match (error.kind(), &self.becomes) {
                (ErrorKind::NotSeekable, _) => {
                    format!(
                        "{name}: this is written to and fro, for which it has to be a file, no pipe"
                    )
                }
                (_, Becomes::Named { .. }) => {
                    format!("{name}: {error}; what stood there before is as it was")
                }
                _ => format!("{name}: {error}"),
            }
        })?;
        note(&format!("wrote {}", self.asked.display()));
        Ok(())
    }

    fn put(&mut self, write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
        if let Becomes::Over = self.becomes {
            self.file.set_len(0)?;
        }
        let mut out = BufWriter::new(&self.file);
        write(&mut out)?;
        out.flush()?;
        drop(out);
        let Becomes::Named { beside, real } = &self.becomes else {
            return Ok(());
        };
        // Some file systems say only then that there is no room.
        self.file.sync_all()?;
        match std::fs::rename(beside, real) {
            // It may be written to, and not be replaced: it is somebody else's in a folder for all, or something is mounted there.
            Err(error) if no_names(&error) && real.exists() => {
                let mut whole = File::open(beside)?;
                let mut over = OpenOptions::new().write(true).open(real)?;
                // It is open: whatever happens now, the one beside is needed no more.
                std::fs::remove_file(beside)?;
                self.becomes = Becomes::Over;
                over.set_len(0)?;
                std::io::copy(&mut whole, &mut over)?;
                over.sync_all()
            }
            renamed => {
                renamed?;
                self.becomes = Becomes::Itself;
                Ok(())
            }
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Becomes::Named { beside, .. } = &self.becomes {
            // It cannot be helped if it stays.
            _ = std::fs::remove_file(beside);
        }
    }
}

/// A new file beside this one, which is called `last`.
fn beside(real: &Path, last: &std::ffi::OsStr) -> Result<(File, PathBuf)> {
    let some: String = last.to_string_lossy().chars().take(LETTERS).collect();
    let process = std::process::id();
    let mut tries = 0;
    loop {
        let name = match tries {
            0 => format!(".{some}.{process}"),
            _ => format!(".{some}.{process}.{tries}"),
        };
        let path = real.with_file_name(name);
        tries += 1;
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < TRIES => (),
            made => return made.map(|file| (file, path)),
        }
    }
}

/// Whether this says that names in a folder may not be changed, which does not keep anybody from writing to a file in it.
fn no_names(error: &std::io::Error) -> bool {
    use ErrorKind::{CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    matches!(
        error.kind(),
        CrossesDevices | PermissionDenied | ReadOnlyFilesystem | ResourceBusy
    )
}

/// Whether a name, like `/dev/stdout`, is that of a file that a process has open: who named it means that one, and not what is called so then.
fn is_open_file(path: &Path) -> bool {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        let folder = match at.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if let Ok(folder) = folder.canonicalize() {
            let of_process = folder.starts_with("/proc") && folder.ends_with("fd");
            if of_process || folder == Path::new("/dev/fd") {
                return true;
            }
        }
        match at.read_link() {
            Ok(to) => at = folder.join(to),
            Err(_) => return false,
        }
    }
    false
}

/// Whether two names, however written, are one file's.
fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(first), Ok(second)) = (one.canonicalize(), other.canonicalize()) else {
        return false;
    };
    first == second || is_linked(&first, &second)
}

/// Whether a file has both names.
#[cfg(unix)]
fn is_linked(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let both = (one.metadata(), other.metadata());
    matches!(both, (Ok(one), Ok(other)) if (one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn is_linked(_: &Path, _: &Path) -> bool {
    false
}
