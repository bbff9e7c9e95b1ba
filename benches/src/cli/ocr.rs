//! The subcommand `ocr`.

use super::once_each;
use crate::ocr;
use crate::report::{self, JsonFile};
use clap::Args;
use clap::builder::PossibleValuesParser;
use sprat::Result;
use std::io::Write;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Ocr {
    /// Kernels to run, by name, with commas between [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(ocr::KERNELS.iter().map(|kernel| kernel.name)))]
    kernels: Vec<String>,
    /// Numbers of execution engines
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=512), default_value = "1,2")]
    workers: Vec<u16>,
    /// Runs of each kernel, each a program of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), default_value = "7")]
    runs: u16,
    /// Also writes the figures to FILE, as an array of {"kernel", "system", "workers", "metric", "unit", "min",
    /// "median", "max"}, once all is measured
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What follows the options in `--help`.
pub(super) fn about() -> String {
    let mut text = "Kernels:\n".to_owned();
    for kernel in &ocr::KERNELS {
        text += &format!("  {:<15} {} [{}]\n", kernel.name, kernel.about, kernel.unit);
    }
    text + "\nExamples:\n  sprat-bench ocr --json ocr.json\n  sprat-bench ocr --kernels fib30 --runs 15"
}

impl Ocr {
    pub(super) fn run(&self) -> Result<()> {
        let json = self.json.as_deref().map(JsonFile::create).transpose()?;
        let workers = once_each(self.workers.iter().map(|&n| usize::from(n)), |&n| n);
        let rows = ocr::measure(&self.kernels, &workers, self.runs.into())?;
        if let Some(file) = json {
            file.write(&rows)?;
        }
        let text = format!(
            "median (min–max) of {} runs\n{}\n",
            self.runs,
            report::table(&rows)
        );
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }
}
