//! Factors a matrix by tiles; `cholesky --help` says what can be set. The work is in `sprat_examples::cholesky`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::cholesky::args::Args;
use sprat_examples::cholesky::factor::{Factor, gemm_rates};
use sprat_examples::cholesky::report::Report;
use sprat_examples::cholesky::serial;
use sprat_examples::frame::{exit, progress, say};

/// The multiplication is timed so many times before the rounds and after each of them, for so long each: what a machine
/// gives that is shared with others changes by the second, and so both meet the same weather.
const RATES: usize = 3;
const RATE: Duration = Duration::from_millis(10);
/// A residual above this is an error: rounding alone stays far below it.
const WORST: f64 = 1e-12;

fn main() -> ExitCode {
    exit("cholesky", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let (tiles, matrix) = args.problem()?;
    let runtime = args.engines.builder().build()?;
    say(&format!(
        "a matrix of {n} x {n} from seed {}, on {} engine(s)",
        args.seed,
        runtime.xes(),
        n = tiles.size
    ))?;
    let factor = Factor::new(&runtime, tiles, matrix)?;
    let mut gemm = gemm_rates(&runtime, tiles.tile, RATES, RATE)?;
    let mut rounds = Vec::new();
    let bar = progress("rounds", args.rounds as usize);
    for _ in 0..args.rounds {
        factor.fill()?;
        rounds.push(factor.factor()?);
        gemm.extend(gemm_rates(&runtime, tiles.tile, RATES, RATE)?);
        bar.inc(1);
    }
    bar.finish_and_clear();

    let residual = factor.residual()?;
    if residual.is_nan() || residual > WORST {
        return Err(fault(&format!("the residual is {residual:e}")));
    }
    let mut plain = serial::tiles(&tiles, &matrix);
    let begin = Instant::now();
    serial::factor(&tiles, &mut plain)?;
    let serial = begin.elapsed();
    if args.verify
        && let Some((i, j)) = factor.differs(&plain)?
    {
        return Err(fault(&format!(
            "tile {i}, {j} differs from the plain loop's"
        )));
    }
    let report = Report {
        runtime: &runtime,
        tiles,
        rounds,
        serial,
        gemm,
        residual,
        verified: args.verify,
    };
    say(&report.rows().to_string())
}

fn fault(what: &str) -> Error {
    Error::msg(format!(
        "{what}. This is a fault of the program or the runtime: please report it with the command line"
    ))
}
