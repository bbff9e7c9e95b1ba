//! A script that makes a database: `sqlite3 run.db < run.sql`.

use crate::run::{Doing, NONE, Run, Sort};
use std::fmt::Display;
use std::io::{self, Write};

/// The tables, and a view that has names instead of numbers. Times are nanoseconds since the start.
const TABLES: &str = "\
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT, place TEXT);
CREATE TABLE engines (xe INTEGER PRIMARY KEY, region INTEGER);
CREATE TABLE tasks (task INTEGER PRIMARY KEY, sort TEXT, kind INTEGER, stream INTEGER, spawn_ns INTEGER, ready_ns INTEGER, start_ns INTEGER, end_ns INTEGER, cause INTEGER, spawner INTEGER, codelet INTEGER, graph INTEGER, round INTEGER, stolen INTEGER, away REAL);
CREATE TABLE doings (stream INTEGER, doing TEXT, start_ns INTEGER, end_ns INTEGER);
CREATE TABLE blocks (block INTEGER, generation INTEGER, name TEXT, home INTEGER, read_bytes INTEGER, written_bytes INTEGER, remote_bytes INTEGER, times INTEGER, kind INTEGER);
CREATE TABLE moves (time INTEGER, block INTEGER, generation INTEGER, bytes INTEGER, from_region INTEGER, to_region INTEGER, copied INTEGER);
CREATE TABLE samples (kind INTEGER, time_ns INTEGER, value REAL);
CREATE TABLE spans (kind INTEGER, stream INTEGER, start_ns INTEGER, end_ns INTEGER);
CREATE VIEW codelets AS SELECT task, name, place, stream, sort, spawn_ns, start_ns, end_ns - start_ns AS run_ns, ready_ns - spawn_ns AS waited_ns, start_ns - ready_ns AS queued_ns, cause, round, stolen FROM tasks JOIN kinds USING (kind) WHERE sort IN ('codelet', 'step');
";

/// Rows of one statement: more at a time take sqlite no less time, and much more memory.
const ROWS: usize = 200;

/// Writes it.
///
/// # Errors
/// Those of the writer.
pub fn sql(run: &Run, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "-- A run of Sprat. To load it: sqlite3 run.db < this file\nBEGIN;\n{TABLES}"
    )?;
    let mut about: Vec<[String; 2]> = (run.about.iter())
        .map(|(key, value)| [text(key), text(value)])
        .collect();
    about.push([text("length_ns"), run.length.to_string()]);
    about.push([text("whole"), u8::from(run.whole).to_string()]);
    insert(out, "run", about.into_iter())?;
    let kinds = run.kinds.iter().zip(0..).map(|(kind, number)| {
        [
            number.to_string(),
            text(&kind.name),
            text(&run.place(number)),
        ]
    });
    insert(out, "kinds", kinds)?;
    let engines = (0..run.xes as usize).map(|xe| {
        [
            xe.to_string(),
            known(run.regions.get(xe).copied().unwrap_or(u16::MAX)),
        ]
    });
    insert(out, "engines", engines)?;
    let tasks = run.tasks.iter().enumerate().map(|(at, task)| {
        let graph = match task.sort {
            Sort::Step | Sort::Replay => task.graph.to_string(),
            _ => NULL.to_owned(),
        };
        let round = match task.sort {
            Sort::Step => task.round.to_string(),
            _ => NULL.to_owned(),
        };
        let sort = match task.sort {
            Sort::Codelet => "codelet",
            Sort::Step => "step",
            Sort::Body => "body",
            Sort::Replay => "replay",
        };
        let other = |task: u32| match task {
            NONE => NULL.to_owned(),
            task => task.to_string(),
        };
        [
            at.to_string(),
            text(sort),
            task.kind.to_string(),
            task.stream.to_string(),
            task.spawn.to_string(),
            task.ready.to_string(),
            task.start.to_string(),
            task.end.to_string(),
            other(task.cause),
            other(task.spawner),
            task.codelet.to_string(),
            graph,
            round,
            u8::from(task.stolen).to_string(),
            real(f64::from(task.away)),
        ]
    });
    insert(out, "tasks", tasks)?;
    let doings = run.doings.iter().map(|(stream, doing, interval)| {
        let doing = match doing {
            Doing::Parked => "parked",
            Doing::HostParked => "host parked",
            Doing::Searched => "searched",
            Doing::Blocked => "blocked",
            Doing::Seated => "host sat there",
        };
        [
            stream.to_string(),
            text(doing),
            interval.start.to_string(),
            interval.end.to_string(),
        ]
    });
    insert(out, "doings", doings)?;
    let mut blocks: Vec<_> = run.blocks.iter().collect();
    blocks.sort_by_key(|(key, _)| **key);
    let blocks = blocks.into_iter().map(|(key, used)| {
        let name = run.block_names.get(key);
        [
            key.0.to_string(),
            key.1.to_string(),
            name.map_or(NULL.to_owned(), |name| text(name)),
            known(used.home),
            used.read.to_string(),
            used.written.to_string(),
            used.remote.to_string(),
            used.times.to_string(),
            used.kind.to_string(),
        ]
    });
    insert(out, "blocks", blocks)?;
    let moves = run.moves.iter().map(|moved| {
        [
            moved.time.to_string(),
            moved.block.to_string(),
            moved.generation.to_string(),
            moved.bytes.to_string(),
            known(moved.from),
            known(moved.to),
            u8::from(moved.copied).to_string(),
        ]
    });
    insert(out, "moves", moves)?;
    let samples = run.samples.iter();
    insert(
        out,
        "samples",
        samples.map(|one| [one.kind.to_string(), one.time.to_string(), real(one.value)]),
    )?;
    let spans = run.spans.iter().map(|span| {
        [
            span.kind.to_string(),
            span.stream.to_string(),
            span.interval.start.to_string(),
            span.interval.end.to_string(),
        ]
    });
    insert(out, "spans", spans)?;
    writeln!(
        out,
        "CREATE INDEX tasks_by_kind ON tasks (kind);\nCREATE INDEX tasks_by_start ON tasks (stream, start_ns);\nCOMMIT;"
    )
}

const NULL: &str = "NULL";

/// A text as SQL has it. What ends one early, in sqlite, is left out.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// A region, if it is known.
fn known(region: u16) -> String {
    match region {
        u16::MAX => NULL.to_owned(),
        region => region.to_string(),
    }
}

/// A number; those that SQL has no word for are infinite, or nothing.
fn real(number: f64) -> String {
    match number {
        n if n.is_nan() => NULL.to_owned(),
        n if n.is_infinite() => if n > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        n => format!("{n:?}"),
    }
}

fn insert<T: Display, const N: usize>(
    out: &mut impl Write,
    table: &str,
    rows: impl Iterator<Item = [T; N]>,
) -> io::Result<()> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        write!(out, "INSERT INTO {table} VALUES")?;
        for (at, row) in rows.by_ref().take(ROWS).enumerate() {
            write!(out, "{}", if at == 0 { "\n(" } else { ",\n(" })?;
            for (column, value) in row.iter().enumerate() {
                let comma = if column == 0 { "" } else { "," };
                write!(out, "{comma}{value}")?;
            }
            write!(out, ")")?;
        }
        writeln!(out, ";")?;
    }
    Ok(())
}
