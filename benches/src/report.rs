//! Figures for people (a table) and for programs (JSON).

use comfy_table::{CellAlignment, LineStyle, Table, presets};
use serde::{Deserialize, Serialize};
use sprat::{Error, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// One figure. Units that end in `/s` are better high, all others better low.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The kernel.
    pub kernel: String,
    /// The system; ours begin with `sprat`.
    pub system: String,
    /// So many threads at work, the caller included.
    pub workers: usize,
    /// What was measured.
    pub metric: String,
    /// In what.
    pub unit: String,
    /// The least of the runs.
    pub min: f64,
    /// Their median.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

/// A table: a line for each kernel and number of workers, a column for each system.
pub fn table(rows: &[Row]) -> String {
    let mut systems: Vec<&str> = Vec::new();
    let mut lines: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        if !systems.contains(&row.system.as_str()) {
            systems.push(&row.system);
        }
        if !lines.contains(&(&row.kernel, row.workers)) {
            lines.push((&row.kernel, row.workers));
        }
    }
    let head = ["kernel", "workers", "unit"]
        .into_iter()
        .chain(systems.iter().copied());
    let lines = lines.into_iter().map(|(kernel, workers)| {
        let of_line = |row: &&Row| row.kernel == kernel && row.workers == workers;
        let unit = rows.iter().find(of_line).map_or("", |row| &row.unit);
        let cell = |system: &&str| {
            let mut of_line = rows.iter().filter(of_line);
            of_line
                .find(|row| row.system == *system)
                .map_or("–".to_owned(), figure)
        };
        let head = [kernel.to_owned(), workers.to_string(), unit.to_owned()];
        head.into_iter().chain(systems.iter().map(cell)).collect()
    });
    plain_table(head, lines, &[0, 2])
}

/// A table without frame; the columns with these numbers begin at the left, all others end at the right.
pub fn plain_table<'a>(
    head: impl IntoIterator<Item = &'a str>,
    lines: impl IntoIterator<Item = Vec<String>>,
    left: &[usize],
) -> String {
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table.load_style(presets::NOTHING.header_separator(line));
    table.set_header(head);
    table.add_rows(lines);
    for (index, column) in table.column_iter_mut().enumerate() {
        if !left.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn figure(row: &Row) -> String {
    format!(
        "{} ({}–{})",
        short(row.median),
        short(row.min),
        short(row.max)
    )
}

/// Three digits that count.
pub fn short(x: f64) -> String {
    match x {
        _ if x >= 100.0 => format!("{x:.0}"),
        _ if x >= 10.0 => format!("{x:.1}"),
        _ if x >= 1.0 || x == 0.0 => format!("{x:.2}"),
        _ => format!("{x:.3}"),
    }
}

/// A JSON file that appears when it is complete, or not at all.
pub struct JsonFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl JsonFile {
    /// Makes sure, before anything is measured, that the file can be written.
    ///
    /// # Errors
    /// If it cannot.
    pub fn create(path: &Path) -> Result<Self> {
        let told = |why: &dyn std::fmt::Display| {
            Error::msg(format!(
                "the JSON file {} cannot be written: {why}",
                path.display()
            ))
        };
        // Through a link to what it names, so that the link stays.
        let path = match path.exists() {
            true => fs::canonicalize(path).map_err(|why| told(&why))?,
            false => path.to_owned(),
        };
        if path.exists() && !path.is_file() {
            return Err(told(&"it is there, and is no regular file"));
        }
        let Some(name) = path.file_name() else {
            return Err(told(&"the path names no file"));
        };
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        let file = File::create(&temporary).map_err(|why| told(&why))?;
        Ok(JsonFile {
            path,
            temporary,
            file,
        })
    }

    /// Writes the figures and gives the file its name.
    ///
    /// # Errors
    /// If the disk is full, or the like; then there is no file, or the old one.
    pub fn write<R: Serialize>(mut self, rows: &[R]) -> Result<()> {
        let mut text = serde_json::to_string_pretty(rows)?;
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        let placed = written.and_then(|()| fs::rename(&self.temporary, &self.path));
        placed.map_err(|why| {
            Error::msg(format!(
                "the JSON file {} was not written: {why}",
                self.path.display()
            ))
        })
    }
}

impl Drop for JsonFile {
    fn drop(&mut self) {
        // Gone already if it got its name.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(system: &str, workers: usize, median: f64) -> Row {
        Row {
            kernel: "flat".to_owned(),
            system: system.to_owned(),
            workers,
            metric: "time_per_codelet".to_owned(),
            unit: "ns".to_owned(),
            min: median - 1.0,
            median,
            max: median + 100.0,
        }
    }

    #[test]
    fn a_line_for_each_number_of_workers_and_a_column_for_each_system() {
        let rows = [
            row("sprat-shared", 1, 5.0),
            row("serial", 1, 1.0),
            row("sprat-shared", 2, 50.0),
        ];
        let text = table(&rows);
        assert!(text.contains("5.00 (4.00–105)"), "{text}");
        let last = text.lines().find(|line| line.contains("50.0 (49.0–150)"));
        assert!(last.unwrap().contains('–'), "{text}");
    }

    #[test]
    fn a_file_that_was_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        drop(JsonFile::create(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let rows = [row("serial", 1, 2.0)];
        JsonFile::create(&path).unwrap().write(&rows).unwrap();
        let back: Vec<Row> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(back, rows);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
