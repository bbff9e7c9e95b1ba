//! What cannot be: each command says what is wrong, where, and what to do, ends with a code that is no success, and leaves what was there.

#![cfg(unix)]

mod served;

use served::Server;
use sprat::Runtime;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SPRAT: &str = env!("CARGO_BIN_EXE_sprat");

/// The trace of a small run.
fn trace(folder: &Path) -> String {
    let path = folder.join("run.sprat");
    let builder = Runtime::builder().ignore_environment().xes(1);
    let rt = builder.trace(&path).build().unwrap();
    rt.finish(|s| {
        s.codelet("one").spawn((), |_, ()| ());
        Ok(())
    })
    .unwrap();
    drop(rt);
    path.to_str().unwrap().to_owned()
}

fn sprat(arguments: &[&str]) -> Output {
    Command::new(SPRAT).args(arguments).output().unwrap()
}

/// It ends as one that failed, not as one that panicked, and says all of this.
fn refuses(arguments: &[&str], words: &[&str]) {
    let Output { status, stderr, .. } = sprat(arguments);
    let text = String::from_utf8(stderr).unwrap();
    let failed = status.code() == Some(1) || status.code() == Some(2);
    assert!(failed, "{arguments:?}: {status} {text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?}: no `{word}` in {text}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap();
    let mut all: Vec<_> = all
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .collect();
    all.sort();
    all
}

#[test]
fn what_is_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let whole = std::fs::read(trace(folder.path())).unwrap();
    let write = |file: &str, bytes: &[u8]| {
        std::fs::write(name(file), bytes).unwrap();
        name(file)
    };
    let mut newer = whole.clone();
    newer[8] += 1;
    let (empty, foreign) = (
        write("empty", b""),
        write("foreign", b"a letter to somebody"),
    );
    let (newer, short) = (write("newer", &newer), write("short", &whole[..10]));
    let (missing, itself) = (name("missing"), folder.path().to_str().unwrap());
    for (file, words) in [
        (
            missing.as_str(),
            ["there is no such file", "SPRAT_TRACE=FILE"],
        ),
        (itself, ["this is a folder", "name the trace"]),
        (&empty, ["is empty", "no room to write"]),
        (&foreign, ["no trace of Sprat", "SPRAT_TRACE=FILE"]),
        (
            &newer,
            ["version", "use the `sprat` of the library that wrote it"],
        ),
        (&short, ["ends in the middle", "was killed"]),
        // It has no end, and is not read to it.
        ("/dev/zero", ["no trace of Sprat", "SPRAT_TRACE=FILE"]),
    ] {
        let words = [file, words[0], words[1]];
        refuses(&["report", file], &words);
        refuses(&["report", "--json", file], &words);
        refuses(&["serve", file], &words);
        refuses(&["diff", file, file], &words);
        for format in ["chrome", "perfetto", "dot"] {
            refuses(&["export", "-f", format, file], &words);
        }
        refuses(&["export", "-f", "sqlite", "-o", &name("db"), file], &words);
    }
    // Nothing of what could not be made is left.
    assert_eq!(
        names(folder.path()),
        ["empty", "foreign", "newer", "run.sprat", "short"]
    );
}

