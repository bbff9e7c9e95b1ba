//! What a simulation's outcome means, as a table and as JSON.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use sprat_sim::machine::units;
use sprat_sim::{Machine, Outcome, Parts, Standing};

/// A simulation's answer. Energies in joules.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) workload: String,
    pub(crate) policy: String,
    pub(crate) mode: String,
    pub(crate) xes: u16,
    pub(crate) domains: usize,
    pub(crate) codelets: usize,
    pub(crate) makespan_ns: u64,
    /// The part of the engines' time in which they ran bodies.
    pub(crate) utilisation: f64,
    pub(crate) steals: u64,
    pub(crate) parks: u64,
    /// Control engines' routines, and the largest part of the makespan that one of them was in them.
    pub(crate) routines: u64,
    pub(crate) busiest_control: f64,
    /// How often one above was asked, where control engines form a hierarchy, and how long that waited on average, in nanoseconds.
    pub(crate) asked_above: u64,
    pub(crate) waited_above_ns: u64,
    pub(crate) energy: Energy,
    pub(crate) moved: Vec<Moved>,
    /// Bytes of blocks that live in each region.
    pub(crate) homes: Vec<u64>,
    /// Engines that control engines took for dead, each with when, in nanoseconds.
    pub(crate) given_up: Vec<(u16, u64)>,
    /// Codelets that were run again since their engine had died, and those that failed or were skipped.
    pub(crate) again: u64,
    pub(crate) skipped: usize,
    /// Failures of the machine's file that were to come after the end.
    pub(crate) too_late: usize,
    /// How sure that is.
    pub(crate) sure: &'static str,
}

/// In joules.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Energy {
    pub(crate) compute: f64,
    pub(crate) movement: f64,
    pub(crate) idle: f64,
    pub(crate) asleep: f64,
    pub(crate) leakage: f64,
    pub(crate) control: f64,
    pub(crate) total: f64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) level: String,
    pub(crate) bytes: u64,
    pub(crate) energy: f64,
}

/// What is said where nothing was validated.
pub(crate) const EXTRAPOLATED: &str =
    "extrapolated: no real run on such a machine was compared with this";

fn joules(fj: u128) -> f64 {
    fj as f64 * 1e-15
}

impl From<&Parts> for Energy {
    fn from(parts: &Parts) -> Self {
        Energy {
            compute: joules(parts.compute_fj),
            movement: joules(parts.movement_fj),
            idle: joules(parts.idle_fj),
            asleep: joules(parts.asleep_fj),
            leakage: joules(parts.leakage_fj),
            control: joules(parts.control_fj),
            total: joules(parts.total_fj()),
        }
    }
}

