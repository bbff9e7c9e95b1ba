//! The options of the subcommands that give a figure for each kernel and system.

use super::once_each;
use crate::driver::{self, Plan};
use crate::plot::{self, Bar};
use crate::report::{self, JsonFile, Row};
use crate::suite::Suite;
use crate::system::{self, Kind};
use clap::Args;
use clap::builder::{PossibleValuesParser, Str};
use sprat::{CeMode, Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Figures {
    /// Kernels to run, by name, with commas between [default: all]
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    kernels: Vec<String>,
    /// Systems that take part
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = system_names(), hide_possible_values = true)]
    systems: Vec<String>,
    /// Numbers of threads that work at a time, the caller included
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=512), default_value = "1,2")]
    workers: Vec<u16>,
    /// What the system `sprat` stands for: modes of its control engines
    #[arg(long, value_name = "MODES", value_delimiter = ',', value_parser = PossibleValuesParser::new(["shared", "elastic", "dedicated"]), default_value = "shared,elastic,dedicated")]
    ce: Vec<String>,
    /// Runs of each kernel on each system; one more goes before, to warm up [default: 7, with --quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    runs: Option<u16>,
    /// How large a run is
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// Small and soon: for a first look, and for tests
    #[arg(long)]
    quick: bool,
    /// Also writes the figures to FILE, as an array of {"kernel", "system", "workers", "metric", "unit", "min",
    /// "median", "max"}, once all is measured. Units that end in "/s" are better high, all others better low
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also draws the figures into FOLDER, a picture for each kernel and number of workers
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
}

fn system_names() -> PossibleValuesParser {
    PossibleValuesParser::new(system::names().map(|system| system.0))
}

/// Fills in what depends on the suite.
pub(super) fn tell(command: clap::Command, suite: &Suite) -> clap::Command {
    let names: Vec<&'static str> = (suite.kernels)().iter().map(|kernel| kernel.name).collect();
    let (size, quick) = suite.sizes;
    let about_size = format!(
        "How large a run is: {} [default: {size}, with --quick {quick}]",
        suite.size
    );
    let most = clap::value_parser!(u64).range(1..=suite.most as u64);
    command
        .mut_arg("kernels", |it| {
            it.value_parser(PossibleValuesParser::new(names))
        })
        .mut_arg("systems", |it| it.default_value(Str::from(suite.systems)))
        .mut_arg("size", |it| it.help(about_size).value_parser(most))
        .after_help(about(suite))
}

/// What follows the options in `--help`.
fn about(suite: &Suite) -> String {
    let mut text = "Kernels:\n".to_owned();
    for kernel in (suite.kernels)() {
        text += &format!("  {:<15} {} [{}]\n", kernel.name, kernel.about, kernel.unit);
    }
    text += "\nSystems:\n";
    for (name, about) in system::names() {
        text += &format!("  {name:<15} {about}\n");
    }
    let name = suite.name;
    text + &format!(
        "
{}

Examples:
  sprat-bench {name} --quick
  sprat-bench {name} --runs 15 --json {name}.json --svg pictures
  sprat-bench {name} --systems sprat --ce shared,elastic,dedicated --workers 2",
        suite.note
    )
}

impl Figures {
    pub(super) fn run(&self, suite: &Suite) -> Result<()> {
        let plan = self.plan(suite)?;
        let json = self.json.as_deref().map(JsonFile::create).transpose()?;
        let outcome = driver::run(&plan)?;
        if let Some(file) = json {
            file.write(&outcome.rows)?;
        }
        if let Some(folder) = &self.svg {
            draw(&outcome.rows, folder)?;
        }
        let mut text = format!(
            "median (min–max) of {} runs; {}: {}\n{}\n",
            plan.runs,
            suite.size,
            plan.size,
            report::table(&outcome.rows)
        );
        for note in (suite.follows)(&outcome.rows)
            .into_iter()
            .chain(outcome.notes)
        {
            text += &format!("note: {note}\n");
        }
        // A reader that stops early (`| head`) is no error.
        let _ = std::io::stdout().write_all(text.as_bytes());
        Ok(())
    }

    fn plan(&self, suite: &Suite) -> Result<Plan> {
        let modes = self.ce.iter().map(|mode| mode.parse());
        let modes = modes.collect::<Result<Vec<CeMode>>>()?;
        let mut kinds = Vec::new();
        for name in &self.systems {
            kinds.extend(Kind::named(name, &modes)?);
        }
        let all = (suite.kernels)();
        let kernels = if self.kernels.is_empty() {
            all
        } else {
            let named = self.kernels.iter();
            let named =
                named.filter_map(|name| all.iter().copied().find(|kernel| kernel.name == name));
            once_each(named, |kernel| kernel.name)
        };
        let (full, small) = suite.sizes;
        let (runs, size) = if self.quick { (3, small) } else { (7, full) };
        Ok(Plan {
            kernels,
            kinds: once_each(kinds, |kind| kind.name()),
            workers: once_each(self.workers.iter().map(|&n| n.into()), |&n| n),
            runs: self.runs.map_or(runs, usize::from),
            size: self.size.map_or(size, |size| size as usize),
        })
    }
}

/// A picture for each kernel and number of workers, with a bar for each system.
fn draw(rows: &[Row], folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|why| {
        Error::msg(format!(
            "the folder {} cannot be made: {why}",
            folder.display()
        ))
    })?;
    let cells = once_each(rows.iter().map(|row| (&row.kernel, row.workers)), |&cell| {
        cell
    });
    for (kernel, workers) in cells {
        let here = rows
            .iter()
            .filter(|row| (&row.kernel, row.workers) == (kernel, workers));
        let here: Vec<&Row> = here.collect();
        let bar = |row: &&Row| Bar {
            name: row.system.clone(),
            values: [row.min, row.median, row.max],
        };
        let bars: Vec<Bar> = here.iter().map(bar).collect();
        let file = folder.join(format!("{kernel}-workers{workers}.svg"));
        let title = format!("{kernel}, {workers} worker(s): {}", here[0].metric);
        plot::bars(&file, &title, &here[0].unit, &bars)?;
    }
    Ok(())
}
