//! What all simulations are told: the machine, the workload, the policy.

use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};
use sprat::decide::power::Policy;
use sprat::{Error, ErrorKind, Result};
use sprat_sim::machine::units;
use sprat_sim::workload::{Workload, named};
use sprat_sim::{Description, Machine, Outcome, PRESETS, Traced, simulate_and_tell};
use std::path::{Path, PathBuf};

#[derive(Args, Clone)]
pub(crate) struct Setting {
    /// A machine that comes with the simulator, or a file, or `traced`: that of the trace
    #[arg(long, value_name = "NAME|FILE", default_value = "server")]
    pub(crate) machine: String,
    /// A workload with values of its parameters, as in cholesky:tiles=20,edge=64, or trace:FILE
    #[arg(long, value_name = "NAME:KEY=N,...", default_value = "stencil2d")]
    pub(crate) workload: String,
    /// What the runtime aims at
    #[arg(long, value_parser = PossibleValuesParser::new(["performance", "energy", "energy_delay"]), default_value = "performance")]
    pub(crate) policy: String,
    /// Engines together may draw no more than this, for example "40 W"
    #[arg(long, value_name = "POWER")]
    pub(crate) cap: Option<String>,
    /// How many execution engines [default: all that the machine has]
    #[arg(long, value_name = "N")]
    pub(crate) xes: Option<usize>,
    /// The mode of the control engines [default: the machine's]
    #[arg(long, value_parser = PossibleValuesParser::new(["shared", "elastic", "dedicated"]))]
    pub(crate) mode: Option<String>,
    /// Control engines form a hierarchy: each sees its own domain, and asks the one of the group around it for what it cannot do
    #[arg(long)]
    pub(crate) hierarchy: bool,
    /// Whether transfers share memories and links, or have them for themselves [default: the machine's]
    #[arg(long, value_parser = PossibleValuesParser::new(["fair", "none"]))]
    pub(crate) contention: Option<String>,
    /// Codelets may be run again if their engine dies
    #[arg(long)]
    pub(crate) repeatable: bool,
    /// Of what is random in the workload, if it has such a parameter
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// What a workload that is a trace begins with, and the machine that it was made on.
const TRACE: &str = "trace:";
const TRACED: &str = "traced";

/// A trace's run.
pub(crate) fn traced(file: &str) -> Result<Traced> {
    let bytes = std::fs::read(file)
        .map_err(|error| wrong(format!("the trace `{file}` cannot be read: {error}")))?;
    Traced::read(file, &bytes)
}

/// Text that is no good as a configuration.
pub(crate) fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, text)
}

/// A policy by its name.
pub(crate) fn policy(name: &str) -> Result<Policy> {
    let all = [Policy::Performance, Policy::Energy, Policy::EnergyDelay];
    let found = all.into_iter().find(|policy| policy.to_string() == name);
    found.ok_or_else(|| {
        wrong(format!(
            "there is no policy `{name}`; use performance, energy or energy_delay"
        ))
    })
}

impl Setting {
    /// The machine's description, with what the options change.
    pub(crate) fn description(&self) -> Result<Description> {
        let mut description = match PRESETS.iter().any(|preset| preset.name == self.machine) {
            true => Description::preset(&self.machine)?,
            false if self.machine == TRACED => {
                let Some(file) = self.workload.strip_prefix(TRACE) else {
                    return Err(wrong(
                        "the machine `traced` is that of a trace; add --workload trace:FILE",
                    ));
                };
                traced(file)?.machine(None, None)?
            }
            false => {
                let path = Path::new(&self.machine);
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
                    wrong(format!(
                        "`{}` is no machine that I know ({}), and as a file: {error}",
                        self.machine,
                        known.join(", ")
                    ))
                })?;
                Description::read(&self.machine, &text)?
            }
        };
        description.policy = policy(&self.policy)?;
        if let Some(cap) = &self.cap {
            description.cap_uw =
                Some(units::power(cap).map_err(|error| wrong(format!("--cap: {error}")))?);
        }
        if let Some(mode) = &self.mode {
            description.mode = mode.parse()?;
        }
        description.hierarchy |= self.hierarchy;
        if let Some(contention) = &self.contention {
            description.fair = contention == "fair";
        }
        Ok(description)
    }

    /// The workload for a machine, and what it leaves out: sentences.
    pub(crate) fn workload(&self, machine: &Machine) -> Result<(Workload, Vec<String>)> {
        let xes = machine.xes();
        let (mut workload, notes) = match self.workload.strip_prefix(TRACE) {
            Some(_) if self.seed.is_some() => {
                return Err(wrong("a trace has nothing random; leave --seed out"));
            }
            Some(file) => {
                let traced = traced(file)?;
                let regions = u16::try_from(machine.plan.regions).unwrap_or(u16::MAX);
                let (workload, notes) = traced.workload_for(xes, regions);
                (workload, [traced.notes, notes].concat())
            }
            None => (named(&self.seeded(&self.workload), xes)?, Vec::new()),
        };
        workload.repeatable = self.repeatable;
        Ok((workload, notes))
    }

    /// The same with another value of a parameter of the workload.
    pub(crate) fn with(&self, key: &str, value: &str) -> Result<Self> {
        if self.workload.starts_with(TRACE) {
            return Err(wrong(format!(
                "the workload is a trace and has no parameter `{key}`; a trace can be swept over xes-per-ce, policy, mode and contention"
            )));
        }
        let workload = with(&self.workload, key, value);
        Ok(Setting {
            workload,
            ..self.clone()
        })
    }

    /// A workload's text with the seed that was asked for.
    pub(crate) fn seeded(&self, workload: &str) -> String {
        match self.seed {
            Some(seed) => with(workload, "seed", &seed.to_string()),
            None => workload.to_owned(),
        }
    }
}

/// A workload's text with another value of a parameter; a later one counts.
fn with(workload: &str, key: &str, value: &str) -> String {
    let mark = if workload.contains(':') { ',' } else { ':' };
    format!("{workload}{mark}{key}={value}")
}

/// Simulates, with progress where somebody sees it.
pub(crate) fn simulated(machine: &Machine, workload: &Workload) -> Result<Outcome> {
    let count = workload.codelets.len();
    let bar = ProgressBar::new(count as u64);
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} codelets, {eta} left");
    bar.set_style(style.expect("the template is right"));
    let outcome = simulate_and_tell(machine, workload, |left| {
        bar.set_position((count - left) as u64)
    });
    bar.finish_and_clear();
    outcome
}

/// Values with commas between.
pub(crate) fn values(text: &str) -> Vec<&str> {
    text.split(',')
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .collect()
}

/// Writes a file, with its name if that fails.
pub(crate) fn write(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text)
        .map_err(|error| Error::new(ErrorKind::System, format!("{}: {error}", path.display())))
}

/// Prints; a reader that stops early (`| head`) is no error.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
