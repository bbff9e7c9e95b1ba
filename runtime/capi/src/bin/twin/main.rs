//! The programs of `programs/` once more, by the Rust interface: the same sizes, steps, codelets and accesses, so the
//! difference in time is what the other languages cost. `benches/languages` runs them by turns.
//!
//! ```text
//! twin spawn|jacobi|bfs|cg [ARGUMENTS]     those of the program with that name
//! ```

mod bfs;
mod cg;
mod jacobi;
mod spawn;

use sprat::{Error, Result};
use std::process::ExitCode;
use std::str::FromStr;

/// The argument with this number, counted from the program's first one on; `otherwise` if there is none.
fn number<T: FromStr>(at: usize, otherwise: T) -> Result<T> {
    match std::env::args().nth(at + 1) {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|_| Error::msg(format!("{text} is no number for argument {at}"))),
    }
}

/// What the measured part cost, as all of the programs say it.
fn tell_time(took: std::time::Duration, codelets: usize) {
    let each = took.as_secs_f64() * 1e9 / codelets as f64;
    println!("time: {each:.1} ns a codelet");
}

fn main() -> ExitCode {
    let program = std::env::args().nth(1).unwrap_or_default();
    let ran = match program.as_str() {
        "spawn" => spawn::run(),
        "jacobi" => jacobi::run(),
        "bfs" => bfs::run(),
        "cg" => cg::run(),
        _ => Err(Error::msg("say which: spawn, jacobi, bfs or cg")),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twin {program}: {error}");
            ExitCode::FAILURE
        }
    }
}
