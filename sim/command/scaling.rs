//! `sprat-sim scaling`: more and more engines.

use crate::options::{Setting, print, simulated, values, write, wrong};
use crate::picture::{Curve, curves};
use crate::report::{Report, json, rows, told};
use clap::Args;
use sprat::Result;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Scaling {
    #[command(flatten)]
    setting: Setting,
    /// Numbers of engines, with commas between; the parameter `--weak` grows with them
    #[arg(long, value_name = "NUMBERS", default_value = "1,2,4,8,16,32,64")]
    over: String,
    /// Weak scaling: this parameter of the workload is what it is for one engine, and grows with their number
    #[arg(long, value_name = "PARAMETER")]
    weak: Option<String>,
    /// Also writes the reports to FILE, as an array
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also draws the efficiency
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Scaling {
    pub(crate) fn run(&self) -> Result<()> {
        if self.setting.xes.is_some() {
            return Err(wrong(
                "the numbers of engines come from --over; leave --xes out",
            ));
        }
        let description = self.setting.description()?;
        // Each once, though most hold on each machine.
        let (mut reports, mut notes_told) = (Vec::new(), BTreeSet::new());
        for text in values(&self.over) {
            let xes: usize = text
                .parse()
                .map_err(|_| wrong(format!("`{text}` is no number of engines")))?;
            let machine = description.build(Some(xes))?;
            let setting = match &self.weak {
                Some(parameter) => grown(&self.setting, parameter, xes as u64)?,
                None => self.setting.clone(),
            };
            let (workload, notes) = setting.workload(&machine)?;
            notes_told.extend(notes);
            let name = setting.seeded(&setting.workload);
            let outcome = simulated(&machine, &workload)?;
            reports.push((
                name.clone(),
                Report::new(&description.name, &machine, &name, &outcome),
            ));
        }
        let Some((_, first)) = reports.first() else {
            return Err(wrong(
                "no number of engines is given; write for example --over 1,2,4",
            ));
        };
        let (first_ns, first_xes) = (first.makespan_ns as f64, f64::from(first.xes));
        let efficiency = |report: &Report| {
            let faster = first_ns / report.makespan_ns.max(1) as f64;
            match self.weak {
                Some(_) => faster,
                None => faster * first_xes / f64::from(report.xes),
            }
        };
        let points: Vec<(f64, f64)> = reports
            .iter()
            .map(|(_, report)| (f64::from(report.xes), efficiency(report)))
            .collect();
        let kind = if self.weak.is_some() {
            "weak"
        } else {
            "strong"
        };
        if let Some(file) = &self.svg {
            let told: Vec<String> = points
                .iter()
                .map(|(xes, value)| format!("{:.0} percent on {xes}", 100.0 * value))
                .collect();
            let about = format!(
                "The efficiency of {} on more and more engines of {}: {}.",
                self.setting.workload,
                description.name,
                told.join(", ")
            );
            let title = format!(
                "{kind} scaling of {} on {}",
                self.setting.workload, description.name
            );
            let curve = Curve {
                name: kind.to_owned(),
                points: points.clone(),
            };
            write(
                file,
                &curves(&title, &about, "engines", "efficiency", &[curve]),
            )?;
        }
        if let Some(file) = &self.json {
            let all: Vec<&Report> = reports.iter().map(|(_, report)| report).collect();
            write(file, &json(&all))?;
        }
        let mut text = rows("workload", &reports);
        for (xes, value) in points {
            text += &format!(
                "efficiency on {xes:>6} engines ({kind}): {:.1} %\n",
                100.0 * value
            );
        }
        text += &format!("sure: {}\n", crate::report::EXTRAPOLATED);
        print(&(text + &told(&notes_told)));
        Ok(())
    }
}

/// The workload with a parameter so many times as large as it is.
fn grown(setting: &Setting, parameter: &str, by: u64) -> Result<Setting> {
    let workload = &setting.workload;
    let name = workload.split(':').next().unwrap_or_default();
    let of = sprat_sim::workload::names()
        .iter()
        .find(|of| of.name == name);
    let default = of.and_then(|of| of.parameters.iter().find(|known| known.0 == parameter));
    let Some((_, default, _)) = default else {
        return Err(wrong(format!(
            "workload `{name}` has no parameter `{parameter}`"
        )));
    };
    let told = workload
        .split([':', ','])
        .filter_map(|one| one.split_once('='));
    let told = told
        .filter(|(key, _)| *key == parameter)
        .filter_map(|(_, value)| value.parse().ok())
        .next_back();
    let value: u64 = told.unwrap_or(*default);
    setting.with(parameter, &value.saturating_mul(by).to_string())
}
