//! Reading and writing files, in pieces, so that it can be called off. May block; only for threads that may.
//!
//! Regular files and block devices are read and written at positions. Pipes, terminals and other streams have no
//! positions; they are opened without blocking and polled, since a pipe whose other end never comes would block for
//! ever.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Bytes between two looks whether it is called off.
const PIECE: usize = 1 << 20;
/// How long a stream is waited for between two such looks.
const PATIENCE: Duration = Duration::from_millis(20);

/// What a file was when somebody asked for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) bytes: u64,
    changed: Option<SystemTime>,
}

impl Whole {
    pub(crate) fn of(about: &Metadata) -> Self {
        Whole {
            bytes: about.len(),
            changed: about.modified().ok(),
        }
    }
}

/// Reads from byte `start` until `into` is full. If `whole` is given, the file must still be that.
pub(crate) fn read(
    path: &Path,
    start: u64,
    whole: Option<Whole>,
    into: &mut [u8],
    called_off: &dyn Fn() -> bool,
) -> io::Result<()> {
    let file = open(OpenOptions::new().read(true), path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(told("it is a directory"));
    }
    if !has_positions(&about) {
        if start > 0 {
            return Err(told(
                "it is a stream, which can be read from its beginning only",
            ));
        }
        return read_stream(&file, into, called_off);
    }
    let mut done = 0;
    while done < into.len() {
        if called_off() {
            return Err(told("called off"));
        }
        let end = into.len().min(done + PIECE);
        match read_at(&file, &mut into[done..end], start + done as u64) {
            Ok(0) => return Err(ends_at(start + done as u64)),
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    match whole {
        Some(whole) if Whole::of(&file.metadata()?) != whole => {
            Err(told("it has changed since its length was asked for"))
        }
        _ => Ok(()),
    }
}

/// Writes to a file that is made if it is not there: all of it, which is then as long as `from`, or if `start` is given
/// the bytes from there on.
pub(crate) fn write(
    path: &Path,
    start: Option<u64>,
    from: &[u8],
    called_off: &dyn Fn() -> bool,
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(start.is_none());
    let file = open_to_write(&options, path, called_off)?;
    if !has_positions(&file.metadata()?) {
        if start.is_some_and(|start| start > 0) {
            return Err(told(
                "it is a stream, which can be written from its beginning only",
            ));
        }
        write_stream(&file, from, called_off)?;
        return close(file);
    }
    let start = start.unwrap_or(0);
    let mut done = 0;
    while done < from.len() {
        if called_off() {
            return Err(told("called off"));
        }
        let end = from.len().min(done + PIECE);
        match write_at(&file, &from[done..end], start + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    close(file)
}

fn told(text: &str) -> io::Error {
    io::Error::other(text)
}

fn ends_at(byte: u64) -> io::Error {
    let text = format!("it ends at byte {byte}, before the end of the range");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// Opens for writing; a pipe that nobody reads is waited for.
fn open_to_write(
    options: &OpenOptions,
    path: &Path,
    called_off: &dyn Fn() -> bool,
) -> io::Result<File> {
    loop {
        match open(&mut options.clone(), path) {
            Err(error) if is_pipe_without_reader(&error, path) => (),
            opened => return opened,
        }
        if called_off() {
            return Err(told("called off"));
        }
        // No event tells when somebody opens the other end.
        crate::sync::sleep(PATIENCE / 4);
    }
}

fn read_stream(file: &File, into: &mut [u8], called_off: &dyn Fn() -> bool) -> io::Result<()> {
    use std::io::Read;
    let (mut file, mut done) = (file, 0);
    while done < into.len() {
        if called_off() {
            return Err(told("called off"));
        }
        if !unix::wait(file, unix::READABLE, PATIENCE)? {
            continue;
        }
        match file.read(&mut into[done..]) {
            Ok(0) => return Err(ends_at(done as u64)),
            Ok(read) => done += read,
            Err(error) if goes_on(&error) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn write_stream(file: &File, from: &[u8], called_off: &dyn Fn() -> bool) -> io::Result<()> {
    use std::io::Write;
    let (mut file, mut done) = (file, 0);
    while done < from.len() {
        if called_off() {
            return Err(told("called off"));
        }
        if !unix::wait(file, unix::WRITABLE, PATIENCE)? {
            continue;
        }
        match file.write(&from[done..]) {
            Ok(written) => done += written,
            Err(error) if goes_on(&error) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn goes_on(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, WouldBlock};
    matches!(error.kind(), Interrupted | WouldBlock)
}

use unix::{close, has_positions, is_pipe_without_reader, open, read_at, write_at};

/// What the standard library has no portable word for.
mod unix {
    use super::{Duration, File, Metadata, OpenOptions, Path, io};
    use std::os::fd::{AsRawFd, IntoRawFd};
    use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};

    pub(super) const READABLE: i16 = libc::POLLIN;
    pub(super) const WRITABLE: i16 = libc::POLLOUT;

    /// Opens without waiting for the other end of a pipe.
    pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        options
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
    }

    pub(super) fn has_positions(about: &Metadata) -> bool {
        about.is_file() || about.file_type().is_block_device()
    }

    pub(super) fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
        file.read_at(into, at)
    }

    pub(super) fn write_at(file: &File, from: &[u8], at: u64) -> io::Result<usize> {
        file.write_at(from, at)
    }

    /// Whether opening for writing failed since it is a pipe that nobody has opened for reading.
    pub(super) fn is_pipe_without_reader(error: &io::Error, path: &Path) -> bool {
        error.raw_os_error() == Some(libc::ENXIO)
            && std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo())
    }

    /// Waits until a stream can be read or written, or has failed or ended; false if it takes longer than this. A pipe
    /// that nobody has opened for writing yet has not ended.
    pub(super) fn wait(file: &File, what: i16, time: Duration) -> io::Result<bool> {
        let mut poll = libc::pollfd {
            fd: file.as_raw_fd(),
            events: what,
            revents: 0,
        };
        // SAFETY: one descriptor, which the file keeps open meanwhile.
        let ready = unsafe { libc::poll(&raw mut poll, 1, time.as_millis() as i32) };
        if ready >= 0 {
            return Ok(ready > 0);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(false),
            _ => Err(error),
        }
    }

    /// Closes a file that was written: some systems tell only then that it did not fit.
    pub(super) fn close(file: File) -> io::Result<()> {
        // SAFETY: the descriptor was the file's own, which has given it up.
        match unsafe { libc::close(file.into_raw_fd()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

// Under loom its sleep works in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests;
