//! A run as a database of SQLite.

mod file;
mod row;

use crate::run::{Doing, NONE, Run, Sort};
use file::Database;
use row::Value;
use std::io::{self, Seek, Write};

/// A row for each codelet that ran, with names instead of numbers.
const CODELETS: &str = "SELECT task, name, place, stream, sort, spawn_ns, start_ns, end_ns - start_ns AS run_ns, \
    ready_ns - spawn_ns AS waited_ns, start_ns - ready_ns AS queued_ns, cause, round, stolen FROM tasks JOIN kinds USING (kind) \
    WHERE sort IN ('codelet', 'step')";

/// Writes it, from where the writer stands, which is its beginning. Times are nanoseconds since the start.
///
/// # Errors
/// Those of the writer.
pub fn sqlite(run: &Run, out: &mut (impl Write + Seek)) -> io::Result<()> {
    let mut database = Database::new(out)?;
    let mut table = database.table("run", "key TEXT, value");
    for (key, value) in &run.about {
        table.row(&[key.as_str().into(), value.as_str().into()])?;
    }
    table.row(&["length_ns".into(), run.length.into()])?;
    table.row(&["whole".into(), run.whole.into()])?;
    table.finish()?;
    let mut table = database.table("kinds", "kind INTEGER PRIMARY KEY, name TEXT, place TEXT");
    // Inclusive: all 65,536 may be there.
    for (kind, number) in run.kinds.iter().zip(0..=u16::MAX) {
        let place = run.place(number);
        table.row_at(
            number.into(),
            &[
                Value::Null,
                kind.name.as_str().into(),
                place.as_str().into(),
            ],
        )?;
    }
    table.finish()?;
    let mut table = database.table("engines", "xe INTEGER PRIMARY KEY, region INTEGER");
    for xe in 0..run.xes {
        let region = run.regions.get(xe as usize).copied();
        table.row_at(xe.into(), &[Value::Null, known(region.unwrap_or(u16::MAX))])?;
    }
    table.finish()?;
    tasks(run, &mut database)?;
    let mut table = database.table(
        "doings",
        "stream INTEGER, doing TEXT, start_ns INTEGER, end_ns INTEGER",
    );
    for &(stream, doing, interval) in &run.doings {
        let doing = match doing {
            Doing::Parked => "parked",
            Doing::HostParked => "host parked",
            Doing::Searched => "searched",
            Doing::Blocked => "blocked",
            Doing::Seated => "host sat there",
        };
        table.row(&[
            stream.into(),
            doing.into(),
            interval.start.into(),
            interval.end.into(),
        ])?;
    }
    table.finish()?;
    blocks(run, &mut database)?;
    let mut table = database.table("samples", "kind INTEGER, time_ns INTEGER, value REAL");
    for one in &run.samples {
        table.row(&[one.kind.into(), one.time.into(), Value::Real(one.value)])?;
    }
    table.finish()?;
    let mut table = database.table(
        "spans",
        "kind INTEGER, stream INTEGER, start_ns INTEGER, end_ns INTEGER",
    );
    for span in &run.spans {
        table.row(&[
            span.kind.into(),
            span.stream.into(),
            span.interval.start.into(),
            span.interval.end.into(),
        ])?;
    }
    table.finish()?;
    database.view("codelets", CODELETS);
    database.finish()
}

fn tasks<W: Write + Seek>(run: &Run, database: &mut Database<W>) -> io::Result<()> {
    let mut table = database.table(
        "tasks",
        "task INTEGER PRIMARY KEY, sort TEXT, kind INTEGER, stream INTEGER, spawn_ns INTEGER, ready_ns INTEGER, start_ns INTEGER, \
         end_ns INTEGER, cause INTEGER, spawner INTEGER, codelet INTEGER, graph INTEGER, round INTEGER, stolen INTEGER, away REAL",
    );
    for (at, task) in run.tasks.iter().enumerate() {
        let sort = match task.sort {
            Sort::Codelet => "codelet",
            Sort::Step => "step",
            Sort::Body => "body",
            Sort::Replay => "replay",
        };
        let other = |task: u32| match task {
            NONE => Value::Null,
            task => task.into(),
        };
        table.row_at(
            at as i64,
            &[
                Value::Null,
                sort.into(),
                task.kind.into(),
                task.stream.into(),
                task.spawn.into(),
                task.ready.into(),
                task.start.into(),
                task.end.into(),
                other(task.cause),
                other(task.spawner),
                task.codelet.into(),
                match task.sort {
                    Sort::Step | Sort::Replay => task.graph.into(),
                    _ => Value::Null,
                },
                match task.sort {
                    Sort::Step => task.round.into(),
                    _ => Value::Null,
                },
                task.stolen.into(),
                Value::Real(task.away.into()),
            ],
        )?;
    }
    table.finish()
}

fn blocks<W: Write + Seek>(run: &Run, database: &mut Database<W>) -> io::Result<()> {
    let mut table = database.table(
        "blocks",
        "block INTEGER, generation INTEGER, name TEXT, home INTEGER, read_bytes INTEGER, written_bytes INTEGER, \
         remote_bytes INTEGER, times INTEGER, kind INTEGER",
    );
    let mut blocks: Vec<_> = run.blocks.iter().collect();
    blocks.sort_by_key(|(key, _)| **key);
    for (key, used) in blocks {
        let name = run.block_names.get(key);
        table.row(&[
            key.0.into(),
            key.1.into(),
            name.map_or(Value::Null, |name| name.as_str().into()),
            known(used.home),
            used.read.into(),
            used.written.into(),
            used.remote.into(),
            used.times.into(),
            used.kind.into(),
        ])?;
    }
    table.finish()?;
    let mut table = database.table(
        "moves",
        "time_ns INTEGER, block INTEGER, generation INTEGER, bytes INTEGER, from_region INTEGER, to_region INTEGER, copied INTEGER",
    );
    for moved in &run.moves {
        table.row(&[
            moved.time.into(),
            moved.block.into(),
            moved.generation.into(),
            moved.bytes.into(),
            known(moved.from),
            known(moved.to),
            moved.copied.into(),
        ])?;
    }
    table.finish()
}

/// A region, if it is known.
fn known(region: u16) -> Value<'static> {
    match region {
        u16::MAX => Value::Null,
        region => region.into(),
    }
}
