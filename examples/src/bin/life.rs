//! Runs a cellular automaton; `life --help` says what can be set. The work is in `sprat_examples::life`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::frame::{Output, exit, progress, say};
use sprat_examples::life::args::Args;
use sprat_examples::life::board::{BITS, Board};
use sprat_examples::life::field::Field;
use sprat_examples::life::film::Film;
use sprat_examples::life::report::Report;
use sprat_examples::life::rule::Rule;
use sprat_examples::life::{reference, rle};

/// A tile is timed so many times before the steps and after them, and so many steps are made by one engine alone.
const TIMES: usize = 5;

fn main() -> ExitCode {
    exit("life", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let pattern = args.pattern()?;
    let board = args.board(&pattern)?;
    let rule = args.rule.or(pattern.rule).unwrap_or(Rule::LIFE);
    let begin = |path| Output::begin(path);
    let film = args.film.as_deref().map(begin).transpose()?;
    let output = args.output.as_deref().map(begin).transpose()?;
    let runtime = args.engines.builder().build()?;
    let steps = args.steps as usize;
    say(&format!(
        "{}: {steps} steps of {rule} on {} cells, on {} engine(s)",
        args.name(),
        board.sides(),
        runtime.xes()
    ))?;

    let first = args.begin(&board, &pattern);
    let mut field = Field::new(&runtime, board, rule, |x, y| alive(&board, &first, x, y))?;
    let mut tiles = field.tile_times(TIMES)?;
    let alone = field.alone(TIMES)?;
    let bar = progress("steps", steps);
    let stepped = |done| bar.set_position(done as u64);
    let mut time = Duration::ZERO;
    match film {
        None => time = field.steps(steps, args.dynamic, None, stepped)?,
        Some(output) => output.write(|file| {
            let film = Film::new(&runtime, file.as_file_mut(), &board, args.every as usize)?;
            time = field.steps(steps, true, Some(&film), stepped)?;
            film.end()
        })?,
    }
    bar.finish_and_clear();
    tiles.extend(field.tile_times(TIMES)?);

    let last = field.words()?;
    if args.verify {
        verify(&board, rule, &first, &last, steps)?;
    }
    if let Some(output) = output {
        let sides = board.sides();
        let text = rle::write(sides.width, sides.height, rule, |x, y| {
            alive(&board, &last, x, y)
        })?;
        output.write(|file| Ok(file.write_all(text.as_bytes())?))?;
    }
    let count = |words: &[u64]| words.iter().map(|w| u64::from(w.count_ones())).sum();
    let report = Report {
        runtime: &runtime,
        board,
        rule,
        steps,
        replayed: !args.dynamic && args.film.is_none(),
        time,
        tiles,
        alone,
        alive: [count(&first), count(&last)],
        verified: args.verify,
    };
    say(&report.rows().to_string())?;
    for path in args.film.iter().chain(&args.output) {
        say(&format!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// Whether a cell lives, by column and row.
fn alive(board: &Board, words: &[u64], x: usize, y: usize) -> bool {
    words[y * board.words + x / BITS] >> (x % BITS) & 1 != 0
}

/// Compares with the plain loop.
fn verify(board: &Board, rule: Rule, first: &[u64], last: &[u64], steps: usize) -> Result<()> {
    let sides = board.sides();
    let cells = |words: &[u64]| -> Vec<u8> {
        let rows = (0..sides.height).flat_map(|y| (0..sides.width).map(move |x| (x, y)));
        rows.map(|(x, y)| u8::from(alive(board, words, x, y)))
            .collect()
    };
    let bar = progress("reference", steps);
    let mut expected = cells(first);
    for _ in 0..steps {
        expected = reference::step(rule, sides.width, &expected, board.torus);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let got = cells(last);
    let wrong = got.iter().zip(&expected).filter(|(a, b)| a != b).count();
    let first = got.iter().zip(&expected).position(|(a, b)| a != b);
    match first {
        None => Ok(()),
        Some(at) => Err(Error::msg(format!(
            "{wrong} cells differ from the plain loop's, the first in column {}, row {}. This is a fault of the program or the runtime: please report it with the command line",
            at % sides.width,
            at / sides.width
        ))),
    }
}
