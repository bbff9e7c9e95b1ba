//! The `sprat-sim` command: questions about machines that nobody here owns.

mod calibrate;
mod manual;
mod options;
mod picture;
mod real;
mod report;
mod run;
mod scaling;
mod sweep;
mod validate;
mod what_if;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Runs Sprat's own scheduler under virtual time, on a modelled machine
#[derive(Parser)]
#[command(version, after_help = about())]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Simulates a workload on a machine: time, energy, what moves
    Run(run::Run),
    /// Simulates it for each of several values: engines for each control engine, block sizes, policies, constants of energy
    Sweep(sweep::Sweep),
    /// Simulates it on more and more engines, with the same work or with work that grows
    Scaling(scaling::Scaling),
    /// Simulates a real run on another machine, or with faster codelets, from its trace
    WhatIf(what_if::WhatIf),
    /// Measures this machine, and writes it as a machine file
    Calibrate(calibrate::Calibrate),
    /// Compares simulations with real runs on this machine
    Validate(validate::Validate),
    /// Completions of this command for a shell, on standard output
    Completions(manual::Completions),
    /// This command's manual page, on standard output
    Man(manual::Man),
}

fn about() -> String {
    let mut text = "Machines (a file of one's own does as well; sprat-sim run --show-machine NAME prints one):\n".to_owned();
    for preset in sprat_sim::PRESETS {
        text += &format!("  {}\n", preset.name);
    }
    text += "\nWorkloads, with their parameters:\n";
    for named in sprat_sim::workload::names() {
        let parameters: Vec<String> = named
            .parameters
            .iter()
            .map(|(name, value, _)| format!("{name}={value}"))
            .collect();
        text += &format!(
            "  {:<10} {}\n             {}\n",
            named.name,
            named.about,
            parameters.join(",")
        );
    }
    text += "  trace:FILE what a real run did, from its trace (SPRAT_TRACE=FILE); --machine traced is the one that it ran on\n";
    text + "
Examples:
  sprat-sim run --machine strawman-64 --workload stencil2d:tiles=24,edge=64
  sprat-sim run --machine server --workload cholesky:tiles=32 --policy energy --json report.json --svg report.svg
  sprat-sim sweep --machine strawman-1024 --workload taskbench:width=2048 --over xes-per-ce=1,2,4,8,16,32
  sprat-sim scaling --machine server --workload cholesky:tiles=40 --over 1,2,4,8,16,32,64,128
  sprat-sim run --machine traced --workload trace:run.sprat
  sprat-sim what-if run.sprat --xes 64 --regions 8"
}

fn main() -> ExitCode {
    let outcome = match Command::parse().what {
        What::Run(run) => run.run(),
        What::Sweep(sweep) => sweep.run(),
        What::Scaling(scaling) => scaling.run(),
        What::WhatIf(what_if) => what_if.run(),
        What::Calibrate(calibrate) => calibrate.run(),
        What::Validate(validate) => validate.run(),
        What::Completions(completions) => completions.run(Command::command()),
        What::Man(man) => man.run(Command::command()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sprat-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
