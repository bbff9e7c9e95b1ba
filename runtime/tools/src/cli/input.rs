//! Traces that are read, and what is told of those that cannot be.

use super::{note, progress};
use sprat::trace::{File, Flaw};
use sprat_tools::read;
use sprat_tools::run::Run;
use std::io::{ErrorKind, IsTerminal, Read, Write, stderr};
use std::path::Path;
use std::time::{Duration, Instant};

/// So many bytes say whether it is a trace at all.
const BEGINNING: u64 = 16;

/// Reads a trace, and says what is wrong with it.
pub fn load(path: &Path) -> Result<Run, String> {
    let run = load_as(path, read::read_telling)?;
    told_of(&run, path);
    Ok(run)
}

pub fn load_as<T>(
    path: &Path,
    read: impl FnOnce(&[u8], &mut dyn FnMut(f64)) -> Result<T, Flaw>,
) -> Result<T, String> {
    progress("reading the trace");
    let bytes = bytes(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut bar = Bar::new();
    read(&bytes, &mut |share| bar.show(share)).map_err(|flaw| format!("{}: {flaw}", path.display()))
}

/// What stands in a file. Of one that is no trace only the beginning is read, since it may have no end.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| {
        match error.kind() {
        ErrorKind::NotFound => {
            "there is no such file; a program that runs with SPRAT_TRACE=FILE in its environment writes one".to_owned()
        }
        ErrorKind::IsADirectory => "this is a folder; name the trace in it".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
    };
    let mut file = std::fs::File::open(path).map_err(told)?;
    let length = file.metadata().map_or(0, |about| about.len());
    let mut bytes = Vec::new();
    (&mut file)
        .take(BEGINNING)
        .read_to_end(&mut bytes)
        .map_err(told)?;
    File::open(&bytes).map_err(|flaw| flaw.to_string())?;
    bytes
        .try_reserve(usize::try_from(length).unwrap_or(usize::MAX))
        .map_err(|_| format!("it has {length} bytes, and there is not as much memory"))?;
    file.read_to_end(&mut bytes).map_err(told)?;
    Ok(bytes)
}

/// How far a long trace was read, for who waits at a terminal: on one line, which is taken away at the end.
struct Bar {
    begun: Instant,
    shown: bool,
}

impl Bar {
    fn new() -> Self {
        Bar {
            begun: Instant::now(),
            shown: false,
        }
    }

    fn show(&mut self, share: f64) {
        if stderr().is_terminal() && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            _ = write!(stderr(), "\r{:3.0}%", share * 100.0);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.shown {
            _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// What takes no longer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells what is wrong with a trace that could be read.
pub fn told_of(run: &Run, path: &Path) {
    for flaw in &run.flaws {
        note(&format!("sprat: {}: {flaw}", path.display()));
    }
    if run.tasks.is_empty() {
        note(&format!(
            "sprat: {}: no codelet has ended in it",
            path.display()
        ));
    }
}
