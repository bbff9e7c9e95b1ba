//! Where results go. A file that stands there is replaced by a whole one or stays as it is: what is written goes into a file beside it,
//! which takes its name at the end.

use super::note;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

/// See the module. Opened before a trace is read, so that what cannot be written is told at once.
pub struct Output {
    /// As it was asked for.
    asked: PathBuf,
    file: File,
    /// The file beside it, and the one that this becomes; a device or a pipe is written to as it is.
    becomes: Option<(PathBuf, PathBuf)>,
}

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
        let there = path.metadata().ok();
        if there.as_ref().is_some_and(|there| there.is_dir()) {
            return Err(format!("{name} is a folder; name a file in it"));
        }
        if there.is_some() && inputs.iter().any(|input| is_same(path, input)) {
            return Err(format!(
                "{name} is the trace itself, which would be lost; name another file"
            ));
        }
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(told)?;
            return Ok(Output {
                asked: path.to_owned(),
                file,
                becomes: None,
            });
        }
        let permissions = there.map(|there| there.permissions());
        if permissions.as_ref().is_some_and(|all| all.readonly()) {
            return Err(format!(
                "{name} is there and may not be written to; name another file, or remove it"
            ));
        }
        // Links stay, and what they lead to is replaced.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let Some(last) = real.file_name() else {
            return Err(format!("{name} names no file"));
        };
        let mut beside = std::ffi::OsString::from(".");
        beside.push(last);
        beside.push(format!(".{}", std::process::id()));
        let beside = real.with_file_name(beside);
        let file = File::create_new(&beside).map_err(told)?;
        // From here on the file beside goes if this does.
        let output = Output {
            asked: path.to_owned(),
            file,
            becomes: Some((beside, real)),
        };
        if let Some(permissions) = permissions {
            output.file.set_permissions(permissions).map_err(told)?;
        }
        Ok(output)
    }

    /// Writes it, and says where it is.
    ///
    /// # Errors
    /// A sentence; what stood there before still does.
    pub fn write(
        mut self,
        write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>,
    ) -> std::result::Result<(), String> {
        self.put(write).map_err(|error| {
            let name = self.asked.display();
            match error.kind() {
                ErrorKind::NotSeekable => {
                    format!(
                        "{name}: this is written to and fro, for which it has to be a file, no pipe"
                    )
                }
                _ if self.becomes.is_none() => format!("{name}: {error}"),
                _ => format!("{name}: {error}; what stood there before is as it was"),
            }
        })?;
        note(&format!("wrote {}", self.asked.display()));
        Ok(())
    }

    fn put(&mut self, write: impl FnOnce(&mut BufWriter<&File>) -> Result<()>) -> Result<()> {
        let mut out = BufWriter::new(&self.file);
        write(&mut out)?;
        out.flush()?;
        drop(out);
        let Some((beside, real)) = &self.becomes else {
            return Ok(());
        };
        // Some file systems say only then that there is no room.
        self.file.sync_all()?;
        std::fs::rename(beside, real)?;
        self.becomes = None;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.becomes {
            // It cannot be helped if it stays.
            _ = std::fs::remove_file(beside);
        }
    }
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