impl Report {
    pub(crate) fn new(name: &str, machine: &Machine, workload: &str, outcome: &Outcome) -> Self {
        let busy = outcome.engines.iter().map(|tally| tally.busy_ns as f64);
        let time_ns = (outcome.makespan_ns.max(1) as f64) * outcome.engines.len().max(1) as f64;
        let above = outcome.above.iter();
        let (asked, waited_ns) = above.fold((0, 0), |(asked, waited_ns), one| {
            (asked + one.asked, waited_ns + one.waited_ns)
        });
        let busiest_ns = outcome
            .routines
            .iter()
            .map(|routines| routines.1)
            .max()
            .unwrap_or(0);
        let moved = outcome.moved.iter().map(|moved| Moved {
            level: moved.level.clone(),
            bytes: moved.bytes,
            energy: joules(moved.energy_fj),
        });
        Report {
            machine: name.to_owned(),
            workload: workload.to_owned(),
            policy: machine.policy.to_string(),
            mode: machine.plan.mode.to_string(),
            xes: machine.xes(),
            domains: machine.plan.domains.len(),
            codelets: outcome.runs.len(),
            makespan_ns: outcome.makespan_ns,
            utilisation: busy.sum::<f64>() / time_ns,
            steals: outcome.steals(),
            parks: outcome.parks(),
            asked_above: asked,
            waited_above_ns: waited_ns.checked_div(asked).unwrap_or(0),
            routines: outcome.routines.iter().map(|routines| routines.0).sum(),
            busiest_control: busiest_ns as f64 / outcome.makespan_ns.max(1) as f64,
            energy: (&outcome.energy).into(),
            moved: moved.collect(),
            homes: outcome.homes.clone(),
            given_up: (outcome.verdicts.iter())
                .filter(|(_, _, what)| *what == Standing::GivenUp)
                .map(|(at_ns, xe, _)| (*xe, *at_ns))
                .collect(),
            again: outcome.again,
            skipped: outcome.skipped.len(),
            too_late: outcome.too_late,
            sure: EXTRAPOLATED,
        }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut table = plain();
        let mut row = |name: &str, value: String| _ = table.add_row([name.to_owned(), value]);
        row("machine", self.machine.clone());
        row(
            "engines",
            format!(
                "{} in {} domain(s), control engines {}",
                self.xes, self.domains, self.mode
            ),
        );
        row(
            "workload",
            format!("{}, {} codelets", self.workload, self.codelets),
        );
        row("policy", self.policy.clone());
        row("makespan", units::time(self.makespan_ns as f64));
        row("utilisation", format!("{:.1} %", 100.0 * self.utilisation));
        row("thefts, sleeps", format!("{}, {}", self.steals, self.parks));
        row(
            "control",
            format!(
                "{} routines; the busiest was in them for {:.2} % of the time",
                self.routines,
                100.0 * self.busiest_control
            ),
        );
        if self.asked_above > 0 {
            let waited = units::time(self.waited_above_ns as f64);
            row(
                "above",
                format!(
                    "asked {} times, which waited {waited} on average",
                    self.asked_above
                ),
            );
        }
        for (xe, at_ns) in &self.given_up {
            let at = units::time(*at_ns as f64);
            row("given up", format!("engine {xe} after {at}"));
        }
        let (again, skipped) = (self.again, self.skipped);
        if !self.given_up.is_empty() || again > 0 || skipped > 0 {
            row(
                "failures",
                format!("{again} codelets run again, {skipped} failed or skipped"),
            );
        }
        if self.too_late > 0 {
            row(
                "too late",
                format!("{} failures were to come after the end", self.too_late),
            );
        }
        for (region, bytes) in self.homes.iter().enumerate() {
            row(&format!("region {region}"), units::size(*bytes));
        }
        let mut text = format!("{table}\n");
        if self.energy.total > 0.0 {
            text += &self.energy_table();
        }
        text + &format!("\nsure: {}\n", self.sure)
    }

    fn energy_table(&self) -> String {
        let mut table = plain();
        table.set_header(["energy", "", "of all", "bytes"]);
        let energy = &self.energy;
        let mut row = |name: String, joules: f64, bytes: String| {
            let share = format!("{:.1} %", 100.0 * joules / energy.total);
            table.add_row([name, units::energy((joules * 1e15) as u128), share, bytes]);
        };
        for (name, joules) in [("compute", energy.compute), ("movement", energy.movement)] {
            row(name.to_owned(), joules, String::new());
        }
        for moved in self.moved.iter().filter(|moved| moved.bytes > 0) {
            row(
                format!("  {}", moved.level),
                moved.energy,
                units::size(moved.bytes),
            );
        }
        for (name, joules) in [
            ("idle", energy.idle),
            ("asleep", energy.asleep),
            ("leakage", energy.leakage),
            ("control", energy.control),
            ("total", energy.total),
        ] {
            row(name.to_owned(), joules, String::new());
        }
        format!("\n{}\n", right(table, 1))
    }
}

pub(crate) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// Figures stand at the right, from a column on.
fn right(mut table: Table, from: usize) -> Table {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Many answers, a row each, with what they differ in.
pub(crate) fn rows(head: &str, reports: &[(String, Report)]) -> String {
    let mut table = plain();
    table.set_header([
        head,
        "XEs",
        "makespan",
        "utilisation",
        "energy",
        "moving",
        "W",
        "busiest CE",
    ]);
    for (name, report) in reports {
        let energy = &report.energy;
        let watts = energy.total / (report.makespan_ns.max(1) as f64 * 1e-9);
        table.add_row([
            name.clone(),
            report.xes.to_string(),
            units::time(report.makespan_ns as f64),
            format!("{:.1} %", 100.0 * report.utilisation),
            units::energy((energy.total * 1e15) as u128),
            units::energy((energy.movement * 1e15) as u128),
            format!("{watts:.3}"),
            format!("{:.2} %", 100.0 * report.busiest_control),
        ]);
    }
    format!("{}\n", right(table, 1))
}

/// Notes, a line each.
pub(crate) fn told<'n>(notes: impl IntoIterator<Item = &'n String>) -> String {
    let all = notes.into_iter();
    all.map(|note| format!("note: {note}\n")).collect()
}

/// As JSON, with a line end.
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("reports are numbers and texts") + "\n"
}
