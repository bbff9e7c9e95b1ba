//! `sprat-bench metg`.

use super::once_each;
use crate::metg::measure::{self, Plan};
use crate::metg::pattern::{PATTERNS, Pattern};
use crate::metg::report;
use crate::metg::systems::{self, SYSTEMS};
use crate::metg::work::KERNELS;
use crate::report::JsonFile;
use clap::Args;
use clap::builder::PossibleValuesParser;
use sprat::Result;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// What `--quick` runs unless it is told otherwise.
const QUICK: [Pattern; 3] = [Pattern::Stencil1d, Pattern::Fft, Pattern::Tree];

/// Who does not reach an efficiency is not given longer tasks when a run took so long, and with `--quick`.
const LATE: Duration = Duration::from_secs(4);
const SOON: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(super) struct Metg {
    /// Systems that take part [default: all that this build has]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = names(SYSTEMS.iter().map(|it| it.name)), hide_possible_values = true)]
    systems: Vec<String>,
    /// Patterns of dependences [default: all, with --quick stencil_1d,fft,tree]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = names(PATTERNS.iter().map(|it| it.1)), hide_possible_values = true)]
    patterns: Vec<String>,
    /// What tasks do
    #[arg(long, value_name = "NAME", value_parser = names(KERNELS.iter().map(|it| it.1)), default_value = "compute")]
    kernel: String,
    /// Numbers of threads that work at a time, the caller included
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=512), default_value = "2")]
    workers: Vec<u16>,
    /// Numbers of tasks in a row [default: 8, with --quick 2,8]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=65_536))]
    width: Vec<u32>,
    /// Rows [default: 1000, with --quick 500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: Option<u32>,
    /// Shares of the peak that count as reached
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = share, default_value = "0.5,0.8")]
    efficiency: Vec<f64>,
    /// Sweeps of each system over the task lengths [default: 5, with --quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    runs: Option<u16>,
    /// The mode of Sprat's control engines
    #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(["shared", "elastic", "dedicated"]), default_value = "shared")]
    ce: String,
    /// Three patterns, widths 2 and 8, all systems: within two minutes
    #[arg(long)]
    quick: bool,
    /// Also writes the figures to FILE, as an array of {"system", "pattern", "workers", "width", "efficiency", "metg_us":
    /// {"min", "median", "max"}, "empty_mtasks_per_s"}, once all is measured. "metg_us" is null where an efficiency was
    /// not reached
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also draws the curves into FOLDER, a picture for each pattern, width and number of workers
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
}

fn names<'a>(names: impl Iterator<Item = &'static str> + 'a) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        Ok(_) => Err("a share of the peak lies between 0 and 1, such as 0.5".to_owned()),
        Err(why) => Err(format!(
            "{why}; a share of the peak is a number such as 0.5"
        )),
    }
}

/// What follows the options in `--help`.
pub(super) fn about() -> String {
    let mut text = "Patterns: each task depends\n".to_owned();
    for (_, name, about) in PATTERNS {
        text += &format!("  {name:<15} {about}\n");
    }
    text += "\nKernels:
  compute         fused multiply-adds on 64 numbers, again and again
  memory          copies through memory larger than the caches
  imbalanced      as compute, from half to one and a half times as long, by fixed chance
\nSystems:\n";
    for system in SYSTEMS.iter() {
        text += &format!(
            "  {:<15} {} [{}]\n",
            system.name,
            system.about,
            system.timed.about()
        );
    }
    text + "
Examples:
  sprat-bench metg --quick
  sprat-bench metg --patterns stencil_1d,fft --width 2,8 --json metg.json --svg pictures
  sprat-bench metg --systems sprat-dynamic,spmd --efficiency 0.8 --kernel memory"
}

impl Metg {
    pub(super) fn run(&self) -> Result<()> {
        let plan = self.plan()?;
        let json = self.json.as_deref().map(JsonFile::create).transpose()?;
        let outcome = measure::run(&plan)?;
        let rows = report::rows(&outcome.curves, &plan.efficiencies);
        if let Some(file) = json {
            file.write(&rows)?;
        }
        if let Some(folder) = &self.svg {
            report::draw(&outcome.curves, &plan.efficiencies, folder)?;
        }
        let mut text = format!(
            "{} steps, kernel {}, {} sweeps\n\n{}",
            plan.steps,
            self.kernel,
            plan.runs,
            report::tables(&rows)
        );
        for note in outcome.notes {
            text += &format!("note: {note}\n");
        }
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }

    fn plan(&self) -> Result<Plan> {
        let systems: Vec<_> = match self.systems.is_empty() {
            true => SYSTEMS.iter().collect(),
            false => self
                .systems
                .iter()
                .filter_map(|name| systems::find(name))
                .collect(),
        };
        let patterns = match (self.patterns.is_empty(), self.quick) {
            (true, true) => QUICK.to_vec(),
            (true, false) => PATTERNS.iter().map(|it| it.0).collect(),
            (false, _) => self
                .patterns
                .iter()
                .filter_map(|name| Pattern::named(name))
                .collect(),
        };
        let widths = match (self.width.is_empty(), self.quick) {
            (true, true) => vec![2, 8],
            (true, false) => vec![8],
            (false, _) => self.width.iter().map(|&width| width as usize).collect(),
        };
        let kernel = KERNELS.iter().find(|kernel| kernel.1 == self.kernel);
        Ok(Plan {
            systems: once_each(systems, |system: &&systems::System| system.name),
            patterns: once_each(patterns, |&pattern| pattern),
            kernel: kernel.expect("one of these names").0,
            workers: once_each(self.workers.iter().map(|&n| n.into()), |&n| n),
            widths: once_each(widths, |&width| width),
            steps: self.steps.unwrap_or(if self.quick { 500 } else { 1000 }) as usize,
            efficiencies: once_each(self.efficiency.iter().copied(), |&share| share),
            runs: self
                .runs
                .map_or(if self.quick { 3 } else { 5 }, usize::from),
            ce: self.ce.parse()?,
            patience: if self.quick { SOON } else { LATE },
        })
    }
}
