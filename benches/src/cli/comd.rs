//! The subcommand `comd`.

use super::once_each;
use crate::comd::{self, Case};
use crate::report::{self, JsonFile};
use clap::Args;
use sprat::Result;
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  sprat-bench comd --workers 1,2 --json comd.json
  sprat-bench comd --size 8 --steps 20 --runs 1")]
pub(super) struct Comd {
    /// Unit cells on each side of the crystal, of 4 atoms each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(5..=600), default_value = "20")]
    size: u16,
    /// Time steps of a run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value = "50")]
    steps: u32,
    /// Cells on each side of a group, which is what a codelet goes through
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), default_value = "3")]
    group: u16,
    /// Numbers of engines and of threads
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=512), default_value = "1,2")]
    workers: Vec<u16>,
    /// Runs of each system, each a program of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value = "7")]
    runs: u16,
    /// Also writes the figures to FILE, as an array of {"kernel", "system", "workers", "metric", "unit", "min",
    /// "median", "max"}, once all is measured
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Comd {
    pub(super) fn run(&self) -> Result<()> {
        let json = self.json.as_deref().map(JsonFile::create).transpose()?;
        let workers = once_each(self.workers.iter().map(|&n| usize::from(n)), |&n| n);
        let case = Case {
            size: self.size.into(),
            steps: self.steps as usize,
            group: self.group.into(),
        };
        let rows = comd::measure(&case, &workers, self.runs.into())?;
        if let Some(file) = json {
            file.write(&rows)?;
        }
        let text = format!(
            "median (min–max) of {} runs; the ratio is Sprat's rate by OpenMP's of the same turn\n{}\n",
            self.runs,
            report::table(&rows)
        );
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }
}
