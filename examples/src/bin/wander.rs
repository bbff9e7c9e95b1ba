//! A hot spot wanders over a plate; `wander --help` says what can be set. The work is in `sprat_examples::wander`.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sprat::Result;
use sprat_examples::frame::{exit, progress, say};
use sprat_examples::wander::args::Args;
use sprat_examples::wander::plate::Plate;
use sprat_examples::wander::reference;
use sprat_examples::wander::report::{Report, Traffic, verify};

fn main() -> ExitCode {
    exit("wander", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let course = args.course()?;
    // What is told at the end is what the account says.
    let runtime = args.engines.builder().memory_report(true).build()?;
    let plate = Plate::new(&runtime, course)?;
    let bar = progress("steps", course.steps);
    let (before, start) = (Traffic::of(&runtime)?, Instant::now());
    plate.run(|done| bar.set_position(done as u64))?;
    let time = start.elapsed();
    bar.finish_and_clear();
    let traffic = Traffic::of(&runtime)?.since(before);
    let cells = plate.cells()?;
    if args.verify {
        let bar = progress("reference", course.steps);
        let expected = reference::cells(&course, || bar.inc(1));
        bar.finish_and_clear();
        verify(&cells, &expected)?;
    }
    let report = Report {
        runtime: &runtime,
        course,
        policy: runtime.policy(),
        traffic,
        time,
        sum: cells.iter().sum(),
        verified: args.verify,
    };
    say(&report.rows().to_string())
}