#[test]
fn where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let here = folder.path().to_str().unwrap();
    let ways: [&[&str]; 5] = [
        &["report"],
        &["export", "-f", "chrome"],
        &["export", "-f", "perfetto"],
        &["export", "-f", "dot"],
        &["export", "-f", "sqlite"],
    ];
    let read_only = folder.path().join("read-only");
    std::fs::write(&read_only, "kept").unwrap();
    let mut permissions = read_only.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&read_only, permissions).unwrap();
    for way in ways {
        let to = |output: &str, words: &[&str]| {
            refuses(&[way, &["-o", output, &trace]].concat(), words);
        };
        to("/dev/full", &["/dev/full", "No space left"]);
        to(here, &[here, "is a folder"]);
        to(
            &format!("{here}/no/page"),
            &["no/page", "folder is not there"],
        );
        to(
            &format!("{trace}/page"),
            &["run.sprat/page", "nothing can be written there"],
        );
        to("", &["-o"]);
        to(
            read_only.to_str().unwrap(),
            &["read-only", "may not be written"],
        );
    }
    refuses(&["export", "-f", "sqlite", &trace], &["-o run.db"]);
    refuses(
        &["man", "-o", &format!("{trace}/pages")],
        &["run.sprat/pages"],
    );
    assert_eq!(names(folder.path()), ["read-only", "run.sprat"]);
    // Standard output that is full, for each that writes there.
    let prints: [&[&str]; 11] = [
        &["report", &trace],
        &["report", "--json", &trace],
        &["export", "-f", "chrome", &trace],
        &["export", "-f", "perfetto", &trace],
        &["export", "-f", "dot", &trace],
        &["diff", &trace, &trace],
        &["topo"],
        &["topo", "--svg"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ];
    for arguments in prints {
        let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
        let mut command = Command::new(SPRAT);
        command.args(arguments);
        let output = command.stdout(full()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(
            text.contains("standard output: No space"),
            "{arguments:?}: {text}"
        );
        // And nobody who reads: no error, and no panic, whatever is closed.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command.stdout(writer).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
    // Where complaints cannot be told the code says it.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = Command::new(SPRAT)
        .args(["report", here])
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut wrong = Command::new(SPRAT);
    let status = wrong.arg("reprot").stderr(full).status().unwrap();
    assert_eq!(
        status.code(),
        Some(2),
        "wrong arguments have a code of their own"
    );
}

/// What stands there is replaced by a whole result or stays; the trace is never taken for the place of the result.
#[test]
fn what_was_there_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let whole = std::fs::read(&trace).unwrap();
    let name = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (linked, led, dotted) = (name("linked"), name("led"), name("./run.sprat"));
    std::fs::hard_link(&trace, &linked).unwrap();
    std::os::unix::fs::symlink(&trace, &led).unwrap();
    for output in [&trace, &linked, &led, &dotted] {
        for way in [
            &["report"][..],
            &["export", "-f", "chrome"],
            &["export", "-f", "sqlite"],
        ] {
            refuses(
                &[way, &["-o", output, &trace]].concat(),
                &[output, "is the trace itself"],
            );
        }
    }
    assert_eq!(std::fs::read(&trace).unwrap(), whole);
    let page = name("page.html");
    std::fs::write(&page, "older").unwrap();
    refuses(
        &["report", &name("missing"), "-o", &page],
        &["no such file"],
    );
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "older");
    // In the middle of it no more may be written. (Of a program that is not ended by that signal.)
    let limited = format!("trap '' XFSZ; ulimit -f 4; exec {SPRAT} report {trace} -o {page}");
    let output = Command::new("sh").args(["-c", &limited]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("page.html") && text.contains("as it was"),
        "{text}"
    );
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "older");
    // A link to it stays a link.
    let way = name("way");
    std::os::unix::fs::symlink(&page, &way).unwrap();
    assert!(sprat(&["report", &trace, "-o", &way]).status.success());
    assert!(Path::new(&way).is_symlink());
    assert!(
        std::fs::read_to_string(&page)
            .unwrap()
            .ends_with("</html>\n")
    );
    assert_eq!(
        names(folder.path()),
        ["led", "linked", "page.html", "run.sprat", "way"]
    );
}

/// Whether a page is there, and whole.
fn is_page(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    text.starts_with("<!") && text.ends_with("</html>\n")
}

#[test]
fn links_and_names_that_are_odd_are_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let name = |name: &str| folder.path().join(name);
    let writes = |output: &Path| {
        let output = sprat(&["report", &trace, "-o", output.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
    };
    // A link to what is not there yet.
    let (link, to) = (name("link"), name("to"));
    std::os::unix::fs::symlink("to", &link).unwrap();
    writes(&link);
    assert!(link.is_symlink() && is_page(&to));
    // As long as a name can be.
    let long = name(&"x".repeat(255));
    writes(&long);
    assert!(is_page(&long));
    // One that was killed has left what it wrote, and this one has its number, as it may be in a container.
    let page = name("page");
    let script = format!(
        ": >'{0}/.page.'$$; exec {SPRAT} report {trace} -o {0}/page",
        folder.path().display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(is_page(&page));
    let mut left = names(folder.path());
    left.retain(|name| name.starts_with('.'));
    assert_eq!(left.len(), 1, "{left:?}");
}

/// A shell has it open, and reads it; a file of this name in its place is nothing to it.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_by_its_name_is_written_to() {
    use std::io::Seek;
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    for (output, is_there) in [
        ("/dev/stdout", true),
        ("/dev/fd/1", true),
        ("/proc/self/fd/1", true),
        ("/dev/stdout", false),
    ] {
        let path = folder.path().join("shown");
        let mut options = File::options();
        let mut shown = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        if !is_there {
            std::fs::remove_file(&path).unwrap();
        }
        let mut command = Command::new(SPRAT);
        command.args(["report", &trace, "-o", output]);
        let status = command.stdout(shown.try_clone().unwrap()).status().unwrap();
        assert!(status.success(), "{output}");
        let mut text = String::new();
        shown.rewind().unwrap();
        shown.read_to_string(&mut text).unwrap();
        assert!(
            text.ends_with("</html>\n"),
            "{output}: {} bytes",
            text.len()
        );
    }
}

/// A file that one may write to in a folder where one may not change names: for that this takes another user, which only the first one can.
#[test]
fn a_file_in_a_folder_of_somebody_else_is_written_over() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let is_root = folder.path().metadata().unwrap().uid() == 0;
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Where that user finds it.
    let program = folder.path().join("program");
    std::fs::copy(SPRAT, &program).unwrap();
    let page = folder.path().join("page");
    // In the second one files can be made, and only one's own be replaced.
    for folder_mode in [0o555, 0o1777] {
        if folder_mode == 0o1777 && !is_root {
            continue;
        }
        std::fs::write(&page, "older").unwrap();
        mode(&page, 0o666);
        mode(folder.path(), folder_mode);
        let number = page.metadata().unwrap().ino();
        let run = |trace: &str| {
            let mut command = Command::new(&program);
            command.args(["report", trace, "-o"]).arg(&page);
            if is_root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command.output().unwrap()
        };
        // What cannot be made leaves it.
        assert_eq!(run("/missing").status.code(), Some(1));
        assert_eq!(std::fs::read_to_string(&page).unwrap(), "older");
        let output = run(&trace);
        mode(folder.path(), 0o755);
        assert!(output.status.success(), "{folder_mode:o}: {output:?}");
        assert!(is_page(&page), "{folder_mode:o}");
        assert_eq!(page.metadata().unwrap().ino(), number);
        assert_eq!(names(folder.path()), ["page", "program", "run.sprat"]);
        if is_root {
            // And one that this user may not write to.
            mode(&page, 0o644);
            mode(folder.path(), 0o777);
            let output = run(&trace);
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(text.contains("may not be written to"), "{text}");
        }
    }
}

