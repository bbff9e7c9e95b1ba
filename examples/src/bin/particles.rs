//! Moves particles in a box; `particles --help` says what can be set. The work is in `sprat_examples::particles`.

use std::process::ExitCode;

use clap::Parser;
use sprat::{Error, Result};
use sprat_examples::frame::{exit, progress, say};
use sprat_examples::particles::args::Args;
use sprat_examples::particles::reference;
use sprat_examples::particles::report::Report;
use sprat_examples::particles::start::Particle;
use sprat_examples::particles::world::{Way, World};

/// Forces are timed so many times before the steps, and after them.
const TIMES: usize = 5;
/// So many of the first steps are made by one engine alone, but no more than a quarter of all.
const ALONE: usize = 10;

fn main() -> ExitCode {
    exit("particles", run(&Args::parse()))
}

fn run(args: &Args) -> Result<()> {
    let (space, force, particles) = args.problem()?;
    let runtime = args.engines.builder().build()?;
    let steps = args.steps as usize;
    say(&format!(
        "{} particles, {steps} steps, on {} engine(s)",
        particles.len(),
        runtime.xes()
    ))?;
    let world = World::new(&runtime, space, force, args.dt, &particles)?;
    let before = world.sums()?;
    let (count, mut times) = world.force_times(TIMES)?;
    let bar = progress("steps", steps);
    let first = ALONE.min(steps.div_ceil(4));
    let alone = world.steps(first, Way::Alone, |done| bar.set_position(done as u64))?;
    let rest = steps - first;
    let way = match args.dynamic || !world.recordable() {
        true => Way::Dynamic,
        false => Way::Replayed,
    };
    let time = world.steps(rest, way, |done| bar.set_position((first + done) as u64))?;
    bar.finish_and_clear();
    times.extend(world.force_times(TIMES)?.1);
    let after = world.sums()?;
    if args.verify {
        let bar = progress("reference", steps);
        let count = particles.len();
        let expected = reference::steps(&space, &force, particles.clone(), args.dt, steps, || {
            bar.inc(1)
        });
        bar.finish_and_clear();
        verify(&world.particles()?, &expected, count)?;
    }
    let report = Report {
        runtime: &runtime,
        space,
        particles: particles.len(),
        column_bytes: world.column_bytes(),
        alone: (first, alone),
        steps: (rest, time),
        way,
        forces: (count, times),
        sums: [before, after],
        verified: args.verify,
    };
    say(&report.rows().to_string())
}

/// Compares, bit for bit.
fn verify(got: &[Particle], expected: &[Particle], count: usize) -> Result<()> {
    let bits = |p: &Particle| {
        (
            p.id,
            p.place.map(f64::to_bits),
            p.velocity.map(f64::to_bits),
        )
    };
    let mut pairs = got.iter().zip(expected);
    let wrong = pairs.find(|(got, expected)| bits(got) != bits(expected));
    let what = match wrong {
        _ if got.len() != count => format!("{} of {count} particles are left", got.len()),
        None => return Ok(()),
        Some((got, expected)) => format!("{got:?} should be {expected:?}"),
    };
    Err(Error::msg(format!(
        "{what}. This is a fault of the program or the runtime: please report it with the command line"
    )))
}
