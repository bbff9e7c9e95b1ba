//! Files that are written whole or not at all.

use std::path::{Path, PathBuf};

use sprat::{Error, Result};
use tempfile::NamedTempFile;

/// A file in the making. Whatever has its name now stays untouched until the new one is complete.
#[derive(Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// Tries the place, so that one that cannot be written to is told before the work, not after it. Nothing stays there
    /// until the file is written.
    ///
    /// # Errors
    /// With the file's name, what is wrong, and what to do.
    pub fn begin(path: &Path) -> Result<Output> {
        let tell = |what: &str| {
            let path = path.display();
            Error::msg(format!(
                "cannot write {path}: {what}; choose another place with --output"
            ))
        };
        match path.metadata() {
            Ok(there) if there.is_dir() => return Err(tell("it is a folder")),
            // A new file would take the place of a device or a pipe.
            Ok(there) if !there.is_file() => {
                return Err(tell("it is there, and is no regular file"));
            }
            _ => {}
        }
        // A link stays; the file that it leads to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let output = Output { path };
        if !output.folder().is_dir() {
            let what = format!("{} is no folder", output.folder().display());
            return Err(tell(&what));
        }
        output.part().map_err(|error| tell(&error.to_string()))?;
        Ok(output)
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }

    /// A file beside the place, gone when it is dropped.
    fn part(&self) -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sprat-").suffix(".part");
        #[cfg(unix)]
        {
            // As any new file has: what the user's mask allows.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(self.folder())
    }

    /// Writes what `write` writes, and gives it its name if that goes well.
    ///
    /// # Errors
    /// With the file's name and what is wrong.
    pub fn write(self, write: impl FnOnce(&mut NamedTempFile) -> Result<()>) -> Result<()> {
        let tell =
            |what: String| Error::msg(format!("cannot write {}: {what}", self.path.display()));
        let mut file = self.part().map_err(|error| tell(error.to_string()))?;
        write(&mut file).map_err(|error| tell(error.to_string()))?;
        file.persist(&self.path)
            .map_err(|error| tell(error.to_string()))?;
        Ok(())
    }
}
