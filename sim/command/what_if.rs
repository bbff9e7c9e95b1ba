//! `sprat-sim what-if`: a real run on another machine, or with other codelets.

use crate::options::{print, simulated, traced, write, wrong};
use crate::report::{json, plain, told};
use clap::Args;
use serde::Serialize;
use sprat::Result;
use sprat_sim::machine::units;
use sprat_sim::{Cost, Traced, Workload};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct WhatIf {
    /// The trace of a run, as SPRAT_TRACE=FILE writes it
    trace: String,
    /// So many execution engines
    #[arg(long, value_name = "N")]
    xes: Option<u64>,
    /// So many memory regions, each with a control engine and its part of the engines
    #[arg(long, value_name = "N")]
    regions: Option<u64>,
    /// Memory that gives so many times as much to each engine, for example x2
    #[arg(long, value_name = "xF", value_parser = factor)]
    bandwidth: Option<f64>,
    /// The codelets with this name take less time: see --faster
    #[arg(long, value_name = "NAME", requires = "faster")]
    codelet: Option<String>,
    /// How many times faster they are
    #[arg(long, value_name = "F", value_parser = factor, requires = "codelet")]
    faster: Option<f64>,
    /// Also writes the answer to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// `x2`, or `2`.
fn factor(text: &str) -> std::result::Result<f64, String> {
    let number = text.trim().trim_start_matches('x').parse::<f64>();
    number
        .ok()
        .filter(|factor| factor.is_finite() && *factor > 0.0)
        .ok_or_else(|| "a factor is a number above zero, as in x2 or 1.5".to_owned())
}

/// The answer. Times in nanoseconds.
#[derive(Debug, Serialize)]
struct Answer {
    trace: String,
    measured_ns: u64,
    /// The simulation of what was traced, on the machine that it was traced on.
    as_traced_ns: u64,
    /// By how much that is wrong, as a part of what was measured. It says nothing about what was not traced.
    error: f64,
    what_if: String,
    /// The least and the most that it could take: they differ if it is not known how much of a codelet's time is memory's.
    predicted_ns: [u64; 2],
    /// Nobody compared this with a real run: it is so unless the question is what was traced.
    extrapolated: bool,
    notes: Vec<String>,
}

impl WhatIf {
    pub(crate) fn run(&self) -> Result<()> {
        if [self.xes, self.regions].iter().all(Option::is_none)
            && self.bandwidth.is_none()
            && self.faster.is_none()
        {
            return Err(wrong(
                "what is to be different? Say --xes, --regions, --bandwidth, or --codelet and --faster",
            ));
        }
        let traced = traced(&self.trace)?;
        let on = |xes, regions, change: &dyn Fn(&mut Workload)| {
            let machine = traced.machine(xes, regions)?.build(None)?;
            let there = u16::try_from(machine.plan.regions).unwrap_or(u16::MAX);
            let (mut workload, notes) = traced.workload_for(machine.xes(), there);
            change(&mut workload);
            let makespan_ns = simulated(&machine, &workload)?.makespan_ns;
            Ok::<_, sprat::Error>((makespan_ns, notes))
        };
        let (as_traced_ns, _) = on(None, None, &|_| ())?;
        self.is_known(&traced)?;
        let (least_ns, notes) = on(self.xes, self.regions, &|workload| {
            self.hurry(workload);
            self.feed(workload, &traced.workload);
        })?;
        let most_ns = match self.bandwidth {
            Some(_) => on(self.xes, self.regions, &|workload| self.hurry(workload))?.0,
            None => least_ns,
        };
        let (xes, regions) = (u64::from(traced.xes), u64::from(traced.regions));
        let answer = Answer {
            trace: self.trace.clone(),
            measured_ns: traced.measured_ns,
            as_traced_ns,
            error: as_traced_ns as f64 / traced.measured_ns.max(1) as f64 - 1.0,
            what_if: self.told(),
            predicted_ns: [least_ns.min(most_ns), least_ns.max(most_ns)],
            extrapolated: self.xes.is_some_and(|other| other != xes)
                || self.regions.is_some_and(|other| other != regions)
                || self.bandwidth.or(self.faster).is_some(),
            notes: [&traced.notes[..], &notes].concat(),
        };
        if let Some(file) = &self.json {
            write(file, &json(&answer))?;
        }
        print(&answer.text());
        Ok(())
    }

    /// Whether there are codelets of the name.
    fn is_known(&self, traced: &Traced) -> Result<()> {
        let Some(name) = &self.codelet else {
            return Ok(());
        };
        let kinds = traced.kinds();
        if kinds.iter().any(|(kind, _, _)| kind == name) {
            return Ok(());
        }
        let kinds: Vec<&str> = kinds.into_iter().map(|(kind, _, _)| kind).collect();
        Err(wrong(format!(
            "no codelet is called `{name}` in {}; there are {}",
            self.trace,
            kinds.join(", ")
        )))
    }

    /// Codelets that are faster.
    fn hurry(&self, workload: &mut Workload) {
        let (Some(name), Some(by)) = (&self.codelet, self.faster) else {
            return;
        };
        for codelet in workload.codelets.iter_mut().filter(|one| one.name == name) {
            if let Cost::Ns(ns) = &mut codelet.cost {
                *ns = (*ns as f64 / by).round() as u64;
            }
        }
    }

    /// Memory that gives more: as much of each codelet's time is memory's as its bytes take at the best rate that codelets of any name reached.
    fn feed(&self, workload: &mut Workload, as_traced: &Workload) {
        let Some(by) = self.bandwidth else {
            return;
        };
        let bytes: Vec<u64> = (0..workload.codelets.len())
            .map(|codelet| workload.bytes_of(codelet))
            .collect();
        let mut rates = std::collections::BTreeMap::<&str, (u64, u64)>::new();
        for (codelet, bytes) in as_traced.codelets.iter().zip(&bytes) {
            if let Cost::Ns(ns) = codelet.cost {
                let sum = rates.entry(codelet.name).or_default();
                *sum = (sum.0 + bytes, sum.1 + ns);
            }
        }
        let rates = rates
            .values()
            .map(|(bytes, ns)| *bytes as f64 / (*ns).max(1) as f64);
        let best = rates.fold(f64::MIN_POSITIVE, f64::max);
        for (codelet, bytes) in workload.codelets.iter_mut().zip(bytes) {
            if let Cost::Ns(ns) = &mut codelet.cost {
                let moving = (bytes as f64 / best).min(*ns as f64);
                *ns = (*ns as f64 - moving + moving / by).round() as u64;
            }
        }
    }

    fn told(&self) -> String {
        let mut told = Vec::new();
        if let Some(xes) = self.xes {
            told.push(format!("{xes} XEs"));
        }
        if let Some(regions) = self.regions {
            told.push(format!("{regions} regions"));
        }
        if let Some(by) = self.bandwidth {
            told.push(format!("bandwidth x{by}"));
        }
        if let (Some(name), Some(by)) = (&self.codelet, self.faster) {
            told.push(format!("`{name}` {by} times faster"));
        }
        told.join(", ")
    }
}

impl Answer {
    fn text(&self) -> String {
        let time = |ns: u64| units::time(ns as f64);
        let mut table = plain();
        table.set_header(["", "makespan", "against the simulation as traced", "sure"]);
        let error = 100.0 * self.error;
        table.add_row(["measured", &time(self.measured_ns), "", "it happened"]);
        let own = format!("{error:+.1} % off what was measured");
        let as_traced = format!("as traced: {error:+.1} % off");
        table.add_row([
            "simulated as traced",
            &time(self.as_traced_ns),
            "1.00",
            &own,
        ]);
        let [least_ns, most_ns] = self.predicted_ns;
        let ratio = |ns: u64| format!("{:.2}", ns as f64 / self.as_traced_ns.max(1) as f64);
        let (predicted, ratio) = match least_ns == most_ns {
            true => (time(least_ns), ratio(least_ns)),
            false => (
                format!("{} to {}", time(least_ns), time(most_ns)),
                format!("{} to {}", ratio(least_ns), ratio(most_ns)),
            ),
        };
        let sure = match self.extrapolated {
            true => format!("extrapolated ({as_traced})"),
            false => as_traced,
        };
        table.add_row([&self.what_if, &predicted, &ratio, &sure]);
        format!("{table}\n") + &told(&self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sprat::decide::dependence::Mode;
    use sprat_sim::Codelet;

    #[test]
    fn how_fast_memory_is_does_not_change_with_codelets_that_are_faster() {
        let one = |name, block| Codelet {
            accesses: vec![(block, Mode::Read).into()],
            ..Codelet::new(name, Cost::Ns(1_000))
        };
        let as_traced = Workload {
            codelets: vec![one("full", 0), one("half", 1)],
            sizes: vec![1_000, 500],
            ..Workload::default()
        };
        let question = WhatIf {
            trace: String::new(),
            xes: None,
            regions: None,
            bandwidth: Some(2.0),
            codelet: Some("half".to_owned()),
            faster: Some(10.0),
            json: None,
        };
        let mut workload = as_traced.clone();
        question.hurry(&mut workload);
        question.feed(&mut workload, &as_traced);
        let costs: Vec<Cost> = workload.codelets.iter().map(|one| one.cost).collect();
        assert_eq!(costs, [Cost::Ns(500), Cost::Ns(50)]);
    }
}
