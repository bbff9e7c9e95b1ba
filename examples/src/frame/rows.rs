//! What a run found out, as a table of names and values.

use std::fmt;

use comfy_table::{Cell, ContentArrangement, Table, presets};
use sprat::Runtime;

/// The rows, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Rows(Vec<(String, String)>);

impl Rows {
    /// No rows yet.
    pub fn new() -> Rows {
        Rows::default()
    }

    /// Adds one. A row without a name goes on with the one above it.
    pub fn row(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Rows {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds which engines there are, why the control engines run as they do, and, if an account of it was kept, what codelets
    /// did to memory so far.
    pub fn engines(&mut self, runtime: &Runtime) -> &mut Rows {
        let plan = runtime.plan();
        self.row("execution engines", runtime.xes().to_string())
            .row("control engines", plan.mode.to_string())
            .row("", plan.reason.clone());
        if let Ok(report) = runtime.memory_report() {
            let names = ["memory report"].into_iter().chain(std::iter::repeat(""));
            for (name, line) in names.zip(report.to_string().lines()) {
                self.row(name, line);
            }
        }
        self
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        for (name, value) in &self.0 {
            table.add_row([Cell::new(name), Cell::new(value)]);
        }
        table.fmt(f)
    }
}
