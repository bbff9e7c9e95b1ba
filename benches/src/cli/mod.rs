//! The command line of `sprat-bench`.

#[cfg(feature = "comd")]
mod comd;
mod figures;
mod metg;
mod ocr;

use crate::suite::{self, SUITES};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

/// Sprat beside its rivals: the same kernels on the same cores, in one run, the systems taking turns.
#[derive(Parser)]
#[command(name = "sprat-bench", version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// METG: the smallest tasks at which a system still reaches a share of the machine's peak
    ///
    /// Each system runs the patterns of Task Bench with ever shorter tasks, until it reaches less than the least
    /// efficiency asked for. METG is the task duration (wall time x workers / tasks) at the crossing, interpolated in log
    /// scale. Each task checks the 16 bytes that it receives from each task it depends on: a wrong result ends the
    /// program.
    Metg(metg::Metg),
    /// What the runtime itself costs: a codelet, a block, an event, a wake-up
    ///
    /// Each figure is the median of the runs, with the least and the greatest. The time of a codelet is the time that
    /// passed divided by the number of codelets, on however many workers. Every run of every system is checked: a
    /// wrong result ends the program.
    Overhead(figures::Figures),
    /// Recorded graphs: what a replayed codelet costs, and what recording it does
    ///
    /// Each figure is the median of the runs, with the least and the greatest. Every run of every system is checked: a
    /// wrong result ends the program.
    Replay(figures::Figures),
    /// What a parallel region costs that does nothing: all workers begin, all have ended
    ///
    /// Each figure is the median of the runs, with the least and the greatest. In each region the body runs once on each
    /// worker; that is counted, and another number ends the program.
    Forkjoin(figures::Figures),
    /// State that all change: commutative accesses beside a mutex and a spin lock
    ///
    /// The kernels `contended*` of `overhead`. Each figure is the median of the runs, with the least and the greatest.
    /// The state counts its changes: another number ends the program.
    Contended(figures::Figures),
    /// Heat in two dimensions: sweeps of a 5-point stencil over a grid larger than the caches
    ///
    /// Each figure is the median of the runs, with the least and the greatest, in 1e9 cells a second. Each result is
    /// compared with the serial sweep's, bit for bit: a difference ends the program.
    Stencil(figures::Figures),
    /// PageRank and breadth-first search on a graph whose degrees are spread as in social networks
    ///
    /// Each figure is the median of the runs, with the least and the greatest. Each result is compared with the serial
    /// program's: a difference ends the program.
    Graph(figures::Figures),
    /// A tiled Cholesky factorisation, and what share of the cores' rate of multiplication it reaches
    ///
    /// Each figure is the median of the runs, with the least and the greatest, in 1e9 floating-point operations a second.
    /// Each factor is compared with the plain loop's, bit for bit: a difference ends the program.
    Cholesky(figures::Figures),
    /// The mini-app of molecular dynamics, in C: on Sprat's C interface beside OpenMP
    ///
    /// Both programs compute the same with the same loops, and check it: energy, momentum, number of atoms, the energy of the
    /// perfect crystal. Each run is a program of its own, the systems taking turns. Each figure is the median of the runs,
    /// with the least and the greatest; the last column compares runs that were neighbours. States that differ in any
    /// bit end the program.
    #[cfg(feature = "comd")]
    Comd(comd::Comd),
    /// Runs a program of `comd`
    #[cfg(feature = "comd")]
    #[command(hide = true, disable_help_flag = true)]
    ComdRun {
        /// Which
        system: String,
        /// What it is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What programs of the Open Community Runtime pay: an EDT, an event, a block
    ///
    /// Each figure is the median of the runs, with the least and the greatest; each run is a program of its own. `fib30` checks
    /// its result: a wrong one ends the program.
    Ocr(ocr::Ocr),
    /// Runs a kernel of `ocr`, and prints its figure
    #[command(hide = true)]
    OcrRun {
        /// Which
        kernel: String,
    },
    /// Is a rank of MPI, for the program that has started it
    #[cfg(feature = "mpi")]
    #[command(hide = true)]
    MpiRank {
        /// Where it is told what to do
        socket: std::path::PathBuf,
        /// A processor for each rank
        #[arg(value_delimiter = ',')]
        cpus: Vec<u32>,
    },
}

fn command() -> clap::Command {
    let command = Command::command()
        .mut_subcommand("metg", |it| it.after_help(metg::about()))
        .mut_subcommand("ocr", |it| it.after_help(ocr::about()));
    SUITES.iter().fold(command, |command, suite| {
        command.mut_subcommand(suite.name, |it| figures::tell(it, suite))
    })
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Command { what } = match Command::from_arg_matches(&command().get_matches()) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    let done = match what {
        What::Metg(options) => options.run(),
        What::Overhead(options) => options.run(suite::find("overhead")),
        What::Replay(options) => options.run(suite::find("replay")),
        What::Forkjoin(options) => options.run(suite::find("forkjoin")),
        What::Contended(options) => options.run(suite::find("contended")),
        What::Stencil(options) => options.run(suite::find("stencil")),
        What::Graph(options) => options.run(suite::find("graph")),
        What::Cholesky(options) => options.run(suite::find("cholesky")),
        #[cfg(feature = "comd")]
        What::Comd(options) => options.run(),
        #[cfg(feature = "comd")]
        What::ComdRun { system, arguments } => crate::comd::run_here(&system, &arguments),
        What::Ocr(options) => options.run(),
        What::OcrRun { kernel } => crate::ocr::run_here(&kernel),
        #[cfg(feature = "mpi")]
        What::MpiRank { socket, cpus } => crate::metg::systems::mpi_rank::serve(&socket, &cpus),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sprat-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Drops what was named before.
fn once_each<T, K: PartialEq>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| key(other) == key(&item)) {
            kept.push(item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
