//! `sprat-sim run`: one simulation.

use crate::options::{Setting, print, simulated, write};
use crate::picture::{Curve, curves};
use crate::report::{Report, json, told};
use clap::Args;
use sprat::Result;
use sprat_sim::machine::units;
use sprat_sim::{Outcome, PRESETS};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Run {
    #[command(flatten)]
    setting: Setting,
    /// Also writes the report to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also draws how many engines work over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Prints the file of a machine that comes with the simulator, and simulates nothing
    #[arg(long, value_name = "NAME")]
    show_machine: Option<String>,
}

impl Run {
    pub(crate) fn run(&self) -> Result<()> {
        if let Some(name) = &self.show_machine {
            sprat_sim::Description::preset(name)?;
            let preset = PRESETS.iter().filter(|preset| preset.name == name);
            preset.for_each(|preset| print(preset.text));
            return Ok(());
        }
        let description = self.setting.description()?;
        let machine = description.build(self.setting.xes)?;
        let (workload, notes) = self.setting.workload(&machine)?;
        let outcome = simulated(&machine, &workload)?;
        let report = Report::new(
            &description.name,
            &machine,
            &self.setting.workload,
            &outcome,
        );
        if let Some(file) = &self.json {
            write(file, &json(&report))?;
        }
        if let Some(file) = &self.svg {
            write(file, &picture(&report, &outcome))?;
        }
        print(&(report.text() + &told(&notes)));
        Ok(())
    }
}

/// How many engines work on average in each of so many parts of the makespan.
fn working(outcome: &Outcome, parts: usize) -> Vec<f64> {
    let whole = outcome.makespan_ns.max(1) as f64;
    let mut busy = vec![0.0; parts];
    for run in &outcome.runs {
        let at = |ns: u64| ns as f64 / whole * parts as f64;
        let (from, to) = (at(run.start_ns), at(run.end_ns));
        let first = from as usize;
        let last = (to.ceil() as usize).min(parts);
        for (part, busy) in (first..).zip(&mut busy[first.min(last)..last]) {
            *busy += to.min(part as f64 + 1.0) - from.max(part as f64);
        }
    }
    busy
}

fn picture(report: &Report, outcome: &Outcome) -> String {
    const PARTS: usize = 128;
    let busy = working(outcome, PARTS);
    let whole = outcome.makespan_ns as f64;
    // The axis is logarithmic, which shows begin and end; it begins with the first part's middle.
    let points = busy
        .iter()
        .enumerate()
        .map(|(at, busy)| ((at as f64 + 0.5) / PARTS as f64 * 100.0, *busy));
    let about = format!(
        "{} codelets of {} on {} engines of {}: the number of engines that work, over {}. They work {:.0} percent of the time.",
        report.codelets,
        report.workload,
        report.xes,
        report.machine,
        units::time(whole),
        100.0 * report.utilisation
    );
    let curve = Curve {
        name: "working".to_owned(),
        points: points.collect(),
    };
    let title = format!("{} on {}", report.workload, report.machine);
    curves(
        &title,
        &about,
        "percent of the makespan",
        "engines",
        &[curve],
    )
}
