//! The command line of `sprat-bench`.

use crate::kernels::{self, KERNELS};
use crate::overhead::{self, Plan};
use crate::report::{self, JsonFile};
use crate::system::{Kind, SYSTEMS};
use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use sprat::{CeMode, Result};
use std::io::Write;
use std::path::PathBuf;
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
    /// What the runtime itself costs: a codelet, a block, an event, a wake-up
    ///
    /// Each figure is the median of the runs, with the least and the greatest. The time of a codelet is the time that
    /// passed divided by the number of codelets, on however many workers. Every run of every system is checked: a
    /// wrong result ends the program.
    Overhead(Overhead),
}

#[derive(Args)]
struct Overhead {
    /// Kernels to run, by name, with commas between [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = kernel_names(), hide_possible_values = true)]
    kernels: Vec<String>,
    /// Systems that take part
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = system_names(), hide_possible_values = true, default_value = "sprat,rayon,deque,serial")]
    systems: Vec<String>,
    /// Numbers of threads that work at a time, the caller included
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=512), default_value = "1,2")]
    workers: Vec<u16>,
    /// What the system `sprat` stands for: modes of its control engines
    #[arg(long, value_name = "MODES", value_delimiter = ',', value_parser = PossibleValuesParser::new(["shared", "elastic", "dedicated"]), default_value = "shared,elastic,dedicated")]
    ce: Vec<String>,
    /// Runs of each kernel on each system; one more goes before, to warm up [default: 7, with --quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    runs: Option<u16>,
    /// Codelets in a run, about [default: 200000, with --quick 20000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    size: Option<u32>,
    /// Small and soon: for a first look, and for tests
    #[arg(long)]
    quick: bool,
    /// Also writes the figures to FILE, as an array of {"kernel", "system", "workers", "metric", "unit", "min",
    /// "median", "max"}, once all is measured. Units that end in "/s" are better high, all others better low
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn kernel_names() -> PossibleValuesParser {
    PossibleValuesParser::new(KERNELS.iter().map(|kernel| kernel.name))
}

fn system_names() -> PossibleValuesParser {
    PossibleValuesParser::new(SYSTEMS.iter().map(|system| system.0))
}

/// What follows the options in `--help`.
fn about_overhead() -> String {
    let mut text = "Kernels:\n".to_owned();
    for kernel in KERNELS {
        text += &format!("  {:<14} {} [{}]\n", kernel.name, kernel.about, kernel.unit);
    }
    text += "\nSystems:\n";
    for (name, about) in SYSTEMS {
        text += &format!("  {name:<15} {about}\n");
    }
    text + "
Where codelets depend on each other through blocks, Sprat finds the dependences while it is timed; its rivals get
them ready made, as a graph with counters.

Examples:
  sprat-bench overhead --quick
  sprat-bench overhead --kernels chain,tree,fib --runs 15 --json figures.json
  sprat-bench overhead --systems sprat --ce shared,elastic,dedicated --workers 2"
}

/// Runs the program.
pub fn main() -> ExitCode {
    let command =
        Command::command().mut_subcommand("overhead", |it| it.after_help(about_overhead()));
    let Command { what } = match Command::from_arg_matches(&command.get_matches()) {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    let done = match what {
        What::Overhead(options) => options.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sprat-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Overhead {
    fn run(&self) -> Result<()> {
        let plan = self.plan()?;
        let json = self.json.as_deref().map(JsonFile::create).transpose()?;
        let outcome = overhead::run(&plan)?;
        if let Some(file) = json {
            file.write(&outcome.rows)?;
        }
        let mut text = format!(
            "median (min–max) of {} runs, about {} codelets each\n{}\n",
            plan.runs,
            plan.size,
            report::table(&outcome.rows)
        );
        for note in outcome.notes {
            text += &format!("note: {note}\n");
        }
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }

    fn plan(&self) -> Result<Plan> {
        let modes = self.ce.iter().map(|mode| mode.parse());
        let modes = modes.collect::<Result<Vec<CeMode>>>()?;
        let mut kinds = Vec::new();
        for name in &self.systems {
            kinds.extend(Kind::named(name, &modes)?);
        }
        let named = self.kernels.iter().filter_map(|name| kernels::find(name));
        let kernels = if self.kernels.is_empty() {
            KERNELS.iter().collect()
        } else {
            once_each(named, |kernel| kernel.name)
        };
        let (runs, size) = if self.quick {
            (3, 20_000)
        } else {
            (7, 200_000)
        };
        Ok(Plan {
            kernels,
            kinds: once_each(kinds, |kind| kind.name()),
            workers: once_each(self.workers.iter().map(|&n| n.into()), |&n| n),
            runs: self.runs.map_or(runs, usize::from),
            size: self.size.map_or(size, |size| size as usize),
        })
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
    use super::Command;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Command::command().debug_assert();
    }
}
