//! Traces of programs, read back, and what is so in each of them.

mod look;

use look::looked_at;
use sprat::{CeMode, Runtime};
use sprat_tools::analyse::Analysis;
use sprat_tools::run::Run;
use tempfile::{Builder, TempPath};

/// A file of its own for each test, which goes when this does.
pub fn file(name: &str) -> TempPath {
    let prefix = format!("sprat-test-{name}-");
    let made = Builder::new().prefix(&prefix).suffix(".sprat").tempfile();
    made.unwrap().into_temp_path()
}

/// The trace of what `program` does with a runtime of so many engines in this mode.
pub fn traced_on(
    xes: usize,
    name: &str,
    mode: CeMode,
    program: impl FnOnce(&Runtime),
) -> (Run, Analysis) {
    let path = file(name);
    let builder = Runtime::builder().ignore_environment().ce(mode);
    let rt = builder
        .xes(xes)
        .oversubscribe(true)
        .trace(&*path)
        .build()
        .unwrap();
    program(&rt);
    drop(rt);
    looked_at(&path)
}
