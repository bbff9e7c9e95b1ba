//! `sprat export -f sqlite`: SQLite itself reads the file, finds nothing wrong with it, and answers from it.

use sprat::Runtime;
use sprat_tools::export::sqlite::sqlite;
use sprat_tools::run::{NONE, Run, Sort, Task};
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

/// What SQLite answers: by its own command, or by Python's module. Without either nothing can be asked.
fn ask(database: &Path, query: &str) -> Option<String> {
    let python = "import sqlite3, sys\n\
        for query in sys.argv[2].split(';'):\n    \
        for row in sqlite3.connect(sys.argv[1]).execute(query): print('|'.join('' if v is None else str(v) for v in row))";
    let path = database.to_str().unwrap();
    let ways: [(&str, &[&str]); 2] = [
        ("sqlite3", &["-bail", path, query]),
        ("python3", &["-c", python, path, query]),
    ];
    for (program, arguments) in ways {
        if let Ok(output) = Command::new(program).args(arguments).output() {
            assert!(output.status.success(), "{program}: {output:?}");
            return Some(String::from_utf8(output.stdout).unwrap());
        }
    }
    eprintln!("SKIPPED: neither sqlite3 nor python3 can be run here; apt-get install sqlite3");
    None
}

#[test]
fn a_run_becomes_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let [trace, database] = ["run.sprat", "run.db"].map(|name| folder.path().join(name));
    let rt = Runtime::builder()
        .ignore_environment()
        .xes(1)
        .trace(&trace)
        .build()
        .unwrap();
    let block = rt.block::<u64>(10).unwrap();
    rt.name(block, "it's").unwrap();
    rt.finish(|s| {
        for _ in 0..700 {
            s.codelet("don't").spawn(block.read_write(), |s, block| {
                let _span = s.span("part");
                block[0] += 1;
                s.count("nothing", f64::NAN);
            });
        }
        Ok(())
    })
    .unwrap();
    drop(rt);
    let export = |arguments: &[&Path]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sprat"));
        command.args(["export", "-f", "sqlite"]).args(arguments);
        command.output().unwrap()
    };
    let output = export(&[&trace, Path::new("-o"), &database]);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    let query = "pragma integrity_check; select name, count(*), min(run_ns) >= 0 from codelets group by name; \
        select name, times from blocks; select count(*), count(value) from samples; select count(*) from spans; \
        select value from run where key = 'whole'";
    if let Some(told) = ask(&database, query) {
        assert_eq!(told, "ok\ndon't|700|1\nit's|700\n700|0\n700\n1\n");
    }
    // There is no database on a pipe.
    let refused = export(&[&trace]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && text.contains("-o run.db"),
        "{text}"
    );
}

/// One of many, each made ready by the one before.
fn task(at: u32) -> Task {
    let start = u64::from(at) << 20;
    Task {
        sort: [Sort::Codelet, Sort::Step][at as usize % 2],
        kind: (at % 16) as u16,
        stream: at % 3,
        start,
        end: start + 1000,
        cause: if at == 0 { NONE } else { at - 1 },
        away: 0.5,
        ..Task::default()
    }
}

/// Names longer than pages, and numbers that only damage can make.
#[test]
fn a_large_run_becomes_a_database() {
    let kind = |name: String, number| sprat::trace::Kind {
        number,
        name,
        ..Default::default()
    };
    // As long as what lies in a page, and one more; as long as several, and as their least part.
    let lengths = [
        1usize, 4050, 4051, 4052, 4053, 4054, 4055, 4056, 4057, 4058, 8000, 8139, 8140, 8600, 8700,
        100_000,
    ];
    let mut run = Run {
        kinds: (lengths.iter().zip(0..))
            .map(|(length, number)| kind("x".repeat(*length), number))
            .collect(),
        xes: 3,
        length: u64::MAX,
        whole: true,
        ..Run::default()
    };
    let folder = tempfile::tempdir().unwrap();
    for tasks in [0, 1, 20_000] {
        run.tasks = (0..tasks).map(task).collect();
        let path = folder.path().join(format!("{tasks}.db"));
        let mut out = BufWriter::new(std::fs::File::create(&path).unwrap());
        sqlite(&run, &mut out).unwrap();
        drop(out);
        let query = "pragma integrity_check; select count(*), sum(task), sum(end_ns - start_ns), sum(away) from tasks; \
            select group_concat(length(name), ' ') from kinds; select value from run where key = 'length_ns'; \
            select count(*) from tasks join tasks as before on tasks.cause = before.task";
        let Some(told) = ask(&path, query) else {
            return;
        };
        let mut lines = told.lines();
        assert_eq!(lines.next(), Some("ok"));
        let n = u64::from(tasks);
        let sums = match n {
            0 => "0|||".to_owned(),
            n => format!("{n}|{}|{}|{:.1}", n * (n - 1) / 2, n * 1000, n as f64 / 2.0),
        };
        assert_eq!(lines.next(), Some(sums.as_str()));
        let names = lengths.map(|length| length.to_string()).join(" ");
        assert_eq!(lines.next(), Some(names.as_str()));
        assert_eq!(lines.next(), Some(i64::MAX.to_string().as_str()));
        assert_eq!(lines.next(), Some(n.saturating_sub(1).to_string().as_str()));
    }
}

/// Two rows in each page: as many pages as one inner page has below it, one more, two more, and more than two of these have.
#[test]
fn tables_of_several_levels() {
    let folder = tempfile::tempdir().unwrap();
    let name = "x".repeat(2000);
    for rows in [543u16, 544, 545, 546, 547, 1088, 1089, 1091, 1400] {
        let kind = |number| sprat::trace::Kind {
            number,
            name: name.clone(),
            ..Default::default()
        };
        let run = Run {
            kinds: (0..rows).map(kind).collect(),
            ..Run::default()
        };
        let path = folder.path().join(format!("{rows}.db"));
        let mut out = BufWriter::new(std::fs::File::create(&path).unwrap());
        sqlite(&run, &mut out).unwrap();
        drop(out);
        let query = "pragma integrity_check; select count(*), sum(kind), sum(length(name)) from kinds; \
            select count(*) from kinds as one join kinds as other on other.kind = one.kind + 1";
        let Some(told) = ask(&path, query) else {
            return;
        };
        let n = u64::from(rows);
        let expected = format!("ok\n{n}|{}|{}\n{}\n", n * (n - 1) / 2, n * 2000, n - 1);
        assert_eq!(told, expected);
    }
}
