//! Spreads heat over a picture; `jacobi --help` says what can be set. The work is in `sprat_examples::jacobi`.

use std::io::Cursor;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::frame::{CopyTimes, Output, exit, progress, say};
use sprat_examples::jacobi::args::Args;
use sprat_examples::jacobi::field::Field;
use sprat_examples::jacobi::report::Report;
use sprat_examples::jacobi::tiling::{Extent, Tiling};
use sprat_examples::jacobi::{heat, memory, reference};
use sprat_examples::png_file::{Picture, write_rgb};

/// The picture that ships with Sprat. In the program, so that it is found from any folder.
const SPRATS: &[u8] = include_bytes!("../../data/sprats.png");
/// The sweeps are timed in so many parts, with rounds of copying between them: what a machine gives that is shared with
/// others changes by the second, and so both meet the same weather.
const PARTS: usize = 8;
/// Rounds of copying before the sweeps, and after each part of them.
const COPIES: usize = 2;
/// Sweeps by one engine alone.
const SERIAL_SWEEPS: usize = 5;
/// The longer side of the result's picture. A larger grid is averaged.
const LONGEST: usize = 1024;

fn main() -> ExitCode {
    exit("jacobi", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let picture = match &args.input {
        Some(path) => Picture::read(path)?,
        None => Picture::decode(Cursor::new(SPRATS))?,
    };
    let tiling = args.tiling(&picture)?;
    memory::check(&tiling, args.verify)?;
    args.check_tiles(&tiling)?;
    let output = Output::begin(&args.output)?;
    let runtime = args.engines.builder().build()?;
    say(&start(args, &tiling, runtime.xes()))?;

    let mut field = Field::new(&runtime, tiling, &picture)?;
    let mut copies = CopyTimes::default();
    field.copies(COPIES, &mut copies)?;
    let serial = field.serial_sweeps(SERIAL_SWEEPS)?;
    let before = if args.verify {
        Some(field.grid()?)
    } else {
        None
    };
    let bar = progress("sweeps", args.sweeps);
    let mut time = Duration::ZERO;
    let mut left = args.sweeps;
    let way = args.way();
    for part in (1..=PARTS).rev() {
        // Whole graphs, as long as there are any.
        let these = left.div_ceil(part).next_multiple_of(way.graph()).min(left);
        let done = args.sweeps - left;
        time += field.sweep(way, these, |more| bar.set_position((done + more) as u64))?;
        left -= these;
        field.copies(COPIES, &mut copies)?;
    }
    bar.finish_and_clear();
    if let Some(before) = before {
        verify(&field, &tiling, before, args.sweeps)?;
    }

    let size = picture_size(tiling.grid);
    let pixels = field.picture(size)?;
    let rgb: Vec<u8> = pixels.into_iter().flat_map(heat::colour).collect();
    write_rgb(output, size.width, size.height, &rgb)?;
    let report = Report {
        runtime: &runtime,
        tiling,
        sweeps: args.sweeps,
        time,
        way,
        copies,
        serial,
        verified: args.verify,
    };
    say(&report.rows().to_string())?;
    say(&format!("wrote {}, {size}", args.output.display()))
}

fn start(args: &Args, tiling: &Tiling, xes: usize) -> String {
    let picture = args
        .input
        .as_ref()
        .map_or("the picture that ships with Sprat".to_owned(), |p| {
            p.display().to_string()
        });
    format!(
        "{picture}: {} sweeps over {} cells on {xes} engine(s)",
        args.sweeps, tiling.grid
    )
}

/// Compares with the serial reference, bit for bit.
fn verify(field: &Field<'_>, tiling: &Tiling, before: Vec<f64>, sweeps: usize) -> Result<()> {
    let bar = progress("reference", sweeps);
    let expected = reference::sweeps(tiling.grid, before, sweeps, || bar.inc(1));
    bar.finish_and_clear();
    let width = tiling.grid.width;
    let (mut wrong, mut first) = (0u64, None);
    field.each_tile(|place, cells| {
        for (y, row) in cells
            .chunks_exact(place.stride)
            .take(place.extent.height)
            .enumerate()
        {
            let at = (place.y + y) * width + place.x;
            for (x, (got, expected)) in row[..place.extent.width]
                .iter()
                .zip(&expected[at..])
                .enumerate()
            {
                if got.to_bits() != expected.to_bits() {
                    wrong += 1;
                    first.get_or_insert((place.x + x, place.y + y, *got, *expected));
                }
            }
        }
    })?;
    match first {
        None => Ok(()),
        Some((x, y, got, expected)) => Err(Error::msg(format!(
            "{wrong} of {} cells differ from the serial reference; one of them, column {x}, row {y}, is {got:?} instead of {expected:?}. This is a fault of the program or the runtime: please report it with the command line",
            tiling.grid.cells()
        ))),
    }
}

/// The grid's own size, or its shape with the longest side allowed.
fn picture_size(grid: Extent) -> Extent {
    let longer = grid.width.max(grid.height);
    let scale = |side: usize| match longer > LONGEST {
        true => (side * LONGEST / longer).max(1),
        false => side,
    };
    Extent {
        width: scale(grid.width),
        height: scale(grid.height),
    }
}
