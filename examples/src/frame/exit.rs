//! How a program speaks and ends.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use sprat::{Error, Result};

/// The exit code of a program: 0, or 1 after a message on standard error.
pub fn exit(program: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A line for the user. A reader that stops early (`| head`) is no error.
///
/// # Errors
/// If standard output cannot be written to for another reason.
pub fn say(line: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::msg(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
