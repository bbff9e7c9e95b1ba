//! Solves a sparse system of equations; `cg --help` says what can be set. The work is in `sprat_examples::cg`.

use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::cg::args::Args;
use sprat_examples::cg::parts::{cut, destroy};
use sprat_examples::cg::serial;
use sprat_examples::cg::solve::{Solved, Solver, Until, bytes as moved_bytes};
use sprat_examples::cg::system::{Grid, System};
use sprat_examples::frame::{
    Copies, Lines, Output, Rows, bytes, check_memory, exit, progress, say,
};
use sprat_examples::matrix_market::{read_matrix, read_vector, write_vector};

/// The grid unless something else is asked for: the system is larger than the caches of today's processors.
const SIDE: usize = 1000;
/// Rounds of copying before the work and after it.
const COPIES: usize = 6;
/// The blocks that are copied are not larger than this: larger than the caches, and no more.
const MOST_COPIED: u64 = 256 << 20;
/// Iterations of the serial program, unless all of them are needed for comparing.
const SERIAL_ITERATIONS: usize = 5;
/// Bytes that a system takes in the host's memory and in blocks, for each row and each entry.
const ROW_BYTES: u128 = 150;
const ENTRY_BYTES: u128 = 24;

fn main() -> ExitCode {
    exit("cg", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let output = args.output.as_deref().map(Output::begin).transpose()?;
    let (what, system) = system(args)?;
    let rows = system.rows();
    let right = match &args.rhs {
        Some(path) => right_hand_side(path, rows)?,
        None => vec![1.0; rows],
    };
    let runtime = args.engines.builder().build()?;
    say(&format!(
        "{what}: {rows} equations, {} entries; on {} engine(s)",
        system.entries(),
        runtime.xes()
    ))?;
    let parts = cut(&runtime, &system)?;
    let solver = Solver::new(&runtime, &parts, &right)?.dynamic(args.dynamic);
    let moved = moved_bytes(rows, system.entries());
    let mut copies = Copies::new(&runtime, moved.min(MOST_COPIED) as usize / 2)?;
    copies.measure(COPIES)?;
    let until = Until {
        tolerance: args.tolerance,
        iterations: args.max_iterations as usize,
    };
    let bar = progress("solving", bar_length(1.0, until.tolerance));
    let solved = solver.run(&until, |_, residual| {
        // As many places of the residual as are there.
        bar.set_position(bar_length(1.0, residual) as u64);
    });
    bar.finish_and_clear();
    let solved = solved?;
    copies.measure(COPIES)?;
    let parts_count = parts.len();
    destroy(&runtime, parts)?;
    let alone = alone(args, &system, &right, &solved)?;

    let time = solved.time.as_secs_f64() / solved.iterations.max(1) as f64;
    let mut table = Rows::new();
    let size = bytes(12 * system.entries() as u128);
    table.row("parts", format!("{parts_count} of rows, {size} of entries"));
    table.engines(&runtime);
    let how = match args.dynamic {
        true => "spawned anew each time",
        false => "recorded, and replayed",
    };
    table.row("iterations", format!("{}, {how}", solved.iterations));
    table.row(
        "residual",
        format!(
            "{:.2e} of the right-hand side; by the matrix and the solution {:.2e}",
            solved.residual,
            serial::residual(&system, &right, &solved.solution)
        ),
    );
    if solved.iterations > 0 {
        table.row(
            "time",
            format!(
                "{:.3} ms an iteration, {:.3} s in all",
                time * 1e3,
                solved.time.as_secs_f64()
            ),
        );
        let flops = 2 * system.entries() + 10 * rows;
        table.row("rate", format!("{:.2} Gflop/s", flops as f64 / time / 1e9));
        table.row(
            "memory",
            format!(
                "{:.2} GB/s (12 B an entry, 84 B a row)",
                moved as f64 / time / 1e9
            ),
        );
        table.row("copy", copies.describe());
        let share = 100.0 * moved as f64 / time / copies.rate();
        table.row("share of copy", format!("{share:.1} %"));
        table.row(
            "serial program",
            format!(
                "{:.3} ms an iteration (one thread, no runtime)",
                alone * 1e3
            ),
        );
        table.row("speed-up", format!("{:.2}", alone / time));
    }
    if args.verify {
        table.row(
            "verified",
            "equal to the serial program's solution, bit for bit",
        );
    }
    say(&table.to_string())?;
    if solved.residual > until.tolerance {
        return Err(Error::msg(format!(
            "not solved: after {} iterations the residual is {:.2e} of the right-hand side, and {:.2e} was asked for; raise --max-iterations or --tolerance",
            solved.iterations, solved.residual, until.tolerance
        )));
    }
    match output {
        Some(output) => output.write(|file| {
            let mut to = BufWriter::new(file);
            write_vector(&mut to, &solved.solution)?;
            Ok(to.flush()?)
        }),
        None => Ok(()),
    }
}

fn system(args: &Args) -> Result<(String, System)> {
    let check = |rows: u128, entries: u128, what: &str, instead: &str| {
        let needed = rows
            .saturating_mul(ROW_BYTES)
            .saturating_add(entries.saturating_mul(ENTRY_BYTES));
        check_memory(needed, what, instead)
    };
    let Some(file) = &args.file else {
        let grid = args.poisson.unwrap_or(Grid {
            sides: [SIDE, SIDE, 1],
            solid: false,
        });
        let what = format!("Poisson's equation on {grid} points");
        let points = grid.points();
        check(
            points,
            points.saturating_mul(7),
            &what,
            "a smaller --poisson",
        )?;
        if points > u128::from(u32::MAX) {
            return Err(Error::msg(format!(
                "{what}: at most {} equations are numbered here; ask for a smaller --poisson",
                u32::MAX
            )));
        }
        return Ok((what, System::poisson(grid)));
    };
    let mut lines = Lines::open(file)?;
    let matrix = read_matrix(&mut lines)?;
    let what = lines.name().to_owned();
    let entries = 2 * matrix.places.len() as u128;
    check(matrix.rows as u128, entries, &what, "a smaller system")?;
    let system = System::from_matrix(&matrix);
    match system {
        Ok(system) => Ok((what, system)),
        Err(error) => Err(Error::msg(format!("{what}: {error}"))),
    }
}

fn right_hand_side(path: &Path, rows: usize) -> Result<Vec<f64>> {
    let mut lines = Lines::open(path)?;
    let right = read_vector(&mut lines)?;
    if right.len() != rows {
        return Err(Error::msg(format!(
            "{}: the right-hand side has {} values, and the matrix has {rows} rows",
            lines.name(),
            right.len()
        )));
    }
    Ok(right)
}

/// Runs the serial program, and compares if that is asked for. Gives the time of an iteration in seconds.
fn alone(args: &Args, system: &System, right: &[f64], solved: &Solved) -> Result<f64> {
    let iterations = match args.verify {
        true => solved.iterations,
        false => SERIAL_ITERATIONS.min(solved.iterations),
    };
    let mut serial = serial::Solver::new(system, right);
    let bar = progress("serial program", iterations);
    let begin = Instant::now();
    for _ in 0..iterations {
        serial.iterate();
        bar.inc(1);
    }
    let time = begin.elapsed().as_secs_f64() / iterations.max(1) as f64;
    bar.finish_and_clear();
    if args.verify {
        let pairs = solved.solution.iter().zip(&serial.solution);
        let wrong = pairs
            .enumerate()
            .find(|(_, (a, b))| a.to_bits() != b.to_bits());
        if let Some((row, (got, expected))) = wrong {
            return Err(Error::msg(format!(
                "the solution differs from the serial program's; value {} is {got:?} instead of {expected:?}. This is a fault of the program or the runtime: please report it with the command line",
                row + 1
            )));
        }
    }
    Ok(time)
}

/// How far it is from one residual to another, in tenths of a decimal place.
fn bar_length(from: f64, to: f64) -> usize {
    (10.0 * (from / to.max(f64::MIN_POSITIVE)).log10()).max(0.0) as usize
}
