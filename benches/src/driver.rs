//! Runs kernels on systems, side by side: the driver of all subcommands but `metg`.

use crate::kernels::{Kernel, median};
use crate::report::Row;
use crate::system::{Entrant, Kind};
use indicatif::{ProgressBar, ProgressStyle};
use sprat::{Error, Result};
use std::thread;

/// What to measure.
pub struct Plan {
    /// These kernels.
    pub kernels: Vec<&'static Kernel>,
    /// On these systems.
    pub kinds: Vec<Kind>,
    /// With so many workers each.
    pub workers: Vec<usize>,
    /// So often, beside a run for warming up.
    pub runs: usize,
    /// So large is each run: about so many codelets, unless the suite says otherwise.
    pub size: usize,
}

/// What was measured.
pub struct Outcome {
    /// The figures.
    pub rows: Vec<Row>,
    /// What a reader of the figures must know.
    pub notes: Vec<String>,
}

/// Measures. In each run all systems take their turns, so that what changes with the hour changes for all.
///
/// # Errors
/// What a system says, or a wrong result, with the kernel and the system.
pub fn run(plan: &Plan) -> Result<Outcome> {
    let entrants = start(plan)?;
    let turns = plan.kernels.len() * (plan.runs + 1) * entrants.len();
    // Shown on a terminal only: `indicatif` looks.
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} (about {eta} left)");
    let bar = ProgressBar::new(turns as u64)
        .with_style(style.map_err(|why| Error::msg(why.to_string()))?);
    let mut rows = Vec::new();
    for kernel in &plan.kernels {
        let mut figures = vec![Vec::new(); entrants.len()];
        for run in 0..=plan.runs {
            for (entrant, figures) in entrants.iter().zip(&mut figures) {
                let who = format!(
                    "{} {}@{}",
                    kernel.name,
                    entrant.kind.name(),
                    entrant.workers
                );
                bar.set_message(who.clone());
                let figure = (kernel.measure)(entrant, plan.size);
                let figure = figure.map_err(|why| Error::msg(format!("{who}: {why}")))?;
                if figure.is_some() {
                    thread::sleep(entrant.kind.lingers());
                }
                // The first run warms up.
                figures.extend(figure.filter(|_| run > 0));
                bar.inc(1);
            }
        }
        let measured = entrants.iter().zip(figures);
        let measured = measured.filter(|(_, figures)| !figures.is_empty());
        rows.extend(measured.map(|(entrant, figures)| row(kernel, entrant, figures)));
    }
    bar.finish_and_clear();
    let notes = entrants.iter().filter_map(Entrant::note).collect();
    Ok(Outcome { rows, notes })
}

fn start(plan: &Plan) -> Result<Vec<Entrant>> {
    let mut entrants = Vec::new();
    for (turn, &workers) in plan.workers.iter().enumerate() {
        for &kind in &plan.kinds {
            match kind {
                // One thread, whatever is asked for.
                Kind::Serial if turn == 0 => entrants.push(Entrant::start(kind, 1)?),
                Kind::Serial => (),
                _ => entrants.push(Entrant::start(kind, workers)?),
            }
        }
    }
    Ok(entrants)
}

fn row(kernel: &Kernel, entrant: &Entrant, mut figures: Vec<f64>) -> Row {
    figures.sort_by(f64::total_cmp);
    Row {
        kernel: kernel.name.to_owned(),
        system: entrant.kind.name(),
        workers: entrant.workers,
        metric: kernel.metric.to_owned(),
        unit: kernel.unit.to_owned(),
        min: figures[0],
        median: median(&figures),
        max: figures[figures.len() - 1],
    }
}
