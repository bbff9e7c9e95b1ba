//! What the command gives to shells and to `man`.

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
        for word in ["report", "export", "diff", "topo", "output", "json"] {
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
        "sprat-export",
        "sprat-diff",
        "sprat-topo",
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
