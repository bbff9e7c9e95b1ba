//! `graph` as users start it: what it finds out, and what it refuses.

mod program;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use program::{cores, run, text};
use tempfile::TempDir;

const GRAPH: &str = env!("CARGO_BIN_EXE_graph");

fn graph(folder: &Path, args: &[&str]) -> Output {
    run(GRAPH, folder, args)
}

/// What it printed, with all blanks in a row made one.
fn shown(folder: &Path, args: &[&str]) -> String {
    let out = graph(folder, args);
    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
    assert!(out.stderr.is_empty(), "no progress but on a terminal");
    let lines = text(&out.stdout);
    let lines = lines.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

const QUESTIONS: [&str; 3] = ["bfs", "pagerank", "components"];

#[test]
fn agrees_with_the_serial_program_in_every_mode() {
    let folder = TempDir::new().unwrap();
    for question in QUESTIONS {
        for ce in ["shared", "elastic", "dedicated"] {
            for xes in ["1", "2"].into_iter().take(cores()) {
                let mode = ["--ce", ce, "--xes", xes, "--verify"];
                let scale = if question == "bfs" { "13" } else { "11" };
                for graph in [&["--rmat", "0"][..], &["--rmat", scale], &[]] {
                    let args = [&[question], &mode[..], graph].concat();
                    let shown = shown(folder.path(), &args);
                    assert!(shown.contains("\nverified "), "{args:?}: {shown}");
                    // The large one is searched both ways.
                    let large = question == "bfs" && graph.contains(&scale);
                    let up = shown.contains("in 5 levels (2 of them from below)");
                    assert!(!large || up, "{shown}");
                }
            }
        }
    }
}

#[test]
fn ranks_are_the_same_recorded_and_spawned_anew() {
    let folder = TempDir::new().unwrap();
    for (more, how) in [
        (None, "replayed by turns"),
        (Some("--dynamic"), "spawned anew"),
    ] {
        // An odd number of iterations, so that the last one is not of the second graph.
        let args = [
            "pagerank",
            "--rmat",
            "12",
            "--verify",
            "--max-iterations",
            "7",
        ];
        let args: Vec<&str> = args.into_iter().chain(more).collect();
        let shown = shown(folder.path(), &args);
        assert!(
            shown.contains(how) && shown.contains("\nverified "),
            "{shown}"
        );
    }
}

#[test]
fn searches_both_ways_and_from_any_source() {
    let folder = TempDir::new().unwrap();
    for args in [
        &["--rmat", "12", "--undirected"][..],
        &["--rmat", "12", "--source", "77", "--runs", "2"],
        &["--rmat", "10", "--edge-factor", "1", "--seed", "3"],
        &["--source", "git", "--undirected"],
    ] {
        let args = [&["bfs", "--verify"], args].concat();
        let shown = shown(folder.path(), &args);
        assert!(shown.contains("\nverified "), "{args:?}: {shown}");
    }
}

/// A long path: so many levels that they are gone through one by one, downwards.
#[test]
fn a_long_path_in_any_format() {
    let folder = TempDir::new().unwrap();
    let count = 3000;
    let place = |name: &str| folder.path().join(name);
    let list: String = (1..count).map(|v| format!("{v}\t{}\n", v + 1)).collect();
    fs::write(place("path.txt"), format!("# a path\n{list}")).unwrap();
    let banner = "%%MatrixMarket matrix coordinate pattern symmetric";
    let below: String = (1..count).map(|v| format!("{} {v}\n", v + 1)).collect();
    let market = format!("{banner}\n% a path\n{count} {count} {}\n{below}", count - 1);
    fs::write(place("path.mtx"), &market).unwrap();
    let mut gzip = GzEncoder::new(
        fs::File::create(place("path.gz")).unwrap(),
        Compression::fast(),
    );
    gzip.write_all(market.as_bytes()).unwrap();
    gzip.finish().unwrap();
    for file in ["path.txt", "path.mtx", "path.gz"] {
        let bfs = shown(folder.path(), &["bfs", file, "--source", "1", "--verify"]);
        let reached = format!("reached {count} vertices in {count} levels (0 of them from below)");
        assert!(bfs.contains(&reached), "{file}: {bfs}");
        let components = shown(folder.path(), &["components", file, "--verify"]);
        let one = format!("components 1, the largest of {count} vertices");
        assert!(components.contains(&one), "{file}: {components}");
        let args = ["pagerank", file, "--verify", "--undirected"];
        shown(folder.path(), &args);
    }
}

/// Many paths of the same length, whose labels have far to go.
#[test]
fn components_beside_the_largest_are_found() {
    let folder = TempDir::new().unwrap();
    let (paths, length) = (40, 57);
    let mut list = String::new();
    for path in 0..paths {
        for step in 1..length {
            // Neighbours in the path are far from each other by number.
            let number = |step: usize| (step * 31 % length) * paths + path;
            list += &format!("{} {}\n", number(step), number(step - 1));
        }
    }
    fs::write(folder.path().join("paths.txt"), list).unwrap();
    let shown = shown(folder.path(), &["components", "paths.txt", "--verify"]);
    let found = format!("components {paths}, the largest of {length} vertices");
    assert!(shown.contains(&found), "{shown}");
}

#[test]
fn packages_by_rank() {
    let folder = TempDir::new().unwrap();
    let from_us = shown(folder.path(), &["pagerank", "--top", "3"]);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/packages.txt");
    let data = fs::read(data).unwrap();
    let mut piped = Command::new(GRAPH)
        .args(["pagerank", "-", "--top", "3"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    piped.stdin.take().unwrap().write_all(&data).unwrap();
    let piped = piped.wait_with_output().unwrap();
    assert!(piped.status.success());
    let piped = text(&piped.stdout);
    assert!(piped.starts_with("standard input: 153 vertices"), "{piped}");
    let top = from_us.split("what matters most:\n").nth(1).unwrap();
    let names: Vec<&str> = top.lines().map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(names[0], "libc6", "{from_us}");
    assert_eq!(names.len(), 3, "{from_us}");
    for name in names {
        assert!(piped.contains(name), "{name}: {piped}");
    }
}

/// The textbook's formula on the edges as they were given, by hand.
#[test]
fn ranks_are_those_of_the_formula() {
    let folder = TempDir::new().unwrap();
    // 3 gives nothing, 4 gets nothing.
    let edges = [(0, 1), (0, 2), (1, 2), (2, 0), (2, 3), (4, 3), (4, 0)];
    let list: String = edges.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
    fs::write(folder.path().join("five.txt"), list).unwrap();
    let mut ranks = [0.2; 5];
    for _ in 0..200 {
        let mut next = [0.15 / 5.0 + 0.85 * ranks[3] / 5.0; 5];
        for (from, to) in edges {
            let degree = edges.iter().filter(|(a, _)| *a == from).count();
            next[to] += 0.85 * ranks[from] / degree as f64;
        }
        ranks = next;
    }
    let args = ["pagerank", "five.txt", "--tolerance", "1e-14", "--verify"];
    let shown = shown(folder.path(), &args);
    for (vertex, rank) in ranks.iter().enumerate() {
        let line = format!("\n{vertex} {:.3} %", 100.0 * rank);
        assert!(shown.contains(&line), "{line}: {shown}");
    }
}

fn refused(args: &[&str], says: &[&str]) {
    let folder = TempDir::new().unwrap();
    let files: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("comments", b"# nothing\n"),
        ("negative", b"1 2\n-3 4\n"),
        ("words", b"1 2\nnext 4\n"),
        ("strange", b"\xff\xfe\x00"),
        (
            "cut.mtx",
            b"%%MatrixMarket matrix coordinate pattern general\n3 3 2\n1 2\n",
        ),
        (
            "wide.mtx",
            b"%%MatrixMarket matrix coordinate pattern general\n3 4 1\n1 2\n",
        ),
        (
            "huge.mtx",
            b"%%MatrixMarket matrix coordinate pattern general\n4294967295 4294967295 1\n1 2\n",
        ),
        ("bad.deb", b"Package: a\nDepends: b (>> )(\n"),
    ];
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    program::refused(GRAPH, folder.path(), args, says);
}

#[test]
fn bad_files_are_refused_with_name_and_line() {
    for question in QUESTIONS {
        refused(&[question, "gone"], &["gone", "check the name"]);
        refused(&[question, "empty"], &["empty", "the file is empty"]);
        refused(&[question, "comments"], &["comments", "no edge"]);
        refused(&[question, "negative"], &["negative, line 2", "`-3`"]);
        refused(&[question, "words"], &["words, line 2", "`next`"]);
        refused(&[question, "strange"], &["strange, line 1", "--format"]);
        refused(&[question, "cut.mtx"], &["cut.mtx", "cut off"]);
        refused(
            &[question, "wide.mtx"],
            &["wide.mtx", "3 rows and 4 columns"],
        );
        refused(&[question, "huge.mtx"], &["huge.mtx", "memory"]);
        refused(&[question, "bad.deb"], &["bad.deb, line 2", ">="]);
        refused(&[question, "."], &["cannot read ."]);
    }
}

#[test]
fn bad_options_are_refused() {
    refused(&[], &["pagerank", "components"]);
    refused(&["bfs", "--rmat", "32"], &["--rmat", "31"]);
    refused(&["bfs", "--rmat", "31"], &["memory", "--rmat"]);
    refused(&["bfs", "--rmat", "3", "file"], &["cannot be used with"]);
    refused(
        &["bfs", "--rmat", "3", "--edge-factor", "0"],
        &["edge-factor"],
    );
    refused(
        &["bfs", "--rmat", "3", "--source", "8"],
        &["`8`", "--source"],
    );
    refused(&["bfs", "--source", "no-such"], &["`no-such`", "--source"]);
    refused(&["pagerank", "--damping", "1"], &["--damping", "below 1"]);
    refused(&["pagerank", "--damping", "nan"], &["--damping", "below 1"]);
    refused(&["pagerank", "--tolerance", "-1"], &["--tolerance"]);
    refused(&["pagerank", "--xes", "0"], &["zero execution engines"]);
}

#[test]
fn help_is_there() {
    let folder = TempDir::new().unwrap();
    let help = shown(folder.path(), &["--help"]);
    assert!(
        help.contains("apt-cache dumpavail | graph pagerank -"),
        "{help}"
    );
    for question in QUESTIONS {
        let help = shown(folder.path(), &[question, "--help"]);
        assert!(
            help.contains("--verify") && help.contains("--rmat"),
            "{help}"
        );
    }
}
