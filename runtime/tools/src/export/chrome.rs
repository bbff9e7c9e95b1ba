//! The JSON that Chrome's tracing page and Perfetto read.

use crate::run::{NONE, Run, Sort};
use serde_json::json;
use std::io::{self, Write};

/// Writes it: a slice for each task and span, a value for each sample, an arrow from what made a codelet ready.
///
/// # Errors
/// Those of the writer.
pub fn chrome(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let micros = |ns: u64| ns as f64 / 1000.0;
    write!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    let mut first = true;
    let mut put = |out: &mut dyn Write, value: serde_json::Value| {
        let comma = if std::mem::take(&mut first) {
            "\n"
        } else {
            ",\n"
        };
        write!(out, "{comma}{value}")
    };
    for xe in 0..run.xes {
        let name = json!({"name": format!("XE {xe}")});
        put(
            out,
            json!({"ph": "M", "name": "thread_name", "pid": 1, "tid": xe, "args": name}),
        )?;
    }
    for (at, task) in run.tasks.iter().enumerate() {
        let category = match task.sort {
            Sort::Codelet => "codelet",
            Sort::Step => "step",
            Sort::Body => "body",
            Sort::Replay => "replay",
        };
        let about = json!({
            "codelet": task.codelet,
            "waited_us": micros(task.ready - task.spawn),
            "queued_us": micros(task.start - task.ready),
        });
        put(
            out,
            json!({
                "ph": "X", "name": run.name(task.kind), "cat": category, "pid": 1, "tid": task.stream,
                "ts": micros(task.start), "dur": micros(task.length()), "args": about,
            }),
        )?;
        if task.cause != NONE {
            let cause = &run.tasks[task.cause as usize];
            let arrow = |ph: &str, tid: u32, ts: u64| json!({"ph": ph, "id": at, "name": "ready", "cat": "ready", "pid": 1, "tid": tid, "ts": micros(ts), "bp": "e"});
            put(
                out,
                arrow(
                    "s",
                    cause.stream,
                    cause.end.min(task.ready).max(cause.start),
                ),
            )?;
            put(out, arrow("f", task.stream, task.start))?;
        }
    }
    for span in &run.spans {
        put(
            out,
            json!({
                "ph": "X", "name": run.name(span.kind), "cat": "span", "pid": 1, "tid": span.stream,
                "ts": micros(span.interval.start), "dur": micros(span.interval.length()),
            }),
        )?;
    }
    for sample in &run.samples {
        let name = run.name(sample.kind);
        put(
            out,
            json!({"ph": "C", "name": name, "pid": 1, "ts": micros(sample.time), "args": {name: sample.value}}),
        )?;
    }
    writeln!(out, "\n]}}")
}