#[test]
fn numbers_without_bounds_and_names_without_programs() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let most = u64::MAX.to_string();
    let some = [
        "export", "-f", "dot", &trace, "--from", &most, "--count", &most,
    ];
    let output = sprat(&some);
    assert!(output.status.success() && output.stdout.ends_with(b"}\n"));
    let (few, many) = (format!("{most}0"), "1".repeat(400));
    refuses(
        &["export", "-f", "dot", &trace, "--count", &few],
        &["too large"],
    );
    refuses(&["serve", &trace, "--port", "65536"], &["65535"]);
    for every in ["nan", "inf", "1e999", "0", "3601"] {
        refuses(&["top", "--every", every, "1"], &["0.1 and 3600"]);
    }
    refuses(&["top", &many], &["there is no process"]);
    refuses(&["top", "0"], &["there is no process"]);
    for who in ["", "missing"] {
        refuses(&["top", who], &["No such file", "`sprat top` alone"]);
    }
    let folder = folder.path().to_str().unwrap();
    for who in [folder, "/dev/zero"] {
        refuses(
            &["top", who],
            &[who, "no file that a program shows itself in"],
        );
    }
    refuses(
        &["top", &trace],
        &["no page of a running program", "SPRAT_TOP=1"],
    );
    // One that runs, and shows nothing.
    let own = std::process::id().to_string();
    refuses(&["top", &own], &["shows no page", "SPRAT_TOP=1"]);
}

#[test]
fn a_port_in_use_and_requests_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let trace = trace(folder.path());
    let mut server = Server::start(Path::new(&trace));
    let port = server.port;
    refuses(
        &["serve", &trace, "--port", &port.to_string()],
        &[&port.to_string(), "in use", "--port 0"],
    );
    let ask = |request: &[u8]| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    };
    let get = |target: &str| {
        ask(format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n").as_bytes())
    };
    for (target, status) in [
        ("/", "200"),
        ("/../../../etc/passwd", "404"),
        ("/%2e%2e/%2e%2e/etc/passwd", "404"),
        ("//etc/passwd", "404"),
        ("/timeline?from=18446744073709551616", "400"),
        ("/timeline?from=2&to=1", "400"),
        (
            "/timeline?from=18446744073709551615&to=18446744073709551615",
            "200",
        ),
        ("/task?at=18446744073709551615", "400"),
        ("/task?at=-1", "400"),
        ("/next?text=%00%ff&from=18446744073709551615", "200"),
    ] {
        let answer = get(target);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {answer:.99}"
        );
        assert!(!answer.contains("root:"), "{target}");
    }
    // More than is read of it: what is left does not take the answer away.
    let long = [b"GET /", &[b'x'; 500_000][..]].concat();
    for (request, status) in [
        (&long[..], "400"),
        (b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n", "403"),
        (b"DELETE / HTTP/1.1\r\n\r\n", "405"),
        (b"\r\n\r\n", "400"),
        (b"GET /\xff HTTP/1.1\r\n\r\n", "400"),
    ] {
        let answer = ask(request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer:.99}"
        );
    }
    assert_eq!(ask(b"GET / HTTP/1.1\r\n"), "");
    assert!(server.process.try_wait().unwrap().is_none(), "it goes on");
}
