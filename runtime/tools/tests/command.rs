//! The command: what it gives to shells and to `man`, and what it shows of running programs.

use sprat::Runtime;
use sprat::page::Place;
use std::process::{Command, Output};

fn sprat(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sprat"));
    command.args(arguments).output().unwrap()
}

fn says(arguments: &[&str]) -> String {
    let output = sprat(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn completions_for_each_shell_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = says(&["completions", shell]);
        for word in [
            "report", "serve", "export", "diff", "topo", "top", "output", "json", "svg",
        ] {
            assert!(text.contains(word), "{shell}: no {word}");
        }
    }
    let unknown = sprat(&["completions", "command.com"]);
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && text.contains("fish"), "{text}");
}

#[test]
fn manual_pages_for_all_subcommands() {
    let page = says(&["man"]);
    assert!(
        page.contains(".TH sprat 1") && page.contains("SPRAT_TRACE"),
        "{page}"
    );
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    assert_eq!(says(&["man", "-o", pages.to_str().unwrap()]), "");
    for name in [
        "sprat",
        "sprat-report",
        "sprat-serve",
        "sprat-export",
        "sprat-diff",
        "sprat-topo",
        "sprat-top",
    ] {
        let text = std::fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{name}: {text}");
    }
    // A folder that cannot be made is told of by name.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = sprat(&["man", "-o", file.join("pages").to_str().unwrap()]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && text.contains("file/pages"),
        "{text}"
    );
}

#[test]
fn the_machine_as_text_json_and_picture() {
    assert!(says(&["topo"]).contains("control engines: "));
    let json: serde_json::Value = serde_json::from_str(&says(&["topo", "--json"])).unwrap();
    assert!(json["engines"][0]["cpu"].is_u64() && json["topology"].is_object());
    let picture = says(&["topo", "--svg"]);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(!sprat(&["topo", "--svg", "--json"]).status.success());
}

/// What it says, and what it complains of.
fn tells(arguments: &[&str]) -> (bool, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = sprat(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.success(), text(stdout), text(stderr))
}

#[test]
fn a_running_program_is_shown_until_it_died() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let name = path.to_str().unwrap();
    let rt = Runtime::builder()
        .ignore_environment()
        .xes(1)
        .top(Place::File(path.clone()))
        .build()
        .unwrap();
    let (answer, trigger) = rt.event("an answer");
    let left = std::thread::scope(|threads| {
        let waits = threads.spawn(|| {
            rt.finish(|s| {
                s.codelet("use it").after(&answer).spawn((), |_, ()| ());
                Ok(())
            })
        });
        let begin = std::time::Instant::now();
        let text = loop {
            let text = says(&["top", name]);
            if text.contains("NOTHING MOVES") {
                break text;
            }
            assert!(begin.elapsed().as_secs() < 20, "{text}");
        };
        assert!(text.contains("`use it`, spawned at "), "{text}");
        assert!(text.contains("waits for event `an answer`"), "{text}");
        assert!(text.contains("1 scope open"), "{text}");
        let json: serde_json::Value =
            serde_json::from_str(&says(&["top", "--json", name])).unwrap();
        assert_eq!(json["alive"], true);
        assert_eq!(json["still"]["waiting"][0]["name"], "use it");
        assert_eq!(json["engines"][0]["doing"], "sleeps");
        let metrics = says(&["top", name, "--metrics"]);
        assert!(metrics.contains("\nsprat_open_scopes 1\n"), "{metrics}");
        let left = std::fs::read(&path).unwrap();
        trigger.satisfy();
        waits.join().unwrap().unwrap();
        left
    });
    drop(rt);
    let (ended, _, why) = tells(&["top", name]);
    assert!(!ended && why.contains("page: No such file"), "{why}");
    // As if it had been killed: the file is there, and nobody holds it.
    std::fs::write(&path, &left).unwrap();
    let text = says(&["top", name]);
    assert!(text.contains("THE PROGRAM DIED"), "{text}");
    // Damaged, of another version, and of another kind.
    for (at, byte, message) in [
        (200, left[200] ^ 1, "damaged"),
        (8, 9, "version 9 of the format"),
        (0, b'X', "no page of a running program"),
    ] {
        let mut other = left.clone();
        let room = u32::from_le_bytes(other[12..16].try_into().unwrap()) as usize;
        other[at] = byte;
        other.truncate(64 + room);
        std::fs::write(&path, &other).unwrap();
        let (shown, _, why) = tells(&["top", name]);
        assert!(!shown && why.contains(message), "{message}: {why}");
    }
    let (_, _, why) = tells(&["top", "4294967290"]);
    assert!(why.contains("there is no process 4294967290"), "{why}");
}

/// What gathers takes one document.
#[test]
fn two_runtimes_of_a_program_are_one_document() {
    let build = || {
        let builder = Runtime::builder().ignore_environment().xes(1);
        builder.top(Place::Shared).build().unwrap()
    };
    let _both = (build(), build());
    let process = std::process::id().to_string();
    let metrics = says(&["top", &process, "--metrics"]);
    assert_eq!(metrics.matches("# EOF").count(), 1, "{metrics}");
    assert!(metrics.contains("{runtime=\"2\",xe=\"0\"}"), "{metrics}");
    let json: serde_json::Value =
        serde_json::from_str(&says(&["top", "--json", &process])).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(2), "{json}");
}
