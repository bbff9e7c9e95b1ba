//! `sprat-sim sweep`: the same question for each of several values.

use crate::options::{Setting, policy, print, simulated, values, write, wrong};
use crate::picture::{Curve, Stack, curves, stacks, tornado};
use crate::report::{self, Report, json, rows};
use clap::Args;
use sprat::Result;
use sprat_sim::{Description, Machine, Outcome};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Sweep {
    #[command(flatten)]
    setting: Setting,
    /// What differs, and its values: xes-per-ce, policy, mode, hierarchy, contention, or a parameter of the workload; or `energy`, each constant of
    /// energy halved and doubled
    #[arg(long, value_name = "WHAT=V1,V2,...")]
    over: String,
    /// Another difference, as in hierarchy=false,true: all of it for each of these values, and with --svg a curve of the makespan for each
    #[arg(long, value_name = "WHAT=V1,V2,...")]
    each: Option<String>,
    /// Also writes the reports to FILE, as an array
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also draws time and energy (curves for numbers, bars for names, a tornado for `energy`)
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What is changed, and to what.
type Difference<'t> = Option<(&'t str, &'t str)>;

impl Sweep {
    pub(crate) fn run(&self) -> Result<()> {
        if self.over == "energy" {
            return match self.each {
                None => self.tornado(),
                Some(_) => Err(wrong(
                    "--over energy draws one tornado; leave --each out, and ask for each value by itself",
                )),
            };
        }
        let (what, told) = given("--over", &self.over)?;
        let each = self.each.as_deref();
        let each = each.map(|each| given("--each", each)).transpose()?;
        let differences = match each {
            None => vec![None],
            Some((each, values)) => values
                .into_iter()
                .map(|value| Some((each, value)))
                .collect(),
        };
        // Notes each once, though most hold for each value.
        let (mut reports, mut notes_told) = (Vec::new(), BTreeSet::new());
        for each in &differences {
            for value in &told {
                let (report, notes) = self.one(&[Some((what, value)), *each])?;
                let name = match each {
                    None => (*value).to_owned(),
                    Some((each, other)) => format!("{value}, {each}={other}"),
                };
                reports.push((name, report));
                notes_told.extend(notes);
            }
        }
        if let Some(file) = &self.json {
            let all: Vec<&Report> = reports.iter().map(|(_, report)| report).collect();
            write(file, &json(&all))?;
        }
        if let Some(file) = &self.svg {
            let picture = match self.each {
                None => self.picture(what, &reports),
                Some(_) => self.compared(what, &told, &differences, &reports)?,
            };
            write(file, &picture)?;
        }
        let sure = format!("sure: {}\n", crate::report::EXTRAPOLATED);
        print(&(rows(what, &reports) + &sure + &report::told(&notes_told)));
        Ok(())
    }

    /// The answer where this is so, and what the workload leaves out.
    fn one(&self, differences: &[Difference<'_>]) -> Result<(Report, Vec<String>)> {
        let mut setting = self.setting.clone();
        let mut description = setting.description()?;
        for (what, value) in differences.iter().flatten() {
            (setting, description) = change(setting, description, what, value)?;
        }
        let (machine, outcome, notes) = answer(&setting, &description)?;
        let workload = &setting.workload;
        let report = Report::new(&description.name, &machine, workload, &outcome);
        Ok((report, notes))
    }

    /// A curve of the makespan for each difference.
    fn compared(
        &self,
        what: &str,
        told: &[&str],
        differences: &[Difference<'_>],
        reports: &[(String, Report)],
    ) -> Result<String> {
        let number = |value: &&str| {
            value.parse::<f64>().map_err(|_| {
                wrong(format!(
                    "`{value}` is no number, and with --each curves are drawn; give --over numbers, or leave --svg out"
                ))
            })
        };
        let numbers = told.iter().map(number).collect::<Result<Vec<f64>>>()?;
        let ms = |report: &Report| report.makespan_ns as f64 * 1e-6;
        let curve = |(each, reports): (&Difference<'_>, &[(String, Report)])| {
            let points = numbers.iter().copied();
            let mut points: Vec<(f64, f64)> = points
                .zip(reports.iter().map(|(_, report)| ms(report)))
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Curve {
                name: each.map_or(String::new(), |(what, value)| format!("{what}={value}")),
                points,
            }
        };
        let all = differences.iter().zip(reports.chunks(told.len()));
        let all: Vec<Curve> = all.map(curve).collect();
        let title = format!("{} on {}", self.setting.workload, reports[0].1.machine);
        let each = |(name, report): &(String, Report)| format!("{name}: {:.3} ms", ms(report));
        let each: Vec<String> = reports.iter().map(each).collect();
        let about = format!("The makespan over {what}. {}.", each.join("; "));
        Ok(curves(&title, &about, what, "makespan in ms", &all))
    }

    fn picture(&self, what: &str, reports: &[(String, Report)]) -> String {
        let (workload, machine) = (&self.setting.workload, &reports[0].1.machine);
        let title = format!("{workload} on {machine}");
        let numbers: Option<Vec<f64>> = reports
            .iter()
            .map(|(value, _)| value.parse().ok())
            .collect();
        let told: Vec<String> = reports
            .iter()
            .map(|(value, report)| {
                format!(
                    "{value}: {:.3} ms and {:.3} mJ",
                    report.makespan_ns as f64 * 1e-6,
                    report.energy.total * 1e3
                )
            })
            .collect();
        let about = format!("Time and energy over {what}. {}.", told.join("; "));
        if let Some(numbers) = numbers {
            let (least_ns, least_j) =
                reports
                    .iter()
                    .fold((f64::INFINITY, f64::INFINITY), |least, (_, report)| {
                        (
                            least.0.min(report.makespan_ns as f64),
                            least.1.min(report.energy.total.max(1e-30)),
                        )
                    });
            let points = |value: &dyn Fn(&Report) -> f64| {
                let mut points: Vec<(f64, f64)> = numbers
                    .iter()
                    .copied()
                    .zip(reports.iter().map(|(_, report)| value(report)))
                    .collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                points
            };
            let time = Curve {
                name: "makespan".to_owned(),
                points: points(&|r| r.makespan_ns as f64 / least_ns),
            };
            let energy = Curve {
                name: "energy".to_owned(),
                points: points(&|r| r.energy.total / least_j),
            };
            return curves(&title, &about, what, "of the least", &[time, energy]);
        }
        let parts = [
            "compute", "movement", "idle", "asleep", "leakage", "control",
        ];
        let bars: Vec<Stack> = reports
            .iter()
            .map(|(value, report)| {
                let energy = &report.energy;
                let parts = [
                    energy.compute,
                    energy.movement,
                    energy.idle,
                    energy.asleep,
                    energy.leakage,
                    energy.control,
                ];
                Stack {
                    name: format!("{value}, {:.2} ms", report.makespan_ns as f64 * 1e-6),
                    parts: parts.iter().map(|joules| joules * 1e3).collect(),
                }
            })
            .collect();
        stacks(&title, &about, "energy in mJ", &parts, &bars)
    }

    /// Each constant of energy halved and doubled: by how much the whole energy changes.
    fn tornado(&self) -> Result<()> {
        let description = self.setting.description()?;
        let total = |description: &Description| {
            let (machine, outcome, notes) = answer(&self.setting, description)?;
            let workload = &self.setting.workload;
            let report = Report::new(&description.name, &machine, workload, &outcome);
            Ok::<_, sprat::Error>((report.energy.total, notes))
        };
        let (before, notes) = total(&description)?;
        if before == 0.0 {
            return Err(wrong(format!(
                "{} draws nothing: its file gives no energy",
                description.name
            )));
        }
        let mut bars = Vec::new();
        for constant in description.energies() {
            let changed = |by| {
                let mut changed = description.clone();
                changed.scale_energy(&constant, by);
                Ok::<_, sprat::Error>(total(&changed)?.0 / before - 1.0)
            };
            bars.push((constant.clone(), changed(0.5)?, changed(2.0)?));
        }
        bars.sort_by(|a, b| (b.2 - b.1).total_cmp(&(a.2 - a.1)));
        if let Some(file) = &self.json {
            write(file, &json(&bars))?;
        }
        if let Some(file) = &self.svg {
            let title = format!(
                "Energy of {} on {}",
                self.setting.workload, description.name
            );
            let told: Vec<String> = bars
                .iter()
                .map(|(name, less, more)| {
                    format!("{name} {:.1} to {:+.1} percent", 100.0 * less, 100.0 * more)
                })
                .collect();
            let about = format!(
                "By how much the whole energy changes when one constant is halved or doubled: {}.",
                told.join("; ")
            );
            let shown = &bars[..bars.len().min(12)];
            write(file, &tornado(&title, &about, shown))?;
        }
        let mut text = format!(
            "{:<24} {:>8} {:>8}\n",
            "constant of energy", "halved", "doubled"
        );
        for (name, less, more) in &bars {
            text += &format!(
                "{name:<24} {:>7.1}% {:>+7.1}%\n",
                100.0 * less,
                100.0 * more
            );
        }
        text += &format!("sure: {}\n", crate::report::EXTRAPOLATED);
        print(&(text + &report::told(&notes)));
        Ok(())
    }
}

/// What differs, and its values; at least one.
fn given<'t>(option: &str, text: &'t str) -> Result<(&'t str, Vec<&'t str>)> {
    let (what, told) = text.split_once('=').ok_or_else(|| {
        wrong(format!(
            "`{text}` gives no values; write for example {option} xes-per-ce=4,8,16"
        ))
    })?;
    let told = values(told);
    match told.is_empty() {
        true => Err(wrong(format!(
            "no value is given; write for example {option} xes-per-ce=4,8,16"
        ))),
        false => Ok((what, told)),
    }
}

/// The same with one thing changed.
fn change(
    mut setting: Setting,
    mut description: Description,
    what: &str,
    value: &str,
) -> Result<(Setting, Description)> {
    match what {
        "xes-per-ce" => {
            let number = value
                .parse()
                .map_err(|_| wrong(format!("`{value}` is no number of engines")))?;
            description = description.with_xes_per_ce(number)?;
        }
        "policy" => description.policy = policy(value)?,
        "mode" => description.mode = value.parse()?,
        "hierarchy" => {
            description.hierarchy = value
                .parse()
                .map_err(|_| wrong(format!("`{value}` is no answer; use true or false")))?;
        }
        "contention" if ["fair", "none"].contains(&value) => description.fair = value == "fair",
        "contention" => {
            return Err(wrong(format!(
                "`{value}` is no contention; use fair or none"
            )));
        }
        parameter => setting = setting.with(parameter, value)?,
    }
    Ok((setting, description))
}

/// The machine, what it does, and what the workload leaves out.
fn answer(setting: &Setting, description: &Description) -> Result<(Machine, Outcome, Vec<String>)> {
    let machine = description.build(setting.xes)?;
    let (workload, notes) = setting.workload(&machine)?;
    let outcome = simulated(&machine, &workload)?;
    Ok((machine, outcome, notes))
}
