//! Files as dependences: blocks that are filled from a file or written to one, by codelets that run on no engine.
//! See `docs/design/io.md`.

use crate::affinity::Affinity;
use crate::data_block::{Block, Data};
use crate::error::{Error, ErrorKind, Result};
use crate::io::transfer::{self, Whole};
use crate::options::Options;
use crate::options::Spawned;
use crate::runtime::Runtime;
use crate::scope::Scope;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;
use std::path::Path;

/// What is to be read.
struct Range {
    start: u64,
    bytes: u64,
    /// The file as it was found, if all up to its end is to be read.
    whole: Option<Whole>,
}

impl Range {
    /// The bytes of `path` that `range` means: up to the end the file has now, if it says no end.
    fn of(path: &Path, range: &impl RangeBounds<u64>) -> Result<Self> {
        let beyond = |bound: u64| bound.saturating_add(1);
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => beyond(before),
            Bound::Unbounded => 0,
        };
        let (end, whole) = match range.end_bound() {
            Bound::Included(&last) => (beyond(last), None),
            Bound::Excluded(&end) => (end, None),
            Bound::Unbounded => {
                let about = std::fs::metadata(path).map_err(|error| {
                    let text = format!("the length of \"{}\"", path.display());
                    Error::system(text, error)
                })?;
                if !about.is_file() {
                    return Err(Error::new(
                        ErrorKind::System,
                        format!(
                            "\"{}\" is no regular file, so it has no length; say how many bytes to read",
                            path.display()
                        ),
                    ));
                }
                let whole = Whole::of(&about);
                (whole.bytes, Some(whole))
            }
        };
        Ok(Range {
            start,
            bytes: end.saturating_sub(start),
            whole,
        })
    }

    /// As many elements of `T` as its bytes are.
    fn elements<T: Data>(&self, path: &Path) -> Result<usize> {
        let size = size_of::<T>() as u64;
        let wrong = |why: String| {
            let (start, end) = (self.start, self.start.saturating_add(self.bytes));
            let text = format!("bytes {start}..{end} of \"{}\" {why}", path.display());
            Err(Error::new(ErrorKind::BlockSize, text))
        };
        if self.bytes == 0 {
            return wrong("are none; a block has at least one".to_owned());
        }
        if size == 0 || !self.bytes.is_multiple_of(size) {
            return wrong(format!(
                "are {} bytes, which is no whole number of elements of {size} bytes; read bytes, or another range",
                self.bytes
            ));
        }
        usize::try_from(self.bytes / size).or_else(|_| wrong("do not fit into memory".to_owned()))
    }
}

