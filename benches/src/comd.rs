//! The mini-app `runtime/capi/programs/c/comd`: on Sprat's C interface beside its twin on OpenMP. Each run is a program of its own,
//! this one with another argument, so that the threads of one system are gone when the other one runs.

use crate::report::Row;
use sprat::{Error, Result};
// The functions that the program calls.
use sprat_capi as _;
use std::ffi::{CString, c_char, c_int};
use std::process::Command;

/// A size.
pub struct Case {
    /// Unit cells on each side of the crystal.
    pub size: usize,
    /// Time steps.
    pub steps: usize,
    /// Cells on each side of a group of Sprat's.
    pub group: usize,
}

unsafe extern "C" {
    fn comd_sprat(argc: c_int, argv: *mut *mut c_char) -> c_int;
    fn comd_openmp(argc: c_int, argv: *mut *mut c_char) -> c_int;
}

/// Their names on the command line, those in reports, and what the program is.
const SYSTEMS: [(
    &str,
    &str,
    unsafe extern "C" fn(c_int, *mut *mut c_char) -> c_int,
); 2] = [
    ("sprat", "sprat-capi", comd_sprat),
    ("openmp", "openmp-gnu", comd_openmp),
];

/// Is one of the programs, with these arguments; ends with its status.
///
/// # Errors
/// If there is no such program.
pub fn run_here(system: &str, arguments: &[String]) -> Result<()> {
    let found = SYSTEMS.iter().find(|(name, ..)| *name == system);
    let (_, _, main) =
        found.ok_or_else(|| Error::msg(format!("there is no comd on `{system}`")))?;
    let words = [system]
        .into_iter()
        .chain(arguments.iter().map(String::as_str));
    let words: Vec<CString> = words
        .map(|word| CString::new(word).map_err(|_| Error::msg("an argument with a zero byte")))
        .collect::<Result<_>>()?;
    let mut argv: Vec<*mut c_char> = words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    argv.push(std::ptr::null_mut());
    // SAFETY: a program's arguments, as C has them; it only reads the words.
    let status = unsafe { main(words.len() as c_int, argv.as_mut_ptr()) };
    std::process::exit(status);
}

/// What a run said: its rate in atom-steps a second, and the number of its state.
#[derive(Debug, PartialEq)]
struct Said {
    rate: f64,
    state: String,
}

/// Finds it in what the program printed.
fn said(text: &str) -> Option<Said> {
    let after = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()
    };
    let rate = after("rate: ")?.parse().ok()?;
    let state = after("state: ")?.to_owned();
    Some(Said { rate, state })
}

/// Gives both systems what they are measured with, whatever the shell says: engines and threads of their own cores, which wait
/// actively. (OpenMP's settings are not for Sprat's program: its first thread would be bound as well, and the engines with it.)
fn settle(command: &mut Command, system: &str) {
    for (name, _) in std::env::vars_os() {
        let of = |prefix: &&str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        if ["OMP_", "GOMP_", "SPRAT_"].iter().any(of) {
            command.env_remove(name);
        }
    }
    if system == "openmp" {
        command.envs([
            ("OMP_PROC_BIND", "true"),
            ("OMP_PLACES", "cores"),
            ("OMP_WAIT_POLICY", "active"),
            ("OMP_DYNAMIC", "false"),
        ]);
    }
}

fn run(system: &str, case: &Case, workers: usize) -> Result<Said> {
    let told = |what: String| Error::msg(format!("comd on {system}: {what}"));
    let here = std::env::current_exe().map_err(|why| told(why.to_string()))?;
    let mut command = Command::new(here);
    command.args(["comd-run", system, "--every", "0"]);
    let mut option = |name: &str, value: usize| {
        command.args([name, &value.to_string()]);
    };
    option("--size", case.size);
    option("--steps", case.steps);
    option("--workers", workers);
    if system == "sprat" {
        option("--group", case.group);
    }
    settle(&mut command, system);
    let output = command.output().map_err(|why| told(why.to_string()))?;
    match (
        output.status.success(),
        said(&String::from_utf8_lossy(&output.stdout)),
    ) {
        (true, Some(said)) => Ok(said),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(told(format!("{}: {why}", output.status)))
        }
    }
}

/// The rows of one number of workers, from the rates of its runs.
fn rows(rates: &[[f64; 2]], workers: usize) -> Vec<Row> {
    let row = |system: &str, metric: &str, unit: &str, of: &dyn Fn(&[f64; 2]) -> f64| {
        let mut figures: Vec<f64> = rates.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        Row {
            kernel: "comd".to_owned(),
            system: system.to_owned(),
            workers,
            metric: metric.to_owned(),
            unit: unit.to_owned(),
            min: figures[0],
            median: figures[figures.len() / 2],
            max: figures[figures.len() - 1],
        }
    };
    let [(_, ours, _), (_, rival, _)] = SYSTEMS;
    let unit = "1e6 atom-steps/s";
    vec![
        row(ours, "rate", unit, &|rates| rates[0] * 1e-6),
        row(rival, "rate", unit, &|rates| rates[1] * 1e-6),
        row("ratio", "ratio", "of the rival's atom-steps/s", &|rates| {
            rates[0] / rates[1]
        }),
    ]
}

/// Measures both; they take turns.
///
/// # Errors
/// If a run fails, or two states differ.
pub fn measure(case: &Case, workers: &[usize], runs: usize) -> Result<Vec<Row>> {
    let mut state: Option<String> = None;
    let mut all: Vec<Vec<[f64; 2]>> = vec![Vec::new(); workers.len()];
    for turn in 0..runs {
        for (rates, &workers) in all.iter_mut().zip(workers) {
            let mut pair = [0.0; 2];
            // Who is first has what the one before has left in the caches and in the scheduler's mind.
            for at in [turn % 2, 1 - turn % 2] {
                let system = SYSTEMS[at].0;
                let said = run(system, case, workers)?;
                let before = state.get_or_insert_with(|| said.state.clone());
                if *before != said.state {
                    return Err(Error::msg(format!(
                        "comd on {system} with {workers} workers ends in the state {}, another run in {before}",
                        said.state
                    )));
                }
                pair[at] = said.rate;
            }
            rates.push(pair);
        }
    }
    let each = all.iter().zip(workers);
    Ok(each
        .flat_map(|(rates, &workers)| rows(rates, workers))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmp_alone_is_bound() {
        let bound = |system: &str| {
            let mut command = Command::new("nothing");
            settle(&mut command, system);
            let set = command.get_envs().filter(|(_, value)| value.is_some());
            set.count()
        };
        assert_eq!((bound("openmp"), bound("sprat")), (4, 0));
    }

    #[test]
    fn figures_are_found_and_compared_turn_by_turn() {
        let text = "comd: 4 atoms\nstate: 00ff\nrate: 250 atom-steps/s (1.000 s)\n";
        let (rate, state) = (250.0, "00ff".to_owned());
        assert_eq!(said(text), Some(Said { rate, state }));
        assert_eq!(said("state: 1\n"), None);
        let rows = rows(&[[2e6, 1e6], [3e6, 6e6], [4e6, 4e6]], 2);
        let medians: Vec<f64> = rows.iter().map(|row| row.median).collect();
        assert_eq!(medians, [3.0, 4.0, 1.0]);
        assert_eq!((rows[2].min, rows[2].max), (0.5, 2.0));
    }
}
