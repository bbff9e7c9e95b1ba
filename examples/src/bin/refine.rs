//! Integrates by refinement; `refine --help` says what can be set. The work is in `sprat_examples::refine`.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use sprat::{Error, Result, Runtime};
use sprat_examples::frame::{Output, exit, progress, say};
use sprat_examples::png_file::write_rgb;
use sprat_examples::refine::args::Args;
use sprat_examples::refine::picture::{self, SIDE};
use sprat_examples::refine::report::Report;
use sprat_examples::refine::square::{self, Square, Sum, Task};
use sprat_examples::refine::tree;

/// All is computed so many times, by codelets and by plain recursion in turn; the median counts.
const ROUNDS: usize = 5;
/// One engine looks at squares for so long, before each round.
const LOOK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    exit("refine", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let task = args.task();
    let output = Output::begin(&args.output)?;
    let runtime = args.engines.builder().build()?;
    say(&format!(
        "{:?} to {:.0e}, on {} engine(s)",
        args.function,
        args.tolerance,
        runtime.xes()
    ))?;
    let bar = progress("rounds", ROUNDS);
    let (mut rounds, mut serial, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    let (sum, _) = tree::run(&runtime, task, args.grain)?;
    let mut plain = Sum::default();
    for _ in 0..ROUNDS {
        calls.push(looks(&runtime, &task, &sum.leaves)?);
        let begin = Instant::now();
        plain = square::serial(&task, Square::WHOLE);
        serial.push(begin.elapsed());
        let (again, time) = tree::run(&runtime, task, args.grain)?;
        if again != sum {
            return Err(fault("two runs differ"));
        }
        rounds.push(time);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.verify && plain != sum {
        return Err(fault(&format!(
            "an integral of {:?} by {} squares should be {:?} by {}",
            sum.integral,
            sum.leaves.len(),
            plain.integral,
            plain.leaves.len()
        )));
    }
    let rgb = picture::draw(task.function, &sum.leaves);
    write_rgb(output, SIDE, SIDE, &rgb)?;
    let report = Report {
        runtime: &runtime,
        task,
        sum: &sum,
        rounds,
        serial,
        calls,
        verified: args.verify,
    };
    say(&report.rows().to_string())?;
    say(&format!("wrote {}, {SIDE} x {SIDE}", args.output.display()))
}

/// Calls of the function a second by one engine that looks at squares, one after the other.
fn looks(runtime: &Runtime, task: &Task, leaves: &[Square]) -> Result<f64> {
    let mut rate = 0.0;
    runtime.finish(|s| {
        s.codelet("looks").on_xe(0).spawn_once((), |_, ()| {
            let (begin, mut calls) = (Instant::now(), 0);
            for (at, leaf) in leaves.iter().cycle().enumerate() {
                calls += black_box(leaf.look(task)).0.calls;
                // Reading the clock takes a while, too.
                if at % 256 == 255 && begin.elapsed() > LOOK {
                    break;
                }
            }
            rate = calls as f64 / begin.elapsed().as_secs_f64();
        });
        Ok(())
    })?;
    Ok(rate)
}

fn fault(what: &str) -> Error {
    Error::msg(format!(
        "{what}. This is a fault of the program or the runtime: please report it with the command line"
    ))
}
