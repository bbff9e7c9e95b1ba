//! Aligns two sequences; `wavefront --help` says what can be set. The work is in `sprat_examples::wavefront`.

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::frame::{exit, progress, say};
use sprat_examples::wavefront::args::Args;
use sprat_examples::wavefront::grid::Grid;
use sprat_examples::wavefront::kernel::Best;
use sprat_examples::wavefront::report::Report;
use sprat_examples::wavefront::{reference, trace};

/// The matrix is computed so many times; the median counts.
const ROUNDS: usize = 3;
/// A tile is timed so many times before the rounds and after each of them.
const TILES: usize = 3;
/// Lines of the alignment that are printed if no file is named: three times three, with blanks between.
const SHOWN: usize = 12;

fn main() -> ExitCode {
    exit("wavefront", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let sequences = args.sequences()?;
    let scoring = args.scoring(&sequences)?;
    let cut = args.cut(&sequences)?;
    let runtime = args.engines.builder().build()?;
    say(&format!(
        "{} letters beside {}, on {} engine(s)",
        cut.rows,
        cut.columns,
        runtime.xes()
    ))?;
    let (first, second) = (&sequences[0].codes[..], &sequences[1].codes[..]);
    let grid = Grid::new(&runtime, cut, scoring, [first, second])?;

    let bar = progress("rows of tiles", (ROUNDS + 1) * cut.down());
    let row_done = || bar.inc(1);
    let alone = grid.compute(true, row_done)?;
    let mut tiles = grid.tile_times(TILES)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(grid.compute(false, row_done)?);
        tiles.extend(grid.tile_times(TILES)?);
    }
    bar.finish_and_clear();
    let best = grid.best()?;
    if args.verify {
        let bar = progress("reference", first.len());
        let expected = reference::best(&scoring, first, second, || bar.inc(1));
        bar.finish_and_clear();
        if best != expected {
            return Err(fault(&format!(
                "the best cell is {best:?}, and should be {expected:?}"
            )));
        }
    }

    let (begin, mut crossed) = (Instant::now(), 0);
    let alignment = match best {
        Best::NONE => None,
        _ => Some(trace::alignment(&grid, best, || crossed += 1)?),
    };
    let trace = (begin.elapsed(), crossed);
    let alignment = (alignment.as_ref()).map(|a| (a, a.counts(&scoring, first, second)));
    if let Some((_, counts)) = alignment
        && counts.score != i64::from(best.score)
    {
        return Err(fault(&format!(
            "the alignment scores {}, and should score {}",
            counts.score, best.score
        )));
    }
    let text = alignment.map(|(a, _)| a.text(args.alphabet, first, second));
    let text = text.unwrap_or_default();
    if let Some(path) = &args.output {
        fs::write(path, &text)
            .map_err(|error| Error::msg(format!("cannot write {}: {error}", path.display())))?;
    }

    let report = Report {
        runtime: &runtime,
        cut,
        sequences: &sequences,
        rounds,
        alone,
        tiles,
        alignment,
        trace,
        verified: args.verify,
    };
    say(&report.rows().to_string())?;
    match &args.output {
        Some(path) => say(&format!("wrote {}", path.display())),
        None => {
            let mut lines = text.lines();
            for line in lines.by_ref().take(SHOWN) {
                say(line)?;
            }
            match lines.next() {
                Some(_) => say("... --output FILE gets all of it"),
                None => Ok(()),
            }
        }
    }
}

fn fault(what: &str) -> Error {
    Error::msg(format!(
        "{what}. This is a fault of the program or the runtime: please report it with the command line"
    ))
}
