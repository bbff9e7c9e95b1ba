//! METG for people (a table and curves) and for programs (JSON).

use super::curve::{Curve, Spread};
use crate::plot::{self, Axis, Line};
use crate::report::{plain_table, short};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One figure of the JSON file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The system; ours begin with `sprat`.
    pub system: String,
    /// The pattern.
    pub pattern: String,
    /// So many threads at work, the caller included.
    pub workers: usize,
    /// Tasks in a row.
    pub width: usize,
    /// The share of the peak that METG is for.
    pub efficiency: f64,
    /// METG in microseconds over the sweeps; null if one of them never reached the efficiency.
    pub metg_us: Option<Spread>,
    /// Millions of empty tasks a second: the median.
    pub empty_mtasks_per_s: f64,
}

/// The figures, by efficiency and then as they were measured.
pub fn rows(curves: &[Curve], efficiencies: &[f64]) -> Vec<Row> {
    let row = |efficiency: f64| {
        curves.iter().map(move |curve| Row {
            system: curve.system.name.to_owned(),
            pattern: curve.pattern.name().to_owned(),
            workers: curve.workers,
            width: curve.width,
            efficiency,
            metg_us: curve.metg(efficiency),
            empty_mtasks_per_s: Spread::of(curve.empty.clone()).median,
        })
    };
    efficiencies
        .iter()
        .flat_map(|&efficiency| row(efficiency))
        .collect()
}

/// Tables: METG for each efficiency, a line for each pattern and width, a column for each system; then the rates of
/// empty tasks.
pub fn tables(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut efficiencies: Vec<f64> = rows.iter().map(|row| row.efficiency).collect();
    efficiencies.dedup();
    for &efficiency in &efficiencies {
        text += &format!(
            "METG at {}% of the peak, us: median (min–max)\n",
            efficiency * 100.0
        );
        text += &table(rows, efficiency, |row| match row.metg_us {
            None => "–".to_owned(),
            Some(it) => format!("{} ({}–{})", short(it.median), short(it.min), short(it.max)),
        });
        text += "\n\n";
    }
    text += "empty tasks, millions a second: median\n";
    text += &table(rows, efficiencies[0], |row| short(row.empty_mtasks_per_s));
    text.push('\n');
    text
}

fn table(rows: &[Row], efficiency: f64, cell: impl Fn(&Row) -> String) -> String {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.efficiency == efficiency)
        .collect();
    let (mut systems, mut lines) = (Vec::new(), Vec::new());
    for row in &rows {
        if !systems.contains(&row.system.as_str()) {
            systems.push(&row.system);
        }
        let line = (&row.pattern, row.workers, row.width);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let head = ["pattern", "workers", "width"]
        .into_iter()
        .chain(systems.iter().copied());
    let lines = lines.into_iter().map(|line| {
        let figure = |system: &&str| {
            let is_it = |row: &&&Row| {
                row.system == *system && (&row.pattern, row.workers, row.width) == line
            };
            rows.iter()
                .find(is_it)
                .map_or("–".to_owned(), |row| cell(row))
        };
        let head = [line.0.clone(), line.1.to_string(), line.2.to_string()];
        head.into_iter().chain(systems.iter().map(figure)).collect()
    });
    plain_table(head, lines, &[0])
}

/// Draws the curves, a file for each pattern, width and number of workers, into a folder. Gives how many.
///
/// # Errors
/// If the folder cannot be made, or a file in it not be written.
pub fn draw(curves: &[Curve], efficiencies: &[f64], folder: &Path) -> Result<usize> {
    std::fs::create_dir_all(folder).map_err(|why| {
        Error::msg(format!(
            "the folder {} cannot be made: {why}",
            folder.display()
        ))
    })?;
    let mut cells = Vec::new();
    for curve in curves {
        let cell = (curve.pattern, curve.width, curve.workers);
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    for &(pattern, width, workers) in &cells {
        let here = |curve: &&Curve| {
            (curve.pattern, curve.width, curve.workers) == (pattern, width, workers)
        };
        let line = |curve: &Curve| Line {
            name: curve.system.name.to_owned(),
            points: curve.middle(),
        };
        let lines: Vec<Line> = curves.iter().filter(here).map(line).collect();
        let name = pattern.name();
        let file = folder.join(format!("metg-{name}-width{width}-workers{workers}.svg"));
        let title = format!("{name}, width {width}, {workers} worker(s)");
        let (x, y) = (Axis("task duration, us"), Axis("share of the peak"));
        plot::curves(&file, &title, x, y, &lines, efficiencies)?;
    }
    Ok(cells.len())
}