impl<'s> Options<'_, 's> {
    /// As [`Scope::read_file`], with these options: `after(event)`, above all. Those about placement do not apply.
    ///
    /// # Errors
    /// As [`Scope::read_file`].
    #[track_caller]
    pub fn read_file<T: Data>(
        self,
        path: impl AsRef<Path>,
        range: impl RangeBounds<u64>,
    ) -> Result<Block<T>> {
        let range = Range::of(path.as_ref(), &range)?;
        let len = range.elements::<T>(path.as_ref())?;
        self.expect_access()?;
        match self.scope().block(len) {
            Ok(block) => {
                self.fill(block, path.as_ref(), range.start, range.whole);
                Ok(block)
            }
            Err(error) => {
                self.scope().frame().engine.shared.io.forget();
                Err(error)
            }
        }
    }

    /// As [`Scope::read_file_into`], with these options.
    ///
    /// # Errors
    /// As [`Scope::read_file_into`].
    #[track_caller]
    pub fn read_file_into<T: Data>(
        self,
        block: Block<T>,
        path: impl AsRef<Path>,
        start: u64,
    ) -> Result<Spawned<()>> {
        self.expect_access()?;
        Ok(self.fill(block, path.as_ref(), start, None))
    }

    /// As [`Scope::write_file`], with these options.
    ///
    /// # Errors
    /// As [`Scope::write_file`].
    #[track_caller]
    pub fn write_file<T: Data>(
        self,
        block: Block<T>,
        path: impl AsRef<Path>,
    ) -> Result<Spawned<()>> {
        self.expect_access()?;
        Ok(self.store(block, path.as_ref(), None))
    }

    /// As [`Scope::write_file_at`], with these options.
    ///
    /// # Errors
    /// As [`Scope::write_file_at`].
    #[track_caller]
    pub fn write_file_at<T: Data>(
        self,
        block: Block<T>,
        path: impl AsRef<Path>,
        start: u64,
    ) -> Result<Spawned<()>> {
        self.expect_access()?;
        Ok(self.store(block, path.as_ref(), Some(start)))
    }

    fn expect_access(&self) -> Result<()> {
        self.scope().frame().engine.shared.expect_access()
    }

    /// Spawns the codelet that reads.
    #[track_caller]
    fn fill<T: Data>(
        self,
        block: Block<T>,
        path: &Path,
        start: u64,
        whole: Option<Whole>,
    ) -> Spawned<()> {
        let path = path.to_path_buf();
        self.spawn_access(|options| {
            options.spawn_once(block.write(), move |s, data: &mut [T]| {
                let shared = s.frame().engine.shared;
                let bytes = bytemuck::cast_slice_mut(data);
                let end = start.saturating_add(bytes.len() as u64);
                let called_off = || shared.stops() || s.is_cancelled();
                transfer::read(&path, start, whole, bytes, &called_off).map_err(|error| {
                    let what = format!("reading bytes {start}..{end} of \"{}\"", path.display());
                    Error::msg(format!("{what}: {error}"))
                })
            })
        })
    }

    /// Spawns the codelet that writes.
    #[track_caller]
    fn store<T: Data>(self, block: Block<T>, path: &Path, start: Option<u64>) -> Spawned<()> {
        let path = path.to_path_buf();
        self.spawn_access(|options| {
            options.spawn_once(block.read(), move |s, data: &[T]| {
                let shared = s.frame().engine.shared;
                let bytes: &[u8] = bytemuck::cast_slice(data);
                let called_off = || shared.stops() || s.is_cancelled();
                transfer::write(&path, start, bytes, &called_off).map_err(|error| {
                    let count = bytes.len();
                    let place = start.map_or(String::new(), |start| format!("byte {start} of "));
                    let what = format!("writing {count} bytes to {place}\"{}\"", path.display());
                    Error::msg(format!("{what}: {error}"))
                })
            })
        })
    }

    /// Spawns a codelet that runs on a thread for files, which was expected.
    #[track_caller]
    fn spawn_access(self, spawn: impl FnOnce(Self) -> Spawned<()>) -> Spawned<()> {
        let shared = self.scope().frame().engine.shared;
        let options = self.placed(Affinity::Control);
        let spawned = spawn(options.at(Location::caller()));
        if !spawned.is_there() {
            shared.io.forget();
        }
        spawned
    }
}

impl<'s> Scope<'s> {
    /// A block that is filled from a file: from these bytes of it, or from all of it (`..`). The block is there at once, and
    /// codelets that use it wait as for any that writes it. The range is in bytes and must be a whole number of elements,
    /// which are taken as they lie in the file. Where it says no end, the file's length is asked for in this call, and
    /// the file must not change before it has been read: when it is only being made, say how long it will be, and read it
    /// [after](Options::after) that.
    ///
    /// The file is read by a thread that may block, so no engine does. If that fails, this counts as a codelet that failed:
    /// the block is poisoned, and the scope's error names the path, the range, and what the system said.
    ///
    /// Pipes and devices can be read with a range from 0 to an end. A pipe that nobody opens for writing is waited for,
    /// until the scope is [cancelled](crate::Canceller::cancel): that calls off accesses that run, which count as failed.
    ///
    /// ```
    /// # fn main() -> sprat::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("sprat-doc-{}", std::process::id()));
    /// # std::fs::write(&path, [1u8, 0, 2, 0])?;
    /// let rt = sprat::Runtime::new()?;
    /// rt.finish(|s| {
    ///     let numbers = s.read_file::<u16>(&path, ..)?;
    ///     s.spawn(numbers.read(), |_, numbers| assert_eq!(u16::from_le(numbers[1]), 2));
    ///     Ok(())
    /// })?;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::BlockSize`] if the range is empty or no whole number of elements; [`ErrorKind::System`] if the length
    /// is asked for and cannot be had, or no thread or memory is left.
    #[track_caller]
    pub fn read_file<T: Data>(
        &self,
        path: impl AsRef<Path>,
        range: impl RangeBounds<u64>,
    ) -> Result<Block<T>> {
        self.codelet("read_file").read_file(path, range)
    }

