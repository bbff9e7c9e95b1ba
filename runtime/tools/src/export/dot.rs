//! A part of a run as a graph in the language of Graphviz.

use crate::run::{NONE, Run, Sort};
use crate::units::time;
use std::io::{self, Write};

/// Writes the first `most` codelets from `from` on, with who made whom ready (solid) and who spawned whom (dashed).
///
/// # Errors
/// Those of the writer.
pub fn dot(run: &Run, from: usize, most: usize, out: &mut impl Write) -> io::Result<()> {
    let until = from.saturating_add(most).min(run.tasks.len());
    let inside = |at: u32| at != NONE && (from..until).contains(&(at as usize));
    writeln!(out, "digraph run {{")?;
    writeln!(
        out,
        "  rankdir=LR; node [shape=box, fontname=\"sans-serif\"];"
    )?;
    for at in from..until {
        let task = &run.tasks[at];
        if task.sort == Sort::Replay {
            continue;
        }
        let name = run
            .name(task.kind)
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        let took = time(task.length() as f64);
        writeln!(
            out,
            "  t{at} [label=\"{name}\\n{took}, engine {}\"];",
            task.stream
        )?;
        if inside(task.cause) {
            writeln!(out, "  t{} -> t{at};", task.cause)?;
        }
        if inside(task.spawner) && run.tasks[task.spawner as usize].sort != Sort::Replay {
            writeln!(out, "  t{} -> t{at} [style=dashed];", task.spawner)?;
        }
    }
    writeln!(out, "}}")
}