    /// Fills a block from a file, beginning at byte `start`: an access that writes all of the block, in program order.
    /// See [`Scope::read_file`].
    ///
    /// # Errors
    /// [`ErrorKind::System`] if no thread can be started for it. What goes wrong later makes the scope fail.
    #[track_caller]
    pub fn read_file_into<T: Data>(
        &self,
        block: Block<T>,
        path: impl AsRef<Path>,
        start: u64,
    ) -> Result<Spawned<()>> {
        self.codelet("read_file").read_file_into(block, path, start)
    }

    /// Writes a block to a file, which is made if it is not there, and is as long as the block afterwards: an access that
    /// reads the block, in program order. The elements are written as they lie in memory. Its end is that of the codelet that
    /// is returned: then the system has the data, though perhaps not yet on the disk.
    ///
    /// Accesses to one file are not ordered by its name: read what was written [after](Options::after) that event.
    ///
    /// # Errors
    /// [`ErrorKind::System`] if no thread can be started for it. What goes wrong later makes the scope fail, with an error
    /// that names the path and what the system said.
    #[track_caller]
    pub fn write_file<T: Data>(
        &self,
        block: Block<T>,
        path: impl AsRef<Path>,
    ) -> Result<Spawned<()>> {
        self.codelet("write_file").write_file(block, path)
    }

    /// Writes a block into a file, beginning at byte `start`; the rest of the file stays as it is. So many blocks can be
    /// written to one file at a time. See [`Scope::write_file`].
    ///
    /// # Errors
    /// As [`Scope::write_file`].
    #[track_caller]
    pub fn write_file_at<T: Data>(
        &self,
        block: Block<T>,
        path: impl AsRef<Path>,
        start: u64,
    ) -> Result<Spawned<()>> {
        self.codelet("write_file").write_file_at(block, path, start)
    }
}

impl Runtime {
    /// A block with what is in a file; see [`Scope::read_file`]. Waits until it has been read, as
    /// [`Runtime::read`] does; in a scope use the scope's.
    ///
    /// # Errors
    /// As [`Scope::read_file`] and [`Runtime::finish`].
    #[track_caller]
    pub fn read_file<T: Data>(
        &self,
        path: impl AsRef<Path>,
        range: impl RangeBounds<u64>,
    ) -> Result<Block<T>> {
        let (mut made, at) = (None, Location::caller());
        let place = &mut made;
        let read = self.finish(|s| {
            let options = s.codelet("read_file").at(at);
            *place = Some(options.read_file(path, range)?);
            Ok(())
        });
        match (read, made) {
            (Ok(()), Some(block)) => Ok(block),
            (read, made) => {
                if let Some(block) = made {
                    // Nobody else knows it.
                    self.destroy(block)?;
                }
                Err(read.expect_err("a scope that ended well has made the block"))
            }
        }
    }

    /// Writes a block to a file, in order with all accesses spawned before, and waits for that; see
    /// [`Scope::write_file`].
    ///
    /// # Errors
    /// As [`Scope::write_file`] and [`Runtime::finish`].
    #[track_caller]
    pub fn write_file<T: Data>(&self, block: Block<T>, path: impl AsRef<Path>) -> Result<()> {
        let at = Location::caller();
        self.finish(|s| {
            let options = s.codelet("write_file").at(at);
            options.write_file(block, path).map(|_| ())
        })
    }
}
